//! What only the store in a file has: the lock, the settings, the triggers, the log, a full disk.

use std::{fs, path::PathBuf, time::Duration};

use credits_migration::{Migrator, MigratorTrait};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, Statement, TransactionTrait,
};
use tempfile::TempDir;
use tokio::{
    runtime::Handle,
    task::{spawn_blocking, yield_now},
};

use super::book::{Book, account, charge, id, purchase, subscribe};
use crate::{
    domain::{command::Request, ids::Sequence},
    store::{
        CommitError, Store, StoreError,
        sql::{OpenError, OpenMode, SqlStore},
    },
};

const OPENED: &str = "2026-01-05T09:00:00Z";
/// Longer than any test lasts: a slow machine decides nothing.
const BUSY_TIMEOUT: Duration = Duration::from_secs(3_600);

/// A database file with its tables, and no rows.
pub(crate) struct File {
    folder: TempDir,
}

impl File {
    pub(crate) async fn new() -> File {
        let file = File {
            folder: tempfile::tempdir().unwrap(),
        };
        let store = file.open().await;
        Migrator::up(&store.migrating().unwrap(), None)
            .await
            .unwrap();
        file
    }

    /// One with `ann`, who is on the largest plan, and what is in it.
    pub(crate) async fn with_ann() -> (File, SqlStore, Book) {
        let file = File::new().await;
        let store = file.open().await;
        let mut book = Book::new("ann");
        book.tell(OPENED, 1, Request::OpenAccount)
            .tell(OPENED, 2, subscribe("studio"));
        commits(&store, &mut book).await;
        (file, store, book)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("credits.db")
    }

    pub(crate) async fn open(&self) -> SqlStore {
        SqlStore::open(&self.path(), OpenMode::ReadWrite, BUSY_TIMEOUT)
            .await
            .unwrap()
    }

    pub(crate) async fn open_to_read(&self) -> SqlStore {
        SqlStore::open(&self.path(), OpenMode::ReadOnly, BUSY_TIMEOUT)
            .await
            .unwrap()
    }

    /// A connection as anybody could make one.
    pub(crate) async fn raw(&self) -> DatabaseConnection {
        let mut options = ConnectOptions::new(format!("sqlite:{}", self.path().display()));
        options.map_sqlx_sqlite_opts(|options| options.busy_timeout(BUSY_TIMEOUT));
        Database::connect(options).await.unwrap()
    }

    /// Runs a statement behind the store's back.
    pub(crate) async fn execute(&self, statement: &str) {
        let raw = self.raw().await;
        raw.execute_unprepared(statement).await.unwrap();
    }

    /// The number that a query answers.
    pub(crate) async fn number(&self, query: &str) -> i64 {
        let raw = self.raw().await;
        let asked = Statement::from_string(raw.get_database_backend(), query);
        let row = raw.query_one_raw(asked).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }
}

fn ann() -> Book {
    let mut book = Book::new("ann");
    book.tell(OPENED, 1, Request::OpenAccount)
        .tell(OPENED, 2, subscribe("creator"))
        .tell(OPENED, 3, charge())
        .tell(OPENED, 4, purchase("pay-1"));
    book
}

async fn commits(store: &SqlStore, book: &mut Book) {
    assert_eq!(store.commit(&[book.work()]).await.unwrap().lost, []);
}

/// Inserts an operation of that kind at that position, behind the store's back.
fn inserts(sequence: i64, kind: &str) -> String {
    format!(
        "INSERT INTO operation SELECT account_id, {sequence}, randomblob(16), content, '{kind}', \
         at_us, recorded_at_us, catalog_version, hold, action, model, project, payment, chain, NULL, 5, \
         consumed, change, available_after, held_after, postings, fact, balance, previous, hash \
         FROM operation WHERE sequence = 1"
    )
}

#[tokio::test]
async fn migrations_go_down_and_up_again() {
    let file = File::new().await;
    let raw = file.raw().await;
    Migrator::down(&raw, None).await.unwrap();
    let left = raw
        .execute_unprepared("CREATE TABLE account (id INTEGER); DROP TABLE account")
        .await;
    left.unwrap();
    Migrator::up(&raw, None).await.unwrap();
    commits(&file.open().await, &mut ann()).await;
}

#[tokio::test]
async fn history_is_not_changed_by_any_statement() {
    let file = File::new().await;
    let store = file.open().await;
    commits(&store, &mut ann()).await;
    let mut refused = Book::of(store.load(&account("ann")).await.unwrap());
    refused.tell(OPENED, 5, Request::OpenAccount);
    commits(&store, &mut refused).await;
    let raw = file.raw().await;
    raw.execute_unprepared(
        "INSERT INTO catalog VALUES (1, 0, 0, zeroblob(32), 'source', NULL, NULL)",
    )
    .await
    .unwrap();
    let columns = "account_id, sequence, operation_id, content, kind, at_us, recorded_at_us, \
                   catalog_version, hold, action, model, project, granted, consumed, change, \
                   available_after, held_after, postings, fact, balance, previous, hash";
    for (statement, says) in [
        (
            "UPDATE operation SET consumed = 0",
            "operations never change",
        ),
        (
            "UPDATE OR REPLACE operation SET sequence = 1",
            "operations never change",
        ),
        ("DELETE FROM operation", "operations are never deleted"),
        (
            "INSERT OR REPLACE INTO operation SELECT * FROM operation",
            "never replaced",
        ),
        (
            &format!(
                "INSERT OR REPLACE INTO operation (rowid, {columns}) SELECT rowid, {} FROM operation",
                columns
                    .replace("sequence", "sequence + 100")
                    .replace("operation_id", "randomblob(16)")
            ),
            "never replaced",
        ),
        (
            "UPDATE payment SET reference = 'x'",
            "payments never change",
        ),
        ("DELETE FROM payment", "payments are never deleted"),
        (
            "INSERT OR REPLACE INTO payment SELECT * FROM payment",
            "never replaced",
        ),
        (
            "UPDATE catalog SET source = 'x'",
            "published catalogs never change",
        ),
        (
            "DELETE FROM catalog",
            "published catalogs are never deleted",
        ),
        (
            "REPLACE INTO catalog SELECT * FROM catalog",
            "never replaced",
        ),
        ("UPDATE refusal SET at_us = 0", "refusals never change"),
        (
            "UPDATE account SET external_id = 'x'",
            "accounts keep their names",
        ),
        ("DELETE FROM account", "accounts are never deleted"),
    ] {
        let error = raw
            .execute_unprepared(statement)
            .await
            .expect_err(statement);
        assert!(error.to_string().contains(says), "{statement}: {error}");
    }
    raw.execute_unprepared("DELETE FROM refusal").await.unwrap();
}

#[tokio::test]
async fn credits_enter_only_by_their_origins() {
    let file = File::new().await;
    let store = file.open().await;
    commits(&store, &mut ann()).await;
    let raw = file.raw().await;
    for kind in [
        "charge",
        "hold_released",
        "expiry",
        "account_opened",
        "revocation",
        "gift",
    ] {
        let inserted = raw.execute_unprepared(&inserts(99, kind)).await;
        inserted.expect_err(kind);
    }
    raw.execute_unprepared(&inserts(99, "pack_purchase"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_second_writer_is_refused_by_name() {
    let file = File::new().await;
    let first = file.open().await;
    let error = SqlStore::open(&file.path(), OpenMode::ReadWrite, BUSY_TIMEOUT)
        .await
        .unwrap_err();
    let OpenError::InUse { holder, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(*holder, Some(std::process::id()));
    assert!(error.to_string().contains("credits.db"), "{error}");
    drop(first);
    file.open().await;
}

#[tokio::test]
async fn a_database_without_a_log_is_refused() {
    // One in memory. Its lock is a file all the same, which no other process has.
    let path = format!("file:credits-{}?mode=memory", std::process::id());
    let error = SqlStore::open(path.as_ref(), OpenMode::ReadWrite, BUSY_TIMEOUT).await;
    fs::remove_file(format!("{path}.lock")).unwrap();
    let error = error.unwrap_err();
    assert!(
        matches!(
            error,
            OpenError::Setting {
                pragma: "journal_mode",
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn reading_goes_on_beside_the_writer_and_writes_nothing() {
    let file = File::new().await;
    let store = file.open().await;
    let reader = file.open_to_read().await;
    let mut book = ann();
    commits(&store, &mut book).await;
    assert_eq!(
        reader.load(&account("ann")).await.unwrap().account,
        book.account
    );
    book.tell(OPENED, 9, charge());
    let refused = reader.commit(&[book.work()]).await;
    assert!(matches!(
        refused,
        Err(CommitError::RolledBack(StoreError::Unavailable(_)))
    ));
    let missing = SqlStore::open(
        &file.path().with_extension("no"),
        OpenMode::ReadOnly,
        BUSY_TIMEOUT,
    )
    .await;
    assert!(matches!(missing, Err(OpenError::Connect { .. })));
}

/// A copy of the files beside a running service is what a killed one leaves: the log has not been
/// moved, and its index in shared memory is gone.
#[tokio::test]
async fn a_log_left_behind_is_read_and_written_on() {
    let file = File::new().await;
    let store = file.open().await;
    let mut book = ann();
    commits(&store, &mut book).await;
    let left = File {
        folder: tempfile::tempdir().unwrap(),
    };
    for end in ["", "-wal"] {
        let name = |file: &File| PathBuf::from(format!("{}{end}", file.path().display()));
        fs::copy(name(&file), name(&left)).unwrap();
    }
    let reader = left.open_to_read().await;
    assert_eq!(
        reader.load(&account("ann")).await.unwrap().account,
        book.account
    );
    let writer = left.open().await;
    book.tell(OPENED, 9, charge());
    commits(&writer, &mut book).await;
    assert_eq!(
        reader.load(&account("ann")).await.unwrap().account,
        book.account
    );
}

#[tokio::test]
async fn a_full_database_has_rolled_back_and_goes_on_once_there_is_room() {
    let file = File::new().await;
    let store = file.open().await;
    let mut book = ann();
    commits(&store, &mut book).await;
    store.limit_file("1").await;
    let before = book.clone();
    for number in 100..160 {
        book.tell(OPENED, number, purchase(&format!("pay-{number}")));
    }
    let work = book.work();
    let full = store.commit(std::slice::from_ref(&work)).await;
    assert!(
        matches!(
            full,
            Err(CommitError::RolledBack(StoreError::Unavailable(_)))
        ),
        "{full:?}"
    );
    assert_eq!(
        store.load(&account("ann")).await.unwrap().account,
        before.account
    );
    let payment = &work.payments[0].key;
    assert_eq!(store.payment(payment).await.unwrap(), None);
    // There is room again, and the same connection goes on.
    store.limit_file("1000000").await;
    assert_eq!(store.commit(&[work]).await.unwrap().lost, []);
    assert_eq!(
        store.load(&account("ann")).await.unwrap().account,
        book.account
    );
}

#[tokio::test]
async fn a_batch_that_failed_leaves_the_file_to_others() {
    let file = File::new().await;
    let store = file.open().await;
    let mut book = ann();
    commits(&store, &mut book).await;
    // An index on what can't be worked out.
    file.execute(
        "CREATE INDEX fails ON payment (json('{' || reference)) WHERE reference = 'pay-2'",
    )
    .await;
    book.tell(OPENED, 5, purchase("pay-2"));
    let work = book.work();
    let failed = store.commit(std::slice::from_ref(&work)).await;
    assert!(
        matches!(failed, Err(CommitError::RolledBack(_))),
        "{failed:?}"
    );
    file.execute("PRAGMA busy_timeout = 0; DROP INDEX fails")
        .await;
    assert_eq!(store.commit(&[work]).await.unwrap().lost, []);
}

/// One that read before it had its turn would find another state than it writes to.
#[tokio::test]
async fn a_batch_waits_for_whoever_writes_before_it_reads() {
    let file = File::new().await;
    let store = file.open().await;
    let mut book = ann();
    commits(&store, &mut book).await;
    let waits = store.count_waits().await;
    let other = file.raw().await.begin().await.unwrap();
    other
        .execute_unprepared(&inserts(5, "pack_purchase"))
        .await
        .unwrap();
    book.tell(OPENED, 5, charge());
    let work = book.work();
    // It keeps its thread for as long as it waits.
    let runtime = Handle::current();
    let writing = spawn_blocking(move || runtime.block_on(store.commit(&[work])));
    while waits() == 0 {
        assert!(!writing.is_finished(), "it waits for its turn");
        yield_now().await;
    }
    other.commit().await.unwrap();
    // It has read what the other one wrote.
    assert_eq!(writing.await.unwrap().unwrap().lost, [account("ann")]);
}

#[tokio::test]
async fn a_row_that_was_tampered_with_is_corrupt() {
    let file = File::new().await;
    let store = file.open().await;
    commits(&store, &mut ann()).await;
    let raw = file.raw().await;
    for damage in [
        "UPDATE account SET held = 1",
        "UPDATE account SET held = 0, sequence = 9",
        "UPDATE account SET sequence = 4, snapshot = '{}'",
    ] {
        raw.execute_unprepared(damage).await.unwrap();
        let loaded = store.load(&account("ann")).await;
        assert!(
            matches!(loaded, Err(StoreError::Corrupt(_))),
            "{damage}: {loaded:?}"
        );
    }
    raw.execute_unprepared("DROP TRIGGER operation_update")
        .await
        .unwrap();
    raw.execute_unprepared("UPDATE operation SET granted = 7 WHERE sequence = 2")
        .await
        .unwrap();
    let read = store
        .operation_at(&account("ann"), crate::domain::time::Instant::MAX)
        .await;
    assert_eq!(read.unwrap().unwrap().sequence, Sequence(4));
    let read = store.decisions(&account("ann"), &[id(2)]).await;
    assert!(matches!(read, Err(StoreError::Corrupt(_))), "{read:?}");
}
