//! The crowd: clients that ask for everything at once, and keep what they were told.
//!
//! Owns what they ask, which answers are definite, and how a call without one gets it. It judges
//! nothing but that: a definite answer never changes. How long an answer takes is never judged.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use actix_rt::task::JoinHandle;
use credits_tests::harness::{Client, document, operation_id, until};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::comparable;

/// The accounts: the first is hot, the last has too few credits to last.
pub const ACCOUNTS: [&str; 6] = ["hot", "ada", "bob", "cyd", "dan", "poor"];
/// How many work at once, each on a connection of its own.
const CLIENTS: usize = 24;
/// How many answers a round has before anything happens to it.
const CALLS_BEFORE_A_KILL: usize = 24;
/// Between two calls of a client that goes on: all that it was told is asked for again at the end.
const BREATH: Duration = Duration::from_millis(25);

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

/// The service can't be used any more: a connection broke, or a call was refused because of a shutdown.
struct Gone;

/// What came of sending a call.
enum Came {
    Definite(Value),
    /// It may have been decided.
    Unknown,
    /// The service said that nothing was decided.
    Undecided,
}

/// What the whole crowd knows.
pub struct Crowd {
    chance: Chance,
    /// How many accounts there are beyond [`ACCOUNTS`], by [`other`].
    others: u64,
    /// Calls with their answers.
    pub known: Vec<Answered>,
    /// Calls without one.
    pub unknown: Vec<Call>,
}

/// What one round adds.
#[derive(Default)]
struct Round {
    known: Vec<Answered>,
    unknown: Vec<Call>,
    /// How many calls were answered with that nothing was decided.
    undecided: usize,
    /// How many clients have had an answer, so that their connections are open.
    clients_answered: usize,
}

/// The name of an account that few ask for.
pub fn other(number: u64) -> String {
    format!("other-{number:05}")
}

/// A round under way.
pub struct Working {
    round: Rc<RefCell<Round>>,
    clients: Vec<JoinHandle<()>>,
    /// Tells clients that go on to stop.
    stop: Rc<Cell<bool>>,
}

impl Working {
    /// Tells clients that go on to stop.
    pub fn stop(&self) {
        self.stop.set(true);
    }

    /// How it went, in words.
    pub fn tells(&self) -> String {
        let round = self.round.borrow();
        let (known, unknown) = (round.known.len(), round.unknown.len());
        let undecided = round.undecided;
        format!("{known} known, {unknown} unknown, {undecided} undecided")
    }

    /// Waits until each client has had an answer, and the crowd works, or works again: a kill that meets no
    /// call in flight shows nothing.
    pub async fn is_on(&self) {
        let known = self.round.borrow().known.len();
        until("the crowd works", async || {
            let mut clients = self.clients.iter();
            assert!(!clients.any(JoinHandle::is_finished), "a client ended");
            let round = self.round.borrow();
            let all = round.clients_answered == CLIENTS;
            (all && round.known.len() > known + CALLS_BEFORE_A_KILL).then_some(())
        })
        .await;
    }
}

impl Crowd {
    pub fn new(seed: u64) -> Crowd {
        Crowd::with_others(seed, 0)
    }

    /// One that asks for so many accounts more, which somebody else opens.
    pub fn with_others(seed: u64, others: u64) -> Crowd {
        say(&format!("the crowd's seed: {seed}"));
        Crowd {
            chance: Chance::new(seed),
            others,
            known: Vec::new(),
            unknown: Vec::new(),
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

    /// Sets all clients to work until the service does not answer any more.
    pub fn work(&mut self, client: impl Fn() -> Client) -> Working {
        self.set_to_work(client, false)
    }

    /// Starts all clients. They call the service until `Working::stop`, whatever the answers are.
    pub fn go_on(&mut self, client: impl Fn() -> Client) -> Working {
        self.set_to_work(client, true)
    }

    fn set_to_work(&mut self, client: impl Fn() -> Client, goes_on: bool) -> Working {
        let (round, stop) = (Rc::<RefCell<Round>>::default(), Rc::<Cell<bool>>::default());
        let clients = (0..CLIENTS).map(|_| {
            let worker = Worker {
                studio: client(),
                chance: Chance::new(self.chance.between(0, u64::MAX - 1)),
                others: self.others,
                goes_on,
                is_answered: false,
                open: Vec::new(),
                round: Rc::clone(&round),
                stop: Rc::clone(&stop),
            };
            actix_rt::spawn(worker.work())
        });
        Working {
            clients: clients.collect(),
            round,
            stop,
        }
    }

    /// Charges by this client until that is done.
    pub async fn first_success(&mut self, studio: &Client) {
        let unknown = &mut self.unknown;
        let answered = until("the node serves again", async || {
            let picture = json!({ "action": "text-to-image", "model": "easel" });
            let call = Call::new("charge", ACCOUNTS[1], picture);
            match send(studio, &call).await {
                Came::Definite(payload) => Some(Answered { call, payload }),
                Came::Unknown => {
                    unknown.push(call);
                    None
                }
                Came::Undecided => None,
            }
        })
        .await;
        assert_eq!(answered.payload["userErrors"], json!([]), "{answered:?}");
        self.known.push(answered);
    }

    /// Waits until all have noticed, and keeps what they know.
    pub async fn gather(&mut self, working: Working) {
        for end in futures_util::future::join_all(working.clients).await {
            end.expect("no client panics");
        }
        let round = working.round.take();
        self.known.extend(round.known);
        self.unknown.extend(round.unknown);
    }

    /// Brings every call without an answer to one: half by asking first what became of it, half by
    /// repeating it at once.
    pub async fn resolve(&mut self, studio: &Client) {
        for call in std::mem::take(&mut self.unknown) {
            let outcome = match self.chance.between(0, 1) {
                0 => None,
                _ => Some(outcome_of(studio, &call).await),
            };
            let Some(payload) = answer(studio, &call).await else {
                continue;
            };
            // One that was not decided when it was asked for may have been since, by a node that had it.
            if let Some(outcome) = outcome.filter(|outcome| !outcome.is_null()) {
                assert_eq!(payload["replayed"], true, "{call:?}");
                assert_eq!(outcome["operation"], payload["operation"]);
                assert_eq!(outcome["userErrors"], payload["userErrors"]);
            }
            let outcome = outcome_of(studio, &call).await;
            assert_eq!(outcome["operation"], payload["operation"], "{call:?}");
            self.known.push(Answered { call, payload });
        }
    }
}

/// What a call was decided to be; null if it was not. Asks again where it can't be told: a node may have kept
/// connections to a server that is gone.
async fn outcome_of(studio: &Client, call: &Call) -> Value {
    let query = format!(
        "query($account: ID!, $id: ID!) {{ operation(accountId: $account, operationId: $id) {{ \
         operation {{ {} }} {} }} }}",
        document::OPERATION,
        document::USER_ERRORS
    );
    until(&format!("what became of {call:?}"), async || {
        let variables = json!({ "account": call.account(), "id": call.id() });
        let mut reply = studio.try_send(&query, variables).await.ok()?;
        if reply.body.get("errors").is_some() {
            assert_eq!(reply.code(), "UNAVAILABLE");
            return None;
        }
        Some(reply.body["data"]["operation"].take())
    })
    .await
}

/// The definite answer to a call; none if it was never decided and is not now. One that was decided before may
/// be refused a repetition, but not for long.
pub async fn answer(studio: &Client, call: &Call) -> Option<Value> {
    until(&format!("an answer to {call:?}"), async || {
        match send(studio, call).await {
            Came::Definite(payload) => Some(Some(payload)),
            Came::Undecided if outcome_of(studio, call).await.is_null() => Some(None),
            Came::Undecided | Came::Unknown => None,
        }
    })
    .await
}

/// One client: asks, keeps, repeats itself now and then.
struct Worker {
    studio: Client,
    chance: Chance,
    others: u64,
    /// Whether it goes on, whatever it is answered.
    goes_on: bool,
    /// Whether it has had an answer.
    is_answered: bool,
    /// Holds that it placed, with their accounts.
    open: Vec<(String, Value)>,
    round: Rc<RefCell<Round>>,
    stop: Rc<Cell<bool>>,
}

impl Worker {
    async fn work(mut self) {
        while !self.stop.get() {
            let call = self.next();
            let asked = self.ask(call).await;
            match asked {
                Err(Gone) if !self.goes_on => return,
                Ok(()) if !self.goes_on => {}
                Ok(()) | Err(Gone) => actix_rt::time::sleep(BREATH).await,
            }
        }
    }

    /// Asks for something and keeps what it is told; now and then it asks again.
    async fn ask(&mut self, call: Call) -> Result<(), Gone> {
        let payload = match self.send(&call).await {
            Came::Unknown => {
                self.round.borrow_mut().unknown.push(call);
                return Err(Gone);
            }
            Came::Undecided => {
                self.round.borrow_mut().undecided += 1;
                return match call.account().as_str() {
                    "poor" => Ok(()),
                    _ => Err(Gone),
                };
            }
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
            Some(Came::Unknown) => Err(Gone),
            Some(Came::Definite(_) | Came::Undecided) | None => Ok(()),
        }
    }

    async fn send(&mut self, call: &Call) -> Came {
        let came = send(&self.studio, call).await;
        if !self.is_answered && !matches!(came, Came::Unknown) {
            self.is_answered = true;
            self.round.borrow_mut().clients_answered += 1;
        }
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
        return Came::Unknown;
    };
    if reply.body.get("errors").is_none() {
        let mut body = reply.body;
        return Came::Definite(body["data"][call.mutation].take());
    }
    match reply.code().as_str() {
        "UNAVAILABLE" | "OVERLOADED" | "RATE_LIMITED" => Came::Undecided,
        "UNKNOWN_OUTCOME" => Came::Unknown,
        other => panic!("{other}: {}", reply.body),
    }
}

/// Says what is to be seen of a drill that fails.
#[expect(clippy::print_stderr, reason = "a test that fails shows what it said")]
pub fn say(line: &str) {
    eprintln!("{line}");
}
