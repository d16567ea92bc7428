//! The clock: the only place that asks what time it is.
//!
//! Owns the real clock, which watches itself against monotonic time, and the manual clock of
//! development and tests. Nobody else calls `Utc::now`; the domain gets instants as arguments.
//!
//! A wall clock that steps is not believed until it agrees again. Meanwhile the time is what it was
//! when the two clocks last agreed, and as much as monotonic time says has passed since: good enough
//! to show what is there, never to decide by.

mod hands;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant as Monotonic},
};

use chrono::{TimeDelta, Utc};
use tokio::sync::Notify;

use crate::domain::time::Instant;

pub use self::hands::Hands;

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
    /// Told when a manual clock is moved, or a hand is turned.
    moved: Notify,
}

#[derive(Debug)]
enum Source {
    Real {
        dials: Watched,
        /// What they showed when they agreed, lately.
        agreed: Dials,
    },
    Manual {
        at: Instant,
        since: Monotonic,
        speed: f64,
    },
}

/// What the two clocks of a machine show at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dials {
    /// The wall clock, which everybody shares and anybody can set.
    pub wall: Instant,
    /// How much time has passed since some moment; nobody can set it.
    pub monotonic: Duration,
}

/// The dials that a real clock looks at.
struct Watched(Box<dyn Fn() -> Dials + Send>);

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watched").field(&(self.0)()).finish()
    }
}

/// What a clock says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The time; while the wall clock is not believed, what monotonic time makes of it.
    pub now: Instant,
    /// Whether it may be decided by: the wall clock has not stepped against monotonic time.
    pub trusted: bool,
}

impl Clock {
    /// The machine's clock.
    pub fn real() -> Clock {
        Clock::watching(|| Dials {
            wall: wall_clock(),
            monotonic: monotonic_clock(),
        })
    }

    /// A clock that goes by these dials, as a real one goes by the machine's.
    pub fn watching(dials: impl Fn() -> Dials + Send + 'static) -> Clock {
        let agreed = dials();
        Clock::of(Source::Real {
            dials: Watched(Box::new(dials)),
            agreed,
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
            Source::Real { dials, agreed } => {
                let shown = (dials.0)();
                let passed = shown.monotonic.saturating_sub(agreed.monotonic);
                let steady = later(agreed.wall, passed);
                if !agrees(steady, shown.wall, passed) {
                    return Reading {
                        now: steady,
                        trusted: false,
                    };
                }
                if passed > COMPARE_ANEW_AFTER {
                    *agreed = shown;
                }
                Reading {
                    now: shown.wall,
                    trusted: true,
                }
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

/// Whether the wall clock shows about what it must after so much monotonic time.
fn agrees(steady: Instant, wall: Instant, passed: Duration) -> bool {
    let step_max = STEP_MAX + passed / CORRECTION_PART;
    let step = wall.since(steady);
    step.abs().to_std().is_ok_and(|step| step <= step_max)
}

fn later(instant: Instant, passed: Duration) -> Instant {
    instant.saturating_add(TimeDelta::from_std(passed).unwrap_or(TimeDelta::MAX))
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that asks the machine for the time"
)]
fn wall_clock() -> Instant {
    Instant::try_from(Utc::now()).unwrap_or(Instant::MAX)
}

/// Time since the machine was started, also while it slept: where sleep does not count, waking up
/// looks like a step of the wall clock.
#[cfg(target_os = "linux")]
fn monotonic_clock() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::try_from(time).expect("a machine was started before now")
}

/// Time since this was first asked. On some systems it stands while the machine sleeps.
#[cfg(not(target_os = "linux"))]
fn monotonic_clock() -> Duration {
    static BEGAN: std::sync::LazyLock<Monotonic> = std::sync::LazyLock::new(Monotonic::now);
    BEGAN.elapsed()
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    const SECOND: TimeDelta = TimeDelta::seconds(1);
    const YEAR: TimeDelta = TimeDelta::days(365);

    #[test]
    fn a_wall_clock_that_steps_is_not_believed() {
        let start = at("2026-03-01T00:00:00Z");
        let table = [
            ("2026-03-01T00:00:10Z", 10, true),
            ("2026-03-01T00:00:11Z", 10, true),
            ("2026-03-01T00:00:11.1Z", 10, false),
            ("2026-03-01T00:00:09Z", 10, true),
            ("2026-03-01T00:00:08.9Z", 10, false),
            ("2027-03-01T00:00:10Z", 10, false),
            ("2025-03-01T00:00:10Z", 10, false),
            // An honest clock is corrected little by little, and nobody may look for a day.
            ("2026-03-02T00:00:30Z", 86_400, true),
            ("2026-03-02T00:01:00Z", 86_400, false),
        ];
        for (wall, passed, trusted) in table {
            let hands = Hands::at(start);
            let clock = hands.clock();
            hands.pass(SECOND * passed);
            let steady = later(start, Duration::from_secs(passed.unsigned_abs().into()));
            hands.step(at(wall).since(steady));
            let expected = Reading {
                now: if trusted { at(wall) } else { steady },
                trusted,
            };
            assert_eq!(clock.read(), expected, "{wall} after {passed} s");
        }
    }

    #[test]
    fn a_clock_that_stepped_is_believed_again_when_it_agrees() {
        let hands = Hands::at(at("2026-03-01T00:00:00Z"));
        let clock = hands.clock();
        for step in [YEAR, -YEAR, SECOND * 2, SECOND * -2] {
            let before = clock.read();
            assert!(before.trusted);
            hands.step(step);
            assert_eq!(
                clock.read(),
                Reading {
                    trusted: false,
                    ..before
                }
            );
            // However long it lasts, the time goes on, and a step is not forgotten.
            hands.pass(SECOND * 600);
            let later = before.now.saturating_add(SECOND * 600);
            assert_eq!(
                clock.read(),
                Reading {
                    now: later,
                    trusted: false
                }
            );
            hands.step(-step);
            assert_eq!(
                clock.read(),
                Reading {
                    now: later,
                    trusted: true
                }
            );
        }
    }

    #[test]
    fn small_corrections_do_not_add_up_to_a_step() {
        let hands = Hands::at(at("2026-03-01T00:00:00Z"));
        let clock = hands.clock();
        for _ in 0..10 {
            hands.pass(SECOND * 61);
            hands.step(TimeDelta::milliseconds(500));
            assert!(clock.read().trusted);
        }
        assert_eq!(clock.read().now, at("2026-03-01T00:10:15Z"));
    }

    #[tokio::test]
    async fn nothing_is_reached_by_a_step() {
        let hands = Hands::at(at("2026-03-01T00:00:00Z"));
        let clock = hands.clock();
        let april = || clock.reaches(at("2026-04-01T00:00:00Z")).now_or_never();
        hands.step(YEAR);
        assert_eq!(april(), None);
        hands.step(-YEAR);
        hands.pass(TimeDelta::days(31));
        assert_eq!(april(), Some(()));
    }

    #[tokio::test]
    async fn who_waits_looks_again_when_a_hand_is_turned() {
        let hands = Hands::at(at("2026-03-01T00:00:00Z"));
        let clock = hands.clock();
        let mut waiting = std::pin::pin!(clock.reaches(at("2026-04-01T00:00:00Z")));
        assert_eq!(waiting.as_mut().now_or_never(), None);
        hands.pass(TimeDelta::days(31));
        assert_eq!(waiting.as_mut().now_or_never(), Some(()));
    }

    /// Nothing is said about the wall clock: it may be set while a test runs.
    #[test]
    fn a_real_clock_looks_at_the_machines_dials() {
        let began = monotonic_clock();
        let clock = Clock::real();
        let source = clock.lock();
        let Source::Real { dials, agreed } = &*source else {
            panic!("{source:?}");
        };
        let shown = (dials.0)();
        assert!(began <= agreed.monotonic && agreed.monotonic <= shown.monotonic);
        assert!(shown.monotonic <= monotonic_clock());
        assert!(began > Duration::ZERO);
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
