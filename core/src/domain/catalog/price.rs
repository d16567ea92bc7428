//! What a request costs: one product of exact factors, rounded up once, at the end.
//!
//! Owns [`Catalog::price`] and [`Catalog::price_on`], which judge a request by the catalog alone. It never looks
//! at an account.

use serde::{Deserialize, Serialize};

use super::{
    Catalog,
    action::Action,
    generation::Generation,
    model::{Model, ModelAction, PriceOption, PriceUnit},
    ratio::Ratio,
    refusal::{MODELS_LISTED_MAX, Parameter, PriceRefusal, check_number, not_taken},
    terms::PriceTerms,
};
use crate::domain::{
    credits::Credits,
    ids::{ActionId, ModelId, OptionId},
};

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

impl Catalog {
    /// Whether a request makes text, which is unlimited whatever else it says.
    pub fn is_free(&self, generation: &Generation) -> bool {
        let action = self.action(&generation.action);
        action.is_some_and(|action| action.produces.is_free())
    }

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
        priced(action, model, offer, generation).map(Priced::Cost)
    }

    /// The price of a request on `model`, whatever model it names itself; none if that would be free or
    /// refused.
    pub fn price_on(&self, model: &Model, generation: &Generation) -> Option<Price> {
        let action = self.action(&generation.action)?;
        if action.produces.is_free() {
            return None;
        }
        let offer = model.action(&action.id)?;
        priced(action, model, offer, generation).ok()
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

fn priced(
    action: &Action,
    model: &Model,
    offer: &ModelAction,
    generation: &Generation,
) -> Result<Price, PriceRefusal> {
    terms(action, model, offer, generation)?.price()
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
        seconds: seconds(offer, generation.seconds)?,
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
