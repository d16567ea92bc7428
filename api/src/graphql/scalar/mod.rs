//! Scalars that GraphQL lacks: credits, positions, instants and days.
//!
//! Owns how they read and look. Whole numbers are JSON numbers within ±(2^53-1), which every client
//! carries exactly, and never `Int`, which ends at 2^31-1.

mod credits;
mod date;
mod date_time;
mod minor_units;
mod sequence;
mod whole;

use std::fmt;

use async_graphql::{InputType, InputValueError};

pub use credits::{Credits, SignedCredits};
pub use date::Date;
pub use date_time::DateTime;
pub use minor_units::MinorUnits;
pub use sequence::Sequence;

use crate::error::FaultCode;

/// A count as GraphQL's `Int` carries it; what is more is its highest.
pub fn int(count: impl TryInto<i32>) -> i32 {
    count.try_into().unwrap_or(i32::MAX)
}

/// The error of a value that does not read, with a text for the client.
fn refused<T: InputType>(message: impl fmt::Display) -> InputValueError<T> {
    InputValueError::custom(message).with_extension("code", FaultCode::BadUserInput.as_str())
}
