//! What time does to an account by itself.
//!
//! Owns the order of what becomes due: instants one after the other, and at one instant hold
//! expiries, then lot expiries and the rollover they feed, then the end of a subscription that was
//! cancelled or has lapsed, then a scheduled change of plan, then the grant of the next period, of the
//! plan now in force, if it is paid for. It depends on instants only, never on when somebody looked, so
//! an account that nobody touched for 14 months is right at the first touch. Only into how many events
//! the expiries of holds are put depends on who looks: those with nothing else due between them are
//! one, because a thousand forgotten holds must not be a thousand writes.

use super::{
    account::Account,
    catalog::{Catalogs, PacksWithoutPlan},
    credits::Credits,
    event::{Event, Fact, SubscriptionEvent},
    hold::{ExpiredHold, HOLDS_EXPIRED_TOGETHER_MAX, Hold},
    ids::{CatalogVersion, PlanId, Sequence},
    lot::{LotTerms, Origin},
    posting::{Posting, Returns},
    subscription::{EndReason, ScheduledChange, Subscription},
    time::{Instant, period_start},
};

/// The most instants that one step catches up with; a longer absence takes several steps, each
/// committed, so that no transaction grows without bound. 240 are twenty years of renewals.
pub const INSTANTS_A_STEP_MAX: usize = 240;

/// What became due, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Due {
    /// The events.
    pub events: Vec<Event>,
    /// Whether there is more, for a next step.
    pub more: bool,
}

impl Account {
    /// What became due until `now`, `now` included. Terms are those in force at each due instant.
    pub fn due(&self, catalogs: &Catalogs, now: Instant) -> Due {
        let now = now.max(self.time);
        if self.next_due_at().is_none_or(|due| due > now) {
            return Due::default();
        }
        let mut step = Step {
            state: self.clone(),
            catalogs,
            recorded_at: now,
            events: Vec::new(),
        };
        for _ in 0..INSTANTS_A_STEP_MAX {
            match step.state.next_due_at().filter(|due| *due <= now) {
                Some(at) => step.reach(at),
                None => break,
            }
        }
        Due {
            more: step.state.next_due_at().is_some_and(|due| due <= now),
            events: step.events,
        }
    }
}

struct Step<'c> {
    state: Account,
    catalogs: &'c Catalogs,
    recorded_at: Instant,
    events: Vec<Event>,
}

/// Allowance that ended unused, of one period of the subscription that runs.
struct Unused {
    plan: PlanId,
    anchor: Instant,
    subscription: Sequence,
    period: u32,
    amount: Credits,
}

impl Step<'_> {
    /// Does what is due at `at`, the next such instant; of the holds among it also those that follow.
    fn reach(&mut self, at: Instant) {
        if self.expire_holds() {
            return;
        }
        for unused in self.expire_lots(at) {
            self.roll_over(at, unused);
        }
        let Some(subscription) = self.state.subscription.clone() else {
            return;
        };
        let past_due = subscription.payments.past_due;
        if subscription.cancel_at.is_some_and(|end| end <= at) {
            self.end(at, EndReason::Cancelled);
        } else if past_due.is_some_and(|past_due| past_due.lapses_at <= at) {
            self.end(at, EndReason::PastDue);
        } else if subscription.period_end() <= at {
            let subscription = self.change(at, subscription);
            let period = subscription.period + 1;
            if past_due.is_none() {
                self.renew(at, &subscription);
            } else {
                self.withhold(at, period);
            }
        }
    }

    fn record(&mut self, at: Instant, version: CatalogVersion, fact: Fact, postings: Vec<Posting>) {
        let event = Event {
            at,
            recorded_at: self.recorded_at,
            caused_by: None,
            catalog_version: version,
            fact,
            postings,
        };
        self.state.apply(&event);
        self.events.push(event);
    }

    fn version_at(&self, at: Instant) -> CatalogVersion {
        self.catalogs.terms_at(at).version
    }

    /// Ends in one event the holds that end from now on, one after the other, until something else
    /// is due; tells whether there were any.
    fn expire_holds(&mut self) -> bool {
        let otherwise = self.state.next_due_besides_holds();
        let mut until = otherwise.map_or(self.recorded_at, |due| due.min(self.recorded_at));
        let mut ending: Vec<&Hold> = self.state.holds.iter().collect();
        ending.sort_by_key(|hold| hold.expires_at);
        let mut postings: Vec<Posting> = Vec::new();
        let mut ended: Vec<ExpiredHold> = Vec::new();
        for hold in ending.into_iter().take(HOLDS_EXPIRED_TOGETHER_MAX) {
            let at = hold.expires_at;
            if at > until {
                break;
            }
            // A lot that ends at this very instant takes its part back first and ends right after,
            // so that what returns can still roll over.
            for posting in hold.resolve(&self.state, Credits::ZERO, |expires| expires < at) {
                // What returned makes the lot's own end due, where nothing was left of it before.
                let lot = self.state.lot(posting.lot);
                let ends = lot.and_then(|lot| lot.terms.expires_at);
                until = ends.map_or(
                    until,
                    |ends| if ends < at { until } else { until.min(ends) },
                );
                Posting::add(&mut postings, posting);
            }
            ended.push(ExpiredHold {
                hold: hold.id,
                amount: hold.amount,
                at,
            });
        }
        let Some((first, last)) = ended.first().zip(ended.last()) else {
            return false;
        };
        let (hold, at) = (first.hold, last.at);
        let holds = if ended.len() == 1 { Vec::new() } else { ended };
        let fact = Fact::HoldExpired { hold, holds };
        self.record(at, self.version_at(at), fact, postings);
        true
    }

    fn expire_lots(&mut self, at: Instant) -> Vec<Unused> {
        let ended: Vec<_> = self
            .state
            .lots
            .iter()
            .filter(|lot| lot.due_at().is_some_and(|due| due <= at))
            .map(|lot| (lot.id, lot.terms.origin.clone(), lot.remaining))
            .collect();
        let mut unused: Vec<Unused> = Vec::new();
        for (lot, origin, amount) in ended {
            let postings = vec![Posting::expired(lot, amount)];
            self.record(at, self.version_at(at), Fact::Expiry { lot }, postings);
            if let Some(hands_on) = self.state.hands_on(&origin) {
                let ended = Unused {
                    plan: hands_on.plan.clone(),
                    anchor: hands_on.anchor,
                    subscription: hands_on.subscription,
                    period: hands_on.period,
                    amount,
                };
                Unused::add(&mut unused, ended);
            }
        }
        unused
    }

    fn roll_over(&mut self, at: Instant, unused: Unused) {
        let Some((published, plan)) = self.catalogs.plan_terms(&unused.plan, at) else {
            return;
        };
        let Some(rollover) = &plan.rollover else {
            return;
        };
        let version = published.version;
        let granted = unused.amount.min(rollover.max);
        let expires_at = period_start(unused.anchor, unused.period + 1 + rollover.months);
        let lot = LotTerms {
            origin: Origin::Rollover {
                plan: unused.plan,
                subscription: unused.subscription,
                period: unused.period,
            },
            granted,
            effective_at: at,
            expires_at: Some(expires_at),
        };
        let postings = vec![Posting::granted(self.state.sequence.next(), granted)];
        self.record(at, version, Fact::RolloverGrant { lot }, postings);
    }

    fn end(&mut self, at: Instant, reason: EndReason) {
        let published = self.catalogs.terms_at(at);
        let packs_frozen = published.catalog.policy.packs_without_plan == PacksWithoutPlan::Frozen;
        let change = SubscriptionEvent::Ended {
            packs_frozen,
            reason,
        };
        let fact = Fact::SubscriptionChange { change, lot: None };
        self.record(at, published.version, fact, Vec::new());
    }

    /// Makes the change that is due, if one is, and tells what the subscription is then.
    fn change(&mut self, at: Instant, subscription: Subscription) -> Subscription {
        let due = |change: &ScheduledChange| change.at <= at;
        let Some(change) = subscription.scheduled.clone().filter(due) else {
            return subscription;
        };
        // A term whose length stays is counted from where it was: the change comes at the end of one.
        let term_from = match change.interval == subscription.interval {
            true => subscription.term_from,
            false => subscription.period + 1,
        };
        let change = SubscriptionEvent::Changed {
            plan: change.plan,
            interval: change.interval,
            term_from,
            scheduled: None,
        };
        let fact = Fact::SubscriptionChange { change, lot: None };
        self.record(at, self.version_at(at), fact, Vec::new());
        self.state.subscription.clone().unwrap_or(subscription)
    }

    fn renew(&mut self, at: Instant, subscription: &Subscription) {
        let terms = self.catalogs.plan_terms(&subscription.plan, at);
        let (version, allowance) = terms.map_or(
            (self.version_at(at), subscription.granted),
            |(published, plan)| (published.version, plan.allowance),
        );
        let period = subscription.period + 1;
        let fact = Fact::PeriodGrant {
            subscription: subscription.id,
            period,
            lot: period_lot(subscription, period, at, allowance),
        };
        let postings = vec![Posting::granted(self.state.sequence.next(), allowance)];
        self.record(at, version, fact, postings);
    }

    fn withhold(&mut self, at: Instant, period: u32) {
        let change = SubscriptionEvent::PeriodWithheld { period };
        let fact = Fact::SubscriptionChange { change, lot: None };
        self.record(at, self.version_at(at), fact, Vec::new());
    }
}

impl Unused {
    fn add(all: &mut Vec<Unused>, more: Unused) {
        let same =
            |one: &&mut Unused| (one.subscription, one.period) == (more.subscription, more.period);
        match all.iter_mut().find(same) {
            Some(one) => {
                one.amount = [one.amount, more.amount].into_iter().sum();
            }
            None => all.push(more),
        }
    }
}

/// The lot of a period's allowance: it ends with the period.
pub(super) fn period_lot(
    subscription: &Subscription,
    period: u32,
    effective_at: Instant,
    allowance: Credits,
) -> LotTerms {
    LotTerms {
        origin: Origin::Plan {
            plan: subscription.plan.clone(),
            subscription: subscription.id,
            period,
        },
        granted: allowance,
        effective_at,
        expires_at: Some(period_start(subscription.anchor, period + 1)),
    }
}

impl Hold {
    /// The postings that end the hold with `cost` consumed, in burn order, and the rest returned;
    /// `ended` tells of a lot's expiry whether the lot is over and takes nothing back.
    pub(super) fn resolve(
        &self,
        account: &Account,
        cost: Credits,
        ended: impl Fn(Instant) -> bool,
    ) -> Vec<Posting> {
        let mut left = cost;
        self.draws
            .iter()
            .map(|draw| {
                let consumed = left.min(draw.amount);
                left = left.saturating_sub(consumed);
                let rest = draw.amount.saturating_sub(consumed);
                let lot = account
                    .lot(draw.lot)
                    .expect("a lot stays as long as something of it is held");
                let returns = if lot.revoked {
                    Returns::Revoked
                } else if lot.terms.expires_at.is_some_and(&ended) {
                    Returns::Expired
                } else {
                    Returns::ToLot
                };
                Posting::resolved(draw.lot, consumed, rest, returns)
            })
            .collect()
    }
}
