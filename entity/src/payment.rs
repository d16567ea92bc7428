//! The `payment` table: every payment that brought credits, unique for ever across all accounts.
//!
//! Owns its columns. To it, too, rows are only ever added.

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
    #[sea_orm(column_type = "Text")]
    pub pack: String,
    /// How many of it.
    pub quantity: i64,
}

/// Nothing is reached through SeaORM's relations: reads name their keys.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
