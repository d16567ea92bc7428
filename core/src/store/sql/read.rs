//! The reads: ledgers, refusals, payments and catalogs, each in one statement where it can
//! be, so that it sees one state of the database.
//!
//! Owns their conditions and order. It never writes.

use std::{collections::HashMap, sync::Arc};

use credits_entity::{account, catalog, operation, payment, refusal};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, RelationDef, Select,
    sea_query::{Expr, ExprTrait, Query, SimpleExpr},
};

use super::{convert, engine::Engine, hold::hold, lookup};
use crate::{
    domain::{
        command::ContentHash,
        ids::{AccountId, CatalogVersion, OperationId, Sequence},
        outcome::{Decision, Outcome},
        payment::{PaymentKey, PaymentUse},
        record::{OperationRecord, RefusalRecord},
    },
    store::{
        AccountStanding, AccountWindow, Found, KeptCatalog, KeptPayment, Lookups, OperationFilter,
        SequenceWindow, StoreError,
    },
};

/// What the content of a call can't be: the answer to a call that names the id of something that
/// time did is that the id was used for another one.
const NO_CONTENT: ContentHash = [0; 32];

/// The key of an account, to compare a column with.
pub(super) fn key_of(account: &AccountId) -> SimpleExpr {
    let key = Query::select()
        .column(account::Column::Id)
        .from(account::Entity)
        .and_where(account::Column::ExternalId.eq(account.as_str()))
        .take();
    SimpleExpr::from(key)
}

pub(super) fn of_account(account: &AccountId) -> Select<operation::Entity> {
    let of_account = Expr::col((operation::Entity, operation::Column::AccountId));
    operation::Entity::find().filter(of_account.eq(key_of(account)))
}

/// As [`of_account`], of which another column finds few.
pub(super) fn few_of_account(engine: Engine, account: &AccountId) -> Select<operation::Entity> {
    let of_account = (operation::Entity, operation::Column::AccountId);
    operation::Entity::find().filter(engine.is_account(of_account, key_of(account)))
}

pub(super) fn records(
    account: &AccountId,
    rows: Vec<operation::Model>,
) -> Result<Vec<OperationRecord>, StoreError> {
    let read = |row| Ok(convert::operation::record(account, row)?);
    rows.into_iter().map(read).collect()
}

/// All that `lookups` asks for. Payments come first: they name more ids.
pub(super) async fn look_up<C: ConnectionTrait>(
    connection: &C,
    account: &AccountId,
    lookups: &Lookups,
) -> Result<Found, StoreError> {
    let mut found = Found::default();
    for key in &lookups.payments {
        if let Some(used) = payment(connection, key).await? {
            found.payments.insert(key.clone(), used);
        }
    }
    for id in &lookups.holds {
        if let Some(kept) = hold(connection, account, *id).await? {
            found.holds.insert(*id, kept);
        }
    }
    found.decisions = decisions(connection, account, &lookups.ids).await?;
    Ok(found)
}

pub(super) async fn decisions<C: ConnectionTrait>(
    connection: &C,
    account: &AccountId,
    ids: &[OperationId],
) -> Result<HashMap<OperationId, Decision>, StoreError> {
    let mut decisions = HashMap::with_capacity(ids.len());
    if ids.is_empty() {
        return Ok(decisions);
    }
    let engine = Engine::of(connection);
    let accepted = few_of_account(engine, account)
        .filter(engine.is_listed_id(operation::Column::OperationId, ids))
        .all(connection)
        .await?;
    for record in records(account, accepted)? {
        let decision = Decision {
            content: record.content.unwrap_or(NO_CONTENT),
            outcome: Outcome::Accepted(Arc::new(record.accepted()?)),
        };
        decisions.insert(record.operation_id, decision);
    }
    let of_account = (refusal::Entity, refusal::Column::AccountId);
    let refused = refusal::Entity::find()
        .filter(engine.is_account(of_account, key_of(account)))
        .filter(engine.is_listed_id(refusal::Column::OperationId, ids))
        .all(connection)
        .await?;
    for row in refused {
        let record = convert::refusal::record(account, row)?;
        let decision = Decision {
            content: record.content,
            outcome: Outcome::Refused(Arc::new(record.refusal)),
        };
        decisions.insert(record.operation_id, decision);
    }
    Ok(decisions)
}

pub(super) async fn payment<C: ConnectionTrait>(
    connection: &C,
    key: &PaymentKey,
) -> Result<Option<PaymentUse>, StoreError> {
    let found = payment::Entity::find_by_id((key.provider.clone(), key.reference.clone()))
        .one(connection)
        .await?;
    let Some(row) = found else {
        return Ok(None);
    };
    // Payments and the names of accounts never change, so a second statement sees the same.
    let account = account::Entity::find_by_id(row.account_id)
        .one(connection)
        .await?;
    let id = account.map_or_else(String::new, |account| account.external_id);
    let id = convert::account::id(&id)?;
    let made = of_account(&id).filter(operation::Column::OperationId.eq(row.operation_id));
    let made = made.one(connection).await?.map(|made| made.sequence);
    let reports = few_of_account(Engine::of(connection), &id)
        .filter(operation::Column::Payment.eq(convert::operation::payment(key)))
        .order_by_desc(operation::Column::Sequence)
        .limit(1)
        .all(connection)
        .await?;
    let last = records(&id, reports)?.pop();
    Ok(Some(convert::payment::used(id, row, made, last.as_ref())?))
}

/// The position of the last operation of each account that is there.
pub(super) async fn positions<C: ConnectionTrait>(
    connection: &C,
    accounts: &[AccountId],
) -> Result<Vec<(AccountId, Sequence)>, StoreError> {
    let names = accounts.iter().map(AccountId::as_str);
    let present = lookup::present(connection, names).await?;
    let position = |row: lookup::Present| {
        let sequence = row.sequence.map_or(Sequence::START, Sequence);
        Ok((convert::account::id(&row.external_id)?, sequence))
    };
    present.into_iter().map(position).collect()
}

/// The version of the catalog that was published last.
pub(super) async fn latest_catalog<C: ConnectionTrait>(
    connection: &C,
) -> Result<Option<CatalogVersion>, StoreError> {
    let latest = catalog::Entity::find()
        .select_only()
        .column(catalog::Column::Version)
        .order_by_desc(catalog::Column::Version)
        .limit(1)
        .into_tuple::<i64>()
        .one(connection)
        .await?;
    // One that is no version is told by whoever loads it.
    let version = |version: i64| CatalogVersion(i32::try_from(version).unwrap_or(i32::MAX));
    Ok(latest.map(version))
}

pub(super) async fn payments<C: ConnectionTrait>(
    connection: &C,
    after: Option<&PaymentKey>,
    limit: u64,
) -> Result<Vec<KeptPayment>, StoreError> {
    use payment::Column::{OperationId as UsedBy, Provider, Reference};
    let rows: Vec<(String, String, uuid::Uuid, String)> = payment::Entity::find()
        .select_only()
        .columns([Provider, Reference, UsedBy])
        .expr(Expr::col((account::Entity, account::Column::ExternalId)))
        .join(JoinType::InnerJoin, owner())
        .apply_if(after, |query, after| {
            let same = Provider.eq(&after.provider);
            let later = same.and(Reference.gt(&after.reference));
            query.filter(Provider.gt(&after.provider).or(later))
        })
        .order_by_asc(Provider)
        .order_by_asc(Reference)
        .limit(limit)
        .into_tuple()
        .all(connection)
        .await?;
    let read = |(provider, reference, operation_id, account): (_, _, _, String)| {
        Ok(KeptPayment {
            key: PaymentKey {
                provider,
                reference,
            },
            account: convert::account::id(&account)?,
            operation_id: OperationId(operation_id),
        })
    };
    rows.into_iter().map(read).collect()
}

/// The account that a payment was used on.
fn owner() -> RelationDef {
    payment::Entity::belongs_to(account::Entity)
        .from(payment::Column::AccountId)
        .to(account::Column::Id)
        .into()
}

pub(super) async fn catalogs<C: ConnectionTrait>(
    connection: &C,
) -> Result<Vec<KeptCatalog>, StoreError> {
    let rows = catalog::Entity::find()
        .order_by_asc(catalog::Column::Version)
        .all(connection)
        .await?;
    let read = |row| Ok(convert::catalog::kept(row)?);
    rows.into_iter().map(read).collect()
}

pub(super) async fn operations<C: ConnectionTrait>(
    connection: &C,
    account: &AccountId,
    filter: &OperationFilter,
    window: &SequenceWindow,
) -> Result<Vec<OperationRecord>, StoreError> {
    let kinds = filter.kinds.iter().map(|kind| kind.as_str());
    let holds = filter.holds.iter().map(|hold| hold.0);
    let sequences = filter.sequences.iter().map(|sequence| sequence.0);
    let by = |column: operation::Column, id: Option<&str>| id.map(|id| column.eq(id));
    let found_by_another = filter.chain.is_some() || !filter.holds.is_empty();
    let of_account = if found_by_another {
        few_of_account(Engine::of(connection), account)
    } else {
        of_account(account)
    };
    let rows = of_account
        .apply_if(
            (!filter.kinds.is_empty()).then_some(kinds),
            |query, kinds| query.filter(operation::Column::Kind.is_in(kinds)),
        )
        .apply_if(
            (!filter.holds.is_empty()).then_some(holds),
            |query, holds| query.filter(operation::Column::Hold.is_in(holds)),
        )
        .apply_if(
            (!filter.sequences.is_empty()).then_some(sequences),
            |query, sequences| query.filter(operation::Column::Sequence.is_in(sequences)),
        )
        .apply_if(filter.chain, |query, chain| {
            query.filter(operation::Column::Chain.eq(chain.0))
        })
        .apply_if(
            by(
                operation::Column::Project,
                filter.project.as_ref().map(|id| id.as_str()),
            ),
            QueryFilter::filter,
        )
        .apply_if(
            by(
                operation::Column::Model,
                filter.model.as_ref().map(|id| id.as_str()),
            ),
            QueryFilter::filter,
        )
        .apply_if(
            by(
                operation::Column::Action,
                filter.action.as_ref().map(|id| id.as_str()),
            ),
            QueryFilter::filter,
        )
        .apply_if(window.above, |query, above| {
            query.filter(operation::Column::Sequence.gt(above.0))
        })
        .apply_if(window.below, |query, below| {
            query.filter(operation::Column::Sequence.lt(below.0))
        })
        .order_by(operation::Column::Sequence, order(window.newest_first))
        .limit(window.limit)
        .all(connection)
        .await?;
    records(account, rows)
}

fn order(newest_first: bool) -> sea_orm::Order {
    if newest_first {
        sea_orm::Order::Desc
    } else {
        sea_orm::Order::Asc
    }
}

pub(super) async fn accounts<C: ConnectionTrait>(
    connection: &C,
    window: &AccountWindow,
) -> Result<Vec<(i64, AccountId)>, StoreError> {
    let standings = window
        .standings
        .iter()
        .copied()
        .map(AccountStanding::as_str);
    let rows: Vec<(i64, String)> = account::Entity::find()
        .select_only()
        .columns([account::Column::Id, account::Column::ExternalId])
        // An account of which only refusals are kept was never opened.
        .filter(account::Column::Sequence.gt(0))
        .apply_if(
            (!window.standings.is_empty()).then_some(standings),
            |query, standings| query.filter(account::Column::Standing.is_in(standings)),
        )
        .apply_if(window.above, |query, above| {
            query.filter(account::Column::Id.gt(above))
        })
        .apply_if(window.below, |query, below| {
            query.filter(account::Column::Id.lt(below))
        })
        .order_by(account::Column::Id, order(window.newest_first))
        .limit(window.limit)
        .into_tuple()
        .all(connection)
        .await?;
    let read = |(key, id): (i64, String)| Ok((key, convert::account::id(&id)?));
    rows.into_iter().map(read).collect()
}

pub(super) async fn refusals<C: ConnectionTrait>(
    connection: &C,
    account: &AccountId,
    limit: u64,
) -> Result<Vec<RefusalRecord>, StoreError> {
    let of_account = Expr::col((refusal::Entity, refusal::Column::AccountId));
    let rows = refusal::Entity::find()
        .filter(of_account.eq(key_of(account)))
        .order_by_desc(refusal::Column::AtUs)
        .limit(limit)
        .all(connection)
        .await?;
    let read = |row| Ok(convert::refusal::record(account, row)?);
    rows.into_iter().map(read).collect()
}
