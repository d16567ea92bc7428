//! Exact fractions for prices and factors.
//!
//! Owns the arithmetic that happens before a price becomes whole credits. It never touches floating
//! point: 0.1 has no exact float, and a price must not depend on how a machine rounds.

use std::{cmp::Ordering, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::domain::credits::Credits;

/// An exact fraction of 0 or more, always reduced.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Ratio {
    numerator: i64,
    denominator: i64,
}

/// A text that is not a fraction the service can hold exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRatio {
    /// Neither digits, a decimal nor `n/d`; a sign or an exponent is none of these.
    #[error("must be a whole number, a decimal like \"12.5\" or a fraction like \"1/3\"")]
    Malformed,
    /// Division by zero.
    #[error("must not divide by 0")]
    ZeroDenominator,
    /// A numerator or denominator beyond 64 bits once reduced.
    #[error("has more digits than can be kept exactly")]
    TooLong,
}

impl Ratio {
    /// Nothing.
    pub const ZERO: Ratio = Ratio::whole(0);
    /// The factor that changes nothing.
    pub const ONE: Ratio = Ratio::whole(1);

    /// A whole number.
    pub const fn whole(number: u32) -> Ratio {
        Ratio {
            numerator: number as i64,
            denominator: 1,
        }
    }

    /// The fraction `numerator / denominator`, reduced; `None` if it is negative, divides by 0 or
    /// does not fit in 64 bits.
    pub fn new(numerator: i128, denominator: i128) -> Option<Ratio> {
        if numerator < 0 || denominator <= 0 {
            return None;
        }
        let divisor = greatest_common_divisor(numerator, denominator);
        Some(Ratio {
            numerator: i64::try_from(numerator / divisor).ok()?,
            denominator: i64::try_from(denominator / divisor).ok()?,
        })
    }

    /// The top of the reduced fraction.
    pub const fn numerator(self) -> i64 {
        self.numerator
    }

    /// The bottom of the reduced fraction: 1 or more.
    pub const fn denominator(self) -> i64 {
        self.denominator
    }

    /// Whether it is 0.
    pub const fn is_zero(self) -> bool {
        self.numerator == 0
    }

    /// Whether it is a whole number.
    pub const fn is_whole(self) -> bool {
        self.denominator == 1
    }

    /// The product, or `None` if it cannot be kept exactly in 64 bits.
    pub fn checked_mul(self, other: Ratio) -> Option<Ratio> {
        Ratio::new(
            i128::from(self.numerator) * i128::from(other.numerator),
            i128::from(self.denominator) * i128::from(other.denominator),
        )
    }

    /// The smallest whole amount that is not below this, or `None` above what credits can hold.
    pub fn ceil_credits(self) -> Option<Credits> {
        let whole = self.numerator / self.denominator;
        let more = i64::from(self.numerator % self.denominator != 0);
        Credits::new(whole.checked_add(more)?).ok()
    }

    /// How many times this fits in `amount`, rounded down; `None` if it is 0 and so always fits.
    pub fn floor_times_in(self, amount: Credits) -> Option<u64> {
        if self.is_zero() {
            return None;
        }
        let times =
            i128::from(amount.get()) * i128::from(self.denominator) / i128::from(self.numerator);
        Some(u64::try_from(times).unwrap_or(u64::MAX))
    }
}

impl From<Credits> for Ratio {
    fn from(credits: Credits) -> Ratio {
        Ratio {
            numerator: credits.get(),
            denominator: 1,
        }
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Ratio) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ratio {
    fn cmp(&self, other: &Ratio) -> Ordering {
        let left = i128::from(self.numerator) * i128::from(other.denominator);
        let right = i128::from(other.numerator) * i128::from(self.denominator);
        left.cmp(&right)
    }
}

impl FromStr for Ratio {
    type Err = InvalidRatio;

    fn from_str(text: &str) -> Result<Ratio, InvalidRatio> {
        if let Some((top, bottom)) = text.split_once('/') {
            let denominator = digits(bottom)?;
            if denominator == 0 {
                return Err(InvalidRatio::ZeroDenominator);
            }
            return Ratio::new(digits(top)?, denominator).ok_or(InvalidRatio::TooLong);
        }
        let Some((whole, decimals)) = text.split_once('.') else {
            return Ratio::new(digits(text)?, 1).ok_or(InvalidRatio::TooLong);
        };
        let (whole, fraction) = (digits(whole)?, digits(decimals)?);
        let scale = decimals.bytes().fold(1, |scale: i128, _| scale * 10);
        Ratio::new(whole * scale + fraction, scale).ok_or(InvalidRatio::TooLong)
    }
}

impl TryFrom<String> for Ratio {
    type Error = InvalidRatio;

    fn try_from(text: String) -> Result<Ratio, InvalidRatio> {
        text.parse()
    }
}

impl From<Ratio> for String {
    fn from(ratio: Ratio) -> String {
        ratio.to_string()
    }
}

/// A decimal where one is exact, else `n/d`.
impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !has_finite_decimal(self.denominator) {
            return write!(f, "{}/{}", self.numerator, self.denominator);
        }
        write!(f, "{}", self.numerator / self.denominator)?;
        let denominator = i128::from(self.denominator);
        let mut rest = i128::from(self.numerator % self.denominator);
        if rest > 0 {
            f.write_str(".")?;
        }
        while rest > 0 {
            rest *= 10;
            write!(f, "{}", rest / denominator)?;
            rest %= denominator;
        }
        Ok(())
    }
}

impl fmt::Debug for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The most digits in one part of a fraction: products of two such parts fit in 128 bits.
const DIGITS_MAX: usize = 19;

fn digits(text: &str) -> Result<i128, InvalidRatio> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InvalidRatio::Malformed);
    }
    if text.len() > DIGITS_MAX {
        return Err(InvalidRatio::TooLong);
    }
    text.parse().map_err(|_| InvalidRatio::TooLong)
}

fn greatest_common_divisor(mut a: i128, mut b: i128) -> i128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// A reduced fraction ends as a decimal exactly if its denominator has no prime but 2 and 5. More
/// than 18 decimals are left as a fraction, so that the text can be read back.
fn has_finite_decimal(denominator: i64) -> bool {
    10_i64.pow(18) % denominator == 0
}
