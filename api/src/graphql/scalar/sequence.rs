//! Positions in an account's ledger.

use async_graphql::{InputValueResult, Number, Scalar, ScalarType, Value};
use credits_core::domain::ids;

use super::whole::{self, WholeNumber};

/// A position in an account's ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence(pub ids::Sequence);

/// A position in one account's ledger: 1 for the first operation, without gaps, up to 2^53-1; 0 is
/// before the first. A JSON number; input may also be the same number as text. Positions of
/// different accounts say nothing about each other.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc8259#section-6")]
impl ScalarType for Sequence {
    fn parse(value: Value) -> InputValueResult<Sequence> {
        whole::parse(&value, "Sequence", 0)
    }

    fn is_valid(value: &Value) -> bool {
        Sequence::parse(value.clone()).is_ok()
    }

    fn to_value(&self) -> Value {
        Value::Number(Number::from(self.0.0))
    }
}

impl From<WholeNumber> for Sequence {
    fn from(number: WholeNumber) -> Sequence {
        Sequence(ids::Sequence(number.0))
    }
}

impl From<ids::Sequence> for Sequence {
    fn from(sequence: ids::Sequence) -> Sequence {
        Sequence(sequence)
    }
}
