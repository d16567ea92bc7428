//! Amounts of credits.

use async_graphql::{InputValueResult, Number, Scalar, ScalarType, Value};
use credits_core::domain::credits as domain;

use super::whole::{self, WHOLE_MAX, WholeNumber};

/// An amount of credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credits(pub domain::Credits);

/// An amount of whole credits, from 0 to 2^53-1 (9007199254740991): a JSON number. Input may also
/// be the same number as text. Fractions and numbers outside the range are refused.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc8259#section-6")]
impl ScalarType for Credits {
    fn parse(value: Value) -> InputValueResult<Credits> {
        whole::parse(&value, "Credits", 0)
    }

    fn is_valid(value: &Value) -> bool {
        Credits::parse(value.clone()).is_ok()
    }

    fn to_value(&self) -> Value {
        Value::Number(Number::from(self.0.get()))
    }
}

impl Credits {
    /// A sum over the life of an account, which ends at the largest amount.
    pub fn saturating(total: i64) -> Credits {
        Credits(domain::Credits::new(total.max(0)).unwrap_or(domain::Credits::MAX))
    }
}

impl From<WholeNumber> for Credits {
    fn from(number: WholeNumber) -> Credits {
        Credits::saturating(number.0)
    }
}

impl From<domain::Credits> for Credits {
    fn from(credits: domain::Credits) -> Credits {
        Credits(credits)
    }
}

/// A change in credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedCredits(i64);

/// A change by whole credits, from -(2^53-1) to 2^53-1, negative where credits leave: a JSON number.
/// Input may also be the same number as text. Fractions and numbers outside the range are refused.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc8259#section-6")]
impl ScalarType for SignedCredits {
    fn parse(value: Value) -> InputValueResult<SignedCredits> {
        whole::parse(&value, "SignedCredits", -WHOLE_MAX)
    }

    fn is_valid(value: &Value) -> bool {
        SignedCredits::parse(value.clone()).is_ok()
    }

    fn to_value(&self) -> Value {
        Value::Number(Number::from(self.0))
    }
}

impl From<i64> for SignedCredits {
    /// A change is a difference of two amounts of credits, so that it is within the range.
    fn from(change: i64) -> SignedCredits {
        SignedCredits(change.clamp(-WHOLE_MAX, WHOLE_MAX))
    }
}

impl From<WholeNumber> for SignedCredits {
    fn from(number: WholeNumber) -> SignedCredits {
        SignedCredits(number.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: Value, expected: Option<i64>) {
        let got = Credits::parse(value.clone())
            .ok()
            .map(|credits| credits.0.get());
        assert_eq!(got, expected, "{value}");
    }

    #[test]
    fn credits_are_whole_and_within_2_to_the_53() {
        check(Value::from(0), Some(0));
        check(Value::from(WHOLE_MAX), Some(WHOLE_MAX));
        check(Value::from("4294967296"), Some(4_294_967_296));
        check(Value::from(WHOLE_MAX + 1), None);
        check(Value::from(-1), None);
        check(Value::from("-1"), None);
        check(Value::from(1.5), None);
        check(Value::from("1.5"), None);
        check(Value::from(""), None);
        check(Value::from(true), None);
        check(Value::Null, None);
    }

    #[test]
    fn changes_may_be_negative() {
        let change = SignedCredits::parse(Value::from(-WHOLE_MAX)).unwrap();
        assert_eq!(change.to_value(), Value::from(-WHOLE_MAX));
        assert!(SignedCredits::parse(Value::from(-WHOLE_MAX - 1)).is_err());
    }
}
