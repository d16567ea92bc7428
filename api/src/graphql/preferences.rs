//! Preferences: what an account's owner set to spend with care.

use std::collections::BTreeSet;

use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, SimpleObject};
use credits_core::{
    domain::{
        account::Account,
        catalog::PolicySettings,
        command::Request,
        credits,
        ids::ProjectId,
        preferences::{self as domain, Change, Effective, PROJECT_CEILINGS_MAX, day_ends_at},
        time::Instant,
    },
    ledger::AccountView,
};

use super::{
    access,
    execute::{Call, payload},
    fault::bad_input,
    operation::operation,
    scalar::{Credits, DateTime},
};
use crate::{auth::Scope, error::Fault};

/// How an account's owner wants to spend with care: guards and ceilings, each with its source. What
/// the owner left unset is the catalog's.
#[derive(Clone, SimpleObject)]
pub struct Preferences {
    /// Whether a likely repeat is refused as `LIKELY_REPEAT` unless the spend acknowledges it: the same
    /// prompt on the same model within the catalog's window, processed or held.
    pub repeat_guard: PreferenceSwitch,
    /// Whether one result comes first: more of them in one request are refused as `LIMIT_EXCEEDED`
    /// unless the spend says so in `confirmVariations`.
    pub one_first: PreferenceSwitch,
    /// The most that one request may cost: the lower one of the catalog's and the owner's.
    pub request_credits_max: RequestCeiling,
    /// The most that may be used on a UTC day: the lower one of the catalog's and the owner's.
    pub day_credits_max: DayCeiling,
    /// The projects that have a ceiling of their own, by their ids; at most 100.
    pub project_credits_max: Vec<ProjectCeiling>,
}

/// A guard that is on or off.
#[derive(Clone, Copy, SimpleObject)]
pub struct PreferenceSwitch {
    /// Whether it is on.
    pub on: bool,
    /// Whose choice that is.
    pub source: PreferenceSource,
}

/// The ceiling of one request.
#[derive(Clone, Copy, SimpleObject)]
pub struct RequestCeiling {
    /// The most that one request may cost, in credits; null if there is no ceiling.
    pub credits_max: Option<Credits>,
    /// Whose ceiling counts.
    pub source: PreferenceSource,
}

/// The ceiling of a UTC day.
#[derive(Clone, Copy, SimpleObject)]
pub struct DayCeiling {
    /// The most that may be used on a day, in credits; null if there is no ceiling.
    pub credits_max: Option<Credits>,
    /// What was used today, in credits: what was consumed since midnight UTC, and what open holds set
    /// aside, whenever they were placed.
    pub used: Credits,
    /// When the day ends.
    pub resets_at: DateTime,
    /// Whose ceiling counts.
    pub source: PreferenceSource,
}

/// The ceiling of a project. Only the account's owner sets one.
#[derive(Clone, SimpleObject)]
pub struct ProjectCeiling {
    /// The project, by the client's own id.
    pub project: ID,
    /// The most that it may use, in credits, from `since` on.
    pub credits_max: Credits,
    /// What it used, in credits: what was consumed from `since` on, and what its open holds set aside.
    pub used: Credits,
    /// From when it counts: when the project was given a ceiling. A change of its height goes on
    /// counting; taking it away and giving one again begins anew.
    pub since: DateTime,
    /// Whose ceiling it is.
    pub source: PreferenceSource,
}

/// Whose choice a preference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "credits_core::domain::preferences::Source")]
pub enum PreferenceSource {
    /// The catalog's in force: the product's own.
    Catalog,
    /// The account's, set by its owner.
    Account,
}

/// Preferences to set. What is left out stays as it is; an explicit null goes back to the catalog's.
#[derive(InputObject)]
pub struct SetPreferencesInput {
    /// The client's id of this call: a UUID made and stored before it, version 7 for choice.
    pub operation_id: ID,
    /// The account; the token's own, if left out.
    pub account_id: Option<ID>,
    /// Whether a likely repeat is refused unless it is acknowledged; null for the catalog's choice.
    pub repeat_guard: MaybeUndefined<bool>,
    /// Whether more than one result needs `confirmVariations`; null for the catalog's choice.
    pub one_first: MaybeUndefined<bool>,
    /// The most that one request may cost, in credits; null for the catalog's alone. 0 stops all
    /// spending.
    pub request_credits_max: MaybeUndefined<Credits>,
    /// The most that may be used on a UTC day, in credits, today included; null for the catalog's
    /// alone. 0 stops all spending.
    pub day_credits_max: MaybeUndefined<Credits>,
    /// Ceilings of projects, each named once; other projects stay as they are. Null takes all away.
    pub project_credits_max: MaybeUndefined<Vec<ProjectCeilingInput>>,
}

/// The ceiling of a project.
#[derive(InputObject)]
pub struct ProjectCeilingInput {
    /// The project, by the client's own id: 1 to 128 visible characters.
    pub project: ID,
    /// The most that it may use from now on, in credits; null takes the ceiling away.
    pub credits_max: Option<Credits>,
}

payload! {
    /// The answer to a change of preferences.
    SetPreferencesPayload {
        /// The preferences as they stand now; null if the change was refused.
        async fn preferences(&self, ctx: &Context<'_>) -> Result<Option<Preferences>, Fault> {
            match self.decided.accepted() {
                Some(_) => {
                    let account = self.decided.account(ctx).await?;
                    Ok(account.map(|account| Preferences::new(ctx, account.view())))
                }
                None => Ok(None),
            }
        }
    }
}

operation! {
    /// The account's owner set preferences. It moves no credits.
    PreferencesChange { preferences: domain::Preferences } {
        /// Whether the owner wanted the repeat guard from then on; null for the catalog's choice.
        async fn repeat_guard(&self) -> Option<bool> {
            self.preferences.repeat_guard
        }

        /// Whether the owner wanted one result first from then on; null for the catalog's choice.
        async fn one_first(&self) -> Option<bool> {
            self.preferences.one_first
        }

        /// The owner's ceiling of one request from then on, in credits; null if there was none.
        async fn request_credits_max(&self) -> Option<Credits> {
            self.preferences.request_credits_max.map(Credits::from)
        }

        /// The owner's ceiling of a UTC day from then on, in credits; null if there was none.
        async fn day_credits_max(&self) -> Option<Credits> {
            self.preferences.day_credits_max.map(Credits::from)
        }

        /// The projects that had a ceiling from then on.
        async fn project_credits_max(&self) -> Vec<ProjectCeilingSet> {
            let projects = self.preferences.project_credits_max.iter();
            let set = |(project, max): (&ProjectId, &credits::Credits)| ProjectCeilingSet {
                project: project.as_str().into(),
                credits_max: (*max).into(),
            };
            projects.map(set).collect()
        }
    }
}

/// A project with the ceiling that it was given.
#[derive(Clone, SimpleObject)]
pub struct ProjectCeilingSet {
    /// The project, by the client's own id.
    pub project: ID,
    /// The most that it may use, in credits.
    pub credits_max: Credits,
}

/// Sets preferences.
pub async fn set(
    ctx: &Context<'_>,
    input: SetPreferencesInput,
) -> Result<SetPreferencesPayload, Fault> {
    let amount = |credits: Credits| credits.0;
    let change = domain::PreferencesChange {
        repeat_guard: change(input.repeat_guard, |on| on),
        one_first: change(input.one_first, |on| on),
        request_credits_max: change(input.request_credits_max, amount),
        day_credits_max: change(input.day_credits_max, amount),
        project_credits_max: match input.project_credits_max {
            MaybeUndefined::Undefined => Change::Keep,
            MaybeUndefined::Null => Change::Reset,
            MaybeUndefined::Value(projects) => Change::Set(ceilings(projects)?),
        },
    };
    let call = Call::new(
        input.operation_id,
        input.account_id,
        Scope::PreferencesWrite,
    );
    let request = Request::SetPreferences { change };
    Ok(call.execute(ctx, request).await?.into())
}

fn change<T, D>(given: MaybeUndefined<T>, parse: impl FnOnce(T) -> D) -> Change<D> {
    match given {
        MaybeUndefined::Undefined => Change::Keep,
        MaybeUndefined::Null => Change::Reset,
        MaybeUndefined::Value(value) => Change::Set(parse(value)),
    }
}

type Ceilings = Vec<(ProjectId, Option<credits::Credits>)>;

fn ceilings(projects: Vec<ProjectCeilingInput>) -> Result<Ceilings, Fault> {
    // Every change fits that leads from one full set to another.
    let changes_max = 2 * PROJECT_CEILINGS_MAX;
    if projects.len() > changes_max {
        let message = format!(
            "At most {changes_max} projects a request; {} were given.",
            projects.len()
        );
        return Err(bad_input(message));
    }
    let mut named = BTreeSet::new();
    let mut ceilings = Vec::with_capacity(projects.len());
    for given in projects {
        let project = ProjectId::parse(&given.project)?;
        if !named.insert(project.clone()) {
            return Err(bad_input(format!(
                "The project `{project}` is named twice."
            )));
        }
        ceilings.push((project, given.credits_max.map(|max| max.0)));
    }
    Ok(ceilings)
}

impl Preferences {
    /// The preferences of an account as it was committed last.
    pub fn new(ctx: &Context<'_>, view: &AccountView) -> Preferences {
        let catalogs = access::ledger(ctx).catalogs();
        let at = view.balance.as_of.max(view.account.time);
        let policy = &catalogs.terms_at(at).catalog.policy;
        Preferences::of(&view.account, policy, at)
    }

    fn of(account: &Account, policy: &PolicySettings, at: Instant) -> Preferences {
        let set = &account.preferences;
        let request = set.request_credits_max(policy);
        let day = set.day_credits_max(policy);
        let project = |(project, max): (&ProjectId, &credits::Credits)| {
            Some(ProjectCeiling {
                project: project.as_str().into(),
                credits_max: (*max).into(),
                used: account.used_by_project(project)?.into(),
                since: account.tally.project(project)?.since.into(),
                source: PreferenceSource::Account,
            })
        };
        Preferences {
            repeat_guard: set.repeat_guard(policy).into(),
            one_first: set.one_first(policy).into(),
            request_credits_max: RequestCeiling {
                credits_max: request.value.map(Credits::from),
                source: request.source.into(),
            },
            day_credits_max: DayCeiling {
                credits_max: day.value.map(Credits::from),
                used: account.used_on_day(at).into(),
                resets_at: day_ends_at(at).into(),
                source: day.source.into(),
            },
            project_credits_max: set.project_credits_max.iter().filter_map(project).collect(),
        }
    }
}

impl From<Effective<bool>> for PreferenceSwitch {
    fn from(effective: Effective<bool>) -> PreferenceSwitch {
        PreferenceSwitch {
            on: effective.value,
            source: effective.source.into(),
        }
    }
}
