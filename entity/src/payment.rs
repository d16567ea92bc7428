//! The `payment` table: every payment that was used, unique for ever across all accounts.
//!
//! Owns its columns: what a payment is for is a pack or a term, never both. To it, too, rows are only
//! ever added: how a payment stands now is told by the ledger.

use sea_orm::entity::prelude::*;

/// One payment and what it was used for.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "payment")]
pub struct Model {
    /// Who took the payment, as billing names it.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub provider: String,
    /// The provider's own id of the payment.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub reference: String,
    /// The account that it was used on.
    pub account_id: i64,
    /// The operation that used it.
    pub operation_id: Uuid,
    /// The pack that it bought.
    #[sea_orm(column_type = "Text", nullable)]
    pub pack: Option<String>,
    /// How many of it.
    pub quantity: Option<i64>,
    /// The subscription whose term it is for, by the position of the operation that started it.
    pub subscription: Option<i64>,
    /// The first period of the term.
    pub first_period: Option<i64>,
    /// How many periods the term has.
    pub months: Option<i64>,
}

/// Nothing is reached through SeaORM's relations: reads name their keys.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
