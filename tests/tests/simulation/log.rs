//! What callers were told, and what was wrong with it.

use std::{collections::BTreeMap, fmt::Debug, time::Duration};

use credits_core::{
    domain::{
        command::Command, ids::OperationId, outcome::Outcome, payment::PaidFor, record::Head,
        refusal::Refusal,
    },
    error::LedgerError,
    ledger::{AccountView, Answer},
};

/// The fewest times that each event has to come over all seeds.
const EVENTS_MIN: u64 = 5;

/// The events that a simulation must meet.
const WANTED: &[&str] = &[
    "openAccount",
    "startSubscription",
    "cancelSubscription",
    "changePlan",
    "resumeSubscription",
    "purchasePack",
    "purchasePack again",
    "reportPayment",
    "reportPayment again",
    "PaymentUnknown",
    "PaymentOutcomeOutOfOrder",
    "charge",
    "charge again",
    "reserve",
    "extendHold",
    "settle",
    "settle again",
    "release",
    "free",
    "InsufficientCredits",
    "InsufficientCredits again",
    "HoldAlreadyResolved",
    "HoldExpired",
    "OperationIdReused",
    "PaymentAlreadyUsed",
    "Unavailable",
    "UnknownOutcome",
    "Overloaded",
    "nothing",
    "restart",
    "turn",
    "look",
    "pack Disputed",
    "pack DisputeWon",
    "pack DisputeLost",
    "pack Refunded",
    "term Paid",
    "term Failed",
    "term Disputed",
    "term DisputeWon",
    "term DisputeLost",
    "term Refunded",
    "PaymentOutsideTerms",
    "period withheld",
    "granted by a report",
    "lapse",
    "plan went on",
    "setPreferences",
    "markKept",
    "ChargeUnknown",
    "LikelyRepeat",
    "RequestCredits",
    "DayCredits",
    "ProjectCredits",
    "Variations",
    "step forward",
    "step back",
    "standstill",
    "disbelieved: Unavailable",
    "disbelieved: again",
    "look disbelieved",
];

/// One call and what its caller was told.
#[derive(Clone, Debug)]
pub struct Call {
    pub account: usize,
    pub command: Command,
    pub told: Told,
    /// Whether the clock of the node was not to be believed as long as the call was there.
    pub disbelieved: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    Answer(Answer),
    Error(LedgerError),
    /// The node died before it answered.
    Nothing,
}

impl Call {
    /// The decision that it was told.
    pub fn decided(&self) -> Option<(&Outcome, bool)> {
        match &self.told {
            Told::Answer(Answer::Decided { outcome, replayed }) => Some((outcome, *replayed)),
            Told::Answer(Answer::Free) | Told::Error(_) | Told::Nothing => None,
        }
    }

    pub fn is_reused(&self) -> bool {
        let decided = self.decided();
        matches!(decided, Some((Outcome::Refused(refusal), _))
            if matches!(**refusal, Refusal::OperationIdReused { .. }))
    }

    /// Whether it may have been decided, for all its caller knows.
    pub fn leaves_open(&self) -> bool {
        matches!(
            &self.told,
            Told::Nothing | Told::Error(LedgerError::UnknownOutcome { .. })
        )
    }
}

/// A look at an account: what was shown, and by which node.
#[derive(Clone, Debug)]
pub struct Look {
    pub account: usize,
    pub sequence: i64,
    pub available: i64,
    pub held: i64,
}

impl Look {
    pub fn of(account: usize, shown: Option<&AccountView>) -> Look {
        Look {
            account,
            sequence: shown.map_or(0, |view| view.balance.sequence.0),
            available: shown.map_or(0, |view| view.balance.available.get()),
            held: shown.map_or(0, |view| view.balance.held.get()),
        }
    }
}

/// All that happened in one world.
#[derive(Debug, Default)]
pub struct Log {
    pub nodes: u64,
    pub calls: Vec<Call>,
    /// How many calls were made before all were made again.
    pub calls_first: usize,
    pub looks: Vec<Look>,
    /// Outcomes that were asked for by id.
    pub outcomes: Vec<(usize, OperationId, Outcome)>,
    pub restarts: u64,
    pub steps_forward: u64,
    pub steps_back: u64,
    /// How often no clock at all was believed for some time.
    pub standstills: u64,
    /// Looks at an account by a clock that is not believed.
    pub looks_disbelieved: u64,
    /// Turns that contended accounts took.
    pub turns: u64,
    /// What became of plans and their payments, and how often.
    pub met: BTreeMap<&'static str, u64>,
    /// The end of the hash chain of each account.
    pub heads: Vec<(usize, Head)>,
    /// The virtual time that the world took.
    pub took: Duration,
    pub problems: Vec<String>,
}

impl Log {
    /// The whole log, one entry a line. Two runs of one seed have the same lines.
    pub fn lines(&self) -> Vec<String> {
        let Log {
            nodes,
            calls,
            calls_first,
            looks,
            outcomes,
            restarts,
            steps_forward,
            steps_back,
            standstills,
            looks_disbelieved,
            turns,
            met,
            heads,
            took,
            problems,
        } = self;
        let counts = [
            ("nodes", *nodes),
            ("calls first", *calls_first as u64),
            ("restarts", *restarts),
            ("steps forward", *steps_forward),
            ("steps back", *steps_back),
            ("standstills", *standstills),
            ("looks disbelieved", *looks_disbelieved),
            ("turns", *turns),
        ];
        let mut lines = Vec::new();
        add(&mut lines, "call", calls);
        add(&mut lines, "look", looks);
        add(&mut lines, "outcome", outcomes);
        add(&mut lines, "count", counts);
        add(&mut lines, "met", met);
        add(&mut lines, "head", heads);
        add(&mut lines, "took", [took]);
        add(&mut lines, "problem", problems);
        lines
    }

    pub fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }
}

fn add<T: Debug>(lines: &mut Vec<String>, kind: &str, entries: impl IntoIterator<Item = T>) {
    let entries = entries.into_iter().enumerate();
    lines.extend(entries.map(|(number, entry)| format!("{kind} {number}: {entry:?}")));
}

/// The first line in which two logs differ, as each has it.
pub fn first_difference(one: &[String], other: &[String]) -> Option<(String, String)> {
    let line = |lines: &[String], at: usize| lines.get(at).cloned().unwrap_or_default();
    let mut all = 0..one.len().max(other.len());
    let at = all.find(|at| one.get(*at) != other.get(*at))?;
    Some((line(one, at), line(other, at)))
}

/// How often each kind of answer came, over all seeds: a simulation that meets none tests nothing.
#[derive(Debug, Default)]
pub struct Seen {
    counts: BTreeMap<String, u64>,
}

impl Seen {
    pub fn count(&mut self, log: &Log) {
        for call in &log.calls {
            let name = match &call.told {
                Told::Answer(Answer::Free) => "free".to_owned(),
                Told::Answer(Answer::Decided { outcome, replayed }) => {
                    let kind = match outcome {
                        Outcome::Accepted(_) => call.command.request.name().to_owned(),
                        Outcome::Refused(refusal) => first_word(&format!("{refusal:?}")),
                    };
                    format!("{kind}{}", if *replayed { " again" } else { "" })
                }
                Told::Error(error) => first_word(&format!("{error:?}")),
                Told::Nothing => "nothing".to_owned(),
            };
            if call.disbelieved {
                let told = match call.decided() {
                    Some((_, true)) => "again",
                    Some(_) | None => name.as_str(),
                };
                *self
                    .counts
                    .entry(format!("disbelieved: {told}"))
                    .or_default() += 1;
            }
            if let Some((outcome, false)) = call.decided()
                && let Some(kind) = kind_of(outcome)
            {
                *self.counts.entry(kind).or_default() += 1;
            }
            *self.counts.entry(name).or_default() += 1;
        }
        for (name, count) in &log.met {
            *self.counts.entry((*name).to_owned()).or_default() += count;
        }
        for (name, count) in [
            ("step forward", log.steps_forward),
            ("step back", log.steps_back),
            ("standstill", log.standstills),
            ("look disbelieved", log.looks_disbelieved),
        ] {
            *self.counts.entry(name.to_owned()).or_default() += count;
        }
        *self.counts.entry("restart".to_owned()).or_default() += log.restarts;
        *self.counts.entry("turn".to_owned()).or_default() += log.turns;
        *self.counts.entry("look".to_owned()).or_default() += log.looks.len() as u64;
    }

    /// How often each event came that a simulation must meet, the rarest first.
    pub fn rarest_first(&self) -> Vec<(u64, &'static str)> {
        let count = |name| self.counts.get(name).copied().unwrap_or_default();
        let mut all: Vec<_> = WANTED.iter().map(|name| (count(*name), *name)).collect();
        all.sort_unstable();
        all
    }

    /// Checks that each event of [`WANTED`] came at least [`EVENTS_MIN`] times.
    pub fn assert_all_happened(&self) {
        let mut missing = self.rarest_first();
        missing.retain(|(count, _)| *count < EVENTS_MIN);
        assert!(
            missing.is_empty(),
            "too few {missing:?} in {:#?}",
            self.counts
        );
    }
}

/// What it is more closely, of a report and of a ceiling.
fn kind_of(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Accepted(accepted) => {
            let told = accepted.operation.event.fact.report()?;
            let of = match told.paid_for {
                PaidFor::Pack { .. } => "pack",
                PaidFor::Term(_) => "term",
            };
            Some(format!("{of} {:?}", told.outcome))
        }
        Outcome::Refused(refusal) => match refusal.as_ref() {
            Refusal::LimitExceeded { limit, .. } => Some(format!("{limit:?}")),
            _ => None,
        },
    }
}

fn first_word(text: &str) -> String {
    text.split([' ', '(', '{'])
        .next()
        .unwrap_or_default()
        .to_owned()
}
