//! Payments as billing reports them: the service takes none.
//!
//! Owns the identity of a payment, which is unique for ever across all accounts, and which report of
//! it may follow which:
//!
//! | it stands at | and then |
//! |---|---|
//! | not known | `PAID`, `FAILED`: it is a payment of a term; or it buys a pack |
//! | `PAID`, or it bought a pack | `DISPUTED`, `REFUNDED` |
//! | `FAILED` | `PAID`: the invoice was tried again |
//! | `DISPUTED` | `DISPUTE_WON`, `DISPUTE_LOST`, `REFUNDED` |
//! | `DISPUTE_WON` | `REFUNDED` |
//! | `DISPUTE_LOST`, `REFUNDED` | nothing: the money is gone for good |

use serde::{Deserialize, Serialize};

use super::{
    catalog::Money,
    event::{Event, Fact},
    ids::{AccountId, LotId, OperationId, PackId, Sequence},
    term::Term,
    time::Instant,
};

/// The longest name of a payment provider and the longest reference, in characters.
pub const PAYMENT_TEXT_CHARS_MAX: usize = 255;

/// What makes a payment the same payment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PaymentKey {
    /// Who took the payment, as billing names it.
    pub provider: String,
    /// The provider's own id of the payment.
    pub reference: String,
}

/// A payment with what was paid and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// What makes it the same payment.
    #[serde(flatten)]
    pub key: PaymentKey,
    /// What was paid; for display and audit only.
    pub amount: Money,
    /// When it was paid.
    pub paid_at: Instant,
}

/// What billing reports of a payment. The last report is how it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentOutcome {
    /// It was paid.
    Paid,
    /// It was due and could not be taken.
    Failed,
    /// Whoever paid disputes it.
    Disputed,
    /// The dispute ended, and the money stays.
    DisputeWon,
    /// The dispute ended, and the money is gone.
    DisputeLost,
    /// The money was given back.
    Refunded,
}

impl PaymentOutcome {
    /// The name by which billing reports it.
    pub fn as_str(self) -> &'static str {
        match self {
            PaymentOutcome::Paid => "PAID",
            PaymentOutcome::Failed => "FAILED",
            PaymentOutcome::Disputed => "DISPUTED",
            PaymentOutcome::DisputeWon => "DISPUTE_WON",
            PaymentOutcome::DisputeLost => "DISPUTE_LOST",
            PaymentOutcome::Refunded => "REFUNDED",
        }
    }

    /// Whether a payment of a term becomes known by it.
    pub fn begins(self) -> bool {
        matches!(self, PaymentOutcome::Paid | PaymentOutcome::Failed)
    }

    /// Whether it can be reported of a payment that stands at `standing`.
    pub fn may_follow(self, standing: PaymentOutcome) -> bool {
        use PaymentOutcome::{DisputeLost, DisputeWon, Disputed, Failed, Paid, Refunded};
        match standing {
            Paid => matches!(self, Disputed | Refunded),
            Failed => matches!(self, Paid),
            Disputed => matches!(self, DisputeWon | DisputeLost | Refunded),
            DisputeWon => matches!(self, Refunded),
            DisputeLost | Refunded => false,
        }
    }

    /// Whether the money is gone, and what it brought with it.
    pub fn takes_back(self) -> bool {
        match self {
            PaymentOutcome::DisputeLost | PaymentOutcome::Refunded => true,
            PaymentOutcome::Paid
            | PaymentOutcome::Failed
            | PaymentOutcome::Disputed
            | PaymentOutcome::DisputeWon => false,
        }
    }
}

/// What a payment is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaidFor {
    /// A pack.
    Pack {
        /// The pack.
        pack: PackId,
        /// How many of it.
        quantity: u32,
        /// The lot that it became.
        lot: LotId,
    },
    /// A term of a subscription.
    Term(Term),
}

/// What is known of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentUse {
    /// The payment.
    pub key: PaymentKey,
    /// The account that it was used on.
    pub account: AccountId,
    /// The operation by which it became known.
    pub operation_id: OperationId,
    /// What it is for.
    pub paid_for: PaidFor,
    /// The last report of it; none for a pack's payment of which nothing was reported.
    pub last: Option<LastReport>,
}

/// The last report of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastReport {
    /// What was reported.
    pub outcome: PaymentOutcome,
    /// The operation that reported it.
    pub operation_id: OperationId,
}

impl PaymentUse {
    /// How it stands.
    pub fn standing(&self) -> PaymentOutcome {
        self.last.map_or(PaymentOutcome::Paid, |last| last.outcome)
    }

    /// The operation that made it stand as it does.
    pub fn stands_by(&self) -> OperationId {
        self.last
            .map_or(self.operation_id, |last| last.operation_id)
    }

    /// What is known of a payment after `event`, which is `account`'s at `sequence`; none if the
    /// event is about no payment.
    pub fn after(
        before: Option<&PaymentUse>,
        account: &AccountId,
        sequence: Sequence,
        event: &Event,
    ) -> Option<PaymentUse> {
        let operation_id = event.caused_by?.operation_id;
        if let Fact::PackPurchase {
            pack,
            quantity,
            payment,
            ..
        } = &event.fact
        {
            return Some(PaymentUse {
                key: payment.key.clone(),
                account: account.clone(),
                operation_id,
                paid_for: PaidFor::Pack {
                    pack: pack.clone(),
                    quantity: *quantity,
                    lot: sequence,
                },
                last: None,
            });
        }
        let told = event.fact.report()?;
        Some(PaymentUse {
            key: told.payment.key.clone(),
            account: account.clone(),
            operation_id: before.map_or(operation_id, |before| before.operation_id),
            paid_for: told.paid_for.clone(),
            last: Some(LastReport {
                outcome: told.outcome,
                operation_id,
            }),
        })
    }
}

/// What billing told of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told<'e> {
    /// The payment.
    pub payment: &'e Payment,
    /// How it stands.
    pub outcome: PaymentOutcome,
    /// What it is for.
    pub paid_for: &'e PaidFor,
}

impl Fact {
    /// What billing told of a payment by it, if it did.
    pub fn report(&self) -> Option<Told<'_>> {
        match self {
            Fact::PaymentReport {
                payment,
                outcome,
                paid_for,
                ..
            }
            | Fact::Revocation {
                payment,
                outcome,
                paid_for,
                ..
            } => Some(Told {
                payment,
                outcome: *outcome,
                paid_for,
            }),
            Fact::AccountOpened
            | Fact::SubscriptionChange { .. }
            | Fact::PeriodGrant { .. }
            | Fact::RolloverGrant { .. }
            | Fact::PackPurchase { .. }
            | Fact::Charge(_)
            | Fact::HoldPlaced { .. }
            | Fact::HoldExtended { .. }
            | Fact::HoldReleased { .. }
            | Fact::HoldExpired { .. }
            | Fact::Expiry { .. }
            | Fact::PreferencesChange { .. }
            | Fact::ChargeKept { .. } => None,
        }
    }
}
