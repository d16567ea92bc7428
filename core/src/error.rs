//! What a caller of the ledger can be told besides a business "no".
//!
//! Owns the second of three tiers: a refusal is the user's, this is the caller's, a GraphQL code is
//! the wire's.

use crate::{domain::ids::OperationId, store::StoreError};

/// Why a call has no outcome.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// No such account was opened.
    #[error("the account is not known")]
    AccountUnknown,
    /// As much is under way as the service takes on. Nothing was decided.
    #[error("too much is under way; try again in {retry_after_ms} ms")]
    Overloaded {
        /// When to try again.
        retry_after_ms: u64,
    },
    /// The account was refused too often in a minute. Nothing was decided.
    #[error("too many refusals on this account; try again in {retry_after_ms} ms")]
    RateLimited {
        /// When to try again.
        retry_after_ms: u64,
    },
    /// The service can't decide now: the database is out of reach, the clock is not to be believed,
    /// or the service is stopping. Nothing was decided.
    #[error("the service can't decide now")]
    Unavailable,
    /// It was decided, and nobody knows yet whether that is kept. The operation id tells later.
    #[error("the outcome of operation {operation_id} is not known yet")]
    UnknownOutcome {
        /// The id to ask for.
        operation_id: OperationId,
    },
    /// What is kept does not make sense. It was logged.
    #[error("what is kept of this account does not make sense")]
    Corrupt,
    /// A defect of the service. It was logged; nothing was decided.
    #[error("the service failed")]
    Internal,
}

impl From<&StoreError> for LedgerError {
    fn from(error: &StoreError) -> LedgerError {
        match error {
            StoreError::Unavailable(_) | StoreError::RestartNeeded => LedgerError::Unavailable,
            StoreError::Corrupt(_) => LedgerError::Corrupt,
        }
    }
}
