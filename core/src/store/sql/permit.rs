//! What the connection for batches may do: less than any other.
//!
//! On every other connection triggers keep history as it was written. This one's statements are few and known
//! when they are prepared, so that it is judged then whether one could change what never changes, and not for
//! each row: the guard against `INSERT OR REPLACE` looks for a row in three ways before each charge, and lets
//! SQLite copy each page that the charge touches. PRAGMAs are not judged: none changes a row. It decides nothing
//! else.

use credits_entity::{account, usage};
use rusqlite::{
    Connection,
    config::DbConfig,
    hooks::{AuthAction, AuthContext, Authorization},
};
use sea_orm::{EntityName, IdenStatic};

/// Confines the connection to adding rows, to a new state of accounts that keep their names, and to sums.
/// Triggers do not stand in its way.
///
/// A plain INSERT of what is there fails by the table's own keys. `INSERT OR REPLACE` would not, and SQLite does
/// not tell one from the other here: [`is_plain`] does.
pub(super) fn confine(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.authorizer(Some(|asked: AuthContext<'_>| match asked.action {
        action if is_permitted(&action) => Authorization::Allow,
        _ => Authorization::Deny,
    }))
}

/// Whether a statement of a batch reads, or adds rows without taking others away.
pub(super) fn is_plain(text: &str) -> bool {
    text.starts_with("SELECT ") || text.starts_with("INSERT INTO ")
}

/// A statement that no batch has.
#[derive(Debug, thiserror::Error)]
#[error("no batch may ask: {0}")]
pub(super) struct NotPlain(pub(super) String);

fn is_permitted(action: &AuthAction<'_>) -> bool {
    match action {
        AuthAction::Select
        | AuthAction::Read { .. }
        | AuthAction::Function { .. }
        | AuthAction::Insert { .. }
        | AuthAction::Transaction { .. }
        | AuthAction::Pragma { .. } => true,
        AuthAction::Update {
            table_name,
            column_name,
        } => {
            // The key of an account is its row's, whichever of the two it is called.
            let names = [
                account::Column::Id.as_str(),
                account::Column::ExternalId.as_str(),
                "ROWID",
            ];
            *table_name == usage::Entity.table_name()
                || (*table_name == account::Entity.table_name() && !names.contains(column_name))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use credits_entity::operation;
    use rusqlite::{Connection, ErrorCode};
    use sea_orm::{IdenStatic, Iterable};

    use super::confine;
    use crate::store::{
        Store,
        tests::{File, purchase},
    };

    const OPENED: &str = "2026-01-05T09:00:00Z";

    /// The connection, to a file with an account that bought a pack.
    async fn confined() -> (File, Connection) {
        let (file, store, mut book) = File::with_ann().await;
        book.tell(OPENED, 3, purchase("pay-1"));
        store.commit(&[book.work()]).await.unwrap();
        store.close().await;
        let connection = Connection::open(file.path()).unwrap();
        confine(&connection).unwrap();
        (file, connection)
    }

    #[tokio::test]
    async fn what_never_changes_can_not_be_changed_by_a_batch_either() {
        let (_file, connection) = confined().await;
        let table = [
            "UPDATE operation SET consumed = 0",
            "DELETE FROM operation",
            "UPDATE payment SET reference = 'pay-2'",
            "DELETE FROM payment",
            "UPDATE catalog SET version = 9",
            "DELETE FROM catalog",
            "UPDATE refusal SET content = NULL",
            "UPDATE account SET external_id = 'bob'",
            "UPDATE account SET id = 9",
            "UPDATE account SET rowid = 9",
            "DELETE FROM account",
            "INSERT INTO operation SELECT * FROM operation WHERE true \
             ON CONFLICT DO UPDATE SET consumed = 0",
            "DROP TRIGGER operation_update",
            "DROP TABLE operation",
            "ALTER TABLE operation RENAME TO other",
            "CREATE TABLE other (number INTEGER)",
            "ATTACH ':memory:' AS other",
        ];
        for text in table {
            let error = connection.execute(text, []).expect_err(text);
            let denied = Some(ErrorCode::AuthorizationForStatementDenied);
            assert_eq!(error.sqlite_error_code(), denied, "{text}: {error}");
        }
    }

    #[tokio::test]
    async fn what_is_there_is_not_added_again() {
        let (_file, connection) = confined().await;
        for table in ["operation", "payment", "account"] {
            let again = format!("INSERT INTO {table} SELECT * FROM {table}");
            let error = connection.execute(&again, []).expect_err(table);
            let met = Some(ErrorCode::ConstraintViolation);
            assert_eq!(error.sqlite_error_code(), met, "{table}: {error}");
        }
        // An id at another position.
        let columns: Vec<&str> = operation::Column::iter().map(|one| one.as_str()).collect();
        let columns = columns.join(", ");
        let moved = columns.replace("sequence", "sequence + 100");
        let again = format!("INSERT INTO operation ({columns}) SELECT {moved} FROM operation");
        let error = connection.execute(&again, []).expect_err("it has the id");
        let told = error.to_string();
        assert!(told.contains("operation.operation_id"), "{told}");
    }

    #[tokio::test]
    async fn accounts_get_a_new_state_and_sums_a_new_sum() {
        let (_file, connection) = confined().await;
        for text in [
            "UPDATE account SET held = held",
            "UPDATE usage SET credits = 1",
        ] {
            connection.execute(text, []).expect(text);
        }
    }
}
