//! Choosing the right model: recommendations, and what can be made with what is there.

use async_graphql::{Context, Enum, ID, InputObject, SimpleObject};
use credits_core::{
    domain::{
        affordable::{self, Until},
        catalog::Price,
        ids::{ActionId, OptionId},
        recommend as domain,
        refusal::Refusal,
    },
    ledger::{AccountView, WhatCanBeMade},
};

use super::{
    access,
    catalog::ModelTier,
    fault::bad_input,
    generation::GenerationInput,
    lot::Lot,
    price::PriceLine,
    refusal::UserError,
    scalar::{Credits, DateTime, int},
};
use crate::{auth::Scope, error::Fault};

/// What a recommendation costs a request: the models are judged one by one, like quotes.
pub const COST: usize = 20;

/// The order of recommendations. Where a rule leaves two models equal, the cheaper one comes first, then
/// the more advanced, then the one whose id comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "credits_core::domain::recommend::Sort")]
pub enum RecommendSort {
    /// First the models on which the request takes no large share of what is available, the most
    /// advanced first; then those it can be afforded on at all, the cheapest first; then the others, the
    /// cheapest first. A share is large from the catalog's `large_share_percent` on, as for the advice
    /// on a spend.
    Balance,
    /// The most advanced first, whether it can be afforded or not.
    Quality,
    /// The cheapest first.
    Cost,
}

/// The request to find models for.
#[derive(InputObject)]
pub struct RecommendInput {
    /// The account; the token's own, if left out.
    pub account_id: Option<ID>,
    /// The generation. A model that it names does not count: all are looked at.
    #[graphql(flatten)]
    pub generation: GenerationInput,
    /// The order.
    #[graphql(default_with = "RecommendSort::Balance")]
    pub sort: RecommendSort,
}

/// A model that can run exactly the request that was asked, and what it costs there. What the request
/// does not say is the model's default; nothing that it says is changed.
#[derive(Clone, SimpleObject)]
pub struct ModelRecommendation {
    /// The model, by its catalog id.
    pub model: ID,
    /// How advanced it is.
    pub tier: ModelTier,
    /// What the request costs on it, in credits.
    pub cost: Credits,
    /// How the cost came about, step by step.
    pub lines: Vec<PriceLine>,
    /// Whether the account can pay it now.
    pub affordable: bool,
    /// How many of this request the account can pay now, one after the other, at most 2,147,483,647;
    /// null if it costs nothing. Its ceilings for a day or a project can end them earlier.
    pub affordable_times: Option<i32>,
    /// What it costs more than on the cheapest model that can run it, in credits; 0 for the cheapest.
    pub costs_more_than_cheapest: Credits,
    /// How many results the request makes.
    pub variations: u32,
    /// How many seconds each result has on this model; null if it has no length.
    pub seconds: Option<u32>,
    /// The resolution on this model, by its id; null if it takes none.
    pub resolution: Option<ID>,
    /// The quality on this model, by its id; null if it takes none.
    pub quality: Option<ID>,
    /// The catalog version of the price.
    pub catalog_version: i32,
}

/// Where the parameters of a request come from that the client did not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "credits_core::domain::affordable::Basis")]
pub enum AffordableBasis {
    /// The last of the account's 32 newest charges that was for this action on this model.
    Usual,
    /// The catalog's defaults, with the fewest results: no such charge is among the 32 newest, or the
    /// model no longer takes it.
    Default,
}

/// What changes next by itself what can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum AffordableEnd {
    /// The plan renews: a new allowance comes, and what is left of this one ends or rolls over.
    Renewal,
    /// Credits that can be used now end, with no renewal at that instant.
    Expiry,
}

/// How many of one request the account can make with what it can spend now: packs and rollover count,
/// what is held, frozen or yet to come does not.
#[derive(Clone, SimpleObject)]
pub struct Affordable {
    /// The action, by its catalog id.
    pub action: ID,
    /// The model, by its catalog id.
    pub model: ID,
    /// How many of this request can be paid, if nothing else is spent, at most 2,147,483,647; 0 if not
    /// even one; null if it costs nothing.
    pub count: Option<i32>,
    /// What one request costs, in credits.
    pub cost: Credits,
    /// Where its parameters come from.
    pub basis: AffordableBasis,
    /// How many results one request makes.
    pub variations: u32,
    /// How many seconds each result has; null if it has no length.
    pub seconds: Option<u32>,
    /// The resolution, by its id; null if the model takes none.
    pub resolution: Option<ID>,
    /// The quality, by its id; null if the model takes none.
    pub quality: Option<ID>,
    /// The lot that is used first, with its origin, what remains of it and when it ends; null if there
    /// is nothing to spend. The same for every request.
    pub first_lot: Option<Lot>,
    /// Until when the count holds if nothing is spent or bought, exclusive: the renewal, or the next end
    /// of credits if that is earlier; null if neither will come. The same for every request.
    pub until: Option<DateTime>,
    /// What ends it; null exactly if `until` is.
    pub until_kind: Option<AffordableEnd>,
}

/// The models that can run a request.
pub async fn recommend(
    ctx: &Context<'_>,
    input: RecommendInput,
) -> Result<Vec<ModelRecommendation>, Fault> {
    let account = access::account(ctx, Scope::CreditsRead, input.account_id.as_ref())?;
    let request = input.generation.parse(ctx)?;
    check_action(ctx, &request.action)?;
    let ledger = access::ledger(ctx);
    let found = ledger
        .recommend(&account, &request, input.sort.into())
        .await?;
    let version = found.catalog_version.0;
    let told = |one: &domain::Recommendation| ModelRecommendation::new(one, version);
    Ok(found.models.iter().map(told).collect())
}

/// An action that is not in the catalog is a mistake of the caller, as it is for a quote.
fn check_action(ctx: &Context<'_>, action: &ActionId) -> Result<(), Fault> {
    if access::catalog(ctx).catalog.action(action).is_some() {
        return Ok(());
    }
    let refusal = Refusal::ActionNotOffered {
        action: action.clone(),
        model: None,
        offered_by: Vec::new(),
    };
    Err(bad_input(UserError::from(&refusal).text()))
}

/// What an account can make, with the lots that it has.
pub async fn what_can_be_made(
    ctx: &Context<'_>,
    view: &AccountView,
    lots: Vec<Lot>,
) -> Result<Vec<Affordable>, Fault> {
    let WhatCanBeMade { requests, until } = access::ledger(ctx).what_can_be_made(view).await?;
    let first_lot = lots.into_iter().find(|lot| lot.burn_position == Some(1));
    let told = |one: &affordable::Affordable| Affordable::new(one, first_lot.as_ref(), until);
    Ok(requests.iter().map(told).collect())
}

impl ModelRecommendation {
    fn new(one: &domain::Recommendation, catalog_version: i32) -> ModelRecommendation {
        let Price { cost, terms } = &one.price;
        ModelRecommendation {
            model: ID::from(one.model.as_str()),
            tier: one.tier.into(),
            cost: (*cost).into(),
            lines: terms.lines().into_iter().map(PriceLine::from).collect(),
            affordable: one.affordable_times.is_none_or(|times| times > 0),
            affordable_times: one.affordable_times.map(int),
            costs_more_than_cheapest: one.costs_more_than_cheapest.into(),
            variations: terms.variations,
            seconds: terms.seconds,
            resolution: option(terms.resolution.as_ref()),
            quality: option(terms.quality.as_ref()),
            catalog_version,
        }
    }
}

impl Affordable {
    fn new(
        one: &affordable::Affordable,
        first_lot: Option<&Lot>,
        until: Option<Until>,
    ) -> Affordable {
        let Price { cost, terms } = &one.price;
        let (until, until_kind) = match until {
            Some(Until::Renewal(at)) => (Some(at), Some(AffordableEnd::Renewal)),
            Some(Until::Expiry(at)) => (Some(at), Some(AffordableEnd::Expiry)),
            None => (None, None),
        };
        Affordable {
            action: ID::from(terms.action.as_str()),
            model: ID::from(terms.model.as_str()),
            count: one.count.map(int),
            cost: (*cost).into(),
            basis: AffordableBasis::from(one.basis),
            variations: terms.variations,
            seconds: terms.seconds,
            resolution: option(terms.resolution.as_ref()),
            quality: option(terms.quality.as_ref()),
            first_lot: first_lot.cloned(),
            until: until.map(DateTime::from),
            until_kind,
        }
    }
}

fn option<T>(option: Option<&(OptionId, T)>) -> Option<ID> {
    option.map(|(id, _)| ID::from(id.as_str()))
}
