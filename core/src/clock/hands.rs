//! The two clocks of a machine, turned by hand. For tests and simulations only.
//!
//! Owns how they go on together, and how the wall clock steps away. It tells no time by itself. Whoever
//! waits for an instant looks at the clock again when a hand is turned: nobody turns real ones, so
//! there it looks again by itself.

use std::sync::{Arc, Mutex, MutexGuard, Weak};

use chrono::TimeDelta;

use super::{Clock, Dials, Shared};
use crate::domain::time::Instant;

/// Two clocks that stand until they are turned. Cloning gives the same ones.
#[derive(Clone, Debug)]
pub struct Hands(Arc<Turned>);

#[derive(Debug)]
struct Turned {
    dials: Mutex<Dials>,
    /// The clocks that go by them.
    clocks: Mutex<Vec<Weak<Shared>>>,
}

impl Hands {
    /// A wall clock that shows `wall`, and monotonic time from its beginning.
    pub fn at(wall: Instant) -> Hands {
        Hands(Arc::new(Turned {
            dials: Mutex::new(Dials {
                wall,
                monotonic: std::time::Duration::ZERO,
            }),
            clocks: Mutex::default(),
        }))
    }

    /// A clock that goes by them, as a real one goes by the machine's.
    pub fn clock(&self) -> Clock {
        let hands = self.clone();
        let clock = Clock::watching(move || *hands.dials());
        let mut clocks = self.0.clocks.lock().expect("nothing panics meanwhile");
        clocks.push(Arc::downgrade(&clock.0));
        clock
    }

    /// Time passes on both. It never goes back: a negative time is none.
    pub fn pass(&self, time: TimeDelta) {
        {
            let mut dials = self.dials();
            dials.monotonic += time.to_std().unwrap_or_default();
            dials.wall = dials.wall.saturating_add(time.max(TimeDelta::zero()));
        }
        self.tell();
    }

    /// The wall clock is set forward, or back.
    pub fn step(&self, by: TimeDelta) {
        {
            let mut dials = self.dials();
            dials.wall = dials.wall.saturating_add(by);
        }
        self.tell();
    }

    fn tell(&self) {
        let clocks = self.0.clocks.lock().expect("nothing panics meanwhile");
        for clock in clocks.iter().filter_map(Weak::upgrade) {
            clock.moved.notify_waiters();
        }
    }

    fn dials(&self) -> MutexGuard<'_, Dials> {
        let dials = self.0.dials.lock();
        dials.expect("nothing panics while it turns a hand")
    }
}
