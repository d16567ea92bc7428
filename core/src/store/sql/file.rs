//! The connection on which batches are written to a file.
//!
//! It works on the thread of whoever calls, which is the writer's own. The driver of the other connections has
//! a thread for each, which is told every statement and waited for: a commit of thirty charges went to and fro
//! some twenty-five times, which took longer than what SQLite did. Owns how statements and values that SeaORM
//! and its entities make become SQLite's, and which [`Ends`] its batches left. It decides nothing.

use std::{
    error::Error,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rusqlite::{
    CachedStatement, Connection, ErrorCode, ToSql,
    types::{ToSqlOutput, ValueRef},
};
use sea_orm::Value;

use super::{
    connect::STATEMENTS_MAX,
    ends::{End, Ends},
    engine::Engine,
    permit::{self, NotPlain},
    session::{Answer, Session},
};
use crate::{domain::ids::AccountId, store::StoreError};

/// The connection. One batch at a time has it.
#[derive(Debug)]
pub(super) struct FileSession {
    /// Never waited for: it makes the connection one that a future may hold.
    connection: Mutex<Connection>,
    /// Neither.
    ends: Mutex<Ends>,
    /// The texts of all that was asked.
    #[cfg(test)]
    pub(super) asked: Mutex<Vec<String>>,
}

impl FileSession {
    /// Opens the file, which is there.
    pub(super) fn open(path: &Path, busy_timeout: Duration) -> rusqlite::Result<FileSession> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(busy_timeout)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        permit::confine(&connection)?;
        Ok(FileSession {
            connection: Mutex::new(connection),
            ends: Mutex::default(),
            #[cfg(test)]
            asked: Mutex::default(),
        })
    }

    /// Sets a PRAGMA, whether it was taken or not.
    pub(super) fn set(&self, name: &str, value: &str) -> rusqlite::Result<()> {
        self.get().pragma_update(None, name, value)
    }

    /// What a PRAGMA answers, as text.
    pub(super) fn setting(&self, name: &str) -> rusqlite::Result<String> {
        self.get().pragma_query_value(None, name, |row| {
            let value = row.get_ref(0)?;
            Ok(match value {
                ValueRef::Integer(number) => number.to_string(),
                _ => value.as_str().unwrap_or_default().to_owned(),
            })
        })
    }

    /// Begins a transaction, beside which no other one writes. One that an error left open is rolled back.
    pub(super) fn begin(&self) -> Result<(), StoreError> {
        self.roll_back();
        self.call("BEGIN IMMEDIATE")?;
        match self.version() {
            Ok(version) => {
                self.ends().begin(version);
                Ok(())
            }
            Err(error) => {
                self.roll_back();
                Err(error.into())
            }
        }
    }

    /// Another number once another connection has written.
    fn version(&self) -> rusqlite::Result<i64> {
        let connection = self.get();
        let mut statement = connection.prepare_cached("PRAGMA data_version")?;
        statement.query_one([], |row| row.get(0))
    }

    /// Ends it: what was written is on disk.
    pub(super) fn commit(&self) -> Result<(), CommitFailed> {
        match self.call("COMMIT") {
            Ok(()) => {
                self.ends().committed();
                Ok(())
            }
            Err(error) => {
                self.ends().forget();
                Err(CommitFailed(error))
            }
        }
    }

    /// Ends it, so that nothing of it was written. SQLite may have done so already, as on a full disk.
    pub(super) fn roll_back(&self) {
        if self.get().is_autocommit() {
            return;
        }
        if let Err(error) = self.call("ROLLBACK") {
            tracing::error!(error = %error, "a batch could not be rolled back");
        }
    }

    fn call(&self, text: &str) -> rusqlite::Result<()> {
        self.get().prepare_cached(text)?.execute([]).map(drop)
    }

    fn get(&self) -> MutexGuard<'_, Connection> {
        let connection = self.connection.lock();
        connection.unwrap_or_else(PoisonError::into_inner)
    }

    fn ends(&self) -> MutexGuard<'_, Ends> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a prepared statement that has its values run.
    fn with<T>(
        &self,
        text: &str,
        values: &[Value],
        run: impl FnOnce(&mut CachedStatement<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        if !permit::is_plain(text) {
            let told = NotPlain(text.to_owned());
            return Err(StoreError::Unavailable(Box::new(told)));
        }
        #[cfg(test)]
        self.asked
            .lock()
            .expect("nobody panicked with it")
            .push(text.to_owned());
        let connection = self.get();
        let mut statement = connection.prepare_cached(text)?;
        for (place, value) in (1..).zip(values) {
            statement.raw_bind_parameter(place, Bound::of(value)?)?;
        }
        Ok(run(&mut statement)?)
    }
}

/// COMMIT failed.
#[derive(Debug)]
pub(super) struct CommitFailed(rusqlite::Error);

impl CommitFailed {
    /// Whether the disk, or what the database may take of it, is full: SQLite has then rolled back.
    pub(super) fn is_full(&self) -> bool {
        self.0.sqlite_error_code() == Some(ErrorCode::DiskFull)
    }
}

impl From<CommitFailed> for Box<dyn Error + Send + Sync> {
    fn from(failed: CommitFailed) -> Self {
        Box::new(failed.0)
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        StoreError::Unavailable(Box::new(error))
    }
}

impl Session for FileSession {
    fn engine(&self) -> Engine {
        Engine::Sqlite
    }

    fn end(&self, account: &AccountId) -> Option<End> {
        self.ends().get(account)
    }

    fn leave(&self, account: &AccountId, end: End) {
        self.ends().leave(account.clone(), end);
    }

    async fn run(&self, text: &str, values: Vec<Value>) -> Result<(), StoreError> {
        self.with(text, &values, |statement| statement.raw_execute().map(drop))
    }

    async fn rows<T: Answer>(&self, text: &str, values: Vec<Value>) -> Result<Vec<T>, StoreError> {
        self.with(text, &values, |statement| {
            let mut rows = statement.raw_query();
            let mut read = Vec::new();
            while let Some(row) = rows.next()? {
                read.push(T::from_file(row)?);
            }
            Ok(read)
        })
    }
}

/// A value as SQLite has it: what the other connections' driver would store.
struct Bound<'v>(ValueRef<'v>);

/// No column is of that type.
#[derive(Debug, thiserror::Error)]
#[error("a value of a type that no column has: {0}")]
struct NoColumn(String);

impl<'v> Bound<'v> {
    fn of(value: &'v Value) -> Result<Bound<'v>, StoreError> {
        let absent = ValueRef::Null;
        Ok(Bound(match value {
            Value::BigInt(number) => number.map_or(absent, ValueRef::Integer),
            Value::Int(number) => number.map_or(absent, |it| ValueRef::Integer(it.into())),
            Value::String(text) => text
                .as_ref()
                .map_or(absent, |it| ValueRef::Text(it.as_bytes())),
            Value::Bytes(bytes) => bytes.as_deref().map_or(absent, ValueRef::Blob),
            Value::Uuid(id) => id
                .as_ref()
                .map_or(absent, |it| ValueRef::Blob(it.as_bytes())),
            other => {
                let told = NoColumn(format!("{other:?}"));
                return Err(StoreError::Unavailable(Box::new(told)));
            }
        }))
    }
}

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(self.0))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use rusqlite::{ErrorCode, config::DbConfig};
    use tokio::sync::MutexGuard as AsyncGuard;

    use super::{
        super::{SqlStore, Written, session::Session},
        FileSession,
    };
    use crate::{
        domain::command::Request,
        store::{
            Store,
            tests::{Book, File, account, charge, subscribe},
        },
    };

    const OPENED: &str = "2026-01-05T09:00:00Z";

    /// How often batches have read where chains end.
    async fn looks(store: &SqlStore) -> usize {
        let asked = store.asked_of_file().await;
        let looks = |text: &&String| text.starts_with("SELECT") && text.contains("next_due_at_us");
        asked.iter().filter(looks).count()
    }

    #[tokio::test]
    async fn what_a_batch_wrote_is_not_read_again_until_another_connection_has_written() {
        let (file, store, mut book) = File::with_ann().await;
        assert_eq!(looks(&store).await, 1, "an account may be there");
        for operation in 3..40_u128 {
            if operation == 20 {
                // To copy the log into the file changes nothing.
                let busy = file.number("PRAGMA wal_checkpoint(RESTART)").await;
                assert_eq!(busy, 0);
            }
            book.tell(OPENED, operation, charge());
            assert_eq!(store.commit(&[book.work()]).await.unwrap().lost, []);
        }
        assert_eq!(looks(&store).await, 1);
        file.execute("CREATE TABLE other (number INTEGER)").await;
        book.tell(OPENED, 40, charge());
        assert_eq!(store.commit(&[book.work()]).await.unwrap().lost, []);
        assert_eq!(looks(&store).await, 2);
    }

    #[tokio::test]
    async fn it_is_judged_by_what_it_asks_and_not_by_triggers() {
        let file = File::new().await;
        let store = file.open().await;
        let session = store.file_session().await;
        let session = session.as_ref().unwrap();
        let denied = session.call("DELETE FROM operation").unwrap_err();
        let denied = denied.sqlite_error_code();
        assert_eq!(denied, Some(ErrorCode::AuthorizationForStatementDenied));
        let replaces = "INSERT OR REPLACE INTO operation SELECT * FROM operation";
        session.run(replaces, Vec::new()).await.unwrap_err();
        let triggers = DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER;
        assert!(!session.get().db_config(triggers).unwrap());
    }

    #[tokio::test]
    async fn a_known_end_is_for_one_work_of_the_account() {
        let (_file, store, mut book) = File::with_ann().await;
        let mut other = book.clone();
        book.tell(OPENED, 3, charge());
        other.tell(OPENED, 4, charge());
        let committed = store.commit(&[book.work(), other.work()]).await.unwrap();
        assert_eq!(committed.lost, [account("ann")]);
        let loaded = store.load(&account("ann")).await.unwrap();
        assert_eq!(loaded.head, book.head);
    }

    #[tokio::test]
    async fn nothing_is_known_after_a_commit_that_failed() {
        let file = File::new().await;
        let store = file.open().await;
        let mut book = Book::new("ann");
        book.tell(OPENED, 1, Request::OpenAccount);
        store.commit(&[book.work()]).await.unwrap();
        let refers = "REFERENCES account (id) DEFERRABLE INITIALLY DEFERRED";
        file.execute(&format!("CREATE TABLE other (number INTEGER {refers})"))
            .await;
        book.tell(OPENED, 2, subscribe("studio"));
        store.commit(&[book.work()]).await.unwrap();
        let session = store.file_session().await;
        let session = session.as_ref().unwrap();
        session.begin().unwrap();
        let known = session.end(&account("ann")).unwrap();
        assert_eq!(known.head, book.head);
        session.call("INSERT INTO other VALUES (99)").unwrap();
        session.commit().unwrap_err();
        assert_eq!(session.end(&account("ann")), None);
    }

    impl SqlStore {
        /// Limits the file to so many pages, as a disk would.
        pub(in super::super::super) async fn limit_file(&self, pages: &str) {
            let session = self.file_session().await;
            let session = session.as_ref().expect("it is open");
            session.set("max_page_count", pages).expect("it is taken");
        }

        /// Counts from now on how often a batch looks whether another connection still writes; one store
        /// of the process at a time. There is no time limit any more.
        pub(in super::super::super) async fn count_waits(&self) -> fn() -> usize {
            static WAITS: AtomicUsize = AtomicUsize::new(0);
            let session = self.file_session().await;
            let session = session.as_ref().expect("it is open");
            let waits = |_| {
                WAITS.fetch_add(1, Ordering::Relaxed);
                std::thread::yield_now();
                true
            };
            let set = session.get().busy_handler(Some(waits));
            set.expect("it is taken");
            || WAITS.load(Ordering::Relaxed)
        }

        /// The texts of what was asked of the file by batches.
        pub(in super::super) async fn asked_of_file(&self) -> Vec<String> {
            let session = self.file_session().await;
            let session = session.as_ref().expect("it is open");
            let asked = session.asked.lock();
            asked.expect("nobody panicked with it").clone()
        }

        async fn file_session(&self) -> AsyncGuard<'_, Option<FileSession>> {
            match self.writing.as_ref().map(|writing| &writing.written) {
                Some(Written::File { session, .. }) => session.lock().await,
                _ => panic!("it is a file that is written to"),
            }
        }
    }
}
