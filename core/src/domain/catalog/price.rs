//! What a request costs: one product of exact factors, rounded up once, at the end.
//!
//! Owns [`Catalog::price`] and the terms that a hold pins, so that what really ran is priced later
//! without the catalog. It never looks at an account.

use serde::{Deserialize, Serialize};

use super::{
    Catalog,
    action::{Action, Produces},
    generation::{ActualRun, Generation},
    model::{Model, ModelAction, PriceOption, PriceUnit},
    ratio::Ratio,
};
use crate::domain::{
    credits::Credits,
    ids::{ActionId, ModelId, OptionId},
};

/// The most models that a refusal lists: enough for any menu, and it keeps a stored refusal small.
pub const MODELS_LISTED_MAX: usize = 20;

/// The answer to "what does it cost?".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Priced {
    /// The action produces text: no credits, no cap.
    Free,
    /// The credits it uses.
    Cost(Price),
}

impl Priced {
    /// The credits, 0 if free.
    pub fn cost(&self) -> Credits {
        match self {
            Priced::Free => Credits::ZERO,
            Priced::Cost(price) => price.cost,
        }
    }
}

/// A cost and how it came about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// The whole credits.
    pub cost: Credits,
    /// What they were computed from.
    pub terms: PriceTerms,
}

/// Everything a price was computed from, defaults filled in: a smaller run of the same request can
/// be priced from it years later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceTerms {
    /// The model.
    pub model: ModelId,
    /// The action.
    pub action: ActionId,
    /// What the action makes.
    pub produces: Produces,
    /// What the unit price is for.
    pub unit: PriceUnit,
    /// Credits for one unit.
    pub unit_price: Ratio,
    /// How many results.
    pub variations: u32,
    /// The most results the model makes in one request.
    pub variations_max: u32,
    /// How long each is, if it has a length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
    /// The longest result the model makes, if it has a length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_max: Option<u32>,
    /// The resolution and its factor, if the model offers any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<(OptionId, Ratio)>,
    /// The quality and its factor, if the model offers any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<(OptionId, Ratio)>,
}

/// One step of a price, as a receipt shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceLine {
    /// Which step.
    pub kind: PriceLineKind,
    /// What it is, in words.
    pub label: String,
    /// What it multiplies by; `None` for rounding up.
    pub factor: Option<Ratio>,
    /// The product so far, in credits.
    pub amount: Ratio,
}

/// The steps of a price, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PriceLineKind {
    /// The credits for one unit.
    UnitPrice,
    /// Times the results.
    Variations,
    /// Times the seconds, on a price per second.
    Seconds,
    /// Times the resolution's factor.
    Resolution,
    /// Times the quality's factor.
    Quality,
    /// Up to the next whole credit, if the product is not whole.
    RoundedUp,
}

/// A parameter of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Parameter {
    /// What runs it.
    Model,
    /// How many results.
    Variations,
    /// How long each is.
    Seconds,
    /// The resolution.
    Resolution,
    /// The quality.
    Quality,
}

/// Why a request has no price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "rule", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PriceRefusal {
    /// The model is not in the catalog, or none was named and one is needed.
    #[error("the model is not in the catalog")]
    ModelUnknown {
        /// The model as asked for.
        model: Option<ModelId>,
        /// Models that offer the action, at most [`MODELS_LISTED_MAX`].
        known: Vec<ModelId>,
    },
    /// The action is not in the catalog.
    #[error("the action `{action}` is not in the catalog")]
    ActionUnknown {
        /// The action as asked for.
        action: ActionId,
    },
    /// The model has no price for the action, so it cannot run it.
    #[error("the model `{model}` does not offer the action `{action}`")]
    ActionNotOffered {
        /// The model as asked for.
        model: ModelId,
        /// The action as asked for.
        action: ActionId,
        /// Models that offer it, at most [`MODELS_LISTED_MAX`].
        offered_by: Vec<ModelId>,
    },
    /// A parameter is out of the model's range, or the action does not take it.
    #[error("{parameter:?} of {given} is out of range")]
    ParameterOutOfRange {
        /// Which.
        parameter: Parameter,
        /// The value as asked for.
        given: String,
        /// The smallest number; `None` with no `allowed` if the action takes no such parameter.
        min: Option<i64>,
        /// The largest number.
        max: Option<i64>,
        /// The options there are, for a resolution or quality.
        allowed: Vec<OptionId>,
    },
    /// The cost is above what credits can hold. A catalog in which this can happen is refused, so
    /// it means that terms were made elsewhere.
    #[error("the cost is above what an account can hold")]
    CostTooLarge,
}

impl Catalog {
    /// The price of a request, judged by the catalog alone: text is free whatever else the request
    /// says; then model, action and parameters are checked in that order.
    pub fn price(&self, generation: &Generation) -> Result<Priced, PriceRefusal> {
        let action = self.action(&generation.action);
        if action.is_some_and(|action| action.produces.is_free()) {
            return Ok(Priced::Free);
        }
        let model = match &generation.model {
            Some(id) => Some(
                self.model(id)
                    .ok_or_else(|| self.model_unknown(generation))?,
            ),
            None => None,
        };
        let action = action.ok_or_else(|| PriceRefusal::ActionUnknown {
            action: generation.action.clone(),
        })?;
        let model = model.ok_or_else(|| self.model_unknown(generation))?;
        let offer = model
            .action(&action.id)
            .ok_or_else(|| PriceRefusal::ActionNotOffered {
                model: model.id.clone(),
                action: action.id.clone(),
                offered_by: self.models_offering(&action.id),
            })?;
        terms(action, model, offer, generation)?
            .price()
            .map(Priced::Cost)
    }

    fn model_unknown(&self, generation: &Generation) -> PriceRefusal {
        PriceRefusal::ModelUnknown {
            model: generation.model.clone(),
            known: self.models_offering(&generation.action),
        }
    }

    fn models_offering(&self, action: &ActionId) -> Vec<ModelId> {
        self.models
            .iter()
            .filter(|model| model.action(action).is_some())
            .map(|model| model.id.clone())
            .take(MODELS_LISTED_MAX)
            .collect()
    }
}

impl PriceTerms {
    /// The cost: the product of all factors, rounded up once.
    pub fn cost(&self) -> Result<Credits, PriceRefusal> {
        self.factors()
            .into_iter()
            .try_fold(Ratio::ONE, |product, (_, factor)| {
                product.checked_mul(factor)
            })
            .and_then(Ratio::ceil_credits)
            .ok_or(PriceRefusal::CostTooLarge)
    }

    /// The cost together with these terms.
    pub fn price(self) -> Result<Price, PriceRefusal> {
        Ok(Price {
            cost: self.cost()?,
            terms: self,
        })
    }

    /// The price of what really ran, at these terms. A run may be below the model's smallest
    /// request (part of it failed) but not above its largest.
    pub fn reprice(&self, actual: &ActualRun) -> Result<Price, PriceRefusal> {
        let mut terms = self.clone();
        if let Some(variations) = actual.variations {
            check_number(Parameter::Variations, variations, 1, self.variations_max)?;
            terms.variations = variations;
        }
        if let Some(seconds) = actual.seconds {
            let max = self
                .seconds_max
                .ok_or_else(|| not_taken(Parameter::Seconds, seconds))?;
            check_number(Parameter::Seconds, seconds, 1, max)?;
            terms.seconds = Some(seconds);
        }
        terms.price()
    }

    /// The steps of the price, each with the product so far. Terms that a catalog priced never
    /// overflow; others give the lines up to where they do.
    pub fn lines(&self) -> Vec<PriceLine> {
        let mut product = Ratio::ONE;
        let mut lines = Vec::new();
        for (kind, factor) in self.factors() {
            let Some(amount) = product.checked_mul(factor) else {
                return lines;
            };
            product = amount;
            lines.push(PriceLine {
                kind,
                label: self.label(kind),
                factor: Some(factor),
                amount,
            });
        }
        if let (false, Some(cost)) = (product.is_whole(), product.ceil_credits()) {
            lines.push(PriceLine {
                kind: PriceLineKind::RoundedUp,
                label: self.label(PriceLineKind::RoundedUp),
                factor: None,
                amount: Ratio::from(cost),
            });
        }
        lines
    }

    /// What one result costs before rounding, or `None` if it cannot be kept exactly.
    pub(super) fn per_variation(&self) -> Option<Ratio> {
        self.factors()
            .into_iter()
            .filter(|(kind, _)| *kind != PriceLineKind::Variations)
            .try_fold(Ratio::ONE, |product, (_, factor)| {
                product.checked_mul(factor)
            })
    }

    fn factors(&self) -> Vec<(PriceLineKind, Ratio)> {
        let mut factors = vec![
            (PriceLineKind::UnitPrice, self.unit_price),
            (PriceLineKind::Variations, Ratio::whole(self.variations)),
        ];
        match (self.unit, self.seconds) {
            (PriceUnit::PerSecond, Some(seconds)) => {
                factors.push((PriceLineKind::Seconds, Ratio::whole(seconds)));
            }
            (PriceUnit::PerSecond, None) | (PriceUnit::PerResult, _) => {}
        }
        if let Some((_, factor)) = &self.resolution {
            factors.push((PriceLineKind::Resolution, *factor));
        }
        if let Some((_, factor)) = &self.quality {
            factors.push((PriceLineKind::Quality, *factor));
        }
        factors
    }

    fn label(&self, kind: PriceLineKind) -> String {
        let option = |option: &Option<(OptionId, Ratio)>| match option {
            Some((id, _)) => id.to_string(),
            None => String::new(),
        };
        match (kind, self.unit) {
            (PriceLineKind::UnitPrice, PriceUnit::PerResult) => {
                format!(
                    "{} on {}, per {}",
                    self.action,
                    self.model,
                    self.produces.word()
                )
            }
            (PriceLineKind::UnitPrice, PriceUnit::PerSecond) => {
                format!("{} on {}, per second", self.action, self.model)
            }
            (PriceLineKind::Variations, _) => "Variations".to_owned(),
            (PriceLineKind::Seconds, _) => "Seconds".to_owned(),
            (PriceLineKind::Resolution, _) => format!("Resolution {}", option(&self.resolution)),
            (PriceLineKind::Quality, _) => format!("Quality {}", option(&self.quality)),
            (PriceLineKind::RoundedUp, _) => "Rounded up to whole credits".to_owned(),
        }
    }
}

/// The terms of a request on one model, parameters checked and defaults filled in.
pub(super) fn terms(
    action: &Action,
    model: &Model,
    offer: &ModelAction,
    generation: &Generation,
) -> Result<PriceTerms, PriceRefusal> {
    let variations = offer.variations;
    check_number(
        Parameter::Variations,
        generation.variations,
        variations.min,
        variations.max,
    )?;
    Ok(PriceTerms {
        model: model.id.clone(),
        action: action.id.clone(),
        produces: action.produces,
        unit: offer.unit,
        unit_price: offer.price,
        variations: generation.variations,
        variations_max: variations.max,
        seconds: seconds(offer, generation.seconds)?,
        seconds_max: offer.seconds.map(|range| range.max),
        resolution: option(
            Parameter::Resolution,
            &offer.resolutions,
            generation
                .resolution
                .as_ref()
                .or(offer.default_resolution.as_ref()),
        )?,
        quality: option(
            Parameter::Quality,
            &offer.qualities,
            generation
                .quality
                .as_ref()
                .or(offer.default_quality.as_ref()),
        )?,
    })
}

/// The cost of the largest request of an offer; `None` if it is more than credits can hold or if any
/// request of the offer could have a product that is not kept exactly.
///
/// The second is judged by the largest numerator times the largest denominators there are, which
/// bounds every product and every part of one, whatever can be reduced.
pub(super) fn largest_cost(offer: &ModelAction) -> Option<Credits> {
    let seconds = match (offer.unit, offer.seconds) {
        (PriceUnit::PerSecond, Some(range)) => range.max,
        (PriceUnit::PerSecond, None) | (PriceUnit::PerResult, _) => 1,
    };
    let largest = |options: &[PriceOption], part: fn(Ratio) -> i64| {
        options
            .iter()
            .map(|option| part(option.factor))
            .max()
            .unwrap_or(1)
            .max(1)
    };
    let bound = |price: i64, part: fn(Ratio) -> i64| {
        price
            .max(1)
            .checked_mul(largest(&offer.resolutions, part))?
            .checked_mul(largest(&offer.qualities, part))
    };
    bound(offer.price.numerator(), Ratio::numerator)?
        .checked_mul(i64::from(offer.variations.max))?
        .checked_mul(i64::from(seconds))?;
    bound(offer.price.denominator(), Ratio::denominator)?;
    let factor = |options: &[PriceOption]| options.iter().map(|option| option.factor).max();
    offer
        .price
        .checked_mul(Ratio::whole(offer.variations.max))?
        .checked_mul(Ratio::whole(seconds))?
        .checked_mul(factor(&offer.resolutions).unwrap_or(Ratio::ONE))?
        .checked_mul(factor(&offer.qualities).unwrap_or(Ratio::ONE))?
        .ceil_credits()
}

fn seconds(offer: &ModelAction, given: Option<u32>) -> Result<Option<u32>, PriceRefusal> {
    match (offer.seconds, given) {
        (Some(range), Some(given)) => {
            check_number(Parameter::Seconds, given, range.min, range.max)?;
            Ok(Some(given))
        }
        (Some(range), None) => Ok(Some(range.default)),
        (None, Some(given)) => Err(not_taken(Parameter::Seconds, given)),
        (None, None) => Ok(None),
    }
}

fn option(
    parameter: Parameter,
    options: &[PriceOption],
    wanted: Option<&OptionId>,
) -> Result<Option<(OptionId, Ratio)>, PriceRefusal> {
    let Some(wanted) = wanted else {
        return Ok(None);
    };
    match options.iter().find(|option| option.id == *wanted) {
        Some(option) => Ok(Some((option.id.clone(), option.factor))),
        None => Err(PriceRefusal::ParameterOutOfRange {
            parameter,
            given: wanted.to_string(),
            min: None,
            max: None,
            allowed: options.iter().map(|option| option.id.clone()).collect(),
        }),
    }
}

fn check_number(parameter: Parameter, given: u32, min: u32, max: u32) -> Result<(), PriceRefusal> {
    if (min..=max).contains(&given) {
        return Ok(());
    }
    Err(PriceRefusal::ParameterOutOfRange {
        parameter,
        given: given.to_string(),
        min: Some(i64::from(min)),
        max: Some(i64::from(max)),
        allowed: Vec::new(),
    })
}

fn not_taken(parameter: Parameter, given: u32) -> PriceRefusal {
    PriceRefusal::ParameterOutOfRange {
        parameter,
        given: given.to_string(),
        min: None,
        max: None,
        allowed: Vec::new(),
    }
}
