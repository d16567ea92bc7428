//! Lets the attempts of a chain be found, and one of them be kept: a kind of operation, and the column by
//! which a chain is found, with an index that only attempts and marks touch.
//!
//! SQLite can't change a CHECK of a table that is there. To copy the ledger for it would take hours on
//! a large one, so the text of the condition is replaced, as SQLite's manual has it for changes that
//! leave the rows as they are. The condition only becomes wider by it.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DbBackend, Statement},
};

pub(crate) struct Step;

/// The kinds as they were, and as they are after this step; whatever else was added follows.
const KINDS: (&str, &str) = (
    "'hold_expired', 'expiry'",
    "'hold_expired', 'expiry', 'charge_kept'",
);

impl MigrationName for Step {
    fn name(&self) -> &str {
        "0008_attempt_chain"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        sqlite_only(manager)?;
        execute(manager, "ALTER TABLE operation ADD COLUMN chain uuid_text").await?;
        let (before, after) = KINDS;
        reword(manager, before, after).await?;
        execute(
            manager,
            "CREATE INDEX operation_chain_account \
             ON operation (chain, account_id, sequence) WHERE chain IS NOT NULL",
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        sqlite_only(manager)?;
        let since = "SELECT count(*) FROM operation WHERE kind = 'charge_kept'";
        if number(manager, since).await? > 0 {
            return Err(DbErr::Migration(
                "operation has rows that the step before knows nothing of: kind charge_kept"
                    .to_owned(),
            ));
        }
        execute(manager, "DROP INDEX operation_chain_account").await?;
        let (before, after) = KINDS;
        reword(manager, after, before).await?;
        // Dropping a column makes every connection read the schema again.
        execute(manager, "ALTER TABLE operation DROP COLUMN chain").await
    }
}

/// Replaces `before` by `after` in what made the table. It must be there exactly once.
async fn reword(manager: &SchemaManager<'_>, before: &str, after: &str) -> Result<(), DbErr> {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let this = "type = 'table' AND name = 'operation'";
    let (before_text, after_text) = (quoted(before), quoted(after));
    let found = format!(
        "SELECT (length(sql) - length(replace(sql, {before_text}, ''))) / length({before_text}) \
         FROM sqlite_schema WHERE {this}"
    );
    if number(manager, &found).await? != 1 {
        return Err(DbErr::Migration(format!(
            "the table operation does not say {before} once, so it can't be changed"
        )));
    }
    // In one call: the setting is of the connection.
    let replace = format!(
        "PRAGMA writable_schema = ON; \
         UPDATE sqlite_schema SET sql = replace(sql, {before_text}, {after_text}) WHERE {this}; \
         PRAGMA writable_schema = RESET"
    );
    execute(manager, &replace).await
}

async fn execute(manager: &SchemaManager<'_>, statement: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    connection.execute_unprepared(statement).await?;
    Ok(())
}

async fn number(manager: &SchemaManager<'_>, query: &str) -> Result<i64, DbErr> {
    let asked = Statement::from_string(manager.get_database_backend(), query);
    let row = manager.get_connection().query_one_raw(asked).await?;
    let row = row.ok_or_else(|| DbErr::Migration(format!("no answer to {query}")))?;
    row.try_get_by_index(0)
}

fn sqlite_only(manager: &SchemaManager) -> Result<(), DbErr> {
    match manager.get_database_backend() {
        DbBackend::Sqlite => Ok(()),
        _ => Err(DbErr::Migration(
            "the step that lets attempts be found is written for SQLite only".to_owned(),
        )),
    }
}
