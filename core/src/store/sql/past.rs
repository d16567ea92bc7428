//! The past of an account: which operation was its last at some instant.
//!
//! Owns the search. Instants never go back along a ledger, so that it is halved until the place is
//! found: 20 rows looked at of a million, by the primary key, and no index that each charge would have
//! to write. It never writes.

use credits_entity::operation;
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{convert, read::of_account};
use crate::{
    domain::{
        ids::{AccountId, Sequence},
        record::{CorruptRecord, OperationRecord},
        time::Instant,
    },
    store::StoreError,
};

/// The last operation of `account` that counts at or before `at`.
pub(super) async fn operation_at<C: ConnectionTrait>(
    connection: &C,
    account: &AccountId,
    at: Instant,
) -> Result<Option<OperationRecord>, StoreError> {
    let last = of_account(account)
        .select_only()
        .column(operation::Column::Sequence)
        .order_by_desc(operation::Column::Sequence)
        .into_tuple::<i64>();
    // All up to `within` count by then, none after `beyond` does.
    let mut within = Sequence::START.0;
    let mut beyond = last.one(connection).await?.unwrap_or(within);
    while within < beyond {
        let middle = beyond - (beyond - within) / 2;
        if instant_of(connection, account, middle).await? <= at.micros() {
            within = middle;
        } else {
            beyond = middle - 1;
        }
    }
    if within == Sequence::START.0 {
        return Ok(None);
    }
    let found = of_account(account)
        .filter(operation::Column::Sequence.eq(within))
        .one(connection)
        .await?;
    let record = found.map(|row| convert::operation::record(account, row));
    Ok(record.transpose()?)
}

/// When the operation at that position counts, in microseconds.
async fn instant_of<C: ConnectionTrait>(
    connection: &C,
    account: &AccountId,
    sequence: i64,
) -> Result<i64, StoreError> {
    let instant = of_account(account)
        .select_only()
        .column(operation::Column::AtUs)
        .filter(operation::Column::Sequence.eq(sequence))
        .into_tuple::<i64>();
    let missing = || CorruptRecord::Column {
        row: format!("operation {sequence} of account {account}"),
        column: "sequence",
        problem: "it is missing, and a later one is there".to_owned(),
    };
    Ok(instant.one(connection).await?.ok_or_else(missing)?)
}
