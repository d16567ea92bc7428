//! Makes the `payment` table: its key is why a payment counts once, on one account, for a pack or for a
//! term of a subscription. The index by account is for the foreign key, which would read the whole table.

use sea_orm_migration::prelude::*;

use crate::account::Account;

#[derive(DeriveIden)]
enum Payment {
    Table,
    Provider,
    Reference,
    AccountId,
    OperationId,
    Pack,
    Quantity,
    Subscription,
    FirstPeriod,
    Months,
}

pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "0005_payment"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(table()).await?;
        let of_account = Index::create()
            .name("payment_account")
            .table(Payment::Table)
            .col(Payment::AccountId)
            .take();
        manager.create_index(of_account).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::drop().table(Payment::Table).take();
        manager.drop_table(table).await
    }
}

fn table() -> TableCreateStatement {
    let mut key = Index::create();
    key.col(Payment::Provider).col(Payment::Reference);
    let mut account = ForeignKey::create();
    account
        .from(Payment::Table, Payment::AccountId)
        .to(Account::Table, Account::Id);
    Table::create()
        .table(Payment::Table)
        .col(ColumnDef::new(Payment::Provider).text().not_null())
        .col(ColumnDef::new(Payment::Reference).text().not_null())
        .col(ColumnDef::new(Payment::AccountId).big_integer().not_null())
        .col(ColumnDef::new(Payment::OperationId).uuid().not_null())
        .col(ColumnDef::new(Payment::Pack).text())
        .col(ColumnDef::new(Payment::Quantity).big_integer())
        .col(ColumnDef::new(Payment::Subscription).big_integer())
        .col(ColumnDef::new(Payment::FirstPeriod).big_integer())
        .col(ColumnDef::new(Payment::Months).big_integer())
        .primary_key(&mut key)
        .foreign_key(&mut account)
        .check(Expr::col(Payment::Quantity).between(0, i64::from(u32::MAX)))
        .take()
}
