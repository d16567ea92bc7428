//! What credits are set aside for, with the price it was judged at.

use async_graphql::{ID, SimpleObject};
use credits_core::domain::hold as domain;

use super::price::PriceLine;

/// What credits are set aside for: the request with its defaults filled in, and its price.
#[derive(Clone, SimpleObject)]
pub struct Spend {
    /// The action, by its catalog id.
    pub action: ID,
    /// The model, by its catalog id.
    pub model: ID,
    /// How many results.
    pub variations: u32,
    /// How many seconds each result has; null if it has no length.
    pub seconds: Option<u32>,
    /// The resolution, by its id; null if the model takes none.
    pub resolution: Option<ID>,
    /// The quality, by its id; null if the model takes none.
    pub quality: Option<ID>,
    /// The project, by the client's own id; null if none was named.
    pub project: Option<ID>,
    /// The operation id of the charge whose result is made again; null if none was named.
    pub regenerate_of: Option<ID>,
    /// The catalog version that the price came from.
    pub catalog_version: i32,
    /// How the price came about, step by step.
    pub lines: Vec<PriceLine>,
}

impl From<&domain::Spend> for Spend {
    fn from(spend: &domain::Spend) -> Spend {
        let terms = &spend.terms;
        let option = |option: &Option<(credits_core::domain::ids::OptionId, _)>| {
            option.as_ref().map(|(id, _)| ID::from(id.as_str()))
        };
        Spend {
            action: terms.action.as_str().into(),
            model: terms.model.as_str().into(),
            variations: terms.variations,
            seconds: terms.seconds,
            resolution: option(&terms.resolution),
            quality: option(&terms.quality),
            project: spend.project.as_ref().map(|id| ID::from(id.as_str())),
            regenerate_of: spend.regenerate_of.map(|id| id.to_string().into()),
            catalog_version: spend.catalog_version.0,
            lines: terms.lines().into_iter().map(PriceLine::from).collect(),
        }
    }
}
