//! Usage: what was consumed, summed by day, model, action and project.
//!
//! Reading a year of charges to draw a chart would take seconds, so their sums are kept. A sum that is
//! written with each charge would cost a page at random each, so it isn't: an account's operations
//! are taken in *groups* of [`USAGE_GROUP`], by position, and the sums of a group are written once, by
//! the transaction that writes the group's last operation. Until then the account's state has them, and
//! whoever reads them recounts the few operations after the last whole group.
//!
//! So what the kept sums are is a pure function of the ledger: the charges up to the last multiple of
//! [`USAGE_GROUP`], each once. A transaction that wins extends the ledger from exactly what it was
//! decided on, and adds the groups that it ends, neither more nor less; one that loses adds neither
//! operations nor sums. How operations are split into transactions makes no difference, and no mark
//! of what is summed is needed that could be wrong. The state's part is replayed like the rest of it.
//!
//! Owns that rule and the sums. It never reads or writes a database.

use serde::{Deserialize, Serialize};

use super::{
    day::Day,
    event::{Event, Fact},
    ids::{ActionId, ModelId, ProjectId, Sequence},
};

/// Sums are written once for so many operations of an account: then their page is a sixteenth of a
/// page a charge, and fewer operations than that are recounted at each read.
pub const USAGE_GROUP: i64 = 16;

/// The longest period that is summed at once, in days: a year, and a month to compare it with.
pub const USAGE_DAYS_MAX: i32 = 400;

/// What charges are summed by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UsageKey {
    /// The day at which they count.
    pub day: Day,
    /// The model.
    pub model: ModelId,
    /// The action.
    pub action: ActionId,
    /// The project, if they belong to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
}

/// What is summed of charges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageSums {
    /// How many there are.
    pub charges: i64,
    /// What they consumed, in credits.
    pub credits: i64,
    /// How many results they paid for.
    pub variations: i64,
    /// How long these are together, in seconds; 0 for what has no length.
    pub seconds: i64,
}

impl UsageSums {
    /// Adds `other` to it.
    pub fn add(&mut self, other: &UsageSums) {
        self.charges = self.charges.saturating_add(other.charges);
        self.credits = self.credits.saturating_add(other.credits);
        self.variations = self.variations.saturating_add(other.variations);
        self.seconds = self.seconds.saturating_add(other.seconds);
    }
}

/// Sums of charges, each key once, in the order of their keys. Those of an account's state
/// are few, and copied with each state: a map would take a kilobyte for one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Entry>")]
pub struct UsageTally(Vec<Entry>);

type Entry = (UsageKey, UsageSums);

impl From<Vec<Entry>> for UsageTally {
    fn from(entries: Vec<Entry>) -> UsageTally {
        let mut tally = UsageTally::default();
        for (key, sums) in entries {
            tally.add(key, &sums);
        }
        tally
    }
}

impl UsageTally {
    /// Whether it has no charge.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many keys it has.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds what happened, if it is a charge.
    pub fn count(&mut self, event: &Event) {
        let Fact::Charge(charge) = &event.fact else {
            return;
        };
        let terms = &charge.spend.terms;
        let key = UsageKey {
            day: Day::of(event.at),
            model: terms.model.clone(),
            action: terms.action.clone(),
            project: charge.spend.project.clone(),
        };
        let (variations, seconds) = terms.results();
        self.add(
            key,
            &UsageSums {
                charges: 1,
                credits: charge.cost.get(),
                variations,
                seconds,
            },
        );
    }

    /// Adds sums to those of a key.
    pub fn add(&mut self, key: UsageKey, sums: &UsageSums) {
        match self.0.binary_search_by(|(there, _)| there.cmp(&key)) {
            Ok(place) => self.0[place].1.add(sums),
            Err(place) => self.0.insert(place, (key, *sums)),
        }
    }

    /// Adds all sums of another one.
    pub fn merge(&mut self, other: &UsageTally) {
        for (key, sums) in &other.0 {
            self.add(key.clone(), sums);
        }
    }

    /// Its sums in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&UsageKey, &UsageSums)> {
        self.0.iter().map(|(key, sums)| (key, sums))
    }

    /// What happened at `sequence` is counted to its group: the first of one begins it anew.
    pub(super) fn count_in_group(&mut self, sequence: Sequence, event: &Event) {
        if (sequence.0 - 1) % USAGE_GROUP == 0 {
            self.0.clear();
        }
        self.count(event);
    }
}

/// The last operation of the last whole group of a ledger that ends with `sequence`: up to it, charges
/// are in the kept sums.
pub fn last_whole_group(sequence: Sequence) -> Sequence {
    Sequence(sequence.0 / USAGE_GROUP * USAGE_GROUP)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(model: &str) -> Entry {
        let key = UsageKey {
            day: Day::of(crate::domain::time::Instant::default()),
            model: ModelId::parse(model).unwrap(),
            action: ActionId::parse("text-to-image").unwrap(),
            project: None,
        };
        let sums = UsageSums {
            charges: 1,
            ..UsageSums::default()
        };
        (key, sums)
    }

    /// A server's rows are written in this order, so that no two transactions wait for each other.
    #[test]
    fn sums_are_in_the_order_of_their_keys_however_they_came() {
        let came = ["c", "a", "b", "a"].map(entry).to_vec();
        let tally = UsageTally::from(came);
        let told = tally
            .iter()
            .map(|(key, sums)| (key.model.as_str(), sums.charges));
        assert_eq!(told.collect::<Vec<_>>(), [("a", 2), ("b", 1), ("c", 1)]);
    }
}
