//! Operations that change how an account stands: its opening and its subscription.

use async_graphql::{Enum, ID};
use credits_core::domain::{event::SubscriptionEvent, lot::LotTerms};

use super::operation;
use crate::graphql::{
    scalar::{Credits, DateTime},
    subscription::BillingInterval,
};

operation! {
    /// The account was opened. It grants nothing.
    AccountOpened {} {}
}

operation! {
    /// The account's subscription started, was cancelled, was resumed or ended, or began a period that
    /// is not paid for.
    SubscriptionChange { change: SubscriptionEvent, lot: Option<LotTerms> } {
        /// What happened to the subscription.
        async fn change_kind(&self) -> SubscriptionChangeKind {
            SubscriptionChangeKind::from(&self.change)
        }

        /// The plan that started, by its catalog id; null for other changes.
        async fn plan(&self) -> Option<ID> {
            started(&self.change).map(|(plan, _, _)| plan)
        }

        /// How often the plan that started is paid; null for other changes.
        async fn billing_interval(&self) -> Option<BillingInterval> {
            started(&self.change).map(|(_, interval, _)| interval)
        }

        /// From when the periods of the plan that started are counted; null for other changes.
        async fn anchor(&self) -> Option<DateTime> {
            started(&self.change).map(|(_, _, anchor)| anchor)
        }

        /// When the subscription will end, for a cancellation; null for other changes.
        async fn cancel_at(&self) -> Option<DateTime> {
            match &self.change {
                SubscriptionEvent::CancellationScheduled { cancel_at } => Some((*cancel_at).into()),
                SubscriptionEvent::Started { .. }
                | SubscriptionEvent::Resumed
                | SubscriptionEvent::Ended { .. }
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
                | SubscriptionEvent::PeriodWithheld { .. } => None,
            }
        }

        /// The credits of the current period, granted with a start; null for other changes.
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
            SubscriptionEvent::PeriodWithheld { .. } => SubscriptionChangeKind::PeriodWithheld,
        }
    }
}

fn started(event: &SubscriptionEvent) -> Option<(ID, BillingInterval, DateTime)> {
    match event {
        SubscriptionEvent::Started {
            plan,
            interval,
            anchor,
            ..
        } => Some((
            ID::from(plan.as_str()),
            (*interval).into(),
            (*anchor).into(),
        )),
        SubscriptionEvent::CancellationScheduled { .. }
        | SubscriptionEvent::Resumed
        | SubscriptionEvent::Ended { .. }
        | SubscriptionEvent::PeriodWithheld { .. } => None,
    }
}
