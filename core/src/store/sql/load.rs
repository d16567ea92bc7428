//! Loading an account: its row, and the operations that the row is behind of.
//!
//! Owns how often that is tried where the account changes meanwhile. It never writes.

use credits_entity::{account, operation};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::LockType,
};

use super::{
    convert,
    read::records,
    snapshot::{self, SNAPSHOT_EVERY},
};
use crate::{
    domain::{
        account::Account,
        ids::AccountId,
        record::{CorruptRecord, Head},
    },
    store::{Loaded, StoreError},
};

/// How often an account is loaded anew because it changed between two reads of one load.
const LOADS_TRIED_MAX: usize = 4;

pub(super) async fn load<C: ConnectionTrait>(
    connection: &C,
    account: &AccountId,
) -> Result<Loaded, StoreError> {
    for _ in 0..LOADS_TRIED_MAX {
        let row = account::Entity::find()
            .filter(account::Column::ExternalId.eq(account.as_str()))
            .one(connection)
            .await?;
        // What does not follow the row may have been written since it was read.
        if let Some(loaded) = loaded(connection, account, row).await? {
            return Ok(loaded);
        }
    }
    Err(behind(account))
}

/// As [`load`]; on a database with row locks nobody else changes the account until the transaction
/// ends.
pub(super) async fn load_locked<C: ConnectionTrait>(
    transaction: &C,
    account: &AccountId,
) -> Result<Loaded, StoreError> {
    let row = account::Entity::find()
        .filter(account::Column::ExternalId.eq(account.as_str()))
        .lock(LockType::NoKeyUpdate)
        .one(transaction)
        .await?;
    let loaded = loaded(transaction, account, row).await?;
    loaded.ok_or_else(|| behind(account))
}

/// The row with the operations after it; none if these do not follow it.
async fn loaded<C: ConnectionTrait>(
    connection: &C,
    account: &AccountId,
    row: Option<account::Model>,
) -> Result<Option<Loaded>, StoreError> {
    let Some(row) = row else {
        return Ok(Some(Loaded {
            account: Account::unopened(account.clone()),
            head: Head::START,
        }));
    };
    let key = row.id;
    let row = convert::account::loaded(row)?;
    let after = operation::Entity::find()
        .filter(operation::Column::AccountId.eq(key))
        .filter(operation::Column::Sequence.gt(row.head.sequence.0))
        .order_by_asc(operation::Column::Sequence)
        .limit(SNAPSHOT_EVERY.unsigned_abs())
        .all(connection)
        .await?;
    Ok(snapshot::catch_up(row, &records(account, after)?)?)
}

fn behind(account: &AccountId) -> StoreError {
    StoreError::Corrupt(CorruptRecord::Column {
        row: format!("account {account}"),
        column: "sequence",
        problem: "operations after it should have written the row".to_owned(),
    })
}
