//! The independent model of payments: how each stands, and what the plan of an account is entitled to.
//!
//! It keeps every payment for ever and looks through all of them, where the ledger counts. It takes from
//! an operation what was reported, and makes of it by itself what is past due and what is granted.

use std::collections::HashMap;

use chrono::TimeDelta;
use credits_core::domain::{
    event::SubscriptionEvent,
    lot::LotTerms,
    payment::{PaidFor, Payment, PaymentKey, PaymentOutcome},
    subscription::EndReason,
    term::{PastDue, Term},
    time::Instant,
};

use crate::traffic;

/// So long a payment may be past due, by the catalog of the simulation.
const PAST_DUE_MAX: TimeDelta = TimeDelta::days(30);

/// A period of a subscription: the subscription's position, and the number of the period.
pub type Period = (i64, u32);

/// How the plan of an account runs.
#[derive(Clone, Debug)]
pub struct Running {
    pub id: i64,
    pub plan: String,
    pub period: u32,
    /// The best allowance granted in the period.
    pub granted: i64,
    pub withheld: bool,
    pub unpaid: Option<PastDue>,
    paid_at: Option<Instant>,
    /// Terms of which a payment was taken back, since it runs.
    gone: Vec<Term>,
}

#[derive(Clone, Debug, Default)]
pub struct Terms {
    pub running: Option<Running>,
    broken: Option<Running>,
    payments: HashMap<PaymentKey, (PaidFor, PaymentOutcome)>,
    /// What was granted of each period, by all its lots.
    granted: HashMap<Period, i64>,
    pub problems: Vec<String>,
}

impl Terms {
    fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }

    /// How the payments of a period's allowance stand that anything was reported of.
    fn standings(&self, (subscription, period): Period) -> Vec<PaymentOutcome> {
        let of_it = |paid_for: &PaidFor| match paid_for {
            PaidFor::Term(term) => covers(term, (subscription, period)),
            PaidFor::Pack { .. } => false,
        };
        let payments = self.payments.values();
        let standings = payments.filter(|(paid_for, _)| of_it(paid_for));
        standings.map(|(_, standing)| *standing).collect()
    }

    /// Whether the best that is paid for a period is in dispute.
    pub fn is_disputed(&self, period: Period) -> bool {
        let standings = self.standings(period);
        standings.contains(&PaymentOutcome::Disputed) && !standings.iter().any(stands)
    }

    /// Whether money is there, or may still be there, for a period.
    pub fn is_backed(&self, period: Period) -> bool {
        let standings = self.standings(period);
        standings.contains(&PaymentOutcome::Disputed) || standings.iter().any(stands)
    }

    pub fn standing(&self, payment: &PaymentKey) -> Option<PaymentOutcome> {
        self.payments.get(payment).map(|(_, standing)| *standing)
    }

    /// Whether nothing is to be granted of a period, whose payment was taken back.
    fn is_lost(&self, running: &Running, period: u32) -> bool {
        let mut gone = running.gone.iter();
        let period = (running.id, period);
        gone.any(|term| covers(term, period)) && !self.is_backed(period)
    }

    pub fn bought(&mut self, payment: &Payment, sequence: i64, pack: &str) {
        let paid_for = PaidFor::Pack {
            pack: credits_core::domain::ids::PackId::parse(pack).unwrap(),
            quantity: 0,
            lot: credits_core::domain::ids::Sequence(sequence),
        };
        let known = self
            .payments
            .insert(payment.key.clone(), (paid_for, PaymentOutcome::Paid));
        if known.is_some() {
            self.problem(format!("{payment:?} buys a pack and was known"));
        }
    }

    /// Does what happened to the plan; what is granted at once must be what the best plan has more.
    /// Tells which period goes on, if one does.
    pub fn changed(
        &mut self,
        change: &SubscriptionEvent,
        lot: Option<&LotTerms>,
        (sequence, at): (i64, Instant),
        by_command: bool,
    ) -> Option<Period> {
        let added = lot.map_or(0, |lot| lot.granted.get());
        match change {
            SubscriptionEvent::Started {
                plan,
                period,
                continues,
                ..
            } => {
                return self.started(
                    (plan.as_str(), *period),
                    continues.map(|id| id.0),
                    added,
                    sequence,
                );
            }
            SubscriptionEvent::Ended { reason, .. } => self.ended(*reason, at),
            SubscriptionEvent::PeriodWithheld { period } => self.withheld(*period),
            SubscriptionEvent::Changed { plan, .. } => {
                self.on_plan(plan.as_str(), by_command, added)
            }
            SubscriptionEvent::CancellationScheduled { .. }
            | SubscriptionEvent::Resumed
            | SubscriptionEvent::ChangeScheduled(_)
            | SubscriptionEvent::ChangeWithdrawn => self.expect(added, 0, "a change to come"),
        }
        None
    }

    fn expect(&mut self, added: i64, wanted: i64, by: &str) {
        if added != wanted {
            self.problem(format!("{by} granted {added}, not {wanted}"));
        }
    }

    fn started(
        &mut self,
        (plan, period): (&str, u32),
        continues: Option<i64>,
        added: i64,
        sequence: i64,
    ) -> Option<Period> {
        let broken = self.broken.take();
        if self.running.is_some() {
            self.problem(format!("{plan} was started beside another plan"));
        }
        let before =
            broken.filter(|broken| continues == Some(broken.id) && period == broken.period);
        if continues.is_some() != before.is_some() {
            self.problem(format!(
                "{plan} went on with period {period} of {continues:?}, which did not break"
            ));
        }
        let base = before.map_or(0, |broken| broken.granted);
        let granted = base.max(traffic::granted(plan));
        self.expect(added, granted - base, plan);
        let running = Running {
            id: continues.unwrap_or(sequence),
            plan: plan.to_owned(),
            period,
            granted,
            withheld: false,
            unpaid: None,
            paid_at: None,
            gone: Vec::new(),
        };
        self.running = Some(running);
        self.note_granted(granted);
        continues.map(|id| (id, period))
    }

    fn ended(&mut self, reason: EndReason, at: Instant) {
        let ended = self.running.take();
        let lapses_at = ended
            .as_ref()
            .and_then(|one| one.unpaid)
            .map(|one| lapse(&one));
        let lapsed = lapses_at == Some(at);
        match reason {
            EndReason::PastDue if !lapsed => {
                self.problem(format!("a plan lapsed at {at}, not at {lapses_at:?}"))
            }
            EndReason::PastDue | EndReason::Cancelled => {}
        }
        self.broken = ended;
    }

    fn withheld(&mut self, period: u32) {
        let Some(mut running) = self.running.take() else {
            return self.problem("a period was withheld of no plan".to_owned());
        };
        if running.unpaid.is_none() && !self.is_lost(&running, period) {
            self.problem(format!("period {period} was withheld, and is paid for"));
        }
        if period != running.period + 1 {
            self.problem(format!("period {period} after {}", running.period));
        }
        running.period = period;
        (running.granted, running.withheld) = (0, true);
        self.running = Some(running);
    }

    /// What time changes grants nothing by itself; what is asked for grants what the best plan of the
    /// period has more, unless the period waits for its payment.
    fn on_plan(&mut self, plan: &str, by_command: bool, added: i64) {
        let Some(running) = &mut self.running else {
            return self.problem(format!("{plan} in place of no plan"));
        };
        let before = running.granted;
        if by_command && !running.withheld {
            running.granted = before.max(traffic::granted(plan));
        }
        running.plan = plan.to_owned();
        let granted = running.granted;
        self.expect(added, granted - before, plan);
        self.note_granted(granted);
    }

    /// A period began with its allowance.
    pub fn granted(&mut self, (subscription, period): Period, lot: &LotTerms) {
        let Some(mut running) = self.running.take() else {
            return self.problem(format!("period {period} was granted without a plan"));
        };
        if running.unpaid.is_some() || self.is_lost(&running, period) {
            self.problem(format!("period {period} was granted, and is not paid for"));
        }
        if (subscription, period) != (running.id, running.period + 1)
            || self.granted.contains_key(&(subscription, period))
        {
            self.problem(format!(
                "period {period} was granted after {}",
                running.period
            ));
        }
        running.period = period;
        (running.granted, running.withheld) = (traffic::granted(&running.plan), false);
        let granted = running.granted;
        self.running = Some(running);
        self.expect(lot.granted.get(), granted, "a period");
        self.note_granted(granted);
    }

    /// All lots of a period together are the best plan touched in it.
    fn note_granted(&mut self, granted: i64) {
        let Some(running) = &self.running else { return };
        let before = self.granted.insert((running.id, running.period), granted);
        if before.is_some_and(|before| before > granted) {
            self.problem(format!(
                "{before:?} were granted of a period, and then {granted}"
            ));
        }
    }

    /// Learns what was reported of a payment, in an order that is possible.
    fn learn(
        &mut self,
        payment: &Payment,
        outcome: PaymentOutcome,
        paid_for: &PaidFor,
    ) -> Option<PaymentOutcome> {
        use PaymentOutcome::{DisputeLost, DisputeWon, Disputed, Failed, Paid, Refunded};
        let known = self.payments.get(&payment.key).cloned();
        let standing = known.as_ref().map(|(_, standing)| *standing);
        let possible = match standing {
            None => matches!(outcome, Paid | Failed),
            Some(Failed) => outcome == Paid,
            Some(Paid) => matches!(outcome, Disputed | Refunded),
            Some(Disputed) => matches!(outcome, DisputeWon | DisputeLost | Refunded),
            Some(DisputeWon) => outcome == Refunded,
            Some(DisputeLost | Refunded) => false,
        };
        let same = known.is_none_or(|(before, _)| match (&before, paid_for) {
            (PaidFor::Pack { lot, .. }, PaidFor::Pack { lot: other, .. }) => lot == other,
            (PaidFor::Term(term), PaidFor::Term(other)) => term == other,
            _ => false,
        });
        if !possible || !same {
            self.problem(format!(
                "{outcome:?} of {payment:?} after {standing:?}, for {paid_for:?}"
            ));
        }
        self.payments
            .insert(payment.key.clone(), (paid_for.clone(), outcome));
        standing
    }

    /// A payment was reported and took nothing back. Tells what that changes for the lots of the plan
    /// that runs: from which period on they are not paid for, if it says anything about it.
    pub fn reported(
        &mut self,
        (payment, outcome, paid_for): (&Payment, PaymentOutcome, &PaidFor),
        told: Option<PastDue>,
        lot: Option<&LotTerms>,
        at: Instant,
    ) {
        let standing = self.learn(payment, outcome, paid_for);
        if matches!(
            outcome,
            PaymentOutcome::DisputeLost | PaymentOutcome::Refunded
        ) {
            self.problem(format!("{outcome:?} took nothing back"));
        }
        let added = lot.map_or(0, |lot| lot.granted.get());
        let mut wanted = 0;
        let term = match paid_for {
            PaidFor::Term(term) => Some(*term),
            PaidFor::Pack { .. } => None,
        };
        let of_it = |one: &Running| term.filter(|term| one.id == term.subscription.0);
        if let Some((mut running, term)) = self
            .running
            .clone()
            .and_then(|one| of_it(&one).map(|term| (one, term)))
        {
            match outcome {
                PaymentOutcome::Failed => failed(&mut running, payment.paid_at, term.first, at),
                PaymentOutcome::Paid => {
                    paid(
                        &mut running,
                        (payment.paid_at, standing.is_some()),
                        term,
                        at,
                    );
                    let lost = self.is_lost(&running, running.period);
                    if running.withheld && running.unpaid.is_none() && !lost {
                        wanted = traffic::granted(&running.plan) - running.granted;
                        running.granted += wanted;
                        running.withheld = false;
                    }
                }
                _ => {}
            }
            self.running = Some(running);
        }
        self.expect(added, wanted, "a report");
        if wanted > 0 {
            let granted = self.running.as_ref().map_or(0, |running| running.granted);
            self.note_granted(granted);
        }
        let unpaid = self.running.as_ref().and_then(|running| running.unpaid);
        if told != unpaid {
            self.problem(format!(
                "past due is {told:?} after {outcome:?} of {payment:?}, not {unpaid:?}"
            ));
        }
    }

    /// A payment was taken back.
    pub fn taken_back(
        &mut self,
        payment: &Payment,
        outcome: PaymentOutcome,
        paid_for: &PaidFor,
        disputed: bool,
    ) {
        let standing = self.learn(payment, outcome, paid_for);
        let is_end = matches!(
            outcome,
            PaymentOutcome::DisputeLost | PaymentOutcome::Refunded
        );
        if !is_end || disputed != (standing == Some(PaymentOutcome::Disputed)) {
            self.problem(format!(
                "{outcome:?} of {payment:?} took back what stood at {standing:?}"
            ));
        }
        if let (Some(running), PaidFor::Term(term)) = (&mut self.running, paid_for) {
            running.gone.push(*term);
        }
    }

    /// A plan that is past due for too long has lapsed by now.
    pub fn check_lapse(&mut self, at: Instant) {
        let unpaid = self.running.as_ref().and_then(|running| running.unpaid);
        if unpaid.is_some_and(|unpaid| lapse(&unpaid) < at) {
            self.problem(format!(
                "a plan runs at {at} that is past due since {unpaid:?}"
            ));
        }
    }
}

fn lapse(unpaid: &PastDue) -> Instant {
    unpaid.since.saturating_add(PAST_DUE_MAX)
}

fn stands(standing: &PaymentOutcome) -> bool {
    matches!(standing, PaymentOutcome::Paid | PaymentOutcome::DisputeWon)
}

pub fn covers(term: &Term, (subscription, period): Period) -> bool {
    term.subscription.0 == subscription && period >= term.first && period < term.first + term.months
}

/// A payment that was due before the last one that was paid says nothing any more.
fn failed(running: &mut Running, due_at: Instant, first: u32, at: Instant) {
    if running.paid_at.is_some_and(|paid_at| due_at < paid_at) {
        return;
    }
    let before = running.unpaid.unwrap_or(PastDue {
        since: at,
        lapses_at: at.saturating_add(PAST_DUE_MAX),
        due_at,
        from: first,
        term: first,
    });
    running.unpaid = Some(PastDue {
        due_at: before.due_at.max(due_at),
        from: before.from.min(first),
        term: before.term.max(first),
        ..before
    });
}

/// A new payment pays all that was due when it was made; one tried again pays its term and those before.
fn paid(running: &mut Running, (paid_at, tried_again): (Instant, bool), term: Term, at: Instant) {
    running.paid_at = running.paid_at.max(Some(paid_at.min(at)));
    let Some(unpaid) = running.unpaid else { return };
    running.unpaid = match tried_again {
        true if term.first < unpaid.term => Some(PastDue {
            from: unpaid.from.max(term.first + term.months).min(unpaid.term),
            ..unpaid
        }),
        false if paid_at < unpaid.due_at => Some(unpaid),
        true | false => None,
    };
}
