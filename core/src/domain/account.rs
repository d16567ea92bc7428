//! An account, and how an event changes it.
//!
//! Owns the state of one account. `apply` never refuses and never decides: replaying an account's
//! events from nothing gives its state, bit for bit. What may happen is judged in `decide`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    credits::Credits,
    event::{Event, Fact, SubscriptionEvent},
    hold::{Draw, Hold, LateSettlement, late_settle_ends_at},
    ids::{AccountId, HoldId, LotId, Sequence},
    lot::{Freeze, Freezes, Lot, LotTerms, Origin},
    posting::Posting,
    recent::{Attempt, Recent},
    subscription::{BrokenPeriod, Subscription},
    time::Instant,
};

/// The state of one account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// The client's name for it.
    pub id: AccountId,
    /// The position of its last operation; [`Sequence::START`] before it is opened.
    pub sequence: Sequence,
    /// When it was opened.
    pub opened_at: Instant,
    /// The latest instant it knows of: its time never goes back.
    pub time: Instant,
    /// The plan it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<Subscription>,
    /// The lots with something left or held, in burn order.
    pub lots: Vec<Lot>,
    /// The open holds, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<Hold>,
    /// When its last subscription ended, if one did. No later one reaches back before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_ended_at: Option<Instant>,
    /// The period that its last subscription ended within, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken_period: Option<BrokenPeriod>,
    /// Expired holds that were settled late, as long as they could be.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settled_late: BTreeMap<HoldId, LateSettlement>,
    /// What entered and left since it was opened.
    pub totals: Totals,
    /// Its last generations, for advice.
    #[serde(default, skip_serializing_if = "Recent::is_empty")]
    pub recent: Recent,
}

/// What entered and left an account since it was opened, in credits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Entered as plan allowance.
    pub plan: i64,
    /// Entered as stated rollover.
    pub rollover: i64,
    /// Entered with packs.
    pub packs: i64,
    /// Used.
    pub consumed: i64,
    /// Ended unused.
    pub expired: i64,
    /// Ended because their payment did.
    pub revoked: i64,
}

impl Account {
    /// An account that is not opened so far.
    pub fn unopened(id: AccountId) -> Account {
        Account {
            id,
            sequence: Sequence::START,
            opened_at: Instant::default(),
            time: Instant::default(),
            subscription: None,
            lots: Vec::new(),
            holds: Vec::new(),
            plan_ended_at: None,
            broken_period: None,
            settled_late: BTreeMap::new(),
            totals: Totals::default(),
            recent: Recent::default(),
        }
    }

    /// The state after `events`, from nothing.
    pub fn replay<'e>(id: AccountId, events: impl IntoIterator<Item = &'e Event>) -> Account {
        let mut account = Account::unopened(id);
        for event in events {
            account.apply(event);
        }
        account
    }

    /// Whether it has been opened.
    pub fn is_open(&self) -> bool {
        self.sequence > Sequence::START
    }

    /// The open hold of that name.
    pub fn hold(&self, id: HoldId) -> Option<&Hold> {
        self.holds.iter().find(|hold| hold.id == id)
    }

    /// The lot of that name, if something is left or held of it.
    pub fn lot(&self, id: LotId) -> Option<&Lot> {
        self.lots.iter().find(|lot| lot.id == id)
    }

    /// When time will next do something to it; none if it never will. What would come at the end of
    /// the calendar or later never does: no period could follow it.
    pub fn next_due_at(&self) -> Option<Instant> {
        let holds = self.holds.iter().map(|hold| hold.expires_at);
        holds.chain(self.next_due_besides_holds()).min()
    }

    /// When time will next do something to it that is not the end of a hold: holds that end until
    /// then, that instant included, end together.
    pub fn next_due_besides_holds(&self) -> Option<Instant> {
        let lots = self.lots.iter().filter_map(Lot::due_at);
        let renewal = self.subscription.as_ref().map(Subscription::period_end);
        let next = lots.chain(renewal).min();
        next.filter(|due| *due < Instant::MAX)
    }

    /// Changes the state as `event` says.
    pub fn apply(&mut self, event: &Event) {
        self.sequence = self.sequence.next();
        self.time = self.time.max(event.recorded_at);
        if let Some(terms) = event.fact.new_lot() {
            self.open_lot(terms);
        }
        self.apply_fact(event);
        for posting in &event.postings {
            self.apply_posting(posting);
        }
        self.lots
            .retain(|lot| !lot.remaining.is_zero() || !lot.held.is_zero());
        self.settled_late
            .retain(|_, late| late_settle_ends_at(late.at) > event.at);
    }

    fn open_lot(&mut self, terms: &LotTerms) {
        let lot = Lot {
            id: self.sequence,
            terms: terms.clone(),
            remaining: Credits::ZERO,
            held: Credits::ZERO,
            freezes: Freezes::NONE,
        };
        let place = self
            .lots
            .partition_point(|other| other.burn_key() < lot.burn_key());
        let entered = lot.terms.granted.get();
        match lot.terms.origin {
            Origin::Plan { .. } => self.totals.plan += entered,
            Origin::Rollover { .. } => self.totals.rollover += entered,
            Origin::Pack { .. } => self.totals.packs += entered,
        }
        self.lots.insert(place, lot);
    }

    fn apply_posting(&mut self, posting: &Posting) {
        let lot = self
            .lots
            .iter_mut()
            .find(|lot| lot.id == posting.lot)
            .expect("an event posts only to lots with something left or held, or to its own");
        let moved = |amount: Credits, by: i64| {
            Credits::new(amount.get() + by)
                .expect("an event takes no more from a lot than is there")
        };
        lot.remaining = moved(lot.remaining, posting.available);
        lot.held = moved(lot.held, posting.held);
        self.totals.consumed += posting.consumed.get();
        self.totals.expired += posting.expired.get();
        self.totals.revoked += posting.revoked.get();
    }

    fn apply_fact(&mut self, event: &Event) {
        match &event.fact {
            Fact::AccountOpened => self.opened_at = event.at,
            Fact::SubscriptionChange { change, lot } => {
                self.apply_subscription(event.at, change, lot.as_ref());
            }
            Fact::PeriodGrant { period, lot, .. } => {
                let subscription = self.subscription_mut();
                subscription.period = *period;
                subscription.granted = lot.granted;
            }
            Fact::PackPurchase { frozen, .. } => {
                if *frozen {
                    let made = self.sequence;
                    self.freeze(Freeze::Lapsed, |lot| lot.id == made);
                }
            }
            Fact::HoldPlaced {
                amount,
                spend,
                expires_at,
                ..
            } => {
                let cause = event.caused_by.expect("only a command places a hold");
                self.holds.push(Hold {
                    id: cause.operation_id,
                    amount: *amount,
                    spend: spend.clone(),
                    placed_at: event.at,
                    expires_at: *expires_at,
                    draws: event.postings.iter().map(draw).collect(),
                });
            }
            Fact::HoldExtended { hold, expires_at } => {
                let open = self.holds.iter_mut().find(|open| open.id == *hold);
                open.expect("only an open hold is extended").expires_at = *expires_at;
            }
            Fact::HoldReleased { .. } | Fact::HoldExpired { .. } => {
                for end in event.hold_ends() {
                    self.close_hold(end.hold);
                }
            }
            Fact::Charge(charge) => {
                let attempt = Attempt::of(charge, self.sequence, event.at);
                self.recent.remember(attempt);
                match charge.hold {
                    Some(hold) if charge.late => {
                        let late = LateSettlement {
                            at: event.at,
                            cost: charge.cost,
                        };
                        self.settled_late.insert(hold, late);
                    }
                    Some(hold) => self.close_hold(hold),
                    None => {}
                }
            }
            Fact::RolloverGrant { .. } | Fact::Expiry { .. } => {}
        }
    }

    fn apply_subscription(
        &mut self,
        at: Instant,
        change: &SubscriptionEvent,
        lot: Option<&LotTerms>,
    ) {
        match change {
            SubscriptionEvent::Started {
                plan,
                interval,
                anchor,
                period,
                continues,
            } => {
                let broken = self.broken_period.take();
                let broken = broken.filter(|_| continues.is_some());
                let before = broken.map_or(Credits::ZERO, |broken| broken.granted);
                self.subscription = Some(Subscription {
                    id: continues.unwrap_or(self.sequence),
                    plan: plan.clone(),
                    interval: *interval,
                    anchor: *anchor,
                    period: *period,
                    granted: granted_with(before, lot),
                    cancel_at: None,
                    term_from: continues.map_or(0, |_| *period),
                    scheduled: None,
                });
                self.thaw_for(*continues);
            }
            SubscriptionEvent::CancellationScheduled { cancel_at } => {
                let subscription = self.subscription_mut();
                subscription.cancel_at = Some(*cancel_at);
                subscription.scheduled = None;
            }
            SubscriptionEvent::Resumed => self.subscription_mut().cancel_at = None,
            SubscriptionEvent::Ended { packs_frozen } => {
                let ended = self.subscription.take();
                self.broken_period = ended.and_then(|ended| BrokenPeriod::of(&ended, at));
                self.plan_ended_at = Some(at);
                if *packs_frozen {
                    self.freeze(Freeze::Lapsed, |lot| {
                        matches!(lot.terms.origin, Origin::Pack { .. })
                    });
                }
            }
            SubscriptionEvent::Changed {
                plan,
                interval,
                term_from,
                scheduled,
            } => {
                let subscription = self.subscription_mut();
                subscription.plan = plan.clone();
                subscription.interval = *interval;
                subscription.term_from = *term_from;
                subscription.scheduled = scheduled.clone();
                subscription.granted = granted_with(subscription.granted, lot);
            }
            SubscriptionEvent::ChangeScheduled(change) => {
                self.subscription_mut().scheduled = Some(change.clone());
            }
            SubscriptionEvent::ChangeWithdrawn => self.subscription_mut().scheduled = None,
        }
    }

    /// A plan started: packs can be used again, and so can the allowance of a subscription that goes on.
    fn thaw_for(&mut self, continues: Option<Sequence>) {
        for lot in &mut self.lots {
            lot.freezes = lot.freezes.without(Freeze::Lapsed);
            if lot.terms.origin.is_allowance_of(continues) {
                lot.freezes = lot.freezes.without(Freeze::PastDue);
            }
        }
    }

    fn subscription_mut(&mut self) -> &mut Subscription {
        self.subscription
            .as_mut()
            .expect("a subscription is changed or renewed only while there is one")
    }

    fn freeze(&mut self, freeze: Freeze, wanted: impl Fn(&Lot) -> bool) {
        for lot in self.lots.iter_mut().filter(|lot| wanted(lot)) {
            lot.freezes = lot.freezes.with(freeze);
        }
    }

    fn close_hold(&mut self, id: HoldId) {
        self.holds.retain(|hold| hold.id != id);
    }
}

/// The highest allowance granted in a period, of which `lot` is what a better plan has more.
fn granted_with(before: Credits, lot: Option<&LotTerms>) -> Credits {
    lot.map_or(before, |lot| [before, lot.granted].into_iter().sum())
}

fn draw(posting: &Posting) -> Draw {
    Draw {
        lot: posting.lot,
        amount: Credits::new(posting.held).expect("placing a hold only adds to what is held"),
    }
}
