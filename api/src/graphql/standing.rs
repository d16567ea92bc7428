//! How holds stand: open, or how they ended.
//!
//! Owns the reads behind a hold: its reserve, what changed it since, and whether the account still
//! has it open. It changes nothing.

use std::collections::HashMap;

use async_graphql::Context;
use credits_core::{
    domain::{
        account::Account,
        event::OperationKind,
        ids::{AccountId, HoldId},
        outcome::{Operation, Outcome},
    },
    store::{OperationFilter, SequenceWindow},
};
use futures_util::future::BoxFuture;

use super::{
    access,
    hold::{Hold, HoldConnection},
    page::Page,
};
use crate::error::Fault;

/// What a hold within an operation costs a request, its fields included: a few reads.
pub const COST: usize = 20;
/// The most changes read of the holds of one page: a hold has one end, perhaps a late settlement,
/// and rarely an extension.
const CHANGES_MAX: u64 = 1_000;

/// A look that comes in a box: the future of every field beside the one that looks would be as large.
type Look<'c> = BoxFuture<'c, Result<Option<Hold>, Fault>>;

/// The hold of that name as it stands now; none if none was placed.
pub fn find<'c>(ctx: &'c Context<'_>, account: &'c AccountId, hold: HoldId) -> Look<'c> {
    Box::pin(async move {
        match access::ledger(ctx).outcome(account, hold).await? {
            Some(Outcome::Accepted(accepted)) => placed_by(ctx, &accepted.operation).await,
            Some(Outcome::Refused(_)) | None => Ok(None),
        }
    })
}

/// The hold that an operation placed, as it stands now; none for any other operation.
pub fn placed_by<'c>(ctx: &'c Context<'_>, operation: &'c Operation) -> Look<'c> {
    Box::pin(async move {
        let Some(view) = access::ledger(ctx).view(&operation.account).await? else {
            return Ok(None);
        };
        let mut found = standing(ctx, &view.account, std::slice::from_ref(operation)).await?;
        Ok(found.pop().map(|(_, hold)| hold))
    })
}

/// A page of the holds of an account, of which `account` is a state.
pub async fn page(
    ctx: &Context<'_>,
    account: &Account,
    page: &Page,
) -> Result<HoldConnection, Fault> {
    let filter = OperationFilter {
        kinds: vec![OperationKind::HoldPlaced],
        ..OperationFilter::default()
    };
    let placed = access::ledger(ctx)
        .operations(&account.id, &filter, &page.sequences())
        .await?;
    Ok(page.cut(standing(ctx, account, &placed).await?).into())
}

/// The holds that these operations placed as they stand now, with the operations' positions. What is
/// no longer open in `account`, a state read before, has its end among the changes read here, or
/// ended together with others, of which the ledger's index names the first only.
async fn standing(
    ctx: &Context<'_>,
    account: &Account,
    placed: &[Operation],
) -> Result<Vec<(i64, Hold)>, Fault> {
    let holds: Vec<HoldId> = placed
        .iter()
        .filter_map(|placed| Some(placed.event.caused_by?.operation_id))
        .collect();
    if holds.is_empty() {
        return Ok(Vec::new());
    }
    let filter = OperationFilter {
        holds,
        ..OperationFilter::default()
    };
    let window = SequenceWindow {
        above: None,
        below: None,
        newest_first: false,
        limit: CHANGES_MAX,
    };
    let changes = access::ledger(ctx)
        .operations(&account.id, &filter, &window)
        .await?;
    let mut by_hold: HashMap<HoldId, Vec<&Operation>> = HashMap::new();
    for change in &changes {
        if let Some(hold) = change.event.fact.hold() {
            by_hold.entry(hold).or_default().push(change);
        }
    }
    let stands = |placed: &Operation| {
        let id = placed.event.caused_by?.operation_id;
        let changes = by_hold.remove(&id).unwrap_or_default().into_iter();
        let hold = changes.fold(Hold::placed(placed)?, Hold::after);
        let is_open = placed.sequence > account.sequence || account.hold(id).is_some();
        let hold = if is_open { hold } else { hold.ended() };
        Some((placed.sequence.0, hold))
    };
    Ok(placed.iter().filter_map(stands).collect())
}
