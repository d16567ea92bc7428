//! Subscriptions: an account on a plan.

use async_graphql::{ComplexObject, Context, Enum, ID, SimpleObject};
use credits_core::{
    domain::{
        ids::{AccountId, PlanId},
        subscription as domain,
        time::{Instant, period_start},
    },
    store::AccountStanding,
};

use super::{
    access,
    catalog::Plan,
    node::NodeId,
    scalar::{Credits, DateTime},
};
use crate::error::Fault;

/// An account on a plan. Credits renew every month, however often the plan is paid.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub struct PlanSubscription {
    /// The subscription's opaque id.
    #[graphql(owned)]
    pub id: ID,
    #[graphql(skip)]
    plan_id: PlanId,
    #[graphql(skip)]
    at: Instant,
    /// Whether it goes on.
    pub status: SubscriptionStatus,
    /// How often the plan is paid.
    pub billing_interval: BillingInterval,
    /// The instant from which all periods are counted: period n starts n months after it, on the
    /// same day and time, or on a shorter month's last day.
    pub anchor: DateTime,
    /// The credit period that runs now.
    pub current_period: CreditPeriod,
    /// The end of the paid term: until then the plan is paid. While the plan is past due, the start of the
    /// latest term of which a payment was reported, which is the one that is unpaid.
    pub paid_through: DateTime,
    /// When it ends, once it is cancelled; null if it goes on.
    pub cancel_at: Option<DateTime>,
    /// What it will change to by itself, at the end of the paid term; null if nothing is scheduled.
    pub scheduled_change: Option<ScheduledPlanChange>,
    /// Since when it is past due: the instant of the report, of a failure, a refund or a lost dispute, that
    /// left its latest reported term without a payment. Null if it is not past due.
    pub past_due_since: Option<DateTime>,
    /// When it ends if nothing is paid; null if it is not past due.
    pub lapses_at: Option<DateTime>,
}

#[ComplexObject]
impl PlanSubscription {
    /// The plan in force, as the catalog in force now has it; a plan that was removed, as the last
    /// catalog that had it.
    async fn plan(&self, ctx: &Context<'_>) -> Result<Plan, Fault> {
        terms(ctx, &self.plan_id, self.at)
    }
}

/// A change of plan, of billing interval or of both that time will make. Until then `changePlan` to
/// what is in force takes it back, and another change takes its place.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub struct ScheduledPlanChange {
    #[graphql(skip)]
    plan_id: PlanId,
    #[graphql(skip)]
    known_at: Instant,
    /// How often the plan is paid from then on.
    pub billing_interval: BillingInterval,
    /// When it happens: the end of the paid term.
    pub at: DateTime,
}

#[ComplexObject]
impl ScheduledPlanChange {
    /// The plan from then on, as the catalog in force now has it; its allowance will be that of the
    /// catalog in force then.
    async fn plan(&self, ctx: &Context<'_>) -> Result<Plan, Fault> {
        terms(ctx, &self.plan_id, self.known_at)
    }
}

fn terms(ctx: &Context<'_>, plan: &PlanId, at: Instant) -> Result<Plan, Fault> {
    let catalogs = access::ledger(ctx).catalogs();
    let (_, plan) = catalogs.plan_terms(plan, at).ok_or_else(Fault::internal)?;
    Ok(Plan::from(plan))
}

/// Whether and how an account is on a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "credits_core::store::AccountStanding")]
pub enum SubscriptionStatus {
    /// On no plan.
    Unsubscribed,
    /// On a plan that renews by itself.
    Active,
    /// On a plan that ends with the paid term.
    Cancelling,
    /// On a plan whose latest reported term has no payment, because it failed or was taken back, cancelled
    /// or not: the credits of that term are frozen, and no further allowance is granted until one is paid.
    PastDue,
}

/// How often a plan is paid. Credits renew monthly on both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "credits_core::domain::catalog::BillingInterval")]
pub enum BillingInterval {
    /// Every month.
    Monthly,
    /// Every twelve months.
    Yearly,
}

/// A month of credits, `[start, end)`.
#[derive(Clone, SimpleObject)]
pub struct CreditPeriod {
    /// Its number, 0 for the one that starts at the anchor.
    pub number: u32,
    /// When it began, inclusive.
    pub start: DateTime,
    /// When it ends, exclusive.
    pub end: DateTime,
    /// The highest allowance granted in it, in credits, whether or not some of it was revoked with a refund
    /// or a lost dispute.
    pub granted: Credits,
}

impl PlanSubscription {
    /// The subscription of `account` as it stands at `at`.
    pub fn new(
        account: &AccountId,
        subscription: &domain::Subscription,
        at: Instant,
    ) -> PlanSubscription {
        let past_due = subscription.payments.past_due;
        let paid_through = past_due.map_or(subscription.paid_through(), |past_due| {
            period_start(subscription.anchor, past_due.term.first)
        });
        PlanSubscription {
            id: NodeId::Subscription(account.clone(), subscription.id).into(),
            plan_id: subscription.plan.clone(),
            at,
            status: AccountStanding::on(subscription).into(),
            billing_interval: subscription.interval.into(),
            anchor: subscription.anchor.into(),
            current_period: CreditPeriod {
                number: subscription.period,
                start: subscription.period_start().into(),
                end: subscription.period_end().into(),
                granted: subscription.granted.into(),
            },
            paid_through: paid_through.into(),
            cancel_at: subscription.cancel_at.map(DateTime::from),
            scheduled_change: subscription
                .scheduled
                .as_ref()
                .map(|change| ScheduledPlanChange::new(change, at)),
            past_due_since: past_due.map(|past_due| past_due.since.into()),
            lapses_at: past_due.map(|past_due| past_due.lapses_at.into()),
        }
    }
}

impl ScheduledPlanChange {
    /// A scheduled change with its plan as it is known at `known_at`.
    pub fn new(change: &domain::ScheduledChange, known_at: Instant) -> ScheduledPlanChange {
        ScheduledPlanChange {
            plan_id: change.plan.clone(),
            known_at,
            billing_interval: change.interval.into(),
            at: change.at.into(),
        }
    }
}
