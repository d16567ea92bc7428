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
    /// How many transactions are written at once, accounts being divided among them.
    pub writers: usize,
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
    /// How it is looked for what is due; none: nobody does, and it is done at the next touch of the
    /// account.
    pub sweep: Option<Sweep>,
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
            writers: 1,
            deadline: Duration::from_millis(3_500),
            accounts_resident_max: 200_000,
            idle_after: Duration::from_secs(600),
            recent_decisions_max: 4_096,
            sweep: None,
            arbiters: 1,
        }
    }
}

#[cfg(test)]
impl Limits {
    /// The bounds of tests: no test fails because its machine is slow.
    pub(crate) fn patient() -> Limits {
        Limits {
            deadline: Duration::from_secs(3_600),
            idle_after: Duration::from_secs(3_600),
            ..Limits::default()
        }
    }
}

/// How a node sweeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// How many accounts are loaded and decided at a time.
    pub chunk_accounts: usize,
    /// The least time between two sweeps: where something is due at every millisecond, a few groups a
    /// second are written and not a thousand transactions. With none it waits for the clock and the
    /// database only, and tries again at once while one of them fails.
    pub pause: Duration,
}

impl Default for Sweep {
    /// Groups like those of a busy writer, ten of them a second.
    fn default() -> Sweep {
        Sweep {
            chunk_accounts: 512,
            pause: Duration::from_millis(100),
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

    /// Takes on what was published; tells whether there is a later one than before. What was read before
    /// somebody here published is older, and changes nothing.
    pub fn take_on(&self, published: Catalogs) -> bool {
        let catalogs = self.catalogs.write();
        let mut catalogs = catalogs.expect("nothing panics while it publishes");
        let version = |all: &Catalogs| all.latest().map(|latest| latest.version);
        let later = version(&published) > version(&catalogs);
        if later {
            *catalogs = published;
        }
        later
    }
}
