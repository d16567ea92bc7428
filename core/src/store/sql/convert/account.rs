//! The `account` row and [`Loaded`].
//!
//! Owns which columns are computed from the state. A row whose columns disagree with its snapshot is
//! corrupt.

use credits_entity::account;
use sea_orm::ActiveValue::{NotSet, Set};

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

/// The row after `work`, of the account with that key; of a new one without.
pub(in super::super) fn row(key: Option<i64>, work: &AccountWork) -> account::ActiveModel {
    let head = work.head();
    let state = &work.after;
    account::ActiveModel {
        id: key.map_or(NotSet, Set),
        external_id: Set(state.id.as_str().to_owned()),
        sequence: Set(head.sequence.0),
        head_hash: Set(head.hash.to_vec()),
        standing: Set(AccountStanding::of(state).as_str().to_owned()),
        available: Set(available(state)),
        held: Set(state.held().get()),
        opened_at_us: Set(state.opened_at.micros()),
        next_due_at_us: Set(state.next_due_at().map(Instant::micros)),
        snapshot: Set(json(state)),
    }
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
        due(account.next_due_at().map(Instant::micros)),
    )?;
    let hash = row.hash("head_hash", model.head_hash)?;
    let head = Head {
        sequence: Sequence(model.sequence),
        hash,
    };
    Ok(Loaded { account, head })
}

/// The end of an account's chain from its two columns.
pub(in super::super) fn head(
    id: &str,
    sequence: i64,
    hash: Vec<u8>,
) -> Result<Head, CorruptRecord> {
    let hash = Row(|| format!("account {id}")).hash("head_hash", hash)?;
    let sequence = Sequence(sequence);
    Ok(Head { sequence, hash })
}

/// An account's name.
pub(in super::super) fn id(text: &str) -> Result<AccountId, CorruptRecord> {
    Row(|| format!("account {text}")).read("external_id", AccountId::parse(text))
}
