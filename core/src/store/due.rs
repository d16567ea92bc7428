//! Accounts that have something due, in the words of a store.
//!
//! Owns the order in which they are found: the earliest due first, and of one instant by the store's
//! own key. What is found in that order is read on from a place, so that nothing has to be
//! remembered between two reads, and so that several nodes can each take the next part.

use super::{AccountWork, Loaded};
use crate::domain::{record::CorruptRecord, time::Instant};

/// Where an account stands among those that have something due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DuePlace {
    /// When something is due, in microseconds since 1970.
    pub at_us: i64,
    /// The store's own key of the account.
    pub key: i64,
}

/// Which accounts with something due are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueWindow {
    /// Due at this instant or earlier.
    pub before: Instant,
    /// Only those after this place.
    pub after: Option<DuePlace>,
    /// At most so many.
    pub limit: u64,
}

/// An account that has something due.
#[derive(Debug)]
pub struct DueAccount {
    /// Where it stands.
    pub place: DuePlace,
    /// The account as the database has it; one that makes no sense does not hide the others.
    pub loaded: Result<Loaded, CorruptRecord>,
}

/// Accounts with something due that nobody else can have for as long as the transaction lasts in which
/// they were found.
#[derive(Debug, Default)]
pub struct DueClaim {
    /// The accounts, in the order of their places.
    pub accounts: Vec<DueAccount>,
    /// How many in the same window another transaction has: what it does not do stays due.
    pub elsewhere: u64,
}

/// A decision on accounts with something due, made in the transaction that has claimed and then writes
/// them.
pub trait DueDecision: Send {
    /// Decides on what is there: what is to be written on top of it. Asked at most once.
    fn decide(&mut self, claim: DueClaim) -> &[AccountWork];
}
