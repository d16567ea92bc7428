//! Accounts that have something due, in the words of a store.
//!
//! Owns the order in which they are found: the earliest due first, and of one instant by the store's
//! own key. What is found in that order is read on from a place, so that nothing has to be
//! remembered between two reads, and so that several nodes can each take the next part.

use super::Loaded;
use crate::domain::record::CorruptRecord;

/// Where an account stands among those that have something due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DuePlace {
    /// When something is due, in microseconds since 1970.
    pub at_us: i64,
    /// The store's own key of the account.
    pub key: i64,
}

/// An account that has something due.
#[derive(Debug)]
pub struct DueAccount {
    /// Where it stands.
    pub place: DuePlace,
    /// The account as the database has it; one that makes no sense does not hide the others.
    pub loaded: Result<Loaded, CorruptRecord>,
}
