//! ChatNow Credits without its API: the rules, the store, the writer and the actors.
pub mod domain;
pub mod clock;
pub mod store;
pub mod error;
pub mod writer;
pub mod actor;
