//! Finding and loading accounts that have something due: two statements, however many they are.
//!
//! Owns how rows and the operations that they are behind of come together in bulk. An account that
//! changed between the two statements, or that makes no sense, is loaded by itself. Where several nodes
//! look for them, each claims what it finds: by the locks of its transaction, which end with that, or
//! with the connection of a node that died. It never writes.

use std::collections::HashMap;

use credits_entity::{account, operation};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, Iterable, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{Expr, ExprTrait, LockBehavior, LockType, SimpleExpr},
};
use serde_json::Value;

use super::{
    convert,
    engine::Engine,
    load::load,
    snapshot::{self, SNAPSHOT_EVERY},
};
use crate::{
    domain::{
        ids::AccountId,
        record::{CorruptRecord, OperationRecord},
        time::Instant,
    },
    store::{DueAccount, DueClaim, DuePlace, DueWindow, Loaded, StoreError},
};

/// The accounts in the window.
pub(super) async fn accounts<C: ConnectionTrait>(
    connection: &C,
    window: &DueWindow,
) -> Result<Vec<DueAccount>, StoreError> {
    let rows = first(window).all(connection).await?;
    load_all(connection, rows).await
}

/// The accounts in the window that no other transaction has: none has them until this one is over.
pub(super) async fn claim<C: ConnectionTrait>(
    transaction: &C,
    window: &DueWindow,
) -> Result<DueClaim, StoreError> {
    let rows = first(window)
        .lock_with_behavior(LockType::NoKeyUpdate, LockBehavior::SkipLocked)
        .all(transaction)
        .await?;
    let is_full = rows.len() as u64 >= window.limit;
    // Their rows are read as they are now that they are locked.
    let accounts = load_all(transaction, rows).await?;
    let last = accounts.iter().map(|account| account.place).max();
    let mut passed = within(window);
    if let Some(last) = last.filter(|_| is_full) {
        passed = passed.filter(place().lte(at(last)));
    }
    let passed = passed.count(transaction).await?;
    Ok(DueClaim {
        elsewhere: passed.saturating_sub(accounts.len() as u64),
        accounts,
    })
}

/// The rows in the window, whatever their number.
fn within(window: &DueWindow) -> Select<account::Entity> {
    let due =
        account::Entity::find().filter(account::Column::NextDueAtUs.lte(window.before.micros()));
    match window.after {
        Some(after) => due.filter(place().gt(at(after))),
        None => due,
    }
}

/// The first of them.
fn first(window: &DueWindow) -> Select<account::Entity> {
    within(window)
        .order_by_asc(account::Column::NextDueAtUs)
        .order_by_asc(account::Column::Id)
        .limit(window.limit)
}

/// Where a row stands.
fn place() -> SimpleExpr {
    let columns = [account::Column::NextDueAtUs, account::Column::Id];
    Expr::tuple(columns.map(Expr::col))
}

fn at(place: DuePlace) -> SimpleExpr {
    Expr::tuple([Expr::val(place.at_us), Expr::val(place.key)])
}

/// Each row brought up to date by the operations that it is behind of.
async fn load_all<C: ConnectionTrait>(
    connection: &C,
    rows: Vec<account::Model>,
) -> Result<Vec<DueAccount>, StoreError> {
    let mut later = operations_after(connection, &rows).await?;
    let mut accounts = Vec::with_capacity(rows.len());
    for row in rows {
        let place = DuePlace {
            // The condition found it by the column, so that it is there.
            at_us: row.next_due_at_us.unwrap_or_default(),
            key: row.id,
        };
        let after = later.remove(&row.id).unwrap_or_default();
        let name = row.external_id.clone();
        let loaded = match together(row, after) {
            Ok(Some(loaded)) => Ok(loaded),
            // It changed in between, or is further behind than a row may be: a load by itself tells.
            Ok(None) => alone(connection, &name).await?,
            Err(corrupt) => Err(corrupt),
        };
        accounts.push(DueAccount { place, loaded });
    }
    Ok(accounts)
}

/// When something is due first after `after`, on any account.
pub(super) async fn next_after<C: ConnectionTrait>(
    connection: &C,
    after: Instant,
) -> Result<Option<Instant>, StoreError> {
    let first = account::Entity::find()
        .select_only()
        .column(account::Column::NextDueAtUs)
        .filter(account::Column::NextDueAtUs.gt(after.micros()))
        .order_by_asc(account::Column::NextDueAtUs)
        .limit(1)
        .into_tuple::<i64>()
        .one(connection)
        .await?;
    // One that is no instant is never reached.
    Ok(first.map(|us| Instant::from_micros(us).unwrap_or(Instant::MAX)))
}

/// The operations that each row is behind of, by the account's key, oldest first.
async fn operations_after<C: ConnectionTrait>(
    connection: &C,
    rows: &[account::Model],
) -> Result<HashMap<i64, Vec<operation::Model>>, DbErr> {
    let mut by_key: HashMap<i64, Vec<operation::Model>> = HashMap::new();
    if rows.is_empty() {
        return Ok(by_key);
    }
    let pairs: Value = rows
        .iter()
        .map(|row| Value::from(vec![row.id, row.sequence]))
        .collect();
    let most = SNAPSHOT_EVERY.unsigned_abs() * rows.len() as u64;
    let column = |column: operation::Column| Expr::col((operation::Entity, column));
    let engine = Engine::of(connection);
    let later = engine
        .listed(&pairs, operation::Entity)
        .columns(operation::Column::iter().map(|column| (operation::Entity, column)))
        .and_where(column(operation::Column::AccountId).eq(engine.part_number(0)))
        .and_where(column(operation::Column::Sequence).gt(engine.part_number(1)))
        .limit(most)
        .take();
    for row in connection.query_all(&later).await? {
        let row = operation::Model::from_query_result(&row, "")?;
        by_key.entry(row.account_id).or_default().push(row);
    }
    for rows in by_key.values_mut() {
        rows.sort_unstable_by_key(|row| row.sequence);
    }
    Ok(by_key)
}

/// A row with the operations after it; none if these do not follow it.
fn together(
    row: account::Model,
    after: Vec<operation::Model>,
) -> Result<Option<Loaded>, CorruptRecord> {
    let row = convert::account::loaded(row)?;
    let record = |one| convert::operation::record(&row.account.id, one);
    let after: Vec<OperationRecord> = after.into_iter().map(record).collect::<Result<_, _>>()?;
    snapshot::catch_up(row, &after)
}

async fn alone<C: ConnectionTrait>(
    connection: &C,
    name: &str,
) -> Result<Result<Loaded, CorruptRecord>, StoreError> {
    let id: AccountId = match convert::account::id(name) {
        Ok(id) => id,
        Err(corrupt) => return Ok(Err(corrupt)),
    };
    match load(connection, &id).await {
        Ok(loaded) => Ok(Ok(loaded)),
        Err(StoreError::Corrupt(corrupt)) => Ok(Err(corrupt)),
        Err(error @ (StoreError::Unavailable(_) | StoreError::RestartNeeded)) => Err(error),
    }
}
