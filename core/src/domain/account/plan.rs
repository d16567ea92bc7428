//! How a change of the subscription changes an account: plan, period, what freezes and what thaws.
//!
//! Owns no state of its own and decides nothing: events say what happened.

use super::Account;
use crate::domain::{
    credits::Credits,
    event::SubscriptionEvent,
    ids::Sequence,
    lot::{Freeze, LotTerms, Origin},
    subscription::{BrokenPeriod, Subscription},
    term::TermPayments,
    time::Instant,
};

impl Account {
    pub(super) fn apply_subscription(
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
                    started_in: *period,
                    scheduled: None,
                    payments: TermPayments::default(),
                });
                self.thaw_for(*continues, *period);
            }
            SubscriptionEvent::CancellationScheduled { cancel_at } => {
                let subscription = self.subscription_mut();
                subscription.cancel_at = Some(*cancel_at);
                subscription.scheduled = None;
            }
            SubscriptionEvent::Resumed => self.subscription_mut().cancel_at = None,
            SubscriptionEvent::Ended { packs_frozen, .. } => {
                self.end_subscription(at, *packs_frozen);
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
            SubscriptionEvent::PeriodWithheld { period } => {
                let subscription = self.subscription_mut();
                subscription.period = *period;
                subscription.granted = Credits::ZERO;
                subscription.payments.begin_period();
            }
        }
    }

    fn end_subscription(&mut self, at: Instant, packs_frozen: bool) {
        let ended = self.subscription.take();
        self.broken_period = ended.and_then(|ended| BrokenPeriod::of(&ended, at));
        self.plan_ended_at = Some(at);
        if packs_frozen {
            self.freeze(Freeze::Lapsed, |lot| {
                matches!(lot.terms.origin, Origin::Pack { .. })
            });
        }
    }

    /// A plan started: packs can be used again, and what was not paid of the period that goes on, and of
    /// later ones, no longer counts.
    fn thaw_for(&mut self, continues: Option<Sequence>, period: u32) {
        for lot in &mut self.lots {
            lot.freezes = lot.freezes.without(Freeze::Lapsed);
        }
        if let Some(id) = continues {
            self.reported_terms.start(id, period);
            self.freeze_unpaid();
        }
    }
}

/// The highest allowance granted in a period, of which `lot` is what a better plan has more.
fn granted_with(before: Credits, lot: Option<&LotTerms>) -> Credits {
    lot.map_or(before, |lot| [before, lot.granted].into_iter().sum())
}
