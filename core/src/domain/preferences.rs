//! Preferences: what an account's owner set to spend with care.
//!
//! Owns the ceilings and guards of one account, how they stand to the catalog's, and what was used
//! under each. It never refuses: the guards in `decide` do.
//!
//! A ceiling counts what was consumed and what open holds set aside, so that settling a hold never
//! breaks one. A day is one of UTC. A project counts from when it was given a ceiling first; taking the
//! ceiling away and giving one again begins anew. Without a ceiling nothing is kept of a project, so
//! that an account stays as small as its ceilings.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    account::Account, catalog::PolicySettings, credits::Credits, day::Day, event::Charged,
    ids::ProjectId, time::Instant,
};

/// The most projects of one account that have a ceiling: each is written with every snapshot of it.
pub const PROJECT_CEILINGS_MAX: usize = 100;

/// What the owner set; `None` leaves it to the catalog.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    /// Whether a likely repeat is refused unless it is acknowledged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat_guard: Option<bool>,
    /// Whether more than one result needs a confirmation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_first: Option<bool>,
    /// The most that one request may cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_credits_max: Option<Credits>,
    /// The most that may be used on one day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day_credits_max: Option<Credits>,
    /// The most that each of these projects may use.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub project_credits_max: BTreeMap<ProjectId, Credits>,
}

/// A change of one preference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// Leave it as it is.
    #[default]
    Keep,
    /// Back to the catalog's.
    Reset,
    /// This from now on.
    Set(T),
}

/// A change of preferences; the default changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PreferencesChange {
    /// Of the repeat guard.
    pub repeat_guard: Change<bool>,
    /// Of one first.
    pub one_first: Change<bool>,
    /// Of the ceiling of a request.
    pub request_credits_max: Change<Credits>,
    /// Of the ceiling of a day.
    pub day_credits_max: Change<Credits>,
    /// Of projects: a reset takes all ceilings away; the projects of a list get theirs, or lose it for
    /// `None`, and others stay as they are.
    pub project_credits_max: Change<Vec<(ProjectId, Option<Credits>)>>,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The catalog in force.
    Catalog,
    /// The account's owner.
    Account,
}

/// What counts, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effective<T> {
    /// What counts.
    pub value: T,
    /// Whose it is.
    pub source: Source,
}

/// What is counted under the ceilings, of the ledger alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// The UTC day of the last charge.
    #[serde(rename = "d")]
    day: Day,
    /// What was consumed on that day.
    #[serde(rename = "c")]
    consumed: Credits,
    /// The projects with a ceiling.
    #[serde(rename = "p", default, skip_serializing_if = "BTreeMap::is_empty")]
    projects: BTreeMap<ProjectId, ProjectTally>,
}

/// What a project consumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectTally {
    /// From when it counts: when the project was given a ceiling.
    pub since: Instant,
    /// What charges consumed since then.
    pub consumed: Credits,
}

impl<T: Copy> Change<T> {
    fn of(self, before: Option<T>) -> Option<T> {
        match self {
            Change::Keep => before,
            Change::Reset => None,
            Change::Set(value) => Some(value),
        }
    }
}

impl Preferences {
    /// Whether nothing was set.
    pub fn is_default(&self) -> bool {
        *self == Preferences::default()
    }

    /// What they are after `change`.
    pub fn changed(&self, change: &PreferencesChange) -> Preferences {
        let mut projects = self.project_credits_max.clone();
        match &change.project_credits_max {
            Change::Keep => {}
            Change::Reset => projects.clear(),
            Change::Set(changes) => {
                for (project, credits_max) in changes {
                    match credits_max {
                        Some(max) => projects.insert(project.clone(), *max),
                        None => projects.remove(project),
                    };
                }
            }
        }
        Preferences {
            repeat_guard: change.repeat_guard.of(self.repeat_guard),
            one_first: change.one_first.of(self.one_first),
            request_credits_max: change.request_credits_max.of(self.request_credits_max),
            day_credits_max: change.day_credits_max.of(self.day_credits_max),
            project_credits_max: projects,
        }
    }

    /// Whether the repeat guard is on: the owner's choice, else the catalog's.
    pub fn repeat_guard(&self, policy: &PolicySettings) -> Effective<bool> {
        chosen(self.repeat_guard, policy.repeat_guard)
    }

    /// Whether one result comes first: the owner's choice, else the catalog's.
    pub fn one_first(&self, policy: &PolicySettings) -> Effective<bool> {
        chosen(self.one_first, policy.one_first)
    }

    /// The ceiling of one request: the lower one counts.
    pub fn request_credits_max(&self, policy: &PolicySettings) -> Effective<Option<Credits>> {
        lower(self.request_credits_max, policy.request_credits_max)
    }

    /// The ceiling of a day: the lower one counts.
    pub fn day_credits_max(&self, policy: &PolicySettings) -> Effective<Option<Credits>> {
        lower(self.day_credits_max, policy.day_credits_max)
    }
}

fn chosen(own: Option<bool>, catalog: bool) -> Effective<bool> {
    Effective {
        value: own.unwrap_or(catalog),
        source: own.map_or(Source::Catalog, |_| Source::Account),
    }
}

fn lower(own: Option<Credits>, catalog: Option<Credits>) -> Effective<Option<Credits>> {
    match own {
        Some(own) if catalog.is_none_or(|max| own <= max) => Effective {
            value: Some(own),
            source: Source::Account,
        },
        Some(_) | None => Effective {
            value: catalog,
            source: Source::Catalog,
        },
    }
}

impl Tally {
    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        *self == Tally::default()
    }

    /// What the project consumed, if it has a ceiling.
    pub fn project(&self, project: &ProjectId) -> Option<ProjectTally> {
        self.projects.get(project).copied()
    }

    /// Counts a charge.
    pub(super) fn count(&mut self, charged: &Charged, at: Instant) {
        let day = Day::of(at);
        if day != self.day {
            (self.day, self.consumed) = (day, Credits::ZERO);
        }
        self.consumed = more(self.consumed, charged.cost);
        let project = charged.spend.project.as_ref();
        if let Some(tally) = project.and_then(|project| self.projects.get_mut(project)) {
            tally.consumed = more(tally.consumed, charged.cost);
        }
    }

    /// Counts for the projects that have a ceiling now, and forgets those that lost theirs.
    pub(super) fn follow(&mut self, preferences: &Preferences, at: Instant) {
        let wanted = &preferences.project_credits_max;
        self.projects
            .retain(|project, _| wanted.contains_key(project));
        for project in wanted.keys() {
            self.projects
                .entry(project.clone())
                .or_insert(ProjectTally {
                    since: at,
                    consumed: Credits::ZERO,
                });
        }
    }
}

impl Account {
    /// What was used on the UTC day of `at`: what was consumed on it, and what open holds set aside.
    pub fn used_on_day(&self, at: Instant) -> Credits {
        let consumed = if Day::of(at) == self.tally.day {
            self.tally.consumed
        } else {
            Credits::ZERO
        };
        more(consumed, self.held())
    }

    /// What a project with a ceiling used since it has one: what was consumed, and what open holds set
    /// aside; none for a project without a ceiling.
    pub fn used_by_project(&self, project: &ProjectId) -> Option<Credits> {
        let consumed = self.tally.project(project)?.consumed;
        let of_project = |hold: &&super::hold::Hold| hold.spend.project.as_ref() == Some(project);
        let held = self.holds.iter().filter(of_project).map(|hold| hold.amount);
        Some(more(consumed, held.sum()))
    }
}

/// The sum. What passes through an account in years has no bound, and no ceiling is as high as this one.
fn more(one: Credits, other: Credits) -> Credits {
    one.checked_add(other).unwrap_or(Credits::MAX)
}

/// When the UTC day of `at` ends; at the end of the calendar it never does.
pub fn day_ends_at(at: Instant) -> Instant {
    Day::of(at).next().map_or(Instant::MAX, Day::start)
}
