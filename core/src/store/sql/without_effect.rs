//! Payments that were paid and had no effect, of all accounts.
//!
//! Owns that list: an operation is in it as long as nothing was reported of its payment later.

use credits_entity::{account, operation};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Alias, Condition, Expr, ExprTrait, Query, SelectStatement},
};

use super::convert;
use crate::{
    domain::record::OperationRecord,
    store::{StoreError, WithoutEffectPlace},
};

pub(super) async fn payments<C: ConnectionTrait>(
    connection: &C,
    after: Option<WithoutEffectPlace>,
    limit: u64,
) -> Result<Vec<(WithoutEffectPlace, OperationRecord)>, StoreError> {
    use operation::Column::{AccountId, Sequence, WithoutEffectUs};
    let rows = operation::Entity::find()
        .filter(WithoutEffectUs.is_not_null())
        .filter(Expr::exists(later_report()).not())
        .apply_if(after, |query, after| {
            let later = Condition::any()
                .add(WithoutEffectUs.gt(after.at_us))
                .add(WithoutEffectUs.eq(after.at_us).and(AccountId.gt(after.key)))
                .add(
                    WithoutEffectUs
                        .eq(after.at_us)
                        .and(AccountId.eq(after.key))
                        .and(Sequence.gt(after.sequence)),
                );
            query.filter(WithoutEffectUs.gte(after.at_us)).filter(later)
        })
        .order_by_asc(WithoutEffectUs)
        .order_by_asc(AccountId)
        .order_by_asc(Sequence)
        .limit(limit)
        .all(connection)
        .await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<i64> = rows.iter().map(|row| row.account_id).collect();
    // The names of accounts never change, so a second statement sees the same.
    let owners = account::Entity::find()
        .filter(account::Column::Id.is_in(keys))
        .all(connection)
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let owner = owners.iter().find(|owner| owner.id == row.account_id);
        let name = owner.map_or("", |owner| owner.external_id.as_str());
        let place = WithoutEffectPlace {
            at_us: row.without_effect_us.unwrap_or_default(),
            key: row.account_id,
            sequence: row.sequence,
        };
        let record = convert::operation::record(&convert::account::id(name)?, row)?;
        found.push((place, record));
    }
    Ok(found)
}

/// A report of the same payment after the operation.
fn later_report() -> SelectStatement {
    let report = Alias::new("later");
    let of = |column: operation::Column| Expr::col((report.clone(), column));
    let same = |column: operation::Column| of(column).eq(Expr::col((operation::Entity, column)));
    let sequence = operation::Column::Sequence;
    Query::select()
        .expr(Expr::val(1))
        .from_as(operation::Entity, report.clone())
        .and_where(same(operation::Column::Payment))
        .and_where(same(operation::Column::AccountId))
        .and_where(of(sequence).gt(Expr::col((operation::Entity, sequence))))
        .take()
}
