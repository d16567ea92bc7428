//! The root of queries: thin, each field is answered in the file of its noun.

use async_graphql::{Context, ID, Object};
use credits_core::domain::{
    ids::{self, CatalogVersion, OperationId},
    policies,
};

use super::{
    access,
    account::{self, Account, AccountConnection},
    catalog::Catalog,
    fault::bad_input,
    node::{self, AnyNode},
    operation::OperationOutcome,
    page::{self, Page},
    policy::Policy,
    proof::{self, PolicyProof},
    quote::{self, Quote, QuoteInput},
    recommend::{self, ModelRecommendation, RecommendInput},
    scalar::Sequence,
    subscription::SubscriptionStatus,
    without_effect::{self, PaymentWithoutEffectConnection},
};
use crate::{
    auth::Scope,
    error::{Fault, FaultCode},
};

/// The root of queries.
#[derive(Clone, Copy)]
pub struct Query;

/// What can be read. `catalog` and `policies` need no token, everything else does.
#[Object]
impl Query {
    /// The token's own account; null until it is opened, and nothing opens one implicitly.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Option<Account>, Fault> {
        let caller = access::require(ctx, Scope::CreditsRead)?;
        match &caller.account {
            Some(own) => Account::load(ctx, own).await,
            None => Ok(None),
        }
    }

    /// An account; null if it is unknown or not the caller's, and nobody learns which.
    async fn account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The client's own id of the account.")] account_id: ID,
        #[graphql(
            desc = "The position that it must have reached, to read by one node what was written by another: as a payload or a feed gave it. If it has not, that is `BAD_USER_INPUT`."
        )]
        at_least_sequence: Option<Sequence>,
    ) -> Result<Option<Account>, Fault> {
        let Some(account) = access::readable(ctx, Scope::CreditsRead, Some(&account_id))? else {
            return Ok(None);
        };
        let wanted = at_least_sequence.map_or(ids::Sequence::START, |wanted| wanted.0);
        let view = access::ledger(ctx).view_at(&account, wanted).await?;
        if let Some(view) = view.as_ref().filter(|view| view.account.sequence < wanted) {
            let last = view.account.sequence;
            return Err(bad_input(format!(
                "`atLeastSequence` is {wanted}, but the account's last position is {last}."
            )));
        }
        Ok(view.map(Account::from))
    }

    /// All accounts, newest first, for operators and backends: it needs `accounts:*`.
    #[graphql(complexity = "page::cost(first, last, child_complexity)")]
    async fn accounts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only accounts that stand like one of these; all, if left out.")]
        status: Option<Vec<SubscriptionStatus>>,
        #[graphql(
            desc = "So many from the start, 1 to 100; 20 if neither `first` nor `last` is given."
        )]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<AccountConnection, Fault> {
        access::require(ctx, Scope::CreditsRead)?;
        access::require(ctx, Scope::AccountsAny)?;
        let page = Page::parse(first, after.as_deref(), last, before.as_deref())?;
        account::page(ctx, status.unwrap_or_default(), &page).await
    }

    /// Payments that were taken for a subscription which had ended, and changed nothing, oldest first:
    /// those that are to be given back. One of which something was reported later, such as its refund, is
    /// no longer listed. For operators and backends: it needs `accounts:*`.
    #[graphql(complexity = "page::cost(first, None, child_complexity)")]
    async fn payments_without_effect(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100; 20 if it is omitted.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
    ) -> Result<PaymentWithoutEffectConnection, Fault> {
        access::require(ctx, Scope::CreditsRead)?;
        access::require(ctx, Scope::AccountsAny)?;
        without_effect::page(ctx, first, after.as_deref()).await
    }

    /// The catalog in force now, or the version that is named. It needs no token.
    async fn catalog(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "A version, 1 for the first; the one in force, if left out.")]
        version: Option<i32>,
    ) -> Result<Catalog, Fault> {
        let Some(version) = version else {
            return Ok(Catalog::from(access::catalog(ctx).as_ref()));
        };
        let catalogs = access::ledger(ctx).catalogs();
        let published = catalogs.version(CatalogVersion(version));
        published
            .map(|published| Catalog::from(published.as_ref()))
            .ok_or_else(|| Fault::new(FaultCode::NotFound, "There is no such catalog version."))
    }

    /// What one request costs this account, as a price that binds.
    async fn quote(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The request.")] input: QuoteInput,
    ) -> Result<Quote, Fault> {
        quote::quote(ctx, input).await
    }

    /// What several requests cost, in their order: a whole model picker at once.
    #[graphql(complexity = "page::list_cost(20, child_complexity)")]
    async fn quotes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The requests, at most 50.")] inputs: Vec<QuoteInput>,
    ) -> Result<Vec<Quote>, Fault> {
        quote::quotes(ctx, inputs).await
    }

    /// The models that can run a request on this account, in a stated order, at most 50; empty if none
    /// can, and for text, which is free on any. What would be refused for anything but credits is left
    /// out, and a model never gets another request than the one asked.
    #[graphql(complexity = "recommend::COST + page::list_cost(20, child_complexity)")]
    async fn recommend_models(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The request, and the order.")] input: RecommendInput,
    ) -> Result<Vec<ModelRecommendation>, Fault> {
        recommend::recommend(ctx, input).await
    }

    /// What an operation id was decided to be: an accepted operation for ever, a refusal for 30 days; null
    /// if nothing is stored under it. It waits for what is in flight, so that it resolves an unknown
    /// outcome.
    async fn operation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account; the token's own, if left out.")] account_id: Option<ID>,
        #[graphql(desc = "The client's id of the call: a UUID.")] operation_id: ID,
    ) -> Result<Option<OperationOutcome>, Fault> {
        let id = OperationId::parse(&operation_id)?;
        let account = access::readable(ctx, Scope::CreditsRead, account_id.as_ref())?;
        let Some(account) = account else {
            return Ok(None);
        };
        let outcome = access::ledger(ctx).outcome(&account, id).await?;
        Ok(outcome.as_ref().map(OperationOutcome::from))
    }

    /// The policies under their headings, answered from the catalog in force. It needs no token.
    async fn policies(&self, ctx: &Context<'_>) -> Vec<Policy> {
        let published = access::catalog(ctx);
        let policies = policies::policies(&published.catalog);
        policies.into_iter().map(Policy::from).collect()
    }

    /// Every credit of an account by where it came from and where it went.
    async fn policy_proof(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account; the token's own, if left out.")] account_id: Option<ID>,
    ) -> Result<PolicyProof, Fault> {
        proof::proof(ctx, account_id.as_ref()).await
    }

    /// The node of an opaque id; null if it is unknown, gone or not the caller's.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The opaque id.")] id: ID,
    ) -> Result<Option<AnyNode>, Fault> {
        node::find(ctx, &id).await
    }

    /// The nodes of several opaque ids, in their order, null where one is unknown, gone or not the
    /// caller's.
    #[graphql(complexity = "page::list_cost(ids.len().min(node::NODES_MAX), child_complexity)")]
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The opaque ids, at most 50.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<AnyNode>>, Fault> {
        node::find_all(ctx, &ids).await
    }
}
