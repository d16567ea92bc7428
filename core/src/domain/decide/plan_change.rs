//! Plan changes: what acts now, what waits for the end of the paid term, what it grants.
//!
//! Owns the rule that a period is granted the best plan touched in it, once: a larger allowance acts now
//! and adds what it has more; anything less waits until what is paid for has run out. It never takes
//! credits away.

use super::{Case, Verdict};
use crate::domain::{
    catalog::{BillingInterval, Plan},
    due::period_lot,
    event::{Fact, SubscriptionEvent},
    ids::PlanId,
    lot::LotTerms,
    posting::Posting,
    refusal::Refusal,
    subscription::{ScheduledChange, Subscription},
};

impl Case<'_> {
    pub(super) fn change_plan(
        &self,
        plan: &PlanId,
        interval: Option<BillingInterval>,
    ) -> Result<Verdict, Refusal> {
        let current = self.account.subscription.as_ref();
        let interval = interval.or(current.map(|one| one.interval));
        let in_force = |one: &Subscription| one.plan == *plan && interval == Some(one.interval);
        // What is in force can be kept though it is no longer sold.
        let sold = self.on_sale(plan, interval);
        if let (Err(unknown), false) = (&sold, current.is_some_and(in_force)) {
            return Err(unknown.clone());
        }
        let subscription = self.subscription()?;
        if let Some(cancel_at) = subscription.cancel_at {
            return Err(Refusal::CancellationAlreadyScheduled { cancel_at });
        }
        if in_force(subscription) {
            return self.keep_plan(subscription);
        }
        let (_, terms) = sold?;
        let interval = interval.unwrap_or(subscription.interval);
        let change = self.change(subscription, terms, interval);
        let lot = self.top_up(subscription, &change, terms);
        let made = self.account.sequence.next();
        let granted = lot.iter().map(|lot| Posting::granted(made, lot.granted));
        let postings = granted.collect();
        Ok(Verdict {
            postings,
            ..self.plain(Fact::SubscriptionChange { change, lot })
        })
    }

    /// Asking for what is in force takes a scheduled change back.
    fn keep_plan(&self, subscription: &Subscription) -> Result<Verdict, Refusal> {
        if subscription.scheduled.is_none() {
            return Err(Refusal::AlreadyOnPlan {
                plan: subscription.plan.clone(),
                interval: subscription.interval,
            });
        }
        let change = SubscriptionEvent::ChangeWithdrawn;
        Ok(self.plain(Fact::SubscriptionChange { change, lot: None }))
    }

    /// What a change to another plan or interval does: a larger allowance begins now if the plan is sold
    /// in the interval that is then in force, and so does a longer interval of the same plan; anything
    /// else begins with the end of the paid term. It takes the place of what was scheduled.
    fn change(
        &self,
        subscription: &Subscription,
        terms: &Plan,
        interval: BillingInterval,
    ) -> SubscriptionEvent {
        let other_plan = terms.id != subscription.plan;
        let longer = interval > subscription.interval;
        let later = ScheduledChange {
            plan: terms.id.clone(),
            interval,
            at: subscription.paid_through(),
        };
        let acts_now = match other_plan {
            true => self.is_upgrade(subscription, terms),
            false => longer,
        };
        let in_force = interval.max(subscription.interval);
        if !acts_now || terms.price(in_force).is_none() {
            return SubscriptionEvent::ChangeScheduled(later);
        }
        let shorter = interval < subscription.interval;
        SubscriptionEvent::Changed {
            plan: terms.id.clone(),
            interval: in_force,
            term_from: if longer {
                subscription.period
            } else {
                subscription.term_from
            },
            scheduled: shorter.then_some(later),
        }
    }

    fn is_upgrade(&self, subscription: &Subscription, terms: &Plan) -> bool {
        let in_force = self.catalogs.plan_terms(&subscription.plan, self.at);
        let allowance = in_force.map_or(subscription.granted, |(_, plan)| plan.allowance);
        terms.allowance > allowance
    }

    /// What another plan that is in force now has more than the period was granted, if it has more; an
    /// interval alone grants nothing, and a period that is not paid for waits for its payment.
    fn top_up(
        &self,
        subscription: &Subscription,
        change: &SubscriptionEvent,
        terms: &Plan,
    ) -> Option<LotTerms> {
        let acts_now = matches!(change, SubscriptionEvent::Changed { .. });
        let added = terms.allowance.saturating_sub(subscription.granted);
        let withheld = subscription.payments.withheld_for.is_some();
        if !acts_now || withheld || terms.id == subscription.plan || added.is_zero() {
            return None;
        }
        let on_it = Subscription {
            plan: terms.id.clone(),
            ..subscription.clone()
        };
        Some(period_lot(&on_it, on_it.period, self.at, added))
    }
}
