//! Reports of payments: how a payment that billing took stands.

use async_graphql::{Context, Enum, ID, InputObject};
use credits_core::domain::command::Request;

use super::{
    billing::PaymentInput,
    execute::{Call, payload},
};
use crate::{auth::Scope, error::Fault};

/// A payment and how it stands.
#[derive(InputObject)]
pub struct ReportPaymentInput {
    /// The client's id of this call: a UUID made and stored before it, version 7 for choice.
    pub operation_id: ID,
    /// The account; the token's own, if left out.
    pub account_id: Option<ID>,
    /// The payment. One that bought a pack is known by that. `PAID` or `FAILED` of any other makes it
    /// a payment of the plan: of the term in which its `paidAt` lies, which for a failed one is when it
    /// was due.
    pub payment: PaymentInput,
    /// How it stands.
    pub outcome: PaymentOutcome,
}

/// How a payment stands. `PAID` is followed by `DISPUTED` or `REFUNDED`, `FAILED` by `PAID`,
/// `DISPUTED` by `DISPUTE_WON`, `DISPUTE_LOST` or `REFUNDED`, `DISPUTE_WON` by `REFUNDED`; nothing
/// follows `DISPUTE_LOST` and `REFUNDED`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "credits_core::domain::payment::PaymentOutcome")]
pub enum PaymentOutcome {
    /// It was paid. It thaws what was past due, or grants the current period if that was withheld;
    /// otherwise it changes no credits, because plans renew without a report.
    Paid,
    /// It was due and could not be taken. It freezes the allowance that is not paid for; none is granted
    /// until it is paid, and after the catalog's `past_due_days_max` days the subscription lapses. Packs
    /// stay usable until then.
    Failed,
    /// Whoever paid disputes it. It freezes what the payment brought.
    Disputed,
    /// The dispute ended, and the money stays. It thaws what the payment brought.
    DisputeWon,
    /// The dispute ended, and the money is gone. What is unused of what the payment brought ends; what
    /// was used leaves no debt.
    DisputeLost,
    /// The money was given back. What is unused of what the payment brought ends; what was used leaves
    /// no debt.
    Refunded,
}

payload! {
    /// The answer to a report of a payment.
    ReportPaymentPayload {}
}

/// Learns how a payment stands.
pub async fn report_payment(
    ctx: &Context<'_>,
    input: ReportPaymentInput,
) -> Result<ReportPaymentPayload, Fault> {
    let request = Request::ReportPayment {
        payment: input.payment.parse()?,
        outcome: input.outcome.into(),
    };
    let call = Call::new(input.operation_id, input.account_id, Scope::BillingWrite);
    Ok(call.execute(ctx, request).await?.into())
}
