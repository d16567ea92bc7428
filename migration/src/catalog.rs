//! Makes the `catalog` table.

use sea_orm_migration::prelude::*;

use crate::check;

#[derive(DeriveIden)]
enum Catalog {
    Table,
    Version,
    OperationId,
    Content,
    EffectiveAtUs,
    PublishedAtUs,
    Hash,
    Source,
}

pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "0002_catalog"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(table()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::drop().table(Catalog::Table).take();
        manager.drop_table(table).await
    }
}

fn table() -> TableCreateStatement {
    Table::create()
        .table(Catalog::Table)
        .col(
            ColumnDef::new(Catalog::Version)
                .big_integer()
                .not_null()
                .primary_key(),
        )
        .col(
            ColumnDef::new(Catalog::EffectiveAtUs)
                .big_integer()
                .not_null(),
        )
        .col(
            ColumnDef::new(Catalog::PublishedAtUs)
                .big_integer()
                .not_null(),
        )
        .col(ColumnDef::new(Catalog::Hash).blob().not_null())
        .col(ColumnDef::new(Catalog::Source).text().not_null())
        .check(Expr::col(Catalog::Version).between(1, i32::MAX))
        .check(check::instant(Catalog::EffectiveAtUs))
        .check(check::instant(Catalog::PublishedAtUs))
        .col(ColumnDef::new(Catalog::OperationId).uuid().unique_key())
        .col(ColumnDef::new(Catalog::Content).blob())
        .check(check::bytes(Catalog::Hash, 32))
        .check(check::bytes(Catalog::Content, 32))
        .take()
}
