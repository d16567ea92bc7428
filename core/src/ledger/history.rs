//! History: read from the database, past every actor.

use super::Ledger;
use crate::{
    domain::{
        ids::{AccountId, HoldId},
        outcome::Operation,
        record::OperationRecord,
    },
    error::LedgerError,
    store::{AccountWindow, KeptHold, OperationFilter, SequenceWindow, StoreError},
};

impl Ledger {
    /// Operations of an account, in the window's order.
    pub async fn operations(
        &self,
        account: &AccountId,
        filter: &OperationFilter,
        window: &SequenceWindow,
    ) -> Result<Vec<Operation>, LedgerError> {
        let records = self.node.store.operations(account, filter, window).await;
        let records = records.map_err(|error| self.report(&error))?;
        let operation = |record: OperationRecord| {
            let accepted = record.accepted().map_err(StoreError::from)?;
            Ok(accepted.operation)
        };
        let operations: Result<Vec<Operation>, StoreError> =
            records.into_iter().map(operation).collect();
        operations.map_err(|error| self.report(&error))
    }

    /// A hold of the account, open or ended; none if it never placed one of that name.
    pub async fn hold(
        &self,
        account: &AccountId,
        hold: HoldId,
    ) -> Result<Option<KeptHold>, LedgerError> {
        let found = self.node.store.hold(account, hold).await;
        found.map_err(|error| self.report(&error))
    }

    /// Accounts with their keys, in the window's order.
    pub async fn accounts(
        &self,
        window: &AccountWindow,
    ) -> Result<Vec<(i64, AccountId)>, LedgerError> {
        let found = self.node.store.accounts(window).await;
        found.map_err(|error| self.report(&error))
    }
}
