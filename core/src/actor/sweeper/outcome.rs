//! What a sweep came to, and for how long there is nothing to do after it.

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
    /// Accounts that another node had.
    pub(super) elsewhere: u64,
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
        self.elsewhere += chunk.elsewhere;
        self.left_out += chunk.left_out;
        self.left += chunk.left;
        self.stuck |= chunk.stuck;
        self.until = self.until.max(chunk.until);
    }

    /// Whether it makes no sense to go on now.
    pub(super) fn is_stuck(&self) -> bool {
        self.stuck
    }

    /// For how long there is nothing to do after it.
    pub(super) fn rest(&self) -> Rest {
        if self.stuck {
            Rest::Long
        } else if self.left + self.overtaken + self.elsewhere == 0 {
            Rest::UntilDue
        } else if self.accounts > 0 {
            Rest::None
        } else {
            Rest::Pause
        }
    }
}

/// For how long there is nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// There is more.
    None,
    /// Somebody else was faster, and was the only one who got on.
    Pause,
    /// What is wrong does not change soon.
    Long,
    /// All is done.
    UntilDue,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_done_at_once_as_long_as_it_gets_on() {
        let table = [
            (0, 0, 0, 0, false, Rest::UntilDue),
            (9, 0, 0, 0, false, Rest::UntilDue),
            (9, 1, 0, 0, false, Rest::None),
            (9, 0, 1, 0, false, Rest::None),
            (9, 0, 0, 1, false, Rest::None),
            (0, 1, 0, 0, false, Rest::Pause),
            (0, 0, 1, 0, false, Rest::Pause),
            (0, 0, 0, 1, false, Rest::Pause),
            (9, 1, 1, 1, true, Rest::Long),
        ];
        for (accounts, overtaken, left, elsewhere, stuck, wanted) in table {
            let swept = Swept {
                accounts,
                overtaken,
                left,
                elsewhere,
                stuck,
                ..Swept::default()
            };
            assert_eq!(swept.rest(), wanted, "{swept:?}");
        }
    }
}
