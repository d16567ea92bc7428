//! Prices: how a cost came about, and what would cost less.

use async_graphql::{Enum, ID, SimpleObject};
use credits_core::domain::catalog as domain;

use super::scalar::Credits;

/// One step of a price, as a receipt shows it.
#[derive(Clone, SimpleObject)]
pub struct PriceLine {
    /// Which step it is.
    pub kind: PriceLineKind,
    /// What it is, in words for people.
    pub label: String,
    /// What the price is multiplied by, as an exact decimal, or as a fraction such as `1/3` where
    /// there is none; null for rounding up.
    pub factor: Option<String>,
    /// The price after this step, in credits, written as `factor` is.
    pub amount: String,
}

/// The steps of a price, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "credits_core::domain::catalog::PriceLineKind")]
pub enum PriceLineKind {
    /// The credits for one result or one second.
    UnitPrice,
    /// Times the number of results.
    Variations,
    /// Times the seconds of each result, where the price is per second.
    Seconds,
    /// Times the factor of the resolution.
    Resolution,
    /// Times the factor of the quality.
    Quality,
    /// Up to the next whole credit, once per charge; left out where nothing is to be rounded.
    RoundedUp,
}

impl From<domain::PriceLine> for PriceLine {
    fn from(line: domain::PriceLine) -> PriceLine {
        PriceLine {
            kind: line.kind.into(),
            label: line.label,
            factor: line.factor.map(|factor| factor.to_string()),
            amount: line.amount.to_string(),
        }
    }
}

/// The same request on another model, or with fewer variations, that the account can afford.
#[derive(Clone, SimpleObject)]
pub struct Alternative {
    /// The model that would run it, by its catalog id.
    pub model: ID,
    /// What it would cost, in credits.
    pub cost: Credits,
    /// What differs from the request; never empty.
    pub changed: Vec<ParameterChange>,
}

/// One difference between a request and its alternative.
#[derive(Clone, SimpleObject)]
pub struct ParameterChange {
    /// Which parameter differs.
    pub parameter: GenerationParameter,
    /// Its value in the request, with defaults filled in; `none` where the model takes none.
    pub from: String,
    /// Its value in the alternative, written as `from` is.
    pub to: String,
}

/// A parameter of a generation that a price depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "credits_core::domain::catalog::Parameter")]
pub enum GenerationParameter {
    /// The model that runs it.
    Model,
    /// How many results there are.
    Variations,
    /// How many seconds each result has.
    Seconds,
    /// The resolution.
    Resolution,
    /// The quality.
    Quality,
}

impl From<&domain::Alternative> for Alternative {
    fn from(alternative: &domain::Alternative) -> Alternative {
        let change = |change: &domain::ParameterChange| ParameterChange {
            parameter: change.parameter.into(),
            from: change.from.clone(),
            to: change.to.clone(),
        };
        Alternative {
            model: ID::from(alternative.model.as_str()),
            cost: alternative.cost.into(),
            changed: alternative.changed.iter().map(change).collect(),
        }
    }
}
