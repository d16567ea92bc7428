//! What an account was charged, summed: read from the database, past every actor.
//!
//! Owns how much of it is told at once. The sums are the store's.

use super::Ledger;
use crate::{
    domain::{
        day::Day,
        ids::{AccountId, Sequence},
        usage::{USAGE_DAYS_MAX, UsageSums},
    },
    error::LedgerError,
    store::{UsageDimension, UsageQuery, UsageRow},
};

/// The most rows of a report: 400 days by a dozen models, which is more than a chart shows. More are
/// refused and not cut, so that the rows always sum to the totals.
pub const USAGE_ROWS_MAX: usize = 5_000;

/// Sums of an account's charges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageReport {
    /// The rows, in the order of what they are told apart by.
    pub rows: Vec<UsageRow>,
    /// The sums of all rows.
    pub totals: UsageSums,
    /// All charges up to this operation are in it, and none after it.
    pub sequence: Sequence,
}

/// Why days are no period that is looked at together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// The last day is before the first.
    #[error("the period ends before it begins: {to} is before {from}")]
    Backwards {
        /// The first day.
        from: Day,
        /// The last day.
        to: Day,
    },
    /// So many days are not looked at at once.
    #[error("a period has {USAGE_DAYS_MAX} days at most, and this one has {days}")]
    TooLong {
        /// How many days the period has.
        days: i32,
    },
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    /// It is no period that is summed at once.
    #[error(transparent)]
    Period(#[from] PeriodError),
    /// It has more than [`USAGE_ROWS_MAX`] rows.
    #[error("there would be more than {USAGE_ROWS_MAX} rows: ask for fewer days, or by less")]
    TooManyRows,
    /// The sums can't be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Fails unless `from` to `to`, both included, is a period that is looked at at once.
pub fn check_period(from: Day, to: Day) -> Result<(), PeriodError> {
    match from.days_to(to) {
        ..=0 => Err(PeriodError::Backwards { from, to }),
        days if days > USAGE_DAYS_MAX => Err(PeriodError::TooLong { days }),
        _ => Ok(()),
    }
}

impl Ledger {
    /// What an account was charged from the day `from` to the day `to`, both included, told apart `by`
    /// some dimensions in their order, each at most once. Nothing for an account that was never opened.
    pub async fn usage(
        &self,
        account: &AccountId,
        from: Day,
        to: Day,
        by: &[UsageDimension],
    ) -> Result<UsageReport, UsageError> {
        check_period(from, to)?;
        let query = UsageQuery {
            limit: Some(USAGE_ROWS_MAX as u64 + 1),
            ..UsageQuery::of_days(from, to, by)
        };
        let found = self.node.store.usage(account, &query).await;
        let found = found.map_err(|error| self.report(&error))?;
        if found.rows.len() > USAGE_ROWS_MAX {
            return Err(UsageError::TooManyRows);
        }
        let mut totals = UsageSums::default();
        found.rows.iter().for_each(|row| totals.add(&row.sums));
        Ok(UsageReport {
            rows: found.rows,
            totals,
            sequence: found.sequence,
        })
    }
}
