//! Lets an account's owner set preferences: one more kind of operation.

use sea_orm_migration::prelude::*;

use crate::reword::{number, reword};

pub(crate) struct Step;

/// The kinds of operation, as they were last and with this one; others may have come after `expiry`.
const BEFORE: &str = "'hold_expired', 'expiry'";
const AFTER: &str = "'hold_expired', 'expiry', 'preferences_change'";

impl MigrationName for Step {
    fn name(&self) -> &str {
        "0008_preferences"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        reword(manager, "operation", BEFORE, AFTER).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let asked = "SELECT count(*) FROM operation WHERE kind = 'preferences_change'";
        if number(manager, asked).await? > 0 {
            return Err(DbErr::Migration(
                "operation has changes of preferences, which the step before knows nothing of"
                    .to_owned(),
            ));
        }
        reword(manager, "operation", AFTER, BEFORE).await
    }
}
