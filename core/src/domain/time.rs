//! Instants and the calendar of credit periods.
//!
//! An instant is a whole number of microseconds, in UTC, because that is what every database keeps
//! without loss. Period `n` starts at `anchor + n months`, always counted from the original anchor,
//! so that a day-31 anchor gives Jan 31, Feb 28 or 29, Mar 31. It never reads a clock.

use std::fmt;

use chrono::{DateTime, Months, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// An instant in UTC, to the microsecond.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(i64);

/// Instants the service works with lie between 1970 and 9999.
const MICROS_MAX: i64 = 253_402_300_799_999_999;

/// An instant outside the years 1970 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an instant must lie between the years 1970 and 9999")]
pub struct InstantOutOfRange;

impl Instant {
    /// The latest instant: the end of the year 9999.
    pub const MAX: Instant = Instant(MICROS_MAX);

    /// An instant from microseconds since 1970-01-01T00:00:00Z.
    pub const fn from_micros(micros: i64) -> Result<Instant, InstantOutOfRange> {
        if micros < 0 || micros > MICROS_MAX {
            Err(InstantOutOfRange)
        } else {
            Ok(Instant(micros))
        }
    }

    /// An instant from RFC 3339 text with any offset; fractions beyond microseconds are cut.
    pub fn parse(text: &str) -> Option<Instant> {
        let time = DateTime::parse_from_rfc3339(text).ok()?;
        Instant::try_from(time.with_timezone(&Utc)).ok()
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The same instant as a calendar date and time.
    pub fn to_utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0)
            .expect("an Instant lies between 1970 and 9999, which chrono covers")
    }

    /// This instant moved by `delta`, kept within 1970 ..= 9999.
    pub fn saturating_add(self, delta: TimeDelta) -> Instant {
        let micros = delta.num_microseconds().unwrap_or(i64::MAX);
        Instant(self.0.saturating_add(micros).clamp(0, MICROS_MAX))
    }

    /// This instant moved back by `delta`, kept within 1970 ..= 9999.
    pub fn saturating_sub(self, delta: TimeDelta) -> Instant {
        self.saturating_add(-delta)
    }

    /// The same day and time `months` later; a day the month lacks becomes its last day. Kept within
    /// the year 9999.
    pub fn plus_months(self, months: u32) -> Instant {
        self.to_utc()
            .checked_add_months(Months::new(months))
            .and_then(|time| Instant::try_from(time).ok())
            .unwrap_or(Instant::MAX)
    }

    /// The same day and time `months` earlier; a day the month lacks becomes its last day. Kept
    /// after the year 1969.
    pub fn minus_months(self, months: u32) -> Instant {
        self.to_utc()
            .checked_sub_months(Months::new(months))
            .and_then(|time| Instant::try_from(time).ok())
            .unwrap_or_default()
    }

    /// The time from `earlier` to this instant; negative if it is later.
    pub fn since(self, earlier: Instant) -> TimeDelta {
        TimeDelta::microseconds(self.0 - earlier.0)
    }
}

impl TryFrom<DateTime<Utc>> for Instant {
    type Error = InstantOutOfRange;

    fn try_from(time: DateTime<Utc>) -> Result<Instant, InstantOutOfRange> {
        Instant::from_micros(time.timestamp_micros())
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The start of period `number` (0 for the first) of an anchor.
pub fn period_start(anchor: Instant, number: u32) -> Instant {
    anchor.plus_months(number)
}

/// The number of the period `[start, end)` that `at` lies in; 0 for any instant before the anchor.
pub fn period_at(anchor: Instant, at: Instant) -> u32 {
    let months = |time: DateTime<Utc>| {
        use chrono::Datelike;
        i64::from(time.year()) * 12 + i64::from(time.month0())
    };
    let guess = (months(at.to_utc()) - months(anchor.to_utc())).max(0);
    let guess = u32::try_from(guess).expect("8,000 years have fewer than 2^32 months");
    if guess > 0 && period_start(anchor, guess) > at {
        guess - 1
    } else {
        guess
    }
}
