//! The statements of a commit, each in few fixed shapes, so that all of them stay prepared.
//!
//! Owns how many rows a statement carries. A list to look up is one JSON parameter, whatever its
//! length; rows to write go in statements of 1, 2, 4 .. [`ROWS_MAX`] rows. All of it is built from the
//! entities. It never begins or ends a transaction.

use credits_entity::{account, catalog, operation, payment, refusal};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult,
    IntoActiveModel, Iterable, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{
        Alias, Expr, ExprTrait, Func, IntoIden, OnConflict, Query, SelectStatement, SimpleExpr,
    },
};
use serde_json::Value;

use super::convert;
use crate::{
    domain::{ids::OperationId, time::Instant},
    store::KeptCatalog,
};

/// The most rows in one statement: with 22 columns a tenth of the 32,766 parameters SQLite takes,
/// and past it the time of a row no longer falls.
const ROWS_MAX: usize = 64;

/// What a commit must know of an account that is there.
#[derive(Debug, FromQueryResult)]
pub(super) struct Present {
    pub(super) id: i64,
    pub(super) external_id: String,
    pub(super) sequence: i64,
    pub(super) head_hash: Vec<u8>,
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
    list(ids.iter().map(|id| hex(*id)).collect(), |value| {
        Func::cust("unhex").arg(value).into()
    })
}

fn hex(id: OperationId) -> Value {
    Value::String(id.0.simple().to_string())
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
fn part(path: &'static str) -> SimpleExpr {
    let value = Expr::col((Alias::new("pair"), Alias::new("value")));
    Func::cust("json_extract")
        .arg(value)
        .arg(Expr::cust(path))
        .into()
}

const FIRST: &str = "'$[0]'";
const SECOND: &str = "'$[1]'";

/// Those of the accounts that are there.
pub(super) async fn present<'a, C: ConnectionTrait>(
    connection: &C,
    ids: impl Iterator<Item = &'a str>,
) -> Result<Vec<Present>, DbErr> {
    let ids = list(ids.map(Value::from).collect(), SimpleExpr::from);
    account::Entity::find()
        .select_only()
        .columns([
            account::Column::Id,
            account::Column::ExternalId,
            account::Column::Sequence,
            account::Column::HeadHash,
        ])
        .filter(account::Column::ExternalId.in_subquery(ids))
        .into_model()
        .all(connection)
        .await
}

/// The keys of those accounts of which an id of the list was decided before.
pub(super) async fn decided<C: ConnectionTrait>(
    connection: &C,
    ids: impl Iterator<Item = (OperationId, i64)>,
) -> Result<Vec<i64>, DbErr> {
    let pairs: Value = ids
        .map(|(id, account)| Value::Array(vec![hex(id), Value::from(account)]))
        .collect();
    let accepted = decided_in(
        operation::Entity,
        [operation::Column::OperationId, operation::Column::AccountId],
        &pairs,
    );
    let refused = decided_in(
        refusal::Entity,
        [refusal::Column::OperationId, refusal::Column::AccountId],
        &pairs,
    );
    let mut keys = Vec::new();
    for statement in [accepted, refused] {
        for row in connection.query_all(&statement).await? {
            keys.push(row.try_get_by_index(0)?);
        }
    }
    Ok(keys)
}

fn decided_in<E: EntityTrait>(
    table: E,
    [id, account]: [E::Column; 2],
    pairs: &Value,
) -> SelectStatement {
    let given = Func::cust("unhex").arg(part(FIRST));
    paired(
        pairs,
        table,
        [
            (Expr::col((table, id)), given.into()),
            (Expr::col((table, account)), part(SECOND)),
        ],
    )
    .column((table, account))
    .take()
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

/// Adds accounts and tells the keys of those that were not there.
pub(super) async fn open_accounts<C: ConnectionTrait>(
    connection: &C,
    rows: Vec<account::ActiveModel>,
) -> Result<Vec<(i64, String)>, DbErr> {
    let absent = OnConflict::column(account::Column::ExternalId)
        .do_nothing()
        .to_owned();
    let mut opened = Vec::with_capacity(rows.len());
    for rows in sized(rows) {
        let mut insert = account::Entity::insert_many(rows)
            .on_conflict(absent.clone())
            .into_query();
        let keys = [account::Column::Id, account::Column::ExternalId];
        insert.returning(Query::returning().columns(keys));
        for row in connection.query_all(&insert).await? {
            opened.push((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
        }
    }
    Ok(opened)
}

/// Gives accounts that are there their new state.
pub(super) async fn update_accounts<C: ConnectionTrait>(
    connection: &C,
    rows: Vec<account::ActiveModel>,
) -> Result<(), DbErr> {
    let kept = |column: &account::Column| {
        !matches!(column, account::Column::Id | account::Column::ExternalId)
    };
    let update = OnConflict::column(account::Column::Id)
        .update_columns(account::Column::iter().filter(kept))
        .to_owned();
    for rows in sized(rows) {
        let insert = account::Entity::insert_many(rows).on_conflict(update.clone());
        insert.exec_without_returning(connection).await?;
    }
    Ok(())
}

/// Adds rows to a table.
pub(super) async fn append<C, M, A>(connection: &C, rows: Vec<M>) -> Result<(), DbErr>
where
    C: ConnectionTrait,
    M: IntoActiveModel<A>,
    A: ActiveModelTrait,
{
    for rows in sized(rows) {
        let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
        A::Entity::insert_many::<A, _>(rows)
            .exec_without_returning(connection)
            .await?;
    }
    Ok(())
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

/// The rows in groups of powers of two, at most [`ROWS_MAX`], in order.
fn sized<T>(mut rows: Vec<T>) -> impl Iterator<Item = Vec<T>> {
    std::iter::from_fn(move || {
        let largest = rows.len().min(ROWS_MAX).checked_ilog2()?;
        let rest = rows.split_off(1 << largest);
        Some(std::mem::replace(&mut rows, rest))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_go_in_few_sizes_and_keep_their_order() {
        let groups: Vec<Vec<usize>> = sized((0..203).collect()).collect();
        let sizes: Vec<usize> = groups.iter().map(Vec::len).collect();
        assert_eq!(sizes, [64, 64, 64, 8, 2, 1]);
        assert_eq!(groups.concat(), (0..203).collect::<Vec<_>>());
        assert_eq!(sized(Vec::<u8>::new()).count(), 0);
    }
}
