//! The guards that an account's owner chooses: ceilings, one first, and the repeat guard.
//!
//! Owns in which order they are judged: a request, a day, a project, one first, then repeats. A ceiling
//! counts what open holds set aside, so a settlement never breaks one: it is judged when its hold is
//! placed, and again only if that had expired.

use super::{Case, Verdict};
use crate::domain::{
    advice::repeat_window,
    catalog::{Catalog, Generation, Price},
    command::PriceGuard,
    credits::Credits,
    event::Fact,
    hold::Hold,
    ids::{ModelId, ProjectId},
    preferences::{PROJECT_CEILINGS_MAX, PreferencesChange},
    recent::Attempt,
    refusal::{EarlierRun, EarlierRuns, Limit, Refusal},
};

impl Case<'_> {
    pub(super) fn set_preferences(&self, change: &PreferencesChange) -> Result<Verdict, Refusal> {
        let preferences = self.account.preferences.changed(change);
        let number = |count: usize| i64::try_from(count).expect("an account is small");
        let projects = number(preferences.project_credits_max.len());
        if projects > number(PROJECT_CEILINGS_MAX) {
            return Err(Refusal::LimitExceeded {
                limit: Limit::ProjectCeilings,
                max: number(PROJECT_CEILINGS_MAX),
                asked: projects,
                used: 0,
            });
        }
        Ok(self.plain(Fact::PreferencesChange { preferences }))
    }

    /// Whether a new spend is within all ceilings.
    pub(super) fn check_ceilings(
        &self,
        price: &Price,
        generation: &Generation,
        guard: &PriceGuard,
    ) -> Result<(), Refusal> {
        let catalog = self.catalog();
        let preferences = &self.account.preferences;
        let request = preferences.request_credits_max(&catalog.policy).value;
        within(Limit::RequestCredits, request, price.cost, Credits::ZERO)?;
        self.check_used(price.cost, generation.project.as_ref())?;
        let asked = price.terms.variations;
        let offer = catalog.model(&price.terms.model);
        let offer = offer.and_then(|model| model.action(&price.terms.action));
        let fewest = offer.map_or(1, |offer| offer.variations.min);
        let one_first = preferences.one_first(&catalog.policy).value;
        if one_first && asked > fewest && guard.variations_confirmed != Some(asked) {
            return Err(Refusal::LimitExceeded {
                limit: Limit::Variations,
                max: i64::from(fewest),
                asked: i64::from(asked),
                used: 0,
            });
        }
        Ok(())
    }

    /// Whether `cost` more is within the ceilings of the day and of the project.
    pub(super) fn check_used(
        &self,
        cost: Credits,
        project: Option<&ProjectId>,
    ) -> Result<(), Refusal> {
        let preferences = &self.account.preferences;
        let day = preferences.day_credits_max(&self.catalog().policy).value;
        within(
            Limit::DayCredits,
            day,
            cost,
            self.account.used_on_day(self.at),
        )?;
        let Some(project) = project else {
            return Ok(());
        };
        let max = preferences.project_credits_max.get(project).copied();
        let used = self.account.used_by_project(project);
        let used = used.unwrap_or(Credits::ZERO);
        within(Limit::ProjectCredits, max, cost, used)
    }

    /// Whether the request is no likely repeat, or may be one.
    pub(super) fn check_repeat(
        &self,
        model: &ModelId,
        generation: &Generation,
        guard: &PriceGuard,
    ) -> Result<(), Refusal> {
        let catalog = self.catalog();
        let preferences = &self.account.preferences;
        let guarded = guard.repeat_guard || preferences.repeat_guard(&catalog.policy).value;
        if !guarded || guard.acknowledge_repeat {
            return Ok(());
        }
        match self.earlier_runs(catalog, model, generation) {
            Some(runs) => Err(Refusal::LikelyRepeat(runs)),
            None => Ok(()),
        }
    }

    fn earlier_runs(
        &self,
        catalog: &Catalog,
        model: &ModelId,
        generation: &Generation,
    ) -> Option<EarlierRuns> {
        let account = self.account;
        let charge = |run: &Attempt| (run.at, EarlierRun::Charge(run.sequence), run.cost);
        let charges = account.earlier_runs(catalog, generation, model, self.at);
        let from = repeat_window(catalog, self.at).from;
        let same = |hold: &&Hold| {
            hold.placed_at > from
                && hold.spend.terms.model == *model
                && generation.is_of_prompt(hold.spend.fingerprint)
        };
        let hold = |run: &Hold| (run.placed_at, EarlierRun::Hold(run.id), run.amount);
        let holds = account.holds.iter().filter(same).map(hold);
        let runs: Vec<_> = charges.map(charge).chain(holds).collect();
        let (at, last, cost) = runs.iter().max_by_key(|(at, ..)| *at).copied()?;
        Some(EarlierRuns {
            account: account.id.clone(),
            last,
            at,
            cost,
            runs: u32::try_from(runs.len()).expect("charges and holds are bounded"),
            credits: runs
                .iter()
                .try_fold(Credits::ZERO, |sum, (.., cost)| sum.checked_add(*cost))
                .unwrap_or(Credits::MAX),
            window_minutes: catalog.advice.repeat_window_minutes,
        })
    }

    fn catalog(&self) -> &Catalog {
        &self.catalogs.terms_at(self.at).catalog
    }
}

/// Whether `asked` on top of `used` is within a ceiling, if there is one.
fn within(
    limit: Limit,
    max: Option<Credits>,
    asked: Credits,
    used: Credits,
) -> Result<(), Refusal> {
    match max {
        Some(max) if used.get() + asked.get() > max.get() => Err(Refusal::LimitExceeded {
            limit,
            max: max.get(),
            asked: asked.get(),
            used: used.get(),
        }),
        Some(_) | None => Ok(()),
    }
}
