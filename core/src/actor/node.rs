//! What all actors of one process share.
//!
//! Owns nothing but the handles: the store, the writer, the clock, the catalogs, the recent ids.

use std::{
    sync::{Arc, RwLock},
    time::Duration,
};

use super::recent::RecentDecisions;
use crate::{clock::Clock, domain::catalog::Catalogs, store::Store, writer::Writer};

/// The bounds of a node, each with what happens at it.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The most operations under way, decided or not; more are answered `Overloaded`.
    pub operations_under_way_max: usize,
    /// The most submissions in one transaction; more go into the next.
    pub batch_operations_max: usize,
    /// How long a caller waits; then it is `Unavailable` if nothing was decided, else
    /// `UnknownOutcome`.
    pub deadline: Duration,
    /// The most accounts in memory; the longest idle make room, and where none is idle a new one is
    /// `Overloaded`.
    pub accounts_resident_max: usize,
    /// How long an account stays in memory without being asked for.
    pub idle_after: Duration,
    /// The most recent operation ids in memory; older ones are looked up in the database.
    pub recent_decisions_max: usize,
    /// How many accounts with something due are loaded and decided at a time; none: nobody looks for
    /// them, and what is due is done at the next touch of the account.
    pub sweep_chunk_accounts: Option<usize>,
    /// The threads on which actors run. With none, all runs on the thread that starts the ledger, so
    /// that a test sees the same order each time.
    pub arbiters: usize,
}

impl Default for Limits {
    /// Bounds that fit two cores and a gigabyte.
    fn default() -> Limits {
        Limits {
            operations_under_way_max: 8_192,
            batch_operations_max: 1_024,
            deadline: Duration::from_secs(4),
            accounts_resident_max: 200_000,
            idle_after: Duration::from_secs(600),
            recent_decisions_max: 100_000,
            sweep_chunk_accounts: None,
            arbiters: 1,
        }
    }
}

/// What all actors of one process share.
#[derive(Debug)]
pub struct Node {
    /// Where decisions are kept.
    pub store: Arc<dyn Store>,
    /// Where decisions are submitted.
    pub writer: Writer,
    /// The time.
    pub clock: Clock,
    /// The published catalogs.
    pub catalogs: RwLock<Catalogs>,
    /// The ids decided lately.
    pub recent: RecentDecisions,
    /// The bounds.
    pub limits: Limits,
}

impl Node {
    /// The catalogs as published now.
    pub fn catalogs(&self) -> Catalogs {
        let catalogs = self.catalogs.read();
        catalogs.expect("nothing panics while it publishes").clone()
    }
}
