//! The two clocks of a machine, turned by hand. For tests and simulations only.
//!
//! Owns how they go on together, and how the wall clock steps away. It tells no time by itself.

use std::sync::{Arc, Mutex, MutexGuard};

use chrono::TimeDelta;

use super::{Clock, Dials};
use crate::domain::time::Instant;

/// Two clocks that stand until they are turned. Cloning gives the same ones.
#[derive(Clone, Debug)]
pub struct Hands(Arc<Mutex<Dials>>);

impl Hands {
    /// A wall clock that shows `wall`, and monotonic time from its beginning.
    pub fn at(wall: Instant) -> Hands {
        Hands(Arc::new(Mutex::new(Dials {
            wall,
            monotonic: std::time::Duration::ZERO,
        })))
    }

    /// A clock that goes by them, as a real one goes by the machine's.
    pub fn clock(&self) -> Clock {
        let hands = self.clone();
        Clock::watching(move || *hands.dials())
    }

    /// Time passes on both. It never goes back: a negative time is none.
    pub fn pass(&self, time: TimeDelta) {
        let mut dials = self.dials();
        dials.monotonic += time.to_std().unwrap_or_default();
        dials.wall = dials.wall.saturating_add(time.max(TimeDelta::zero()));
    }

    /// The wall clock is set forward, or back.
    pub fn step(&self, by: TimeDelta) {
        let mut dials = self.dials();
        dials.wall = dials.wall.saturating_add(by);
    }

    fn dials(&self) -> MutexGuard<'_, Dials> {
        self.0.lock().expect("nothing panics while it turns a hand")
    }
}
