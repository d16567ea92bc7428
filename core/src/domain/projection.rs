//! What an account will be if nothing but time happens to it.
//!
//! Owns how far ahead that is told. It is made of the very rules by which time acts ([`super::due`]), so
//! that what it says is what then happens, unless somebody spends, buys or changes something, or
//! another catalog is published.

use super::{account::Account, catalog::Catalogs, time::Instant};

/// How many months ahead a projection goes: ten years. That is longer than any plan is paid for, and
/// bounds the work to 120 renewals and the end of what there is.
pub const PROJECTION_MONTHS_MAX: u32 = 120;

impl Account {
    /// The state at `until` if nothing but time happens to it, by the catalogs that are known now. Its
    /// operations since are not in any ledger: only what it holds and owes is to be taken from it.
    pub fn projected(&self, catalogs: &Catalogs, until: Instant) -> Account {
        let mut state = self.clone();
        // A long absence may be recorded in part: what is still due can be due before that record.
        state.time = state.time.min(until);
        loop {
            let due = state.due(catalogs, until);
            for event in &due.events {
                state.apply(event);
            }
            if !due.more {
                return state;
            }
        }
    }

    /// Whether the state is the one at `at`, or what leads to it is only a matter of time: if not, the
    /// ledger tells of it.
    pub fn is_before(&self, at: Instant) -> bool {
        self.time <= at || self.next_due_at().is_some_and(|due| due <= at)
    }
}

/// The latest instant that a projection made at `now` goes to.
pub fn projection_ends_at(now: Instant) -> Instant {
    now.plus_months(PROJECTION_MONTHS_MAX)
}
