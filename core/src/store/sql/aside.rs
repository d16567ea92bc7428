//! What is written beside decisions: catalogs, and the end of old refusals.
//!
//! They are built from the entities. It never begins or ends a transaction; the rows that a commit writes are
//! [`insert`](super::insert)'s.

use credits_entity::{catalog, refusal};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, Iterable, QueryFilter, QueryTrait,
    sea_query::{Expr, ExprTrait, OnConflict, Query},
};

use super::convert;
use crate::{domain::time::Instant, store::KeptCatalog};

/// Adds a catalog, unless its version is there; tells whether it was added.
pub(super) async fn publish<C: ConnectionTrait>(
    connection: &C,
    kept: &KeptCatalog,
) -> Result<bool, DbErr> {
    let row = convert::catalog::row(kept);
    let mut same = catalog::Column::Version.eq(row.version);
    if let Some(id) = row.operation_id {
        same = same.or(catalog::Column::OperationId.eq(id));
    }
    let taken = catalog::Entity::find().filter(same).into_query();
    let values = Query::select()
        .exprs([
            Expr::val(row.version),
            Expr::val(row.effective_at_us),
            Expr::val(row.published_at_us),
            Expr::val(row.hash),
            Expr::val(row.source),
            Expr::val(row.operation_id),
            Expr::val(row.content),
        ])
        .and_where(Expr::exists(taken).not())
        .take();
    // Another node may add it between the look and the row.
    let insert = Query::insert()
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .into_table(catalog::Entity)
        .columns(catalog::Column::iter())
        .select_from(values)
        .map_err(|error| DbErr::Custom(error.to_string()))?
        .take();
    Ok(connection.execute(&insert).await?.rows_affected() > 0)
}

/// Deletes refusals decided before `before`, at most `limit`; tells how many.
pub(super) async fn forget_refusals<C: ConnectionTrait>(
    connection: &C,
    before: Instant,
    limit: u64,
) -> Result<u64, DbErr> {
    let key = [refusal::Column::OperationId, refusal::Column::AccountId];
    let old = Query::select()
        .columns(key)
        .from(refusal::Entity)
        .and_where(refusal::Column::AtUs.lt(before.micros()))
        .limit(limit)
        .take();
    let delete = Query::delete()
        .from_table(refusal::Entity)
        .and_where(Expr::tuple(key.map(Expr::col)).in_subquery(old))
        .take();
    Ok(connection.execute(&delete).await?.rows_affected())
}
