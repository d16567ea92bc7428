//! Terms: what one payment of a subscription pays for, and the states of those payments.
//!
//! Owns the arithmetic of terms and the counts of their payments by state. The state of a period is a
//! function of these counts, so it does not depend on the order of the reports (`core/README.md`, rule 9).
//! It never decides and never grants.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::{
    catalog::BillingInterval,
    credits::Credits,
    ids::Sequence,
    lot::{Freeze, Freezes, Origin},
    payment::PaymentOutcome,
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
    pub fn granted(self, origin: &Origin) -> bool {
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

/// What the reported payments of a period say of it together, the best state first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PaidState {
    /// One of them is paid, or none was reported, which counts as paid.
    Paid,
    /// None is paid, and one is in dispute.
    Disputed,
    /// All of them failed or were taken back.
    Unpaid,
}

/// How many payments of a term are in which state, as far as that says anything of the term.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PaymentCounts {
    /// `PAID` or `DISPUTE_WON`.
    #[serde(skip_serializing_if = "is_none_of_them")]
    pub paid: u32,
    /// `DISPUTED`.
    #[serde(skip_serializing_if = "is_none_of_them")]
    pub disputed: u32,
    /// Whether one was reported as `FAILED`, `REFUNDED` or `DISPUTE_LOST`. It matters only where none is
    /// paid or in dispute, so that it may stay when that one is paid: the last one that ceases to be paid or
    /// in dispute is reported so again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unpaid: bool,
}

fn is_none_of_them(count: &u32) -> bool {
    *count == 0
}

impl PaymentCounts {
    /// Whether no payment was reported.
    pub fn is_zero(self) -> bool {
        self == PaymentCounts::default()
    }

    /// Whether money is there, or may still be there.
    pub fn is_backed(self) -> bool {
        self.paid > 0 || self.disputed > 0
    }

    /// What the payments say together.
    pub fn state(self) -> PaidState {
        match self {
            PaymentCounts { paid: 1.., .. } => PaidState::Paid,
            PaymentCounts { disputed: 1.., .. } => PaidState::Disputed,
            PaymentCounts { unpaid: true, .. } => PaidState::Unpaid,
            PaymentCounts { unpaid: false, .. } => PaidState::Paid,
        }
    }

    /// Counts a report in place of the one that it follows.
    fn count(&mut self, outcome: PaymentOutcome, before: Option<PaymentOutcome>) {
        if let Some(count) = before.and_then(|before| self.of(before)) {
            *count = count.saturating_sub(1);
        }
        match self.of(outcome) {
            Some(count) => *count = count.saturating_add(1),
            None => self.unpaid = true,
        }
    }

    fn of(&mut self, outcome: PaymentOutcome) -> Option<&mut u32> {
        match outcome {
            PaymentOutcome::Paid | PaymentOutcome::DisputeWon => Some(&mut self.paid),
            PaymentOutcome::Disputed => Some(&mut self.disputed),
            PaymentOutcome::Failed | PaymentOutcome::DisputeLost | PaymentOutcome::Refunded => None,
        }
    }

    fn plus(self, other: PaymentCounts) -> PaymentCounts {
        PaymentCounts {
            paid: self.paid.saturating_add(other.paid),
            disputed: self.disputed.saturating_add(other.disputed),
            unpaid: self.unpaid || other.unpaid,
        }
    }
}

/// The payments of a term, for the periods `from..to` of it: all of them, unless the subscription was
/// started again within the term. A start cuts the term in two, because failures and refunds that were
/// reported before it do not count for the periods from its own on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedTerm {
    /// The term.
    pub term: Term,
    /// The first period that the counts are of.
    pub from: u32,
    /// The first period after them.
    pub to: u32,
    /// How many payments are in which state.
    pub payments: PaymentCounts,
}

impl ReportedTerm {
    fn new(term: Term) -> ReportedTerm {
        ReportedTerm {
            term,
            from: term.first,
            to: term.end(),
            payments: PaymentCounts::default(),
        }
    }

    /// Whether the counts are of a period of a subscription.
    pub fn covers(&self, subscription: Sequence, period: u32) -> bool {
        self.term.subscription == subscription && (self.from..self.to).contains(&period)
    }
}

/// The reported payments of an account's terms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReportedTerms(Vec<ReportedTerm>);

impl ReportedTerms {
    /// Whether none was reported, or all are forgotten.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &ReportedTerm> {
        self.0.iter()
    }

    /// They with a report of a payment of `term`, which follows `before`.
    pub fn with(
        &self,
        term: Term,
        outcome: PaymentOutcome,
        before: Option<PaymentOutcome>,
    ) -> ReportedTerms {
        let mut terms = self.clone();
        if !terms.0.iter().any(|one| one.term == term) {
            terms.0.push(ReportedTerm::new(term));
        }
        for one in terms.0.iter_mut().filter(|one| one.term == term) {
            one.payments.count(outcome, before);
        }
        terms
    }

    /// Makes the periods of a subscription from `period` on not reported again, at a start: what is paid or
    /// in dispute remains.
    pub(super) fn start(&mut self, subscription: Sequence, period: u32) {
        let mut terms = Vec::with_capacity(self.0.len() + 1);
        for mut one in std::mem::take(&mut self.0) {
            if one.term.subscription == subscription && one.to > period {
                if one.from < period {
                    terms.push(ReportedTerm { to: period, ..one });
                    one.from = period;
                }
                one.payments.unpaid = false;
            }
            terms.push(one);
        }
        self.0 = terms;
    }

    pub(super) fn retain(&mut self, wanted: impl FnMut(&ReportedTerm) -> bool) {
        self.0.retain(wanted);
    }

    /// The payments of a period, whatever their terms.
    pub fn payments(&self, (subscription, period): (Sequence, u32)) -> PaymentCounts {
        let terms = self.0.iter();
        let of_it = terms.filter(|one| one.covers(subscription, period));
        of_it.fold(PaymentCounts::default(), |sum, one| sum.plus(one.payments))
    }

    /// Why credits of that origin are frozen, as far as payments of a plan freeze them.
    pub fn freezes(&self, origin: &Origin) -> Freezes {
        let state = of_period(origin).map(|period| self.payments(period).state());
        match state {
            Some(PaidState::Unpaid) => Freezes::NONE.with(Freeze::PastDue),
            Some(PaidState::Disputed) => Freezes::NONE.with(Freeze::Disputed),
            Some(PaidState::Paid) | None => Freezes::NONE,
        }
    }

    /// The latest reported term of a subscription: the one with the greatest first period, and of two
    /// such terms the longer one. Terms that ended before the subscription was last started are over.
    pub fn latest(&self, subscription: &Subscription) -> Option<&ReportedTerm> {
        let terms = self.0.iter().filter(|one| {
            one.term.subscription == subscription.id
                && one.to > subscription.started_in
                && !one.payments.is_zero()
        });
        terms.max_by_key(|one| (one.term.first, one.term.months, one.to))
    }
}

/// The payment of a subscription's latest reported term has failed or was taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastDue {
    /// The instant of the report that left the term unpaid. Later ones do not move it.
    pub since: Instant,
    /// When the subscription lapses if nothing is paid, by the catalog in force at `since`.
    pub lapses_at: Instant,
    /// The term.
    pub term: Term,
}

/// What the payments of a subscription mean for its current period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TermPayments {
    /// Whether and since when its latest reported term is unpaid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub past_due: Option<PastDue>,
    /// The first period of the term that was unpaid when the current period began, which is why that
    /// began without its allowance; none if it began with it. A payment of this term or of a later one
    /// grants it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withheld_for: Option<u32>,
    /// What was revoked of the current period's allowance.
    #[serde(skip_serializing_if = "Credits::is_nothing")]
    pub revoked: Credits,
}

impl TermPayments {
    /// Whether there is nothing to store.
    pub fn is_plain(&self) -> bool {
        *self == TermPayments::default()
    }

    /// Begins a period: without its allowance while a term is unpaid.
    pub(super) fn begin_period(&mut self) {
        self.withheld_for = self.past_due.map(|past_due| past_due.term.first);
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
}
