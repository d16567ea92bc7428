//! A PostgreSQL database of each test's own, and what only a store on a server has.

#[path = "../../../../tests/src/cluster.rs"]
#[expect(dead_code, reason = "the tests of the service use the rest of it")]
mod cluster;
#[path = "../../../../tests/src/harness/need.rs"]
mod need;
#[path = "../../../../tests/src/proxy.rs"]
#[expect(dead_code, reason = "the tests of the service use the rest of it")]
mod proxy;
#[path = "../../../../tests/src/harness/wait.rs"]
mod wait;

use std::{fmt::Debug, pin::pin, time::Duration};

use credits_migration::{Migrator, MigratorTrait};
use futures_util::future::{Either, join, select};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement, TransactionTrait};
use tokio::sync::OnceCell;

use self::{
    cluster::Cluster,
    need::require,
    proxy::{Proxy, Trouble},
    wait::until,
};
use super::book::{Book, account, charge, purchase, subscribe};
use crate::{
    domain::{command::Request, ids::AccountId},
    store::{
        AccountWork, CommitError, Found, Loaded, LockedDecision, Lookups, Store, StoreError,
        sql::{OpenError, OpenMode, ServerOptions, SqlStore},
    },
};

const OPENED: &str = "2026-01-05T09:00:00Z";
/// Longer than any test lasts: a slow machine decides nothing.
const HOUR: Duration = Duration::from_secs(3_600);

/// The URL of a new database with its tables, and no rows.
pub(crate) async fn database() -> String {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    let cluster = Cluster::shared();
    require("PostgreSQL", cluster.is_some());
    let cluster = cluster.expect("it is required");
    let template = TEMPLATE.get_or_init(|| async {
        let name = cluster.database(None);
        let store = connect(&cluster.url(&name)).await;
        let connection = store.migrating().unwrap();
        Migrator::up(&connection, None).await.unwrap();
        store.close().await;
        name
    });
    let name = cluster.database(Some(template.await));
    cluster.url(&name)
}

pub(crate) async fn connect(url: &str) -> SqlStore {
    SqlStore::connect(&options(url), OpenMode::ReadWrite)
        .await
        .unwrap()
}

fn options(url: &str) -> ServerOptions {
    ServerOptions {
        url: url.to_owned(),
        writers: 1,
        readers: 2,
        statement_timeout: HOUR,
        lock_timeout: HOUR,
        deadline: HOUR,
    }
}

/// A store that waits for no lock for long.
async fn hasty(url: &str) -> SqlStore {
    let options = ServerOptions {
        lock_timeout: Duration::from_millis(100),
        ..options(url)
    };
    let opened = SqlStore::connect(&options, OpenMode::ReadWrite);
    opened.await.unwrap()
}

pub(crate) async fn raw(url: &str) -> DatabaseConnection {
    Database::connect(url).await.unwrap()
}

/// The number that a query answers.
async fn number(raw: &DatabaseConnection, query: &str) -> i64 {
    let asked = Statement::from_string(raw.get_database_backend(), query);
    let row = raw.query_one_raw(asked).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

/// Lets something go on until a statement of the database waits for a lock. It must not end before.
pub(crate) async fn until_it_waits(url: &str, waiting: &mut (impl Future<Output: Debug> + Unpin)) {
    const WAITS: &str = "SELECT count(*) FROM pg_stat_activity \
                         WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let raw = raw(url).await;
    let looks = pin!(until("a statement waits for a lock", async || {
        (number(&raw, WAITS).await > 0).then_some(())
    }));
    match select(waiting, looks).await {
        Either::Left((ended, _)) => panic!("it waits for the lock: {ended:?}"),
        Either::Right(((), _)) => {}
    }
}

async fn opened(store: &SqlStore, name: &str) -> Book {
    let mut book = Book::new(name);
    book.tell(OPENED, 1, Request::OpenAccount)
        .tell(OPENED, 2, subscribe("creator"));
    assert_eq!(store.commit(&[book.work()]).await.unwrap().lost, []);
    book
}

/// What another node's transaction that opens `ann` begins with.
const OPENING: &str = "INSERT INTO account (external_id, sequence, head_hash, standing, available, held, \
                       opened_at_us, snapshot) \
                       VALUES ('ann', 0, decode(repeat('00', 32), 'hex'), 'unsubscribed', 0, 0, 0, '{}')";
const LOCK: &str = "SELECT id FROM account WHERE external_id = 'ann' FOR NO KEY UPDATE";

#[tokio::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn an_account_that_another_transaction_has_is_lost_and_not_waited_for() {
    let url = database().await;
    let store = connect(&url).await;
    let (mut ann, mut bob) = (opened(&store, "ann").await, opened(&store, "bob").await);
    let other = raw(&url).await.begin().await.unwrap();
    other.execute_unprepared(LOCK).await.unwrap();
    let batch = [
        ann.clone().tell(OPENED, 3, charge()).work(),
        bob.tell(OPENED, 3, charge()).work(),
    ];
    let committed = store.commit(&batch).await.unwrap();
    assert_eq!(committed.lost, [account("ann")]);
    other.rollback().await.unwrap();
    ann.tell(OPENED, 3, charge());
    assert_eq!(store.commit(&[ann.work()]).await.unwrap().lost, []);
}

/// What another node committed after the look at an account and before its lock is seen.
#[tokio::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn many_at_once_on_one_account_leave_one_chain() {
    let url = database().await;
    let stores = [connect(&url).await, connect(&url).await];
    opened(&stores[0], "ann").await;
    let mut won = 0;
    for round in 0..20_u128 {
        let both = stores.each_ref().map(|store| async move {
            let mut book = Book::of(store.load(&account("ann")).await.unwrap());
            let work = book.tell(OPENED, 10 + round, charge()).work();
            store.commit(&[work]).await.unwrap().lost.is_empty()
        });
        let both = futures_util::future::join_all(both).await;
        let winners = both.into_iter().filter(|won| *won).count();
        assert!(winners <= 1, "an id is decided once");
        won += winners;
    }
    let loaded = stores[0].load(&account("ann")).await.unwrap();
    assert_eq!(loaded.head.sequence.0, 2 + won as i64);
    assert!(crate::verify::verify(&stores[0]).await.unwrap().is_clean());
}

#[tokio::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn an_unknown_commit_is_told_after_the_old_transaction_is_over() {
    let url = database().await;
    let store = connect(&url).await;
    let mut ann = opened(&store, "ann").await;
    let work = ann.tell(OPENED, 3, charge()).work();
    let batch = [work];
    let other = raw(&url).await.begin().await.unwrap();
    other.execute_unprepared(LOCK).await.unwrap();
    let mut told = Box::pin(store.resolve(&batch));
    until_it_waits(&url, &mut told).await;
    other.rollback().await.unwrap();
    assert_eq!(told.await.unwrap().lost, [account("ann")]);
    store.commit(&batch).await.unwrap();
    assert_eq!(store.resolve(&batch).await.unwrap().lost, []);
    let refused = [ann.tell(OPENED, 4, Request::OpenAccount).work()];
    assert_eq!(
        store.resolve(&refused).await.unwrap().lost,
        [account("ann")]
    );
    store.commit(&refused).await.unwrap();
    assert_eq!(store.resolve(&refused).await.unwrap().lost, []);
}

#[tokio::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn an_unknown_opening_is_waited_for_as_well() {
    let url = database().await;
    let store = connect(&url).await;
    let mut ann = Book::new("ann");
    let batch = [ann.tell(OPENED, 1, Request::OpenAccount).work()];
    let other = raw(&url).await.begin().await.unwrap();
    other.execute_unprepared(OPENING).await.unwrap();
    let mut told = Box::pin(store.resolve(&batch));
    until_it_waits(&url, &mut told).await;
    other.rollback().await.unwrap();
    assert_eq!(told.await.unwrap().lost, [account("ann")]);
    assert!(!store.load(&account("ann")).await.unwrap().account.is_open());
}

#[tokio::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn what_waits_too_long_for_a_lock_has_changed_nothing() {
    let url = database().await;
    let hasty = hasty(&url).await;
    let other = raw(&url).await.begin().await.unwrap();
    other.execute_unprepared(OPENING).await.unwrap();
    let work = Book::new("ann")
        .tell(OPENED, 1, Request::OpenAccount)
        .work();
    let failed = hasty.commit(std::slice::from_ref(&work)).await;
    assert!(
        matches!(
            failed,
            Err(CommitError::RolledBack(StoreError::Unavailable(_)))
        ),
        "{failed:?}"
    );
    other.rollback().await.unwrap();
    assert_eq!(hasty.commit(&[work]).await.unwrap().lost, []);
}

/// An account whose row somebody else keeps: nobody waits for it longer than is set, and what an unknown
/// COMMIT came to is not guessed meanwhile.
#[tokio::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn a_row_that_is_held_for_long_keeps_nobody_for_long() {
    let url = database().await;
    let hasty = hasty(&url).await;
    let mut ann = opened(&hasty, "ann").await;
    let other = raw(&url).await.begin().await.unwrap();
    other.execute_unprepared(LOCK).await.unwrap();
    let work = ann.tell(OPENED, 3, charge()).work();
    let late = hasty.commit_locked(&mut Locked(work.clone())).await;
    assert!(
        matches!(
            late,
            Err(CommitError::RolledBack(StoreError::Unavailable(_)))
        ),
        "{late:?}"
    );
    let told = hasty.resolve(std::slice::from_ref(&work)).await;
    assert!(matches!(told, Err(StoreError::Unavailable(_))), "{told:?}");
    other.rollback().await.unwrap();
    let committed = hasty.commit_locked(&mut Locked(work.clone())).await;
    assert_eq!(committed.unwrap().lost, []);
    assert_eq!(hasty.resolve(&[work]).await.unwrap().lost, []);
}

/// What was decided, whatever is there.
struct Locked(AccountWork);

impl LockedDecision for Locked {
    fn account(&self) -> &AccountId {
        &self.0.account
    }

    fn lookups(&self) -> Lookups {
        Lookups::default()
    }

    fn decide(&mut self, _: Loaded, _: Found) -> Option<&AccountWork> {
        Some(&self.0)
    }
}

#[tokio::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn a_statement_that_takes_too_long_or_loses_its_server_has_changed_nothing() {
    const WAITS: &str = "CREATE FUNCTION waits() RETURNS trigger LANGUAGE plpgsql AS \
                         $$ BEGIN PERFORM pg_sleep(86400); RETURN NEW; END $$; \
                         CREATE TRIGGER waits BEFORE INSERT ON operation \
                         FOR EACH ROW EXECUTE FUNCTION waits();";
    const ENDS: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                        WHERE datname = current_database() AND wait_event = 'PgSleep'";
    for (statement_timeout, ends) in [(Duration::from_secs(1), None), (HOUR, Some(ENDS))] {
        let url = database().await;
        let options = ServerOptions {
            statement_timeout,
            ..options(&url)
        };
        let store = SqlStore::connect(&options, OpenMode::ReadWrite)
            .await
            .unwrap();
        let mut ann = opened(&connect(&url).await, "ann").await;
        let raw = raw(&url).await;
        raw.execute_unprepared(WAITS).await.unwrap();
        let work = ann.tell(OPENED, 3, charge()).work();
        let ending = async {
            if let Some(ends) = ends {
                until("a statement takes long", async || {
                    (number(&raw, ends).await > 0).then_some(())
                })
                .await;
            }
        };
        let batch = std::slice::from_ref(&work);
        let (failed, ()) = join(store.commit(batch), ending).await;
        assert!(
            matches!(
                failed,
                Err(CommitError::RolledBack(StoreError::Unavailable(_)))
            ),
            "{failed:?}"
        );
        raw.execute_unprepared("DROP TRIGGER waits ON operation")
            .await
            .unwrap();
        // A busy machine may make an honest statement too late as well.
        let committed = until("the store writes", async || store.commit(batch).await.ok()).await;
        assert_eq!(committed.lost, []);
    }
}

/// After a restart of the server every connection that waits in a pool is dead.
#[tokio::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn no_call_fails_because_connections_that_waited_are_gone() {
    const ENDS: &str = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity \
                        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    const ACCOUNTS: [&str; 4] = ["ann", "bob", "cec", "dan"];
    let url = database().await;
    let store = connect(&url).await;
    for name in ACCOUNTS {
        opened(&store, name).await;
    }
    let ids = ACCOUNTS.map(account);
    for _ in 0..3 {
        // As many connections as there may be.
        let reads = ids.iter().cycle().take(32).map(|id| store.load(id));
        futures_util::future::try_join_all(reads).await.unwrap();
        let raw = raw(&url).await;
        raw.execute_unprepared(ENDS).await.unwrap();
        let reads = ids.iter().cycle().take(32).map(|id| store.load(id));
        futures_util::future::try_join_all(reads).await.unwrap();
        raw.execute_unprepared(ENDS).await.unwrap();
        let mut fresh = Book::new("eve");
        let work = fresh.tell(OPENED, 1, Request::OpenAccount).work();
        // A repetition, after the first time: it has lost, and the transaction is there all the same.
        store.commit(&[work]).await.unwrap();
    }
}

#[tokio::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn history_is_not_changed_by_any_statement() {
    let url = database().await;
    let store = connect(&url).await;
    let mut ann = opened(&store, "ann").await;
    ann.tell(OPENED, 3, purchase("pay-1"));
    store.commit(&[ann.work()]).await.unwrap();
    let raw = raw(&url).await;
    for (statement, says) in [
        (
            "UPDATE operation SET consumed = 0",
            "operations never change",
        ),
        ("DELETE FROM operation", "operations are never deleted"),
        ("TRUNCATE operation CASCADE", "never truncated"),
        ("UPDATE payment SET quantity = 9", "payments never change"),
        ("DELETE FROM payment", "payments are never deleted"),
        (
            "UPDATE account SET external_id = 'bob'",
            "accounts keep their names",
        ),
        ("DELETE FROM account", "accounts are never deleted"),
        ("TRUNCATE account CASCADE", "never truncated"),
    ] {
        let error = raw
            .execute_unprepared(statement)
            .await
            .expect_err(statement);
        assert!(error.to_string().contains(says), "{statement}: {error}");
    }
}

#[tokio::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn a_server_that_would_lose_what_it_acknowledged_is_refused() {
    let url = database().await;
    let name = url.rsplit('/').next().unwrap();
    let off = format!("ALTER DATABASE {name} SET synchronous_commit = off");
    raw(&url).await.execute_unprepared(&off).await.unwrap();
    let refused = SqlStore::connect(&options(&url), OpenMode::ReadWrite).await;
    let Err(OpenError::ServerSetting { name, found }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!((name, found.as_str()), ("synchronous_commit", "off"));
    // What only reads loses nothing.
    SqlStore::connect(&options(&url), OpenMode::ReadOnly)
        .await
        .unwrap();
}

#[tokio::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn the_steps_go_down_and_up_again() {
    let url = database().await;
    let raw = raw(&url).await;
    Migrator::down(&raw, None).await.unwrap();
    Migrator::up(&raw, None).await.unwrap();
    opened(&connect(&url).await, "ann").await;
}

/// A proxy before the server, and the same database over it.
fn over(url: &str, trouble: Trouble) -> (Proxy, String) {
    let port = Cluster::shared().unwrap().port();
    let proxy = Proxy::before(port, trouble);
    let url = url.replace(&port.to_string(), &proxy.port().to_string());
    (proxy, url)
}

#[tokio::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn a_connection_that_is_cut_at_commit_is_unknown_and_then_told() {
    for (trouble, kept) in [
        (Trouble::CutBeforeCommit, false),
        (Trouble::CutAfterCommit, true),
    ] {
        let url = database().await;
        let direct = connect(&url).await;
        let mut ann = opened(&direct, "ann").await;
        let (_proxy, over) = over(&url, trouble);
        let store = connect(&over).await;
        let batch = [ann.tell(OPENED, 3, charge()).work()];
        let failed = store.commit(&batch).await;
        assert!(matches!(failed, Err(CommitError::Unknown(_))), "{failed:?}");
        let told = store.resolve(&batch).await.unwrap();
        assert_eq!(told.lost.is_empty(), kept);
        let loaded = direct.load(&account("ann")).await.unwrap();
        assert_eq!(loaded.head.sequence.0, if kept { 3 } else { 2 });
    }
}

#[tokio::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn connections_that_no_longer_answer_are_given_up() {
    let url = database().await;
    let direct = connect(&url).await;
    let mut ann = opened(&direct, "ann").await;
    let (proxy, over) = over(&url, Trouble::None);
    let options = ServerOptions {
        deadline: Duration::from_millis(500),
        ..options(&over)
    };
    // A slow machine may need more than one deadline to connect.
    let store = until("it is connected", async || {
        let connected = SqlStore::connect(&options, OpenMode::ReadWrite).await;
        connected.ok()
    });
    let store = store.await;
    let work = ann.tell(OPENED, 3, charge()).work();
    proxy.make(Trouble::Silent);
    // More often than there are connections.
    for _ in 0..=options.writers + 4 {
        let failed = store.commit(std::slice::from_ref(&work)).await;
        assert!(
            matches!(
                failed,
                Err(CommitError::RolledBack(StoreError::Unavailable(_)))
            ),
            "{failed:?}"
        );
        assert!(store.load(&account("ann")).await.is_err());
    }
    proxy.make(Trouble::None);
    let read = until("it is read", async || {
        store.load(&account("ann")).await.ok()
    });
    assert_eq!(read.await.head.sequence.0, 2);
    let batch = [work];
    until("it is written", async || store.commit(&batch).await.ok()).await;
    let loaded = direct.load(&account("ann")).await.unwrap();
    assert_eq!(loaded.head.sequence.0, 3);
}
