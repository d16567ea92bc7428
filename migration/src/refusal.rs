//! Makes the `refusal` table, with the indices by which an account's are listed and old ones are found.

use sea_orm_migration::prelude::*;

use crate::{account::Account, check};

#[derive(DeriveIden)]
#[expect(
    clippy::enum_variant_names,
    reason = "a column is called what it is called"
)]
enum Refusal {
    Table,
    OperationId,
    AccountId,
    Content,
    AtUs,
    AfterSequence,
    Refusal,
}

pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "0004_refusal"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(table()).await?;
        let newest = Index::create()
            .name("refusal_account_at")
            .table(Refusal::Table)
            .col(Refusal::AccountId)
            .col(Refusal::AtUs)
            .take();
        manager.create_index(newest).await?;
        let oldest = Index::create()
            .name("refusal_at")
            .table(Refusal::Table)
            .col(Refusal::AtUs)
            .take();
        manager.create_index(oldest).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::drop().table(Refusal::Table).take();
        manager.drop_table(table).await
    }
}

fn table() -> TableCreateStatement {
    let mut key = Index::create();
    key.col(Refusal::OperationId).col(Refusal::AccountId);
    let mut account = ForeignKey::create();
    account
        .from(Refusal::Table, Refusal::AccountId)
        .to(Account::Table, Account::Id);
    Table::create()
        .table(Refusal::Table)
        .col(ColumnDef::new(Refusal::OperationId).uuid().not_null())
        .col(ColumnDef::new(Refusal::AccountId).big_integer().not_null())
        .col(ColumnDef::new(Refusal::Content).blob().not_null())
        .col(ColumnDef::new(Refusal::AtUs).big_integer().not_null())
        .col(
            ColumnDef::new(Refusal::AfterSequence)
                .big_integer()
                .not_null(),
        )
        .col(ColumnDef::new(Refusal::Refusal).text().not_null())
        .primary_key(&mut key)
        .foreign_key(&mut account)
        .check(check::bytes(Refusal::Content, 32))
        .check(check::instant(Refusal::AtUs))
        .check(Expr::col(Refusal::AfterSequence).gte(0))
        .take()
}
