//! The root of mutations: thin, each field is answered in the file of its noun.

use async_graphql::{Context, Object};

use super::{
    attempt::{self, MarkKeptInput, MarkKeptPayload},
    billing::{
        self, CancelSubscriptionInput, CancelSubscriptionPayload, OpenAccountInput,
        OpenAccountPayload, PurchasePackInput, PurchasePackPayload, ResumeSubscriptionInput,
        ResumeSubscriptionPayload, StartSubscriptionInput, StartSubscriptionPayload,
    },
    catalog::{self, PublishCatalogInput, PublishCatalogPayload},
    charge::{self, ChargePayload},
    generation::ChargeInput,
    hold::{
        self, ExtendHoldInput, ExtendHoldPayload, ReleaseInput, ReleasePayload, ReserveInput,
        ReservePayload, SettleInput, SettlePayload,
    },
    payment::{self, ReportPaymentInput, ReportPaymentPayload},
    plan_change::{self, ChangePlanInput, ChangePlanPayload},
    preferences::{self, SetPreferencesInput, SetPreferencesPayload},
};
use crate::error::Fault;

/// The root of mutations.
#[derive(Clone, Copy)]
pub struct Mutation;

/// What can be asked of an account. Each call carries an operation id that the client made and stored
/// before it; a repeat with the same id and content is answered as the first, `replayed`. There is no
/// way to add or refund credits.
#[Object]
impl Mutation {
    /// Opens an account. It needs `billing:write`.
    async fn open_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account.")] input: OpenAccountInput,
    ) -> Result<OpenAccountPayload, Fault> {
        billing::open_account(ctx, input).await
    }

    /// Puts an account on a plan and grants the current period. It needs `billing:write`.
    async fn start_subscription(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The plan.")] input: StartSubscriptionInput,
    ) -> Result<StartSubscriptionPayload, Fault> {
        billing::start_subscription(ctx, input).await
    }

    /// Puts a subscription on another plan or billing interval. A larger allowance acts now and grants
    /// what the period was not granted yet, if the plan is sold in the interval in force or in a longer one
    /// that is asked for; a longer interval of the same plan begins with the running period; every other
    /// change acts at the end of the paid term. Asking for what is in force takes a scheduled change back.
    /// It needs `billing:write`.
    async fn change_plan(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The plan.")] input: ChangePlanInput,
    ) -> Result<ChangePlanPayload, Fault> {
        plan_change::change_plan(ctx, input).await
    }

    /// Ends a subscription with the paid term; monthly renewals go on till then, and a scheduled change
    /// is dropped. It needs `billing:write`.
    async fn cancel_subscription(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account.")] input: CancelSubscriptionInput,
    ) -> Result<CancelSubscriptionPayload, Fault> {
        billing::cancel_subscription(ctx, input).await
    }

    /// Takes a cancellation back before it acts. It needs `billing:write`.
    async fn resume_subscription(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account.")] input: ResumeSubscriptionInput,
    ) -> Result<ResumeSubscriptionPayload, Fault> {
        billing::resume_subscription(ctx, input).await
    }

    /// Adds a pack that was paid for. The same payment is never used twice: under another operation id it
    /// is refused with `PAYMENT_ALREADY_USED`, which names the operation that recorded it. It needs
    /// `billing:write`.
    async fn purchase_pack(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The pack and its payment.")] input: PurchasePackInput,
    ) -> Result<PurchasePackPayload, Fault> {
        billing::purchase_pack(ctx, input).await
    }

    /// Reports a payment: paid, failed, disputed, won, lost or refunded. The answer says what the report
    /// did to credits. `NOT_SUBSCRIBED`, `PAYMENT_UNKNOWN` and `PAYMENT_OUTSIDE_TERMS` say "not known yet",
    /// and so does `PAYMENT_OUTCOME_OUT_OF_ORDER` where a missing report may come later, such as
    /// `DISPUTE_WON` before `DISPUTED`: they are not stored, and the same call is decided anew when it is
    /// sent again. The same report under another operation id is refused. It needs `billing:write`.
    async fn report_payment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The payment and how it stands.")] input: ReportPaymentInput,
    ) -> Result<ReportPaymentPayload, Fault> {
        payment::report_payment(ctx, input).await
    }

    /// Consumes credits for a generation that is processed: final, however good its result. It needs
    /// `credits:spend`, and for text any token.
    async fn charge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The generation.")] input: ChargeInput,
    ) -> Result<ChargePayload, Fault> {
        charge::charge(ctx, input).await
    }

    /// Sets credits aside for a generation that will be processed. It needs `credits:spend`, and for
    /// text any token.
    async fn reserve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The generation.")] input: ReserveInput,
    ) -> Result<ReservePayload, Fault> {
        hold::reserve(ctx, input).await
    }

    /// Lets a hold end later. It needs `credits:spend`.
    async fn extend_hold(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The hold.")] input: ExtendHoldInput,
    ) -> Result<ExtendHoldPayload, Fault> {
        hold::extend(ctx, input).await
    }

    /// Consumes what a hold set aside, because its generation is processed; the rest returns. It
    /// needs `credits:spend`.
    async fn settle(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The hold, and what really ran.")] input: SettleInput,
    ) -> Result<SettlePayload, Fault> {
        hold::settle(ctx, input).await
    }

    /// Returns what a hold set aside, because its generation was not processed: nothing was consumed,
    /// so it is no refund. It needs `credits:spend`.
    async fn release(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The hold.")] input: ReleaseInput,
    ) -> Result<ReleasePayload, Fault> {
        hold::release(ctx, input).await
    }

    /// Sets how the account's owner wants to spend with care: ceilings and guards, enforced from the next
    /// spend on. It needs `preferences:write`.
    async fn set_preferences(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What changes.")] input: SetPreferencesInput,
    ) -> Result<SetPreferencesPayload, Fault> {
        preferences::set(ctx, input).await
    }

    /// Tells which of several attempts is kept: no credits move. It needs `preferences:write`.
    async fn mark_kept(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The charge.")] input: MarkKeptInput,
    ) -> Result<MarkKeptPayload, Fault> {
        attempt::mark_kept(ctx, input).await
    }

    /// Publishes a catalog as an immutable version. It needs `catalog:write`.
    async fn publish_catalog(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The catalog file.")] input: PublishCatalogInput,
    ) -> Result<PublishCatalogPayload, Fault> {
        // In a box: every mutation's future would be as large.
        Box::pin(catalog::publish(ctx, input)).await
    }
}
