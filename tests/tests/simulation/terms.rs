//! The independent model of payments: how each stands, and what the plan of an account is entitled to.
//!
//! It keeps every payment for ever and looks through all of them, where the ledger counts. It takes from
//! an operation what was reported, and makes of it by itself what is past due and what is granted.

use std::collections::HashMap;

use chrono::TimeDelta;
use credits_core::domain::{
    event::SubscriptionEvent,
    lot::LotTerms,
    payment::{PaidFor, Payment, PaymentKey, PaymentOutcome, PaymentReport},
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
    /// The first period of the term for which the period was withheld.
    withheld_for: Option<u32>,
    unpaid: Option<PastDue>,
    /// The period in which it was started, and the position of the start.
    started: (u32, i64),
}

/// The last report of a payment.
#[derive(Clone, Debug)]
struct Known {
    paid_for: PaidFor,
    outcome: PaymentOutcome,
    sequence: i64,
    at: Instant,
}

#[derive(Clone, Debug, Default)]
pub struct Terms {
    pub running: Option<Running>,
    broken: Option<Running>,
    payments: HashMap<PaymentKey, Known>,
    /// Starts that went on with a period: of which one, and the position of the start.
    starts: Vec<(Period, i64)>,
    /// What was granted of each period, by all its lots.
    granted: HashMap<Period, i64>,
    pub problems: Vec<String>,
}

impl Terms {
    fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }

    /// The states of the payments of a period, but for failures and refunds before a start that made the
    /// period not reported again.
    fn standings(&self, (subscription, period): Period) -> Vec<PaymentOutcome> {
        let begun = |known: &Known| {
            let mut starts = self.starts.iter();
            starts.any(|((of, from), sequence)| {
                *of == subscription && *from <= period && *sequence > known.sequence
            })
        };
        let of_it = |known: &&Known| match &known.paid_for {
            PaidFor::Term(term) => {
                covers(term, (subscription, period)) && !(unpaid(known.outcome) && begun(known))
            }
            PaidFor::Pack { .. } => false,
        };
        let payments = self.payments.values().filter(of_it);
        payments.map(|known| known.outcome).collect()
    }

    /// Whether the best that is paid for a period is in dispute.
    pub fn is_disputed(&self, period: Period) -> bool {
        let standings = self.standings(period);
        standings.contains(&PaymentOutcome::Disputed) && !standings.iter().any(stands)
    }

    /// Whether all payments of a period failed or were taken back.
    pub fn is_unpaid(&self, period: Period) -> bool {
        let standings = self.standings(period);
        !standings.is_empty() && standings.iter().all(|one| unpaid(*one))
    }

    /// Whether money is there, or may still be there, for a period.
    pub fn is_backed(&self, period: Period) -> bool {
        let standings = self.standings(period);
        standings.contains(&PaymentOutcome::Disputed) || standings.iter().any(stands)
    }

    pub fn standing(&self, payment: &PaymentKey) -> Option<PaymentOutcome> {
        self.payments.get(payment).map(|known| known.outcome)
    }

    /// How the plan is past due, by all that is known of its payments.
    fn past_due(&self, running: &Running) -> Option<PastDue> {
        let (from, since) = running.started;
        let counts = |known: &&Known| !unpaid(known.outcome) || known.sequence > since;
        let of_term = |known: &Known| match &known.paid_for {
            PaidFor::Term(term) => Some(*term)
                .filter(|one| one.subscription.0 == running.id && one.first + one.months > from),
            PaidFor::Pack { .. } => None,
        };
        let known = || self.payments.values().filter(counts);
        let terms = known().filter_map(of_term);
        let term = terms.max_by_key(|term| (term.first, term.months))?;
        let of_it: Vec<&Known> = known().filter(|one| of_term(one) == Some(term)).collect();
        if !of_it.iter().all(|known| unpaid(known.outcome)) {
            return None;
        }
        let failed = |known: &&&Known| known.outcome == PaymentOutcome::Failed;
        let (failed, back): (Vec<&&Known>, Vec<&&Known>) = of_it.iter().partition(failed);
        // The last one that was taken back left it unpaid, or the first one that failed.
        let back = back.iter().map(|known| known.at).max();
        let since = back.or_else(|| failed.iter().map(|known| known.at).min())?;
        Some(PastDue {
            since,
            lapses_at: since.saturating_add(PAST_DUE_MAX),
            term,
        })
    }

    pub fn bought(&mut self, payment: &Payment, sequence: i64, pack: &str) {
        let paid_for = PaidFor::Pack {
            pack: credits_core::domain::ids::PackId::parse(pack).unwrap(),
            quantity: 0,
            lot: credits_core::domain::ids::Sequence(sequence),
        };
        let known = Known {
            paid_for,
            outcome: PaymentOutcome::Paid,
            sequence,
            at: payment.paid_at,
        };
        let known = self.payments.insert(payment.key.clone(), known);
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
            withheld_for: None,
            unpaid: None,
            started: (period, sequence),
        };
        self.running = Some(running);
        self.note_granted(granted);
        let goes_on = continues.map(|id| (id, period));
        self.starts.extend(goes_on.map(|period| (period, sequence)));
        goes_on
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
        if running.unpaid.is_none() {
            self.problem(format!("period {period} was withheld, and is paid for"));
        }
        if period != running.period + 1 {
            self.problem(format!("period {period} after {}", running.period));
        }
        running.period = period;
        running.granted = 0;
        running.withheld_for = running.unpaid.map(|one| one.term.first);
        self.running = Some(running);
    }

    /// What time changes grants nothing by itself; what is asked for grants what the best plan of the
    /// period has more, unless the period waits for its payment.
    fn on_plan(&mut self, plan: &str, by_command: bool, added: i64) {
        let Some(running) = &mut self.running else {
            return self.problem(format!("{plan} in place of no plan"));
        };
        let before = running.granted;
        if by_command && running.withheld_for.is_none() {
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
        if running.unpaid.is_some() {
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
        running.granted = traffic::granted(&running.plan);
        running.withheld_for = None;
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
    fn learn(&mut self, report: &PaymentReport, sequence: i64, at: Instant) {
        use PaymentOutcome::{DisputeLost, DisputeWon, Disputed, Failed, Paid, Refunded};
        let (payment, outcome) = (&report.payment, report.outcome);
        let known = self.payments.get(&payment.key);
        let standing = known.map(|known| known.outcome);
        let possible = match standing {
            None => matches!(outcome, Paid | Failed),
            Some(Failed) => outcome == Paid,
            Some(Paid | DisputeWon) => matches!(outcome, Disputed | Refunded),
            Some(Disputed) => matches!(outcome, DisputeWon | DisputeLost | Refunded),
            Some(DisputeLost | Refunded) => false,
        };
        let paid_for = &report.paid_for;
        let same = known.is_none_or(|known| match (&known.paid_for, paid_for) {
            (PaidFor::Pack { lot, .. }, PaidFor::Pack { lot: other, .. }) => lot == other,
            (PaidFor::Term(term), PaidFor::Term(other)) => term == other,
            _ => false,
        });
        if !possible || !same {
            self.problem(format!(
                "{outcome:?} of {payment:?} after {standing:?}, for {paid_for:?}"
            ));
        }
        let known = Known {
            paid_for: paid_for.clone(),
            outcome,
            sequence,
            at,
        };
        self.payments.insert(payment.key.clone(), known);
    }

    /// A payment was reported. What is past due by it, and what is granted, must be what follows from
    /// all payments.
    pub fn reported(
        &mut self,
        report: &PaymentReport,
        lot: Option<&LotTerms>,
        (sequence, at): (i64, Instant),
    ) {
        self.learn(report, sequence, at);
        let added = lot.map_or(0, |lot| lot.granted.get());
        let mut wanted = 0;
        if let Some(mut running) = self.running.clone() {
            running.unpaid = self.past_due(&running);
            let pays = match &report.paid_for {
                PaidFor::Term(term) if report.outcome == PaymentOutcome::Paid => {
                    let withheld = running.withheld_for;
                    term.subscription.0 == running.id
                        && withheld.is_some_and(|first| term.first >= first)
                }
                PaidFor::Term(_) | PaidFor::Pack { .. } => false,
            };
            if pays {
                wanted = traffic::granted(&running.plan) - running.granted;
                running.granted += wanted;
                running.withheld_for = None;
            }
            self.running = Some(running);
        }
        self.expect(added, wanted, "a report");
        if wanted > 0 {
            let granted = self.running.as_ref().map_or(0, |running| running.granted);
            self.note_granted(granted);
        }
        let unpaid = self.running.as_ref().and_then(|running| running.unpaid);
        if report.past_due != unpaid {
            self.problem(format!("{report:?}: it is past due as {unpaid:?}"));
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

fn unpaid(outcome: PaymentOutcome) -> bool {
    use PaymentOutcome::{DisputeLost, Failed, Refunded};
    matches!(outcome, Failed | DisputeLost | Refunded)
}

fn stands(standing: &PaymentOutcome) -> bool {
    matches!(standing, PaymentOutcome::Paid | PaymentOutcome::DisputeWon)
}

pub fn covers(term: &Term, (subscription, period): Period) -> bool {
    term.subscription.0 == subscription && period >= term.first && period < term.first + term.months
}
