//! One batch, one transaction: the only file in which one begins and ends.
//!
//! 1. `BEGIN`: on SQLite `IMMEDIATE`, and the one writer is alone from here on; on PostgreSQL
//!    READ COMMITTED.
//! 2. On PostgreSQL, lock the rows of the accounts, none of which is waited for: one that another
//!    transaction has is lost. Read the accounts of the batch, each with its last operation, but for those
//!    whose [`ends`](super::ends) a file's connection left itself. Whose sequence and hash are not what the
//!    work was decided on has lost; one that is absent and decided as new is to be opened.
//! 3. Read which operation ids and payments are known already. Their accounts have lost too.
//! 4. Add the new accounts, in the batch's key order. One that is there all the same has lost.
//! 5. Write operations, refusals, payments and, where they are due, account rows ([`snapshot`]) and
//!    sums of [`usage`](crate::domain::usage) of the winners, and of nobody else.
//! 6. `COMMIT`, sent only after each of these statements was answered.
//!
//! No constraint is met on the way: a constraint that fails is a fault of the program, and rolls
//! back the batch like every other error of 1 to 5. Only an error of `COMMIT` itself leaves open
//! what became of it, except on a full disk, where SQLite has rolled back.

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};

use super::{
    contest::write,
    due, error,
    file::FileSession,
    insert::Inserts,
    load,
    pool::{Pool, TooLate},
    read, resolve,
};
use crate::{
    domain::ids::{AccountId, Sequence},
    store::{
        AccountWork, CommitError, Committed, DueDecision, DueWindow, LockedDecision, StoreError,
    },
};

/// Writes the winners of the batch in one transaction.
pub(super) async fn commit(
    pool: &Pool,
    inserts: &Inserts,
    batch: &[AccountWork],
) -> Result<Committed, CommitError> {
    let transaction = begin(pool).await.map_err(CommitError::RolledBack)?;
    let written = pool.within(write(&transaction, inserts, batch)).await;
    end(pool, transaction, written).await
}

/// As [`commit`], to a file: no other process writes to it, and nothing is waited for but the disk.
pub(super) async fn commit_to_file(
    session: &FileSession,
    inserts: &Inserts,
    batch: &[AccountWork],
) -> Result<Committed, CommitError> {
    session.begin().map_err(CommitError::RolledBack)?;
    let committed = match write(session, inserts, batch).await {
        Ok(committed) => committed,
        Err(cause) => {
            session.roll_back();
            return Err(CommitError::RolledBack(cause));
        }
    };
    match session.commit() {
        Ok(()) => Ok(committed),
        Err(failed) if failed.is_full() => {
            session.roll_back();
            Err(CommitError::RolledBack(StoreError::Unavailable(
                failed.into(),
            )))
        }
        Err(failed) => Err(CommitError::Unknown(failed.into())),
    }
}

/// Locks one account, lets it be decided on, writes that, and tells the position that it came to; none if
/// there was nothing to add to its ledger.
pub(super) async fn commit_locked(
    pool: &Pool,
    inserts: &Inserts,
    decision: &mut dyn LockedDecision,
) -> Result<(Committed, Option<Sequence>), CommitError> {
    let transaction = begin(pool).await.map_err(CommitError::RolledBack)?;
    let written = pool.within(decide(&transaction, inserts, decision)).await;
    end(pool, transaction, written).await
}

/// Claims accounts with something due, lets them be decided on, writes that, and tells the positions that
/// they came to.
pub(super) async fn commit_due(
    pool: &Pool,
    inserts: &Inserts,
    window: &DueWindow,
    decision: &mut dyn DueDecision,
) -> Result<(Committed, Vec<(AccountId, Sequence)>), CommitError> {
    let transaction = begin(pool).await.map_err(CommitError::RolledBack)?;
    let written = decide_due(&transaction, inserts, window, decision);
    let written = pool.within(written).await;
    end(pool, transaction, written).await
}

/// Tells what became of a COMMIT, in a transaction that leaves nothing.
pub(super) async fn resolve(
    pool: &Pool,
    inserts: &Inserts,
    batch: &[AccountWork],
) -> Result<Committed, StoreError> {
    let transaction = begin(pool).await?;
    let told = pool
        .within(resolve::lost(&transaction, inserts, batch))
        .await?;
    roll_back(pool, transaction).await;
    told
}

async fn begin(pool: &Pool) -> Result<DatabaseTransaction, StoreError> {
    // What fails before it has begun has changed nothing.
    pool.read(|connection| async move {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(connection.begin_with_options(options).await?)
    })
    .await
}

async fn end<T>(
    pool: &Pool,
    transaction: DatabaseTransaction,
    written: Result<Result<T, StoreError>, TooLate>,
) -> Result<T, CommitError> {
    let written = match written {
        Ok(Ok(written)) => written,
        // Its connection is given up, and the server with it rolls back: nothing asked for a COMMIT.
        Err(late) => return Err(CommitError::RolledBack(late.into())),
        Ok(Err(cause)) => {
            roll_back(pool, transaction).await;
            return Err(CommitError::RolledBack(cause));
        }
    };
    match pool.within(transaction.commit()).await {
        Ok(Ok(())) => Ok(written),
        Ok(Err(cause)) if error::is_full(&cause) => Err(CommitError::RolledBack(cause.into())),
        Ok(Err(cause)) => Err(CommitError::Unknown(Box::new(cause))),
        Err(late) => Err(CommitError::Unknown(Box::new(late))),
    }
}

async fn roll_back(pool: &Pool, transaction: DatabaseTransaction) {
    if let Ok(Err(error)) = pool.within(transaction.rollback()).await {
        // SQLite had rolled back already, or the connection is gone and takes it along.
        tracing::debug!(error = %error, "a batch was rolled back before it was asked for");
    }
}

/// Step 2 for an account that others write to as well: it is locked before it is decided on, so that
/// the decision has not lost when it is made.
async fn decide<C: ConnectionTrait>(
    transaction: &C,
    inserts: &Inserts,
    decision: &mut dyn LockedDecision,
) -> Result<(Committed, Option<Sequence>), StoreError> {
    let account = decision.account().clone();
    let loaded = load::load_locked(transaction, &account).await?;
    let found = read::look_up(transaction, &account, &decision.lookups()).await?;
    match decision.decide(loaded, found) {
        Some(work) => {
            let committed = write(transaction, inserts, std::slice::from_ref(work)).await?;
            let adds = committed.lost.is_empty() && !work.operations.is_empty();
            Ok((committed, adds.then(|| work.head().sequence)))
        }
        None => Ok((Committed::default(), None)),
    }
}

/// Step 2 for accounts that nobody waits for: those are taken that no other transaction has.
async fn decide_due<C: ConnectionTrait>(
    transaction: &C,
    inserts: &Inserts,
    window: &DueWindow,
    decision: &mut dyn DueDecision,
) -> Result<(Committed, Vec<(AccountId, Sequence)>), StoreError> {
    let works = decision.decide(due::claim(transaction, window).await?);
    if works.is_empty() {
        return Ok((Committed::default(), Vec::new()));
    }
    let committed = write(transaction, inserts, works).await?;
    let won = works
        .iter()
        .filter(|work| !committed.lost.contains(&work.account));
    let reached = won.map(|work| (work.account.clone(), work.head().sequence));
    let reached = reached.collect();
    Ok((committed, reached))
}
