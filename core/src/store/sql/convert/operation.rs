//! The `operation` row and [`OperationRecord`].
//!
//! The column `granted` repeats what the postings say, so that the database can refuse credits that
//! enter by any other kind than those that may.

use credits_entity::operation;
use sea_orm::Value;

use super::{Row, json};
use crate::domain::{
    credits::Credits,
    event::OperationKind,
    ids::{
        AccountId, ActionId, CatalogVersion, InvalidId, ModelId, OperationId, ProjectId, Sequence,
    },
    payment::PaymentKey,
    posting::Posting,
    record::{CorruptRecord, OperationRecord},
    time::Instant,
};

/// What a column says of a record, on the account with that key.
pub(in super::super) fn value(
    column: operation::Column,
    account_id: i64,
    record: &OperationRecord,
) -> Value {
    use operation::Column;
    let text = |text: &str| Value::from(text.to_owned());
    let id = |id: Option<&str>| Value::from(id.map(str::to_owned));
    match column {
        Column::AccountId => account_id.into(),
        Column::Sequence => record.sequence.0.into(),
        Column::OperationId => record.operation_id.0.into(),
        Column::Content => record.content.map(|content| content.to_vec()).into(),
        Column::Kind => text(record.kind.as_str()),
        Column::AtUs => record.at.micros().into(),
        Column::RecordedAtUs => record.recorded_at.micros().into(),
        Column::CatalogVersion => i64::from(record.catalog_version.0).into(),
        Column::Hold => record.hold.map(|hold| hold.0).into(),
        Column::Action => id(record.action.as_ref().map(ActionId::as_str)),
        Column::Model => id(record.model.as_ref().map(ModelId::as_str)),
        Column::Project => id(record.project.as_ref().map(ProjectId::as_str)),
        Column::Payment => record.payment.as_ref().map(payment).into(),
        Column::Chain => record.chain.map(|chain| chain.0).into(),
        Column::WithoutEffectUs => {
            let at_us = record.without_effect.then(|| record.recorded_at.micros());
            at_us.into()
        }
        Column::Granted => record.granted.get().into(),
        Column::Consumed => record.consumed.get().into(),
        Column::Change => record.change.into(),
        Column::AvailableAfter => record.available_after.get().into(),
        Column::HeldAfter => record.held_after.get().into(),
        Column::Postings => text(&record.postings),
        Column::Fact => text(&record.fact),
        Column::Balance => text(&record.balance),
        Column::Previous => record.previous.to_vec().into(),
        Column::Hash => record.hash.to_vec().into(),
    }
}

/// Reads the row back.
pub(in super::super) fn record(
    account: &AccountId,
    model: operation::Model,
) -> Result<OperationRecord, CorruptRecord> {
    let sequence = model.sequence;
    let row = Row(|| name(account, sequence));
    let granted = row.read("postings", granted(&model.postings))?;
    row.same("granted", model.granted, granted.get())?;
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
        payment: read_payment(model.payment.as_deref())
            .map_err(|problem| row.corrupt("payment", problem))?,
        chain: model.chain.map(OperationId),
        without_effect: model.without_effect_us.is_some(),
        granted,
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

/// A payment as the column names it, so that one is found by comparing texts.
pub(in super::super) fn payment(key: &PaymentKey) -> String {
    json(&[&key.provider, &key.reference])
}

fn read_payment(text: Option<&str>) -> Result<Option<PaymentKey>, serde_json::Error> {
    let Some(text) = text else {
        return Ok(None);
    };
    let [provider, reference] = serde_json::from_str(text)?;
    Ok(Some(PaymentKey {
        provider,
        reference,
    }))
}

fn name(account: &AccountId, sequence: i64) -> String {
    format!("operation {sequence} of account {account}")
}

fn granted(postings: &str) -> Result<Credits, serde_json::Error> {
    let postings: Vec<Posting> = serde_json::from_str(postings)?;
    Ok(postings.iter().map(|posting| posting.granted).sum())
}

fn optional<T>(
    text: Option<String>,
    parse: fn(&str) -> Result<T, InvalidId>,
) -> Result<Option<T>, InvalidId> {
    text.as_deref().map(parse).transpose()
}
