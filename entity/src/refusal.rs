//! The `refusal` table: the "no" answers that depended on an account's state.
//!
//! Owns its columns. Rows are kept for some time only, and never changed.

use sea_orm::entity::prelude::*;

/// One refusal.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refusal")]
pub struct Model {
    /// The client's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub operation_id: Uuid,
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: i64,
    /// The hash of the call's content.
    #[sea_orm(column_type = "Blob")]
    pub content: Vec<u8>,
    /// When it was decided.
    pub at_us: i64,
    /// The position after which it was decided.
    pub after_sequence: i64,
    /// Why, as JSON.
    #[sea_orm(column_type = "Text")]
    pub refusal: String,
}

/// Nothing is reached through SeaORM's relations: reads name their keys.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
