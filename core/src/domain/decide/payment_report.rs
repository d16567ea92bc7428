//! Reports of payments: what billing learnt of a payment that it took.
//!
//! Owns the guards of `reportPayment`, in the precedence of their refusals, and what each report means:
//!
//! | outcome | of a term | of a pack |
//! |---|---|---|
//! | `PAID` | thaws what was past due, or grants the current period if it was withheld | |
//! | `FAILED` | freezes the allowance that is not paid for; no period is granted until it is | |
//! | `DISPUTED` | freezes what the payment brought, and still brings | likewise |
//! | `DISPUTE_WON` | thaws it | likewise |
//! | `DISPUTE_LOST`, `REFUNDED` | ends what is unused of it; no later period of the term is granted | ends what is unused |
//!
//! A term that was paid twice keeps its credits when one payment is given back: a payment brings only
//! what no other one that stands pays for. They freeze when the best that is left of its payments is in
//! dispute, and end with the last.
//!
//! No report adds credits but the allowance of the current period, once. What was spent leaves no
//! debt. What a hold has set aside stays with the hold: its generation may be running. Settled, it is
//! consumed; what would return is revoked.

use chrono::TimeDelta;

use super::{Case, Verdict};
use crate::domain::{
    due::period_lot,
    event::Fact,
    lot::LotTerms,
    payment::{PaidFor, Payment, PaymentOutcome},
    posting::Posting,
    refusal::Refusal,
    subscription::Subscription,
    term::{PastDue, Term},
    time::Instant,
};

impl Case<'_> {
    pub(super) fn report_payment(
        &self,
        payment: &Payment,
        outcome: PaymentOutcome,
    ) -> Result<Verdict, Refusal> {
        let paid_for = self.paid_for(payment, outcome)?;
        Ok(match outcome {
            PaymentOutcome::Paid => self.paid(payment, paid_for),
            PaymentOutcome::Failed => self.failed(payment, paid_for),
            PaymentOutcome::Disputed | PaymentOutcome::DisputeWon => {
                self.told(payment, outcome, paid_for, self.past_due())
            }
            PaymentOutcome::DisputeLost | PaymentOutcome::Refunded => {
                self.taken_back(payment, outcome, paid_for)
            }
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
            None => match outcome {
                PaymentOutcome::Paid | PaymentOutcome::Failed => {
                    let subscription = self.subscription()?;
                    let term = self.new_term(subscription, payment.paid_at, outcome)?;
                    Ok(PaidFor::Term(term))
                }
                PaymentOutcome::Disputed
                | PaymentOutcome::DisputeWon
                | PaymentOutcome::DisputeLost
                | PaymentOutcome::Refunded => Err(Refusal::PaymentUnknown { payment: key() }),
            },
        }
    }

    /// The term of a payment that is reported for the first time. That one was paid may be told late;
    /// that one failed concerns the current term or the one before.
    fn new_term(
        &self,
        subscription: &Subscription,
        paid_at: Instant,
        outcome: PaymentOutcome,
    ) -> Result<Term, Refusal> {
        let earliest = subscription.payments_from(self.account.plan_ended_at);
        let (_, until) = subscription.bounds(subscription.current_term());
        let from = match subscription.previous_term() {
            Some(before) if outcome == PaymentOutcome::Failed && before.first > 0 => {
                subscription.bounds(before).0
            }
            Some(_) | None => earliest,
        };
        if (from..until).contains(&paid_at) {
            return Ok(subscription.term_at(paid_at));
        }
        Err(Refusal::PaymentOutsideTerms {
            paid_at,
            from,
            until,
        })
    }

    fn past_due(&self) -> Option<PastDue> {
        self.account.subscription.as_ref()?.payments.past_due
    }

    /// The subscription, if the payment is for a term of it.
    fn paid_subscription(&self, paid_for: &PaidFor) -> Option<(&Subscription, Term)> {
        match paid_for {
            PaidFor::Term(term) => {
                let current = self.account.subscription.as_ref()?;
                (current.id == term.subscription).then_some((current, *term))
            }
            PaidFor::Pack { .. } => None,
        }
    }

    fn told(
        &self,
        payment: &Payment,
        outcome: PaymentOutcome,
        paid_for: PaidFor,
        past_due: Option<PastDue>,
    ) -> Verdict {
        self.plain(Fact::PaymentReport {
            payment: payment.clone(),
            outcome,
            paid_for,
            past_due,
            lot: None,
        })
    }

    /// A payment that was due before another one was paid is told too late to matter: billing tried
    /// again, and its reports overtook each other.
    fn failed(&self, payment: &Payment, paid_for: PaidFor) -> Verdict {
        let mut past_due = self.past_due();
        if let Some((subscription, term)) = self.paid_subscription(&paid_for) {
            let paid_at = subscription.payments.paid_at;
            if paid_at.is_none_or(|paid_at| payment.paid_at >= paid_at) {
                past_due = Some(self.past_due_with(past_due, payment.paid_at, term));
            }
        }
        self.told(payment, PaymentOutcome::Failed, paid_for, past_due)
    }

    fn past_due_with(&self, before: Option<PastDue>, due_at: Instant, term: Term) -> PastDue {
        let Some(before) = before else {
            let policy = &self.catalogs.terms_at(self.at).catalog.policy;
            let days = TimeDelta::days(i64::from(policy.past_due_days_max));
            return PastDue {
                since: self.at,
                lapses_at: self.at.saturating_add(days),
                due_at,
                from: term.first,
                term: term.first,
            };
        };
        PastDue {
            due_at: before.due_at.max(due_at),
            from: before.from.min(term.first),
            term: before.term.max(term.first),
            ..before
        }
    }

    fn paid(&self, payment: &Payment, paid_for: PaidFor) -> Verdict {
        let mut past_due = self.past_due();
        let mut granted = None;
        if let Some((subscription, term)) = self.paid_subscription(&paid_for) {
            past_due = past_due.and_then(|one| self.still_past_due(one, payment, term));
            granted = self.withheld_period(subscription, term, past_due);
        }
        let mut verdict = self.told(payment, PaymentOutcome::Paid, paid_for, past_due);
        if let Some(granted) = granted {
            let made = self.account.sequence.next();
            verdict.postings = vec![Posting::granted(made, granted.granted)];
            if let Fact::PaymentReport { lot, .. } = &mut verdict.fact {
                *lot = Some(granted);
            }
        }
        verdict
    }

    /// What is past due after a payment: nothing, once the last term that failed is paid. A new
    /// payment pays what was due when it was made; one that had failed pays its own term.
    fn still_past_due(&self, before: PastDue, payment: &Payment, term: Term) -> Option<PastDue> {
        let tried_again = self.known.payment.is_some();
        if tried_again {
            let later = term.first < before.term;
            later.then(|| PastDue {
                from: before.from.max(term.end()).min(before.term),
                ..before
            })
        } else {
            (payment.paid_at < before.due_at).then_some(before)
        }
    }

    /// The lot of the current period, if it began without its allowance and is paid for now. It is
    /// filled up to the allowance: what the period had already is not granted twice.
    fn withheld_period(
        &self,
        subscription: &Subscription,
        term: Term,
        past_due: Option<PastDue>,
    ) -> Option<LotTerms> {
        let payments = &subscription.payments;
        let unpaid = payments.taken_back.filter(|one| one.first > term.first);
        let period = subscription.period;
        if !payments.withheld
            || past_due.is_some()
            || unpaid.is_some_and(|one| one.covers(subscription.id, period))
        {
            return None;
        }
        let (_, plan) = self.catalogs.plan_terms(&subscription.plan, self.at)?;
        let granted = plan.allowance.saturating_sub(subscription.granted);
        Some(period_lot(subscription, period, self.at, granted))
    }

    fn taken_back(&self, payment: &Payment, outcome: PaymentOutcome, paid_for: PaidFor) -> Verdict {
        let standing = self.known.payment.as_ref().map(|used| used.standing());
        let disputed = standing == Some(PaymentOutcome::Disputed);
        let lost = self.account.lots_lost(&paid_for, disputed).into_iter();
        let postings = lost
            .filter(|lot| !lot.remaining.is_zero())
            .map(|lot| Posting::revoked(lot.id, lot.remaining))
            .collect();
        let mut verdict = self.plain(Fact::Revocation {
            payment: payment.clone(),
            outcome,
            paid_for,
            disputed,
        });
        verdict.postings = postings;
        verdict
    }
}
