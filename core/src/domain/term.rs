//! Terms: what one payment of a subscription pays for, and how those payments stand.
//!
//! Owns the arithmetic of terms and what a subscription remembers of their payments, which is bounded
//! whatever is reported: one failure, one term that was taken back. It never decides and never grants.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::{
    catalog::BillingInterval,
    credits::Credits,
    ids::Sequence,
    lot::Origin,
    subscription::Subscription,
    time::{Instant, period_at, period_start},
};

/// For so long before a subscription's anchor a payment counts for its first term: people pay first,
/// and are put on the plan once the payment has come through.
pub const PAID_AHEAD_HOURS: i64 = 24;

/// The periods that one payment of a subscription pays for. Periods keep their numbers whatever
/// becomes of the plan, so a term is the same for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// The subscription, by the position of the operation that started it.
    pub subscription: Sequence,
    /// Its first period.
    pub first: u32,
    /// How many periods it has.
    pub months: u32,
}

impl Term {
    /// The first period after it.
    pub fn end(self) -> u32 {
        self.first.saturating_add(self.months)
    }

    /// Whether a period of a subscription is one of it.
    pub fn covers(self, subscription: Sequence, period: u32) -> bool {
        self.subscription == subscription && (self.first..self.end()).contains(&period)
    }

    /// Whether credits of that origin are its allowance, or what rolled over of it.
    pub fn brought(self, origin: &Origin) -> bool {
        of_period(origin).is_some_and(|(subscription, period)| self.covers(subscription, period))
    }
}

/// The subscription and the period that credits of a plan came with, rolled over or not.
pub(super) fn of_period(origin: &Origin) -> Option<(Sequence, u32)> {
    match origin {
        Origin::Plan {
            subscription,
            period,
            ..
        }
        | Origin::Rollover {
            subscription,
            period,
            ..
        } => Some((*subscription, *period)),
        Origin::Pack { .. } => None,
    }
}

/// How the payments of a term stand that billing reported. What the term brought, and still brings, is
/// usable while one of them stands, frozen while the best of them is in dispute, and taken back with the
/// last of them: a payment that was made twice and given back once leaves the term paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedTerm {
    /// The term.
    pub term: Term,
    /// How many of its payments are paid.
    #[serde(default, skip_serializing_if = "is_none_of_them")]
    pub paid: u32,
    /// How many of them are in dispute.
    #[serde(default, skip_serializing_if = "is_none_of_them")]
    pub disputes: u32,
}

fn is_none_of_them(count: &u32) -> bool {
    *count == 0
}

/// A payment of a subscription could not be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastDue {
    /// Since when the service knows: the first report of it.
    pub since: Instant,
    /// When the subscription lapses if nothing is paid, as the catalog in force at `since` has it.
    pub lapses_at: Instant,
    /// When the last payment that failed was due.
    pub due_at: Instant,
    /// The first period that is not paid for. From there on the allowance is frozen.
    pub from: u32,
    /// The first period of the last term whose payment failed. It is the one to be paid.
    pub term: u32,
}

/// How the payments of a subscription stand, as far as there is more to it than that all is well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TermPayments {
    /// That one failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub past_due: Option<PastDue>,
    /// When the latest payment that was reported as paid was paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid_at: Option<Instant>,
    /// The term whose payment was taken back: no period of it is granted any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken_back: Option<Term>,
    /// Whether the current period began without its allowance.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub withheld: bool,
    /// What was revoked of the current period's allowance.
    #[serde(skip_serializing_if = "Credits::is_nothing")]
    pub revoked: Credits,
}

impl TermPayments {
    /// Whether nothing was reported that is worth keeping.
    pub fn is_plain(&self) -> bool {
        *self == TermPayments::default()
    }

    /// Begins a period, with its allowance or without.
    pub(super) fn begin_period(&mut self, withheld: bool) {
        self.withheld = withheld;
        self.revoked = Credits::ZERO;
    }
}

impl Subscription {
    /// The term that a period is of. Terms are counted from the period in which their length last
    /// changed; those before it had the other length, and the last of them ended there.
    pub fn term_of(&self, period: u32) -> Term {
        let months = self.interval.months();
        let (first, end) = match period.checked_sub(self.term_from) {
            Some(since) => {
                let first = self.term_from + since / months * months;
                (first, first.saturating_add(months))
            }
            None => {
                let months = match self.interval {
                    BillingInterval::Monthly => BillingInterval::Yearly.months(),
                    BillingInterval::Yearly => BillingInterval::Monthly.months(),
                };
                let before = (self.term_from - period - 1) / months * months;
                let end = self.term_from - before;
                (end.saturating_sub(months), end)
            }
        };
        Term {
            subscription: self.id,
            first,
            months: end - first,
        }
    }

    /// The term that runs now.
    pub fn current_term(&self) -> Term {
        self.term_of(self.period)
    }

    /// The term before the current one; none in the first.
    pub fn previous_term(&self) -> Option<Term> {
        let before = self.current_term().first.checked_sub(1)?;
        Some(self.term_of(before))
    }

    /// From when on payments are its own: some hours before its anchor, but not before the plan
    /// before it ended.
    pub fn payments_from(&self, plan_ended_at: Option<Instant>) -> Instant {
        let ahead = self
            .anchor
            .saturating_sub(TimeDelta::hours(PAID_AHEAD_HOURS));
        plan_ended_at.map_or(ahead, |ended| ahead.max(ended.min(self.anchor)))
    }

    /// The term that a payment made or due at `at` is for.
    pub fn term_at(&self, at: Instant) -> Term {
        self.term_of(period_at(self.anchor, at))
    }

    /// When a term begins and ends.
    pub fn bounds(&self, term: Term) -> (Instant, Instant) {
        let start = period_start(self.anchor, term.first);
        (start, period_start(self.anchor, term.end()))
    }

    /// Whether the allowance of a period is granted when it begins.
    pub fn grants(&self, period: u32) -> bool {
        let taken_back = self.payments.taken_back;
        self.payments.past_due.is_none()
            && taken_back.is_none_or(|term| !term.covers(self.id, period))
    }
}
