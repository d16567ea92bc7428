//! Makes the `operation` table: the ledger, with the indexes by which an id is decided only once, and a
//! hold, the last report of a payment, the attempts of a chain and payments without effect are found.

use sea_orm_migration::prelude::*;

use crate::{account::Account, check};

#[derive(DeriveIden)]
#[expect(
    clippy::enum_variant_names,
    reason = "a column is called what it is called"
)]
enum Operation {
    Table,
    AccountId,
    Sequence,
    OperationId,
    Content,
    Kind,
    AtUs,
    RecordedAtUs,
    CatalogVersion,
    Hold,
    Action,
    Model,
    Project,
    Payment,
    Chain,
    WithoutEffectUs,
    Granted,
    Consumed,
    Change,
    AvailableAfter,
    HeldAfter,
    Postings,
    Fact,
    Balance,
    Previous,
    Hash,
}

const KINDS: [&str; 15] = [
    "charge",
    "account_opened",
    "subscription_change",
    "period_grant",
    "rollover_grant",
    "pack_purchase",
    "hold_placed",
    "hold_extended",
    "hold_released",
    "hold_expired",
    "expiry",
    "payment_report",
    "revocation",
    "preferences_change",
    "charge_kept",
];

/// The kinds by which credits enter: a plan's period (the first one with the subscription itself),
/// stated rollover, a paid pack, the report that a withheld period is paid. There is no other.
const GRANTING_KINDS: [&str; 5] = [
    "subscription_change",
    "period_grant",
    "rollover_grant",
    "pack_purchase",
    "payment_report",
];

pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "0003_operation"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(table()).await?;
        // The id leads: clients make version 7 ids, which append, while accounts are everywhere.
        let decided_once = Index::create()
            .name("operation_id_account")
            .table(Operation::Table)
            .col(Operation::OperationId)
            .col(Operation::AccountId)
            .unique()
            .take();
        manager.create_index(decided_once).await?;
        let of_hold = Index::create()
            .name("operation_hold_account")
            .table(Operation::Table)
            .col(Operation::Hold)
            .col(Operation::AccountId)
            .and_where(Expr::col(Operation::Hold).is_not_null())
            .take();
        manager.create_index(of_hold).await?;
        let of_payment = found_by("operation_payment_account", Operation::Payment);
        manager.create_index(of_payment).await?;
        let of_chain = found_by("operation_chain_account", Operation::Chain);
        manager.create_index(of_chain).await?;
        let without_effect = found_by("operation_without_effect", Operation::WithoutEffectUs);
        manager.create_index(without_effect).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::drop().table(Operation::Table).take();
        manager.drop_table(table).await
    }
}

/// An index that is touched only by operations that have the column.
fn found_by(name: &str, column: Operation) -> IndexCreateStatement {
    let column = column.into_iden();
    Index::create()
        .name(name)
        .table(Operation::Table)
        .col(column.clone())
        .col(Operation::AccountId)
        .col(Operation::Sequence)
        .and_where(Expr::col(column).is_not_null())
        .take()
}

fn table() -> TableCreateStatement {
    let mut table = Table::create();
    table.table(Operation::Table);
    columns(&mut table);
    checks(&mut table);
    let mut key = Index::create();
    key.col(Operation::AccountId).col(Operation::Sequence);
    let mut account = ForeignKey::create();
    account
        .from(Operation::Table, Operation::AccountId)
        .to(Account::Table, Account::Id);
    table.primary_key(&mut key).foreign_key(&mut account).take()
}

fn columns(table: &mut TableCreateStatement) {
    table
        .col(
            ColumnDef::new(Operation::AccountId)
                .big_integer()
                .not_null(),
        )
        .col(ColumnDef::new(Operation::Sequence).big_integer().not_null())
        .col(ColumnDef::new(Operation::OperationId).uuid().not_null())
        .col(ColumnDef::new(Operation::Content).blob())
        .col(ColumnDef::new(Operation::Kind).text().not_null())
        .col(ColumnDef::new(Operation::AtUs).big_integer().not_null())
        .col(
            ColumnDef::new(Operation::RecordedAtUs)
                .big_integer()
                .not_null(),
        )
        .col(
            ColumnDef::new(Operation::CatalogVersion)
                .big_integer()
                .not_null(),
        )
        .col(ColumnDef::new(Operation::Hold).uuid())
        .col(ColumnDef::new(Operation::Action).text())
        .col(ColumnDef::new(Operation::Model).text())
        .col(ColumnDef::new(Operation::Project).text())
        .col(ColumnDef::new(Operation::Payment).text())
        .col(ColumnDef::new(Operation::Chain).uuid())
        .col(ColumnDef::new(Operation::WithoutEffectUs).big_integer())
        .col(ColumnDef::new(Operation::Granted).big_integer().not_null())
        .col(ColumnDef::new(Operation::Consumed).big_integer().not_null())
        .col(ColumnDef::new(Operation::Change).big_integer().not_null())
        .col(
            ColumnDef::new(Operation::AvailableAfter)
                .big_integer()
                .not_null(),
        )
        .col(
            ColumnDef::new(Operation::HeldAfter)
                .big_integer()
                .not_null(),
        )
        .col(ColumnDef::new(Operation::Postings).text().not_null())
        .col(ColumnDef::new(Operation::Fact).text().not_null())
        .col(ColumnDef::new(Operation::Balance).text().not_null())
        .col(ColumnDef::new(Operation::Previous).blob().not_null())
        .col(ColumnDef::new(Operation::Hash).blob().not_null());
}

fn checks(table: &mut TableCreateStatement) {
    let enters_by_origin = Expr::col(Operation::Granted)
        .eq(0)
        .or(check::one_of(Operation::Kind, &GRANTING_KINDS));
    table
        .check(Expr::col(Operation::Sequence).gte(1))
        .check(check::bytes(Operation::Content, 32))
        .check(check::one_of(Operation::Kind, &KINDS))
        .check(check::instant(Operation::AtUs))
        .check(check::instant(Operation::RecordedAtUs))
        .check(Expr::col(Operation::CatalogVersion).between(0, i32::MAX))
        .check(check::credits(Operation::Granted))
        .check(("credits_enter_by_origin", enters_by_origin))
        .check(check::credits(Operation::Consumed))
        .check(check::credits_change(Operation::Change))
        .check(check::credits(Operation::AvailableAfter))
        .check(check::credits(Operation::HeldAfter))
        .check(check::bytes(Operation::Previous, 32))
        .check(check::bytes(Operation::Hash, 32));
}
