//! Insights: a period's charges, by what the specification says to be careful with.
//!
//! Owns which charges belong to which point and what the same would cost on a cheaper model at the
//! prices of now. It counts what it is given and nothing else, so that the same charges and catalogs
//! give the same insights. A difference of prices is never called a saving: another model makes another
//! picture.

use std::collections::{BTreeMap, HashMap};

use chrono::TimeDelta;

use super::{
    catalog::{Catalogs, CheaperAgain, Produces, PromptFingerprint},
    credits::Credits,
    event::{Charged, Fact},
    ids::{ModelId, ProjectId},
    notices::same_request,
    outcome::Operation,
    time::Instant,
};

/// The most charges examined of a period: about a tenth of a second. Of more, the latest.
pub const CHARGES_EXAMINED_MAX: usize = 5_000;

/// What the specification says to be careful with, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CarefulPoint {
    /// Generating multiple variations at once: charges of two or more results.
    ManyVariations,
    /// Working with videos: charges of an action that makes a video.
    Video,
    /// Switching models mid-project: charges on another model than the project's charge before them
    /// that made the same kind of thing.
    ModelSwitch,
    /// Retrying the same prompt repeatedly: charges whose prompt ran on the same model within the
    /// catalog's window before them.
    RepeatedPrompt,
    /// Regenerating: charges that make an earlier result again.
    Regenerate,
}

impl CarefulPoint {
    /// Every point, in the order they are listed.
    pub const ALL: [CarefulPoint; 5] = [
        CarefulPoint::ManyVariations,
        CarefulPoint::Video,
        CarefulPoint::ModelSwitch,
        CarefulPoint::RepeatedPrompt,
        CarefulPoint::Regenerate,
    ];
}

/// A period's charges, looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insights {
    /// How many charges were looked at.
    pub charges: usize,
    /// What they used.
    pub credits: Credits,
    /// One of each point, in the order of [`CarefulPoint::ALL`].
    pub points: Vec<Insight>,
}

/// The charges of one point. A charge can be in several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insight {
    /// The point.
    pub point: CarefulPoint,
    /// Which charges, by their places in what was given.
    pub places: Vec<usize>,
    /// What they used.
    pub credits: Credits,
    /// What runs on a cheaper model too, by pairs of models, the largest difference first.
    pub cheaper: Vec<Cheaper>,
}

/// Charges on one model whose very requests another model runs for less, at the prices of now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cheaper {
    /// The model that ran them.
    pub model: ModelId,
    /// The cheapest other model that runs them.
    pub other: ModelId,
    /// How many charges.
    pub charges: u32,
    /// What they would cost on their own model now.
    pub on_model: Credits,
    /// What they would cost on the other model now.
    pub on_other: Credits,
}

impl Insights {
    /// Looks at `charges`, oldest first, with the prices and the window in force at `now`. Of operations
    /// that are no charges it takes no note.
    pub fn of(catalogs: &Catalogs, charges: &[Operation], now: Instant) -> Insights {
        let mut look = Look {
            catalogs,
            now,
            window: TimeDelta::minutes(i64::from(
                catalogs.terms_at(now).catalog.advice.repeat_window_minutes,
            )),
            runs: HashMap::new(),
            projects: HashMap::new(),
            cheaper: HashMap::new(),
        };
        let mut points: Vec<Found> = CarefulPoint::ALL.iter().map(|_| Found::default()).collect();
        let (mut count, mut credits) = (0, Credits::ZERO);
        for (place, operation) in charges.iter().enumerate() {
            let Fact::Charge(charged) = &operation.event.fact else {
                continue;
            };
            count += 1;
            credits = sum(credits, charged.cost);
            let belongs = look.points(charged, operation.event.at);
            if belongs.contains(&true) {
                let cheaper = look.cheaper(charged);
                let found = points.iter_mut().zip(belongs);
                for (found, _) in found.filter(|(_, belongs)| *belongs) {
                    found.add(place, charged, cheaper.as_ref());
                }
            }
        }
        let points = CarefulPoint::ALL.into_iter().zip(points);
        Insights {
            charges: count,
            credits,
            points: points.map(|(point, found)| found.insight(point)).collect(),
        }
    }
}

/// What is remembered while charges are looked at, one after the other.
struct Look<'c> {
    catalogs: &'c Catalogs,
    now: Instant,
    window: TimeDelta,
    /// When a prompt last ran on a model.
    runs: HashMap<(PromptFingerprint, ModelId), Instant>,
    /// The model that last made such a thing in a project.
    projects: HashMap<(ProjectId, Produces), ModelId>,
    cheaper: HashMap<String, Option<CheaperAgain>>,
}

impl Look<'_> {
    /// Whether a charge belongs to each point, in their order.
    fn points(&mut self, charged: &Charged, at: Instant) -> [bool; CarefulPoint::ALL.len()] {
        let terms = &charged.spend.terms;
        CarefulPoint::ALL.map(|point| match point {
            CarefulPoint::ManyVariations => terms.variations > 1,
            CarefulPoint::Video => terms.produces == Produces::Video,
            CarefulPoint::ModelSwitch => self.is_switch(charged),
            CarefulPoint::RepeatedPrompt => self.is_repeat(charged, at),
            CarefulPoint::Regenerate => charged.spend.regenerate_of.is_some(),
        })
    }

    fn is_switch(&mut self, charged: &Charged) -> bool {
        let Some(project) = charged.spend.project.clone() else {
            return false;
        };
        let terms = &charged.spend.terms;
        let before = self
            .projects
            .insert((project, terms.produces), terms.model.clone());
        before.is_some_and(|before| before != terms.model)
    }

    fn is_repeat(&mut self, charged: &Charged, at: Instant) -> bool {
        let Some(fingerprint) = charged.spend.fingerprint else {
            return false;
        };
        let run = (fingerprint, charged.spend.terms.model.clone());
        let before = self.runs.insert(run, at);
        before.is_some_and(|before| at.since(before) < self.window)
    }

    fn cheaper(&mut self, charged: &Charged) -> Option<CheaperAgain> {
        let spend = &charged.spend;
        let (catalogs, now) = (self.catalogs, self.now);
        let request = format!("{} {}", spend.catalog_version, same_request(&spend.terms));
        let priced = self.cheaper.entry(request).or_insert_with(|| {
            let ran_by = catalogs.version(spend.catalog_version);
            let model = ran_by.and_then(|one| one.catalog.model(&spend.terms.model));
            let own = model.and_then(|model| model.action(&spend.terms.action));
            let catalog = &catalogs.terms_at(now).catalog;
            catalog.cheaper_again(&spend.terms, own)
        });
        priced.clone()
    }
}

/// What is found of one point so far.
#[derive(Default)]
struct Found {
    places: Vec<usize>,
    credits: Credits,
    cheaper: BTreeMap<(ModelId, ModelId), Cheaper>,
}

impl Found {
    fn add(&mut self, place: usize, charged: &Charged, again: Option<&CheaperAgain>) {
        self.places.push(place);
        self.credits = sum(self.credits, charged.cost);
        let Some(again) = again else {
            return;
        };
        let models = (charged.spend.terms.model.clone(), again.model.clone());
        let pair = self.cheaper.entry(models.clone());
        let pair = pair.or_insert_with(|| Cheaper {
            model: models.0,
            other: models.1,
            charges: 0,
            on_model: Credits::ZERO,
            on_other: Credits::ZERO,
        });
        pair.charges += 1;
        pair.on_model = sum(pair.on_model, again.here);
        pair.on_other = sum(pair.on_other, again.there);
    }

    fn insight(self, point: CarefulPoint) -> Insight {
        let mut cheaper: Vec<Cheaper> = self.cheaper.into_values().collect();
        let difference = |one: &Cheaper| one.on_model.saturating_sub(one.on_other);
        cheaper.sort_by_key(|one| std::cmp::Reverse(difference(one)));
        Insight {
            point,
            places: self.places,
            credits: self.credits,
            cheaper,
        }
    }
}

/// Prices of another day may add up to more than any account can have.
fn sum(one: Credits, other: Credits) -> Credits {
    one.checked_add(other).unwrap_or(Credits::MAX)
}
