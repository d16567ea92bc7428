//! The `usage` table: what was charged, summed by account, day, model, action and project.
//!
//! Owns its columns. Its rows repeat what the ledger says, up to the last whole group of each account's
//! operations, and are only ever added to.

use sea_orm::entity::prelude::*;

/// The sums of one account, day, model, action and project.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "usage")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: i64,
    /// The day in UTC: how many days are before it, counted from 1970-01-01.
    #[sea_orm(primary_key, auto_increment = false)]
    pub day: i32,
    /// The model.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub model: String,
    /// The action.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub action: String,
    /// The project; empty for charges without one.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub project: String,
    /// How many charges there are.
    pub charges: i64,
    /// What they consumed.
    pub credits: i64,
    /// How many results they paid for.
    pub variations: i64,
    /// How long these are together, in seconds.
    pub seconds: i64,
}

/// Nothing is reached through SeaORM's relations: reads name their keys.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
