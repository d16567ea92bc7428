//! What billing reports: accounts, subscriptions and packs that were paid for.

use async_graphql::{Context, ID, InputObject};
use credits_core::domain::{
    catalog as domain,
    command::Request,
    ids::{CatalogVersion, PackId, PlanId},
    payment::{PAYMENT_TEXT_CHARS_MAX, Payment, PaymentKey},
};

use super::{
    catalog::MoneyInput,
    execute::{Call, payload},
    fault::{bad_input, count},
    scalar::DateTime,
    subscription::BillingInterval,
};
use crate::{auth::Scope, error::Fault};

/// An account to open.
#[derive(InputObject)]
pub struct OpenAccountInput {
    /// The client's id of this call: a UUID made and stored before it, version 7 for choice.
    pub operation_id: ID,
    /// The client's own id of the account, 1 to 128 visible characters; the token's own, if left out.
    pub account_id: Option<ID>,
}

/// A plan to start.
#[derive(InputObject)]
pub struct StartSubscriptionInput {
    /// The client's id of this call: a UUID made and stored before it, version 7 for choice.
    pub operation_id: ID,
    /// The account; the token's own, if left out.
    pub account_id: Option<ID>,
    /// The plan, by its catalog id.
    pub plan_id: ID,
    /// How often the plan is paid; the plan must have a price for that interval.
    pub billing_interval: BillingInterval,
    /// From when periods are counted, up to 12 months back: only the current period is granted. If it is
    /// omitted, periods are counted from now, except before the end of a period that was granted to a
    /// subscription which has ended: then the start continues that period with its anchor, and no other
    /// anchor is accepted, not even the present instant.
    pub anchor: Option<DateTime>,
}

/// A subscription to end with the paid term.
#[derive(InputObject)]
pub struct CancelSubscriptionInput {
    /// The client's id of this call: a UUID made and stored before it, version 7 for choice.
    pub operation_id: ID,
    /// The account; the token's own, if left out.
    pub account_id: Option<ID>,
}

/// A cancellation to take back.
#[derive(InputObject)]
pub struct ResumeSubscriptionInput {
    /// The client's id of this call: a UUID made and stored before it, version 7 for choice.
    pub operation_id: ID,
    /// The account; the token's own, if left out.
    pub account_id: Option<ID>,
}

/// A pack that was paid for.
#[derive(InputObject)]
pub struct PurchasePackInput {
    /// The client's id of this call: a UUID made and stored before it, version 7 for choice.
    pub operation_id: ID,
    /// The account; the token's own, if left out.
    pub account_id: Option<ID>,
    /// The pack, by its catalog id.
    pub pack_id: ID,
    /// How many of the pack: 1 or more.
    #[graphql(default = 1)]
    pub quantity: i32,
    /// The catalog version that the pack was offered in; the one in force, if left out.
    pub catalog_version: Option<i32>,
    /// The payment, which can be used once, for ever.
    pub payment: PaymentInput,
}

/// A payment as billing reports it. The service takes none.
#[derive(InputObject)]
pub struct PaymentInput {
    /// Who took the payment, as billing names it: 1 to 255 characters.
    pub provider: String,
    /// The provider's own id of the payment: 1 to 255 characters.
    pub reference: String,
    /// What was paid, for display and audit.
    pub amount: MoneyInput,
    /// When it was paid; for one that failed, when it was due.
    pub paid_at: DateTime,
}

payload! {
    /// The answer to the opening of an account.
    OpenAccountPayload {}
}

payload! {
    /// The answer to the start of a subscription.
    StartSubscriptionPayload {}
}

payload! {
    /// The answer to a cancellation.
    CancelSubscriptionPayload {}
}

payload! {
    /// The answer to a cancellation taken back.
    ResumeSubscriptionPayload {}
}

payload! {
    /// The answer to the purchase of a pack.
    PurchasePackPayload {}
}

/// Opens an account.
pub async fn open_account(
    ctx: &Context<'_>,
    input: OpenAccountInput,
) -> Result<OpenAccountPayload, Fault> {
    let call = Call::new(input.operation_id, input.account_id, Scope::BillingWrite);
    Ok(call.execute(ctx, Request::OpenAccount).await?.into())
}

/// Puts an account on a plan.
pub async fn start_subscription(
    ctx: &Context<'_>,
    input: StartSubscriptionInput,
) -> Result<StartSubscriptionPayload, Fault> {
    let request = Request::StartSubscription {
        plan: PlanId::parse(&input.plan_id)?,
        interval: input.billing_interval.into(),
        anchor: input.anchor.map(|anchor| anchor.0),
    };
    let call = Call::new(input.operation_id, input.account_id, Scope::BillingWrite);
    Ok(call.execute(ctx, request).await?.into())
}

/// Ends a subscription with the paid term.
pub async fn cancel_subscription(
    ctx: &Context<'_>,
    input: CancelSubscriptionInput,
) -> Result<CancelSubscriptionPayload, Fault> {
    let call = Call::new(input.operation_id, input.account_id, Scope::BillingWrite);
    Ok(call.execute(ctx, Request::CancelSubscription).await?.into())
}

/// Takes a cancellation back.
pub async fn resume_subscription(
    ctx: &Context<'_>,
    input: ResumeSubscriptionInput,
) -> Result<ResumeSubscriptionPayload, Fault> {
    let call = Call::new(input.operation_id, input.account_id, Scope::BillingWrite);
    Ok(call.execute(ctx, Request::ResumeSubscription).await?.into())
}

/// Adds a pack that was paid for.
pub async fn purchase_pack(
    ctx: &Context<'_>,
    input: PurchasePackInput,
) -> Result<PurchasePackPayload, Fault> {
    let request = Request::PurchasePack {
        pack: PackId::parse(&input.pack_id)?,
        quantity: count("quantity", input.quantity)?,
        catalog_version: input.catalog_version.map(CatalogVersion),
        payment: input.payment.parse()?,
    };
    let call = Call::new(input.operation_id, input.account_id, Scope::BillingWrite);
    Ok(call.execute(ctx, request).await?.into())
}

impl PaymentInput {
    /// The payment, once its texts are as long as they may be.
    pub(super) fn parse(self) -> Result<Payment, Fault> {
        for (field, text) in [("provider", &self.provider), ("reference", &self.reference)] {
            if !(1..=PAYMENT_TEXT_CHARS_MAX).contains(&text.chars().count()) {
                let rule =
                    format!("payment.{field} must have 1 to {PAYMENT_TEXT_CHARS_MAX} characters.");
                return Err(bad_input(rule));
            }
        }
        Ok(Payment {
            key: PaymentKey {
                provider: self.provider,
                reference: self.reference,
            },
            amount: domain::Money::try_from(self.amount)?,
            paid_at: self.paid_at.0,
        })
    }
}
