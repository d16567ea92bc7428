//! Placeholder.
pub mod domain;
