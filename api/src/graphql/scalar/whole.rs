//! Whole numbers as clients send them: as a number or as text.

use async_graphql::{InputType, InputValueResult, Value};

use super::refused;

/// The largest whole number that JSON carries exactly in every client: 2^53 - 1.
pub(super) const WHOLE_MAX: i64 = (1 << 53) - 1;

/// Reads a whole number from `min` to [`WHOLE_MAX`]; fractions and anything else are refused.
pub(super) fn parse<T>(value: &Value, what: &str, min: i64) -> InputValueResult<T>
where
    T: InputType + From<WholeNumber>,
{
    let number = match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse::<i64>().ok(),
        Value::Null
        | Value::Boolean(_)
        | Value::Binary(_)
        | Value::Enum(_)
        | Value::List(_)
        | Value::Object(_) => None,
    };
    match number {
        Some(number) if (min..=WHOLE_MAX).contains(&number) => Ok(T::from(WholeNumber(number))),
        Some(_) | None => Err(refused(format!(
            "{what} must be a whole number between {min} and {WHOLE_MAX}, as a number or as text."
        ))),
    }
}

/// A number that [`parse`] has found within its bounds.
pub(super) struct WholeNumber(pub(super) i64);
