//! Chains of attempts: read from the database, by the root that each attempt says.

use super::Ledger;
use crate::{
    domain::{
        event::{Fact, OperationKind},
        ids::{AccountId, HoldId, OperationId},
        outcome::{Operation, Outcome},
        regeneration::{CHAIN_ATTEMPTS_MAX, CHAIN_MARKS_MAX, Earlier, keeper},
    },
    error::LedgerError,
    store::{OperationFilter, SequenceWindow},
};

/// A generation and all that do it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The charges, oldest first, at most [`CHAIN_ATTEMPTS_MAX`].
    pub attempts: Vec<Operation>,
    /// Whether there are more.
    pub more: bool,
    /// The charge that is kept, if one was marked.
    pub keeper: Option<Operation>,
}

impl Ledger {
    /// The chain that a charge belongs to; none for what is no charge.
    pub async fn chain(&self, charge: &Operation) -> Result<Option<Chain>, LedgerError> {
        let account = &charge.account;
        let Some(cause) = charge.event.caused_by else {
            return Ok(None);
        };
        let fact = &charge.event.fact;
        let charged = Earlier::of(cause.operation_id, fact).filter(|earlier| earlier.charged);
        let Some(Earlier { chain, .. }) = charged else {
            return Ok(None);
        };
        // A charge that says no root is the root, and need not be looked for.
        let root = match fact.chain() {
            None => Some(charge.clone()),
            Some(_) => self.root(account, chain).await?,
        };
        let mut attempts: Vec<Operation> = root.into_iter().collect();
        attempts.extend(self.of_chain(account, chain).await?);
        let more = attempts.len() > CHAIN_ATTEMPTS_MAX;
        attempts.truncate(CHAIN_ATTEMPTS_MAX);
        let keeper = self.keeper(account, chain, &attempts).await?;
        Ok(Some(Chain {
            attempts,
            more,
            keeper,
        }))
    }

    /// An operation of the account by the id of its call; none if there is none, or it was refused.
    pub async fn operation(
        &self,
        account: &AccountId,
        id: OperationId,
    ) -> Result<Option<Operation>, LedgerError> {
        let decisions = self.node.store.decisions(account, &[id]).await;
        let mut decisions = decisions.map_err(|error| self.report(&error))?;
        let decision = decisions.remove(&id);
        Ok(decision.and_then(|decision| match decision.outcome {
            Outcome::Accepted(accepted) => Some(accepted.operation.as_ref().clone()),
            Outcome::Refused(_) => None,
        }))
    }

    /// The charge that a chain begins with; none if it begins with a reserve that was never settled.
    async fn root(
        &self,
        account: &AccountId,
        root: OperationId,
    ) -> Result<Option<Operation>, LedgerError> {
        let named = self.operation(account, root).await?;
        match named.as_ref().map(|named| &named.event.fact) {
            Some(Fact::Charge(_)) => Ok(named),
            Some(_) => self.settled_by(account, root).await,
            None => Ok(None),
        }
    }

    async fn settled_by(
        &self,
        account: &AccountId,
        hold: HoldId,
    ) -> Result<Option<Operation>, LedgerError> {
        let filter = OperationFilter {
            kinds: vec![OperationKind::Charge],
            holds: vec![hold],
            ..OperationFilter::default()
        };
        let found = self.operations(account, &filter, &window(false, 1)).await?;
        Ok(found.into_iter().next())
    }

    async fn of_chain(
        &self,
        account: &AccountId,
        chain: OperationId,
    ) -> Result<Vec<Operation>, LedgerError> {
        let filter = OperationFilter {
            kinds: vec![OperationKind::Charge],
            chain: Some(chain),
            ..OperationFilter::default()
        };
        // One more than is shown tells whether there are more.
        let window = window(false, CHAIN_ATTEMPTS_MAX + 1);
        self.operations(account, &filter, &window).await
    }

    async fn keeper(
        &self,
        account: &AccountId,
        chain: OperationId,
        attempts: &[Operation],
    ) -> Result<Option<Operation>, LedgerError> {
        let filter = OperationFilter {
            kinds: vec![OperationKind::ChargeKept],
            chain: Some(chain),
            ..OperationFilter::default()
        };
        let window = window(true, CHAIN_MARKS_MAX);
        let marks = self.operations(account, &filter, &window).await?;
        let mark = |operation: &Operation| match operation.event.fact {
            Fact::ChargeKept { charge, kept, .. } => Some((charge, kept)),
            _ => None,
        };
        let Some(kept) = keeper(marks.iter().filter_map(mark)) else {
            return Ok(None);
        };
        let named = |operation: &&Operation| {
            let cause = operation.event.caused_by;
            cause.is_some_and(|cause| cause.operation_id == kept)
        };
        match attempts.iter().find(named) {
            Some(shown) => Ok(Some(shown.clone())),
            None => self.operation(account, kept).await,
        }
    }
}

fn window(newest_first: bool, limit: usize) -> SequenceWindow {
    SequenceWindow {
        above: None,
        below: None,
        newest_first,
        limit: limit as u64,
    }
}
