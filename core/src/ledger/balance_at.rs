//! What an account had, or will have, at another instant.
//!
//! Owns which of the two it is. The past is read from the ledger, past every actor; the future is
//! projected by the rules by which time acts. It never makes anything happen.

use super::Ledger;
use crate::{
    actor::view::AccountView,
    domain::{balance::Balance, projection::projection_ends_at, time::Instant},
    error::LedgerError,
    store::StoreError,
};

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
        let accepted = record.accepted().map_err(StoreError::from);
        let accepted = accepted.map_err(|error| self.report(&error))?;
        Ok(Balance {
            as_of: time,
            ..accepted.balance
        })
    }
}
