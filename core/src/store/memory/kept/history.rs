//! What is listed of the tables: operations, sums of usage, accounts.

use super::Kept;
use crate::{
    domain::{
        account::Account,
        ids::{AccountId, HoldId, Sequence},
        payment::PaymentKey,
        record::{CorruptRecord, OperationRecord},
        time::Instant,
        usage::last_whole_group,
    },
    store::{
        AccountStanding, AccountWindow, KeptPayment, OperationFilter, SequenceWindow, Usage,
        UsageQuery, WithoutEffectPlace, usage,
    },
};

impl Kept {
    pub(in crate::store::memory) fn payments(
        &self,
        after: Option<&PaymentKey>,
        limit: u64,
    ) -> Vec<KeptPayment> {
        let wanted = self.payments.values();
        let wanted = wanted.filter(|used| after.is_none_or(|after| used.key > *after));
        let mut payments: Vec<KeptPayment> = wanted
            .map(|used| KeptPayment {
                key: used.key.clone(),
                account: used.account.clone(),
                operation_id: used.operation_id,
            })
            .collect();
        payments.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        payments.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        payments
    }

    pub(in crate::store::memory) fn operations(
        &self,
        account: &AccountId,
        filter: &OperationFilter,
        window: &SequenceWindow,
    ) -> Vec<OperationRecord> {
        let inside = |sequence: Sequence| {
            window.above.is_none_or(|above| sequence > above)
                && window.below.is_none_or(|below| sequence < below)
        };
        let wanted = self
            .all_operations(account)
            .iter()
            .filter(|record| inside(record.sequence) && matches(filter, record));
        window_of(wanted, window.newest_first, window.limit)
    }

    pub(in crate::store::memory) fn operation_at(
        &self,
        account: &AccountId,
        at: Instant,
    ) -> Option<OperationRecord> {
        let all = self.all_operations(account).iter();
        all.rev().find(|record| record.at <= at).cloned()
    }

    pub(in crate::store::memory) fn usage(
        &self,
        account: &AccountId,
        query: &UsageQuery,
    ) -> Result<Usage, CorruptRecord> {
        let Some(rows) = self.rows(account) else {
            return Ok(Usage::default());
        };
        let sequence = rows.head.sequence;
        let mut tally = rows.usage.clone();
        let kept_to = last_whole_group(sequence);
        for record in &rows.operations {
            if record.sequence > kept_to {
                tally.count(&record.event()?);
            }
        }
        Ok(Usage {
            rows: usage::rows(&tally, query),
            sequence,
        })
    }

    pub(in crate::store::memory) fn payments_without_effect(
        &self,
        after: Option<WithoutEffectPlace>,
        limit: u64,
    ) -> Vec<(WithoutEffectPlace, OperationRecord)> {
        let mut found = Vec::new();
        for (key, rows) in (1..).zip(&self.accounts) {
            for record in rows.operations.iter().filter(|one| one.without_effect) {
                let mut later = rows
                    .operations
                    .iter()
                    .filter(|one| one.sequence > record.sequence);
                let place = WithoutEffectPlace {
                    at_us: record.recorded_at.micros(),
                    key,
                    sequence: record.sequence.0,
                };
                if Some(place) > after && !later.any(|one| one.payment == record.payment) {
                    found.push((place, record.clone()));
                }
            }
        }
        found.sort_by_key(|(place, _)| *place);
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        found
    }

    pub(in crate::store::memory) fn accounts(
        &self,
        window: &AccountWindow,
    ) -> Vec<(i64, AccountId)> {
        let inside = |key: i64| {
            window.above.is_none_or(|above| key > above)
                && window.below.is_none_or(|below| key < below)
        };
        let stands = |state: &Account| {
            window.standings.is_empty() || window.standings.contains(&AccountStanding::of(state))
        };
        let keyed: Vec<(i64, AccountId)> = (1..)
            .zip(&self.accounts)
            .filter(|(key, rows)| rows.state.is_open() && inside(*key) && stands(&rows.state))
            .map(|(key, rows)| (key, rows.state.id.clone()))
            .collect();
        window_of(keyed.iter(), window.newest_first, window.limit)
    }
}

fn matches(filter: &OperationFilter, record: &OperationRecord) -> bool {
    let of_hold = |holds: &[HoldId]| record.hold.is_some_and(|hold| holds.contains(&hold));
    (filter.kinds.is_empty() || filter.kinds.contains(&record.kind))
        && (filter.holds.is_empty() || of_hold(&filter.holds))
        && (filter.sequences.is_empty() || filter.sequences.contains(&record.sequence))
        && (filter.chain.is_none() || filter.chain == record.chain)
        && (filter.project.is_none() || filter.project == record.project)
        && (filter.model.is_none() || filter.model == record.model)
        && (filter.action.is_none() || filter.action == record.action)
}

/// The first `limit` of `rows`, which are oldest first, from either end.
fn window_of<'r, T: Clone + 'r>(
    rows: impl DoubleEndedIterator<Item = &'r T>,
    newest_first: bool,
    limit: u64,
) -> Vec<T> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if newest_first {
        rows.rev().take(limit).cloned().collect()
    } else {
        rows.take(limit).cloned().collect()
    }
}
