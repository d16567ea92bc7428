//! The `refusal` row and [`RefusalRecord`].

use credits_entity::refusal;

use super::{Row, json};
use crate::domain::{
    ids::{AccountId, OperationId, Sequence},
    record::{CorruptRecord, RefusalRecord},
    time::Instant,
};

/// The row of a record, on the account with that key.
pub(in super::super) fn row(account_id: i64, record: &RefusalRecord) -> refusal::Model {
    refusal::Model {
        operation_id: record.operation_id.0,
        account_id,
        content: record.content.to_vec(),
        at_us: record.at.micros(),
        after_sequence: record.after.0,
        refusal: json(&record.refusal),
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
