//! The store in a database, over SeaORM.
//!
//! Owns the connections: of a SQLite file, one that writes batches, one for other writes, one that moves the
//! log, and a few that read; of a PostgreSQL server, several of each. Transactions begin and end in `commit.rs`
//! only, and `convert` alone turns rows into domain types. It never decides anything.

mod aside;
mod checkpoint;
mod commit;
mod connect;
mod contest;
mod convert;
mod due;
mod ends;
mod engine;
mod error;
mod file;
mod hints;
mod hold;
mod insert;
mod load;
mod lock;
mod lookup;
mod past;
mod permit;
#[cfg(test)]
mod plans;
mod pool;
mod read;
mod resolve;
mod server;
mod session;
mod snapshot;
mod usage;
mod without_effect;

use std::{collections::HashMap, path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use sea_orm::DatabaseConnection;
use tokio::sync::Mutex;

use self::{
    checkpoint::Checkpointer,
    error::{OpenedReadOnly, closed},
    file::FileSession,
    hints::Teller,
    insert::Inserts,
    lock::FileLock,
    pool::Pool,
};
use super::{
    AccountWindow, AccountWork, CommitError, Committed, DueAccount, DueDecision, DueWindow, Found,
    KeptCatalog, KeptHold, KeptPayment, Loaded, LockedDecision, Lookups, Neighbours,
    OperationFilter, SequenceWindow, Store, StoreError, Usage, UsageQuery, WithoutEffectPlace,
};
use crate::domain::{
    ids::{AccountId, CatalogVersion, HoldId, OperationId, Sequence},
    outcome::Decision,
    payment::{PaymentKey, PaymentUse},
    record::{OperationRecord, RefusalRecord},
    time::Instant,
};

pub use self::{
    connect::{OpenError, OpenMode},
    server::ServerOptions,
};

/// A store in a SQLite file or on a PostgreSQL server.
#[derive(Debug)]
pub struct SqlStore {
    readers: Arc<Pool>,
    writing: Option<Writing>,
}

/// What only a process has that may write.
#[derive(Debug)]
struct Writing {
    pool: Arc<Pool>,
    inserts: Inserts,
    written: Written,
}

/// Where it is written to.
#[derive(Debug)]
enum Written {
    /// To a file, by this process alone.
    File {
        checkpointer: Checkpointer,
        /// What batches are written on; all else that is written has the pool. None once it is closed.
        session: Arc<Mutex<Option<FileSession>>>,
        /// Held until the store is closed or dropped; the last field, so that it is released last.
        lock: FileLock,
    },
    /// To a server, to which other nodes write as well.
    Server {
        /// Tells them.
        teller: Teller,
    },
}

impl Writing {
    /// Says that so many rows were committed.
    fn committed(&self, writes: usize) {
        if let Written::File { checkpointer, .. } = &self.written {
            checkpointer.written(writes.max(1));
        }
    }

    /// Tells other nodes, where there can be any, what of a batch was committed.
    fn tell(&self, reached: impl Iterator<Item = (AccountId, Sequence)>) {
        if let Written::Server { teller } = &self.written {
            teller.tell(reached);
        }
    }
}

impl SqlStore {
    /// Opens the database file at `path`. To write, the file is made if it is missing and locked; its tables
    /// are made by the migrations, over [`SqlStore::migrating`]. A statement waits for another connection, and
    /// a reader for a free one, for `busy_timeout` at most.
    ///
    /// # Errors
    ///
    /// If another process writes to it, it can't be opened, or SQLite refuses a setting of durability.
    pub async fn open(
        path: &Path,
        mode: OpenMode,
        busy_timeout: Duration,
    ) -> Result<SqlStore, OpenError> {
        connect::open(path, mode, busy_timeout).await
    }

    /// Opens a database on a PostgreSQL server; its tables are made by the migrations, over
    /// [`SqlStore::migrating`].
    ///
    /// # Errors
    ///
    /// If it can't be reached, is older than version 15, or would lose what it has acknowledged.
    pub async fn connect(options: &ServerOptions, mode: OpenMode) -> Result<SqlStore, OpenError> {
        server::open(options, mode).await
    }

    /// The connection that writes, for the migrations to run on; none if the store is open to read only.
    pub fn migrating(&self) -> Option<DatabaseConnection> {
        self.writing.as_ref().map(|writing| writing.pool.get())
    }

    /// Ends all connections, which moves the write-ahead log into the file, and then gives the lock
    /// back: handles that still know the store can do nothing with it any more.
    pub async fn close(&self) {
        self.readers.close().await;
        if let Some(writing) = &self.writing {
            if let Written::File {
                checkpointer,
                session,
                ..
            } = &writing.written
            {
                checkpointer.close().await;
                session.lock().await.take();
            }
            writing.pool.close().await;
            if let Written::File { lock, .. } = &writing.written {
                lock.give_back();
            }
        }
    }

    fn writing(&self) -> Result<&Writing, StoreError> {
        let read_only = || StoreError::Unavailable(Box::new(OpenedReadOnly));
        self.writing.as_ref().ok_or_else(read_only)
    }
}

#[async_trait]
impl Store for SqlStore {
    async fn load(&self, account: &AccountId) -> Result<Loaded, StoreError> {
        self.readers
            .read(|readers| async move { load::load(&readers, account).await })
            .await
    }

    async fn look_up(&self, account: &AccountId, lookups: &Lookups) -> Result<Found, StoreError> {
        self.readers
            .read(|readers| async move { read::look_up(&readers, account, lookups).await })
            .await
    }

    async fn decisions(
        &self,
        account: &AccountId,
        ids: &[OperationId],
    ) -> Result<HashMap<OperationId, Decision>, StoreError> {
        self.readers
            .read(|readers| async move { read::decisions(&readers, account, ids).await })
            .await
    }

    async fn payment(&self, key: &PaymentKey) -> Result<Option<PaymentUse>, StoreError> {
        self.readers
            .read(|readers| async move { read::payment(&readers, key).await })
            .await
    }

    async fn payments(
        &self,
        after: Option<&PaymentKey>,
        limit: u64,
    ) -> Result<Vec<KeptPayment>, StoreError> {
        self.readers
            .read(|readers| async move { read::payments(&readers, after, limit).await })
            .await
    }

    async fn hold(
        &self,
        account: &AccountId,
        hold: HoldId,
    ) -> Result<Option<KeptHold>, StoreError> {
        self.readers
            .read(|readers| async move { hold::hold(&readers, account, hold).await })
            .await
    }

    async fn commit(&self, batch: &[AccountWork]) -> Result<Committed, CommitError> {
        let writing = self.writing().map_err(CommitError::RolledBack)?;
        let committed = match &writing.written {
            Written::File { session, .. } => {
                let session = session.lock().await;
                let session = session.as_ref().ok_or_else(closed)?;
                commit::commit_to_file(session, &writing.inserts, batch).await?
            }
            Written::Server { .. } => {
                commit::commit(&writing.pool, &writing.inserts, batch).await?
            }
        };
        let rows = batch.iter().map(|work| work.operations.len());
        writing.committed(rows.sum());
        let won = batch
            .iter()
            .filter(|work| !work.operations.is_empty() && !committed.lost.contains(&work.account));
        writing.tell(won.map(|work| (work.account.clone(), work.head().sequence)));
        Ok(committed)
    }

    async fn commit_locked(
        &self,
        decision: &mut dyn LockedDecision,
    ) -> Result<Committed, CommitError> {
        let writing = self.writing().map_err(CommitError::RolledBack)?;
        let (committed, reached) =
            commit::commit_locked(&writing.pool, &writing.inserts, decision).await?;
        writing.committed(1);
        let reached = reached.map(|sequence| (decision.account().clone(), sequence));
        writing.tell(reached.into_iter());
        Ok(committed)
    }

    fn is_shared(&self) -> bool {
        let written = self.writing.as_ref().map(|writing| &writing.written);
        matches!(written, Some(Written::Server { .. }))
    }

    async fn commit_due(
        &self,
        window: &DueWindow,
        decision: &mut dyn DueDecision,
    ) -> Result<Committed, CommitError> {
        let writing = self.writing().map_err(CommitError::RolledBack)?;
        let (committed, reached) =
            commit::commit_due(&writing.pool, &writing.inserts, window, decision).await?;
        writing.committed(1);
        writing.tell(reached.into_iter());
        Ok(committed)
    }

    async fn resolve(&self, batch: &[AccountWork]) -> Result<Committed, StoreError> {
        let writing = self.writing()?;
        match writing.written {
            // SQLite decides when it next opens the file whether the transaction is in it.
            Written::File { .. } => Err(StoreError::RestartNeeded),
            Written::Server { .. } => commit::resolve(&writing.pool, &writing.inserts, batch).await,
        }
    }

    async fn positions(
        &self,
        accounts: &[AccountId],
    ) -> Result<Vec<(AccountId, Sequence)>, StoreError> {
        self.readers
            .read(|readers| async move { read::positions(&readers, accounts).await })
            .await
    }

    fn neighbours(&self) -> Option<Box<dyn Neighbours>> {
        match &self.writing.as_ref()?.written {
            Written::File { .. } => None,
            Written::Server { teller } => Some(teller.hear(Arc::clone(&self.readers))),
        }
    }

    async fn latest_catalog(&self) -> Result<Option<CatalogVersion>, StoreError> {
        self.readers
            .read(|readers| async move { read::latest_catalog(&readers).await })
            .await
    }

    async fn catalogs(&self) -> Result<Vec<KeptCatalog>, StoreError> {
        self.readers
            .read(|readers| async move { read::catalogs(&readers).await })
            .await
    }

    async fn publish(&self, catalog: &KeptCatalog) -> Result<bool, StoreError> {
        let writing = self.writing()?;
        let connection = writing.pool.get();
        let published = writing.pool.within(aside::publish(&connection, catalog));
        let taken = published.await??;
        writing.committed(1);
        Ok(taken)
    }

    async fn operations(
        &self,
        account: &AccountId,
        filter: &OperationFilter,
        window: &SequenceWindow,
    ) -> Result<Vec<OperationRecord>, StoreError> {
        self.readers
            .read(
                |readers| async move { read::operations(&readers, account, filter, window).await },
            )
            .await
    }

    async fn operation_at(
        &self,
        account: &AccountId,
        at: Instant,
    ) -> Result<Option<OperationRecord>, StoreError> {
        self.readers
            .read(|readers| async move { past::operation_at(&readers, account, at).await })
            .await
    }

    async fn usage(&self, account: &AccountId, query: &UsageQuery) -> Result<Usage, StoreError> {
        self.readers
            .read(|readers| async move { usage::usage(&readers, account, query).await })
            .await
    }

    async fn accounts(&self, window: &AccountWindow) -> Result<Vec<(i64, AccountId)>, StoreError> {
        self.readers
            .read(|readers| async move { read::accounts(&readers, window).await })
            .await
    }

    async fn payments_without_effect(
        &self,
        after: Option<WithoutEffectPlace>,
        limit: u64,
    ) -> Result<Vec<(WithoutEffectPlace, OperationRecord)>, StoreError> {
        self.readers
            .read(|readers| async move { without_effect::payments(&readers, after, limit).await })
            .await
    }

    async fn due_accounts(&self, window: &DueWindow) -> Result<Vec<DueAccount>, StoreError> {
        self.readers
            .read(|readers| async move { due::accounts(&readers, window).await })
            .await
    }

    async fn next_due_after(&self, after: Instant) -> Result<Option<Instant>, StoreError> {
        self.readers
            .read(|readers| async move { due::next_after(&readers, after).await })
            .await
    }

    async fn refusals(
        &self,
        account: &AccountId,
        limit: u64,
    ) -> Result<Vec<RefusalRecord>, StoreError> {
        self.readers
            .read(|readers| async move { read::refusals(&readers, account, limit).await })
            .await
    }

    async fn forget_refusals(&self, before: Instant, limit: u64) -> Result<u64, StoreError> {
        let writing = self.writing()?;
        let connection = writing.pool.get();
        let forgotten = aside::forget_refusals(&connection, before, limit);
        let forgotten = writing.pool.within(forgotten).await??;
        writing.committed(1);
        Ok(forgotten)
    }
}
