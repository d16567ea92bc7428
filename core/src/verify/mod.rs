//! Proving a ledger: every account is replayed from nothing and compared with what is kept of it.
//!
//! Owns which accounts are read and how: in pages, so that memory is bounded, and from the account's
//! row first, so that it can run beside a service that writes. What is wrong is found in `audit.rs`.
//! It never changes anything, and it trusts nothing but the rules of the domain.
//!
//! The chain shows accidents and edits. It can't show a ledger that was cut or recomputed as a whole:
//! that needs a head that was kept elsewhere.

mod audit;
mod payments;
mod report;
mod usage;

#[cfg(test)]
mod tests;

pub use self::report::{FINDINGS_MAX, Finding, Report, Rule};

use std::collections::HashSet;

use futures_util::{StreamExt, stream};

use self::{audit::Audit, usage::Recount};
use crate::{
    domain::{
        day::Day,
        ids::{AccountId, OperationId, Sequence},
        record::{CorruptRecord, OperationRecord},
    },
    store::{AccountWindow, Loaded, OperationFilter, SequenceWindow, Store, StoreError},
};

/// Accounts and operations are read so many at a time: about a megabyte.
const PAGE: u64 = 500;
/// The database answers for one account while another one is replayed; a page of each is in memory.
const ACCOUNTS_AT_ONCE: usize = 8;
/// The refusals of an account whose ids are compared with its operations': more than an account at
/// the limit of stored refusals makes in two hours.
const REFUSALS_MAX: u64 = 10_000;

/// Verifies every account of the store.
///
/// # Errors
///
/// If the store can't be read at all. What a row says wrongly is a finding, not an error.
pub async fn verify(store: &dyn Store) -> Result<Report, StoreError> {
    let mut report = Report::default();
    let mut above = None;
    loop {
        let window = AccountWindow {
            above,
            limit: PAGE,
            ..AccountWindow::default()
        };
        let accounts = store.accounts(&window).await?;
        let Some((last, _)) = accounts.last() else {
            payments::became_known(store, &mut report).await?;
            return Ok(report);
        };
        above = Some(*last);
        let parts = accounts.iter().map(|(_, account)| async move {
            let mut part = Report::default();
            verify_account(store, account, &mut part).await?;
            Ok::<_, StoreError>(part)
        });
        let mut parts = stream::iter(parts).buffered(ACCOUNTS_AT_ONCE);
        while let Some(part) = parts.next().await {
            report.take(part?);
        }
    }
}

async fn verify_account(
    store: &dyn Store,
    account: &AccountId,
    report: &mut Report,
) -> Result<(), StoreError> {
    report.accounts += 1;
    let loaded = sound(store.load(account).await, account, report)?;
    let refused = refused_ids(store, account, report).await?;
    let mut audit = Audit::new(account.clone(), refused);
    let mut recount = Recount::new(account.clone());
    let below = loaded.as_ref().map(|loaded| loaded.head.sequence.next());
    let mut above = None;
    loop {
        let page = page(store, account, above, below, PAGE).await;
        let Some(page) = sound(page, account, report)? else {
            return Ok(());
        };
        let Some(last) = page.last() else {
            break;
        };
        above = Some(last.sequence);
        for record in &page {
            report.operations += 1;
            if let Some(event) = audit.read(record, report) {
                recount.count(&event, store, report).await?;
                payments::is_known(store, record, &event, report).await?;
            }
        }
        // One that is not full is the last.
        if (page.len() as u64) < PAGE {
            break;
        }
    }
    if let Some(loaded) = loaded {
        audit.finish(&loaded, report);
        nothing_beyond(store, account, &loaded, report).await?;
    }
    usage_agrees(store, account, above, recount, report).await
}

/// What is kept may sum operations that came meanwhile: they are counted as well.
async fn usage_agrees(
    store: &dyn Store,
    account: &AccountId,
    counted_to: Option<Sequence>,
    mut recount: Recount,
    report: &mut Report,
) -> Result<(), StoreError> {
    let kept = recount.kept(store, Day::MAX).await;
    let Some(kept) = sound(kept, account, report)? else {
        return Ok(());
    };
    let mut above = counted_to;
    while above.unwrap_or(Sequence::START) < kept.sequence {
        let below = Some(kept.sequence.next());
        let page = page(store, account, above, below, PAGE).await;
        let Some(page) = sound(page, account, report)? else {
            return Ok(());
        };
        let Some(last) = page.last() else {
            break;
        };
        above = Some(last.sequence);
        for record in &page {
            if let Ok(event) = record.event() {
                recount.count_more(&event);
            }
        }
    }
    recount.compare(&kept, report);
    Ok(())
}

/// An operation beyond the account's row is one that came meanwhile, and then the row moved as well.
async fn nothing_beyond(
    store: &dyn Store,
    account: &AccountId,
    loaded: &Loaded,
    report: &mut Report,
) -> Result<(), StoreError> {
    let beyond = page(store, account, Some(loaded.head.sequence), None, 1).await;
    let Some(beyond) = sound(beyond, account, report)? else {
        return Ok(());
    };
    let Some(record) = beyond.first() else {
        return Ok(());
    };
    let Some(again) = sound(store.load(account).await, account, report)? else {
        return Ok(());
    };
    if again.head.sequence < record.sequence {
        let message = format!(
            "the account's row ends before it, at {}",
            again.head.sequence
        );
        report.add(account, Some(record.sequence), Rule::Head, message);
    }
    Ok(())
}

async fn page(
    store: &dyn Store,
    account: &AccountId,
    above: Option<Sequence>,
    below: Option<Sequence>,
    limit: u64,
) -> Result<Vec<OperationRecord>, StoreError> {
    let window = SequenceWindow {
        above,
        below,
        newest_first: false,
        limit,
    };
    store
        .operations(account, &OperationFilter::default(), &window)
        .await
}

async fn refused_ids(
    store: &dyn Store,
    account: &AccountId,
    report: &mut Report,
) -> Result<HashSet<OperationId>, StoreError> {
    let refusals = store.refusals(account, REFUSALS_MAX).await;
    let refusals = sound(refusals, account, report)?.unwrap_or_default();
    Ok(refusals.iter().map(|record| record.operation_id).collect())
}

/// What was read, or `None` and a finding if a row of it is corrupt.
fn sound<T>(
    read: Result<T, StoreError>,
    account: &AccountId,
    report: &mut Report,
) -> Result<Option<T>, StoreError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(StoreError::Corrupt(corrupt)) => {
            let sequence = match &corrupt {
                CorruptRecord::Json { sequence, .. } => Some(*sequence),
                CorruptRecord::Column { .. } => None,
            };
            report.add(account, sequence, Rule::Row, corrupt.to_string());
            Ok(None)
        }
        Err(error @ (StoreError::Unavailable(_) | StoreError::RestartNeeded)) => Err(error),
    }
}
