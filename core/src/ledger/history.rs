//! History: read from the database, past every actor.

use std::sync::Arc;

use super::Ledger;
use crate::{
    domain::{
        event::OperationKind,
        ids::{AccountId, HoldId, LotId, Sequence},
        lot::LotTerms,
        outcome::{Accepted, Operation},
        record::OperationRecord,
        time::Instant,
    },
    error::LedgerError,
    store::{
        AccountWindow, KeptHold, OperationFilter, SequenceWindow, StoreError, WithoutEffectPlace,
    },
};

/// How many operations are read at a time: about a megabyte.
const READ_AT_ONCE: u64 = 1_000;

impl Ledger {
    /// Operations of an account, in the window's order.
    pub async fn operations(
        &self,
        account: &AccountId,
        filter: &OperationFilter,
        window: &SequenceWindow,
    ) -> Result<Vec<Operation>, LedgerError> {
        let accepted = self.accepted(account, filter, window).await?;
        Ok(accepted
            .into_iter()
            .map(|one| Arc::unwrap_or_clone(one.operation))
            .collect())
    }

    /// Operations of an account, in the window's order, each with the balance right after it.
    pub(super) async fn accepted(
        &self,
        account: &AccountId,
        filter: &OperationFilter,
        window: &SequenceWindow,
    ) -> Result<Vec<Accepted>, LedgerError> {
        let records = self.node.store.operations(account, filter, window).await;
        let records = records.map_err(|error| self.report(&error))?;
        let accepted = |record: OperationRecord| record.accepted().map_err(StoreError::from);
        let accepted: Result<Vec<Accepted>, StoreError> =
            records.into_iter().map(accepted).collect();
        accepted.map_err(|error| self.report(&error))
    }

    /// The position of the last operation of an account that counts at or before `at`; the one before
    /// all of them, if none does.
    pub(super) async fn position_at(
        &self,
        account: &AccountId,
        at: Instant,
    ) -> Result<Sequence, LedgerError> {
        let last = self.node.store.operation_at(account, at).await;
        let last = last.map_err(|error| self.report(&error))?;
        Ok(last.map_or(Sequence::START, |last| last.sequence))
    }

    /// The terms of lots: each was made by the operation at the position that names it.
    pub(super) async fn lot_terms(
        &self,
        account: &AccountId,
        lots: impl IntoIterator<Item = LotId>,
    ) -> Result<Vec<(LotId, LotTerms)>, LedgerError> {
        let sequences: Vec<Sequence> = lots.into_iter().collect();
        if sequences.is_empty() {
            return Ok(Vec::new());
        }
        let window = SequenceWindow {
            above: None,
            below: None,
            newest_first: false,
            limit: sequences.len() as u64,
        };
        let filter = OperationFilter {
            sequences,
            ..OperationFilter::default()
        };
        let made = self.operations(account, &filter, &window).await?;
        let terms = |one: Operation| Some((one.sequence, one.event.fact.new_lot()?.clone()));
        Ok(made.into_iter().filter_map(terms).collect())
    }

    /// The latest charges of an account between the positions `above` and `below`, oldest first, and
    /// whether there are more of them. They are read in chunks.
    pub(super) async fn charges_between(
        &self,
        account: &AccountId,
        above: Sequence,
        below: Sequence,
        max: usize,
    ) -> Result<(Vec<Operation>, bool), LedgerError> {
        let charges = OperationFilter {
            kinds: vec![OperationKind::Charge],
            ..OperationFilter::default()
        };
        let mut found: Vec<Operation> = Vec::new();
        let mut below = below;
        // One more than is wanted tells that there are more.
        while found.len() <= max {
            let missing = (max + 1 - found.len()) as u64;
            let limit = missing.min(READ_AT_ONCE);
            let window = SequenceWindow {
                above: Some(above),
                below: Some(below),
                newest_first: true,
                limit,
            };
            let read = self.operations(account, &charges, &window).await?;
            let is_all = (read.len() as u64) < limit;
            below = read.last().map_or(below, |oldest| oldest.sequence);
            found.extend(read);
            if is_all {
                break;
            }
        }
        let more = found.len() > max;
        found.truncate(max);
        found.reverse();
        Ok((found, more))
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

    /// Payments that were paid and had no effect, of all accounts, oldest first, after `after`, at most
    /// `limit`.
    pub async fn payments_without_effect(
        &self,
        after: Option<WithoutEffectPlace>,
        limit: u64,
    ) -> Result<Vec<(WithoutEffectPlace, Operation)>, LedgerError> {
        let found = self.node.store.payments_without_effect(after, limit).await;
        let found = found.map_err(|error| self.report(&error))?;
        let read = |(place, record): (WithoutEffectPlace, OperationRecord)| {
            let accepted = record.accepted().map_err(StoreError::from);
            let accepted = accepted.map_err(|error| self.report(&error))?;
            Ok((place, Arc::unwrap_or_clone(accepted.operation)))
        };
        found.into_iter().map(read).collect()
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
