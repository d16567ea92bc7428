//! Amounts of credits: whole, never negative, checked.
//!
//! Owns every addition and subtraction of credits in the service. It never rounds: a price is made
//! whole once, in [`super::catalog`], before it becomes [`Credits`].

use std::{fmt, iter::Sum};

use serde::{Deserialize, Serialize};

/// The largest amount the service can hold: 2^53 - 1, the largest integer that JSON numbers carry
/// exactly in every client.
pub const CREDITS_MAX: i64 = (1 << 53) - 1;

/// An amount of credits: whole, between 0 and [`CREDITS_MAX`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Credits(i64);

/// An amount outside 0 ..= 2^53 - 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not an amount of credits: it must be between 0 and {CREDITS_MAX}")]
pub struct CreditsOutOfRange(pub i64);

impl Credits {
    /// No credits.
    pub const ZERO: Credits = Credits(0);
    /// The largest amount.
    pub const MAX: Credits = Credits(CREDITS_MAX);

    /// Takes `amount` if it is between 0 and [`CREDITS_MAX`].
    pub const fn new(amount: i64) -> Result<Credits, CreditsOutOfRange> {
        if amount < 0 || amount > CREDITS_MAX {
            Err(CreditsOutOfRange(amount))
        } else {
            Ok(Credits(amount))
        }
    }

    /// The amount as a plain number.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Whether there is nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// As [`Credits::is_zero`], in the form that serde asks before it writes a field.
    pub(super) const fn is_nothing(&self) -> bool {
        self.is_zero()
    }

    /// The sum, or `None` above [`CREDITS_MAX`].
    pub fn checked_add(self, other: Credits) -> Option<Credits> {
        Credits::new(self.0 + other.0).ok()
    }

    /// The difference, or `None` below 0.
    pub fn checked_sub(self, other: Credits) -> Option<Credits> {
        Credits::new(self.0 - other.0).ok()
    }

    /// The product with a count, or `None` above [`CREDITS_MAX`].
    pub fn checked_mul(self, count: u32) -> Option<Credits> {
        self.0
            .checked_mul(i64::from(count))
            .and_then(|amount| Credits::new(amount).ok())
    }

    /// The difference, or 0 where `other` is larger.
    pub fn saturating_sub(self, other: Credits) -> Credits {
        Credits((self.0 - other.0).max(0))
    }
}

/// Sums stay within [`CREDITS_MAX`]: more than that in one account is refused where credits enter.
impl Sum for Credits {
    fn sum<I: Iterator<Item = Credits>>(amounts: I) -> Credits {
        amounts.fold(Credits::ZERO, |sum, amount| {
            sum.checked_add(amount)
                .expect("an account's lots are bounded by CREDITS_MAX in all where credits enter")
        })
    }
}

impl TryFrom<i64> for Credits {
    type Error = CreditsOutOfRange;

    fn try_from(amount: i64) -> Result<Credits, CreditsOutOfRange> {
        Credits::new(amount)
    }
}

impl From<Credits> for i64 {
    fn from(credits: Credits) -> i64 {
        credits.0
    }
}

impl fmt::Display for Credits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Credits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
