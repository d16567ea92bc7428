//! When something is due next, as far as what was committed tells.
//!
//! Owns one instant, and waking whoever waits for it when something earlier is committed: a hold that
//! ends in an hour must not wait for the renewal of next month. It never reads the store, so that
//! whoever waits looks there first and sets what it found.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use tokio::sync::Notify;

use crate::domain::time::Instant;

/// The next instant at which something is due. Cloning gives the same one.
#[derive(Clone, Debug)]
pub struct Alarm(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    next_us: AtomicI64,
    sooner: Notify,
}

/// Later than every instant.
const NEVER_US: i64 = i64::MAX;

impl Default for Alarm {
    fn default() -> Alarm {
        Alarm(Arc::new(Shared {
            next_us: AtomicI64::new(NEVER_US),
            sooner: Notify::new(),
        }))
    }
}

impl Alarm {
    /// An account was committed, on which something is due then.
    pub(super) fn is_committed(&self, due: Option<Instant>) {
        let due_us = due.map_or(NEVER_US, Instant::micros);
        // Nearly always it is later, which then costs one look.
        if due_us < self.0.next_us.load(Ordering::Acquire)
            && due_us < self.0.next_us.fetch_min(due_us, Ordering::AcqRel)
        {
            self.0.sooner.notify_one();
        }
    }

    /// Forgets what was set. What is committed from now on counts: look into the store *after* this,
    /// so that nothing falls in between.
    pub fn forget(&self) {
        self.0.next_us.store(NEVER_US, Ordering::Release);
    }

    /// Something was found to be due then.
    pub fn expect(&self, due: Instant) {
        self.0.next_us.fetch_min(due.micros(), Ordering::AcqRel);
    }

    /// When something is due next; none if nothing is known to be.
    pub fn next(&self) -> Option<Instant> {
        let next_us = self.0.next_us.load(Ordering::Acquire);
        (next_us != NEVER_US).then(|| Instant::from_micros(next_us).unwrap_or(Instant::MAX))
    }

    /// Waits until something is due earlier than was known. One waiter at a time.
    pub async fn comes_sooner(&self) {
        self.0.sooner.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    #[test]
    fn only_what_is_due_sooner_wakes_and_nothing_falls_between_two_looks() {
        let (noon, one) = (at("2026-03-01T12:00:00Z"), at("2026-03-01T13:00:00Z"));
        let alarm = Alarm::default();
        let wakes = || alarm.comes_sooner().now_or_never().is_some();
        assert_eq!(alarm.next(), None);
        alarm.is_committed(Some(one));
        assert!(wakes() && !wakes());
        alarm.is_committed(Some(one));
        alarm.is_committed(None);
        assert!(!wakes());
        alarm.is_committed(Some(noon));
        assert!(wakes());
        assert_eq!(alarm.next(), Some(noon));
        // Committed after it was forgotten, and later than what the store says.
        alarm.forget();
        alarm.is_committed(Some(one));
        alarm.expect(noon);
        assert_eq!(alarm.next(), Some(noon));
        // Committed after it was forgotten, and sooner.
        alarm.forget();
        alarm.is_committed(Some(noon));
        alarm.expect(one);
        assert_eq!(alarm.next(), Some(noon));
    }
}
