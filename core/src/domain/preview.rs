//! Previews: what a change of plan would do, in lots and dates, before anybody asks for it.
//!
//! Owns no rule of its own: it has the account decide, lets time do what it would do until the change
//! acts, and tells the difference. So it can't say anything else than what then happens, as long as
//! nothing else is asked meanwhile.

use super::{
    account::Account,
    catalog::{BillingInterval, Catalogs},
    command::{Command, Request},
    credits::Credits,
    decide::Known,
    event::{Event, Fact, SubscriptionEvent},
    ids::{LotId, OperationId, PlanId},
    lot::{Lot, LotTerms, Origin},
    refusal::Refusal,
    subscription::{ScheduledChange, Subscription},
    time::Instant,
};

/// A change to preview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanChange {
    /// To a plan and interval, as [`Request::ChangePlan`].
    To {
        /// The plan.
        plan: PlanId,
        /// How long a payment lasts; as it does now, if none.
        interval: Option<BillingInterval>,
    },
    /// To no plan, as [`Request::CancelSubscription`].
    ToNone,
}

/// What a change would do, if nothing else is asked before it acts.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanChangePreview {
    /// When the change acts: at once, or at the end of the paid term.
    pub acts_at: Instant,
    /// What remains scheduled right after it was asked for.
    pub scheduled: Option<ScheduledChange>,
    /// What is granted at once.
    pub granted: Option<LotTerms>,
    /// What becomes of each lot that is there now, in burn order.
    pub lots: Vec<(LotId, Fate)>,
    /// How many of the credits that end until then roll over, as the plan states.
    pub rolls_over: Credits,
    /// The next allowance that comes by itself.
    pub next_renewal: Option<LotTerms>,
    /// The first allowance that comes by itself once the change has acted.
    pub renewal_after: Option<LotTerms>,
}

/// What becomes of a lot until a change has acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It stays.
    Kept,
    /// It is there and can't be used.
    Frozen,
    /// Its time is over.
    Expired,
}

impl PlanChange {
    /// The command that would be asked.
    pub fn request(&self) -> Request {
        match self {
            PlanChange::To { plan, interval } => Request::ChangePlan {
                plan: plan.clone(),
                interval: *interval,
            },
            PlanChange::ToNone => Request::CancelSubscription,
        }
    }
}

impl Account {
    /// What `change` would do if it were asked for at `now`, or why it would be refused. Time must have
    /// been applied, as for [`Account::decide`].
    pub fn preview(
        &self,
        catalogs: &Catalogs,
        change: &PlanChange,
        now: Instant,
    ) -> Result<PlanChangePreview, Refusal> {
        let request = change.request();
        let content = request.content();
        let command = Command {
            operation_id: OperationId(uuid::Uuid::nil()),
            request,
        };
        let decided = self.decide(catalogs, &command, content, &Known::default(), now)?;
        let event = decided.expect("only a generation can be free, and leave no trace");
        Ok(self.foresee(catalogs, &event))
    }

    fn foresee(&self, catalogs: &Catalogs, event: &Event) -> PlanChangePreview {
        let mut then = self.clone();
        then.apply(event);
        let scheduled = then
            .subscription
            .as_ref()
            .and_then(|one| one.scheduled.clone());
        let acts_at = acts_at(event);
        let next_renewal = then.first_grant(catalogs, then.time);
        let passed = then.pass(catalogs, acts_at);
        let acted = passed.iter().find_map(|event| grant(event, acts_at));
        PlanChangePreview {
            acts_at,
            scheduled,
            granted: event.fact.new_lot().cloned(),
            lots: self
                .lots
                .iter()
                .map(|lot| (lot.id, fate(lot, &then, acts_at)))
                .collect(),
            rolls_over: rolled_over(self.subscription.as_ref(), &passed),
            next_renewal,
            renewal_after: acted.or_else(|| then.first_grant(catalogs, acts_at)),
        }
    }

    /// The next allowance that comes by itself after `from`.
    fn first_grant(&self, catalogs: &Catalogs, from: Instant) -> Option<LotTerms> {
        let period_end = self.subscription.as_ref()?.period_end();
        let passed = self.clone().pass(catalogs, period_end);
        passed.iter().find_map(|event| grant(event, from))
    }
}

/// The allowance that comes with a renewal at or after `from`.
fn grant(event: &Event, from: Instant) -> Option<LotTerms> {
    if let Fact::PeriodGrant { lot, .. } = &event.fact
        && event.at >= from
    {
        return Some(lot.clone());
    }
    None
}

/// When what was decided acts.
fn acts_at(event: &Event) -> Instant {
    let Fact::SubscriptionChange { change, .. } = &event.fact else {
        return event.at;
    };
    match change {
        SubscriptionEvent::CancellationScheduled { cancel_at } => *cancel_at,
        SubscriptionEvent::ChangeScheduled(change) => change.at,
        SubscriptionEvent::Started { .. }
        | SubscriptionEvent::Resumed
        | SubscriptionEvent::Ended { .. }
        | SubscriptionEvent::Changed { .. }
        | SubscriptionEvent::ChangeWithdrawn
        | SubscriptionEvent::PeriodWithheld { .. } => event.at,
    }
}

fn fate(lot: &Lot, then: &Account, acts_at: Instant) -> Fate {
    if lot.terms.expires_at.is_some_and(|end| end <= acts_at) {
        return Fate::Expired;
    }
    match then.lot(lot.id) {
        Some(later) if !later.is_live() => Fate::Frozen,
        Some(_) | None => Fate::Kept,
    }
}

/// What rolls over of the period that runs now, if its end is among what passed.
fn rolled_over(subscription: Option<&Subscription>, passed: &[Event]) -> Credits {
    let current = subscription.map(|one| (one.id, one.period));
    let rolled = passed.iter().filter_map(|event| event.fact.new_lot());
    let of_now = rolled.filter(|lot| match &lot.origin {
        Origin::Rollover {
            subscription,
            period,
            ..
        } => current == Some((*subscription, *period)),
        Origin::Plan { .. } | Origin::Pack { .. } => false,
    });
    of_now.map(|lot| lot.granted).sum()
}
