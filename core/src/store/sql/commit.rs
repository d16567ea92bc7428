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

use credits_entity::{operation, payment, refusal};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};

use super::{convert, error, shape};
use crate::{
    domain::{
        ids::AccountId,
        record::{CorruptRecord, Head},
    },
    store::{AccountWork, CommitError, Committed, StoreError},
};

/// Writes the winners of the batch in one transaction.
pub(super) async fn commit(
    connection: &DatabaseConnection,
    batch: &[AccountWork],
) -> Result<Committed, CommitError> {
    let immediate = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let transaction = connection
        .begin_with_options(immediate)
        .await
        .map_err(|error| CommitError::RolledBack(error.into()))?;
    let committed = match write(&transaction, batch).await {
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

/// Steps 2 to 5.
async fn write<C: ConnectionTrait>(
    transaction: &C,
    batch: &[AccountWork],
) -> Result<Committed, StoreError> {
    let mut contest = Contest::new(batch);
    contest.fence(transaction).await?;
    contest.drop_known_ids(transaction).await?;
    contest.drop_known_payments(transaction).await?;
    contest.open_accounts(transaction).await?;
    contest.write_winners(transaction).await?;
    Ok(Committed { lost: contest.lost })
}

/// The works that have not lost so far, in key order: first accounts that are there, then new ones.
struct Contest<'b> {
    present: Vec<(i64, &'b AccountWork)>,
    new: Vec<&'b AccountWork>,
    lost: Vec<AccountId>,
}

impl<'b> Contest<'b> {
    fn new(batch: &'b [AccountWork]) -> Contest<'b> {
        let mut new: Vec<&AccountWork> = batch.iter().collect();
        new.sort_by(|one, other| one.account.cmp(&other.account));
        Contest {
            present: Vec::new(),
            new,
            lost: Vec::new(),
        }
    }

    async fn fence<C: ConnectionTrait>(&mut self, transaction: &C) -> Result<(), StoreError> {
        let ids = self.new.iter().map(|work| work.account.as_str());
        let mut found: HashMap<String, (i64, Head)> = shape::present(transaction, ids)
            .await?
            .into_iter()
            .map(|row| {
                let head = convert::account::head(&row.external_id, row.sequence, row.head_hash)?;
                Ok((row.external_id, (row.id, head)))
            })
            .collect::<Result<_, CorruptRecord>>()?;
        for work in std::mem::take(&mut self.new) {
            match found.remove(work.account.as_str()) {
                Some((key, head)) if head == work.base => self.present.push((key, work)),
                None if work.base == Head::START => self.new.push(work),
                Some(_) | None => self.lost.push(work.account.clone()),
            }
        }
        self.present.sort_by_key(|(key, _)| *key);
        Ok(())
    }

    async fn drop_known_ids<C: ConnectionTrait>(
        &mut self,
        transaction: &C,
    ) -> Result<(), StoreError> {
        if self.present.is_empty() {
            return Ok(());
        }
        let ids = self
            .present
            .iter()
            .flat_map(|(key, work)| work.operation_ids().map(move |id| (id, *key)));
        let decided: HashSet<i64> = shape::decided(transaction, ids)
            .await?
            .into_iter()
            .collect();
        self.drop_present(|key, _| decided.contains(&key));
        Ok(())
    }

    async fn drop_known_payments<C: ConnectionTrait>(
        &mut self,
        transaction: &C,
    ) -> Result<(), StoreError> {
        let present = self.present.iter().map(|(_, work)| *work);
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
        self.drop_present(|_, work| pays_again(work));
        self.drop_new(pays_again);
        Ok(())
    }

    async fn open_accounts<C: ConnectionTrait>(
        &mut self,
        transaction: &C,
    ) -> Result<(), StoreError> {
        let rows = self
            .new
            .iter()
            .map(|work| convert::account::row(None, work))
            .collect();
        let keys: HashMap<String, i64> = shape::open_accounts(transaction, rows)
            .await?
            .into_iter()
            .map(|(key, id)| (id, key))
            .collect();
        self.drop_new(|work| !keys.contains_key(work.account.as_str()));
        let rows = self
            .present
            .iter()
            .map(|(key, work)| convert::account::row(Some(*key), work))
            .collect();
        shape::update_accounts(transaction, rows).await?;
        for work in std::mem::take(&mut self.new) {
            self.present.push((keys[work.account.as_str()], work));
        }
        Ok(())
    }

    async fn write_winners<C: ConnectionTrait>(&self, transaction: &C) -> Result<(), StoreError> {
        let mut operations = Vec::new();
        let mut refusals = Vec::new();
        let mut payments = Vec::new();
        for (key, work) in &self.present {
            for record in &work.operations {
                operations.push(convert::operation::row(*key, record)?);
            }
            let refused = work.refusals.iter();
            refusals.extend(refused.map(|record| convert::refusal::row(*key, record)));
            let paid = work.payments.iter();
            payments.extend(paid.map(|payment| convert::payment::row(*key, payment)));
        }
        shape::append::<_, _, operation::ActiveModel>(transaction, operations).await?;
        shape::append::<_, _, refusal::ActiveModel>(transaction, refusals).await?;
        shape::append::<_, _, payment::ActiveModel>(transaction, payments).await?;
        Ok(())
    }

    fn drop_present(&mut self, lost: impl Fn(i64, &AccountWork) -> bool) {
        let losers = self.present.extract_if(.., |(key, work)| lost(*key, work));
        self.lost
            .extend(losers.map(|(_, work)| work.account.clone()));
    }

    fn drop_new(&mut self, lost: impl Fn(&AccountWork) -> bool) {
        let losers = self.new.extract_if(.., |work| lost(work));
        self.lost.extend(losers.map(|work| work.account.clone()));
    }
}
