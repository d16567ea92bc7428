//! What a sweep came to, and how long to wait after it.

use std::time::Duration;

use super::{LOOK_AGAIN_AFTER, TRY_AGAIN_AFTER};
use crate::domain::time::Instant;

/// What a chunk, or a whole sweep, came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Swept {
    /// Accounts on which what was due is committed, or a step of it.
    pub(super) accounts: u64,
    /// Periods granted on them.
    pub(super) renewals: u64,
    /// Accounts on which somebody else was faster.
    pub(super) overtaken: u64,
    /// Accounts with something due that stays undone: they are in quarantine.
    pub(super) left_out: u64,
    /// Accounts that have more to do, or were not come to.
    pub(super) left: u64,
    /// The database could not be read or written, or the clock is not to be believed.
    pub(super) stuck: bool,
    /// The instant up to which was looked.
    pub(super) until: Instant,
}

impl Swept {
    /// Adds what a chunk came to.
    pub(super) fn add(&mut self, chunk: Swept) {
        self.accounts += chunk.accounts;
        self.renewals += chunk.renewals;
        self.overtaken += chunk.overtaken;
        self.left_out += chunk.left_out;
        self.left += chunk.left;
        self.stuck |= chunk.stuck;
        self.until = self.until.max(chunk.until);
    }

    /// Whether it makes no sense to go on now.
    pub(super) fn is_stuck(&self) -> bool {
        self.stuck
    }

    /// How long to wait before what it left; none if it left nothing.
    pub(super) fn pause(&self) -> Option<Duration> {
        if self.stuck {
            Some(TRY_AGAIN_AFTER)
        } else if self.left + self.overtaken == 0 {
            None
        } else if self.accounts > 0 {
            Some(Duration::ZERO)
        } else {
            Some(LOOK_AGAIN_AFTER)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_done_at_once_as_long_as_it_gets_on() {
        let table = [
            (0, 0, 0, false, None),
            (9, 0, 0, false, None),
            (9, 1, 0, false, Some(Duration::ZERO)),
            (9, 0, 1, false, Some(Duration::ZERO)),
            (0, 1, 0, false, Some(LOOK_AGAIN_AFTER)),
            (0, 0, 1, false, Some(LOOK_AGAIN_AFTER)),
            (9, 1, 1, true, Some(TRY_AGAIN_AFTER)),
        ];
        for (accounts, overtaken, left, stuck, wanted) in table {
            let swept = Swept {
                accounts,
                overtaken,
                left,
                stuck,
                ..Swept::default()
            };
            assert_eq!(swept.pause(), wanted, "{swept:?}");
        }
    }
}
