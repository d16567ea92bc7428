//! The statements that look things up in a commit, and those that keep other things than decisions.
//!
//! A list to look up is one JSON parameter, whatever its length, so that the statement stays
//! prepared. All of it is built from the entities. It never begins or ends a transaction; the rows
//! that a commit writes are [`insert`](super::insert)'s.

use credits_entity::{account, catalog, operation, payment, refusal};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, Iterable, QueryFilter,
    QuerySelect, QueryTrait,
    sea_query::{
        Alias, Condition, Expr, ExprTrait, Func, IntoIden, Query, SelectStatement, SimpleExpr,
        UnionType,
    },
};
use serde_json::Value;
use uuid::Uuid;

use super::convert;
use crate::{
    domain::{ids::OperationId, time::Instant},
    store::KeptCatalog,
};

/// What a commit must know of an account that is there.
#[derive(Debug, FromQueryResult)]
pub(super) struct Present {
    pub(super) id: i64,
    pub(super) external_id: String,
    pub(super) next_due_at_us: Option<i64>,
    /// Of its last operation; none before the first.
    pub(super) sequence: Option<i64>,
    pub(super) hash: Option<Vec<u8>>,
}

/// An id that was decided, and on which account.
#[derive(Debug, PartialEq, Eq, Hash, FromQueryResult)]
pub(super) struct Decided {
    pub(super) operation_id: Uuid,
    pub(super) account_id: i64,
}

/// A payment that was used.
#[derive(Debug, FromQueryResult)]
pub(super) struct Used {
    pub(super) provider: String,
    pub(super) reference: String,
}

/// `(SELECT value FROM json_each(?))`, the values turned by `turn`.
fn list(values: Value, turn: fn(Expr) -> SimpleExpr) -> SelectStatement {
    let each = Func::cust("json_each").arg(values.to_string());
    Query::select()
        .expr(turn(Expr::col("value")))
        .from_function(each, "list")
        .take()
}

/// Operation ids as a list to compare with a column of them.
pub(super) fn id_list(ids: &[OperationId]) -> SelectStatement {
    let hex = ids
        .iter()
        .map(|id| Value::String(id.0.simple().to_string()));
    list(hex.collect(), |value| Func::cust("unhex").arg(value).into())
}

/// `FROM json_each(?) CROSS JOIN table WHERE` the pair's two parts equal two columns of it. The cross
/// join makes SQLite go from the few pairs to the table's index; sea-query writes it without `ON`.
fn paired(
    pairs: &Value,
    table: impl IntoIden,
    on: [(SimpleExpr, SimpleExpr); 2],
) -> SelectStatement {
    let each = Func::cust("json_each").arg(pairs.to_string());
    let [(first, to_first), (second, to_second)] = on;
    Query::select()
        .from_function(each, "pair")
        .cross_join(table.into_iden())
        .and_where(first.eq(to_first))
        .and_where(second.eq(to_second))
        .take()
}

/// One part of the pair at hand.
pub(super) fn part(path: &'static str) -> SimpleExpr {
    let value = Expr::col((Alias::new("pair"), Alias::new("value")));
    Func::cust("json_extract")
        .arg(value)
        .arg(Expr::cust(path))
        .into()
}

pub(super) const FIRST: &str = "'$[0]'";
pub(super) const SECOND: &str = "'$[1]'";

/// Those of the accounts that are there, each with the end of its chain: its last operation, which
/// its row may be behind.
pub(super) async fn present<'a, C: ConnectionTrait>(
    connection: &C,
    ids: impl Iterator<Item = &'a str>,
) -> Result<Vec<Present>, DbErr> {
    let ids = list(ids.map(Value::from).collect(), SimpleExpr::from);
    let account = |column: account::Column| Expr::col((account::Entity, column));
    let last = |column: operation::Column| Expr::col((operation::Entity, column));
    let end = Query::select()
        .expr(Expr::col((Alias::new("each"), operation::Column::Sequence)).max())
        .from_as(operation::Entity, Alias::new("each"))
        .and_where(
            Expr::col((Alias::new("each"), operation::Column::AccountId))
                .eq(account(account::Column::Id)),
        )
        .take();
    let ends = Condition::all()
        .add(last(operation::Column::AccountId).eq(account(account::Column::Id)))
        .add(last(operation::Column::Sequence).eq(SimpleExpr::from(end)));
    let found = Query::select()
        .expr(account(account::Column::Id))
        .expr(account(account::Column::ExternalId))
        .expr(account(account::Column::NextDueAtUs))
        .expr(last(operation::Column::Sequence))
        .expr(last(operation::Column::Hash))
        .from(account::Entity)
        .left_join(operation::Entity, ends)
        .and_where(account(account::Column::ExternalId).in_subquery(ids))
        .take();
    let rows = connection.query_all(&found).await?;
    rows.iter()
        .map(|row| Present::from_query_result(row, ""))
        .collect()
}

/// Those of the ids that were decided before, each with the key of an account that has it.
pub(super) async fn decided<C: ConnectionTrait>(
    connection: &C,
    ids: &[OperationId],
) -> Result<Vec<Decided>, DbErr> {
    let mut accepted = operation::Entity::find()
        .select_only()
        .columns([operation::Column::OperationId, operation::Column::AccountId])
        .filter(operation::Column::OperationId.in_subquery(id_list(ids)))
        .into_query();
    let refused = refusal::Entity::find()
        .select_only()
        .columns([refusal::Column::OperationId, refusal::Column::AccountId])
        .filter(refusal::Column::OperationId.in_subquery(id_list(ids)))
        .into_query();
    let either = accepted.union(UnionType::All, refused);
    let rows = connection.query_all(either).await?;
    rows.iter()
        .map(|row| Decided::from_query_result(row, ""))
        .collect()
}

/// Those of the payments that were used before.
pub(super) async fn used<'a, C: ConnectionTrait>(
    connection: &C,
    payments: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<Vec<Used>, DbErr> {
    let pairs: Value = payments
        .map(|(provider, reference)| Value::from(vec![provider, reference]))
        .collect();
    let payment = |column: payment::Column| Expr::col((payment::Entity, column));
    let found = paired(
        &pairs,
        payment::Entity,
        [
            (payment(payment::Column::Provider), part(FIRST)),
            (payment(payment::Column::Reference), part(SECOND)),
        ],
    )
    .column((payment::Entity, payment::Column::Provider))
    .column((payment::Entity, payment::Column::Reference))
    .take();
    let rows = connection.query_all(&found).await?;
    rows.iter()
        .map(|row| Used::from_query_result(row, ""))
        .collect()
}

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
    let insert = Query::insert()
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
