//! The `catalog` table: every catalog that was ever published.
//!
//! Owns its columns. What was promised to an account is read from here, so nothing in it changes.

use sea_orm::entity::prelude::*;

/// One published catalog.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "catalog")]
pub struct Model {
    /// 1 for the first.
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i64,
    /// From when it counts.
    pub effective_at_us: i64,
    /// When it was published.
    pub published_at_us: i64,
    /// BLAKE3 of the source.
    #[sea_orm(column_type = "Blob")]
    pub hash: Vec<u8>,
    /// The file as published.
    #[sea_orm(column_type = "Text")]
    pub source: String,
    /// The client's id; none if no client asked.
    pub operation_id: Option<Uuid>,
    /// The hash of what the client sent.
    #[sea_orm(column_type = "Blob", nullable)]
    pub content: Option<Vec<u8>>,
}

/// Nothing is reached through SeaORM's relations: reads name their keys.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
