//! Attempts: a generation that is done again, the chain that its attempts make, and which one is kept.

use async_graphql::{Context, ID, InputObject, Object};
use credits_core::{
    domain::{command::Request, credits::Credits as Amount, ids::OperationId, outcome::Operation},
    ledger::Chain,
};

use super::{
    access,
    charge::Charge,
    execute::{Call, payload},
    page,
    scalar::Credits,
};
use crate::{auth::Scope, error::Fault};

/// What showing the attempts of a chain costs a request beside their fields: a few look-ups.
const COST: usize = 20;

/// A generation and all that do it again.
pub struct AttemptChain(Chain);

/// A generation and all that do it again, directly or through one another: what was named as
/// `regenerateOf`. Each attempt was charged as any other generation.
#[Object]
impl AttemptChain {
    /// The charges, oldest first, at most 100. A chain that begins with a reserve that was never settled
    /// has no charge for it.
    #[graphql(complexity = "COST + page::list_cost(20, child_complexity)")]
    async fn attempts(&self) -> Vec<Charge> {
        let attempts = self.0.attempts.iter().cloned();
        attempts.filter_map(Charge::of).collect()
    }

    /// Whether there are more than `attempts` shows.
    async fn more(&self) -> bool {
        self.0.more
    }

    /// What the attempts shown consumed, in credits.
    async fn credits(&self) -> Credits {
        let attempts = self.0.attempts.iter();
        let postings = attempts.flat_map(|attempt| &attempt.event.postings);
        let consumed: Amount = postings.map(|posting| posting.consumed).sum();
        consumed.into()
    }

    /// The charge whose result is kept, by the last `markKept`; null if none was marked, or the mark was
    /// taken back.
    #[graphql(complexity = "COST + child_complexity")]
    async fn keeper(&self) -> Option<Charge> {
        self.0.keeper.clone().and_then(Charge::of)
    }
}

/// The chain that a charge belongs to.
pub async fn chain(ctx: &Context<'_>, charge: &Operation) -> Result<AttemptChain, Fault> {
    let found = access::ledger(ctx).chain(charge).await?;
    let found = found.ok_or_else(Fault::internal)?;
    Ok(AttemptChain(found))
}

/// Which attempt is kept.
#[derive(InputObject)]
pub struct MarkKeptInput {
    /// The client's id of this call: a UUID made and stored before it, version 7 for choice.
    pub operation_id: ID,
    /// The account; the token's own, if left out.
    pub account_id: Option<ID>,
    /// The charge, by its operation id: a UUID.
    pub charge_id: ID,
    /// Whether its result is kept. `true` takes the place of what was marked before in the chain;
    /// `false` takes the mark of this charge back, if it has it.
    #[graphql(default = true)]
    pub kept: bool,
}

payload! {
    /// The answer to `markKept`. No credits move.
    MarkKeptPayload {
        /// The chain of the charge, with its keeper as it is now; null if it was refused.
        async fn chain(&self, ctx: &Context<'_>) -> Result<Option<AttemptChain>, Fault> {
            match &self.charge(ctx).await? {
                Some(charge) => chain(ctx, charge).await.map(Some),
                None => Ok(None),
            }
        }
    }
}

impl MarkKeptPayload {
    /// The charge that was marked, if the call was accepted.
    async fn charge(&self, ctx: &Context<'_>) -> Result<Option<Operation>, Fault> {
        let Some(accepted) = self.decided.accepted() else {
            return Ok(None);
        };
        let operation = &accepted.operation;
        let Some(charge) = operation.event.fact.kept() else {
            return Ok(None);
        };
        Ok(access::ledger(ctx)
            .operation(&operation.account, charge)
            .await?)
    }
}

/// Marks an attempt as the one that is kept, or takes its mark back.
pub async fn mark_kept(ctx: &Context<'_>, input: MarkKeptInput) -> Result<MarkKeptPayload, Fault> {
    let request = Request::MarkKept {
        charge: OperationId::parse(&input.charge_id)?,
        kept: input.kept,
    };
    let scope = Scope::PreferencesWrite;
    let call = Call::new(input.operation_id, input.account_id, scope);
    Ok(call.execute(ctx, request).await?.into())
}
