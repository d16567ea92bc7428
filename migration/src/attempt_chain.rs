//! Lets the attempts of a chain be found, and one of them be kept: a kind of operation, and the column by
//! which a chain is found, with an index that only attempts and marks touch.

use sea_orm_migration::prelude::*;

use crate::reword::{number, reword};

pub(crate) struct Step;

/// The kinds of operation, as they were and with this one; others may have come after `expiry`.
const BEFORE: &str = "'hold_expired', 'expiry'";
const AFTER: &str = "'hold_expired', 'expiry', 'charge_kept'";

impl MigrationName for Step {
    fn name(&self) -> &str {
        "0009_attempt_chain"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let add = "ALTER TABLE operation ADD COLUMN chain uuid_text";
        connection.execute_unprepared(add).await?;
        reword(manager, "operation", BEFORE, AFTER).await?;
        let index = "CREATE INDEX operation_chain_account \
                     ON operation (chain, account_id, sequence) WHERE chain IS NOT NULL";
        connection.execute_unprepared(index).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let asked = "SELECT count(*) FROM operation WHERE kind = 'charge_kept'";
        if number(manager, asked).await? > 0 {
            return Err(DbErr::Migration(
                "operation has marks of what is kept, which the step before knows nothing of"
                    .to_owned(),
            ));
        }
        let connection = manager.get_connection();
        let index = "DROP INDEX operation_chain_account";
        connection.execute_unprepared(index).await?;
        reword(manager, "operation", AFTER, BEFORE).await?;
        let column = "ALTER TABLE operation DROP COLUMN chain";
        connection.execute_unprepared(column).await?;
        Ok(())
    }
}
