//! What an account remembers of its last generations, so that advice needs no look into the ledger.
//!
//! Owns the bound of that memory and what is kept of a charge. It is filled by `apply` alone, so that a
//! replay of the ledger gives it back; nothing here is known that the ledger does not say.

use std::{collections::VecDeque, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    catalog::{Produces, PromptFingerprint},
    credits::Credits,
    event::Charged,
    ids::{ActionId, ModelId, ProjectId, Sequence},
    time::Instant,
};

/// The most generations remembered. Advice speaks of the last minutes and of the project at hand; more
/// would be more to write with each snapshot of the account.
pub const ATTEMPTS_MAX: usize = 32;

/// A processed generation, as far as advice looks at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Kept", from = "Kept")]
pub struct Attempt {
    /// The position of its charge.
    pub sequence: Sequence,
    /// When it was charged.
    pub at: Instant,
    /// What it cost.
    pub cost: Credits,
    /// The model that ran it.
    pub model: ModelId,
    /// The action.
    pub action: ActionId,
    /// What the action makes.
    pub produces: Produces,
    /// The project it belongs to.
    pub project: Option<ProjectId>,
    /// Its prompt, beyond recognition.
    pub fingerprint: Option<PromptFingerprint>,
}

/// An attempt as it is written: a list of values, since names would be most of it.
#[derive(Clone, Serialize, Deserialize)]
struct Kept(
    Sequence,
    Instant,
    Credits,
    ModelId,
    ActionId,
    Produces,
    Option<ProjectId>,
    Option<PromptFingerprint>,
);

impl From<Attempt> for Kept {
    fn from(attempt: Attempt) -> Kept {
        Kept(
            attempt.sequence,
            attempt.at,
            attempt.cost,
            attempt.model,
            attempt.action,
            attempt.produces,
            attempt.project,
            attempt.fingerprint,
        )
    }
}

impl From<Kept> for Attempt {
    fn from(kept: Kept) -> Attempt {
        let Kept(sequence, at, cost, model, action, produces, project, fingerprint) = kept;
        Attempt {
            sequence,
            at,
            cost,
            model,
            action,
            produces,
            project,
            fingerprint,
        }
    }
}

impl Attempt {
    /// What is remembered of a charge.
    pub fn of(charged: &Charged, sequence: Sequence, at: Instant) -> Attempt {
        let spend = &charged.spend;
        Attempt {
            sequence,
            at,
            cost: charged.cost,
            model: spend.terms.model.clone(),
            action: spend.terms.action.clone(),
            produces: spend.terms.produces,
            project: spend.project.clone(),
            fingerprint: spend.fingerprint,
        }
    }
}

/// The last [`ATTEMPTS_MAX`] generations of an account, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Recent(VecDeque<Arc<Attempt>>);

impl Recent {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, oldest first.
    pub fn attempts(&self) -> impl DoubleEndedIterator<Item = &Attempt> {
        self.0.iter().map(Arc::as_ref)
    }

    /// Remembers one more, and forgets the oldest beyond the bound.
    pub(super) fn remember(&mut self, attempt: Attempt) {
        if self.0.len() == ATTEMPTS_MAX {
            self.0.pop_front();
        }
        self.0.push_back(Arc::new(attempt));
    }
}
