//! The `refusal` row and [`RefusalRecord`].

use credits_entity::refusal;
use sea_orm::Value;

use super::{Row, json};
use crate::domain::{
    ids::{AccountId, OperationId, Sequence},
    record::{CorruptRecord, RefusalRecord},
    time::Instant,
};

/// What a column says of a record, on the account with that key.
pub(in super::super) fn value(
    column: refusal::Column,
    account_id: i64,
    record: &RefusalRecord,
) -> Value {
    use refusal::Column;
    match column {
        Column::OperationId => record.operation_id.0.into(),
        Column::AccountId => account_id.into(),
        Column::Content => record.content.to_vec().into(),
        Column::AtUs => record.at.micros().into(),
        Column::AfterSequence => record.after.0.into(),
        Column::Refusal => json(&record.refusal).into(),
    }
}

/// Reads the row back.
pub(in super::super) fn record(
    account: &AccountId,
    model: refusal::Model,
) -> Result<RefusalRecord, CorruptRecord> {
    let operation_id = OperationId(model.operation_id);
    let row = Row(|| format!("refusal {operation_id} of account {account}"));
    Ok(RefusalRecord {
        account: account.clone(),
        operation_id,
        content: row.hash("content", model.content)?,
        at: row.read("at_us", Instant::from_micros(model.at_us))?,
        after: Sequence(model.after_sequence),
        refusal: row.read("refusal", serde_json::from_str(&model.refusal))?,
    })
}
