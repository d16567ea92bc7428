//! Where a catalog breaks what users are told to expect "in general".
//!
//! The specification says that images use fewer credits than videos and that more advanced models
//! may use more. A product may have its reasons, so these are warnings: both sides with numbers.
//! Requests are compared as they cost with every default, before rounding.

use std::collections::HashMap;

use super::{
    Catalog,
    action::{Action, Produces},
    finding::CatalogRule,
    generation::Generation,
    model::{Model, ModelAction},
    price,
    ratio::Ratio,
};
use crate::domain::ids::ActionId;

/// A warning about one place of a catalog.
pub(super) struct Warning {
    pub(super) about: About,
    pub(super) rule: CatalogRule,
    pub(super) message: String,
}

/// Places, by their position in the catalog's lists.
pub(super) enum About {
    /// An action.
    Action(usize),
    /// A model's price for an action.
    Price {
        /// The model.
        model: usize,
        /// The action in the model's list.
        action: usize,
    },
}

pub(super) fn warnings(catalog: &Catalog) -> Vec<Warning> {
    let offers = offers(catalog);
    let mut warnings = actions_without_model(catalog);
    warnings.extend(videos_as_cheap_as_images(&offers));
    warnings.extend(advanced_and_cheaper(&offers));
    warnings
}

/// A model's action with what one result costs by default.
struct Offer<'a> {
    about: (usize, usize),
    action: &'a Action,
    model: &'a Model,
    cost: Ratio,
}

impl Offer<'_> {
    fn about(&self) -> About {
        let (model, action) = self.about;
        About::Price { model, action }
    }
}

fn offers(catalog: &Catalog) -> Vec<Offer<'_>> {
    let mut offers = Vec::new();
    for (model_index, model) in catalog.models.iter().enumerate() {
        for (index, offer) in model.actions.iter().enumerate() {
            if let Some(action) = catalog.action(&offer.action)
                && let Some(cost) = default_cost(action, model, offer)
            {
                offers.push(Offer {
                    about: (model_index, index),
                    action,
                    model,
                    cost,
                });
            }
        }
    }
    offers
}

fn default_cost(action: &Action, model: &Model, offer: &ModelAction) -> Option<Ratio> {
    let request = Generation {
        variations: offer.variations.min,
        ..Generation::of(action.id.clone(), Some(model.id.clone()))
    };
    price::terms(action, model, offer, &request)
        .ok()?
        .per_variation()
}

fn actions_without_model(catalog: &Catalog) -> Vec<Warning> {
    let offered = |action: &Action| {
        catalog
            .models
            .iter()
            .any(|model| model.action(&action.id).is_some())
    };
    let actions = catalog.actions.iter().enumerate();
    actions
        .filter(|(_, action)| !action.produces.is_free() && !offered(action))
        .map(|(index, action)| Warning {
            about: About::Action(index),
            rule: CatalogRule::ActionWithoutModel,
            message: format!("no model can run `{}`", action.id),
        })
        .collect()
}

/// "Image generation uses fewer credits than video generation."
fn videos_as_cheap_as_images(offers: &[Offer<'_>]) -> Vec<Warning> {
    let of = |produces| {
        offers
            .iter()
            .filter(move |offer| offer.action.produces == produces)
    };
    let Some(image) = of(Produces::Image).max_by_key(|offer| offer.cost) else {
        return Vec::new();
    };
    of(Produces::Video)
        .filter(|video| video.cost <= image.cost)
        .map(|video| Warning {
            about: video.about(),
            rule: CatalogRule::ImageDearerThanVideo,
            message: format!(
                "in general a video uses more credits than an image, but `{}` on `{}` costs {} and \
                 the image of `{}` on `{}` costs {}",
                video.action.id,
                video.model.id,
                video.cost,
                image.action.id,
                image.model.id,
                image.cost,
            ),
        })
        .collect()
}

/// "More advanced models may consume more credits per generation": not fewer than a simpler one.
fn advanced_and_cheaper(offers: &[Offer<'_>]) -> Vec<Warning> {
    let mut by_action: HashMap<&ActionId, Vec<&Offer<'_>>> = HashMap::new();
    for offer in offers {
        by_action.entry(&offer.action.id).or_default().push(offer);
    }
    let mut warnings = Vec::new();
    for offer in offers {
        let simpler = by_action[&offer.action.id]
            .iter()
            .filter(|other| other.model.tier < offer.model.tier)
            .max_by_key(|other| other.cost);
        if let Some(simpler) = simpler
            && offer.cost < simpler.cost
        {
            warnings.push(Warning {
                about: offer.about(),
                rule: CatalogRule::AdvancedCheaper,
                message: format!(
                    "in general a more advanced model uses more credits, but `{}` costs {} on the {} \
                     model `{}` and {} on the {} model `{}`",
                    offer.action.id,
                    offer.cost,
                    offer.model.tier.word(),
                    offer.model.id,
                    simpler.cost,
                    simpler.model.tier.word(),
                    simpler.model.id,
                ),
            });
        }
    }
    warnings
}
