//! What a product sells and what it costs there: actions, models, plans, packs and policies.
//!
//! A catalog is data: another product changes one file. This module owns reading that file
//! ([`Catalog::parse`]), pricing a request ([`Catalog::price`]) and which catalog counts when
//! ([`Catalogs`]). It never looks at an account.
//!
//! Read the entries first ([`action`], [`model`], [`plan`], [`pack`], [`policy`]), then what is
//! computed from them ([`generation`], [`price`], [`terms`], [`alternatives`]), then files and
//! versions ([`parse`], [`published`]).

pub mod action;
pub mod alternatives;
pub mod finding;
pub mod generation;
pub mod model;
pub mod money;
pub mod pack;
pub mod parse;
pub mod plan;
pub mod policy;
pub mod price;
pub mod published;
pub mod ratio;
pub mod refusal;
pub mod rerun;
pub mod terms;
#[cfg(test)]
mod tests;
mod warn;

pub use action::{Action, Produces};
pub(in crate::domain) use alternatives::instead;
pub use alternatives::{ALTERNATIVES_MAX, Alternative, ParameterChange};
pub use finding::{CatalogRule, FINDINGS_MAX, Finding};
pub use generation::{ActualRun, Generation, InvalidPromptFingerprint, PromptFingerprint};
pub use model::{IntRange, Model, ModelAction, PriceOption, PriceUnit, SecondsRange, Tier};
pub use money::{Currency, ExternalId, InvalidCurrency, Money};
pub use pack::{Pack, PackLife};
pub use parse::{CATALOG_BYTES_MAX, EXAMPLE, Parsed};
pub use plan::{BillingInterval, Plan, PlanPrice, RolloverTerms};
pub use policy::{AdviceThresholds, HOLD_TTL_HOURS_MAX, PacksWithoutPlan, PolicySettings};
pub use price::{Price, Priced};
pub use published::{CatalogOutOfOrder, Catalogs, PublishedCatalog};
pub use ratio::{InvalidRatio, Ratio};
pub use refusal::{MODELS_LISTED_MAX, Parameter, PriceRefusal};
pub use rerun::CheaperAgain;
pub use terms::{PriceLine, PriceLineKind, PriceTerms};

use crate::domain::ids::{ActionId, ModelId, PackId, PlanId};

/// Everything one catalog file says.
///
/// Entries keep the order of the file, which is the order for people. There are a handful of each
/// kind, so a lookup reads along the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalog {
    /// What can be asked for.
    pub actions: Vec<Action>,
    /// What runs it.
    pub models: Vec<Model>,
    /// What can be subscribed to.
    pub plans: Vec<Plan>,
    /// What can be bought beside a plan.
    pub packs: Vec<Pack>,
    /// The product's own rules.
    pub policy: PolicySettings,
    /// When users are told something about their spending.
    pub advice: AdviceThresholds,
}

impl Catalog {
    /// An action by its id.
    pub fn action(&self, id: &ActionId) -> Option<&Action> {
        self.actions.iter().find(|action| action.id == *id)
    }

    /// A model by its id.
    pub fn model(&self, id: &ModelId) -> Option<&Model> {
        self.models.iter().find(|model| model.id == *id)
    }

    /// A plan by its id.
    pub fn plan(&self, id: &PlanId) -> Option<&Plan> {
        self.plans.iter().find(|plan| plan.id == *id)
    }

    /// A pack by its id.
    pub fn pack(&self, id: &PackId) -> Option<&Pack> {
        self.packs.iter().find(|pack| pack.id == *id)
    }
}
