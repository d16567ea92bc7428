//! Quotes: a price that binds.

use std::collections::HashMap;

use async_graphql::{Context, ID, InputObject, SimpleObject};
use credits_core::{
    domain::{catalog::Priced, ids::AccountId},
    ledger,
};

use super::{
    access,
    advisory::Advisory,
    fault::bad_input,
    generation::GenerationInput,
    price::{Alternative, PriceLine},
    refusal::UserError,
    scalar::{Credits, DateTime},
};
use crate::{auth::Scope, error::Fault};

/// The most quotes of one request: a whole model picker.
pub const QUOTES_MAX: usize = 50;

/// A price that binds: the same request on the same account costs so much until `expiresAt`, as often
/// as wanted, if the spend names the quote. Plan, balance and ceilings are judged at the spend.
#[derive(Clone, SimpleObject)]
pub struct Quote {
    /// The quote's id, for `quoteId` of a spend.
    pub quote_id: ID,
    /// What the request costs, in credits; 0 for an action that makes text.
    pub cost: Credits,
    /// How the cost came about, step by step; empty if it is free.
    pub lines: Vec<PriceLine>,
    /// Whether the account can pay it now.
    pub affordable: bool,
    /// How many credits are missing; 0 if it is affordable.
    pub short_by: Credits,
    /// What could be spent after it, in credits; null if it is not affordable.
    pub available_after: Option<Credits>,
    /// Until when the price binds, exclusive.
    pub expires_at: DateTime,
    /// The catalog version that the price came from.
    pub catalog_version: i32,
    /// The same request on other models, then with fewer variations, that the account can pay now.
    pub alternatives: Vec<Alternative>,
    /// What there is to tell about it: what a spend of it would be told now. Empty if it is free.
    pub advisories: Vec<Advisory>,
}

/// A request to price.
#[derive(InputObject)]
pub struct QuoteInput {
    /// The account; the token's own, if left out.
    pub account_id: Option<ID>,
    /// The generation.
    #[graphql(flatten)]
    pub generation: GenerationInput,
}

impl Quote {
    fn new(account: &AccountId, quote: ledger::Quote) -> Quote {
        let cost = quote.price.cost();
        let lines = match &quote.price {
            Priced::Free => Vec::new(),
            Priced::Cost(price) => price.terms.lines(),
        };
        Quote {
            quote_id: quote.quote_id.into(),
            cost: cost.into(),
            lines: lines.into_iter().map(PriceLine::from).collect(),
            affordable: cost <= quote.available,
            short_by: cost.saturating_sub(quote.available).into(),
            available_after: quote.available.checked_sub(cost).map(Credits::from),
            expires_at: quote.expires_at.into(),
            catalog_version: quote.catalog_version.0,
            alternatives: quote.alternatives.iter().map(Alternative::from).collect(),
            advisories: Advisory::all(account, &quote.advisories),
        }
    }
}

/// Prices one request.
pub async fn quote(ctx: &Context<'_>, input: QuoteInput) -> Result<Quote, Fault> {
    let mut quotes = quotes(ctx, vec![input]).await?;
    quotes.pop().ok_or_else(Fault::internal)
}

/// Prices several requests, in their order; all of one account are judged on one balance.
pub async fn quotes(ctx: &Context<'_>, inputs: Vec<QuoteInput>) -> Result<Vec<Quote>, Fault> {
    if inputs.len() > QUOTES_MAX {
        let message = format!(
            "At most {QUOTES_MAX} quotes a request; {} were asked for.",
            inputs.len()
        );
        return Err(bad_input(message));
    }
    let count = inputs.len();
    let mut by_account: HashMap<AccountId, (Vec<usize>, Vec<_>)> = HashMap::new();
    for (index, input) in inputs.into_iter().enumerate() {
        let account = access::account(ctx, Scope::CreditsRead, input.account_id.as_ref())?;
        let (places, requests) = by_account.entry(account).or_default();
        places.push(index);
        requests.push(input.generation.parse(ctx)?);
    }
    let mut placed = Vec::with_capacity(count);
    for (account, (places, requests)) in by_account {
        let answers = access::ledger(ctx).quotes(&account, requests).await?;
        let answers = answers.into_iter().map(|answer| priced(&account, answer));
        placed.extend(places.into_iter().zip(answers));
    }
    placed.sort_by_key(|(place, _)| *place);
    placed
        .into_iter()
        .map(|(place, answer)| answer.map_err(|fault| at(place, count, fault)))
        .collect()
}

/// Says which of several requests it is about.
fn at(place: usize, count: usize, fault: Fault) -> Fault {
    if count == 1 {
        return fault;
    }
    let message = format!("inputs[{place}]: {}", fault.message);
    Fault::new(fault.code, message)
}

/// A request that has no price is a mistake of the caller, as there is no payload to refuse it in.
fn priced(
    account: &AccountId,
    answer: Result<ledger::Quote, credits_core::domain::refusal::Refusal>,
) -> Result<Quote, Fault> {
    answer
        .map(|quote| Quote::new(account, quote))
        .map_err(|refusal| bad_input(UserError::from(&refusal).text()))
}
