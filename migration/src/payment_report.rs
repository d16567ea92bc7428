//! Lets billing report how payments stand: two kinds of operation and the column by which the last
//! report of a payment is found, accounts whose payment is past due, payments of a term.
//!
//! SQLite can't change a CHECK of a table that is there. To copy the ledger for it would take hours on
//! a large one, so the text of the condition is replaced, as SQLite's manual has it for changes that
//! leave the rows as they are. Each condition only becomes wider by it.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DbBackend, Statement},
};

pub(crate) struct Step;

/// A table's condition: as it was, and as it is after this step.
type Wording = (&'static str, &'static str, &'static str);

const WORDINGS: [Wording; 5] = [
    (
        "operation",
        "'hold_expired', 'expiry')",
        "'hold_expired', 'expiry', 'payment_report', 'revocation')",
    ),
    // A report that a term was paid grants the current period, if it was withheld.
    (
        "operation",
        "'rollover_grant', 'pack_purchase')",
        "'rollover_grant', 'pack_purchase', 'payment_report')",
    ),
    (
        "account",
        "'active', 'cancelling')",
        "'active', 'cancelling', 'past_due')",
    ),
    ("payment", "\"pack\" text NOT NULL", "\"pack\" text"),
    (
        "payment",
        "\"quantity\" integer NOT NULL",
        "\"quantity\" integer",
    ),
];

const TERM_COLUMNS: [&str; 3] = ["subscription", "first_period", "months"];

/// What this step made possible, and must not be there when it is taken back.
const WRITTEN_SINCE: [(&str, &str); 3] = [
    ("operation", "kind IN ('payment_report', 'revocation')"),
    ("account", "standing = 'past_due'"),
    ("payment", "pack IS NULL"),
];

impl MigrationName for Step {
    fn name(&self) -> &str {
        "0007_payment_report"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        sqlite_only(manager)?;
        execute(manager, "ALTER TABLE operation ADD COLUMN payment text").await?;
        for column in TERM_COLUMNS {
            let add = format!("ALTER TABLE payment ADD COLUMN {column} integer");
            execute(manager, &add).await?;
        }
        for (table, before, after) in WORDINGS {
            reword(manager, table, before, after).await?;
        }
        execute(
            manager,
            "CREATE INDEX operation_payment_account \
             ON operation (payment, account_id, sequence) WHERE payment IS NOT NULL",
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        sqlite_only(manager)?;
        for (table, made_possible) in WRITTEN_SINCE {
            let asked = format!("SELECT count(*) FROM {table} WHERE {made_possible}");
            if number(manager, &asked).await? > 0 {
                return Err(DbErr::Migration(format!(
                    "{table} has rows that the step before knows nothing of: {made_possible}"
                )));
            }
        }
        execute(manager, "DROP INDEX operation_payment_account").await?;
        for (table, before, after) in WORDINGS {
            reword(manager, table, after, before).await?;
        }
        // Dropping a column makes every connection read the schema again.
        execute(manager, "ALTER TABLE operation DROP COLUMN payment").await?;
        for column in TERM_COLUMNS {
            let drop = format!("ALTER TABLE payment DROP COLUMN {column}");
            execute(manager, &drop).await?;
        }
        Ok(())
    }
}

/// Replaces `before` by `after` in what made a table. It must be there exactly once.
async fn reword(
    manager: &SchemaManager<'_>,
    table: &str,
    before: &str,
    after: &str,
) -> Result<(), DbErr> {
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
            "the step that lets payments be reported is written for SQLite only".to_owned(),
        )),
    }
}
