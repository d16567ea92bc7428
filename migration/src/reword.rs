//! Changes the conditions of a table that is there.
//!
//! SQLite can't change a CHECK. To copy the ledger for it would take hours on a large one, so the text
//! of the condition is replaced, as SQLite's manual has it for changes that leave the rows as they are.
//! A step must only make a condition wider by it, or make sure first that no row breaks it.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DbBackend, Statement},
};

/// Replaces `before` by `after` in what made a table. It must be there exactly once.
pub(crate) async fn reword(
    manager: &SchemaManager<'_>,
    table: &str,
    before: &str,
    after: &str,
) -> Result<(), DbErr> {
    if manager.get_database_backend() != DbBackend::Sqlite {
        return Err(DbErr::Migration(format!(
            "what changes the conditions of {table} is written for SQLite only"
        )));
    }
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let this = format!("type = 'table' AND name = '{table}'");
    let (before_text, after_text) = (quoted(before), quoted(after));
    let found = format!(
        "SELECT (length(sql) - length(replace(sql, {before_text}, ''))) / length({before_text}) \
         FROM sqlite_schema WHERE {this}"
    );
    if number(manager, &found).await? != 1 {
        return Err(DbErr::Migration(format!(
            "the table {table} does not say {before} once, so it can't be changed"
        )));
    }
    let version = number(manager, "PRAGMA schema_version").await?;
    // In one call: the setting is of the connection. The version makes the others read it again.
    let replace = format!(
        "PRAGMA writable_schema = ON; \
         UPDATE sqlite_schema SET sql = replace(sql, {before_text}, {after_text}) WHERE {this}; \
         PRAGMA schema_version = {}; \
         PRAGMA writable_schema = RESET",
        version + 1
    );
    let connection = manager.get_connection();
    connection.execute_unprepared(&replace).await?;
    Ok(())
}

/// The number that a query answers.
pub(crate) async fn number(manager: &SchemaManager<'_>, query: &str) -> Result<i64, DbErr> {
    let asked = Statement::from_string(manager.get_database_backend(), query);
    let row = manager.get_connection().query_one_raw(asked).await?;
    let row = row.ok_or_else(|| DbErr::Migration(format!("no answer to {query}")))?;
    row.try_get_by_index(0)
}
