//! Days.

use async_graphql::{InputValueResult, Scalar, ScalarType, Value};
use credits_core::domain::day::Day;

use super::refused;

/// A day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date(pub Day);

/// A day of the calendar in UTC, between the years 1970 and 9999, as the full-date of RFC 3339, such as
/// `2026-03-01`. It begins at midnight in UTC, wherever the reader is.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339#section-5.6")]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Date> {
        let parsed = match &value {
            Value::String(text) => Day::parse(text),
            Value::Null
            | Value::Number(_)
            | Value::Boolean(_)
            | Value::Binary(_)
            | Value::Enum(_)
            | Value::List(_)
            | Value::Object(_) => None,
        };
        parsed.map(Date).ok_or_else(|| {
            refused(
                "A Date must be a text such as 2026-03-01, between the years 1970 and 9999, without a time.",
            )
        })
    }

    fn is_valid(value: &Value) -> bool {
        Date::parse(value.clone()).is_ok()
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

impl From<Day> for Date {
    fn from(day: Day) -> Date {
        Date(day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_and_shown_as_dates_and_nothing_else_is() {
        let read = Date::parse(Value::from("2026-03-01")).unwrap();
        assert_eq!(read.to_value(), Value::from("2026-03-01"));
        for text in [
            "",
            "2026-02-30",
            "2026-03-01T00:00:00Z",
            "1969-12-31",
            "today",
        ] {
            assert!(Date::parse(Value::from(text)).is_err(), "{text}");
        }
        assert!(Date::parse(Value::from(20_260_301)).is_err());
    }
}
