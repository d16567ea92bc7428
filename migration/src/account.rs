//! Makes the `account` table, with the index by which due accounts are found.

use sea_orm_migration::prelude::*;

use crate::check;

/// The names of the table and its columns.
#[derive(DeriveIden)]
pub(crate) enum Account {
    /// The table.
    Table,
    /// The key.
    Id,
    ExternalId,
    Sequence,
    HeadHash,
    Standing,
    Available,
    Held,
    OpenedAtUs,
    NextDueAtUs,
    Snapshot,
}

const STANDINGS: [&str; 4] = ["unsubscribed", "active", "cancelling", "past_due"];

pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "0001_account"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(table()).await?;
        let due = Index::create()
            .name("account_next_due")
            .table(Account::Table)
            .col(Account::NextDueAtUs)
            .and_where(Expr::col(Account::NextDueAtUs).is_not_null())
            .take();
        manager.create_index(due).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::drop().table(Account::Table).take();
        manager.drop_table(table).await
    }
}

fn table() -> TableCreateStatement {
    let id = ColumnDef::new(Account::Id)
        .big_integer()
        .not_null()
        .auto_increment()
        .primary_key()
        .take();
    Table::create()
        .table(Account::Table)
        .col(id)
        .col(
            ColumnDef::new(Account::ExternalId)
                .text()
                .not_null()
                .unique_key(),
        )
        .col(ColumnDef::new(Account::Sequence).big_integer().not_null())
        .col(ColumnDef::new(Account::HeadHash).blob().not_null())
        .col(ColumnDef::new(Account::Standing).text().not_null())
        .col(ColumnDef::new(Account::Available).big_integer().not_null())
        .col(ColumnDef::new(Account::Held).big_integer().not_null())
        .col(ColumnDef::new(Account::OpenedAtUs).big_integer().not_null())
        .col(ColumnDef::new(Account::NextDueAtUs).big_integer())
        .col(ColumnDef::new(Account::Snapshot).text().not_null())
        .check(Expr::col(Account::Sequence).gte(0))
        .check(check::bytes(Account::HeadHash, 32))
        .check(check::one_of(Account::Standing, &STANDINGS))
        .check(check::credits(Account::Available))
        .check(check::credits(Account::Held))
        .check(check::instant(Account::OpenedAtUs))
        .check(check::instant(Account::NextDueAtUs))
        .take()
}
