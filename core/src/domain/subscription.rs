//! An account on a plan: its anchor, its periods and its paid terms.
//!
//! Owns the arithmetic of periods and terms, and what is remembered of a period whose subscription ended
//! within it. It never grants: `decide` does.

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
    /// The period from whose start paid terms are counted: 0, or the one that ran when the term's
    /// length last changed.
    #[serde(default, skip_serializing_if = "is_first")]
    pub term_from: u32,
    /// The period in which it was last started. Reports of terms that ended before it do not make the
    /// subscription past due.
    #[serde(default, skip_serializing_if = "is_first")]
    pub started_in: u32,
    /// What it will change to by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled: Option<ScheduledChange>,
    /// What its payments mean for the current period.
    #[serde(default, skip_serializing_if = "TermPayments::is_plain")]
    pub payments: TermPayments,
}

/// A change of plan, of billing interval or of both that time will make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduledChange {
    /// The plan from then on.
    pub plan: PlanId,
    /// How long a payment lasts from then on.
    pub interval: BillingInterval,
    /// When: the end of a paid term, which is the end of a period.
    pub at: Instant,
}

/// A period that was granted and whose subscription ended within it. A start until its end goes on with
/// it: nobody is granted the same days twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokenPeriod {
    /// The subscription, which goes on with such a start.
    pub subscription: Sequence,
    /// The instant from which its periods are counted.
    pub anchor: Instant,
    /// The period.
    pub period: u32,
    /// The highest allowance granted in it.
    pub granted: Credits,
}

fn is_first(period: &u32) -> bool {
    *period == 0
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
    /// monthly billing, the next anniversary of the first term's start on yearly billing.
    pub fn paid_through(&self) -> Instant {
        let term_months = self.interval.months();
        let terms = self.period.saturating_sub(self.term_from) / term_months + 1;
        period_start(self.anchor, self.term_from + terms * term_months)
    }

    /// The plan of the next period, if there will be one.
    pub fn next_plan(&self) -> &PlanId {
        let due = |change: &&ScheduledChange| change.at <= self.period_end();
        let change = self.scheduled.as_ref().filter(due);
        change.map_or(&self.plan, |change| &change.plan)
    }

    /// Whether the next period will be granted.
    pub fn renews(&self) -> bool {
        self.payments.past_due.is_none() && self.cancel_at.is_none_or(|end| end > self.period_end())
    }
}

impl BrokenPeriod {
    /// What is left behind by `subscription`, which ends at `at`; none if its period ends with it.
    pub fn of(subscription: &Subscription, at: Instant) -> Option<BrokenPeriod> {
        let broken = BrokenPeriod {
            subscription: subscription.id,
            anchor: subscription.anchor,
            period: subscription.period,
            granted: subscription.granted,
        };
        Some(broken).filter(|broken| at < broken.end())
    }

    /// When the period ends.
    pub fn end(&self) -> Instant {
        period_start(self.anchor, self.period + 1)
    }
}
