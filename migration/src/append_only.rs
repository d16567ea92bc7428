//! Makes the triggers that keep history as it was written.
//!
//! On SQLite `INSERT OR REPLACE` deletes the row in its way without firing a DELETE trigger, so each
//! table that must not lose a row also refuses to insert what is there: by its keys, and by `rowid`,
//! which is a key of every SQLite table. A plain duplicate would have failed anyway. On PostgreSQL the same
//! stands before UPDATE and DELETE, and TRUNCATE is refused.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

/// The tables that PostgreSQL must not empty at once.
const TRUNCATED: [&str; 4] = ["operation", "payment", "catalog", "account"];

/// A trigger by name, with what it stands before, when it fires and what it says.
type Trigger = (&'static str, &'static str, &'static str, &'static str);

/// Each trigger by name, with what it stands before, when it fires and what it says.
const TRIGGERS: [Trigger; 12] = [
    (
        "operation_update",
        "UPDATE ON operation",
        "1",
        "operations never change",
    ),
    (
        "operation_delete",
        "DELETE ON operation",
        "1",
        "operations are never deleted",
    ),
    (
        "operation_replace",
        "INSERT ON operation",
        "EXISTS (SELECT 1 FROM operation WHERE account_id = NEW.account_id AND sequence = NEW.sequence) \
         OR EXISTS (SELECT 1 FROM operation WHERE operation_id = NEW.operation_id AND account_id = NEW.account_id) \
         OR EXISTS (SELECT 1 FROM operation WHERE rowid = NEW.rowid)",
        "operations are never replaced",
    ),
    (
        "payment_update",
        "UPDATE ON payment",
        "1",
        "payments never change",
    ),
    (
        "payment_delete",
        "DELETE ON payment",
        "1",
        "payments are never deleted",
    ),
    (
        "payment_replace",
        "INSERT ON payment",
        "EXISTS (SELECT 1 FROM payment WHERE provider = NEW.provider AND reference = NEW.reference) \
         OR EXISTS (SELECT 1 FROM payment WHERE rowid = NEW.rowid)",
        "payments are never replaced",
    ),
    (
        "catalog_update",
        "UPDATE ON catalog",
        "1",
        "published catalogs never change",
    ),
    (
        "catalog_delete",
        "DELETE ON catalog",
        "1",
        "published catalogs are never deleted",
    ),
    (
        "catalog_replace",
        "INSERT ON catalog",
        "EXISTS (SELECT 1 FROM catalog WHERE version = NEW.version) \
         OR EXISTS (SELECT 1 FROM catalog WHERE operation_id = NEW.operation_id) \
         OR EXISTS (SELECT 1 FROM catalog WHERE rowid = NEW.rowid)",
        "published catalogs are never replaced",
    ),
    // Refusals are kept for some days only, so deleting one is no offence.
    (
        "refusal_update",
        "UPDATE ON refusal",
        "1",
        "refusals never change",
    ),
    (
        "account_rename",
        "UPDATE OF id, external_id ON account",
        "1",
        "accounts keep their names",
    ),
    (
        "account_delete",
        "DELETE ON account",
        "1",
        "accounts are never deleted",
    ),
];

pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "0007_append_only"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let made = match manager.get_database_backend() {
            DbBackend::Sqlite => TRIGGERS.map(on_sqlite).to_vec(),
            _ => on_postgres(),
        };
        execute(manager, &made).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let ended = match manager.get_database_backend() {
            DbBackend::Sqlite => TRIGGERS
                .iter()
                .map(|(name, ..)| format!("DROP TRIGGER {name}"))
                .collect(),
            // Its triggers go with it.
            _ => vec!["DROP FUNCTION keep_history() CASCADE".to_owned()],
        };
        execute(manager, &ended).await
    }
}

fn on_sqlite((name, before, when, says): Trigger) -> String {
    format!(
        "CREATE TRIGGER {name} BEFORE {before} FOR EACH ROW WHEN {when} \
         BEGIN SELECT RAISE(ABORT, '{says}'); END"
    )
}

/// There an INSERT never takes a row away, so that it needs no guard; TRUNCATE does.
fn on_postgres() -> Vec<String> {
    let function = "CREATE FUNCTION keep_history() RETURNS trigger LANGUAGE plpgsql AS $$ \
                    BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation'; \
                    END $$";
    let rows = TRIGGERS
        .iter()
        .filter(|(_, before, ..)| !before.starts_with("INSERT"));
    let rows = rows.map(|(name, before, _, says)| {
        format!(
            "CREATE TRIGGER {name} BEFORE {before} FOR EACH ROW EXECUTE FUNCTION keep_history('{says}')"
        )
    });
    let tables = TRUNCATED.map(|table| {
        format!(
            "CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} \
             FOR EACH STATEMENT EXECUTE FUNCTION keep_history('{table} is never truncated')"
        )
    });
    [function.to_owned()]
        .into_iter()
        .chain(rows)
        .chain(tables)
        .collect()
}

async fn execute(manager: &SchemaManager<'_>, statements: &[String]) -> Result<(), DbErr> {
    for statement in statements {
        let connection = manager.get_connection();
        connection.execute_unprepared(statement).await?;
    }
    Ok(())
}
