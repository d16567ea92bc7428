//! The tables of ChatNow Credits as SeaORM models, and nothing else.
//!
//! Owns the names and types of columns. Instants are whole microseconds since 1970 in UTC, amounts
//! are whole credits, hashes are 32 bytes. What a value means, and whether it may be there, is said
//! by the store that converts rows to the domain. No query and no clock is in here.

pub mod account;
pub mod catalog;
pub mod operation;
pub mod payment;
pub mod refusal;
pub mod usage;
