//! The independent model: what an account has, by plain sums over what happened to it.
//!
//! It shares no arithmetic with the ledger: it knows lots and holds by itself, and takes from an
//! operation only what it was, never how it was posted.

use std::collections::HashMap;

use chrono::TimeDelta;
use credits_core::domain::{
    event::{Fact, SubscriptionEvent},
    ids::OperationId,
    lot::{LotTerms, Origin},
    payment::{PaidFor, PaymentKey, PaymentOutcome},
    record::OperationRecord,
    time::Instant,
};

use crate::terms::{Period, Terms, covers};

#[derive(Clone, Debug)]
struct Lot {
    id: i64,
    /// When it ends, the kind, since when: the order of use.
    order: (i64, u8, i64, i64),
    ends: i64,
    /// The period that it is of, rolled over or not; none for a pack.
    of: Option<Period>,
    left: i64,
    held: i64,
    /// What of it rolls over, as its plan states.
    rolls_over: i64,
    /// A pack without a plan.
    lapsed: bool,
    payment: Option<PaymentKey>,
    revoked: bool,
}

#[derive(Clone, Debug)]
pub struct Held {
    draws: Vec<(i64, i64)>,
    pub open: bool,
}

/// What an account has.
#[derive(Clone, Debug, Default)]
pub struct Purse {
    lots: Vec<Lot>,
    pub holds: HashMap<OperationId, Held>,
    pub consumed: i64,
    pub entered: i64,
    pub terms: Terms,
    /// The periods of what ended just now, for what rolls over of them.
    ended: Vec<Period>,
    pub problems: Vec<String>,
}

impl Purse {
    pub fn available(&self) -> i64 {
        let live = self.lots.iter().filter(|lot| self.is_live(lot));
        live.map(|lot| lot.left).sum()
    }

    pub fn held(&self) -> i64 {
        self.lots.iter().map(|lot| lot.held).sum()
    }

    pub fn subscribed(&self) -> bool {
        self.terms.running.is_some()
    }

    fn is_live(&self, lot: &Lot) -> bool {
        let standing = lot
            .payment
            .as_ref()
            .and_then(|key| self.terms.standing(key));
        let frozen = |period| self.terms.is_disputed(period) || self.terms.is_unpaid(period);
        let disputed = standing == Some(PaymentOutcome::Disputed);
        !lot.lapsed && !disputed && !lot.of.is_some_and(frozen)
    }

    /// Does what an operation tells.
    pub fn tell(&mut self, record: &OperationRecord) {
        let event = record.event().unwrap();
        let (at, sequence) = (event.at, record.sequence.0);
        match &event.fact {
            Fact::AccountOpened
            | Fact::HoldExtended { .. }
            | Fact::PreferencesChange { .. }
            | Fact::ChargeKept { .. } => {}
            Fact::SubscriptionChange { change, lot } => {
                let by_command = record.content.is_some();
                self.terms
                    .changed(change, lot.as_ref(), (sequence, at), by_command);
                self.follow(change);
                if let Some(lot) = lot {
                    self.enter(sequence, lot);
                }
            }
            Fact::PeriodGrant {
                subscription,
                period,
                lot,
            } => {
                self.terms.granted((subscription.0, *period), lot);
                self.enter(sequence, lot);
            }
            Fact::RolloverGrant { lot, .. } => self.roll_over(sequence, lot),
            Fact::PackPurchase {
                pack, lot, payment, ..
            } => {
                self.terms.bought(payment, sequence, pack.as_str());
                self.enter(sequence, lot);
                let lapsed = !self.subscribed();
                let bought = self.lot(sequence);
                bought.payment = Some(payment.key.clone());
                bought.lapsed = lapsed;
            }
            Fact::Charge(charge) => match charge.hold {
                Some(hold) if !charge.late => self.end(hold, charge.cost.get(), at, false),
                Some(_) | None => {
                    self.take(charge.cost.get());
                    self.consumed += charge.cost.get();
                }
            },
            Fact::HoldPlaced { amount, .. } => {
                let draws = self.take(amount.get());
                for (lot, drawn) in &draws {
                    self.lot(*lot).held += drawn;
                }
                let held = Held { draws, open: true };
                self.holds.insert(record.operation_id, held);
            }
            Fact::HoldReleased { hold } => self.end(*hold, 0, at, false),
            Fact::HoldExpired { hold, holds } => {
                if holds.is_empty() {
                    self.end(*hold, 0, at, true);
                }
                for one in holds {
                    self.end(one.hold, 0, one.at, true);
                }
            }
            Fact::Expiry { lot } => self.expire(lot.0),
            Fact::PaymentReport { report, lot } => {
                let place = (sequence, at);
                self.terms.reported(report, lot.as_ref(), place);
                if let Some(lot) = lot {
                    self.enter(sequence, lot);
                }
            }
            Fact::Revocation(report) => {
                self.terms.reported(report, None, (sequence, at));
                self.revoke(&report.payment.key, &report.paid_for);
            }
        }
        if !matches!(event.fact, Fact::Expiry { .. } | Fact::RolloverGrant { .. }) {
            self.ended.clear();
        }
        self.terms.check_lapse(at);
        self.problems.append(&mut self.terms.problems);
        if self.lots.iter().any(|lot| lot.left < 0 || lot.held < 0) {
            self.problems.push(format!("below zero after {sequence}"));
        }
    }

    /// What ends within a week once so much more is spent, and when the first of it does.
    pub fn ending_soon(&self, mut cost: i64, at: Instant) -> Option<(i64, Instant)> {
        let until = at.saturating_add(TimeDelta::days(7)).micros();
        let mut amount = 0;
        let mut first = None;
        for lot in self.lots.iter().filter(|lot| self.is_live(lot)) {
            let taken = cost.min(lot.left);
            cost -= taken;
            let lost = (lot.left - taken - lot.rolls_over).max(0);
            if lot.ends <= until && lost > 0 {
                amount += lost;
                first = first.or(Some(lot.ends));
            }
        }
        first.map(|ends| (amount, Instant::from_micros(ends).unwrap()))
    }

    /// What a change of the plan freezes and thaws.
    fn follow(&mut self, change: &SubscriptionEvent) {
        let lapsed = match change {
            SubscriptionEvent::Started { .. } => false,
            SubscriptionEvent::Ended { .. } => true,
            _ => return,
        };
        for lot in &mut self.lots {
            lot.lapsed = lapsed && lot.of.is_none();
        }
    }

    /// Ends what a payment brought, unless another one is there for it.
    fn revoke(&mut self, payment: &PaymentKey, paid_for: &PaidFor) {
        let Purse { lots, terms, .. } = self;
        for lot in lots {
            let brought = match (paid_for, lot.of) {
                (PaidFor::Term(term), Some(period)) => {
                    covers(term, period) && !terms.is_backed(period)
                }
                (PaidFor::Pack { .. }, _) => lot.payment.as_ref() == Some(payment),
                (PaidFor::Term(_), None) => false,
            };
            if brought {
                lot.left = 0;
                lot.revoked = true;
            }
        }
    }

    fn expire(&mut self, lot: i64) {
        let lot = self.lot(lot);
        lot.left = 0;
        let of = lot.of;
        self.ended.extend(of);
    }

    /// Only what ended just now rolls over, of the plan that runs.
    fn roll_over(&mut self, sequence: i64, lot: &LotTerms) {
        self.enter(sequence, lot);
        let of = self.lot(sequence).of;
        let running = self.terms.running.as_ref().map(|running| running.id);
        let ended = self.ended.iter().any(|ended| Some(*ended) == of);
        if !ended || running != of.map(|(id, _)| id) {
            self.problems.push(format!(
                "{sequence} rolled over what did not end or runs no more"
            ));
        }
    }

    fn enter(&mut self, id: i64, terms: &LotTerms) {
        let (kind, of) = match &terms.origin {
            Origin::Plan {
                subscription,
                period,
                ..
            } => (0, Some((subscription.0, *period))),
            Origin::Rollover {
                subscription,
                period,
                ..
            } => (1, Some((subscription.0, *period))),
            Origin::Pack { .. } => (2, None),
        };
        let rolls_over = match &terms.origin {
            Origin::Plan { plan, .. } if plan.as_str() == "studio" => 1_000,
            _ => 0,
        };
        let ends = terms.expires_at.map_or(i64::MAX, |at| at.micros());
        self.entered += terms.granted.get();
        self.lots.push(Lot {
            id,
            order: (ends, kind, terms.effective_at.micros(), id),
            ends,
            of,
            left: terms.granted.get(),
            held: 0,
            rolls_over,
            lapsed: false,
            payment: None,
            revoked: false,
        });
        self.lots.sort_by_key(|lot| lot.order);
    }

    fn take(&mut self, amount: i64) -> Vec<(i64, i64)> {
        let mut missing = amount;
        let mut draws = Vec::new();
        let live: Vec<bool> = self.lots.iter().map(|lot| self.is_live(lot)).collect();
        let lots = self.lots.iter_mut().zip(live);
        for (lot, _) in lots.filter(|(lot, live)| *live && lot.left > 0) {
            let drawn = lot.left.min(missing);
            if drawn > 0 {
                lot.left -= drawn;
                missing -= drawn;
                draws.push((lot.id, drawn));
            }
        }
        if missing > 0 {
            self.problems.push(format!(
                "{amount} were taken, {missing} of them from nothing"
            ));
        }
        draws
    }

    /// Ends a hold; at the instant at which it ends by itself, a lot still takes its part back.
    fn end(&mut self, hold: OperationId, cost: i64, at: Instant, by_itself: bool) {
        let at = at.micros();
        let Some(held) = self.holds.get_mut(&hold).filter(|held| held.open) else {
            self.problems
                .push(format!("hold {hold} ended and was not open"));
            return;
        };
        held.open = false;
        let draws = held.draws.clone();
        let mut unpaid = cost;
        for (lot, drawn) in draws {
            let paid = drawn.min(unpaid);
            unpaid -= paid;
            let lot = self.lot(lot);
            lot.held -= drawn;
            if !lot.revoked && (lot.ends > at || (by_itself && lot.ends == at)) {
                lot.left += drawn - paid;
            }
        }
        self.consumed += cost;
        if unpaid > 0 {
            self.problems
                .push(format!("hold {hold} paid more than it held"));
        }
    }

    fn lot(&mut self, id: i64) -> &mut Lot {
        let lot = self.lots.iter_mut().find(|lot| lot.id == id);
        lot.expect("only a lot that entered is moved")
    }
}
