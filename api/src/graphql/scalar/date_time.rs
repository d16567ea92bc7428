//! Instants.

use async_graphql::{InputValueResult, Scalar, ScalarType, Value};
use chrono::SecondsFormat;
use credits_core::domain::time::Instant;

use super::refused;

/// An instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTime(pub Instant);

/// An instant between the years 1970 and 9999 as RFC 3339 text, always in UTC and to the
/// microsecond, such as `2026-03-01T00:00:00.000000Z`. Input may have any offset; digits beyond
/// microseconds are cut.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<DateTime> {
        let parsed = match &value {
            Value::String(text) => Instant::parse(text),
            Value::Null
            | Value::Number(_)
            | Value::Boolean(_)
            | Value::Binary(_)
            | Value::Enum(_)
            | Value::List(_)
            | Value::Object(_) => None,
        };
        parsed.map(DateTime).ok_or_else(|| {
            refused(
                "A DateTime must be an RFC 3339 text with an offset, such as 2026-03-01T00:00:00Z, between the years 1970 and 9999.",
            )
        })
    }

    fn is_valid(value: &Value) -> bool {
        DateTime::parse(value.clone()).is_ok()
    }

    fn to_value(&self) -> Value {
        let text = self.0.to_utc().to_rfc3339_opts(SecondsFormat::Micros, true);
        Value::String(text)
    }
}

impl From<Instant> for DateTime {
    fn from(instant: Instant) -> DateTime {
        DateTime(instant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_read_any_offset_and_show_utc_microseconds() {
        let read = DateTime::parse(Value::from("2026-03-01T01:00:00.1234567+01:00")).unwrap();
        assert_eq!(read.to_value(), Value::from("2026-03-01T00:00:00.123456Z"));
        let whole = DateTime::parse(Value::from("2026-03-01T00:00:00Z")).unwrap();
        assert_eq!(whole.to_value(), Value::from("2026-03-01T00:00:00.000000Z"));
    }

    #[test]
    fn other_texts_and_times_are_refused() {
        for text in [
            "",
            "2026-03-01",
            "2026-03-01T00:00:00",
            "1969-12-31T23:59:59Z",
            "now",
        ] {
            assert!(DateTime::parse(Value::from(text)).is_err(), "{text}");
        }
        assert!(DateTime::parse(Value::from(1_700_000_000)).is_err());
    }
}
