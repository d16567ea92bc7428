//! An account on a plan: its anchor, its periods and its paid terms.
//!
//! Owns the arithmetic of periods and terms. It never grants: `decide` does.

use serde::{Deserialize, Serialize};

use super::{
    catalog::BillingInterval,
    credits::Credits,
    ids::{PlanId, Sequence},
    term::TermPayments,
    time::{Instant, period_start},
};

/// An account on a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// The position of the operation that started it.
    pub id: Sequence,
    /// The plan in force.
    pub plan: PlanId,
    /// How long a payment lasts. Credits renew monthly either way.
    pub interval: BillingInterval,
    /// The instant from which all periods are counted.
    pub anchor: Instant,
    /// The current period, 0 for the one that starts at the anchor.
    pub period: u32,
    /// The allowance granted in the current period.
    pub granted: Credits,
    /// When it ends, once it is cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_at: Option<Instant>,
    /// How its payments stand.
    #[serde(default, skip_serializing_if = "TermPayments::is_plain")]
    pub payments: TermPayments,
}

/// Why a subscription ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// It was cancelled, and its paid term is over.
    #[default]
    Cancelled,
    /// A payment was past due for too long.
    PastDue,
}

impl EndReason {
    pub(super) fn is_cancelled(&self) -> bool {
        *self == EndReason::Cancelled
    }
}

impl Subscription {
    /// When the current period began.
    pub fn period_start(&self) -> Instant {
        period_start(self.anchor, self.period)
    }

    /// When the current period ends and the next begins.
    pub fn period_end(&self) -> Instant {
        period_start(self.anchor, self.period + 1)
    }

    /// The end of the paid term that the current period belongs to: the next period's start on
    /// monthly billing, the anchor's next anniversary on yearly billing.
    pub fn paid_through(&self) -> Instant {
        let term_months = self.interval.months();
        let terms = self.period / term_months + 1;
        period_start(self.anchor, terms * term_months)
    }

    /// Whether the next period will be granted.
    pub fn renews(&self) -> bool {
        self.grants(self.period + 1) && self.cancel_at.is_none_or(|end| end > self.period_end())
    }
}
