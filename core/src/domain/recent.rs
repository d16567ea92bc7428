//! What an account remembers of its last generations, so that advice needs no look into the ledger.
//!
//! Owns the bound of that memory and what is kept of a charge. It is filled by `apply` alone, so that a
//! replay of the ledger gives it back; nothing here is known that the ledger does not say.

use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

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
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Kept")]
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
#[derive(Deserialize)]
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

impl Serialize for Attempt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // As `Kept` is read, without a copy of what it names.
        let kept = (
            self.sequence,
            self.at,
            self.cost,
            &self.model,
            &self.action,
            self.produces,
            &self.project,
            &self.fingerprint,
        );
        kept.serialize(serializer)
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

/// So many of the last generations are linked; then they go to those that lie together.
const LINKED_MAX: usize = 16;

/// The last [`ATTEMPTS_MAX`] generations of an account, oldest first.
///
/// A state is copied with each charge, so that all are shared with the states before: what is copied is where
/// they are. Whoever reads them finds most in one place.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "Vec<Attempt>")]
pub struct Recent {
    /// At most [`ATTEMPTS_MAX`]; more of them than are remembered once there are later ones.
    together: Arc<Vec<Attempt>>,
    /// The latest, with those before it that came after these.
    latest: Option<Arc<Link>>,
    /// How many are linked, at most [`LINKED_MAX`].
    linked: usize,
}

#[derive(Debug)]
struct Link {
    attempt: Attempt,
    before: Option<Arc<Link>>,
}

impl Recent {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.together.is_empty() && self.latest.is_none()
    }

    /// All of them, oldest first.
    pub fn attempts(&self) -> impl DoubleEndedIterator<Item = &Attempt> {
        let link = std::iter::successors(self.latest.as_ref(), |link| link.before.as_ref());
        let linked: Vec<&Attempt> = link.map(|link| &link.attempt).collect();
        let forgotten = (self.together.len() + self.linked).saturating_sub(ATTEMPTS_MAX);
        let together = self.together.iter().skip(forgotten);
        together.chain(linked.into_iter().rev())
    }

    /// Remembers one more, and forgets the oldest beyond the bound.
    pub(super) fn remember(&mut self, attempt: Attempt) {
        if self.linked == LINKED_MAX {
            *self = Recent::from(self.attempts().cloned().collect::<Vec<_>>());
        }
        self.latest = Some(Arc::new(Link {
            attempt,
            before: self.latest.take(),
        }));
        self.linked += 1;
    }
}

impl PartialEq for Recent {
    fn eq(&self, other: &Recent) -> bool {
        self.attempts().eq(other.attempts())
    }
}

impl Eq for Recent {}

impl From<Vec<Attempt>> for Recent {
    fn from(attempts: Vec<Attempt>) -> Recent {
        Recent {
            together: Arc::new(attempts),
            latest: None,
            linked: 0,
        }
    }
}

impl Serialize for Recent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.attempts())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(sequence: i64) -> Attempt {
        Attempt {
            sequence: Sequence(sequence),
            at: Instant::default(),
            cost: Credits::ZERO,
            model: ModelId::parse("aurora").unwrap(),
            action: ActionId::parse("text-to-image").unwrap(),
            produces: Produces::Image,
            project: None,
            fingerprint: None,
        }
    }

    #[test]
    fn the_last_ones_are_remembered_in_their_order_however_many_there_were() {
        let mut recent = Recent::default();
        for last in 1..=100_i64 {
            recent.remember(attempt(last));
            let first = (last - 31).max(1);
            let told: Vec<i64> = recent.attempts().map(|one| one.sequence.0).collect();
            assert_eq!(told, (first..=last).collect::<Vec<_>>());
            let back: Vec<i64> = recent.attempts().rev().map(|one| one.sequence.0).collect();
            assert_eq!(back, (first..=last).rev().collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_was_read_back_is_the_same_and_goes_on_the_same() {
        let mut recent = Recent::default();
        for last in 1..=60_i64 {
            recent.remember(attempt(last));
            let text = serde_json::to_string(&recent).unwrap();
            let mut read: Recent = serde_json::from_str(&text).unwrap();
            assert_eq!(read, recent);
            read.remember(attempt(last + 1));
            assert_ne!(read, recent);
        }
    }

    #[test]
    fn a_copy_keeps_what_it_had() {
        let mut recent = Recent::default();
        (1..=40).for_each(|last| recent.remember(attempt(last)));
        let copy = recent.clone();
        (41..=60).for_each(|last| recent.remember(attempt(last)));
        let told: Vec<i64> = copy.attempts().map(|one| one.sequence.0).collect();
        assert_eq!(told, (9..=40).collect::<Vec<_>>());
    }
}
