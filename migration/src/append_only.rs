//! Makes the triggers that keep history as it was written.
//!
//! On SQLite `INSERT OR REPLACE` deletes the row in its way without firing a DELETE trigger, so each
//! table that must not lose a row also refuses to insert what is there: by its keys, and by `rowid`,
//! which is a key of every SQLite table. A plain duplicate would have failed anyway.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

/// Each trigger by name, with what it stands before, when it fires and what it says.
const TRIGGERS: [(&str, &str, &str, &str); 12] = [
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

fn sqlite_only(manager: &SchemaManager) -> Result<(), DbErr> {
    match manager.get_database_backend() {
        DbBackend::Sqlite => Ok(()),
        _ => Err(DbErr::Migration(
            "the triggers that keep the ledger append-only are written for SQLite only".to_owned(),
        )),
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        sqlite_only(manager)?;
        for (name, before, when, says) in TRIGGERS {
            let trigger = format!(
                "CREATE TRIGGER {name} BEFORE {before} FOR EACH ROW WHEN {when} \
                 BEGIN SELECT RAISE(ABORT, '{says}'); END"
            );
            manager
                .get_connection()
                .execute_unprepared(&trigger)
                .await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        sqlite_only(manager)?;
        for (name, ..) in TRIGGERS {
            let trigger = format!("DROP TRIGGER {name}");
            manager
                .get_connection()
                .execute_unprepared(&trigger)
                .await?;
        }
        Ok(())
    }
}
