//! Outcomes: what a command was answered with, for ever.
//!
//! Owns the rule for a repeated operation id. Stored is this, not what a client saw on the wire.

use std::sync::Arc;

use super::{
    balance::Balance,
    command::{ContentHash, Request},
    credits::Credits,
    event::Event,
    ids::{AccountId, OperationId, Sequence},
    payment::PaymentUse,
    refusal::Refusal,
};

/// An operation: an event at its position in an account's ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The account.
    pub account: AccountId,
    /// The position.
    pub sequence: Sequence,
    /// What happened.
    pub event: Event,
    /// By how much what can be spent changed.
    pub change: i64,
    /// What can be spent after it.
    pub available_after: Credits,
    /// What is held after it.
    pub held_after: Credits,
}

impl Operation {
    /// What is known of the payment that it is about, with what was known before; none if it is about
    /// none.
    pub fn payment_use(&self, before: Option<&PaymentUse>) -> Option<PaymentUse> {
        PaymentUse::after(before, &self.account, self.sequence, &self.event)
    }
}

/// A "yes", with the balance right after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The operation; whoever shows it shares it.
    pub operation: Arc<Operation>,
    /// The balance as of that operation's sequence.
    pub balance: Balance,
}

/// What a command was decided to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Yes.
    Accepted(Arc<Accepted>),
    /// No.
    Refused(Arc<Refusal>),
}

/// A decision with the content that it answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The hash of the content of the call.
    pub content: ContentHash,
    /// What it was answered with.
    pub outcome: Outcome,
}

impl Decision {
    /// Whether it is stored, so that its id is used. A refusal that says "not known yet" is not: the
    /// same call is decided anew when it is sent again.
    pub fn is_stored(&self, request: &Request) -> bool {
        match &self.outcome {
            Outcome::Accepted(_) => true,
            Outcome::Refused(refusal) => refusal.is_decision(request),
        }
    }

    /// The answer to a later call with the same id: the same again for the same content, a refusal
    /// for any other.
    pub fn repeat(&self, operation_id: OperationId, content: &ContentHash) -> Outcome {
        if self.content == *content {
            self.outcome.clone()
        } else {
            Outcome::Refused(Arc::new(Refusal::OperationIdReused { operation_id }))
        }
    }
}
