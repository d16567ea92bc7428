//! The clock: the only place that asks what time it is.
//!
//! Owns the real clock, which watches itself against monotonic time, and the manual clock of
//! development and tests. Nobody else calls `Utc::now`; the domain gets instants as arguments.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant as Monotonic},
};

use chrono::{TimeDelta, Utc};

use crate::domain::time::Instant;

/// How far the wall clock may move against monotonic time before it is not believed: a step of a
/// year forward would grant twelve periods for good.
const STEP_MAX: Duration = Duration::from_secs(1);
/// An honest clock is corrected by at most 500 parts per million: one part in so many is no step.
const CORRECTION_PART: u32 = 2_000;
/// After so long the two clocks are compared anew, so that corrections do not add up.
const COMPARE_ANEW_AFTER: Duration = Duration::from_secs(60);

/// Tells the time. Cloning gives the same clock.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Mutex<Source>>);

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

    fn of(source: Source) -> Clock {
        Clock(Arc::new(Mutex::new(source)))
    }

    /// Reads the clock.
    pub fn read(&self) -> Reading {
        let mut source = self.0.lock().expect("a clock's lock is never poisoned");
        match &mut *source {
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
        let mut source = self.0.lock().expect("a clock's lock is never poisoned");
        match &mut *source {
            Source::Real { .. } => false,
            Source::Manual { at, since, .. } => {
                (*at, *since) = (to, Monotonic::now());
                true
            }
        }
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
}
