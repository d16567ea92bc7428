//! An account, and how an event changes it.
//!
//! Owns the state of one account. `apply` never refuses and never decides: replaying an account's
//! events from nothing gives its state, bit for bit. What may happen is judged in `decide`.

mod plan;
mod rollover;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    credits::Credits,
    event::{Charged, Event, Fact},
    hold::{Draw, Hold, LateSettlement, late_settle_ends_at},
    ids::{AccountId, HoldId, LotId, Sequence},
    lot::{Freeze, Lot, LotTerms, Origin},
    posting::Posting,
    preferences::{Preferences, Tally},
    recent::{Attempt, Recent},
    subscription::{BrokenPeriod, Subscription},
    term::ReportedTerms,
    time::Instant,
    usage::{UsageTally, last_whole_group},
};

pub use self::rollover::HandsOn;

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
    /// The reported payments of terms, as long as the terms have credits or periods to come.
    #[serde(default, skip_serializing_if = "ReportedTerms::is_empty")]
    pub reported_terms: ReportedTerms,
    /// What entered and left since it was opened.
    pub totals: Totals,
    /// Its last generations, for advice.
    #[serde(default, skip_serializing_if = "Recent::is_empty")]
    pub recent: Recent,
    /// What its owner set.
    #[serde(default, skip_serializing_if = "Preferences::is_default")]
    pub preferences: Preferences,
    /// What counts under ceilings.
    #[serde(default, skip_serializing_if = "Tally::is_empty")]
    pub tally: Tally,
    /// What was charged by the operations of the group that the last one is in, see
    /// [`usage`](super::usage).
    #[serde(default, skip_serializing_if = "UsageTally::is_empty")]
    pub group_usage: UsageTally,
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
            reported_terms: ReportedTerms::default(),
            totals: Totals::default(),
            recent: Recent::default(),
            preferences: Preferences::default(),
            tally: Tally::default(),
            group_usage: UsageTally::default(),
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
        let subscription = self.subscription.as_ref();
        let renewal = subscription.map(Subscription::period_end);
        let past_due = subscription.and_then(|one| one.payments.past_due);
        let lapse = past_due.map(|past_due| past_due.lapses_at);
        let next = lots.chain(renewal).chain(lapse).min();
        next.filter(|due| *due < Instant::MAX)
    }

    /// The sums of the group that the last operation ended, if it did: they are to be kept with it.
    pub fn ended_group(&self) -> Option<&UsageTally> {
        let ended = last_whole_group(self.sequence) == self.sequence;
        (ended && !self.group_usage.is_empty()).then_some(&self.group_usage)
    }

    /// Changes the state as `event` says.
    pub fn apply(&mut self, event: &Event) {
        self.sequence = self.sequence.next();
        self.time = self.time.max(event.recorded_at);
        if let Some(terms) = event.fact.new_lot() {
            self.open_lot(terms);
        }
        self.apply_fact(event);
        self.group_usage.count_in_group(self.sequence, event);
        for posting in &event.postings {
            self.apply_posting(posting);
        }
        self.lots
            .retain(|lot| !lot.remaining.is_zero() || !lot.held.is_zero());
        self.settled_late
            .retain(|_, late| late_settle_ends_at(late.at) > event.at);
        self.forget_old_terms();
    }

    fn open_lot(&mut self, terms: &LotTerms) {
        let lot = Lot {
            id: self.sequence,
            terms: terms.clone(),
            remaining: Credits::ZERO,
            held: Credits::ZERO,
            freezes: self.freezes_of_new(&terms.origin),
            revoked: false,
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
        self.note_revoked(posting);
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
                subscription.payments.begin_period();
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
                self.tally.count(charge, event.at);
                self.settle_hold(charge, event.at);
            }
            Fact::PreferencesChange { preferences } => {
                self.tally.follow(preferences, event.at);
                self.preferences = preferences.clone();
            }
            Fact::RolloverGrant { .. } | Fact::Expiry { .. } | Fact::ChargeKept { .. } => {}
            Fact::PaymentReport { report, lot } => {
                self.apply_report(report);
                if let (Some(lot), Some(subscription)) = (lot, &mut self.subscription) {
                    subscription.payments.withheld_for = None;
                    subscription.granted = [subscription.granted, lot.granted].into_iter().sum();
                }
            }
            Fact::Revocation(report) => self.apply_report(report),
        }
    }

    pub(super) fn subscription_mut(&mut self) -> &mut Subscription {
        self.subscription
            .as_mut()
            .expect("a subscription is changed or renewed only while there is one")
    }

    pub(super) fn freeze(&mut self, freeze: Freeze, wanted: impl Fn(&Lot) -> bool) {
        for lot in self.lots.iter_mut().filter(|lot| wanted(lot)) {
            lot.freezes = lot.freezes.with(freeze);
        }
    }

    /// Ends the hold that a charge settled, if it settled one.
    fn settle_hold(&mut self, charge: &Charged, at: Instant) {
        match charge.hold {
            Some(hold) if charge.late => {
                let cost = charge.cost;
                self.settled_late.insert(hold, LateSettlement { at, cost });
            }
            Some(hold) => self.close_hold(hold),
            None => {}
        }
    }

    fn close_hold(&mut self, id: HoldId) {
        self.holds.retain(|hold| hold.id != id);
    }
}

fn draw(posting: &Posting) -> Draw {
    Draw {
        lot: posting.lot,
        amount: Credits::new(posting.held).expect("placing a hold only adds to what is held"),
    }
}
