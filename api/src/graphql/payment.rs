//! Reports of payments: the state of a payment that billing took, and what a report did to credits.

use async_graphql::{Context, Enum, ID, InputObject};
use credits_core::domain::{command::Request, payment as domain};

use super::{
    billing::PaymentInput,
    execute::{Call, payload},
};
use crate::{auth::Scope, error::Fault};

/// A payment and what is reported of it.
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
    /// What is reported of it.
    pub outcome: PaymentOutcome,
}

/// The state of a payment: its last report. `PAID` and `DISPUTE_WON` are followed by `DISPUTED` or
/// `REFUNDED`, `FAILED` by `PAID`, `DISPUTED` by `DISPUTE_WON`, `DISPUTE_LOST` or `REFUNDED`; nothing
/// follows `DISPUTE_LOST` and `REFUNDED`. The reports of several payments may arrive in any order: a term
/// is paid if one of its payments is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "credits_core::domain::payment::PaymentOutcome")]
pub enum PaymentOutcome {
    /// It was paid. It unfreezes the credits of its term, and grants the current period if that was
    /// withheld; otherwise it changes no credits, because plans renew without a report.
    Paid,
    /// It was due and could not be taken. Unless another payment pays for its term, the credits of the
    /// term are frozen; if no later term was reported, no further allowance is granted until one is paid,
    /// and after the catalog's `past_due_days_max` days the subscription lapses. Packs stay usable until
    /// then.
    Failed,
    /// The payer disputes it. The credits that it is for are frozen, unless another payment pays for
    /// them.
    Disputed,
    /// The dispute ended, and the money stays. The credits that it is for can be used again.
    DisputeWon,
    /// The dispute ended, and the money is gone. The unspent credits that it was for end, unless another
    /// payment pays for them; a plan is past due as after `FAILED`. Spent credits leave no debt, and
    /// revoked ones never return.
    DisputeLost,
    /// The money was given back. The unspent credits that it was for end, unless another payment pays for
    /// them; a plan is past due as after `FAILED`. Spent credits leave no debt, and revoked ones never
    /// return.
    Refunded,
}

/// What a report of a payment did to credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PaymentEffect {
    /// It granted the allowance of the current period, which had been withheld.
    Granted,
    /// Credits that were frozen can be used again.
    Unfrozen,
    /// What is left of the credits that the payment is for is frozen.
    Frozen,
    /// The unspent credits that the payment was for have ended.
    Revoked,
    /// Nothing: `noEffectReason` says why.
    None,
}

/// Why a report of a payment did nothing to credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum NoEffectReason {
    /// The subscription that the payment is for has ended, and none of its credits are left. A payment
    /// that was taken is then to be given back.
    SubscriptionEnded,
    /// The credits count as paid: by another payment, or because nothing had been reported of them. This
    /// is the usual answer to the payment of a renewal.
    AlreadyPaid,
    /// None of the credits that the payment is for are left.
    NothingLeft,
}

impl From<domain::PaymentEffect> for PaymentEffect {
    fn from(effect: domain::PaymentEffect) -> PaymentEffect {
        match effect {
            domain::PaymentEffect::Granted => PaymentEffect::Granted,
            domain::PaymentEffect::Unfrozen => PaymentEffect::Unfrozen,
            domain::PaymentEffect::Frozen => PaymentEffect::Frozen,
            domain::PaymentEffect::Revoked => PaymentEffect::Revoked,
            domain::PaymentEffect::SubscriptionEnded
            | domain::PaymentEffect::AlreadyPaid
            | domain::PaymentEffect::NothingLeft => PaymentEffect::None,
        }
    }
}

impl NoEffectReason {
    /// Why there was no effect, if there was none.
    pub fn of(effect: domain::PaymentEffect) -> Option<NoEffectReason> {
        match effect {
            domain::PaymentEffect::SubscriptionEnded => Some(NoEffectReason::SubscriptionEnded),
            domain::PaymentEffect::AlreadyPaid => Some(NoEffectReason::AlreadyPaid),
            domain::PaymentEffect::NothingLeft => Some(NoEffectReason::NothingLeft),
            domain::PaymentEffect::Granted
            | domain::PaymentEffect::Unfrozen
            | domain::PaymentEffect::Frozen
            | domain::PaymentEffect::Revoked => None,
        }
    }
}

payload! {
    /// The answer to a report of a payment.
    ReportPaymentPayload {
        /// What the report did to credits; null if it was refused.
        async fn effect(&self) -> Option<PaymentEffect> {
            self.decided.report().map(|report| report.effect.into())
        }

        /// Why it did nothing to credits; null unless `effect` is `NONE`.
        async fn no_effect_reason(&self) -> Option<NoEffectReason> {
            NoEffectReason::of(self.decided.report()?.effect)
        }
    }
}

/// Records a report of a payment.
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
