//! Reports of payments: what billing learnt of a payment that it took.
//!
//! Owns the guards of `reportPayment`, in the precedence of their refusals, and what a report means for
//! the subscription: whether it is past due, and whether a withheld period is granted. What freezes,
//! thaws and ends follows from the counts of [`crate::domain::term`]. The rules are those of
//! `core/README.md`, 5 to 14.
//!
//! No report adds credits but the allowance of the current period, once.

use chrono::TimeDelta;

use super::{Case, Verdict};
use crate::domain::{
    account::Account,
    due::period_lot,
    event::Fact,
    lot::{Lot, LotTerms},
    payment::{PaidFor, Payment, PaymentEffect, PaymentOutcome, PaymentReport},
    posting::Posting,
    refusal::Refusal,
    subscription::Subscription,
    term::{PaidState, PastDue, Term},
    time::Instant,
};

impl Case<'_> {
    pub(super) fn report_payment(
        &self,
        payment: &Payment,
        outcome: PaymentOutcome,
    ) -> Result<Verdict, Refusal> {
        let paid_for = self.paid_for(payment, outcome)?;
        let mut report = PaymentReport {
            payment: payment.clone(),
            outcome,
            paid_for,
            before: self.known.payment.as_ref().and_then(|used| used.last),
            past_due: None,
            effect: PaymentEffect::NothingLeft,
        };
        report.past_due = self.past_due_after(&report);
        let lot = self.withheld_period(&report);
        report.effect = self.effect(&report, lot.as_ref());
        let made = self.account.sequence.next();
        let lost = self.account.lots_lost(&report).into_iter();
        let revoked = lost
            .filter(|lot| !lot.remaining.is_zero())
            .map(|lot| Posting::revoked(lot.id, lot.remaining));
        let granted = lot.iter().map(|lot| Posting::granted(made, lot.granted));
        let postings = revoked.chain(granted).collect();
        let fact = match outcome.takes_back() {
            true => Fact::Revocation(report),
            false => Fact::PaymentReport { report, lot },
        };
        Ok(Verdict {
            postings,
            ..self.plain(fact)
        })
    }

    /// What the payment is for: as it is known, or the term that a new one is of.
    fn paid_for(&self, payment: &Payment, outcome: PaymentOutcome) -> Result<PaidFor, Refusal> {
        let key = || payment.key.clone();
        match &self.known.payment {
            Some(used) if used.account != self.account.id => Err(Refusal::PaymentAlreadyUsed {
                payment: key(),
                operation_id: None,
            }),
            Some(used) if outcome.may_follow(used.standing()) => Ok(used.paid_for.clone()),
            Some(used) => Err(Refusal::PaymentOutcomeOutOfOrder {
                payment: key(),
                standing: used.standing(),
                outcome,
            }),
            None if outcome.begins() => {
                let subscription = self.subscription()?;
                let term = self.new_term(subscription, payment.paid_at)?;
                Ok(PaidFor::Term(term))
            }
            None => Err(Refusal::PaymentUnknown { payment: key() }),
        }
    }

    /// The term of a payment that is reported for the first time.
    fn new_term(&self, subscription: &Subscription, paid_at: Instant) -> Result<Term, Refusal> {
        let from = subscription.payments_from(self.account.plan_ended_at);
        let (_, until) = subscription.bounds(subscription.current_term());
        if (from..until).contains(&paid_at) {
            return Ok(subscription.term_at(paid_at));
        }
        Err(Refusal::PaymentOutsideTerms {
            paid_at,
            from,
            until,
        })
    }

    /// How the subscription is past due after a report: since the report that left its latest reported
    /// term unpaid, as long as that term is.
    fn past_due_after(&self, report: &PaymentReport) -> Option<PastDue> {
        let subscription = self.account.subscription.as_ref()?;
        let before = subscription.payments.past_due;
        let PaidFor::Term(term) = report.paid_for else {
            return before;
        };
        let terms = &self.account.reported_terms;
        let terms = terms.with(term, report.outcome, report.before);
        let latest = terms.latest(subscription)?;
        if latest.payments.state() != PaidState::Unpaid {
            return None;
        }
        let same = |before: &PastDue| before.term == latest.term;
        Some(before.filter(same).unwrap_or_else(|| {
            let policy = &self.catalogs.terms_at(self.at).catalog.policy;
            let days = TimeDelta::days(i64::from(policy.past_due_days_max));
            PastDue {
                since: self.at,
                lapses_at: self.at.saturating_add(days),
                term: latest.term,
            }
        }))
    }

    /// The lot of the current period, if it began without its allowance and the term that was unpaid
    /// then, or a later one, is paid now. It does not matter whether a later term has failed since: the
    /// lot is frozen while its own period is unpaid.
    fn withheld_period(&self, report: &PaymentReport) -> Option<LotTerms> {
        let subscription = self.account.subscription.as_ref()?;
        let unpaid = subscription.payments.withheld_for?;
        let PaidFor::Term(term) = report.paid_for else {
            return None;
        };
        let pays = term.subscription == subscription.id && term.first >= unpaid;
        if report.outcome != PaymentOutcome::Paid || !pays {
            return None;
        }
        let (_, plan) = self.catalogs.plan_terms(&subscription.plan, self.at)?;
        let granted = plan.allowance.saturating_sub(subscription.granted);
        Some(period_lot(
            subscription,
            subscription.period,
            self.at,
            granted,
        ))
    }

    /// What a report does to credits, found by applying it to a copy.
    fn effect(&self, report: &PaymentReport, lot: Option<&LotTerms>) -> PaymentEffect {
        if lot.is_some() {
            return PaymentEffect::Granted;
        }
        let mut after = self.account.clone();
        after.apply_report(report);
        let lots = || self.account.lots.iter().zip(&after.lots);
        let unfrozen = |(before, after): (&Lot, &Lot)| before.freezes.has_beside(after.freezes);
        if lots().any(|(before, after)| after.revoked && !before.revoked) {
            PaymentEffect::Revoked
        } else if lots().any(unfrozen) {
            PaymentEffect::Unfrozen
        } else if self.freezes(report, &after) {
            PaymentEffect::Frozen
        } else {
            self.no_effect(report, &after)
        }
    }

    /// Whether a report freezes credits, or finds them frozen already by another one.
    fn freezes(&self, report: &PaymentReport, after: &Account) -> bool {
        let outcome = report.outcome;
        (outcome == PaymentOutcome::Disputed || outcome.is_unpaid())
            && after
                .lots
                .iter()
                .any(|lot| report.concerns(lot) && !lot.revoked && !lot.is_live())
    }

    /// Why a report does nothing to credits.
    fn no_effect(&self, report: &PaymentReport, after: &Account) -> PaymentEffect {
        let PaidFor::Term(term) = report.paid_for else {
            return PaymentEffect::NothingLeft;
        };
        let current = self.account.subscription.as_ref();
        let period = (term.subscription, term.end() - 1);
        let before = self.account.reported_terms.payments(period);
        let after = after.reported_terms.payments(period);
        // A payment had been needed if it had failed itself and is the only one, or if others had.
        let others_pay = match (report.outcome, report.before) {
            (PaymentOutcome::Paid, Some(_)) => after.paid > 1,
            (PaymentOutcome::Paid, None) => before.state() == PaidState::Paid,
            _ => after.state() == PaidState::Paid,
        };
        if current.is_none_or(|one| one.id != term.subscription) {
            PaymentEffect::SubscriptionEnded
        } else if others_pay {
            PaymentEffect::AlreadyPaid
        } else {
            PaymentEffect::NothingLeft
        }
    }
}
