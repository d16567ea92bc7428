//! Makes the `usage` table: sums of charges.
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

pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "0006_usage"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = table(manager.get_database_backend());
        manager.create_table(table).await
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
