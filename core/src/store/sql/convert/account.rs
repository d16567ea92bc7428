//! The `account` row and [`Loaded`].
//!
//! Owns which columns are computed from the state. A row whose columns disagree with its snapshot is
//! corrupt.

use credits_entity::account;
use sea_orm::Value;

use super::{Row, json};
use crate::{
    domain::{
        account::Account,
        ids::{AccountId, Sequence},
        record::{CorruptRecord, Head},
        time::Instant,
    },
    store::{AccountStanding, AccountWork, Loaded},
};

/// What a column says after `work`, of the account with that key.
pub(in super::super) fn value(column: account::Column, key: i64, work: &AccountWork) -> Value {
    use account::Column;
    let state = work.after.as_ref();
    match column {
        Column::Id => key.into(),
        Column::ExternalId => state.id.as_str().to_owned().into(),
        Column::Sequence => work.head().sequence.0.into(),
        Column::HeadHash => work.head().hash.to_vec().into(),
        Column::Standing => AccountStanding::of(state).as_str().to_owned().into(),
        Column::Available => available(state).into(),
        Column::Held => state.held().get().into(),
        Column::OpenedAtUs => state.opened_at.micros().into(),
        Column::NextDueAtUs => next_due_at_us(state).into(),
        Column::Snapshot => json(state).into(),
    }
}

/// When time will next do something to it, as it is kept.
pub(in super::super) fn next_due_at_us(state: &Account) -> Option<i64> {
    state.next_due_at().map(Instant::micros)
}

fn available(state: &Account) -> i64 {
    state.available().get()
}

/// Reads the row back.
pub(in super::super) fn loaded(model: account::Model) -> Result<Loaded, CorruptRecord> {
    let id = model.external_id;
    let row = Row(|| format!("account {id}"));
    let account: Account = row.read("snapshot", serde_json::from_str(&model.snapshot))?;
    row.same("external_id", id.as_str(), account.id.as_str())?;
    row.same("sequence", model.sequence, account.sequence.0)?;
    row.same(
        "standing",
        model.standing.as_str(),
        AccountStanding::of(&account).as_str(),
    )?;
    row.same("available", model.available, available(&account))?;
    row.same("held", model.held, account.held().get())?;
    row.same(
        "opened_at_us",
        model.opened_at_us,
        account.opened_at.micros(),
    )?;
    let due = |at: Option<i64>| at.map_or("none".to_owned(), |at| at.to_string());
    row.same(
        "next_due_at_us",
        due(model.next_due_at_us),
        due(next_due_at_us(&account)),
    )?;
    let hash = row.hash("head_hash", model.head_hash)?;
    let head = Head {
        sequence: Sequence(model.sequence),
        hash,
    };
    Ok(Loaded { account, head })
}

/// The end of an account's chain from its last operation, if it has one.
pub(in super::super) fn head(
    id: &str,
    sequence: Option<i64>,
    hash: Option<Vec<u8>>,
) -> Result<Head, CorruptRecord> {
    match sequence.zip(hash) {
        Some((sequence, hash)) => Ok(Head {
            sequence: Sequence(sequence),
            hash: Row(|| format!("operation {sequence} of account {id}")).hash("hash", hash)?,
        }),
        None => Ok(Head::START),
    }
}

/// An account's name.
pub(in super::super) fn id(text: &str) -> Result<AccountId, CorruptRecord> {
    Row(|| format!("account {text}")).read("external_id", AccountId::parse(text))
}
