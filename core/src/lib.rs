//! Placeholder.
pub mod domain;
pub mod store;
