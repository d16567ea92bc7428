//! The independent model: what an account has, by plain sums over what happened to it.
//!
//! It shares no arithmetic with the ledger: it knows lots and holds by itself, and takes from an
//! operation only what it was, never how it was posted.

use std::collections::HashMap;

use credits_core::domain::{
    event::{Fact, SubscriptionEvent},
    ids::OperationId,
    lot::{LotTerms, Origin},
    record::OperationRecord,
};

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
    pub problems: Vec<String>,
}

impl Purse {
    pub fn available(&self) -> i64 {
        let live = self.lots.iter().filter(|lot| !lot.frozen);
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
            Fact::AccountOpened | Fact::HoldExtended { .. } | Fact::PreferencesChange { .. } => {}
            Fact::SubscriptionChange { change, lot } => {
                match change {
                    SubscriptionEvent::Started { .. } => {
                        self.subscribed = true;
                        self.freeze_packs(false);
                    }
                    SubscriptionEvent::Ended { packs_frozen } => {
                        self.subscribed = false;
                        if *packs_frozen {
                            self.freeze_packs(true);
                        }
                    }
                    SubscriptionEvent::CancellationScheduled { .. }
                    | SubscriptionEvent::Resumed => {}
                }
                if let Some(lot) = lot {
                    self.enter(sequence, lot, false);
                }
            }
            Fact::PeriodGrant { lot, .. } | Fact::RolloverGrant { lot } => {
                self.enter(sequence, lot, false);
            }
            Fact::PackPurchase { lot, frozen, .. } => self.enter(sequence, lot, *frozen),
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
            Fact::HoldExpired { hold } => self.end(*hold, 0, at, true),
            Fact::Expiry { lot } => self.lot(lot.0).left = 0,
        }
        if self.lots.iter().any(|lot| lot.left < 0 || lot.held < 0) {
            self.problems.push(format!("below zero after {sequence}"));
        }
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
            .filter(|lot| !lot.frozen && lot.left > 0)
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
            if lot.ends > at || (by_itself && lot.ends == at) {
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
