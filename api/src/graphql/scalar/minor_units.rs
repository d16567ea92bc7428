//! Amounts of money.

use async_graphql::{InputValueResult, Number, Scalar, ScalarType, Value};

use super::whole::{self, WholeNumber};

/// An amount in a currency's smallest unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinorUnits(pub i64);

/// An amount of money in the currency's smallest unit, such as cents, from 0 to 2^53-1: a JSON
/// number. Input may also be the same number as text.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc8259#section-6")]
impl ScalarType for MinorUnits {
    fn parse(value: Value) -> InputValueResult<MinorUnits> {
        whole::parse(&value, "MinorUnits", 0)
    }

    fn is_valid(value: &Value) -> bool {
        MinorUnits::parse(value.clone()).is_ok()
    }

    fn to_value(&self) -> Value {
        Value::Number(Number::from(self.0))
    }
}

impl From<WholeNumber> for MinorUnits {
    fn from(number: WholeNumber) -> MinorUnits {
        MinorUnits(number.0)
    }
}
