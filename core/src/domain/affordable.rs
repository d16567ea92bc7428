//! What can I make: what is available, told in results instead of credits.
//!
//! Owns which request stands for each model and action (the account's usual one, or the catalog's
//! defaults) and until when the answer holds. It looks at what is available now and at nothing that will
//! come.

use super::{
    account::Account,
    catalog::{Catalog, Catalogs, Generation, Model, ModelAction, Price, PriceTerms},
    ids::OptionId,
    recommend::times,
    time::Instant,
};

/// The most models and actions that are told of: more than a page would show.
pub const AFFORDABLE_MAX: usize = 100;

/// Where the parameters of a request come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The account's last charge for that action of that model.
    Usual,
    /// The catalog.
    Default,
}

/// How many of one request the account can make.
#[derive(Clone, Debug, PartialEq)]
pub struct Affordable {
    /// What one costs, with the model, the action and the parameters.
    pub price: Price,
    /// Where the parameters come from.
    pub basis: Basis,
    /// How many what is available pays for; none if one costs nothing.
    pub count: Option<i64>,
}

/// Until when what is available stays as it is by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// The plan renews.
    Renewal(Instant),
    /// Some of it ends, with no renewal then.
    Expiry(Instant),
}

impl Account {
    /// How many of its usual request the account can make of each action of each model at `now`, in the
    /// catalog's order; `charges` are the terms of its last charges, the newest first. What would be
    /// refused for anything but credits is left out, and so is what makes text: that is unlimited.
    pub fn affordable(
        &self,
        catalogs: &Catalogs,
        charges: &[PriceTerms],
        now: Instant,
    ) -> Vec<Affordable> {
        let catalog = &catalogs.terms_at(now).catalog;
        let available = self.available();
        offers(catalog)
            .filter_map(|(model, offer)| {
                let admitted = |request: &Generation| self.admits(catalogs, request, now).ok()?;
                let last = charges
                    .iter()
                    .find(|terms| terms.model == model.id && terms.action == offer.action);
                let usual = last.and_then(|terms| admitted(&again(terms)));
                let (price, basis) = match usual {
                    Some(price) => (price, Basis::Usual),
                    None => (admitted(&default(model, offer))?, Basis::Default),
                };
                Some(Affordable {
                    count: times(available, price.cost),
                    price,
                    basis,
                })
            })
            .take(AFFORDABLE_MAX)
            .collect()
    }

    /// Until when that holds if nothing is spent or bought: the next renewal, or the next end of credits
    /// that can be used, whichever is first; none if neither will come.
    pub fn affordable_until(&self) -> Option<Until> {
        let renewal = self
            .subscription
            .as_ref()
            .filter(|subscription| subscription.renews())
            .map(|subscription| subscription.period_end());
        let left = self.live_lots().filter(|lot| !lot.remaining.is_zero());
        let expiry = left.filter_map(|lot| lot.terms.expires_at).min();
        match (renewal, expiry) {
            (Some(renewal), Some(expiry)) if expiry < renewal => Some(Until::Expiry(expiry)),
            (Some(renewal), _) => Some(Until::Renewal(renewal)),
            (None, expiry) => expiry.map(Until::Expiry),
        }
    }
}

/// Every action of every model.
fn offers(catalog: &Catalog) -> impl Iterator<Item = (&Model, &ModelAction)> {
    catalog
        .models
        .iter()
        .flat_map(|model| model.actions.iter().map(move |offer| (model, offer)))
}

/// The request of a charge, to be made again.
fn again(terms: &PriceTerms) -> Generation {
    let id = |option: &Option<(OptionId, _)>| option.as_ref().map(|(id, _)| id.clone());
    Generation {
        variations: terms.variations,
        seconds: terms.seconds,
        resolution: id(&terms.resolution),
        quality: id(&terms.quality),
        ..Generation::of(terms.action.clone(), Some(terms.model.clone()))
    }
}

/// The smallest request of an offer, with the catalog's defaults.
fn default(model: &Model, offer: &ModelAction) -> Generation {
    Generation {
        variations: offer.variations.min,
        ..Generation::of(offer.action.clone(), Some(model.id.clone()))
    }
}
