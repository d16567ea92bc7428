//! The crowd: clients that ask for everything at once, and keep what they were told.
//!
//! Owns what they ask, which answers are definite, and how a call without one gets it. It judges
//! nothing but that: a definite answer never changes.

use std::{
    cell::RefCell,
    rc::Rc,
    time::{Duration, Instant},
};

use actix_rt::task::JoinHandle;
use credits_tests::harness::{Client, operation_id};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::comparable;

/// The accounts: the first is hot, the last has too few credits to last.
pub const ACCOUNTS: [&str; 6] = ["hot", "ada", "bob", "cyd", "dan", "poor"];
/// How many work at once, each on a connection of its own.
const CLIENTS: u64 = 24;
/// How many answers a round has before anything happens to it.
const CALLS_BEFORE_A_KILL: usize = 24;
/// How long the first answers may take, on a machine that does much else.
const ON_WITHIN: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Numbers by chance, the same for the same seed (SplitMix64).
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// Chance of that seed.
    pub fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    /// A number from `low` to `high`, both inclusive.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        low + (mixed ^ (mixed >> 31)) % (high - low + 1)
    }

    /// One of these.
    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        let last = of.len() as u64 - 1;
        let place = usize::try_from(self.between(0, last));
        of[place.expect("it is a place in a slice")]
    }
}

/// A call with its id, made before it is sent.
#[derive(Clone, Debug)]
pub struct Call {
    pub mutation: &'static str,
    pub input: Value,
}

impl Call {
    fn new(mutation: &'static str, account: &str, mut input: Value) -> Call {
        input["accountId"] = json!(account);
        input["operationId"] = json!(operation_id());
        Call { mutation, input }
    }

    pub fn account(&self) -> String {
        let account = self.input["accountId"].as_str();
        account.expect("each call names one").to_owned()
    }

    pub fn id(&self) -> Uuid {
        let id = self.input["operationId"].as_str();
        let id = id.expect("each call has one").parse();
        id.expect("it is a UUID")
    }
}

/// A call and its definite answer.
#[derive(Clone, Debug)]
pub struct Answered {
    pub call: Call,
    pub payload: Value,
}

/// When a client stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// At the first call that has no answer, or is not taken on.
    Broken,
    /// When it is told to, whatever became of its calls.
    Told,
}

/// Why a client stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The connection broke under a call.
    Broken,
    /// The service said that it takes on nothing.
    Refused,
    /// It was told to.
    Told,
}

/// What came of sending a call.
enum Came {
    Definite(Value),
    /// It may have been decided.
    Unknown(End),
    /// The service said that nothing was decided.
    Undecided,
}

/// What the whole crowd knows.
pub struct Crowd {
    chance: Chance,
    until: Until,
    /// How many accounts there are beyond [`ACCOUNTS`], by [`other`].
    others: u64,
    /// Calls with their answers.
    pub known: Vec<Answered>,
    /// Calls without one.
    pub unknown: Vec<Call>,
    /// The longest that anybody waited for an answer, of whatever kind.
    pub waited: Duration,
}

/// What one round adds.
#[derive(Default)]
struct Round {
    known: Vec<Answered>,
    unknown: Vec<Call>,
    waited: Duration,
    over: bool,
}

/// The name of an account that few ask for.
pub fn other(number: u64) -> String {
    format!("other-{number:05}")
}

/// A round under way.
pub struct Working {
    round: Rc<RefCell<Round>>,
    clients: Vec<JoinHandle<End>>,
}

impl Working {
    /// Waits until the crowd is at work, or is again, however slow the machine: a kill that meets no call in
    /// flight shows nothing.
    pub async fn is_on(&self) {
        let began = Instant::now();
        let known = self.round.borrow().known.len();
        while self.round.borrow().known.len() <= known + CALLS_BEFORE_A_KILL {
            assert!(began.elapsed() < ON_WITHIN, "the crowd works");
            actix_rt::time::sleep(LOOK_EVERY).await;
        }
    }
}

impl Crowd {
    /// One that works until its connections break.
    pub fn new(seed: u64) -> Crowd {
        Crowd {
            chance: Chance::new(seed),
            until: Until::Broken,
            others: 0,
            known: Vec::new(),
            unknown: Vec::new(),
            waited: Duration::ZERO,
        }
    }

    /// One that works until it is told to end, with so many accounts more, which somebody opened.
    pub fn lasting(seed: u64, others: u64) -> Crowd {
        Crowd {
            until: Until::Told,
            others,
            ..Crowd::new(seed)
        }
    }

    /// Opens the accounts, all rich but the last.
    pub async fn open_accounts(&mut self, studio: &Client) {
        for account in ACCOUNTS {
            let plan = json!({ "planId": "maker", "billingInterval": "MONTHLY" });
            let pack = json!({
                "packId": "boost", "quantity": 1_000,
                "payment": {
                    "provider": "shop", "reference": account,
                    "amount": { "amountMinor": 500_000, "currency": "USD" },
                    "paidAt": "2026-01-31T10:00:00Z",
                },
            });
            let mut calls = vec![
                Call::new("openAccount", account, json!({})),
                Call::new("startSubscription", account, plan),
            ];
            if account != "poor" {
                calls.push(Call::new("purchasePack", account, pack));
            }
            for call in calls {
                let payload = studio.done(call.mutation, call.input.clone()).await;
                self.known.push(Answered { call, payload });
            }
        }
    }

    /// Sets all clients to work.
    pub fn work(&mut self, client: impl Fn() -> Client) -> Working {
        let round = Rc::<RefCell<Round>>::default();
        let clients = (0..CLIENTS).map(|_| {
            let worker = Worker {
                studio: client(),
                chance: Chance::new(self.chance.between(0, u64::MAX - 1)),
                until: self.until,
                others: self.others,
                open: Vec::new(),
                round: Rc::clone(&round),
            };
            actix_rt::spawn(worker.work())
        });
        Working {
            clients: clients.collect(),
            round,
        }
    }

    /// Tells all to end, or waits until they have noticed, and keeps what they know.
    pub async fn gather(&mut self, working: Working) -> Vec<End> {
        working.round.borrow_mut().over = true;
        let ends = futures_util::future::join_all(working.clients).await;
        let round = working.round.take();
        self.waited = self.waited.max(round.waited);
        self.known.extend(round.known);
        self.unknown.extend(round.unknown);
        let ended = ends.into_iter();
        ended.map(|end| end.expect("no client panics")).collect()
    }

    /// Brings every call without an answer to one: half by asking first what became of it, half by
    /// repeating it at once.
    pub async fn resolve(&mut self, studio: &Client) {
        for call in std::mem::take(&mut self.unknown) {
            let (account, id) = (call.account(), call.id().to_string());
            let outcome = match self.chance.between(0, 1) {
                0 => None,
                _ => Some(studio.outcome(&account, &id).await),
            };
            let payload = match send(studio, &call).await {
                Came::Definite(payload) => payload,
                Came::Undecided => {
                    let outcome = studio.outcome(&account, &id).await;
                    assert_eq!(outcome, json!(null), "{call:?}");
                    continue;
                }
                Came::Unknown(end) => panic!("no answer to {call:?}: {end:?}"),
            };
            if let Some(outcome) = outcome {
                assert_eq!(payload["replayed"], json!(!outcome.is_null()), "{call:?}");
                if !outcome.is_null() {
                    assert_eq!(outcome["operation"], payload["operation"]);
                    assert_eq!(outcome["userErrors"], payload["userErrors"]);
                }
            }
            let outcome = studio.outcome(&account, &id).await;
            assert_eq!(outcome["operation"], payload["operation"], "{call:?}");
            self.known.push(Answered { call, payload });
        }
    }
}

/// One client: asks, keeps, repeats itself now and then.
struct Worker {
    studio: Client,
    chance: Chance,
    until: Until,
    others: u64,
    /// Holds that it placed, with their accounts.
    open: Vec<(String, Value)>,
    round: Rc<RefCell<Round>>,
}

impl Worker {
    async fn work(mut self) -> End {
        while !self.is_over() {
            let call = self.next();
            if let Err(end) = self.ask(call).await {
                if self.until == Until::Broken {
                    return end;
                }
                actix_rt::time::sleep(LOOK_EVERY).await;
            }
        }
        End::Told
    }

    /// Whoever works until a connection breaks is never told.
    fn is_over(&self) -> bool {
        self.until == Until::Told && self.round.borrow().over
    }

    /// Asks for something and keeps what it is told; now and then it asks again.
    async fn ask(&mut self, call: Call) -> Result<(), End> {
        let payload = match self.send(&call).await {
            Came::Unknown(end) => {
                self.round.borrow_mut().unknown.push(call);
                return Err(end);
            }
            Came::Undecided if call.account() == "poor" => return Ok(()),
            Came::Undecided => return Err(End::Refused),
            Came::Definite(payload) => payload,
        };
        if call.mutation == "reserve" && payload["userErrors"] == json!([]) {
            let hold = call.input["operationId"].clone();
            self.open.push((call.account(), hold));
        }
        let again = match self.chance.between(0, 9) {
            0 => Some(self.send(&call).await),
            _ => None,
        };
        if let Some(Came::Definite(again)) = &again {
            assert_eq!(comparable(again), comparable(&payload));
            assert_eq!(again["replayed"], true);
        }
        // The first answer stands, whatever became of the second.
        self.round
            .borrow_mut()
            .known
            .push(Answered { call, payload });
        match again {
            Some(Came::Unknown(end)) => Err(end),
            Some(Came::Definite(_) | Came::Undecided) | None => Ok(()),
        }
    }

    async fn send(&self, call: &Call) -> Came {
        let sent = Instant::now();
        let came = send(&self.studio, call).await;
        let mut round = self.round.borrow_mut();
        round.waited = round.waited.max(sent.elapsed());
        came
    }

    /// What it asks next; a hold that it resolves is no longer open.
    fn next(&mut self) -> Call {
        let chance = &mut self.chance;
        let account = match chance.between(0, 3) {
            0..=1 => ACCOUNTS[0].to_owned(),
            2 if self.others > 0 => other(chance.between(0, self.others - 1)),
            _ => chance.one(&ACCOUNTS).to_owned(),
        };
        let film =
            json!({ "action": "text-to-video", "model": "reel", "seconds": chance.between(1, 10) });
        match chance.between(0, 9) {
            0..=1 => Call::new("reserve", &account, film),
            2..=3 if !self.open.is_empty() => {
                let (account, hold) = self.open.remove(0);
                let mutation = chance.one(&["settle", "release"]);
                Call::new(mutation, &account, json!({ "holdId": hold }))
            }
            _ => {
                let pictures = json!({
                    "action": "text-to-image", "model": "easel", "variations": chance.between(1, 4),
                });
                Call::new("charge", &account, pictures)
            }
        }
    }
}

async fn send(studio: &Client, call: &Call) -> Came {
    let Ok(reply) = studio.try_ask(call.mutation, call.input.clone()).await else {
        return Came::Unknown(End::Broken);
    };
    if reply.body.get("errors").is_none() {
        let mut body = reply.body;
        return Came::Definite(body["data"][call.mutation].take());
    }
    match reply.code().as_str() {
        "UNAVAILABLE" | "OVERLOADED" | "RATE_LIMITED" => Came::Undecided,
        "UNKNOWN_OUTCOME" => Came::Unknown(End::Refused),
        other => panic!("{other}: {}", reply.body),
    }
}
