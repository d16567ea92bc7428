//! What goes wrong below, as a fault that a client can read.
//!
//! Owns the mapping from the ledger's errors and from texts that do not parse. It never maps a
//! refusal: those are data.

use std::time::Duration;

use async_graphql::ID;
use credits_core::{domain::ids::InvalidId, error::LedgerError, ledger::BalanceAtError};

use super::access;
use crate::error::{Fault, FaultCode};

/// The fault for an argument that does not parse, with a text for the client.
pub(super) fn bad_input(message: impl std::fmt::Display) -> Fault {
    Fault::new(FaultCode::BadUserInput, message.to_string())
}

impl From<InvalidId> for Fault {
    fn from(invalid: InvalidId) -> Fault {
        bad_input(invalid)
    }
}

impl From<LedgerError> for Fault {
    fn from(error: LedgerError) -> Fault {
        match error {
            LedgerError::AccountUnknown => access::not_found(),
            LedgerError::Overloaded { retry_after_ms } => Fault::new(
                FaultCode::Overloaded,
                "The service is busy. Nothing was decided; repeat the request.",
            )
            .retry_after(Duration::from_millis(retry_after_ms)),
            LedgerError::RateLimited { retry_after_ms } => Fault::new(
                FaultCode::RateLimited,
                "Too many requests of this account were refused lately. Nothing was decided.",
            )
            .retry_after(Duration::from_millis(retry_after_ms)),
            LedgerError::Unavailable => Fault::new(
                FaultCode::Unavailable,
                "The service can't do this now. Nothing was decided; repeat the request.",
            ),
            LedgerError::UnknownOutcome { operation_id } => Fault::new(
                FaultCode::UnknownOutcome,
                "Whether this happened is not known: ask `operation`, or repeat the mutation with the same operationId.",
            )
            .operation(operation_id.to_string()),
            LedgerError::Corrupt | LedgerError::Internal => Fault::internal(),
        }
    }
}

impl From<BalanceAtError> for Fault {
    fn from(error: BalanceAtError) -> Fault {
        match error {
            BalanceAtError::BeforeOpened { opened_at } => bad_input(format!(
                "The account was opened at {opened_at}; it has no balance before that."
            )),
            BalanceAtError::TooFarAhead { ends_at } => bad_input(format!(
                "Balances are projected ten years ahead, at present until {ends_at}."
            )),
            BalanceAtError::Ledger(error) => error.into(),
        }
    }
}

/// Reads a number that can't be negative.
pub(super) fn count(field: &str, number: i32) -> Result<u32, Fault> {
    u32::try_from(number).map_err(|_| bad_input(format!("`{field}` can't be negative.")))
}

/// Reads a number that can't be negative, if there is one.
pub(super) fn optional_count(field: &str, number: Option<i32>) -> Result<Option<u32>, Fault> {
    number.map(|number| count(field, number)).transpose()
}

/// Reads an optional id of a kind of its own, such as a model's.
pub(super) fn parse_id<T>(id: Option<ID>) -> Result<Option<T>, Fault>
where
    T: TryFrom<String, Error = InvalidId>,
{
    Ok(id.map(|id| T::try_from(id.0)).transpose()?)
}
