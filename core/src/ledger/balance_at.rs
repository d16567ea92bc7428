//! What an account had, or will have, at another instant.
//!
//! Owns which of the two it is. The past is read from the ledger, past every actor; the future is
//! projected by the rules by which time acts. It never makes anything happen.
//!
//! Holds that expire together are one operation, which counts from the last of their ends. An instant
//! between their ends is in no operation: there the ledger is replayed and projected to it.

use super::Ledger;
use crate::{
    actor::view::AccountView,
    domain::{
        account::Account, balance::Balance, outcome::Operation, projection::projection_ends_at,
        record::OperationRecord, time::Instant,
    },
    error::LedgerError,
    store::{OperationFilter, SequenceWindow, StoreError},
};

/// The longest ledger that is replayed for an instant between the ends of holds that expired together:
/// about a tenth of a second. Of a longer one, the balance at the operation before is told.
const REPLAYED_MAX: i64 = 10_000;
/// How many operations of it are read at a time.
const REPLAYED_AT_ONCE: u64 = 1_000;

/// Why there is no balance at an instant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BalanceAtError {
    /// The account did not exist.
    #[error("the account was opened at {opened_at}")]
    BeforeOpened {
        /// When it was opened.
        opened_at: Instant,
    },
    /// Nothing is projected so far ahead.
    #[error("balances are projected until {ends_at}")]
    TooFarAhead {
        /// The latest instant at present.
        ends_at: Instant,
    },
    /// The ledger can't be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Ledger {
    /// The balance of an account at `time`, which its `as_of` is: what was recorded, or what will be if
    /// nothing but time happens to the account as `view` shows it.
    ///
    /// `sequence` is the position of the last operation that counts by then; of a future balance it is
    /// the position that the projection starts from, since what comes after it is in no ledger.
    pub async fn balance_at(
        &self,
        view: &AccountView,
        time: Instant,
    ) -> Result<Balance, BalanceAtError> {
        let account = &view.account;
        let opened_at = account.opened_at;
        if time < opened_at {
            return Err(BalanceAtError::BeforeOpened { opened_at });
        }
        let ends_at = projection_ends_at(view.balance.as_of.max(self.now()));
        if time > ends_at {
            return Err(BalanceAtError::TooFarAhead { ends_at });
        }
        if account.is_before(time) {
            let catalogs = self.catalogs();
            let state = account.projected(&catalogs, time);
            return Ok(Balance {
                sequence: account.sequence,
                ..state.balance(&catalogs, time)
            });
        }
        let record = self.node.store.operation_at(&account.id, time).await;
        let record = record.map_err(|error| self.report(&error))?;
        // Its opening is the first that counts, and it counted by then.
        let record = record.ok_or(LedgerError::Corrupt)?;
        // Without anything held, no hold can end before the operation after it.
        if !record.held_after.is_zero()
            && record.sequence.0 <= REPLAYED_MAX
            && self.ends_within(&record, time).await?
        {
            let catalogs = self.catalogs();
            let state = self.replayed(&record).await?.projected(&catalogs, time);
            return Ok(Balance {
                sequence: record.sequence,
                ..state.balance(&catalogs, time)
            });
        }
        let accepted = record.accepted().map_err(StoreError::from);
        let accepted = accepted.map_err(|error| self.report(&error))?;
        Ok(Balance {
            as_of: time,
            ..accepted.balance
        })
    }

    /// Whether holds ended by `time` that a later operation than `record`, the last by then, ends.
    async fn ends_within(
        &self,
        record: &OperationRecord,
        time: Instant,
    ) -> Result<bool, LedgerError> {
        let next = SequenceWindow {
            above: Some(record.sequence),
            below: None,
            newest_first: false,
            limit: 1,
        };
        let all = OperationFilter::default();
        let next = self.operations(&record.account, &all, &next).await?;
        let ends = |operation: &Operation| {
            let ends = operation.event.hold_ends();
            ends.iter().any(|end| end.at <= time)
        };
        Ok(next.iter().any(ends))
    }

    /// The account as it was right after `record`.
    async fn replayed(&self, record: &OperationRecord) -> Result<Account, LedgerError> {
        let mut account = Account::unopened(record.account.clone());
        let all = OperationFilter::default();
        while account.sequence < record.sequence {
            let window = SequenceWindow {
                above: Some(account.sequence),
                below: Some(record.sequence.next()),
                newest_first: false,
                limit: REPLAYED_AT_ONCE,
            };
            let operations = self.operations(&record.account, &all, &window).await?;
            if operations.is_empty() {
                return Err(LedgerError::Corrupt);
            }
            for operation in &operations {
                account.apply(&operation.event);
            }
        }
        Ok(account)
    }
}
