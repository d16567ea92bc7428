//! Operations that billing reports of a payment, and what ends with one.

use async_graphql::{ID, SimpleObject};
use credits_core::domain::{lot::LotTerms, payment};

use super::{entered::Payment, operation};
use crate::graphql::{
    node::NodeId,
    payment::{NoEffectReason, PaymentEffect, PaymentOutcome},
    scalar::{Credits, DateTime},
};

operation! {
    /// Billing reported a payment. The credits that it is for may have been frozen, unfrozen or granted by
    /// it; none ended.
    PaymentReport { report: payment::PaymentReport, lot: Option<LotTerms> } {
        /// The payment, as it was reported.
        async fn payment(&self) -> Payment {
            Payment::from(&self.report.payment)
        }

        /// What was reported of it.
        async fn outcome(&self) -> PaymentOutcome {
            self.report.outcome.into()
        }

        /// What it did to credits.
        async fn effect(&self) -> PaymentEffect {
            self.report.effect.into()
        }

        /// Why it did nothing to credits; null unless `effect` is `NONE`.
        async fn no_effect_reason(&self) -> Option<NoEffectReason> {
            NoEffectReason::of(self.report.effect)
        }

        /// The opaque id of the lot that the payment's pack became; null for a payment of a plan.
        async fn lot_id(&self) -> Option<ID> {
            pack_lot(&self.operation, &self.report.paid_for)
        }

        /// The periods that the payment is for; null for a payment of a pack.
        async fn term(&self) -> Option<PaidTerm> {
            PaidTerm::of(&self.report.paid_for)
        }

        /// When the account's subscription lapses if nothing is paid; null if it is not past due after
        /// the report.
        async fn lapses_at(&self) -> Option<DateTime> {
            self.report.past_due.map(|past_due| past_due.lapses_at.into())
        }

        /// How many credits of the current period, withheld until then, were granted by it.
        async fn granted(&self) -> Credits {
            Credits(self.lot.as_ref().map(|lot| lot.granted).unwrap_or_default())
        }
    }
}

operation! {
    /// A payment was taken back, and what was unused of what it brought ended: nothing, if the term is
    /// paid for by another one. What was used leaves no debt; what open holds have set aside stays with
    /// them, and ends when it would return.
    Revocation { report: payment::PaymentReport } {
        /// The payment, as it was reported.
        async fn payment(&self) -> Payment {
            Payment::from(&self.report.payment)
        }

        /// What was reported of it: `DISPUTE_LOST` or `REFUNDED`.
        async fn outcome(&self) -> PaymentOutcome {
            self.report.outcome.into()
        }

        /// What it did to credits.
        async fn effect(&self) -> PaymentEffect {
            self.report.effect.into()
        }

        /// Why it did nothing to credits; null unless `effect` is `NONE`.
        async fn no_effect_reason(&self) -> Option<NoEffectReason> {
            NoEffectReason::of(self.report.effect)
        }

        /// The opaque id of the lot that the payment's pack became; null for a payment of a plan.
        async fn lot_id(&self) -> Option<ID> {
            pack_lot(&self.operation, &self.report.paid_for)
        }

        /// The periods that the payment was for; null for a payment of a pack.
        async fn term(&self) -> Option<PaidTerm> {
            PaidTerm::of(&self.report.paid_for)
        }

        /// How many credits ended with it.
        async fn revoked(&self) -> Credits {
            let postings = &self.operation.event.postings;
            Credits(postings.iter().map(|posting| posting.revoked).sum())
        }
    }
}

/// The credit periods that one payment of a plan pays for.
#[derive(Clone, SimpleObject)]
pub struct PaidTerm {
    /// The number of its first period, 0 for the one that starts at the anchor.
    pub first_period: u32,
    /// How many periods it has, each a month: 1 on monthly billing, 12 on yearly.
    pub periods: u32,
}

impl PaidTerm {
    fn of(paid_for: &payment::PaidFor) -> Option<PaidTerm> {
        match paid_for {
            payment::PaidFor::Term(term) => Some(PaidTerm {
                first_period: term.first,
                periods: term.months,
            }),
            payment::PaidFor::Pack { .. } => None,
        }
    }
}

fn pack_lot(
    operation: &credits_core::domain::outcome::Operation,
    paid_for: &payment::PaidFor,
) -> Option<ID> {
    match paid_for {
        payment::PaidFor::Pack { lot, .. } => {
            Some(NodeId::Lot(operation.account.clone(), *lot).into())
        }
        payment::PaidFor::Term(_) => None,
    }
}
