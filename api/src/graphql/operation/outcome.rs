//! Outcomes: what an operation id was decided to be, asked after the fact.

use std::sync::Arc;

use async_graphql::{Enum, SimpleObject};
use credits_core::domain::outcome::Outcome;

use super::Operation;
use crate::graphql::{balance::Balance, refusal::UserError};

/// What an operation id was decided to be: an accepted operation for ever, a refusal for 30 days.
#[derive(Clone, SimpleObject)]
pub struct OperationOutcome {
    /// Whether it was accepted.
    pub status: OutcomeStatus,
    /// The operation; null if it was refused.
    pub operation: Option<Operation>,
    /// The balance as of the operation's sequence; null if it was refused.
    pub balance: Option<Balance>,
    /// Why it was refused; empty if it was accepted.
    pub user_errors: Vec<UserError>,
}

/// Whether an operation was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum OutcomeStatus {
    /// It happened.
    Accepted,
    /// It was refused, for the reasons in `userErrors`. The refusal is the answer to this id for 30 days;
    /// after that the same call is decided anew.
    Refused,
}

impl From<&Outcome> for OperationOutcome {
    fn from(outcome: &Outcome) -> OperationOutcome {
        match outcome {
            Outcome::Accepted(accepted) => OperationOutcome {
                status: OutcomeStatus::Accepted,
                operation: Some(Arc::clone(&accepted.operation).into()),
                balance: Some(Balance::from(&accepted.balance)),
                user_errors: Vec::new(),
            },
            Outcome::Refused(refusal) => OperationOutcome {
                status: OutcomeStatus::Refused,
                operation: None,
                balance: None,
                user_errors: vec![UserError::from(refusal.as_ref())],
            },
        }
    }
}
