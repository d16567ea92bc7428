//! ChatNow Credits without its API: the rules, the store, the writer, the actors.
//!
//! A charge goes down this list and its answer comes back up: [`ledger`] takes a call in and finds
//! the account's [`actor`]; the actor decides with the rules of the [`domain`], at an instant of the
//! [`clock`], on top of all it decided before; the [`writer`] commits what many actors decided in one
//! transaction of the [`store`]; then, and only then, the caller is answered, and those who watch the
//! account see it in their [`feed`].
//!
//! What is deliberately absent: HTTP and GraphQL (the `api` package), payments (billing reports
//! them), and any way to add credits but a plan's period, a pack with its payment, and rollover that
//! a plan states.

pub mod domain;

pub mod clock;
pub mod error;

pub mod store;

pub mod feed;

pub mod writer;

pub mod actor;

pub mod ledger;

pub mod verify;
