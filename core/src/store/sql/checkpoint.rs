//! Moving the write-ahead log into the database file, beside the writer.
//!
//! Owns one connection and one task. COMMIT only ever appends to the log; this task copies it back
//! within a second or so, without keeping writers or readers waiting. Under writing that never pauses
//! the log could not start over, so past [`LOG_PAGES_MAX`] the task makes the writer wait, once, for
//! the few pages that came since the copy before. It waits for the task, which wakes it; SQLite would let it
//! sleep for longer and longer. A store that is dropped aborts the task.

use std::{sync::Arc, time::Duration};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement};
use tokio::{
    sync::{Mutex, Notify},
    task::JoinHandle,
};

use super::file::FileSession;

/// After the first write, for so long more of them are waited for.
const PAUSE: Duration = Duration::from_secs(1);
/// 64 MiB of log in pages of 4 KiB: above it, the log must start over.
const LOG_PAGES_MAX: i64 = 16_384;

/// The task, as long as it is wanted.
#[derive(Debug)]
pub(super) struct Checkpointer {
    connection: DatabaseConnection,
    written: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Checkpointer {
    /// Starts the task on a connection of its own, beside the one for batches.
    pub(super) fn start(
        connection: DatabaseConnection,
        batches: Arc<Mutex<Option<FileSession>>>,
    ) -> Checkpointer {
        let written = Arc::new(Notify::new());
        let task = tokio::spawn(run(connection.clone(), batches, Arc::clone(&written)));
        Checkpointer {
            connection,
            written,
            task,
        }
    }

    /// Says that the log has grown.
    pub(super) fn written(&self) {
        self.written.notify_one();
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
    written: Arc<Notify>,
) {
    loop {
        written.notified().await;
        tokio::time::sleep(PAUSE).await;
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
