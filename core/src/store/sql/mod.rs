//! The store in a database, over SeaORM.
//!
//! Owns the connections of one SQLite file: one that writes, a few that read, one that moves the
//! write-ahead log into the file. The file `commit.rs` is the only place where a transaction begins and ends,
//! the folder `convert` the only one where rows become the domain and back. It never decides anything.

mod checkpoint;
mod commit;
mod connect;
mod convert;
mod due;
mod error;
mod hold;
mod insert;
mod load;
mod lock;
mod past;
mod read;
mod shape;
mod snapshot;
mod usage;

#[cfg(test)]
mod plans;

use std::{collections::HashMap, path::Path};

use async_trait::async_trait;
use sea_orm::DatabaseConnection;

use self::{checkpoint::Checkpointer, insert::Inserts, lock::FileLock};
use super::{
    AccountWindow, AccountWork, CommitError, Committed, DueAccount, DuePlace, Found, KeptCatalog,
    KeptHold, KeptPayment, Loaded, LockedDecision, Lookups, OperationFilter, SequenceWindow, Store,
    StoreError, Usage, UsageQuery,
};
use crate::domain::{
    ids::{AccountId, HoldId, OperationId},
    outcome::Decision,
    payment::{PaymentKey, PaymentUse},
    record::{OperationRecord, RefusalRecord},
    time::Instant,
};

pub use self::connect::{OpenError, OpenMode};

/// A store in a SQLite file.
#[derive(Debug)]
pub struct SqlStore {
    readers: DatabaseConnection,
    writing: Option<Writing>,
}

/// What only the one process has that may write.
#[derive(Debug)]
struct Writing {
    connection: DatabaseConnection,
    inserts: Inserts,
    checkpointer: Checkpointer,
    /// Held until the store is closed or dropped; the last field, so that it is released last.
    lock: FileLock,
}

/// A write was asked of a store that was opened to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store was opened to read only")]
struct OpenedReadOnly;

impl SqlStore {
    /// Opens the database file at `path`. To write, the file is made if it is missing and locked
    /// against a second writer; its tables are made by the migrations, over [`SqlStore::migrating`].
    ///
    /// # Errors
    ///
    /// If another process has it open to write, if it can't be opened, or if SQLite does not take the
    /// settings on which durability rests.
    pub async fn open(path: &Path, mode: OpenMode) -> Result<SqlStore, OpenError> {
        connect::open(path, mode).await
    }

    /// The connection that writes, for the migrations to run on before anything else does; none if
    /// the store was opened to read only.
    pub fn migrating(&self) -> Option<&DatabaseConnection> {
        self.writing.as_ref().map(|writing| &writing.connection)
    }

    /// Ends all connections, which moves the write-ahead log into the file, and then gives the lock
    /// back: handles that still know the store can do nothing with it any more.
    pub async fn close(&self) {
        // A connection that can't be closed has nothing left to lose: what was committed is synced.
        let _ = self.readers.close_by_ref().await;
        if let Some(writing) = &self.writing {
            writing.checkpointer.close().await;
            let _ = writing.connection.close_by_ref().await;
            writing.lock.give_back();
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
        load::load(&self.readers, account).await
    }

    async fn look_up(&self, account: &AccountId, lookups: &Lookups) -> Result<Found, StoreError> {
        read::look_up(&self.readers, account, lookups).await
    }

    async fn decisions(
        &self,
        account: &AccountId,
        ids: &[OperationId],
    ) -> Result<HashMap<OperationId, Decision>, StoreError> {
        read::decisions(&self.readers, account, ids).await
    }

    async fn payment(&self, key: &PaymentKey) -> Result<Option<PaymentUse>, StoreError> {
        read::payment(&self.readers, key).await
    }

    async fn payments(
        &self,
        after: Option<&PaymentKey>,
        limit: u64,
    ) -> Result<Vec<KeptPayment>, StoreError> {
        read::payments(&self.readers, after, limit).await
    }

    async fn hold(
        &self,
        account: &AccountId,
        hold: HoldId,
    ) -> Result<Option<KeptHold>, StoreError> {
        hold::hold(&self.readers, account, hold).await
    }

    async fn commit(&self, batch: &[AccountWork]) -> Result<Committed, CommitError> {
        let writing = self.writing().map_err(CommitError::RolledBack)?;
        let committed = commit::commit(&writing.connection, &writing.inserts, batch).await?;
        writing.checkpointer.written();
        Ok(committed)
    }

    async fn commit_locked(
        &self,
        decision: &mut dyn LockedDecision,
    ) -> Result<Committed, CommitError> {
        let writing = self.writing().map_err(CommitError::RolledBack)?;
        let committed = commit::commit_locked(&writing.connection, &writing.inserts, decision);
        let committed = committed.await?;
        writing.checkpointer.written();
        Ok(committed)
    }

    async fn resolve(&self, _batch: &[AccountWork]) -> Result<Committed, StoreError> {
        // SQLite decides when it next opens the file whether the transaction is in it.
        Err(StoreError::RestartNeeded)
    }

    async fn catalogs(&self) -> Result<Vec<KeptCatalog>, StoreError> {
        read::catalogs(&self.readers).await
    }

    async fn publish(&self, catalog: &KeptCatalog) -> Result<bool, StoreError> {
        let writing = self.writing()?;
        let taken = shape::publish(&writing.connection, catalog).await?;
        writing.checkpointer.written();
        Ok(taken)
    }

    async fn operations(
        &self,
        account: &AccountId,
        filter: &OperationFilter,
        window: &SequenceWindow,
    ) -> Result<Vec<OperationRecord>, StoreError> {
        read::operations(&self.readers, account, filter, window).await
    }

    async fn operation_at(
        &self,
        account: &AccountId,
        at: Instant,
    ) -> Result<Option<OperationRecord>, StoreError> {
        past::operation_at(&self.readers, account, at).await
    }

    async fn usage(&self, account: &AccountId, query: &UsageQuery) -> Result<Usage, StoreError> {
        usage::usage(&self.readers, account, query).await
    }

    async fn accounts(&self, window: &AccountWindow) -> Result<Vec<(i64, AccountId)>, StoreError> {
        read::accounts(&self.readers, window).await
    }

    async fn due_accounts(
        &self,
        before: Instant,
        after: Option<DuePlace>,
        limit: u64,
    ) -> Result<Vec<DueAccount>, StoreError> {
        due::accounts(&self.readers, before, after, limit).await
    }

    async fn next_due_after(&self, after: Instant) -> Result<Option<Instant>, StoreError> {
        due::next_after(&self.readers, after).await
    }

    async fn refusals(
        &self,
        account: &AccountId,
        limit: u64,
    ) -> Result<Vec<RefusalRecord>, StoreError> {
        read::refusals(&self.readers, account, limit).await
    }

    async fn forget_refusals(&self, before: Instant, limit: u64) -> Result<u64, StoreError> {
        let writing = self.writing()?;
        let forgotten = shape::forget_refusals(&writing.connection, before, limit).await?;
        writing.checkpointer.written();
        Ok(forgotten)
    }
}
