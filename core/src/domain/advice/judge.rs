//! What there is to tell of one request: a pure function of the account, the catalog and the price.
//!
//! Owns when each fact is worth telling (the catalog's thresholds) and what it counts: the account's
//! last [`ATTEMPTS_MAX`](crate::domain::recent::ATTEMPTS_MAX) charges and nothing beyond them, so that
//! the same history and request give the same advice.

use std::{collections::BTreeMap, sync::Arc};

use chrono::TimeDelta;

use super::{Advisory, AdvisoryFact, ModelUse, Window, adjust};
use crate::domain::{
    account::{Account, HandsOn},
    catalog::{Catalog, Catalogs, Generation, Price, Produces},
    credits::Credits,
    ids::{ModelId, ProjectId},
    recent::Attempt,
    time::Instant,
};

/// A request with its price, and all that is looked at to advise on it.
struct Request<'a> {
    account: &'a Account,
    catalogs: &'a Catalogs,
    /// The one in force.
    catalog: &'a Catalog,
    generation: &'a Generation,
    price: &'a Price,
    at: Instant,
}

impl Account {
    /// What there is to tell about `generation`, which would cost `price` at `at`, by the catalog in force
    /// then. The order is the one of [`AdvisoryCode`](super::AdvisoryCode).
    pub fn advise(
        &self,
        catalogs: &Catalogs,
        generation: &Generation,
        price: &Price,
        at: Instant,
    ) -> Vec<Arc<Advisory>> {
        let request = Request {
            account: self,
            catalogs,
            catalog: &catalogs.terms_at(at).catalog,
            generation,
            price,
            at,
        };
        [
            request.repeated_prompt(),
            request.many_variations(),
            request.video_cost(),
            request.model_switch(),
            request.large_share(),
            request.expiring_soon(),
        ]
        .into_iter()
        .flatten()
        .map(Arc::new)
        .collect()
    }

    /// The charges of the same prompt on the same model within the catalog's window before `at`, oldest
    /// first; none for a request without a prompt.
    pub fn earlier_runs<'a>(
        &'a self,
        catalog: &Catalog,
        generation: &'a Generation,
        model: &'a ModelId,
        at: Instant,
    ) -> impl Iterator<Item = &'a Attempt> {
        let from = repeat_window(catalog, at).from;
        // Each attempt is somewhere else in memory: none is looked at in vain.
        let looked_at = generation.has_prompt().then(|| self.recent.attempts());
        looked_at.into_iter().flatten().filter(move |attempt| {
            attempt.at > from
                && generation.is_of_prompt(attempt.fingerprint)
                && attempt.model == *model
        })
    }
}

/// The time in which runs of one prompt count as repeating it.
pub(in crate::domain) fn repeat_window(catalog: &Catalog, at: Instant) -> Window {
    let minutes = catalog.advice.repeat_window_minutes;
    Window {
        from: at.saturating_sub(TimeDelta::minutes(i64::from(minutes))),
        to: at,
    }
}

impl Request<'_> {
    fn repeated_prompt(&self) -> Option<Advisory> {
        let model = &self.price.terms.model;
        let earlier: Vec<&Attempt> = self
            .account
            .earlier_runs(self.catalog, self.generation, model, self.at)
            .collect();
        let run = counted(earlier.len()) + 1;
        let thresholds = &self.catalog.advice;
        if run < thresholds.repeat_count {
            return None;
        }
        Some(Advisory {
            fact: AdvisoryFact::RepeatedPrompt {
                run,
                credits_so_far: earlier.iter().map(|attempt| attempt.cost).sum(),
                window_minutes: thresholds.repeat_window_minutes,
            },
            window: Some(repeat_window(self.catalog, self.at)),
            basis: earlier.iter().map(|attempt| attempt.sequence).collect(),
            adjustment: adjust::cheaper_model(self.catalog, self.generation, self.price),
        })
    }

    fn many_variations(&self) -> Option<Advisory> {
        let variations = self.price.terms.variations;
        if variations < self.catalog.advice.many_variations {
            return None;
        }
        let one = adjust::one_variation(self.catalog, self.generation, self.price)?;
        Some(Advisory {
            fact: AdvisoryFact::ManyVariations {
                variations,
                cost_of_one: one.cost,
            },
            window: None,
            basis: Vec::new(),
            adjustment: Some(one),
        })
    }

    fn video_cost(&self) -> Option<Advisory> {
        if self.price.terms.produces != Produces::Video {
            return None;
        }
        let of_images = |attempt: &&Attempt| attempt.produces == Produces::Image;
        let images: Vec<&Attempt> = self.account.recent.attempts().filter(of_images).collect();
        let usual = most_used(&images)?;
        let of_usual: Vec<&Attempt> = images
            .into_iter()
            .filter(|attempt| attempt.model == usual)
            .collect();
        let image_cost = self.image_cost(of_usual.last()?)?;
        let images = self.price.cost.get() / image_cost.get();
        Some(Advisory {
            fact: AdvisoryFact::VideoCost {
                images: u64::try_from(images).ok()?,
                image_model: usual,
                image_cost,
            },
            window: Some(Window {
                from: of_usual.first()?.at,
                to: self.at,
            }),
            basis: of_usual.iter().map(|attempt| attempt.sequence).collect(),
            adjustment: adjust::shorter(self.catalog, self.generation, self.price),
        })
    }

    /// One image as the account made its last one, with the model's defaults; none if the model or the
    /// action is no longer there.
    fn image_cost(&self, last: &Attempt) -> Option<Credits> {
        let model = self.catalog.model(&last.model)?;
        let image = Generation {
            variations: model.action(&last.action)?.variations.min,
            ..Generation::of(last.action.clone(), None)
        };
        let cost = self.catalog.price_on(model, &image)?.cost;
        (!cost.is_zero()).then_some(cost)
    }

    fn model_switch(&self) -> Option<Advisory> {
        let project = self.generation.project.as_ref()?;
        let terms = &self.price.terms;
        let before: Vec<&Attempt> = self
            .account
            .recent
            .attempts()
            .filter(|attempt| attempt.project.as_ref() == Some(project))
            .filter(|attempt| attempt.produces == terms.produces)
            .collect();
        let previous = &before.last()?.model;
        if *previous == terms.model {
            return None;
        }
        let model = self.catalog.model(previous);
        let there = model.and_then(|model| self.catalog.price_on(model, self.generation));
        let there = there.as_ref();
        let costs_more_by = there.map(|there| self.price.cost.get() - there.cost.get());
        Some(Advisory {
            window: Some(Window {
                from: before.first()?.at,
                to: self.at,
            }),
            basis: before.iter().map(|attempt| attempt.sequence).collect(),
            adjustment: there.and_then(|there| adjust::there(self.price, there)),
            fact: switch(project.clone(), &before, previous.clone(), costs_more_by),
        })
    }

    fn large_share(&self) -> Option<Advisory> {
        let available = self.account.available();
        let cost = self.price.cost;
        if available.is_zero() || cost > available {
            return None;
        }
        let percent = i128::from(cost.get()) * 100 / i128::from(available.get());
        let percent = u32::try_from(percent).ok()?;
        (percent >= self.catalog.advice.large_share_percent).then(|| Advisory {
            fact: AdvisoryFact::LargeShare { percent, available },
            window: None,
            basis: Vec::new(),
            adjustment: adjust::cheaper_model(self.catalog, self.generation, self.price),
        })
    }

    fn expiring_soon(&self) -> Option<Advisory> {
        let days = i64::from(self.catalog.advice.expiring_soon_days);
        let until = self.at.saturating_add(TimeDelta::days(days));
        let mut spent = self.price.cost;
        let mut unused: BTreeMap<(Instant, Option<HandsOn<'_>>), Credits> = BTreeMap::new();
        for lot in self.account.live_lots() {
            let taken = spent.min(lot.remaining);
            spent = spent.saturating_sub(taken);
            let left = lot.remaining.saturating_sub(taken);
            let ends_at = lot.terms.expires_at.filter(|expires| *expires <= until);
            if let Some(ends_at) = ends_at.filter(|_| !left.is_zero()) {
                let hands_on = self.account.hands_on(&lot.terms.origin);
                let amount = unused.entry((ends_at, hands_on)).or_insert(Credits::ZERO);
                *amount = [*amount, left].into_iter().sum();
            }
        }
        let lost = unused.into_iter().map(|((ends_at, hands_on), amount)| {
            let kept = hands_on.map_or(Credits::ZERO, |by| {
                self.catalogs.rollover_max(by.plan, ends_at)
            });
            (ends_at, amount.saturating_sub(kept))
        });
        let ending: Vec<(Instant, Credits)> = lost.filter(|(_, lost)| !lost.is_zero()).collect();
        let (at, _) = *ending.first()?;
        Some(Advisory {
            fact: AdvisoryFact::ExpiringSoon {
                amount: ending.iter().map(|(_, amount)| *amount).sum(),
                at,
            },
            window: Some(Window {
                from: self.at,
                to: until,
            }),
            basis: Vec::new(),
            adjustment: None,
        })
    }
}

fn switch(
    project: ProjectId,
    before: &[&Attempt],
    previous: ModelId,
    costs_more_by: Option<i64>,
) -> AdvisoryFact {
    let mut used: Vec<ModelUse> = Vec::new();
    for attempt in before {
        match used.iter_mut().find(|one| one.model == attempt.model) {
            Some(one) => {
                one.charges += 1;
                one.credits = [one.credits, attempt.cost].into_iter().sum();
            }
            None => used.push(ModelUse {
                model: attempt.model.clone(),
                charges: 1,
                credits: attempt.cost,
            }),
        }
    }
    used.sort_by(|one, other| (other.charges, &one.model).cmp(&(one.charges, &other.model)));
    AdvisoryFact::ModelSwitch {
        project,
        used,
        previous,
        costs_more_by,
    }
}

/// The model of most attempts; among equals the one used last.
fn most_used(attempts: &[&Attempt]) -> Option<ModelId> {
    let uses = |model: &ModelId| attempts.iter().filter(|one| one.model == *model).count();
    attempts
        .iter()
        .max_by_key(|attempt| (uses(&attempt.model), attempt.sequence))
        .map(|attempt| attempt.model.clone())
}

fn counted(attempts: usize) -> u32 {
    u32::try_from(attempts).expect("no more attempts are remembered than a small constant")
}
