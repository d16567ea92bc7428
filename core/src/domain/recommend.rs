//! Choosing the right model: the models that can run one request, in an order that is stated.
//!
//! Owns the three orders and what is told of each model. A recommendation is the request exactly as
//! asked, but for its model: a model that can't run it so is left out, and nothing is invented.

use std::cmp::Reverse;

use super::{
    account::Account,
    catalog::{Catalog, Catalogs, Generation, Model, Price, Tier},
    credits::Credits,
    ids::{CatalogVersion, ModelId},
    time::Instant,
};

/// The most models that are recommended: a whole model picker.
pub const RECOMMENDATIONS_MAX: usize = 50;

/// The order of recommendations. Where it leaves two models equal, the cheaper one comes first, then the
/// more advanced, then the one whose id comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// What takes no large share of what is available, most advanced first; then what else can be
    /// afforded, cheapest first; then the rest, cheapest first. A share is large from the catalog's
    /// `large_share_percent` on, as in the advice on a spend.
    Balance,
    /// The most advanced first, whether it can be afforded or not.
    Quality,
    /// The cheapest first.
    Cost,
}

/// A model that can run the request.
#[derive(Clone, Debug, PartialEq)]
pub struct Recommendation {
    /// The model.
    pub model: ModelId,
    /// How advanced it is.
    pub tier: Tier,
    /// What the request costs on it, with all it was computed from.
    pub price: Price,
    /// How many of this request what is available pays for; none if it costs nothing.
    pub affordable_times: Option<i64>,
    /// What it costs more than on the cheapest model that can run it.
    pub costs_more_than_cheapest: Credits,
}

/// The models that can run a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Recommendations {
    /// The models, in the order asked for, at most [`RECOMMENDATIONS_MAX`].
    pub models: Vec<Recommendation>,
    /// The catalog version of the prices.
    pub catalog_version: CatalogVersion,
}

/// How often `cost` fits into `available`; none if it is 0.
pub fn times(available: Credits, cost: Credits) -> Option<i64> {
    available.get().checked_div(cost.get())
}

impl Account {
    /// The models on which a charge for `wanted` at `now` would be refused for nothing but credits. The
    /// model that it names does not count, nor what it makes again. None for an action that is free:
    /// there is nothing to choose by.
    pub fn recommend(
        &self,
        catalogs: &Catalogs,
        wanted: &Generation,
        sort: Sort,
        now: Instant,
    ) -> Recommendations {
        let published = catalogs.terms_at(now);
        let catalog = &published.catalog;
        let runs = |model: &Model| -> Option<(Tier, Price)> {
            let request = Generation {
                model: Some(model.id.clone()),
                regenerate_of: None,
                ..wanted.clone()
            };
            let price = self.admits(catalogs, &request, now).ok()??;
            Some((model.tier, price))
        };
        let mut found: Vec<(Tier, Price)> = catalog.models.iter().filter_map(runs).collect();
        let available = self.available();
        found.sort_by_cached_key(|(tier, price)| key(sort, catalog, available, *tier, price));
        let cheapest = found.iter().map(|(_, price)| price.cost).min();
        let cheapest = cheapest.unwrap_or_default();
        let told = |(tier, price): (Tier, Price)| Recommendation {
            model: price.terms.model.clone(),
            tier,
            affordable_times: times(available, price.cost),
            costs_more_than_cheapest: price.cost.saturating_sub(cheapest),
            price,
        };
        Recommendations {
            models: found
                .into_iter()
                .take(RECOMMENDATIONS_MAX)
                .map(told)
                .collect(),
            catalog_version: published.version,
        }
    }
}

/// What is compared in turn: the group, how advanced it is where that counts first, the cost, how
/// advanced it is, the id.
type Key = (u8, Option<Reverse<Tier>>, Credits, Reverse<Tier>, ModelId);

fn key(sort: Sort, catalog: &Catalog, available: Credits, tier: Tier, price: &Price) -> Key {
    let best = Some(Reverse(tier));
    let (group, first) = match sort {
        Sort::Cost => (0, None),
        Sort::Quality => (0, best),
        Sort::Balance if price.cost > available => (2, None),
        Sort::Balance if is_large(catalog, available, price.cost) => (1, None),
        Sort::Balance => (0, best),
    };
    let model = price.terms.model.clone();
    (group, first, price.cost, Reverse(tier), model)
}

/// Whether a cost that can be afforded takes a share of what is available that is told as large.
fn is_large(catalog: &Catalog, available: Credits, cost: Credits) -> bool {
    let threshold = i128::from(catalog.advice.large_share_percent);
    let share = i128::from(cost.get()) * 100;
    !cost.is_zero() && share >= threshold * i128::from(available.get())
}
