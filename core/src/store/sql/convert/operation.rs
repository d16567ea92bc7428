//! The `operation` row and [`OperationRecord`].
//!
//! Owns `granted`, the one column that the record does not have: the sum of what its postings grant,
//! so that the database can refuse credits that enter by any other kind than those that may.

use credits_entity::operation;

use super::Row;
use crate::domain::{
    credits::Credits,
    event::{OperationKind, Posting},
    ids::{
        AccountId, ActionId, CatalogVersion, InvalidId, ModelId, OperationId, ProjectId, Sequence,
    },
    record::{CorruptRecord, OperationRecord},
    time::Instant,
};

/// The row of a record, on the account with that key.
pub(in super::super) fn row(
    account_id: i64,
    record: &OperationRecord,
) -> Result<operation::Model, CorruptRecord> {
    let named = Row(|| name(&record.account, record.sequence.0));
    Ok(operation::Model {
        account_id,
        sequence: record.sequence.0,
        operation_id: record.operation_id.0,
        content: record.content.map(|content| content.to_vec()),
        kind: record.kind.as_str().to_owned(),
        at_us: record.at.micros(),
        recorded_at_us: record.recorded_at.micros(),
        catalog_version: i64::from(record.catalog_version.0),
        hold: record.hold.map(|hold| hold.0),
        action: record.action.as_ref().map(|id| id.as_str().to_owned()),
        model: record.model.as_ref().map(|id| id.as_str().to_owned()),
        project: record.project.as_ref().map(|id| id.as_str().to_owned()),
        granted: named.read("postings", granted(&record.postings))?,
        consumed: record.consumed.get(),
        change: record.change,
        available_after: record.available_after.get(),
        held_after: record.held_after.get(),
        postings: record.postings.clone(),
        fact: record.fact.clone(),
        balance: record.balance.clone(),
        previous: record.previous.to_vec(),
        hash: record.hash.to_vec(),
    })
}

/// Reads the row back.
pub(in super::super) fn record(
    account: &AccountId,
    model: operation::Model,
) -> Result<OperationRecord, CorruptRecord> {
    let sequence = model.sequence;
    let row = Row(|| name(account, sequence));
    let computed = row.read("postings", granted(&model.postings))?;
    row.same("granted", model.granted, computed)?;
    let kind = OperationKind::parse(&model.kind)
        .ok_or_else(|| row.corrupt("kind", format!("`{}` is no kind", model.kind)))?;
    let version = row.read("catalog_version", i32::try_from(model.catalog_version))?;
    let content = model.content.map(|content| row.hash("content", content));
    Ok(OperationRecord {
        account: account.clone(),
        sequence: Sequence(sequence),
        operation_id: OperationId(model.operation_id),
        content: content.transpose()?,
        kind,
        at: row.read("at_us", Instant::from_micros(model.at_us))?,
        recorded_at: row.read("recorded_at_us", Instant::from_micros(model.recorded_at_us))?,
        catalog_version: CatalogVersion(version),
        hold: model.hold.map(OperationId),
        action: row.read("action", optional(model.action, ActionId::parse))?,
        model: row.read("model", optional(model.model, ModelId::parse))?,
        project: row.read("project", optional(model.project, ProjectId::parse))?,
        consumed: row.read("consumed", Credits::new(model.consumed))?,
        change: model.change,
        available_after: row.read("available_after", Credits::new(model.available_after))?,
        held_after: row.read("held_after", Credits::new(model.held_after))?,
        postings: model.postings,
        fact: model.fact,
        balance: model.balance,
        previous: row.hash("previous", model.previous)?,
        hash: row.hash("hash", model.hash)?,
    })
}

fn name(account: &AccountId, sequence: i64) -> String {
    format!("operation {sequence} of account {account}")
}

fn granted(postings: &str) -> Result<i64, serde_json::Error> {
    let postings: Vec<Posting> = serde_json::from_str(postings)?;
    Ok(postings.iter().map(|posting| posting.granted.get()).sum())
}

fn optional<T>(
    text: Option<String>,
    parse: fn(&str) -> Result<T, InvalidId>,
) -> Result<Option<T>, InvalidId> {
    text.as_deref().map(parse).transpose()
}
