//! How often an account may be refused.
//!
//! Owns one count: refusals are kept, so a client in a loop could fill the disk without it.

use chrono::TimeDelta;

use crate::domain::time::Instant;

/// The most refusals kept for one account in a minute.
pub const REFUSALS_A_MINUTE_MAX: u32 = 60;

/// Counts refusals in minutes that begin with the first one.
#[derive(Debug, Default)]
pub struct RefusalRate {
    since: Instant,
    count: u32,
}

impl RefusalRate {
    /// In how many milliseconds the account may be refused again, if it may not at `now`.
    pub fn retry_after_ms(&self, now: Instant) -> Option<u64> {
        let ends = self.since.saturating_add(TimeDelta::minutes(1));
        if self.count < REFUSALS_A_MINUTE_MAX || now >= ends {
            return None;
        }
        let left = ends.since(now).num_milliseconds();
        Some(u64::try_from(left).unwrap_or_default().max(1))
    }

    /// Counts a refusal at `now`.
    pub fn count(&mut self, now: Instant) {
        if now >= self.since.saturating_add(TimeDelta::minutes(1)) || now < self.since {
            *self = RefusalRate {
                since: now,
                count: 0,
            };
        }
        self.count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixty_first_refusal_of_a_minute_has_to_wait() {
        let start = Instant::parse("2026-03-01T00:00:00Z").unwrap();
        let mut rate = RefusalRate::default();
        for _ in 0..REFUSALS_A_MINUTE_MAX {
            assert_eq!(rate.retry_after_ms(start), None);
            rate.count(start);
        }
        assert_eq!(rate.retry_after_ms(start), Some(60_000));
        let later = start.saturating_add(TimeDelta::seconds(60));
        assert_eq!(rate.retry_after_ms(later), None);
    }
}
