//! Accounts that a sweep leaves out, because it could not do what is due on them.
//!
//! Owns for how long, and that each is told of once. An account that makes no sense, or that can't be
//! written, must not keep a sweep from the others.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant as Monotonic;

/// For so long an account is left out: what is wrong with it takes a person to mend.
const LEFT_OUT_FOR: Duration = Duration::from_secs(600);
/// The most accounts that are remembered. With more of them wrong it is not they that are, and the
/// first thousand lines of the log say so.
const ACCOUNTS_MAX: usize = 1_000;

/// The accounts that are left out, by the store's key.
#[derive(Debug, Default)]
pub(super) struct Quarantine(HashMap<i64, Monotonic>);

impl Quarantine {
    /// Leaves an account out from now on; `true` if nobody was told of it before.
    pub(super) fn add(&mut self, key: i64, now: Monotonic) -> bool {
        let known = self.0.contains_key(&key);
        if known || self.0.len() < ACCOUNTS_MAX {
            self.0.insert(key, now + LEFT_OUT_FOR);
            return !known;
        }
        false
    }

    /// It is well again.
    pub(super) fn remove(&mut self, key: i64) {
        self.0.remove(&key);
    }

    /// Whether it is left out now.
    pub(super) fn holds(&self, key: i64, now: Monotonic) -> bool {
        self.0.get(&key).is_some_and(|until| now < *until)
    }

    /// Whether it was left out, and must not take others with it if it fails again.
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
        assert!(quarantine.add(1, now) && quarantine.holds(1, now));
        let later = now + LEFT_OUT_FOR;
        assert!(!quarantine.holds(1, later) && quarantine.knows(1));
        assert!(!quarantine.add(1, later) && quarantine.holds(1, later));
        quarantine.remove(1);
        assert!(!quarantine.knows(1) && quarantine.add(1, later));
    }

    #[test]
    fn it_is_bounded() {
        let mut quarantine = Quarantine::default();
        let now = Monotonic::now();
        let told = (0..2 * ACCOUNTS_MAX as i64).filter(|key| quarantine.add(*key, now));
        assert_eq!(told.count(), ACCOUNTS_MAX);
        assert_eq!(quarantine.0.len(), ACCOUNTS_MAX);
    }
}
