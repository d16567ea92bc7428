//! Plan changes, and what they would do before anybody asks for them.

use async_graphql::{ComplexObject, Context, ID, InputObject, SimpleObject};
use credits_core::{
    domain::{
        account::Account,
        command::Request,
        ids::PlanId,
        lot::{LotTerms, Origin},
        preview::{self as domain, Fate, PlanChange},
        refusal::Refusal,
        time::Instant,
    },
    ledger::AccountView,
};

use super::{
    access,
    execute::{Call, payload},
    fault::bad_input,
    lot::Lot,
    page,
    refusal::UserError,
    scalar::{Credits, DateTime},
    subscription::{BillingInterval, ScheduledPlanChange},
};
use crate::{auth::Scope, error::Fault};

/// A plan to change to.
#[derive(InputObject)]
pub struct ChangePlanInput {
    /// The client's id of this call: a UUID made and stored before it, version 7 for choice.
    pub operation_id: ID,
    /// The account; the token's own, if left out.
    pub account_id: Option<ID>,
    /// The plan, by its catalog id; the one in force, to change the interval alone or to take a
    /// scheduled change back.
    pub plan_id: ID,
    /// How often the plan is paid; the plan must have a price for that interval. If it is omitted, the
    /// interval in force.
    pub billing_interval: Option<BillingInterval>,
}

/// A change of plan to preview.
#[derive(InputObject)]
pub struct PlanChangeInput {
    /// The plan, by its catalog id, as for `changePlan`; none, if left out, as for
    /// `cancelSubscription`.
    pub plan_id: Option<ID>,
    /// How often the plan is paid, as for `changePlan`. As it is paid now, if left out.
    pub billing_interval: Option<BillingInterval>,
}

payload! {
    /// The answer to a change of plan.
    ChangePlanPayload {}
}

/// What a change of plan would do, in lots and dates, if nothing else is asked before it acts: then it
/// does exactly this. Where it would be refused, `userErrors` says why and all else is null or empty.
#[derive(Clone, Default, SimpleObject)]
#[graphql(complex)]
pub struct PlanChangePreview {
    /// When the change acts: now, or at the end of the paid term; null if it would be refused.
    pub acts_at: Option<DateTime>,
    /// What would be scheduled for the end of the paid term; null if nothing would be.
    pub scheduled_change: Option<ScheduledPlanChange>,
    /// What it would grant at once; null if nothing.
    pub granted: Option<PreviewedGrant>,
    #[graphql(skip)]
    lots: Vec<(Lot, Fate)>,
    /// How many credits of what ends until the change acts would roll over, because the plan in force
    /// states it; null if it would be refused.
    pub rolls_over: Option<Credits>,
    /// The next allowance that comes by itself, by the catalogs known now; null if none does.
    pub next_renewal: Option<PreviewedGrant>,
    /// The first allowance that comes by itself once the change has acted: the same as `nextRenewal`
    /// unless months of a paid year come before; null if none does.
    pub renewal_after_change: Option<PreviewedGrant>,
    /// Why the change would be refused, with the numbers; empty if it would be accepted.
    pub user_errors: Vec<UserError>,
}

#[ComplexObject]
impl PlanChangePreview {
    /// The lots of now that stay and can be used once the change has acted, in the order in which they
    /// are used.
    #[graphql(complexity = "page::list_cost(20, child_complexity)")]
    async fn kept(&self) -> Vec<Lot> {
        self.lots_that_are(Fate::Kept)
    }

    /// The lots of now that stay and can't be used once the change has acted, such as packs without a
    /// plan; what was frozen before included.
    #[graphql(complexity = "page::list_cost(20, child_complexity)")]
    async fn frozen(&self) -> Vec<Lot> {
        self.lots_that_are(Fate::Frozen)
    }

    /// The lots of now that end until the change acts, at their own `expiresAt`, in the order in which
    /// they are used.
    #[graphql(complexity = "page::list_cost(20, child_complexity)")]
    async fn expiring(&self) -> Vec<Lot> {
        self.lots_that_are(Fate::Expired)
    }
}

/// Credits that a plan would grant.
#[derive(Clone, SimpleObject)]
pub struct PreviewedGrant {
    /// The plan that grants them, by its catalog id.
    pub plan_id: ID,
    /// How many.
    pub credits: Credits,
    /// When they come.
    pub at: DateTime,
    /// When what is unused of them ends: with the period.
    pub expires_at: DateTime,
}

/// Puts a subscription on another plan or interval.
pub async fn change_plan(
    ctx: &Context<'_>,
    input: ChangePlanInput,
) -> Result<ChangePlanPayload, Fault> {
    let request = Request::ChangePlan {
        plan: PlanId::parse(&input.plan_id)?,
        interval: input.billing_interval.map(Into::into),
    };
    let call = Call::new(input.operation_id, input.account_id, Scope::BillingWrite);
    Ok(call.execute(ctx, request).await?.into())
}

/// Tells what a change would do to the account as it is.
pub fn preview(
    ctx: &Context<'_>,
    view: &AccountView,
    input: PlanChangeInput,
) -> Result<PlanChangePreview, Fault> {
    let change = input.parse()?;
    let (catalogs, now) = (access::ledger(ctx).catalogs(), view.balance.as_of);
    Ok(match view.account.preview(&catalogs, &change, now) {
        Ok(preview) => PlanChangePreview::new(&view.account, preview, now),
        Err(refusal) => PlanChangePreview::refused(&refusal),
    })
}

impl PlanChangeInput {
    fn parse(self) -> Result<PlanChange, Fault> {
        match (self.plan_id, self.billing_interval) {
            (Some(plan), interval) => Ok(PlanChange::To {
                plan: PlanId::parse(&plan)?,
                interval: interval.map(Into::into),
            }),
            (None, None) => Ok(PlanChange::ToNone),
            (None, Some(_)) => Err(bad_input(
                "`billingInterval` needs a `planId`: without a plan nothing is paid.".to_owned(),
            )),
        }
    }
}

impl PlanChangePreview {
    fn new(
        account: &Account,
        preview: domain::PlanChangePreview,
        now: Instant,
    ) -> PlanChangePreview {
        let lots = Lot::all(&account.id, &account.lots).into_iter();
        let fates = preview.lots.into_iter().map(|(_, fate)| fate);
        let scheduled = preview.scheduled.as_ref();
        PlanChangePreview {
            acts_at: Some(preview.acts_at.into()),
            scheduled_change: scheduled.map(|change| ScheduledPlanChange::new(change, now)),
            granted: preview.granted.as_ref().and_then(PreviewedGrant::of),
            lots: lots.zip(fates).collect(),
            rolls_over: Some(preview.rolls_over.into()),
            next_renewal: preview.next_renewal.as_ref().and_then(PreviewedGrant::of),
            renewal_after_change: preview.renewal_after.as_ref().and_then(PreviewedGrant::of),
            user_errors: Vec::new(),
        }
    }

    fn refused(refusal: &Refusal) -> PlanChangePreview {
        PlanChangePreview {
            user_errors: vec![UserError::from(refusal)],
            ..PlanChangePreview::default()
        }
    }

    fn lots_that_are(&self, wanted: Fate) -> Vec<Lot> {
        let of_it = self.lots.iter().filter(|(_, fate)| *fate == wanted);
        of_it.map(|(lot, _)| lot.clone()).collect()
    }
}

impl PreviewedGrant {
    /// A plan's allowance; nothing else is granted by a change or a renewal.
    fn of(lot: &LotTerms) -> Option<PreviewedGrant> {
        let Origin::Plan { plan, .. } = &lot.origin else {
            return None;
        };
        Some(PreviewedGrant {
            plan_id: ID::from(plan.as_str()),
            credits: lot.granted.into(),
            at: lot.effective_at.into(),
            expires_at: lot.expires_at?.into(),
        })
    }
}
