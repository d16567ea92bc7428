//! Numbers and instants in sentences, for people.

use std::fmt::{self, Display};

use chrono::Timelike;

use super::{credits::Credits, time::Instant};

/// So many of something: "1 day", "2 days".
pub(super) fn counted(count: impl Into<i64>, noun: &str) -> impl Display {
    let count = count.into();
    let plural = if count == 1 { "" } else { "s" };
    fmt::from_fn(move |f| write!(f, "{count} {noun}{plural}"))
}

/// "1 credit", "2 credits".
pub(super) fn in_credits(amount: Credits) -> impl Display {
    counted(amount.get(), "credit")
}

/// An instant to the minute, which is what people read: "2026-03-01 09:30 UTC".
pub(super) fn spoken(at: Instant) -> impl Display {
    let at = at.to_utc();
    let (day, hour, minute) = (at.date_naive(), at.hour(), at.minute());
    fmt::from_fn(move |f| write!(f, "{day} {hour:02}:{minute:02} UTC"))
}
