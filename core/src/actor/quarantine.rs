//! Accounts that a sweep leaves out, because it could not do what is due on them.
//!
//! Owns after how many failures, for how long, and that each is told of once. An account that makes
//! no sense, or that can't be written, must not keep a sweep from the others.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant as Monotonic;

/// After so many failures in a row it is the account: a database has had some seconds to recover.
const FAILURES_MAX: u32 = 5;
/// For so long an account is left out: what is wrong with it takes a person to mend.
const LEFT_OUT_FOR: Duration = Duration::from_secs(600);
/// The most accounts that are remembered. With more of them wrong it is not they that are, and the
/// first thousand lines of the log say so.
const ACCOUNTS_MAX: usize = 1_000;

/// The accounts that failed, by the store's key.
#[derive(Debug, Default)]
pub(super) struct Quarantine(HashMap<i64, Failing>);

#[derive(Debug, Default)]
struct Failing {
    failures: u32,
    left_out_until: Option<Monotonic>,
}

/// What becomes of an account that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is tried again.
    TriedAgain,
    /// It is left out from now on, and nobody was told of it before.
    LeftOut,
    /// It is left out once more.
    StillLeftOut,
}

impl Quarantine {
    /// An account failed; `hopeless` if it will fail each time.
    pub(super) fn add(&mut self, key: i64, hopeless: bool, now: Monotonic) -> Verdict {
        if self.0.len() >= ACCOUNTS_MAX && !self.0.contains_key(&key) {
            return Verdict::StillLeftOut;
        }
        let failing = self.0.entry(key).or_default();
        failing.failures = if hopeless {
            FAILURES_MAX.max(failing.failures)
        } else {
            failing.failures.saturating_add(1)
        };
        if failing.failures < FAILURES_MAX {
            return Verdict::TriedAgain;
        }
        match failing.left_out_until.replace(now + LEFT_OUT_FOR) {
            None => Verdict::LeftOut,
            Some(_) => Verdict::StillLeftOut,
        }
    }

    /// It is well again.
    pub(super) fn remove(&mut self, key: i64) {
        self.0.remove(&key);
    }

    /// Whether it is left out now.
    pub(super) fn holds(&self, key: i64, now: Monotonic) -> bool {
        let until = self.0.get(&key).and_then(|failing| failing.left_out_until);
        until.is_some_and(|until| now < until)
    }

    /// Whether it failed before, and must not take others with it if it does again.
    pub(super) fn knows(&self, key: i64) -> bool {
        self.0.contains_key(&key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_told_of_once_and_tried_again_after_a_while() {
        let mut quarantine = Quarantine::default();
        let now = Monotonic::now();
        assert_eq!(quarantine.add(1, true, now), Verdict::LeftOut);
        assert!(quarantine.holds(1, now));
        let later = now + LEFT_OUT_FOR;
        assert!(!quarantine.holds(1, later) && quarantine.knows(1));
        assert_eq!(quarantine.add(1, false, later), Verdict::StillLeftOut);
        assert!(quarantine.holds(1, later));
        quarantine.remove(1);
        assert!(!quarantine.knows(1));
    }

    #[test]
    fn what_may_be_the_databases_fault_is_tried_some_times() {
        let mut quarantine = Quarantine::default();
        let now = Monotonic::now();
        for _ in 1..FAILURES_MAX {
            assert_eq!(quarantine.add(1, false, now), Verdict::TriedAgain);
            assert!(!quarantine.holds(1, now) && quarantine.knows(1));
        }
        assert_eq!(quarantine.add(1, false, now), Verdict::LeftOut);
        assert!(quarantine.holds(1, now));
    }

    #[test]
    fn it_is_bounded() {
        let mut quarantine = Quarantine::default();
        let now = Monotonic::now();
        let told = (0..2 * ACCOUNTS_MAX as i64)
            .filter(|key| quarantine.add(*key, true, now) == Verdict::LeftOut);
        assert_eq!(told.count(), ACCOUNTS_MAX);
        assert_eq!(quarantine.0.len(), ACCOUNTS_MAX);
    }
}
