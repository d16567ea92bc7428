//! Days of the calendar, in UTC.
//!
//! Owns how a day is written, and which instants are in it. It never knows another time zone: a day of
//! a ledger is the same for whoever reads it.

use std::fmt;

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

use super::time::Instant;

/// Microseconds of a day: instants are counted without leap seconds.
pub const DAY_MICROS: i64 = 86_400_000_000;
/// 9999-12-31, the day of the latest instant.
const NUMBER_MAX: i32 = 2_932_896;

/// A day in UTC, from midnight to midnight, between the years 1970 and 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "i32", into = "i32")]
pub struct Day(i32);

/// A day outside the years 1970 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a day must lie between the years 1970 and 9999")]
pub struct DayOutOfRange;

impl Day {
    /// The first day, 1970-01-01.
    pub const MIN: Day = Day(0);
    /// The last day, 9999-12-31.
    pub const MAX: Day = Day(NUMBER_MAX);

    /// The day that has so many before it, counted from 1970-01-01.
    pub const fn new(number: i32) -> Result<Day, DayOutOfRange> {
        if number < 0 || number > NUMBER_MAX {
            Err(DayOutOfRange)
        } else {
            Ok(Day(number))
        }
    }

    /// The day from text such as `2026-03-01`, and nothing else.
    pub fn parse(text: &str) -> Option<Day> {
        let digits = |c: char| c.is_ascii_digit() || c == '-';
        if text.len() != "2026-03-01".len() || !text.chars().all(digits) {
            return None;
        }
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        let number = date.signed_duration_since(NaiveDate::default()).num_days();
        Day::new(i32::try_from(number).ok()?).ok()
    }

    /// The day that an instant is in.
    pub fn of(instant: Instant) -> Day {
        let number = instant.micros() / DAY_MICROS;
        Day(i32::try_from(number).expect("instants end with the year 9999"))
    }

    /// How many days are before it, counted from 1970-01-01.
    pub const fn number(self) -> i32 {
        self.0
    }

    /// Its first instant.
    pub fn start(self) -> Instant {
        Instant::from_micros(i64::from(self.0) * DAY_MICROS).expect("a Day has instants")
    }

    /// Its last instant: the microsecond before the next day.
    pub fn end(self) -> Instant {
        Instant::from_micros(i64::from(self.0) * DAY_MICROS + DAY_MICROS - 1)
            .expect("a Day has instants")
    }

    /// The day after it; none after the last.
    pub fn next(self) -> Option<Day> {
        Day::new(self.0 + 1).ok()
    }

    /// How many days there are from this one to `last`, both included; 0 or less if `last` is before.
    pub fn days_to(self, last: Day) -> i32 {
        last.0 - self.0 + 1
    }
}

impl TryFrom<i32> for Day {
    type Error = DayOutOfRange;

    fn try_from(number: i32) -> Result<Day, DayOutOfRange> {
        Day::new(number)
    }
}

impl From<Day> for i32 {
    fn from(day: Day) -> i32 {
        day.0
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = Days::new(u64::from(self.0.unsigned_abs()));
        write!(f, "{}", NaiveDate::default() + before)
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_and_written_as_a_date() {
        for text in ["1970-01-01", "2024-02-29", "2026-03-01", "9999-12-31"] {
            assert_eq!(Day::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Day::parse("1970-01-01"), Some(Day::MIN));
        assert_eq!(Day::parse("9999-12-31"), Some(Day::MAX));
        for text in [
            "",
            "2026-3-1",
            "2026-02-29",
            "1969-12-31",
            "+026-03-01",
            "2026-03-01T00:00:00Z",
            " 026-03-01",
            "２０26-03",
        ] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_has_the_instants_from_midnight_to_midnight() {
        let day = Day::parse("2026-03-01").unwrap();
        let instant = |text: &str| Instant::parse(text).unwrap();
        assert_eq!(day.start(), instant("2026-03-01T00:00:00Z"));
        assert_eq!(day.end(), instant("2026-03-01T23:59:59.999999Z"));
        assert_eq!((Day::of(day.start()), Day::of(day.end())), (day, day));
        assert_eq!(
            Day::of(instant("2026-03-02T00:00:00Z")),
            day.next().unwrap()
        );
        assert_eq!(Day::of(Instant::MAX), Day::MAX);
        assert_eq!((Day::MAX.end(), Day::MAX.next()), (Instant::MAX, None));
        assert_eq!(day.days_to(day), 1);
    }
}
