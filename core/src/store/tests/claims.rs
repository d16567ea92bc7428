//! Accounts with something due, claimed, decided on and written in one transaction: on each store, and on
//! a server by several nodes at once.

use std::sync::mpsc;

use sea_orm::ConnectionTrait;

use super::{
    book::{Book, account, at, charge, subscribe},
    on_each_store, postgres,
};
use crate::{
    domain::{
        command::Request,
        event::OperationKind,
        ids::{AccountId, Sequence},
    },
    store::{
        AccountWork, CommitError, Committed, DueClaim, DueDecision, DueWindow, Found, Loaded,
        LockedDecision, Lookups, OperationFilter, SequenceWindow, Store, sql::SqlStore,
    },
    verify::verify,
};

const OPENED: &str = "2026-01-05T09:00:00Z";
const RENEWS: &str = "2026-02-05T09:00:00Z";
const LATER: &str = "2026-02-06T09:00:00Z";

/// Accounts that are due all at once.
const ACCOUNTS: usize = 300;
/// How many one node has in hand when something happens.
const CLAIMED: usize = 100;

fn name(number: usize) -> String {
    format!("account-{number}")
}

async fn open(store: &dyn Store, accounts: usize) {
    let opened = |number| {
        let mut book = Book::new(&name(number));
        book.tell(OPENED, 1, Request::OpenAccount)
            .tell(OPENED, 2, subscribe("creator"));
        book.work()
    };
    let works: Vec<AccountWork> = (0..accounts).map(opened).collect();
    assert_eq!(store.commit(&works).await.unwrap().lost, []);
}

/// Renews whatever it is given, and keeps what that was.
#[derive(Default)]
struct Renewing {
    works: Vec<AccountWork>,
    elsewhere: u64,
    /// Says that it has been given something, and waits for a word.
    held: Option<(mpsc::Sender<()>, mpsc::Receiver<()>)>,
}

impl DueDecision for Renewing {
    fn decide(&mut self, claim: DueClaim) -> &[AccountWork] {
        self.elsewhere = claim.elsewhere;
        let renewed = claim.accounts.into_iter().map(|due| {
            let mut book = Book::of(due.loaded.unwrap());
            book.pass(at(RENEWS)).work()
        });
        self.works = renewed.collect();
        if let Some((begun, go_on)) = self.held.take() {
            begun.send(()).unwrap();
            go_on.recv().unwrap();
        }
        &self.works
    }
}

fn first(limit: usize) -> DueWindow {
    DueWindow {
        before: at(RENEWS),
        after: None,
        limit: limit as u64,
    }
}

/// What a node finds and does.
async fn sweep(store: &dyn Store, limit: usize) -> (Renewing, Result<Committed, CommitError>) {
    let mut renewing = Renewing::default();
    let committed = store.commit_due(&first(limit), &mut renewing).await;
    (renewing, committed)
}

async fn renewals(store: &dyn Store, name: &str) -> usize {
    let everything = SequenceWindow {
        above: None,
        below: None,
        newest_first: false,
        limit: 100,
    };
    let renewals = OperationFilter {
        kinds: vec![OperationKind::PeriodGrant],
        ..OperationFilter::default()
    };
    let id = account(name);
    let operations = store.operations(&id, &renewals, &everything);
    operations.await.unwrap().len()
}

on_each_store!(what_is_claimed_is_written_with_the_claim_and_due_no_more);

async fn what_is_claimed_is_written_with_the_claim_and_due_no_more(store: &dyn Store) {
    open(store, 5).await;
    for wanted in [3, 2, 0] {
        let (did, committed) = sweep(store, 3).await;
        assert_eq!(committed.unwrap().lost, []);
        assert_eq!((did.works.len(), did.elsewhere), (wanted, 0));
    }
    for number in 0..5 {
        assert_eq!(renewals(store, &name(number)).await, 1);
    }
    let report = verify(store).await.unwrap();
    assert!(report.is_clean(), "{report}");
}

/// A node in the middle of a claim, on a thread of its own.
struct Midway {
    go_on: mpsc::Sender<()>,
    over: std::thread::JoinHandle<Result<Committed, CommitError>>,
}

impl Midway {
    /// Returns once it has claimed.
    fn start(url: &str) -> Midway {
        let (begun, begins) = mpsc::channel();
        let (go_on, goes_on) = mpsc::channel();
        let url = url.to_owned();
        let node = async move {
            let store: SqlStore = postgres::connect(&url).await;
            let mut renewing = Renewing {
                held: Some((begun, goes_on)),
                ..Renewing::default()
            };
            let committed = store.commit_due(&first(CLAIMED), &mut renewing).await;
            assert_eq!((renewing.works.len(), renewing.elsewhere), (CLAIMED, 0));
            committed
        };
        let over = std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = { runtime }.enable_all().build().unwrap();
            runtime.block_on(node)
        });
        begins.recv().unwrap();
        Midway { go_on, over }
    }

    fn end(self) -> Result<Committed, CommitError> {
        self.go_on.send(()).unwrap();
        self.over.join().unwrap()
    }
}

async fn each_renewed_once(store: &dyn Store) {
    for number in 0..ACCOUNTS {
        assert_eq!(renewals(store, &name(number)).await, 1, "{number}");
    }
    let report = verify(store).await.unwrap();
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn what_one_node_has_another_passes_over_and_nothing_is_decided_twice() {
    let url = postgres::database().await;
    let store = postgres::connect(&url).await;
    open(&store, ACCOUNTS).await;
    let midway = Midway::start(&url);
    let (did, committed) = sweep(&store, ACCOUNTS).await;
    assert_eq!(committed.unwrap().lost, []);
    assert_eq!(
        (did.works.len(), did.elsewhere),
        (ACCOUNTS - CLAIMED, CLAIMED as u64)
    );
    // The one that was later has not lost for it.
    assert_eq!(midway.end().unwrap().lost, []);
    let (did, _) = sweep(&store, ACCOUNTS).await;
    assert_eq!((did.works.len(), did.elsewhere), (0, 0));
    each_renewed_once(&store).await;
}

#[tokio::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn what_a_node_had_that_died_midway_is_found_by_another() {
    let url = postgres::database().await;
    let store = postgres::connect(&url).await;
    open(&store, ACCOUNTS).await;
    let midway = Midway::start(&url);
    let (did, _) = sweep(&store, ACCOUNTS).await;
    assert_eq!(did.elsewhere, CLAIMED as u64);
    let killed = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity \
                  WHERE datname = current_database() AND state = 'idle in transaction'";
    postgres::raw(&url)
        .await
        .execute_unprepared(killed)
        .await
        .unwrap();
    let (did, committed) = sweep(&store, ACCOUNTS).await;
    assert_eq!(committed.unwrap().lost, []);
    assert_eq!((did.works.len(), did.elsewhere), (CLAIMED, 0));
    let died = midway.end();
    assert!(matches!(died, Err(CommitError::RolledBack(_))), "{died:?}");
    each_renewed_once(&store).await;
}

/// Charges an account once it is locked, as it is then.
struct Charging(AccountId, Option<(Sequence, AccountWork)>);

impl LockedDecision for Charging {
    fn account(&self) -> &AccountId {
        &self.0
    }

    fn lookups(&self) -> Lookups {
        Lookups::default()
    }

    fn decide(&mut self, loaded: Loaded, _: Found) -> Option<&AccountWork> {
        let found = loaded.head.sequence;
        let work = Book::of(loaded).tell(LATER, 9, charge()).work();
        let (_, work) = self.1.insert((found, work));
        Some(work)
    }
}

#[tokio::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn a_charge_on_what_is_claimed_loses_and_then_waits_for_the_renewal() {
    let url = postgres::database().await;
    let store = postgres::connect(&url).await;
    open(&store, ACCOUNTS).await;
    let midway = Midway::start(&url);
    let ann = account(&name(0));
    let mut book = Book::of(store.load(&ann).await.unwrap());
    let charged = [book.tell(LATER, 9, charge()).work()];
    let lost = store.commit(&charged).await.unwrap().lost;
    assert_eq!(lost, std::slice::from_ref(&ann));
    let mut charging = Charging(ann.clone(), None);
    let mut charged = Box::pin(store.commit_locked(&mut charging));
    postgres::until_it_waits(&url, &mut charged).await;
    assert_eq!(midway.end().unwrap().lost, []);
    assert_eq!(charged.await.unwrap().lost, []);
    let (found, _) = charging.1.unwrap();
    // What was unused ended and the next period was granted, before it was charged.
    assert_eq!(found, Sequence(4));
    assert_eq!(renewals(&store, &name(0)).await, 1);
}
