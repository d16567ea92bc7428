//! Makes the `usage` table and fills it from the ledger.
//!
//! Its rows hold the charges of each account up to the last operation whose position is a multiple of
//! 16; what was charged after it is in the account's snapshot. Rows are found by their key only, and an
//! account's are read in its order, so that on SQLite the table is its key.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::account::Account;

#[derive(DeriveIden)]
enum Usage {
    Table,
    AccountId,
    Day,
    Model,
    Action,
    Project,
    Charges,
    Credits,
    Variations,
    Seconds,
}

/// What is summed.
const SUMS: [Usage; 4] = [
    Usage::Charges,
    Usage::Credits,
    Usage::Variations,
    Usage::Seconds,
];

/// 9999-12-31, in days since 1970.
const DAY_MAX: i32 = 2_932_896;

/// One row a charge, with what it adds to the sums, and the last position that is in the table.
const CHARGES: &str = "\
    SELECT account_id, sequence, at_us / 86400000000 AS day, model, action, project, consumed, \
    json_extract(fact, '$.charge.spend.terms.variations') AS variations, \
    coalesce(json_extract(fact, '$.charge.spend.terms.seconds'), 0) AS seconds, \
    (SELECT max(sequence) FROM operation AS last WHERE last.account_id = operation.account_id) \
    / 16 * 16 AS summed_to FROM operation WHERE kind = 'charge'";

pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "0010_usage"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        manager.create_table(table(backend)).await?;
        if backend != DbBackend::Sqlite {
            // There is no older ledger: the step before this one runs on SQLite only.
            return Ok(());
        }
        let connection = manager.get_connection();
        let fill = format!(
            "INSERT INTO usage SELECT account_id, day, model, action, coalesce(project, ''), count(*), \
             sum(consumed), sum(variations), sum(variations * seconds) FROM ({CHARGES}) \
             WHERE sequence <= summed_to GROUP BY 1, 2, 3, 4, 5"
        );
        connection.execute_unprepared(&fill).await?;
        connection.execute_unprepared(&snapshots()).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::drop().table(Usage::Table).take();
        manager.drop_table(table).await
    }
}

fn table(backend: DbBackend) -> TableCreateStatement {
    let mut key = Index::create();
    key.col(Usage::AccountId)
        .col(Usage::Day)
        .col(Usage::Model)
        .col(Usage::Action)
        .col(Usage::Project);
    let mut account = ForeignKey::create();
    account
        .from(Usage::Table, Usage::AccountId)
        .to(Account::Table, Account::Id);
    let mut table = Table::create();
    table
        .table(Usage::Table)
        .col(ColumnDef::new(Usage::AccountId).big_integer().not_null())
        .col(ColumnDef::new(Usage::Day).integer().not_null());
    for text in [Usage::Model, Usage::Action, Usage::Project] {
        table.col(ColumnDef::new(text).text().not_null());
    }
    for sum in SUMS {
        table.col(ColumnDef::new(sum).big_integer().not_null());
    }
    table
        .primary_key(&mut key)
        .foreign_key(&mut account)
        .check(Expr::col(Usage::Day).between(0, DAY_MAX))
        .check(Expr::col(Usage::Charges).gt(0));
    for sum in [Usage::Credits, Usage::Variations, Usage::Seconds] {
        table.check(Expr::col(sum).gte(0));
    }
    if backend == DbBackend::Sqlite {
        table.extra("WITHOUT ROWID");
    }
    table.take()
}

/// Adds to the snapshots what was charged since the last multiple of 16, up to where each snapshot is.
/// One that ends with a whole group has all of the group.
fn snapshots() -> String {
    let group = "(account.sequence - 1) / 16 * 16";
    let charges = format!(
        "SELECT day, model, action, project, count(*) AS charges, sum(consumed) AS credits, \
         sum(variations) AS variations, sum(variations * seconds) AS seconds FROM ({CHARGES}) \
         WHERE account_id = account.id AND sequence > {group} AND sequence <= account.sequence \
         GROUP BY 1, 2, 3, 4"
    );
    let key = "CASE WHEN project IS NULL \
        THEN json_object('day', day, 'model', model, 'action', action) \
        ELSE json_object('day', day, 'model', model, 'action', action, 'project', project) END";
    let sums = "json_object('charges', charges, 'credits', credits, 'variations', variations, \
        'seconds', seconds)";
    format!(
        "UPDATE account SET snapshot = json_set(snapshot, '$.group_usage', \
         (SELECT json_group_array(json_array({key}, {sums})) FROM ({charges}))) WHERE sequence > 0"
    )
}
