//! Payments as billing reports them: the service takes none.
//!
//! Owns the identity of a payment, which is unique for ever across all accounts, and which report of
//! it may follow which. The rules are those of `core/README.md`, 5 to 8 and 14.

use serde::{Deserialize, Serialize};

use super::{
    catalog::Money,
    event::{Event, Fact},
    ids::{AccountId, LotId, OperationId, PackId, Sequence},
    term::{PastDue, Term},
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

    /// The reports that may follow it.
    fn followers(self) -> &'static [PaymentOutcome] {
        use PaymentOutcome::{DisputeLost, DisputeWon, Disputed, Failed, Paid, Refunded};
        match self {
            Paid | DisputeWon => &[Disputed, Refunded],
            Failed => &[Paid],
            Disputed => &[DisputeWon, DisputeLost, Refunded],
            DisputeLost | Refunded => &[],
        }
    }

    /// Whether it can be reported of a payment whose last report is `standing`.
    pub fn may_follow(self, standing: PaymentOutcome) -> bool {
        standing.followers().contains(&self)
    }

    /// Whether it can be reported once another report has come that is missing now: the report of a
    /// dispute that was won may arrive before the report of the dispute. A repetition is not early.
    pub fn is_early(self, standing: PaymentOutcome) -> bool {
        let mut reachable = standing.followers().to_vec();
        let mut next = 0;
        while let Some(one) = reachable.get(next) {
            for follower in one.followers() {
                if !reachable.contains(follower) {
                    reachable.push(*follower);
                }
            }
            next += 1;
        }
        self != standing && !self.may_follow(standing) && reachable.contains(&self)
    }

    /// Whether the money is not there: it was never taken, or it was taken back.
    pub fn is_unpaid(self) -> bool {
        self == PaymentOutcome::Failed || self.takes_back()
    }

    /// Whether the money was there and is gone.
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
    pub last: Option<PaymentOutcome>,
}

impl PaymentUse {
    /// The state of the payment: its last report.
    pub fn standing(&self) -> PaymentOutcome {
        self.last.unwrap_or(PaymentOutcome::Paid)
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
        let report = event.fact.report()?;
        Some(PaymentUse {
            key: report.payment.key.clone(),
            account: account.clone(),
            operation_id: before.map_or(operation_id, |before| before.operation_id),
            paid_for: report.paid_for.clone(),
            last: Some(report.outcome),
        })
    }
}

/// A report of a payment as it was decided, with all that `apply` must know of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentReport {
    /// The payment.
    pub payment: Payment,
    /// What was reported.
    pub outcome: PaymentOutcome,
    /// What the payment is for.
    pub paid_for: PaidFor,
    /// The report that it follows; none for the first report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<PaymentOutcome>,
    /// How the account's subscription is past due after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub past_due: Option<PastDue>,
    /// What it did to credits.
    pub effect: PaymentEffect,
}

/// What a report of a payment did to credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentEffect {
    /// The allowance of the current period, which had been withheld, was granted.
    Granted,
    /// Credits that were frozen can be used again.
    Unfrozen,
    /// What is left of the credits that the payment is for is frozen.
    Frozen,
    /// What was unspent of the credits that the payment was for has ended.
    Revoked,
    /// Nothing: the subscription that the payment is for has ended, and none of its credits are left.
    SubscriptionEnded,
    /// Nothing: the credits count as paid, by another payment or because no payment of them had been
    /// reported.
    AlreadyPaid,
    /// Nothing: none of the credits that the payment is for are left.
    NothingLeft,
}

impl PaymentReport {
    /// Whether money was taken for a subscription that had ended, and no credits came of it.
    pub fn is_without_effect(&self) -> bool {
        self.outcome == PaymentOutcome::Paid && self.effect == PaymentEffect::SubscriptionEnded
    }
}

impl Fact {
    /// Whether it reports money that was taken for a subscription that had ended, to no effect.
    pub fn is_without_effect(&self) -> bool {
        self.report().is_some_and(PaymentReport::is_without_effect)
    }

    /// The report of a payment, if it is one.
    pub fn report(&self) -> Option<&PaymentReport> {
        match self {
            Fact::PaymentReport { report, .. } | Fact::Revocation(report) => Some(report),
            _ => None,
        }
    }
}
