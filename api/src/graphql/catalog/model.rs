//! Models: what runs a request, and what it costs there.

use async_graphql::{Enum, ID, SimpleObject};
use credits_core::domain::{catalog as domain, policies};

use super::Action;
use crate::graphql::scalar::Credits;

/// A generative model.
#[derive(Clone, SimpleObject)]
pub struct Model {
    /// Its id in requests.
    pub id: ID,
    /// Its name for people.
    pub name: String,
    /// What it is good at, for people; may be empty.
    pub description: String,
    /// How advanced it is.
    pub tier: ModelTier,
    /// What it can run, each with its price. An action that is not listed can't be run by it.
    pub actions: Vec<ModelAction>,
}

/// How advanced a model is; more advanced models may use more credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "credits_core::domain::catalog::Tier")]
pub enum ModelTier {
    /// Quick and cheap.
    Basic,
    /// The usual choice.
    Standard,
    /// The best results.
    Advanced,
}

/// One action of one model: its price and the parameters it takes.
#[derive(Clone, SimpleObject)]
pub struct ModelAction {
    /// The action.
    pub action: Action,
    /// What the cheapest request costs, in credits.
    pub from: Credits,
    /// What `price` is for.
    pub unit: PriceUnit,
    /// Credits for one unit before any factor, as an exact decimal, or as a fraction such as `1/3`
    /// where there is none.
    pub price: String,
    /// How many results one request may ask for.
    pub variations: IntRange,
    /// How many seconds a result may have; null if it has no length.
    pub seconds: Option<IntRange>,
    /// The resolutions it offers; empty if a request takes none.
    pub resolutions: Vec<PriceOption>,
    /// The qualities it offers; empty if a request takes none.
    pub qualities: Vec<PriceOption>,
    /// What a request gets that does not say otherwise.
    pub defaults: GenerationDefaults,
}

/// What a price is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "credits_core::domain::catalog::PriceUnit")]
pub enum PriceUnit {
    /// One result, whatever its length.
    PerResult,
    /// One second of one result.
    PerSecond,
}

/// A range of whole numbers, both ends included.
#[derive(Clone, SimpleObject)]
pub struct IntRange {
    /// The smallest, 1 or more.
    pub min: u32,
    /// The largest, `min` or more.
    pub max: u32,
}

/// A resolution or a quality, and what it does to the price.
#[derive(Clone, SimpleObject)]
#[graphql(name = "Option")]
pub struct PriceOption {
    /// Its id in requests.
    pub id: ID,
    /// Its name for people.
    pub name: String,
    /// What the price is multiplied by, as an exact decimal, or as a fraction such as `1/3` where
    /// there is none.
    pub factor: String,
}

/// What a request gets that does not say otherwise.
#[derive(Clone, SimpleObject)]
pub struct GenerationDefaults {
    /// The number of results.
    pub variations: u32,
    /// The seconds of each result; null if it has no length.
    pub seconds: Option<u32>,
    /// The id of the resolution; null if a request takes none.
    pub resolution: Option<ID>,
    /// The id of the quality; null if a request takes none.
    pub quality: Option<ID>,
}

/// The number of results of a request that does not say otherwise.
pub const VARIATIONS_DEFAULT: u32 = 1;

impl Model {
    /// A model of `catalog`.
    pub fn new(catalog: &domain::Catalog, model: &domain::Model) -> Model {
        let offer = |offer| ModelAction::new(catalog, model, offer);
        Model {
            id: ID::from(model.id.as_str()),
            name: model.name.clone(),
            description: model.description.clone(),
            tier: model.tier.into(),
            actions: model.actions.iter().filter_map(offer).collect(),
        }
    }
}

impl ModelAction {
    /// None for an action without a price, which a catalog that was published does not have.
    fn new(
        catalog: &domain::Catalog,
        model: &domain::Model,
        offer: &domain::ModelAction,
    ) -> Option<ModelAction> {
        Some(ModelAction {
            action: catalog.action(&offer.action)?.into(),
            from: policies::cost_from(catalog, model, offer)?.into(),
            unit: offer.unit.into(),
            price: offer.price.to_string(),
            variations: IntRange {
                min: offer.variations.min,
                max: offer.variations.max,
            },
            seconds: offer.seconds.map(|range| IntRange {
                min: range.min,
                max: range.max,
            }),
            resolutions: offer.resolutions.iter().map(PriceOption::from).collect(),
            qualities: offer.qualities.iter().map(PriceOption::from).collect(),
            defaults: GenerationDefaults::from(offer),
        })
    }
}

impl From<&domain::PriceOption> for PriceOption {
    fn from(option: &domain::PriceOption) -> PriceOption {
        PriceOption {
            id: ID::from(option.id.as_str()),
            name: option.name.clone(),
            factor: option.factor.to_string(),
        }
    }
}

impl From<&domain::ModelAction> for GenerationDefaults {
    fn from(offer: &domain::ModelAction) -> GenerationDefaults {
        let id = |option: &credits_core::domain::ids::OptionId| ID::from(option.as_str());
        GenerationDefaults {
            variations: VARIATIONS_DEFAULT,
            seconds: offer.seconds.map(|range| range.default),
            resolution: offer.default_resolution.as_ref().map(id),
            quality: offer.default_quality.as_ref().map(id),
        }
    }
}
