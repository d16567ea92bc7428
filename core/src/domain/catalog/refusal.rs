//! Why a request has no price, with what would have one.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{ActionId, ModelId, OptionId};

/// The most models that a refusal lists: enough for any menu, and it keeps a stored refusal small.
pub const MODELS_LISTED_MAX: usize = 20;

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

/// Refuses a number outside a range.
pub(super) fn check_number(
    parameter: Parameter,
    given: u32,
    min: u32,
    max: u32,
) -> Result<(), PriceRefusal> {
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

/// A parameter that the action does not take on this model.
pub(super) fn not_taken(parameter: Parameter, given: u32) -> PriceRefusal {
    PriceRefusal::ParameterOutOfRange {
        parameter,
        given: given.to_string(),
        min: None,
        max: None,
        allowed: Vec::new(),
    }
}
