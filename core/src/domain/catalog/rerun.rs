//! What something that ran would cost by another catalog, and the least that anything costs.
//!
//! Owns how a recorded run is asked for again. It never invents a request: where the catalog has no
//! price for that very run, there is none.

use super::{
    Catalog,
    generation::{ActualRun, Generation},
    model::{ModelAction, PriceOption},
    price::Priced,
    terms::PriceTerms,
};
use crate::domain::{
    catalog::ratio::Ratio,
    credits::Credits,
    ids::{ModelId, OptionId},
};

/// What a run costs on its own model and on the cheapest other one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheaperAgain {
    /// The other model.
    pub model: ModelId,
    /// What it costs on its own model.
    pub here: Credits,
    /// What it costs on the other one.
    pub there: Credits,
}

impl Catalog {
    /// What the run with these terms costs on `model` by this catalog; none if that model can't run
    /// it. What ran of a request may be less than the model's smallest.
    ///
    /// An option that is the default of `own`, the offer it ran by, may never have been asked for: where
    /// the model does not offer it, it is left to the model. Any other option must be offered.
    pub fn price_again(
        &self,
        ran: &PriceTerms,
        own: Option<&ModelAction>,
        model: &ModelId,
    ) -> Option<Credits> {
        let offer = self.model(model)?.action(&ran.action)?;
        let seconds = match (ran.seconds, offer.seconds) {
            (Some(seconds), Some(range)) => Some(seconds.max(range.min)),
            (None, None) => None,
            // Another length, or none, would be another request.
            (Some(_), None) | (None, Some(_)) => return None,
        };
        let request = Generation {
            variations: ran.variations.max(offer.variations.min),
            seconds,
            resolution: asked_again(
                ran.resolution.as_ref(),
                own.and_then(|own| own.default_resolution.as_ref()),
                &offer.resolutions,
            ),
            quality: asked_again(
                ran.quality.as_ref(),
                own.and_then(|own| own.default_quality.as_ref()),
                &offer.qualities,
            ),
            ..Generation::of(ran.action.clone(), Some(model.clone()))
        };
        let Ok(Priced::Cost(price)) = self.price(&request) else {
            return None;
        };
        let ran = ActualRun {
            variations: Some(ran.variations),
            seconds: ran.seconds,
        };
        price.terms.reprice(&ran).ok().map(|price| price.cost)
    }

    /// The other model that runs the very same for least, if that is less than on its own model by this
    /// catalog.
    pub fn cheaper_again(
        &self,
        ran: &PriceTerms,
        own: Option<&ModelAction>,
    ) -> Option<CheaperAgain> {
        let here = self.price_again(ran, own, &ran.model)?;
        let others = self.models.iter().filter(|model| model.id != ran.model);
        let priced = others.filter_map(|model| {
            let cost = self.price_again(ran, own, &model.id)?;
            (cost < here).then_some((cost, &model.id))
        });
        let (there, model) = priced.min()?;
        Some(CheaperAgain {
            model: model.clone(),
            here,
            there,
        })
    }

    /// The least that any request costs which costs something; none if all is free.
    pub fn cheapest(&self) -> Option<Credits> {
        let actions = self.models.iter().flat_map(|model| {
            let offers = model.actions.iter();
            offers.filter_map(|offer| self.cheapest_of(&model.id, offer))
        });
        actions.filter(|cost| !cost.is_zero()).min()
    }

    fn cheapest_of(&self, model: &ModelId, offer: &ModelAction) -> Option<Credits> {
        let lowest = |options: &[PriceOption]| {
            let least = options.iter().min_by_key(|option| option.factor);
            least.map(|option| option.id.clone())
        };
        let request = Generation {
            variations: offer.variations.min,
            seconds: offer.seconds.map(|range| range.min),
            resolution: lowest(&offer.resolutions),
            quality: lowest(&offer.qualities),
            ..Generation::of(offer.action.clone(), Some(model.clone()))
        };
        self.price(&request).ok().map(|priced| priced.cost())
    }
}

/// The option to ask for again: what ran, or nothing where that was a default that is not offered.
fn asked_again(
    ran: Option<&(OptionId, Ratio)>,
    default: Option<&OptionId>,
    offered: &[PriceOption],
) -> Option<OptionId> {
    let (id, _) = ran?;
    let is_offered = offered.iter().any(|option| option.id == *id);
    (is_offered || default != Some(id)).then(|| id.clone())
}
