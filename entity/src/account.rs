//! The `account` table: one row an account, with what is needed to go on deciding.
//!
//! Owns its columns. The row is a summary of the account's operations, which are the truth: it may be
//! a few charges behind them.

use sea_orm::entity::prelude::*;

/// One account.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account")]
pub struct Model {
    /// The compact key by which other tables know the account.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The client's name for it.
    #[sea_orm(unique, column_type = "Text")]
    pub external_id: String,
    /// The position of the last operation that is in the summary; 0 before the first.
    pub sequence: i64,
    /// The hash of that operation; zeroes before the first.
    #[sea_orm(column_type = "Blob")]
    pub head_hash: Vec<u8>,
    /// How its subscription stands.
    #[sea_orm(column_type = "Text")]
    pub standing: String,
    /// What could be spent after it.
    pub available: i64,
    /// What was held after it.
    pub held: i64,
    /// When it was opened.
    pub opened_at_us: i64,
    /// When time will next do something to it; none if it never will.
    pub next_due_at_us: Option<i64>,
    /// The whole state after it, as JSON.
    #[sea_orm(column_type = "Text")]
    pub snapshot: String,
}

/// Nothing is reached through SeaORM's relations: reads name their keys.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
