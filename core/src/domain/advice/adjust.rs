//! Small adjustments: the same request, changed in one thing, that costs less.
//!
//! Each is priced by the catalog in force. It never invents a request that the catalog would refuse.

use crate::domain::{
    catalog::{Alternative, Catalog, Generation, Price, instead},
    credits::Credits,
};

/// The same on the cheapest other model that costs less.
pub(super) fn cheaper_model(
    catalog: &Catalog,
    generation: &Generation,
    price: &Price,
) -> Option<Alternative> {
    catalog.cheapest_elsewhere(generation, &price.terms, below(price)?)
}

/// The same as it is priced elsewhere, if it costs less there.
pub(super) fn there(price: &Price, there: &Price) -> Option<Alternative> {
    (there.cost < price.cost).then(|| instead(&price.terms, there))
}

/// The same with the fewest results that the model makes.
pub(super) fn one_variation(
    catalog: &Catalog,
    generation: &Generation,
    price: &Price,
) -> Option<Alternative> {
    let offer = catalog
        .model(&price.terms.model)?
        .action(&price.terms.action)?;
    let request = Generation {
        variations: offer.variations.min,
        ..generation.clone()
    };
    cheaper(catalog, &request, price)
}

/// The same at the shortest length that the model makes.
pub(super) fn shorter(
    catalog: &Catalog,
    generation: &Generation,
    price: &Price,
) -> Option<Alternative> {
    let offer = catalog
        .model(&price.terms.model)?
        .action(&price.terms.action)?;
    let request = Generation {
        seconds: Some(offer.seconds?.min),
        ..generation.clone()
    };
    cheaper(catalog, &request, price)
}

fn cheaper(catalog: &Catalog, request: &Generation, price: &Price) -> Option<Alternative> {
    catalog.alternative(request, &price.terms, below(price)?)
}

/// The most that something cheaper can cost; none for what costs nothing.
fn below(price: &Price) -> Option<Credits> {
    Credits::new(price.cost.get() - 1).ok()
}
