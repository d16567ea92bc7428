//! One batch, one transaction: the only file in which one begins and ends.
//!
//! 1. `BEGIN IMMEDIATE`: on SQLite the one writer is alone from here on.
//! 2. Read the accounts of the batch. Whose sequence and head hash are not what the work was decided
//!    on has lost; one that is absent and decided as new is to be opened.
//! 3. Read which operation ids and payments are known already. Their accounts have lost too.
//! 4. Add the new accounts, in the batch's key order. One that is there all the same has lost.
//! 5. Write operations, refusals, payments and account rows of the winners, and of nobody else.
//! 6. `COMMIT`, sent only after each of these statements was answered.
//!
//! No constraint is met on the way: a constraint that fails is a fault of the program, and rolls
//! back the batch like every other error of 1 to 5. Only an error of `COMMIT` itself leaves open
//! what became of it, except on a full disk, where SQLite has rolled back.

use std::collections::{HashMap, HashSet};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};

use super::{
    convert, error,
    insert::Inserts,
    read,
    shape::{self, Decided},
};
use crate::{
    domain::{
        ids::{AccountId, OperationId},
        payment::PaymentUse,
        record::{Head, OperationRecord, RefusalRecord},
    },
    store::{AccountWork, CommitError, Committed, LockedDecision, StoreError},
};

/// Writes the winners of the batch in one transaction.
pub(super) async fn commit(
    connection: &DatabaseConnection,
    inserts: &Inserts,
    batch: &[AccountWork],
) -> Result<Committed, CommitError> {
    let transaction = begin(connection).await?;
    let written = write(&transaction, inserts, batch).await;
    end(transaction, written).await
}

/// Locks one account, lets it be decided on, and writes that.
pub(super) async fn commit_locked(
    connection: &DatabaseConnection,
    inserts: &Inserts,
    decision: &mut dyn LockedDecision,
) -> Result<Committed, CommitError> {
    let transaction = begin(connection).await?;
    let written = decide(&transaction, inserts, decision).await;
    end(transaction, written).await
}

async fn begin(connection: &DatabaseConnection) -> Result<DatabaseTransaction, CommitError> {
    let immediate = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let begun = connection.begin_with_options(immediate).await;
    begun.map_err(|error| CommitError::RolledBack(error.into()))
}

async fn end(
    transaction: DatabaseTransaction,
    written: Result<Committed, StoreError>,
) -> Result<Committed, CommitError> {
    let committed = match written {
        Ok(committed) => committed,
        Err(cause) => {
            if let Err(error) = transaction.rollback().await {
                // SQLite had rolled back already, or the connection is gone and takes it along.
                tracing::debug!(error = %error, "a batch was rolled back before it was asked for");
            }
            return Err(CommitError::RolledBack(cause));
        }
    };
    match transaction.commit().await {
        Ok(()) => Ok(committed),
        Err(cause) if error::is_full(&cause) => Err(CommitError::RolledBack(cause.into())),
        Err(cause) => Err(CommitError::Unknown(Box::new(cause))),
    }
}

/// Step 2 for an account that others write to as well: it is locked before it is decided on, so that
/// the decision has not lost when it is made.
async fn decide<C: ConnectionTrait>(
    transaction: &C,
    inserts: &Inserts,
    decision: &mut dyn LockedDecision,
) -> Result<Committed, StoreError> {
    let account = decision.account().clone();
    let loaded = read::load_locked(transaction, &account).await?;
    let found = read::look_up(transaction, &account, &decision.lookups()).await?;
    match decision.decide(loaded, found) {
        Some(work) => write(transaction, inserts, std::slice::from_ref(work)).await,
        None => Ok(Committed::default()),
    }
}

/// Steps 2 to 5.
async fn write<C: ConnectionTrait>(
    transaction: &C,
    inserts: &Inserts,
    batch: &[AccountWork],
) -> Result<Committed, StoreError> {
    let mut contest = Contest::new(batch);
    contest.fence(transaction).await?;
    contest.drop_known_ids(transaction).await?;
    contest.drop_known_payments(transaction).await?;
    contest.open_accounts(transaction, inserts).await?;
    contest.write_winners(transaction, inserts).await?;
    Ok(Committed { lost: contest.lost })
}

/// The works that have not lost so far, in key order.
struct Contest<'b> {
    /// On accounts that are there.
    present: Vec<Present<'b>>,
    /// On accounts to be opened.
    new: Vec<&'b AccountWork>,
    /// On accounts that this transaction has opened, with their keys.
    opened: Vec<(i64, &'b AccountWork)>,
    lost: Vec<AccountId>,
}

/// A work on an account that is there, as the work expects it.
struct Present<'b> {
    key: i64,
    next_due_at_us: Option<i64>,
    work: &'b AccountWork,
}

impl Present<'_> {
    /// Whether something is due at another instant than before.
    fn due_moves(&self) -> bool {
        convert::account::next_due_at_us(&self.work.after) != self.next_due_at_us
    }
}

impl<'b> Contest<'b> {
    fn new(batch: &'b [AccountWork]) -> Contest<'b> {
        let mut new: Vec<&AccountWork> = batch.iter().collect();
        new.sort_by(|one, other| one.account.cmp(&other.account));
        Contest {
            present: Vec::new(),
            new,
            opened: Vec::new(),
            lost: Vec::new(),
        }
    }

    async fn fence<C: ConnectionTrait>(&mut self, transaction: &C) -> Result<(), StoreError> {
        let ids = self.new.iter().map(|work| work.account.as_str());
        let mut found: HashMap<String, (shape::Present, Head)> = HashMap::new();
        for row in shape::present(transaction, ids).await? {
            let head = convert::account::head(&row.external_id, row.sequence, &row.head_hash)?;
            found.insert(row.external_id.clone(), (row, head));
        }
        for work in std::mem::take(&mut self.new) {
            match found.remove(work.account.as_str()) {
                Some((row, head)) if head == work.base => self.present.push(Present {
                    key: row.id,
                    next_due_at_us: row.next_due_at_us,
                    work,
                }),
                None if work.base == Head::START => self.new.push(work),
                Some(_) | None => self.lost.push(work.account.clone()),
            }
        }
        self.present.sort_by_key(|present| present.key);
        Ok(())
    }

    async fn drop_known_ids<C: ConnectionTrait>(
        &mut self,
        transaction: &C,
    ) -> Result<(), StoreError> {
        let works = self.present.iter().map(|present| present.work);
        let ids: Vec<OperationId> = works.flat_map(AccountWork::operation_ids).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let decided: HashSet<Decided> = shape::decided(transaction, &ids)
            .await?
            .into_iter()
            .collect();
        if decided.is_empty() {
            return Ok(());
        }
        self.drop_present(|present| {
            present.work.operation_ids().any(|id| {
                decided.contains(&Decided {
                    operation_id: id.0,
                    account_id: present.key,
                })
            })
        });
        Ok(())
    }

    async fn drop_known_payments<C: ConnectionTrait>(
        &mut self,
        transaction: &C,
    ) -> Result<(), StoreError> {
        let present = self.present.iter().map(|present| present.work);
        let keys: Vec<(&str, &str)> = present
            .chain(self.new.iter().copied())
            .flat_map(|work| &work.payments)
            .map(|payment| {
                (
                    payment.key.provider.as_str(),
                    payment.key.reference.as_str(),
                )
            })
            .collect();
        if keys.is_empty() {
            return Ok(());
        }
        let used: HashSet<(String, String)> = shape::used(transaction, keys.into_iter())
            .await?
            .into_iter()
            .map(|row| (row.provider, row.reference))
            .collect();
        let pays_again = |work: &AccountWork| {
            work.payments.iter().any(|payment| {
                used.contains(&(payment.key.provider.clone(), payment.key.reference.clone()))
            })
        };
        self.drop_present(|present| pays_again(present.work));
        self.drop_new(pays_again);
        Ok(())
    }

    async fn open_accounts<C: ConnectionTrait>(
        &mut self,
        transaction: &C,
        inserts: &Inserts,
    ) -> Result<(), StoreError> {
        if self.new.is_empty() {
            return Ok(());
        }
        let value = |column, work: &&AccountWork| convert::account::value(column, None, work);
        let mut keys = HashMap::new();
        for row in inserts.open.query(transaction, &self.new, value).await? {
            keys.insert(row.try_get_by_index::<String>(1)?, row.try_get_by_index(0)?);
        }
        self.drop_new(|work| !keys.contains_key(work.account.as_str()));
        self.opened = std::mem::take(&mut self.new)
            .into_iter()
            .map(|work| (keys[work.account.as_str()], work))
            .collect();
        Ok(())
    }

    async fn write_winners<C: ConnectionTrait>(
        &self,
        transaction: &C,
        inserts: &Inserts,
    ) -> Result<(), StoreError> {
        let (moved, stayed): (Vec<&Present>, Vec<&Present>) =
            self.present.iter().partition(|present| present.due_moves());
        let value = |column, present: &&Present| {
            convert::account::value(column, Some(present.key), present.work)
        };
        inserts.update.run(transaction, &stayed, value).await?;
        inserts.update_due.run(transaction, &moved, value).await?;
        let present = self
            .present
            .iter()
            .map(|present| (present.key, present.work));
        let winners = present.chain(self.opened.iter().copied());
        let mut operations = Vec::new();
        let mut refusals = Vec::new();
        let mut payments = Vec::new();
        for (key, work) in winners {
            operations.extend(work.operations.iter().map(|record| (key, record)));
            refusals.extend(work.refusals.iter().map(|record| (key, record)));
            payments.extend(work.payments.iter().map(|payment| (key, payment)));
        }
        let operation = |column, (key, record): &(i64, &OperationRecord)| {
            convert::operation::value(column, *key, record)
        };
        let refusal = |column, (key, record): &(i64, &RefusalRecord)| {
            convert::refusal::value(column, *key, record)
        };
        let payment = |column, (key, payment): &(i64, &PaymentUse)| {
            convert::payment::value(column, *key, payment)
        };
        inserts
            .operations
            .run(transaction, &operations, operation)
            .await?;
        inserts
            .refusals
            .run(transaction, &refusals, refusal)
            .await?;
        inserts
            .payments
            .run(transaction, &payments, payment)
            .await?;
        Ok(())
    }

    fn drop_present(&mut self, lost: impl Fn(&Present) -> bool) {
        let losers = self.present.extract_if(.., |present| lost(present));
        self.lost
            .extend(losers.map(|present| present.work.account.clone()));
    }

    fn drop_new(&mut self, lost: impl Fn(&AccountWork) -> bool) {
        let losers = self.new.extract_if(.., |work| lost(work));
        self.lost.extend(losers.map(|work| work.account.clone()));
    }
}
