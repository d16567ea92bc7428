//! The audit of one account: its operations, oldest first, then its row.
//!
//! Owns the rules. Amounts are summed here from the postings alone, beside the replay of the domain,
//! so that one checks the other. The replay goes on as long as operations are possible: after one
//! that is not, what follows can't be judged, and only the chain is.

use std::collections::{BTreeMap, HashSet};

use super::{Report, Rule};
use crate::{
    domain::{
        account::Account,
        balance::Balance,
        event::{Event, Fact, SubscriptionEvent},
        ids::{AccountId, HoldId, LotId, OperationId},
        posting::Posting,
        record::{Head, OperationRecord},
    },
    store::Loaded,
};

/// The operation ids of an account that are remembered, to find one twice: about 50 MB.
const IDS_MAX: usize = 1_000_000;

/// An audit so far.
pub(super) struct Audit {
    account: AccountId,
    refused: HashSet<OperationId>,
    accepted: HashSet<OperationId>,
    head: Head,
    available_after: i64,
    /// What is left and held of each lot that is not used up, by its postings.
    lots: BTreeMap<LotId, (i64, i64)>,
    /// granted - consumed - expired - revoked.
    remains: i64,
    /// `None` after an operation that is not possible.
    replay: Option<Account>,
}

impl Audit {
    pub(super) fn new(account: AccountId, refused: HashSet<OperationId>) -> Audit {
        Audit {
            replay: Some(Account::unopened(account.clone())),
            account,
            refused,
            accepted: HashSet::new(),
            head: Head::START,
            available_after: 0,
            lots: BTreeMap::new(),
            remains: 0,
        }
    }

    /// Reads the next operation; what happened, if it says so.
    pub(super) fn read(&mut self, record: &OperationRecord, report: &mut Report) -> Option<Event> {
        let mut wrong = |rule: Rule, message: String| {
            report.add(&self.account, Some(record.sequence), rule, message);
        };
        let expected = self.head.sequence.next();
        if record.sequence != expected {
            wrong(
                Rule::Sequence,
                format!("the operation before it is {}", self.head.sequence),
            );
            self.replay = None;
        }
        if record.previous != self.head.hash {
            wrong(
                Rule::Chain,
                "it names another operation as the one before".to_owned(),
            );
        }
        if record.hash != record.computed_hash() {
            wrong(
                Rule::Hash,
                "its hash is not that of what it says".to_owned(),
            );
        }
        let refused = self.refused.contains(&record.operation_id);
        let known = self.accepted.contains(&record.operation_id);
        if refused || known {
            let id = record.operation_id;
            wrong(Rule::OperationId, format!("{id} was decided before"));
        }
        if self.accepted.len() < IDS_MAX {
            self.accepted.insert(record.operation_id);
        }
        self.head = record.head();
        let event = match record.event() {
            Ok(event) => {
                columns(record, &event, &mut wrong);
                self.add_up(&event, record, report);
                self.replay(&event, record, report);
                Some(event)
            }
            Err(corrupt) => {
                wrong(Rule::Row, corrupt.to_string());
                self.replay = None;
                None
            }
        };
        self.available_after = record.available_after.get();
        event
    }

    /// Sums the postings.
    fn add_up(&mut self, event: &Event, record: &OperationRecord, report: &mut Report) {
        let mut wrong = |rule: Rule, message: String| {
            report.add(&self.account, Some(record.sequence), rule, message);
        };
        for posting in &event.postings {
            let entered = posting.granted.get() - gone(posting);
            if entered != posting.available + posting.held {
                let message = format!("its posting to lot {} does not add up", posting.lot);
                wrong(Rule::Conservation, message);
            }
            self.remains += entered;
            let (left, held) = self.lots.entry(posting.lot).or_default();
            *left += posting.available;
            *held += posting.held;
            if *left < 0 || *held < 0 {
                let message = format!("lot {} has {left} left and {held} held", posting.lot);
                wrong(Rule::BelowZero, message);
            }
            if (*left, *held) == (0, 0) {
                self.lots.remove(&posting.lot);
            }
        }
        let kept = record.held_after.get();
        let held: i64 = self.lots.values().map(|(_, held)| held).sum();
        if held != kept {
            wrong(
                Rule::Balance,
                format!("held after it is {kept}, by its postings {held}"),
            );
        }
    }

    /// Applies the event to the replayed state, if it can happen to it.
    fn replay(&mut self, event: &Event, record: &OperationRecord, report: &mut Report) {
        let Some(mut state) = self.replay.take() else {
            return;
        };
        let mut wrong = |rule: Rule, message: String| {
            report.add(&self.account, Some(record.sequence), rule, message);
        };
        if let Err(impossible) = possible(&state, event) {
            return wrong(Rule::Possible, impossible);
        }
        state.apply(event);
        let (kept, found) = (record.available_after, state.available());
        if kept != found {
            wrong(
                Rule::Balance,
                format!("available after it is {kept}, by replay {found}"),
            );
        }
        let change = kept.get() - self.available_after;
        if record.change != change {
            let said = record.change;
            wrong(
                Rule::Balance,
                format!("it changed what is available by {change}, not {said}"),
            );
        }
        match serde_json::from_str::<Balance>(&record.balance) {
            Ok(balance)
                if (balance.available, balance.held, balance.sequence)
                    == (kept, record.held_after, record.sequence) => {}
            Ok(_) => wrong(Rule::Balance, "its balance is another one".to_owned()),
            Err(error) => wrong(Rule::Row, format!("its balance: {error}")),
        }
        self.replay = Some(state);
    }

    /// Compares the end with the account's row.
    pub(super) fn finish(self, loaded: &Loaded, report: &mut Report) {
        let mut wrong = |rule: Rule, message: String| {
            report.add(&self.account, None, rule, message);
        };
        if loaded.head != self.head {
            let (row, last) = (loaded.head.sequence, self.head.sequence);
            let message =
                format!("the row is at {row}, its operations end at {last}, with another hash");
            wrong(Rule::Head, message);
        }
        let kept: i64 = self.lots.values().map(|(left, held)| left + held).sum();
        if kept != self.remains {
            let message = format!(
                "{kept} are left and held, {} remain by origin",
                self.remains
            );
            wrong(Rule::Conservation, message);
        }
        let snapshot = &loaded.account;
        let lots: BTreeMap<LotId, (i64, i64)> = snapshot
            .lots
            .iter()
            .map(|lot| (lot.id, (lot.remaining.get(), lot.held.get())))
            .collect();
        if lots != self.lots {
            wrong(
                Rule::Lot,
                "its lots are not the sums of their postings".to_owned(),
            );
        }
        if self.replay.is_some_and(|replay| replay != *snapshot) {
            wrong(
                Rule::Snapshot,
                "it is not what its operations make of it".to_owned(),
            );
        }
    }
}

/// What left a lot for good.
fn gone(posting: &Posting) -> i64 {
    posting.consumed.get() + posting.expired.get() + posting.revoked.get()
}

/// Compares the columns that repeat what the fact and the postings say.
fn columns(record: &OperationRecord, event: &Event, wrong: &mut impl FnMut(Rule, String)) {
    let fact = &event.fact;
    let spend = fact.spend();
    let consumed: i64 = event
        .postings
        .iter()
        .map(|posting| posting.consumed.get())
        .sum();
    let granted: i64 = event
        .postings
        .iter()
        .map(|posting| posting.granted.get())
        .sum();
    let lot = fact.new_lot().map_or(0, |lot| lot.granted.get());
    for (column, same) in [
        ("kind", record.kind == fact.kind()),
        ("hold", record.hold == fact.hold()),
        (
            "action",
            record.action.as_ref() == spend.map(|spend| &spend.terms.action),
        ),
        (
            "model",
            record.model.as_ref() == spend.map(|spend| &spend.terms.model),
        ),
        (
            "project",
            record.project.as_ref() == spend.and_then(|spend| spend.project.as_ref()),
        ),
        (
            "payment",
            record.payment.as_ref() == fact.report().map(|report| &report.payment.key),
        ),
        ("chain", record.chain == fact.chain()),
        (
            "without_effect_us",
            record.without_effect == fact.is_without_effect(),
        ),
        ("consumed", record.consumed.get() == consumed),
        ("postings", granted == lot),
    ] {
        if !same {
            wrong(
                Rule::Columns,
                format!("{column} says something else than the fact"),
            );
        }
    }
}

/// Whether `event` can happen to the account: what [`Account::apply`] takes for granted.
fn possible(state: &Account, event: &Event) -> Result<(), String> {
    let subscribed = || match &state.subscription {
        Some(_) => Ok(()),
        None => Err("it needs a subscription, and there is none".to_owned()),
    };
    match &event.fact {
        Fact::PeriodGrant { .. } => subscribed()?,
        Fact::SubscriptionChange { change, .. } => match change {
            SubscriptionEvent::CancellationScheduled { .. }
            | SubscriptionEvent::Resumed
            | SubscriptionEvent::Changed { .. }
            | SubscriptionEvent::ChangeScheduled(_)
            | SubscriptionEvent::ChangeWithdrawn
            | SubscriptionEvent::PeriodWithheld { .. } => subscribed()?,
            SubscriptionEvent::Started {
                continues: Some(of),
                ..
            } => {
                let broken = state.broken_period.as_ref();
                if broken.is_none_or(|broken| broken.subscription != *of) {
                    return Err(format!("subscription {of} did not end within a period"));
                }
            }
            SubscriptionEvent::Started { .. } | SubscriptionEvent::Ended { .. } => {}
        },
        Fact::HoldPlaced { .. } => {
            let draws = event.postings.iter().all(|posting| posting.held >= 0);
            if event.caused_by.is_none() || !draws {
                return Err("a hold is placed by a command and only sets aside".to_owned());
            }
        }
        Fact::HoldExtended { hold, .. } | Fact::HoldReleased { hold } => {
            if state.hold(*hold).is_none() {
                return Err(format!("hold {hold} is not open"));
            }
        }
        Fact::HoldExpired { hold, .. } => expired_as_told(state, event, *hold)?,
        Fact::AccountOpened
        | Fact::RolloverGrant { .. }
        | Fact::PackPurchase { .. }
        | Fact::Charge(_)
        | Fact::Expiry { .. }
        | Fact::PreferencesChange { .. }
        | Fact::ChargeKept { .. } => {}
        Fact::PaymentReport { lot, .. } => {
            let current = state.subscription.as_ref();
            if lot.is_some() && current.is_none_or(|one| one.payments.withheld_for.is_none()) {
                return Err("it grants a period that was not withheld".to_owned());
            }
        }
        Fact::Revocation(_) => {
            let mut postings = event.postings.iter();
            if !postings.all(|posting| posting.available == -posting.revoked.get()) {
                return Err("a revocation only takes what is unused".to_owned());
            }
        }
    }
    postable(state, event)
}

/// Whether holds ended when they were to, the first of them named and the last one in time.
fn expired_as_told(state: &Account, event: &Event, first: HoldId) -> Result<(), String> {
    let ends = event.hold_ends();
    if ends.first().map(|end| end.hold) != Some(first)
        || ends.last().map(|end| end.at) != Some(event.at)
    {
        return Err(format!("it is not told by hold {first} and its last end"));
    }
    for end in ends {
        // Where a hold ended is read from when it was to end.
        let open = state.hold(end.hold);
        if open.is_none_or(|open| open.expires_at != end.at) {
            return Err(format!("hold {} does not end at {}", end.hold, end.at));
        }
    }
    Ok(())
}

/// Whether each posting finds its lot, with enough in it.
fn postable(state: &Account, event: &Event) -> Result<(), String> {
    let mut lots: BTreeMap<LotId, (i64, i64)> = state
        .lots
        .iter()
        .map(|lot| (lot.id, (lot.remaining.get(), lot.held.get())))
        .collect();
    if event.fact.new_lot().is_some() {
        lots.insert(state.sequence.next(), (0, 0));
    }
    for posting in &event.postings {
        let Some((left, held)) = lots.get_mut(&posting.lot) else {
            return Err(format!("lot {} is not there", posting.lot));
        };
        *left += posting.available;
        *held += posting.held;
        if *left < 0 || *held < 0 {
            return Err(format!("lot {} does not have that much", posting.lot));
        }
    }
    Ok(())
}
