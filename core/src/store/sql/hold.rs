//! Where a hold stands, told from the ledger.
//!
//! Owns how an end is found that no row names. A row names one hold: the one that was settled,
//! released or extended, or the first of those that expired together. The others of these need no
//! index of their own: a hold that has ended, with no end under its name, ended by itself at the
//! instant that its reserve or its last extension told. `verify` proves that each did.

use credits_entity::operation;
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QueryOrder};

use super::{
    convert,
    engine::Engine,
    load::load,
    read::{few_of_account, of_account, records},
};
use crate::{
    domain::{
        credits::Credits,
        event::{Fact, OperationKind},
        hold::{HoldEnd, Resolution, ResolvedHold, Spend},
        ids::{AccountId, HoldId},
        record::{CorruptRecord, OperationRecord},
        time::Instant,
    },
    store::{KeptHold, StoreError},
};

/// A hold as its reserve placed it.
struct Placed {
    amount: Credits,
    spend: Spend,
    expires_at: Instant,
}

/// What became of it, by the rows that name it.
struct Named {
    /// When it was to end by itself, extensions included.
    expires_at: Instant,
    /// The last end that is named: an expired hold may be settled late.
    end: Option<HoldEnd>,
}

/// The hold of that name: open, or how it ended; none if none was placed.
pub(super) async fn hold<C: ConnectionTrait>(
    connection: &C,
    account: &AccountId,
    hold: HoldId,
) -> Result<Option<KeptHold>, StoreError> {
    let Some(placed) = placed(connection, account, hold).await? else {
        return Ok(None);
    };
    let before = named(connection, account, hold, &placed).await?;
    if let Some(end) = before.end {
        return Ok(Some(placed.ended(end)));
    }
    if let Some(open) = load(connection, account).await?.account.hold(hold) {
        return Ok(Some(KeptHold::Open(open.clone())));
    }
    // It has ended. If that was between the two reads, a row may name it by now.
    let after = named(connection, account, hold, &placed).await?;
    let by_itself = HoldEnd {
        hold,
        resolution: Resolution::Expired,
        at: after.expires_at,
    };
    Ok(Some(placed.ended(after.end.unwrap_or(by_itself))))
}

impl Placed {
    fn ended(self, end: HoldEnd) -> KeptHold {
        KeptHold::Resolved(ResolvedHold {
            id: end.hold,
            amount: self.amount,
            spend: self.spend,
            resolution: end.resolution,
            at: end.at,
        })
    }
}

async fn placed<C: ConnectionTrait>(
    connection: &C,
    account: &AccountId,
    hold: HoldId,
) -> Result<Option<Placed>, StoreError> {
    let found = of_account(account)
        .filter(operation::Column::OperationId.eq(hold.0))
        .filter(operation::Column::Kind.eq(OperationKind::HoldPlaced.as_str()))
        .one(connection)
        .await?;
    let Some(row) = found else {
        return Ok(None);
    };
    let record = convert::operation::record(account, row)?;
    let Fact::HoldPlaced {
        amount,
        spend,
        expires_at,
        ..
    } = record.event()?.fact
    else {
        return Err(no_hold(account, &record));
    };
    Ok(Some(Placed {
        amount,
        spend,
        expires_at,
    }))
}

fn no_hold(account: &AccountId, record: &OperationRecord) -> StoreError {
    StoreError::Corrupt(CorruptRecord::Column {
        row: format!("operation {} of account {account}", record.sequence),
        column: "fact",
        problem: "its kind says that it places a hold".to_owned(),
    })
}

async fn named<C: ConnectionTrait>(
    connection: &C,
    account: &AccountId,
    hold: HoldId,
    placed: &Placed,
) -> Result<Named, StoreError> {
    let rows = few_of_account(Engine::of(connection), account)
        .filter(operation::Column::Hold.eq(hold.0))
        .order_by_asc(operation::Column::Sequence)
        .all(connection)
        .await?;
    let mut named = Named {
        expires_at: placed.expires_at,
        end: None,
    };
    for record in records(account, rows)? {
        let event = record.event()?;
        named.end = event.end_of(hold).or(named.end);
        if let Fact::HoldExtended { expires_at, .. } = event.fact {
            named.expires_at = expires_at;
        }
    }
    Ok(named)
}
