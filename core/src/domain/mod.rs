//! The rules of the credits service, pure.
pub mod credits;
pub mod ids;
pub mod time;
pub mod catalog;
