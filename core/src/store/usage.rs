//! Usage as a store tells it: sums of charges, by what a reader wants them by.
//!
//! Owns what can be asked and the form of the answer. What is kept and when is
//! [`domain::usage`](crate::domain::usage)'s.

use std::collections::BTreeMap;

use crate::domain::{
    day::Day,
    ids::{ActionId, ModelId, ProjectId, Sequence},
    usage::{UsageKey, UsageSums, UsageTally},
};

/// What sums are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UsageDimension {
    /// The day at which a charge counts.
    Day,
    /// Its model.
    Model,
    /// Its action.
    Action,
    /// Its project; charges without one are a row of their own.
    Project,
}

/// Which charges are summed, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageQuery {
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
    /// What is told apart, and in which order; each at most once. Nothing: all is one row.
    pub by: Vec<UsageDimension>,
    /// Only charges of this project.
    pub project: Option<ProjectId>,
    /// Only charges on this model.
    pub model: Option<ModelId>,
    /// Only charges for this action.
    pub action: Option<ActionId>,
    /// At most so many rows, the first in their order; all, if none.
    pub limit: Option<u64>,
}

impl UsageQuery {
    /// All charges of some days.
    pub fn of_days(from: Day, to: Day, by: &[UsageDimension]) -> UsageQuery {
        UsageQuery {
            from,
            to,
            by: by.to_vec(),
            project: None,
            model: None,
            action: None,
            limit: None,
        }
    }

    /// Whether charges of that key are wanted.
    pub(super) fn wants(&self, key: &UsageKey) -> bool {
        (self.from..=self.to).contains(&key.day)
            && (self.project.is_none() || self.project == key.project)
            && self.model.as_ref().is_none_or(|model| *model == key.model)
            && self
                .action
                .as_ref()
                .is_none_or(|action| *action == key.action)
    }
}

/// Sums of the charges that are alike in what they were told apart by; the rest is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageRow {
    /// The day.
    pub day: Option<Day>,
    /// The model.
    pub model: Option<ModelId>,
    /// The action.
    pub action: Option<ActionId>,
    /// The project; none as well for charges without one.
    pub project: Option<ProjectId>,
    /// The sums.
    pub sums: UsageSums,
}

/// An account's usage, as of one position of its ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Rows with at least one charge, in the order of what they are told apart by; charges without a
    /// project come before the others.
    pub rows: Vec<UsageRow>,
    /// All charges up to this operation are in it, and none after it.
    pub sequence: Sequence,
}

/// Where a row stands among the others: what it is told apart by, in that order.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Day(Option<Day>),
    Model(Option<ModelId>),
    Action(Option<ActionId>),
    Project(Option<ProjectId>),
}

impl Place {
    fn of(row: &UsageRow, dimension: UsageDimension) -> Place {
        match dimension {
            UsageDimension::Day => Place::Day(row.day),
            UsageDimension::Model => Place::Model(row.model.clone()),
            UsageDimension::Action => Place::Action(row.action.clone()),
            UsageDimension::Project => Place::Project(row.project.clone()),
        }
    }

    fn put(self, row: &mut UsageRow) {
        match self {
            Place::Day(day) => row.day = day,
            Place::Model(model) => row.model = model,
            Place::Action(action) => row.action = action,
            Place::Project(project) => row.project = project,
        }
    }
}

/// Rows as a query has them: those that are alike in what it tells apart are one, in their order, and no
/// more than it wants.
pub(super) fn grouped(
    rows: impl IntoIterator<Item = UsageRow>,
    query: &UsageQuery,
) -> Vec<UsageRow> {
    let mut grouped: BTreeMap<Vec<Place>, UsageSums> = BTreeMap::new();
    for row in rows {
        let places = query.by.iter().map(|dimension| Place::of(&row, *dimension));
        let sums = grouped.entry(places.collect()).or_default();
        sums.add(&row.sums);
    }
    let row = |(places, sums): (Vec<Place>, UsageSums)| {
        let mut row = UsageRow {
            sums,
            ..UsageRow::default()
        };
        for place in places {
            place.put(&mut row);
        }
        row
    };
    let limit = query.limit.and_then(|limit| usize::try_from(limit).ok());
    let rows = grouped.into_iter().map(row);
    rows.take(limit.unwrap_or(usize::MAX)).collect()
}

/// The rows that a tally makes: what every store answers, by plain means.
pub fn rows(tally: &UsageTally, query: &UsageQuery) -> Vec<UsageRow> {
    let wanted = tally.iter().filter(|(key, _)| query.wants(key));
    let row = |(key, sums): (&UsageKey, &UsageSums)| UsageRow {
        day: Some(key.day),
        model: Some(key.model.clone()),
        action: Some(key.action.clone()),
        project: key.project.clone(),
        sums: *sums,
    };
    grouped(wanted.map(row), query)
}
