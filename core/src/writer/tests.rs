//! What a batch is, tried with random queues, and what a caller that waits is told.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use proptest::prelude::*;
use tokio::sync::Semaphore;

use super::{
    Writer,
    batch::Batch,
    submission::{CommittedState, Lineage, Look, Settled, Submission, Waiter},
    turn::Turn,
};
use crate::{
    domain::{
        ids::AccountId, outcome::Outcome, payment::PaymentKey, record::Head, refusal::Refusal,
    },
    error::LedgerError,
    store::{
        AccountWork, Found, Loaded, Lookups, OperationFilter, SequenceWindow, Store,
        memory::MemoryStore,
        tests::{Book, account, charge, id, purchase, reserve, subscribe, too_dear},
    },
};

const ACCOUNTS: usize = 4;
const NOW: &str = "2026-03-01T00:00:00Z";

/// One submission of a random queue.
#[derive(Clone, Debug)]
struct Step {
    account: usize,
    asks: Asks,
}

#[derive(Clone, Copy, Debug)]
enum Asks {
    Charge,
    Reserve,
    Refused,
    Purchase(u32),
    Nothing,
}

fn step() -> impl Strategy<Value = Step> {
    let asks = prop_oneof![
        3 => Just(Asks::Charge),
        2 => Just(Asks::Reserve),
        2 => Just(Asks::Refused),
        2 => (0_u32..4).prop_map(Asks::Purchase),
        1 => Just(Asks::Nothing),
    ];
    (0..ACCOUNTS, asks).prop_map(|(account, asks)| Step { account, asks })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..40)
}

/// Accounts that are open, on a plan, and decide.
struct Desk {
    books: Vec<Book>,
    lineages: Vec<Lineage>,
    setup: Vec<AccountWork>,
    asked: u128,
}

impl Desk {
    fn new() -> Desk {
        let mut desk = Desk {
            books: Vec::new(),
            lineages: Vec::new(),
            setup: Vec::new(),
            asked: 1_000,
        };
        for number in 0..ACCOUNTS {
            let mut book = Book::new(&format!("account-{number}"));
            let first = 10 * number as u128;
            book.tell(NOW, first, crate::domain::command::Request::OpenAccount);
            book.tell(NOW, first + 1, subscribe("creator"));
            desk.setup.push(book.work());
            desk.lineages.push(lineage(&book, false));
            desk.books.push(book);
        }
        desk
    }

    fn submit(&mut self, step: &Step) -> Submission {
        let book = &mut self.books[step.account];
        self.asked += 1;
        match step.asks {
            Asks::Charge => book.tell(NOW, self.asked, charge()),
            Asks::Reserve => book.tell(NOW, self.asked, reserve()),
            Asks::Refused => book.tell(NOW, self.asked, too_dear()),
            Asks::Purchase(reference) => {
                book.tell(NOW, self.asked, purchase(&format!("payment-{reference}")))
            }
            Asks::Nothing => book,
        };
        submission(book.work(), &self.lineages[step.account])
    }
}

fn lineage(book: &Book, alone: bool) -> Lineage {
    let state = CommittedState {
        account: Arc::new(book.account.clone()),
        head: book.head,
    };
    Lineage::new(state, alone)
}

fn submission(mut work: AccountWork, lineage: &Lineage) -> Submission {
    Submission {
        refusal: work.refusals.pop(),
        payment: work.payments.pop(),
        ..Submission::of(work, lineage.clone())
    }
}

/// All rows of the accounts, as text.
async fn rows(store: &MemoryStore) -> Vec<String> {
    let everything = SequenceWindow {
        above: None,
        below: None,
        newest_first: false,
        limit: 10_000,
    };
    let mut rows = Vec::new();
    for number in 0..ACCOUNTS {
        let id = account(&format!("account-{number}"));
        let filter = OperationFilter::default();
        let loaded = store.load(&id).await.unwrap();
        let operations = store.operations(&id, &filter, &everything).await.unwrap();
        let mut refusals = store.refusals(&id, 10_000).await.unwrap();
        refusals.sort_by_key(|record| record.operation_id);
        rows.push(format!("{loaded:?} {operations:?} {refusals:?}"));
    }
    for reference in 0..50 {
        let key = PaymentKey {
            provider: "stripe".to_owned(),
            reference: format!("payment-{reference}"),
        };
        rows.push(format!("{:?}", store.payment(&key).await.unwrap()));
    }
    rows
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

/// What tells submissions apart; those that write nothing differ at most in whether their lineage is
/// broken.
type Name = (
    AccountId,
    Head,
    Option<crate::domain::ids::OperationId>,
    bool,
);

fn name(submission: &Submission) -> Name {
    let refused = submission
        .refusal
        .as_ref()
        .map(|record| record.operation_id);
    let accepted = submission
        .operations
        .last()
        .map(|record| record.operation_id);
    (
        submission.account.clone(),
        submission.base,
        accepted.or(refused),
        submission.lineage.is_broken(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_batch_writes_what_its_members_write_one_at_a_time(
        steps in steps(),
        size in 1_usize..12,
    ) {
        let mut desk = Desk::new();
        let mut reference = 0;
        let queue: Vec<Submission> = steps.into_iter().map(|mut step| {
            if let Asks::Purchase(number) = &mut step.asks {
                *number = reference;
                reference += 1;
            }
            desk.submit(&step)
        }).collect();
        let (together, alone) = (MemoryStore::new(), MemoryStore::new());
        for work in &desk.setup {
            together.write(std::slice::from_ref(work));
            alone.write(std::slice::from_ref(work));
        }
        for one in &queue {
            prop_assert!(alone.write(&[whole(one)]).lost.is_empty());
        }
        let mut queue = VecDeque::from(queue);
        while !queue.is_empty() {
            let (batch, lost) = Batch::close(&mut queue, size);
            prop_assert!(lost.is_empty() && !batch.is_empty() && batch.len() <= size);
            prop_assert!(together.write(&batch.split().0).lost.is_empty());
        }
        prop_assert_eq!(run(rows(&together)), run(rows(&alone)));
    }

    #[test]
    fn a_batch_keeps_its_rules_whatever_waits(
        steps in steps(),
        size in 1_usize..12,
        alone in prop::collection::vec(any::<bool>(), ACCOUNTS),
        broken in prop::collection::vec(prop::bool::weighted(0.2), ACCOUNTS),
        replaced_after in 0_usize..40,
    ) {
        let mut desk = Desk::new();
        for (lineage, alone) in desk.lineages.iter_mut().zip(&alone) {
            *lineage = Lineage::new(lineage.committed(), *alone);
        }
        let mut queue = VecDeque::new();
        for (at, step) in steps.iter().enumerate() {
            if at == replaced_after {
                let other = desk.lineages[0].committed();
                desk.lineages[0] = Lineage::new(other, alone[0]);
            }
            queue.push_back(desk.submit(step));
            if broken[step.account] && at % 3 == 2 {
                desk.lineages[step.account].breaks();
            }
        }
        let wanted: Vec<_> = queue.iter().map(name).collect();
        let healthy: HashSet<_> = queue.iter()
            .filter(|one| !one.lineage.is_broken()).map(name).collect();
        let mut written: Vec<_> = Vec::new();
        let mut dropped = Vec::new();
        while !queue.is_empty() {
            let before = queue.len();
            let first_is_healthy = !queue[0].lineage.is_broken();
            let (batch, lost) = Batch::close(&mut queue, size);
            prop_assert!(queue.len() < before, "each batch gets on");
            prop_assert!(batch.len() <= size);
            prop_assert!(!first_is_healthy || !batch.is_empty());
            check_rules(&batch)?;
            written.extend(batch.groups.iter().flat_map(|group| group.submissions.iter().map(name)));
            dropped.extend(lost.iter().map(name));
        }
        prop_assert_eq!(written.len() + dropped.len(), wanted.len());
        prop_assert_eq!(&written.iter().cloned().collect::<HashSet<_>>(), &healthy);
        for number in 0..ACCOUNTS {
            let of = |names: &[Name]| -> Vec<_> {
                let account = account(&format!("account-{number}"));
                names.iter().filter(|one| one.0 == account && healthy.contains(*one)).cloned().collect()
            };
            prop_assert_eq!(of(&written), of(&wanted), "in the order of arrival");
        }
    }
}

/// The work of one submission.
fn whole(one: &Submission) -> AccountWork {
    AccountWork {
        account: one.account.clone(),
        base: one.base,
        operations: one.operations.clone(),
        usage: one.usage.clone(),
        refusals: one.refusal.iter().cloned().collect(),
        payments: one.payment.iter().cloned().collect(),
        after: one.after.clone(),
    }
}

fn check_rules(batch: &Batch) -> Result<(), TestCaseError> {
    let mut payments = HashSet::new();
    let mut accounts = HashSet::new();
    for group in &batch.groups {
        prop_assert!(
            accounts.insert(group.account.clone()),
            "an account is one group"
        );
        let lineage = &group.submissions[0].lineage;
        for one in &group.submissions {
            prop_assert_eq!(&one.account, &group.account);
            prop_assert!(one.lineage.is(lineage), "a group is of one lineage");
            prop_assert!(!one.lineage.is_broken());
            let fresh = one
                .payment
                .iter()
                .all(|used| payments.insert(used.key.clone()));
            prop_assert!(fresh, "no payment twice");
            prop_assert!(
                !one.lineage.is_alone() || batch.groups.len() == 1,
                "alone is alone"
            );
        }
    }
    Ok(())
}

fn waiter(
    places: &Arc<Semaphore>,
) -> (
    Waiter,
    tokio::sync::oneshot::Receiver<Result<Settled, LedgerError>>,
) {
    Waiter::new(id(7), Arc::clone(places).try_acquire_owned().unwrap())
}

fn settled() -> Settled {
    Settled {
        outcome: Outcome::Refused(Arc::new(Refusal::NotSubscribed)),
        replayed: false,
    }
}

#[test]
fn the_first_answer_counts_and_gives_the_place_back() {
    let places = Arc::new(Semaphore::new(1));
    let (caller, mut answer) = waiter(&places);
    let same = caller.clone();
    assert_eq!(places.available_permits(), 0);
    assert!(!caller.is_answered() && !caller.is_kept());
    same.answer(Ok(settled()));
    assert_eq!(places.available_permits(), 1);
    caller.answer(Err(LedgerError::Unavailable));
    assert!(caller.is_answered() && caller.is_kept());
    assert_eq!(answer.try_recv(), Ok(Ok(settled())));
}

#[test]
fn an_error_is_not_kept_and_an_unknown_outcome_names_the_operation() {
    let places = Arc::new(Semaphore::new(1));
    let (caller, mut answer) = waiter(&places);
    caller.answer_unknown();
    assert!(caller.is_answered() && !caller.is_kept());
    let operation_id = id(7);
    assert_eq!(
        answer.try_recv(),
        Ok(Err(LedgerError::UnknownOutcome { operation_id }))
    );
}

#[test]
fn a_caller_that_went_away_gives_its_place_back_too() {
    let places = Arc::new(Semaphore::new(1));
    let (caller, answer) = waiter(&places);
    drop(answer);
    caller.answer(Ok(settled()));
    assert_eq!(places.available_permits(), 1);
}

#[test]
fn a_look_that_is_dropped_gives_its_place_back_untold() {
    let places = Arc::new(Semaphore::new(1));
    let (look, mut told) = Look::new(Arc::clone(&places).try_acquire_owned().unwrap());
    drop(look);
    assert_eq!(places.available_permits(), 1);
    assert!(told.try_recv().is_err());
}

#[test]
fn only_what_was_written_ends_being_alone() {
    let book = Book::new("account-0");
    let lineage = lineage(&book, true);
    let state = lineage.committed();
    lineage.commits(state.clone(), false);
    assert!(lineage.is_alone());
    lineage.commits(state, true);
    assert!(!lineage.is_alone());
}

#[test]
fn a_table_of_queues_is_closed_as_told() {
    // Each letter is an account's submission; a capital one has to be alone; `|` ends a batch.
    let table = [
        ("aabb", 9, "aabb"),
        ("abab", 3, "aab|b"),
        ("Abb", 9, "A|bb"),
        ("aBa", 9, "aa|B"),
        ("AAb", 9, "AA|b"),
        ("bAbAc", 9, "bbc|AA"),
    ];
    for (queue, size, wanted) in table {
        let mut lineages = HashMap::new();
        let mut waiting: VecDeque<Submission> = queue
            .chars()
            .map(|letter| {
                let book = Book::new(&letter.to_string());
                let lineages = &mut lineages;
                let alone = letter.is_uppercase();
                let of = lineages
                    .entry(letter)
                    .or_insert_with(|| lineage(&book, alone));
                submission(Book::new(&letter.to_string()).work(), of)
            })
            .collect();
        let mut batches = Vec::new();
        while !waiting.is_empty() {
            let (batch, _) = Batch::close(&mut waiting, size);
            let letters = |group: &super::batch::Group| {
                group.account.as_str().repeat(group.submissions.len())
            };
            batches.push(batch.groups.iter().map(letters).collect::<String>());
        }
        assert_eq!(batches.join("|"), wanted, "{queue}");
    }
}

/// A turn that panics, or decides a charge.
#[derive(Debug)]
struct Asked {
    account: AccountId,
    panics: bool,
    over: Arc<std::sync::Mutex<Vec<Option<LedgerError>>>>,
}

impl Turn for Asked {
    fn account(&self) -> &AccountId {
        &self.account
    }

    fn lookups(&self) -> Lookups {
        Lookups::default()
    }

    fn decide(&mut self, loaded: Loaded, _: Found) -> Vec<Submission> {
        assert!(!self.panics, "an injected panic");
        let mut book = Book::of(loaded);
        book.tell(NOW, 77, charge());
        let lineage = lineage(&book, false);
        vec![submission(book.work(), &lineage)]
    }

    fn over(self: Box<Self>, failed: Option<LedgerError>) {
        self.over.lock().unwrap().push(failed);
    }
}

#[test]
fn a_turn_that_panics_writes_nothing_and_the_writer_goes_on() {
    let store = Arc::new(MemoryStore::new());
    let desk = Desk::new();
    for work in &desk.setup {
        store.write(std::slice::from_ref(work));
    }
    let (writer, task) = Writer::new(Arc::clone(&store) as Arc<dyn Store>, 8);
    let over = Arc::new(std::sync::Mutex::new(Vec::new()));
    let account = desk.books[0].account.id.clone();
    for panics in [true, false] {
        writer.take_turn(Box::new(Asked {
            account: account.clone(),
            panics,
            over: Arc::clone(&over),
        }));
    }
    drop(writer);
    run(task);
    assert_eq!(*over.lock().unwrap(), [Some(LedgerError::Internal), None]);
    let before = desk.books[0].head.sequence;
    assert_eq!(store.read(&account).head.sequence, before.next());
}
