//! What became of a COMMIT that nobody answered.
//!
//! Owns how that is told: on another connection, the rows of the batch's accounts are locked first, for
//! which the old transaction is waited for, and only then it is read what is there. An account that the old
//! transaction was opening has no row to lock, so that it is opened here as well, which waits for the
//! other one, and rolled back.

use std::collections::HashSet;

use credits_entity::{account, operation, refusal};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, LockType},
};

use super::{
    contest::opening_row,
    insert::Inserts,
    lookup::Opened,
    read::{key_of, of_account},
};
use crate::store::{AccountWork, Committed, StoreError};

/// In a transaction that is then rolled back: which accounts of the batch are not in the database.
pub(super) async fn lost<C: ConnectionTrait>(
    transaction: &C,
    inserts: &Inserts,
    batch: &[AccountWork],
) -> Result<Committed, StoreError> {
    wait(transaction, inserts, batch).await?;
    let mut lost = Vec::new();
    for work in batch {
        if !is_there(transaction, work).await? {
            lost.push(work.account.clone());
        }
    }
    Ok(Committed { lost })
}

/// Waits until no other transaction writes to an account of the batch.
async fn wait<C: ConnectionTrait>(
    transaction: &C,
    inserts: &Inserts,
    batch: &[AccountWork],
) -> Result<(), StoreError> {
    let names = batch.iter().map(|work| work.account.as_str());
    let locked: Vec<String> = account::Entity::find()
        .select_only()
        .column(account::Column::ExternalId)
        .filter(account::Column::ExternalId.is_in(names))
        .order_by_asc(account::Column::Id)
        .lock(LockType::NoKeyUpdate)
        .into_tuple()
        .all(transaction)
        .await?;
    let locked: HashSet<&str> = locked.iter().map(String::as_str).collect();
    let mut absent: Vec<&AccountWork> = batch
        .iter()
        .filter(|work| !locked.contains(work.account.as_str()))
        .collect();
    absent.sort_by(|one, other| one.account.cmp(&other.account));
    let rows = absent.into_iter().map(|work| opening_row(inserts, work));
    inserts
        .open
        .query::<_, Opened>(transaction, rows.collect())
        .await?;
    Ok(())
}

/// Whether what the work decided last is there: all of it was written in one transaction.
async fn is_there<C: ConnectionTrait>(connection: &C, work: &AccountWork) -> Result<bool, DbErr> {
    if let Some(last) = work.operations.last() {
        let same = of_account(&work.account)
            .filter(operation::Column::Sequence.eq(last.sequence.0))
            .filter(operation::Column::Hash.eq(last.hash.to_vec()));
        return Ok(same.one(connection).await?.is_some());
    }
    let Some(refused) = work.refusals.last() else {
        return Ok(true);
    };
    let kept = refusal::Entity::find()
        .filter(Expr::col((refusal::Entity, refusal::Column::AccountId)).eq(key_of(&work.account)))
        .filter(refusal::Column::OperationId.eq(refused.operation_id.0));
    Ok(kept.one(connection).await?.is_some())
}
