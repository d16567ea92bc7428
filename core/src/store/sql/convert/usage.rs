//! The `usage` row, and what is summed by and of charges.

use credits_entity::usage;
use sea_orm::Value;

use super::Row;
use crate::domain::{
    day::Day,
    ids::{AccountId, ActionId, ModelId, ProjectId},
    record::CorruptRecord,
    usage::{UsageKey, UsageSums},
};

/// The text that stands for no project: the column is part of the key, which has no place for NULL.
pub(in super::super) const NO_PROJECT: &str = "";

/// What a column says of sums, on the account with that key.
pub(in super::super) fn value(
    column: usage::Column,
    account_id: i64,
    key: &UsageKey,
    sums: &UsageSums,
) -> Value {
    use usage::Column;
    match column {
        Column::AccountId => account_id.into(),
        Column::Day => key.day.number().into(),
        Column::Model => key.model.as_str().to_owned().into(),
        Column::Action => key.action.as_str().to_owned().into(),
        Column::Project => {
            let project = key.project.as_ref().map_or(NO_PROJECT, ProjectId::as_str);
            project.to_owned().into()
        }
        Column::Charges => sums.charges.into(),
        Column::Credits => sums.credits.into(),
        Column::Variations => sums.variations.into(),
        Column::Seconds => sums.seconds.into(),
    }
}

/// Reads a day back.
pub(in super::super) fn day(account: &AccountId, day: i64) -> Result<Day, CorruptRecord> {
    let row = row(account);
    let number = row.read("day", i32::try_from(day))?;
    row.read("day", Day::new(number))
}

/// Reads a model back.
pub(in super::super) fn model(account: &AccountId, id: String) -> Result<ModelId, CorruptRecord> {
    row(account).read("model", ModelId::try_from(id))
}

/// Reads an action back.
pub(in super::super) fn action(account: &AccountId, id: String) -> Result<ActionId, CorruptRecord> {
    row(account).read("action", ActionId::try_from(id))
}

/// Reads a project back.
pub(in super::super) fn project(
    account: &AccountId,
    id: String,
) -> Result<Option<ProjectId>, CorruptRecord> {
    if id == NO_PROJECT {
        return Ok(None);
    }
    row(account)
        .read("project", ProjectId::try_from(id))
        .map(Some)
}

fn row(account: &AccountId) -> Row<impl Fn() -> String> {
    Row(move || format!("usage of account {account}"))
}
