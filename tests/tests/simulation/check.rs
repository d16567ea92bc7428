//! The judge: what callers were told, against what the store has, against the model.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use credits_core::{
    domain::{
        command::{Command, Request},
        event::{Fact, SubscriptionEvent},
        ids::OperationId,
        outcome::Outcome,
        record::{CHAIN_START, OperationRecord, RefusalRecord},
        refusal::Refusal,
        subscription::EndReason,
    },
    error::LedgerError,
    ledger::Answer,
    store::{OperationFilter, SequenceWindow, Store, memory::MemoryStore},
    verify::verify,
};

use crate::{
    care,
    log::{Call, Log, Told},
    purse::Purse,
    time::Time,
    traffic,
    world::account,
};

/// All that the store has of an account, and what the model makes of it.
pub struct Book {
    pub operations: Vec<OperationRecord>,
    pub refusals: Vec<RefusalRecord>,
    /// The model after each operation; the first is before all.
    pub purses: Vec<Purse>,
}

/// Adds to the log whatever breaks a promise.
pub async fn judge(store: &MemoryStore, time: &Time, log: &mut Log) {
    let accounts: BTreeSet<usize> = log.calls.iter().map(|call| call.account).collect();
    let mut books = BTreeMap::new();
    for at in accounts {
        let book = read(store, at).await;
        let calls: Vec<&Call> = log.calls.iter().filter(|call| call.account == at).collect();
        let mut problems = Vec::new();
        check_chain(&book, &mut problems);
        check_model(&book, &calls, &mut problems);
        check_refusals(&book, &calls, &mut problems);
        check_answers(&book, &calls, &mut problems);
        check_time(&book, time, &mut problems);
        care::check(store, at, &book, &calls, &mut problems).await;
        if log.nodes == 1 {
            check_firsts(&calls, &mut problems);
        }
        log.problems.extend(
            problems
                .into_iter()
                .map(|one| format!("account {at}: {one}")),
        );
        for record in &book.operations {
            if let Some(name) = met(&record.event().unwrap().fact) {
                *log.met.entry(name).or_default() += 1;
            }
        }
        log.heads.push((at, store.read(&account(at)).head));
        books.insert(at, book);
    }
    let mut problems = Vec::new();
    check_origin(log, &mut problems);
    check_looks(&books, log, &mut problems);
    check_payments(&books, &mut problems);
    let report = verify(store).await.unwrap();
    problems.extend(
        report
            .findings
            .iter()
            .map(|finding| format!("verify: {finding:?}")),
    );
    log.problems.extend(problems);
}

/// What of a plan's payments an operation is, if it is any.
fn met(fact: &Fact) -> Option<&'static str> {
    let lapsed = EndReason::PastDue;
    match fact {
        Fact::SubscriptionChange { change, .. } => match change {
            SubscriptionEvent::PeriodWithheld { .. } => Some("period withheld"),
            SubscriptionEvent::Ended { reason, .. } if *reason == lapsed => Some("lapse"),
            SubscriptionEvent::Started {
                continues: Some(_), ..
            } => Some("plan went on"),
            _ => None,
        },
        Fact::PaymentReport { lot: Some(_), .. } => Some("granted by a report"),
        _ => None,
    }
}

async fn read(store: &MemoryStore, at: usize) -> Book {
    let everything = SequenceWindow {
        above: None,
        below: None,
        newest_first: false,
        limit: u64::MAX,
    };
    let filter = OperationFilter::default();
    let name = account(at);
    let operations = store.operations(&name, &filter, &everything).await.unwrap();
    let refusals = store.refusals(&name, u64::MAX).await.unwrap();
    let mut purses = vec![Purse::default()];
    for record in &operations {
        let mut purse = purses[purses.len() - 1].clone();
        purse.tell(record);
        purses.push(purse);
    }
    Book {
        operations,
        refusals,
        purses,
    }
}

fn check_chain(book: &Book, problems: &mut Vec<String>) {
    let mut before = (0, CHAIN_START);
    let mut ids = HashSet::new();
    for record in &book.operations {
        let sealed = record.computed_hash() == record.hash;
        if !sealed || (record.sequence.0, record.previous) != (before.0 + 1, before.1) {
            problems.push(format!("the chain breaks at {}", record.sequence));
        }
        before = (record.sequence.0, record.hash);
    }
    let operations = book.operations.iter().map(|record| record.operation_id);
    let refusals = book.refusals.iter().map(|record| record.operation_id);
    for id in operations.chain(refusals) {
        if !ids.insert(id) {
            problems.push(format!("{id} was decided twice"));
        }
    }
}

/// What was asked under an id, with the content that was decided.
pub fn asked<'c>(
    calls: &[&'c Call],
    id: OperationId,
    content: Option<[u8; 32]>,
) -> Option<&'c Command> {
    let commands = calls.iter().map(|call| &call.command);
    let mut of_id = commands.filter(|command| command.operation_id == id);
    of_id.find(|command| Some(command.request.content()) == content)
}

/// What a request costs or grants, by the tables of the simulation.
pub fn amount(book: &Book, calls: &[&Call], request: &Request) -> Option<i64> {
    match request {
        Request::Charge { generation, .. } | Request::Reserve { generation, .. } => {
            Some(traffic::cost(generation, &Default::default()))
        }
        Request::Settle { hold, actual } => {
            let mut operations = book.operations.iter();
            let placed = operations.find(|record| record.operation_id == *hold)?;
            match &asked(calls, *hold, placed.content)?.request {
                Request::Reserve { generation, .. } => Some(traffic::cost(generation, actual)),
                _ => None,
            }
        }
        Request::PurchasePack { pack, quantity, .. } => {
            Some(traffic::granted(pack.as_str()) * i64::from(*quantity))
        }
        Request::OpenAccount
        | Request::StartSubscription { .. }
        | Request::CancelSubscription
        | Request::ResumeSubscription
        | Request::ChangePlan { .. }
        | Request::ExtendHold { .. }
        | Request::Release { .. }
        | Request::ReportPayment { .. }
        | Request::SetPreferences { .. }
        | Request::MarkKept { .. } => None,
    }
}

fn check_model(book: &Book, calls: &[&Call], problems: &mut Vec<String>) {
    for (record, purses) in book.operations.iter().zip(book.purses.windows(2)) {
        let (before, after) = (&purses[0], &purses[1]);
        let kept = (record.available_after.get(), record.held_after.get());
        let model = (after.available(), after.held());
        if kept != model {
            problems.push(format!(
                "{}: {kept:?} is kept, the model has {model:?} after {:?}",
                record.sequence,
                record.event().unwrap().fact
            ));
        }
        if let Fact::Charge(_) = record.event().unwrap().fact
            && after.consumed - before.consumed != record.consumed.get()
        {
            problems.push(format!(
                "{}: another cost than the model's",
                record.sequence
            ));
        }
        let Some(command) = asked(calls, record.operation_id, record.content) else {
            continue;
        };
        let moved = match &command.request {
            Request::Charge { .. } | Request::Settle { .. } => after.consumed - before.consumed,
            Request::Reserve { .. } => after.held() - before.held(),
            Request::PurchasePack { .. } => after.entered - before.entered,
            // What a plan grants is the model's of terms.
            Request::OpenAccount
            | Request::StartSubscription { .. }
            | Request::CancelSubscription
            | Request::ResumeSubscription
            | Request::ChangePlan { .. }
            | Request::ExtendHold { .. }
            | Request::Release { .. }
            | Request::ReportPayment { .. }
            | Request::SetPreferences { .. }
            | Request::MarkKept { .. } => continue,
        };
        if amount(book, calls, &command.request) != Some(moved) {
            problems.push(format!("{command:?} moved {moved}"));
        }
    }
    let model = book.purses.last().map(|purse| purse.problems.clone());
    problems.extend(model.unwrap_or_default());
}

/// A refusal must be true of the state that it was decided on.
fn check_refusals(book: &Book, calls: &[&Call], problems: &mut Vec<String>) {
    for record in &book.refusals {
        let after = usize::try_from(record.after.0).unwrap();
        let Some(purse) = book.purses.get(after) else {
            problems.push(format!("{record:?} was decided on what never was"));
            continue;
        };
        let command = asked(calls, record.operation_id, Some(record.content));
        let hold = command.and_then(|command| command.request.hold());
        let hold = hold.and_then(|hold| purse.holds.get(&hold));
        if command.is_some_and(|one| !record.refusal.is_decision(&one.request)) {
            problems.push(format!("what is not known yet was stored: {record:?}"));
        }
        let holds = match &record.refusal {
            Refusal::InsufficientCredits(shortfall) => {
                let cost = command.and_then(|command| amount(book, calls, &command.request));
                let (needed, available) = (shortfall.needed.get(), shortfall.available.get());
                cost == Some(needed) && available == purse.available() && needed > available
            }
            Refusal::HoldUnknown { .. } => hold.is_none(),
            Refusal::HoldAlreadyResolved { .. } | Refusal::HoldExpired { .. } => {
                hold.is_some_and(|hold| !hold.open)
            }
            Refusal::NotSubscribed => !purse.subscribed(),
            Refusal::AlreadySubscribed { .. } | Refusal::AlreadyOnPlan { .. } => purse.subscribed(),
            Refusal::AccountAlreadyExists { .. } => after > 0,
            Refusal::OperationIdReused { .. } => false,
            _ => true,
        };
        if !holds {
            problems.push(format!(
                "not true after {after}: {record:?}, asked {command:?}"
            ));
        }
    }
}

/// Nothing is decided by a clock that is not believed: neither what is ahead of the time that it really
/// is, nor anything as long as no clock is right.
fn check_time(book: &Book, time: &Time, problems: &mut Vec<String>) {
    let operations = book.operations.iter().map(|record| record.recorded_at);
    let refusals = book.refusals.iter().map(|record| record.at);
    for at in operations.chain(refusals) {
        if at > time.latest() || time.stood_still_at(at) {
            problems.push(format!(
                "something was decided at {at} by a clock that was wrong"
            ));
        }
    }
}

/// What is in the store was told to somebody, or somebody was left without an answer. What the last
/// repetition of all calls decided anew was told then.
fn check_origin(log: &Log, problems: &mut Vec<String>) {
    let mut denied: HashMap<(usize, OperationId), bool> = HashMap::new();
    for call in &log.calls[..log.calls_first] {
        let told = call.leaves_open() || call.decided().is_some();
        let id = (call.account, call.command.operation_id);
        *denied.entry(id).or_insert(true) &= !told;
    }
    for call in &log.calls[log.calls_first..] {
        let id = (call.account, call.command.operation_id);
        let was_there = call.decided().is_some_and(|(_, replayed)| replayed);
        // The first repetition that decides anew makes a later one a replay.
        let denied = denied.insert(id, false);
        if was_there && denied == Some(true) {
            problems.push(format!(
                "{id:?} was decided, and everybody was told that it was not"
            ));
        }
    }
}

fn check_answers(book: &Book, calls: &[&Call], problems: &mut Vec<String>) {
    for call in calls {
        match &call.told {
            Told::Answer(Answer::Decided { .. }) => {
                if let Some(problem) = wrong_answer(book, call) {
                    problems.push(format!("{problem}: {call:?}"));
                }
            }
            Told::Answer(Answer::Free) | Told::Nothing => {}
            Told::Error(error) => {
                if matches!(error, LedgerError::Corrupt | LedgerError::Internal) {
                    problems.push(format!("{error:?}: {call:?}"));
                }
            }
        }
    }
}

/// An operation is told as new once. (Two nodes can make the very same decision at the same instant,
/// and so can one node refuse: an unknown COMMIT of the second is then found done, rightly.)
fn check_firsts(calls: &[&Call], problems: &mut Vec<String>) {
    let mut told = HashSet::new();
    for call in calls {
        let id = call.command.operation_id;
        if let Some((Outcome::Accepted(_), false)) = call.decided()
            && !told.insert(id)
        {
            problems.push(format!("{id} was told as new twice"));
        }
    }
}

/// What is wrong with an answer; an answer is right if the store says the same.
fn wrong_answer(book: &Book, call: &Call) -> Option<&'static str> {
    let (outcome, replayed) = call.decided()?;
    let (id, content) = (call.command.operation_id, call.command.request.content());
    let kept = book
        .operations
        .iter()
        .find(|record| record.operation_id == id);
    let refused = book
        .refusals
        .iter()
        .find(|record| record.operation_id == id);
    let kept_content = kept
        .and_then(|record| record.content)
        .or(refused.map(|one| one.content));
    match outcome {
        Outcome::Refused(refusal) if call.is_reused() => {
            let other = kept_content.is_some_and(|kept| kept != content);
            (!other || replayed)
                .then_some("the id was not used for anything else")
                .filter(|_| matches!(**refusal, Refusal::OperationIdReused { .. }))
        }
        Outcome::Refused(refusal) if !refusal.is_decision(&call.command.request) => {
            replayed.then_some("what is not known yet was stored")
        }
        Outcome::Refused(refusal) => {
            let same =
                refused.is_some_and(|one| one.refusal == **refusal && one.content == content);
            (!same).then_some("this refusal is not kept")
        }
        Outcome::Accepted(accepted) => {
            let told = accepted
                .operation
                .event
                .caused_by
                .map(|cause| cause.operation_id);
            let source = book
                .operations
                .iter()
                .find(|one| Some(one.operation_id) == told);
            let same = source.is_some_and(|one| one.accepted().unwrap() == **accepted);
            if !same {
                return Some("this operation is not kept");
            }
            if told == Some(id) {
                return (kept_content != Some(content)).then_some("it was kept for other content");
            }
            Some("it was answered with another operation")
        }
    }
}

/// What was shown was committed, at one sequence one balance; outcomes asked for are those kept.
fn check_looks(books: &BTreeMap<usize, Book>, log: &Log, problems: &mut Vec<String>) {
    for look in &log.looks {
        let Some(book) = books.get(&look.account) else {
            continue;
        };
        let at = usize::try_from(look.sequence).unwrap();
        let model = book
            .purses
            .get(at)
            .map(|purse| (purse.available(), purse.held()));
        if model != Some((look.available, look.held)) {
            problems.push(format!("{look:?} was shown, the model has {model:?}"));
        }
    }
    for (at, id, outcome) in &log.outcomes {
        let book = &books[at];
        let accepted = book
            .operations
            .iter()
            .find(|record| record.operation_id == *id);
        let refused = book
            .refusals
            .iter()
            .find(|record| record.operation_id == *id);
        let same = match outcome {
            Outcome::Accepted(told) => {
                accepted.is_some_and(|record| record.accepted().unwrap() == **told)
            }
            Outcome::Refused(told) => refused.is_some_and(|record| record.refusal == **told),
        };
        if !same {
            problems.push(format!(
                "{id} was told to be {outcome:?}, which is not kept"
            ));
        }
    }
}

/// A payment buys once, whatever the account.
fn check_payments(books: &BTreeMap<usize, Book>, problems: &mut Vec<String>) {
    let mut used = HashSet::new();
    for record in books.values().flat_map(|book| &book.operations) {
        if let Fact::PackPurchase { payment, .. } = record.event().unwrap().fact
            && !used.insert(payment.key.clone())
        {
            problems.push(format!("{:?} bought twice", payment.key));
        }
    }
}
