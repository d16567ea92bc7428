//! The clock: the only place that asks what time it is.
//!
//! Owns the real clock, which watches itself against monotonic time, and the manual clock of
//! development and tests. Nobody else calls `Utc::now`; the domain gets instants as arguments.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant as Monotonic},
};

use chrono::{TimeDelta, Utc};
use tokio::sync::Notify;

use crate::domain::time::Instant;

/// How far the wall clock may move against monotonic time before it is not believed: a step of a
/// year forward would grant twelve periods for good.
const STEP_MAX: Duration = Duration::from_secs(1);
/// An honest clock is corrected by at most 500 parts per million: one part in so many is no step.
const CORRECTION_PART: u32 = 2_000;
/// After so long the two clocks are compared anew, so that corrections do not add up.
const COMPARE_ANEW_AFTER: Duration = Duration::from_secs(60);
/// Who waits for an instant looks at the clock again after so long: a machine that slept, or whose
/// clock was corrected, is late by no more.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Tells the time. Cloning gives the same clock.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    source: Mutex<Source>,
    /// Told when a manual clock is moved.
    moved: Notify,
}

#[derive(Debug)]
enum Source {
    Real {
        wall: Instant,
        seen: Monotonic,
    },
    Manual {
        at: Instant,
        since: Monotonic,
        speed: f64,
    },
}

/// What a clock says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The time.
    pub now: Instant,
    /// Whether it may be decided by: it has not stepped against monotonic time.
    pub trusted: bool,
}

impl Clock {
    /// The machine's clock.
    pub fn real() -> Clock {
        Clock::of(Source::Real {
            wall: wall_clock(),
            seen: Monotonic::now(),
        })
    }

    /// A clock that starts at `at` and runs `speed` times as fast as the real one; 0 stands still.
    pub fn manual(at: Instant, speed: f64) -> Clock {
        Clock::of(Source::Manual {
            at,
            since: Monotonic::now(),
            speed,
        })
    }

    /// A clock of the machine that has stepped by that much, and is not believed.
    #[cfg(test)]
    pub(crate) fn stepped(by: TimeDelta) -> Clock {
        Clock::of(Source::Real {
            wall: wall_clock().saturating_sub(by),
            seen: Monotonic::now(),
        })
    }

    fn of(source: Source) -> Clock {
        Clock(Arc::new(Shared {
            source: Mutex::new(source),
            moved: Notify::new(),
        }))
    }

    /// Reads the clock.
    pub fn read(&self) -> Reading {
        match &mut *self.lock() {
            Source::Manual { at, since, speed } => Reading {
                now: manual_now(*at, *since, *speed),
                trusted: true,
            },
            Source::Real { wall, seen } => {
                let (now, passed) = (wall_clock(), seen.elapsed());
                let trusted = agrees(*wall, now, passed);
                if trusted && passed > COMPARE_ANEW_AFTER {
                    (*wall, *seen) = (now, Monotonic::now());
                }
                Reading { now, trusted }
            }
        }
    }

    /// Moves a manual clock to `at`, from where it goes on at its speed. A real clock is not moved:
    /// `false`.
    pub fn set(&self, to: Instant) -> bool {
        match &mut *self.lock() {
            Source::Real { .. } => return false,
            Source::Manual { at, since, .. } => (*at, *since) = (to, Monotonic::now()),
        }
        self.0.moved.notify_waiters();
        true
    }

    /// Waits until the clock reads `instant` or later.
    pub async fn reaches(&self, instant: Instant) {
        loop {
            // Made before the clock is read, so that no move between the two is missed.
            let moved = self.0.moved.notified();
            let now = self.read().now;
            if now >= instant {
                return;
            }
            let wait = self.real_time(instant.since(now)).min(LOOK_AGAIN_AFTER);
            // Either way the clock is looked at again.
            let _passed = tokio::time::timeout(wait, moved).await;
        }
    }

    /// How long it takes until this much time has passed on this clock; long, if it stands still.
    fn real_time(&self, delta: TimeDelta) -> Duration {
        let speed = match &*self.lock() {
            Source::Real { .. } => 1.0,
            Source::Manual { speed, .. } => *speed,
        };
        let seconds = delta.as_seconds_f64() / speed;
        // A microsecond more, so that rounding does not wake a waiter just before its instant.
        Duration::try_from_secs_f64(seconds + 1e-6).unwrap_or(LOOK_AGAIN_AFTER)
    }

    fn lock(&self) -> MutexGuard<'_, Source> {
        let source = self.0.source.lock();
        source.expect("a clock's lock is never poisoned")
    }
}

fn manual_now(at: Instant, since: Monotonic, speed: f64) -> Instant {
    let micros = since.elapsed().as_secs_f64() * speed * 1e6;
    // A float as an integer saturates, which is what a clock at the end of time should do.
    at.saturating_add(TimeDelta::microseconds(micros as i64))
}

fn agrees(wall: Instant, now: Instant, passed: Duration) -> bool {
    let step_max = STEP_MAX + passed / CORRECTION_PART;
    let passed = TimeDelta::from_std(passed).unwrap_or(TimeDelta::MAX);
    let step = now.since(wall.saturating_add(passed));
    step.abs().to_std().is_ok_and(|step| step <= step_max)
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that asks the machine for the time"
)]
fn wall_clock() -> Instant {
    Instant::try_from(Utc::now()).unwrap_or(Instant::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    #[test]
    fn a_wall_clock_that_steps_is_not_believed() {
        let start = at("2026-03-01T00:00:00Z");
        let table = [
            ("2026-03-01T00:00:10Z", 10, true),
            ("2026-03-01T00:00:11Z", 10, true),
            ("2026-03-01T00:00:11.1Z", 10, false),
            ("2026-03-01T00:00:08.9Z", 10, false),
            ("2027-03-01T00:00:10Z", 10, false),
            ("2026-03-02T00:00:30Z", 86_400, true),
        ];
        for (now, passed, trusted) in table {
            let agreed = agrees(start, at(now), Duration::from_secs(passed));
            assert_eq!(agreed, trusted, "{now} after {passed} s");
        }
    }

    #[test]
    fn a_manual_clock_stands_until_it_is_moved() {
        let clock = Clock::manual(at("2026-03-01T00:00:00Z"), 0.0);
        assert_eq!(clock.read().now, at("2026-03-01T00:00:00Z"));
        assert!(clock.set(at("2026-04-01T00:00:00Z")));
        assert_eq!(clock.read().now, at("2026-04-01T00:00:00Z"));
        assert!(!Clock::real().set(at("2026-04-01T00:00:00Z")));
    }

    #[tokio::test]
    async fn a_manual_clock_reaches_an_instant_at_its_speed_or_when_it_is_moved() {
        // A year a second: a month takes longer than the test would wait for a real one.
        let fast = Clock::manual(at("2026-03-01T00:00:00Z"), 31_536_000.0);
        fast.reaches(at("2026-03-08T00:00:00Z")).await;
        assert!(fast.read().now >= at("2026-03-08T00:00:00Z"));

        let still = Clock::manual(at("2026-03-01T00:00:00Z"), 0.0);
        let waiting = tokio::spawn({
            let still = still.clone();
            async move { still.reaches(at("2026-04-01T00:00:00Z")).await }
        });
        tokio::task::yield_now().await;
        still.set(at("2026-03-31T00:00:00Z"));
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        still.set(at("2026-04-01T00:00:00Z"));
        waiting.await.unwrap();
    }
}
