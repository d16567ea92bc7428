//! Moving the write-ahead log into the database file, beside the writer.
//!
//! Owns one connection and one task. COMMIT only ever appends to the log; this task copies it back
//! within some seconds, without keeping writers or readers waiting. It syncs the file, though, and a COMMIT
//! meanwhile shares the disk: so it waits until there is much to copy, of which more and more is the same
//! pages. Under writing that never pauses the log could not start over, so past [`LOG_PAGES_MAX`] the task
//! makes the writer wait, once, for the few pages that came since the copies before. It waits for the task,
//! which wakes it; SQLite would let it sleep for longer and longer. A store that is dropped aborts the task.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement};
use tokio::{
    sync::{Mutex, Notify},
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::file::FileSession;

/// After the first write, for so long more of them are waited for at least.
const PAUSE: Duration = Duration::from_secs(1);
/// And for so long after that, unless there are [`WRITES_MAX`].
const PAUSE_MORE: Duration = Duration::from_secs(9);
/// So many writes are enough to copy: each touches one to five pages.
const WRITES_MAX: usize = 4_096;
/// 64 MiB of log in pages of 4 KiB: above it, the log must start over.
const LOG_PAGES_MAX: i64 = 16_384;
/// So often the log is copied before the writer waits, the first time included. Each copy takes what came
/// during the one before, so that they get short; one within which no COMMIT falls also syncs the file,
/// which takes longer than all of them and would otherwise be left to the one that the writer waits for.
const COPIES: usize = 6;

/// The task, as long as it is wanted.
#[derive(Debug)]
pub(super) struct Checkpointer {
    connection: DatabaseConnection,
    log: Arc<Log>,
    task: JoinHandle<()>,
}

/// How far the log has grown.
#[derive(Debug, Default)]
struct Log {
    writes: AtomicUsize,
    /// That there is a first write, or that there are enough.
    grown: Notify,
}

impl Log {
    fn grows(&self, writes: usize) {
        let before = self.writes.fetch_add(writes, Ordering::Relaxed);
        if before == 0 || (before < WRITES_MAX && before + writes >= WRITES_MAX) {
            self.grown.notify_one();
        }
    }

    async fn is_worth_copying(&self) {
        self.grown.notified().await;
        sleep(PAUSE).await;
        let enough = async {
            while self.writes.load(Ordering::Relaxed) < WRITES_MAX {
                self.grown.notified().await;
            }
        };
        // Late or not: it is copied.
        let _late = timeout(PAUSE_MORE, enough).await;
        self.writes.store(0, Ordering::Relaxed);
    }
}

impl Checkpointer {
    /// Starts the task on a connection of its own, beside the one for batches.
    pub(super) fn start(
        connection: DatabaseConnection,
        batches: Arc<Mutex<Option<FileSession>>>,
    ) -> Checkpointer {
        let log = Arc::new(Log::default());
        let task = tokio::spawn(run(connection.clone(), batches, Arc::clone(&log)));
        Checkpointer {
            connection,
            log,
            task,
        }
    }

    /// Says that the log has grown by so many writes.
    pub(super) fn written(&self, writes: usize) {
        self.log.grows(writes);
    }

    /// Ends the task and its connection.
    pub(super) async fn close(&self) {
        self.task.abort();
        // What is left in the log is moved by whoever closes the file last.
        let _ = self.connection.close_by_ref().await;
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(
    connection: DatabaseConnection,
    batches: Arc<Mutex<Option<FileSession>>>,
    log: Arc<Log>,
) {
    loop {
        log.is_worth_copying().await;
        if let Err(error) = move_log(&connection, &batches).await {
            tracing::warn!(error = %error, "the write-ahead log was not moved into the database");
        }
    }
}

async fn move_log(
    connection: &DatabaseConnection,
    batches: &Mutex<Option<FileSession>>,
) -> Result<(), DbErr> {
    let pages = checkpoint(connection, "PASSIVE").await?;
    if pages > LOG_PAGES_MAX {
        for _ in 1..COPIES {
            checkpoint(connection, "PASSIVE").await?;
        }
        let _waiting = batches.lock().await;
        checkpoint(connection, "RESTART").await?;
    }
    Ok(())
}

/// Runs a checkpoint and tells how many pages the log has.
async fn checkpoint(connection: &DatabaseConnection, mode: &str) -> Result<i64, DbErr> {
    let asked = Statement::from_string(
        connection.get_database_backend(),
        format!("PRAGMA wal_checkpoint({mode})"),
    );
    match connection.query_one_raw(asked).await? {
        Some(row) => row.try_get_by_index(1),
        None => Ok(0),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, future::join};
    use tokio::time::Instant;

    use super::*;

    /// How long it waits after so many writes, and so many more after so long.
    async fn waits(writes: usize, more: usize, after: Duration) -> Duration {
        let log = Log::default();
        let began = Instant::now();
        log.grows(writes);
        let grows = async {
            sleep(after).await;
            log.grows(more);
        };
        let waited = async {
            log.is_worth_copying().await;
            began.elapsed()
        };
        join(waited, grows).await.0
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_copied_at_once_if_there_is_much_and_soon_if_there_is_little() {
        let [second, three] = [1, 3].map(Duration::from_secs);
        assert_eq!(waits(WRITES_MAX, 0, three).await, PAUSE);
        assert_eq!(waits(1, WRITES_MAX, second / 2).await, PAUSE);
        assert_eq!(waits(1, WRITES_MAX, three).await, three);
        assert_eq!(waits(1, 1, three).await, PAUSE + PAUSE_MORE);
    }

    #[test]
    fn it_is_told_of_the_first_write_and_of_enough_and_of_none_between() {
        let log = Log::default();
        let is_told = || log.grown.notified().now_or_never().is_some();
        assert!(!is_told());
        log.grows(1);
        assert!(is_told());
        log.grows(WRITES_MAX - 2);
        assert!(!is_told());
        log.grows(7);
        assert!(is_told());
        log.grows(1);
        assert!(!is_told());
    }
}
