//! The catalog: what can be asked for, what it costs, what can be bought.

mod model;
mod plan;
mod publish;

use async_graphql::{Enum, ID, SimpleObject};
use credits_core::domain::catalog as domain;

pub use model::{
    GenerationDefaults, IntRange, Model, ModelAction, ModelTier, PriceOption, PriceUnit,
};
pub use plan::{ExternalId, Money, MoneyInput, Pack, PackLife, Plan, PlanPrice, Rollover};
pub use publish::{CatalogWarning, PublishCatalogInput, PublishCatalogPayload, publish};

use super::scalar::{Credits, DateTime};

/// An immutable published catalog: every price and rule of the product, with the instant from which
/// it counts.
#[derive(Clone, SimpleObject)]
pub struct Catalog {
    /// Its version, 1 for the first. Every operation records the version it was decided by.
    pub version: i32,
    /// From when it counts, inclusive.
    pub effective_at: DateTime,
    /// BLAKE3 of the file as published, in hexadecimal.
    pub hash: String,
    /// What can be asked for, in the order for people.
    pub actions: Vec<Action>,
    /// What runs it, in the order for people.
    pub models: Vec<Model>,
    /// What can be subscribed to, in the order for people.
    pub plans: Vec<Plan>,
    /// What can be bought beside a plan, in the order for people.
    pub packs: Vec<Pack>,
    /// The product's own rules.
    pub rules: CatalogRules,
}

/// Something a client can ask for, such as turning text into an image.
#[derive(Clone, SimpleObject)]
pub struct Action {
    /// Its id in requests.
    pub id: ID,
    /// Its name for people.
    pub name: String,
    /// What it does, for people; may be empty.
    pub description: String,
    /// What it makes, which decides whether it uses credits.
    pub produces: Produces,
    /// Whether it uses credits. Text never does: it is unlimited, without any cap.
    pub uses_credits: bool,
}

/// What an action makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "credits_core::domain::catalog::Produces")]
pub enum Produces {
    /// Images, which always use credits.
    Image,
    /// Videos, which always use credits.
    Video,
    /// Sound, which uses what the catalog says, possibly 0.
    Audio,
    /// Text, which is unlimited and never uses credits.
    Text,
}

/// What the product decides about plans, quotes and holds.
#[derive(Clone, SimpleObject)]
pub struct CatalogRules {
    /// What packs do while an account has no plan.
    pub packs_without_plan: PacksWithoutPlan,
    /// For how many minutes a quote binds the price.
    pub quote_ttl_minutes: u32,
    /// For how many minutes a hold lasts if the reserve names no other time.
    pub hold_ttl_minutes: u32,
    /// The most credits that one request may cost; null if there is no ceiling.
    pub request_credits_max: Option<Credits>,
    /// The most credits that an account may use on a UTC day; null if there is no ceiling.
    pub day_credits_max: Option<Credits>,
    /// Whether a likely repeat is refused, for accounts whose owner did not say.
    pub repeat_guard: bool,
    /// Whether more than one result needs a confirmation, for accounts whose owner did not say.
    pub one_first: bool,
}

/// What packs do while an account has no plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "credits_core::domain::catalog::PacksWithoutPlan")]
pub enum PacksWithoutPlan {
    /// They wait, untouched, until a plan starts. Their expiry does not move.
    Frozen,
    /// They can be used.
    Usable,
}

impl From<&domain::PublishedCatalog> for Catalog {
    fn from(published: &domain::PublishedCatalog) -> Catalog {
        let catalog = &published.catalog;
        let model = |model: &domain::Model| Model::new(catalog, model);
        Catalog {
            version: published.version.0,
            effective_at: published.effective_at.into(),
            hash: blake3::Hash::from_bytes(published.hash)
                .to_hex()
                .to_string(),
            actions: catalog.actions.iter().map(Action::from).collect(),
            models: catalog.models.iter().map(model).collect(),
            plans: catalog.plans.iter().map(Plan::from).collect(),
            packs: catalog.packs.iter().map(Pack::from).collect(),
            rules: CatalogRules::from(&catalog.policy),
        }
    }
}

impl From<&domain::Action> for Action {
    fn from(action: &domain::Action) -> Action {
        Action {
            id: ID::from(action.id.as_str()),
            name: action.name.clone(),
            description: action.description.clone(),
            produces: action.produces.into(),
            uses_credits: !action.produces.is_free(),
        }
    }
}

impl From<&domain::PolicySettings> for CatalogRules {
    fn from(policy: &domain::PolicySettings) -> CatalogRules {
        CatalogRules {
            packs_without_plan: policy.packs_without_plan.into(),
            quote_ttl_minutes: policy.quote_ttl_minutes,
            hold_ttl_minutes: policy.hold_ttl_minutes,
            request_credits_max: policy.request_credits_max.map(Credits::from),
            day_credits_max: policy.day_credits_max.map(Credits::from),
            repeat_guard: policy.repeat_guard,
            one_first: policy.one_first,
        }
    }
}
