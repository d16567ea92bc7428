//! Operations by which credits enter an account, and by which unused ones end.

use async_graphql::{ID, SimpleObject};
use credits_core::domain::{
    ids::{LotId, PackId},
    lot::{LotTerms, Origin},
    payment,
};

use super::operation;
use crate::graphql::{
    catalog::Money,
    node::NodeId,
    scalar::{Credits, DateTime},
};

operation! {
    /// A pack that was paid for was added.
    PackPurchase {
        pack: PackId, quantity: u32, payment: payment::Payment, lot: LotTerms, frozen: bool
    } {
        /// The pack, by its catalog id.
        async fn pack(&self) -> ID {
            self.pack.as_str().into()
        }

        /// How many of the pack.
        async fn quantity(&self) -> u32 {
            self.quantity
        }

        /// How many credits it brought in all.
        async fn granted(&self) -> Credits {
            self.lot.granted.into()
        }

        /// When what is unused of them ends; null if it never does.
        async fn expires_at(&self) -> Option<DateTime> {
            self.lot.expires_at.map(DateTime::from)
        }

        /// Whether they entered frozen, because the account was on no plan.
        async fn frozen(&self) -> bool {
            self.frozen
        }

        /// The payment, as billing reported it.
        async fn payment(&self) -> Payment {
            Payment::from(&self.payment)
        }
    }
}

operation! {
    /// A new period began and the plan's allowance was granted.
    PeriodGrant { period: u32, lot: LotTerms } {
        /// The plan that granted it, by its catalog id.
        async fn plan(&self) -> Option<ID> {
            plan(&self.lot)
        }

        /// The number of the period, 0 for the one that starts at the anchor.
        async fn period(&self) -> u32 {
            self.period
        }

        /// How many credits were granted.
        async fn granted(&self) -> Credits {
            self.lot.granted.into()
        }

        /// When what is unused of them ends; null if it never does.
        async fn expires_at(&self) -> Option<DateTime> {
            self.lot.expires_at.map(DateTime::from)
        }
    }
}

operation! {
    /// Unused allowance rolled over, as the plan states.
    RolloverGrant { lot: LotTerms } {
        /// The plan that states it, by its catalog id.
        async fn plan(&self) -> Option<ID> {
            plan(&self.lot)
        }

        /// How many credits rolled over.
        async fn granted(&self) -> Credits {
            self.lot.granted.into()
        }

        /// When what is unused of them ends; null if it never does.
        async fn expires_at(&self) -> Option<DateTime> {
            self.lot.expires_at.map(DateTime::from)
        }
    }
}

operation! {
    /// What was unused of a lot ended with it.
    Expiry { lot: LotId } {
        /// The opaque id of the lot.
        async fn lot_id(&self) -> ID {
            NodeId::Lot(self.operation.account.clone(), self.lot).into()
        }

        /// How many credits ended unused.
        async fn expired(&self) -> Credits {
            let postings = &self.operation.event.postings;
            Credits(postings.iter().map(|posting| posting.expired).sum())
        }
    }
}

/// A payment as billing reported it. The service takes none.
#[derive(Clone, SimpleObject)]
pub struct Payment {
    /// Who took the payment, as billing names it.
    pub provider: String,
    /// The provider's own id of the payment, unique for ever across all accounts.
    pub reference: String,
    /// What was paid, for display and audit.
    pub amount: Money,
    /// When it was paid.
    pub paid_at: DateTime,
}

impl From<&payment::Payment> for Payment {
    fn from(payment: &payment::Payment) -> Payment {
        Payment {
            provider: payment.key.provider.clone(),
            reference: payment.key.reference.clone(),
            amount: payment.amount.into(),
            paid_at: payment.paid_at.into(),
        }
    }
}

fn plan(lot: &LotTerms) -> Option<ID> {
    match &lot.origin {
        Origin::Plan { plan, .. } | Origin::Rollover { plan, .. } => Some(plan.as_str().into()),
        Origin::Pack { .. } => None,
    }
}
