//! The statements that look things up in a commit, and those that keep other things than decisions.
//!
//! All of it is built from the entities, in the words of the [`Engine`]. It never begins or ends a transaction; the rows
//! that a commit writes are [`insert`](super::insert)'s.

use std::collections::HashSet;

use credits_entity::{account, catalog, operation, payment, refusal};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, Iterable, Order,
    QueryFilter, QueryTrait,
    sea_query::{
        Alias, Condition, Expr, ExprTrait, LockBehavior, LockType, OnConflict, Query, SimpleExpr,
        UnionType,
    },
};
use serde_json::Value;
use uuid::Uuid;

use super::{
    convert,
    engine::{Engine, hex},
};
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

/// The keys of those of the accounts whose rows this transaction has locked against every other one, in
/// key order, none of them waited for: one that another transaction has is not among them. On SQLite,
/// where the one writer is alone, there is nothing to lock, and none is told.
///
/// The ends of the chains are read by a statement *after* this one: it sees all that was committed before
/// the locks were there.
pub(super) async fn lock<'a, C: ConnectionTrait>(
    connection: &C,
    ids: impl Iterator<Item = &'a str>,
) -> Result<Option<HashSet<i64>>, DbErr> {
    let engine = Engine::of(connection);
    if engine == Engine::Sqlite {
        return Ok(None);
    }
    let ids: Value = ids.map(Value::from).collect();
    let account = |column: account::Column| Expr::col((account::Entity, column));
    let by_name = account::Column::ExternalId;
    let locked = engine
        .among(&ids, engine.listed_text(), account::Entity, by_name)
        .expr(account(account::Column::Id))
        .order_by((account::Entity, account::Column::Id), Order::Asc)
        .lock_with_tables_behavior(
            LockType::NoKeyUpdate,
            [account::Entity],
            LockBehavior::SkipLocked,
        )
        .take();
    let rows = connection.query_all(&locked).await?;
    let keys = rows.iter().map(|row| row.try_get_by_index(0));
    keys.collect::<Result<_, _>>().map(Some)
}

/// Those of the accounts that are there, each with the end of its chain: its last operation, which
/// its row may be behind.
pub(super) async fn present<'a, C: ConnectionTrait>(
    connection: &C,
    ids: impl Iterator<Item = &'a str>,
) -> Result<Vec<Present>, DbErr> {
    let engine = Engine::of(connection);
    let ids: Value = ids.map(Value::from).collect();
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
    let by_name = account::Column::ExternalId;
    let found = engine
        .among(&ids, engine.listed_text(), account::Entity, by_name)
        .expr(account(account::Column::Id))
        .expr(account(account::Column::ExternalId))
        .expr(account(account::Column::NextDueAtUs))
        .expr(last(operation::Column::Sequence))
        .expr(last(operation::Column::Hash))
        .left_join(operation::Entity, ends)
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
    let engine = Engine::of(connection);
    let hex = hex(ids);
    let mut accepted = engine
        .among(
            &hex,
            engine.listed_id(),
            operation::Entity,
            operation::Column::OperationId,
        )
        .columns([operation::Column::OperationId, operation::Column::AccountId])
        .take();
    let refused = engine
        .among(
            &hex,
            engine.listed_id(),
            refusal::Entity,
            refusal::Column::OperationId,
        )
        .columns([refusal::Column::OperationId, refusal::Column::AccountId])
        .take();
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
    let engine = Engine::of(connection);
    let pairs: Value = payments
        .map(|(provider, reference)| Value::from(vec![provider, reference]))
        .collect();
    let payment = |column: payment::Column| Expr::col((payment::Entity, column));
    let found = engine
        .listed(&pairs, payment::Entity)
        .expr(payment(payment::Column::Provider))
        .expr(payment(payment::Column::Reference))
        .and_where(payment(payment::Column::Provider).eq(engine.part_text(0)))
        .and_where(payment(payment::Column::Reference).eq(engine.part_text(1)))
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
