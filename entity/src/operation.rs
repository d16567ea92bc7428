//! The `operation` table: the ledger, to which rows are only ever added.
//!
//! Owns its columns. All but `account_id`, `payment`, `chain`, `without_effect_us` and `granted` are
//! under the row's hash; those are
//! computed from what is.

use sea_orm::entity::prelude::*;

/// One operation of one account.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "operation")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: i64,
    /// The position, 1 for the first.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i64,
    /// The client's id, or the id derived for what time did.
    pub operation_id: Uuid,
    /// The hash of the call's content; none for what time did.
    #[sea_orm(column_type = "Blob", nullable)]
    pub content: Option<Vec<u8>>,
    /// The kind.
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// When it counts.
    pub at_us: i64,
    /// When it was decided.
    pub recorded_at_us: i64,
    /// The catalog version it was decided by.
    pub catalog_version: i64,
    /// The hold that it resolves or changes.
    pub hold: Option<Uuid>,
    /// The action that credits were spent or set aside for.
    #[sea_orm(column_type = "Text", nullable)]
    pub action: Option<String>,
    /// The model that credits were spent or set aside for.
    #[sea_orm(column_type = "Text", nullable)]
    pub model: Option<String>,
    /// The project that credits were spent or set aside for.
    #[sea_orm(column_type = "Text", nullable)]
    pub project: Option<String>,
    /// The payment that it reports, as JSON: its provider and its reference.
    #[sea_orm(column_type = "Text", nullable)]
    pub payment: Option<String>,
    /// The root of the chain that it is found by, of a charge that does another one again and of a mark.
    pub chain: Option<Uuid>,
    /// When it was decided, if it reports a payment that was paid and had no effect; such operations are
    /// found by it.
    pub without_effect_us: Option<i64>,
    /// What entered: the sum over its postings. Only five kinds may have any.
    pub granted: i64,
    /// What was consumed.
    pub consumed: i64,
    /// By how much what can be spent changed.
    pub change: i64,
    /// What can be spent after it.
    pub available_after: i64,
    /// What is held after it.
    pub held_after: i64,
    /// The postings, as JSON.
    #[sea_orm(column_type = "Text")]
    pub postings: String,
    /// The fact, as JSON.
    #[sea_orm(column_type = "Text")]
    pub fact: String,
    /// The balance after it, as JSON.
    #[sea_orm(column_type = "Text")]
    pub balance: String,
    /// The hash of the operation before it.
    #[sea_orm(column_type = "Blob")]
    pub previous: Vec<u8>,
    /// The hash of it and, through `previous`, of all before it.
    #[sea_orm(column_type = "Blob")]
    pub hash: Vec<u8>,
}

/// Nothing is reached through SeaORM's relations: reads name their keys.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
