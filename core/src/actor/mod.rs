//! One actor for each account: it alone decides for that account on this node.
//!
//! Read in this order: what an actor is told, what is pending and what is looked up; the desk where
//! calls are decided; the account's actor around it; how actors are found, started and sent to sleep;
//! how what is due is done on accounts without one.

pub mod account;
pub mod catalogs;
pub mod facts;
pub mod message;
pub mod node;
pub mod pending;
pub mod recent;
pub mod registry;
pub mod sweeper;
pub mod view;

mod contention;
mod deciding;
mod desk;
mod quarantine;
mod rate;
