//! The time by which tokens end.
//!
//! Owns the reading of it, and the waiting for it. It is the real time also where the service runs on a
//! manual clock: tokens come from issuers who know nothing of that clock, and a year's step of it would
//! end every session.

use std::time::Duration;

use credits_core::{clock::Clock, domain::time::Instant};

/// The longest wait between two looks at the machine's clock, so that a corrected clock counts.
const LOOK_AGAIN_S: u64 = 3_600;

/// The time by which tokens end. Cloning gives the same time.
#[derive(Clone, Debug)]
pub enum TokenTime {
    /// The machine's.
    Real,
    /// What this clock reads; for tests.
    Of(Clock),
}

impl TokenTime {
    /// In seconds since 1970.
    pub fn now_s(&self) -> i64 {
        let reading = match self {
            TokenTime::Real => Clock::real().read(),
            TokenTime::Of(clock) => clock.read(),
        };
        reading.now.micros().div_euclid(1_000_000)
    }

    /// Waits until that second since 1970.
    pub async fn reaches(&self, second: i64) {
        match self {
            TokenTime::Real => loop {
                let left_s = second.saturating_sub(self.now_s());
                match u64::try_from(left_s) {
                    Ok(0) | Err(_) => return,
                    Ok(left_s) => {
                        let wait_s = left_s.min(LOOK_AGAIN_S);
                        tokio::time::sleep(Duration::from_secs(wait_s)).await;
                    }
                }
            },
            TokenTime::Of(clock) => clock.reaches(instant(second)).await,
        }
    }
}

/// The instant of a second since 1970; one that is out of range is never reached.
fn instant(second: i64) -> Instant {
    Instant::from_micros(second.saturating_mul(1_000_000)).unwrap_or(Instant::MAX)
}
