//! Operations that change how an account stands: its opening and its subscription.

use async_graphql::{Enum, ID};
use credits_core::domain::{event::SubscriptionEvent, lot::LotTerms};

use super::operation;
use crate::graphql::{
    scalar::{Credits, DateTime},
    subscription::{BillingInterval, ScheduledPlanChange},
};

operation! {
    /// The account was opened. It grants nothing.
    AccountOpened {} {}
}

operation! {
    /// The account's subscription started, was changed, was cancelled, was resumed or ended, or began a
    /// period that is not paid for.
    SubscriptionChange { change: SubscriptionEvent, lot: Option<LotTerms> } {
        /// What happened to the subscription.
        async fn change_kind(&self) -> SubscriptionChangeKind {
            SubscriptionChangeKind::from(&self.change)
        }

        /// The plan in force from then on, by its catalog id, where it started or changed; null for
        /// other changes.
        async fn plan(&self) -> Option<ID> {
            in_force(&self.change).map(|(plan, _)| plan)
        }

        /// How often the plan is paid from then on, where it started or changed; null for other
        /// changes.
        async fn billing_interval(&self) -> Option<BillingInterval> {
            in_force(&self.change).map(|(_, interval)| interval)
        }

        /// From when the periods of the plan that started are counted; null for other changes.
        async fn anchor(&self) -> Option<DateTime> {
            match &self.change {
                SubscriptionEvent::Started { anchor, .. } => Some((*anchor).into()),
                SubscriptionEvent::CancellationScheduled { .. }
                | SubscriptionEvent::Resumed
                | SubscriptionEvent::Ended { .. }
                | SubscriptionEvent::Changed { .. }
                | SubscriptionEvent::ChangeScheduled(_)
                | SubscriptionEvent::ChangeWithdrawn
                | SubscriptionEvent::PeriodWithheld { .. } => None,
            }
        }

        /// When the subscription will end, for a cancellation; null for other changes.
        async fn cancel_at(&self) -> Option<DateTime> {
            match &self.change {
                SubscriptionEvent::CancellationScheduled { cancel_at } => Some((*cancel_at).into()),
                SubscriptionEvent::Started { .. }
                | SubscriptionEvent::Resumed
                | SubscriptionEvent::Ended { .. }
                | SubscriptionEvent::Changed { .. }
                | SubscriptionEvent::ChangeScheduled(_)
                | SubscriptionEvent::ChangeWithdrawn
                | SubscriptionEvent::PeriodWithheld { .. } => None,
            }
        }

        /// Why the subscription ended; null for other changes.
        async fn end_reason(&self) -> Option<SubscriptionEndReason> {
            match &self.change {
                SubscriptionEvent::Ended { reason, .. } => Some((*reason).into()),
                SubscriptionEvent::Started { .. }
                | SubscriptionEvent::CancellationScheduled { .. }
                | SubscriptionEvent::Resumed
                | SubscriptionEvent::Changed { .. }
                | SubscriptionEvent::ChangeScheduled(_)
                | SubscriptionEvent::ChangeWithdrawn
                | SubscriptionEvent::PeriodWithheld { .. } => None,
            }
        }

        /// What was scheduled for the end of the paid term; null if nothing was.
        async fn scheduled_change(&self) -> Option<ScheduledPlanChange> {
            let scheduled = match &self.change {
                SubscriptionEvent::ChangeScheduled(change) => change,
                SubscriptionEvent::Changed { scheduled, .. } => scheduled.as_ref()?,
                SubscriptionEvent::Started { .. }
                | SubscriptionEvent::CancellationScheduled { .. }
                | SubscriptionEvent::Resumed
                | SubscriptionEvent::Ended { .. }
                | SubscriptionEvent::ChangeWithdrawn
                | SubscriptionEvent::PeriodWithheld { .. } => return None,
            };
            Some(ScheduledPlanChange::new(scheduled, self.operation.event.recorded_at))
        }

        /// The credits granted with it: of the current period for a start, what the new plan has more
        /// for an upgrade; null if it granted none.
        async fn granted(&self) -> Option<Credits> {
            self.lot.as_ref().map(|lot| lot.granted.into())
        }
    }
}

/// What happened to a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SubscriptionChangeKind {
    /// The account is on a plan from now on.
    Started,
    /// It will end with the paid term.
    CancellationScheduled,
    /// It will not end after all.
    Resumed,
    /// It ended.
    Ended,
    /// It is on another plan or billing interval from now on.
    Changed,
    /// It will change at the end of the paid term.
    ChangeScheduled,
    /// It will not change after all.
    ChangeWithdrawn,
    /// A period began without its allowance, because it is not paid for.
    PeriodWithheld,
}

/// Why a subscription ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "credits_core::domain::subscription::EndReason")]
pub enum SubscriptionEndReason {
    /// It was cancelled, and its paid term is over.
    Cancelled,
    /// A payment was past due for too long.
    PastDue,
}

impl From<&SubscriptionEvent> for SubscriptionChangeKind {
    fn from(event: &SubscriptionEvent) -> SubscriptionChangeKind {
        match event {
            SubscriptionEvent::Started { .. } => SubscriptionChangeKind::Started,
            SubscriptionEvent::CancellationScheduled { .. } => {
                SubscriptionChangeKind::CancellationScheduled
            }
            SubscriptionEvent::Resumed => SubscriptionChangeKind::Resumed,
            SubscriptionEvent::Ended { .. } => SubscriptionChangeKind::Ended,
            SubscriptionEvent::Changed { .. } => SubscriptionChangeKind::Changed,
            SubscriptionEvent::ChangeScheduled(_) => SubscriptionChangeKind::ChangeScheduled,
            SubscriptionEvent::ChangeWithdrawn => SubscriptionChangeKind::ChangeWithdrawn,
            SubscriptionEvent::PeriodWithheld { .. } => SubscriptionChangeKind::PeriodWithheld,
        }
    }
}

/// The plan and interval that are in force from then on, where they were set.
fn in_force(event: &SubscriptionEvent) -> Option<(ID, BillingInterval)> {
    match event {
        SubscriptionEvent::Started { plan, interval, .. }
        | SubscriptionEvent::Changed { plan, interval, .. } => {
            Some((ID::from(plan.as_str()), (*interval).into()))
        }
        SubscriptionEvent::CancellationScheduled { .. }
        | SubscriptionEvent::Resumed
        | SubscriptionEvent::Ended { .. }
        | SubscriptionEvent::ChangeScheduled(_)
        | SubscriptionEvent::ChangeWithdrawn
        | SubscriptionEvent::PeriodWithheld { .. } => None,
    }
}
