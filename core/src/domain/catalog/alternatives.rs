//! What a user can do instead of a request they cannot afford.
//!
//! It never invents a request: an alternative is the same one on another model, or with fewer
//! variations.

use std::fmt::Display;

use serde::{Deserialize, Serialize};

use super::{
    Catalog,
    generation::Generation,
    price::{Price, Priced},
    refusal::Parameter,
    terms::PriceTerms,
};
use crate::domain::{
    credits::Credits,
    ids::{ModelId, OptionId},
};

/// The most alternatives that an answer offers: more is no longer a choice.
pub const ALTERNATIVES_MAX: usize = 5;

/// A request that can be afforded in place of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alternative {
    /// The model that runs it.
    pub model: ModelId,
    /// What it costs.
    pub cost: Credits,
    /// What differs from the request.
    pub changed: Vec<ParameterChange>,
}

/// One difference between a request and an alternative.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterChange {
    /// Which parameter.
    pub parameter: Parameter,
    /// Its value in the request, with defaults filled in.
    pub from: String,
    /// Its value in the alternative.
    pub to: String,
}

impl Catalog {
    /// What costs at most `affordable` in place of the request: the same on other models, cheapest
    /// first, then the largest affordable number of variations on its own model. At most
    /// [`ALTERNATIVES_MAX`]; none for a request that has no price.
    pub fn alternatives(&self, generation: &Generation, affordable: Credits) -> Vec<Alternative> {
        let Ok(Priced::Cost(asked)) = self.price(generation) else {
            return Vec::new();
        };
        let fewer = fewer_variations(self, generation, &asked.terms, affordable);
        let mut others = self.on_other_models(generation, &asked.terms, affordable);
        others.truncate(ALTERNATIVES_MAX - usize::from(fewer.is_some()));
        others.extend(fewer);
        others
    }

    fn on_other_models(
        &self,
        generation: &Generation,
        asked: &PriceTerms,
        affordable: Credits,
    ) -> Vec<Alternative> {
        let others = self.elsewhere(generation, asked, affordable);
        let mut found: Vec<Alternative> = others.map(|price| instead(asked, &price)).collect();
        found.sort_by(|a, b| (a.cost, &a.model).cmp(&(b.cost, &b.model)));
        found
    }

    /// The same on the cheapest other model, if it costs at most `affordable` there.
    pub fn cheapest_elsewhere(
        &self,
        generation: &Generation,
        asked: &PriceTerms,
        affordable: Credits,
    ) -> Option<Alternative> {
        let others = self.elsewhere(generation, asked, affordable);
        let cheapest =
            others.min_by(|a, b| (a.cost, &a.terms.model).cmp(&(b.cost, &b.terms.model)))?;
        Some(instead(asked, &cheapest))
    }

    /// What the same costs on other models, where that is at most `affordable`.
    fn elsewhere(
        &self,
        generation: &Generation,
        asked: &PriceTerms,
        affordable: Credits,
    ) -> impl Iterator<Item = Price> {
        let others = self
            .models
            .iter()
            .filter(move |model| model.id != asked.model);
        others
            .filter_map(move |model| self.price_on(model, generation))
            .filter(move |price| price.cost <= affordable)
    }

    /// The request as an alternative to the one with the terms `asked`, if it costs at most
    /// `affordable`; none for one that has no price.
    pub fn alternative(
        &self,
        request: &Generation,
        asked: &PriceTerms,
        affordable: Credits,
    ) -> Option<Alternative> {
        let Ok(Priced::Cost(price)) = self.price(request) else {
            return None;
        };
        (price.cost <= affordable).then(|| instead(asked, &price))
    }
}

/// What a price is of, as an alternative to the request with the terms `asked`.
pub(in crate::domain) fn instead(asked: &PriceTerms, price: &Price) -> Alternative {
    Alternative {
        model: price.terms.model.clone(),
        cost: price.cost,
        changed: changes(asked, &price.terms),
    }
}

fn fewer_variations(
    catalog: &Catalog,
    generation: &Generation,
    asked: &PriceTerms,
    affordable: Credits,
) -> Option<Alternative> {
    let fits = asked.per_variation()?.floor_times_in(affordable)?;
    let fits = u32::try_from(fits).unwrap_or(u32::MAX);
    if fits >= asked.variations {
        return None;
    }
    let request = Generation {
        variations: fits,
        ..generation.clone()
    };
    catalog.alternative(&request, asked, affordable)
}

fn changes(asked: &PriceTerms, offered: &PriceTerms) -> Vec<ParameterChange> {
    let id = |option: &Option<(OptionId, _)>| option.as_ref().map(|(id, _)| id.clone());
    let changes = [
        change(Parameter::Model, Some(&asked.model), Some(&offered.model)),
        change(
            Parameter::Variations,
            Some(asked.variations),
            Some(offered.variations),
        ),
        change(Parameter::Seconds, asked.seconds, offered.seconds),
        change(
            Parameter::Resolution,
            id(&asked.resolution),
            id(&offered.resolution),
        ),
        change(Parameter::Quality, id(&asked.quality), id(&offered.quality)),
    ];
    changes.into_iter().flatten().collect()
}

/// None if there is no difference.
fn change<T: PartialEq + Display>(
    parameter: Parameter,
    from: Option<T>,
    to: Option<T>,
) -> Option<ParameterChange> {
    let text =
        |value: Option<T>| value.map_or_else(|| "none".to_owned(), |value| value.to_string());
    (from != to).then(|| ParameterChange {
        parameter,
        from: text(from),
        to: text(to),
    })
}
