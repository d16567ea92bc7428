//! What runs a request, and what it costs there.

use serde::{Deserialize, Serialize};

use super::ratio::Ratio;
use crate::domain::ids::{ActionId, ModelId, OptionId};

/// A generative model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Its name in requests.
    pub id: ModelId,
    /// Its name for people.
    pub name: String,
    /// What it is good at, for people; may be empty.
    pub description: String,
    /// How advanced it is.
    pub tier: Tier,
    /// What it can run, each with its price. An action that is not listed cannot be run by it.
    pub actions: Vec<ModelAction>,
}

impl Model {
    /// Its terms for an action, if it can run it.
    pub fn action(&self, action: &ActionId) -> Option<&ModelAction> {
        self.actions.iter().find(|offer| offer.action == *action)
    }
}

/// How advanced a model is; "more advanced models may consume more credits".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Tier {
    /// Quick and cheap.
    Basic,
    /// The usual choice.
    Standard,
    /// The best results.
    Advanced,
}

impl Tier {
    /// The word for it in a catalog file.
    pub const fn word(self) -> &'static str {
        match self {
            Tier::Basic => "basic",
            Tier::Standard => "standard",
            Tier::Advanced => "advanced",
        }
    }
}

/// One action of one model: its price and the parameters it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelAction {
    /// The action.
    pub action: ActionId,
    /// What the price is for.
    pub unit: PriceUnit,
    /// Credits for one unit; above 0 for images and videos.
    pub price: Ratio,
    /// How many results one request may ask for.
    pub variations: IntRange,
    /// How long a result may be; `None` if it has no length.
    pub seconds: Option<SecondsRange>,
    /// The resolutions it offers; empty if the request takes none.
    pub resolutions: Vec<PriceOption>,
    /// The qualities it offers; empty if the request takes none.
    pub qualities: Vec<PriceOption>,
    /// The resolution of a request that names none; set exactly if it offers any.
    pub default_resolution: Option<OptionId>,
    /// The quality of a request that names none; set exactly if it offers any.
    pub default_quality: Option<OptionId>,
}

/// What a price is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PriceUnit {
    /// One result, whatever its length.
    PerResult,
    /// One second of one result.
    PerSecond,
}

/// A range of whole numbers, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntRange {
    /// The smallest: 1 or more.
    pub min: u32,
    /// The largest: `min` or more.
    pub max: u32,
}

impl IntRange {
    /// Whether `number` lies in it.
    pub fn contains(self, number: u32) -> bool {
        (self.min..=self.max).contains(&number)
    }
}

/// How long a result may be, in seconds, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecondsRange {
    /// The shortest: 1 or more.
    pub min: u32,
    /// The longest: `min` or more.
    pub max: u32,
    /// The length of a request that names none; within the range.
    pub default: u32,
}

/// A resolution or quality, and what it does to the price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceOption {
    /// Its name in requests.
    pub id: OptionId,
    /// Its name for people.
    pub name: String,
    /// What the price is multiplied by: above 0.
    pub factor: Ratio,
}
