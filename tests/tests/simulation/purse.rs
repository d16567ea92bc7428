//! The independent model: what an account has, by plain sums over what happened to it.
//!
//! It shares no arithmetic with the ledger: it knows lots and holds by itself, and takes from an
//! operation only what it was, never how it was posted.

use std::collections::HashMap;

use credits_core::domain::{
    event::{Fact, SubscriptionEvent},
    ids::OperationId,
    lot::{LotTerms, Origin},
    payment::{PaymentKey, PaymentOutcome},
    record::OperationRecord,
};

use crate::traffic;

#[derive(Clone, Debug)]
struct Lot {
    id: i64,
    /// When it ends, the kind, since when: the order of use.
    order: (i64, u8, i64, i64),
    ends: i64,
    is_pack: bool,
    left: i64,
    held: i64,
    frozen: bool,
    payment: Option<PaymentKey>,
    disputed: bool,
    revoked: bool,
}

impl Lot {
    fn is_live(&self) -> bool {
        !self.frozen && !self.disputed
    }
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
    pub subscribed: bool,
    /// The best allowance of the running period.
    granted: i64,
    pub problems: Vec<String>,
}

impl Purse {
    pub fn available(&self) -> i64 {
        let live = self.lots.iter().filter(|lot| lot.is_live());
        live.map(|lot| lot.left).sum()
    }

    pub fn held(&self) -> i64 {
        self.lots.iter().map(|lot| lot.held).sum()
    }

    /// Does what an operation tells.
    pub fn tell(&mut self, record: &OperationRecord) {
        let event = record.event().unwrap();
        let (at, sequence) = (event.at.micros(), record.sequence.0);
        match &event.fact {
            Fact::AccountOpened
            | Fact::HoldExtended { .. }
            | Fact::PreferencesChange { .. }
            | Fact::ChargeKept { .. } => {}
            Fact::SubscriptionChange { change, lot } => {
                match change {
                    SubscriptionEvent::Started { plan, .. } => {
                        self.subscribed = true;
                        self.granted = traffic::granted(plan.as_str());
                        self.freeze_packs(false);
                    }
                    SubscriptionEvent::Ended { packs_frozen, .. } => {
                        self.subscribed = false;
                        if *packs_frozen {
                            self.freeze_packs(true);
                        }
                    }
                    SubscriptionEvent::CancellationScheduled { .. }
                    | SubscriptionEvent::Resumed
                    | SubscriptionEvent::ChangeScheduled(_)
                    | SubscriptionEvent::ChangeWithdrawn
                    | SubscriptionEvent::PeriodWithheld { .. } => {}
                    SubscriptionEvent::Changed { plan, .. } => {
                        self.plan_changed(record, plan.as_str(), lot.as_ref());
                    }
                }
                if let Some(lot) = lot {
                    self.enter(sequence, lot, false);
                }
            }
            Fact::PeriodGrant { lot, .. } => {
                self.granted = lot.granted.get();
                self.enter(sequence, lot, false);
            }
            Fact::RolloverGrant { lot, .. } => self.enter(sequence, lot, false),
            Fact::PackPurchase {
                lot,
                frozen,
                payment,
                ..
            } => {
                self.enter(sequence, lot, *frozen);
                self.lot(sequence).payment = Some(payment.key.clone());
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
                    self.end(one.hold, 0, one.at.micros(), true);
                }
            }
            Fact::Expiry { lot } => self.lot(lot.0).left = 0,
            Fact::PaymentReport {
                payment, outcome, ..
            } => {
                let disputed = *outcome == PaymentOutcome::Disputed;
                self.report(&payment.key, |lot| lot.disputed = disputed);
            }
            Fact::Revocation { payment, .. } => self.report(&payment.key, |lot| {
                lot.left = 0;
                lot.revoked = true;
            }),
        }
        if self.lots.iter().any(|lot| lot.left < 0 || lot.held < 0) {
            self.problems.push(format!("below zero after {sequence}"));
        }
    }

    /// What time changes grants nothing by itself; what is asked for grants what the best plan of the
    /// period has more.
    fn plan_changed(&mut self, record: &OperationRecord, plan: &str, lot: Option<&LotTerms>) {
        let best = match record.content {
            Some(_) => self.granted.max(traffic::granted(plan)),
            None => self.granted,
        };
        let added = lot.map_or(0, |lot| lot.granted.get());
        if added != best - self.granted {
            let place = record.sequence;
            self.problems
                .push(format!("{place} granted {added} for {plan}"));
        }
        self.granted = best;
    }

    fn enter(&mut self, id: i64, terms: &LotTerms, frozen: bool) {
        let kind = match terms.origin {
            Origin::Plan { .. } => 0,
            Origin::Rollover { .. } => 1,
            Origin::Pack { .. } => 2,
        };
        let ends = terms.expires_at.map_or(i64::MAX, |at| at.micros());
        self.entered += terms.granted.get();
        self.lots.push(Lot {
            id,
            order: (ends, kind, terms.effective_at.micros(), id),
            ends,
            is_pack: kind == 2,
            left: terms.granted.get(),
            held: 0,
            frozen,
            payment: None,
            disputed: false,
            revoked: false,
        });
        self.lots.sort_by_key(|lot| lot.order);
    }

    fn freeze_packs(&mut self, frozen: bool) {
        for lot in self.lots.iter_mut().filter(|lot| lot.is_pack) {
            lot.frozen = frozen;
        }
    }

    fn take(&mut self, amount: i64) -> Vec<(i64, i64)> {
        let mut missing = amount;
        let mut draws = Vec::new();
        for lot in self
            .lots
            .iter_mut()
            .filter(|lot| lot.is_live() && lot.left > 0)
        {
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
    fn end(&mut self, hold: OperationId, cost: i64, at: i64, by_itself: bool) {
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

    /// Does something to what a payment bought; nothing is known of one that is over.
    fn report(&mut self, payment: &PaymentKey, change: impl Fn(&mut Lot)) {
        let of_it = |lot: &&mut Lot| lot.payment.as_ref() == Some(payment);
        match self.lots.iter_mut().find(of_it) {
            Some(lot) if !lot.revoked => change(lot),
            Some(_) | None => {
                let problem = format!("{payment:?} was reported, and nothing is there of it");
                self.problems.push(problem);
            }
        }
    }

    fn lot(&mut self, id: i64) -> &mut Lot {
        let lot = self.lots.iter_mut().find(|lot| lot.id == id);
        lot.expect("only a lot that entered is moved")
    }
}
