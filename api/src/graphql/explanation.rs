//! Explanations: how a charge came about and why it is final, from the ledger alone.

use async_graphql::{Context, ID, SimpleObject};
use credits_core::{
    domain::{event::Charged, lot::Origin, outcome::Operation},
    ledger::LotDrawn as Drawn,
};

use super::{
    access,
    advisory::Advisory,
    lot::LotOrigin,
    node::NodeId,
    price::PriceLine,
    scalar::{Credits, DateTime},
};
use crate::error::Fault;

/// How a charge came about: its price, where its credits came from, when what happened, and why it is
/// final. It never changes, however old the charge is and whatever became of its lots.
#[derive(Clone, SimpleObject)]
pub struct ChargeExplanation {
    /// How the cost came about, step by step.
    pub lines: Vec<PriceLine>,
    /// The catalog version that it was decided by.
    pub catalog_version: i32,
    /// From when that version counted.
    pub catalog_effective_at: Option<DateTime>,
    /// What each lot gave, in the order in which they were used; empty if it cost nothing.
    pub lots: Vec<LotDrawn>,
    /// When its credits were set aside; null for a charge in one step.
    pub reserved_at: Option<DateTime>,
    /// When its request was processed, as it was told: the instant that consumed the credits.
    pub processed_at: DateTime,
    /// When that was recorded; not before `processedAt`.
    pub recorded_at: DateTime,
    /// What there was to tell when the request was asked for: with the charge, or, where credits were
    /// set aside, with the reserve.
    pub advisories: Vec<Advisory>,
    /// Whether it is final: always true. There is no way to take a charge back.
    #[graphql(name = "final")]
    pub is_final: bool,
    /// Why: what happened to this request, then what the policies say of it under "When credits are
    /// consumed" and "Why credits can't be refunded", by the catalog version that it was decided by.
    pub why: Vec<String>,
}

/// What one lot gave to a charge.
#[derive(Clone, SimpleObject)]
pub struct LotDrawn {
    /// The lot's opaque id; `node` finds it as long as something of it is left or held.
    pub lot_id: ID,
    /// Where its credits came from.
    pub origin: LotOrigin,
    /// The plan that granted it or stated its rollover, by its catalog id; null for a pack.
    pub plan: Option<ID>,
    /// The pack it was bought as, by its catalog id; null for anything else.
    pub pack: Option<ID>,
    /// How many credits were consumed of it.
    pub amount: Credits,
    /// When what was unused of it ended or ends; null if it never does.
    pub expires_at: Option<DateTime>,
}

/// Explains a charge.
pub async fn explain(
    ctx: &Context<'_>,
    operation: &Operation,
    charged: &Charged,
) -> Result<ChargeExplanation, Fault> {
    let told = access::ledger(ctx).explain(operation).await?;
    let told = told.ok_or_else(Fault::internal)?;
    let event = &operation.event;
    let lines = charged.spend.terms.lines();
    let drawn = |drawn: &Drawn| LotDrawn::new(operation, drawn);
    Ok(ChargeExplanation {
        lines: lines.into_iter().map(PriceLine::from).collect(),
        catalog_version: event.catalog_version.0,
        catalog_effective_at: told.catalog.map(|catalog| catalog.effective_at.into()),
        lots: told.lots.iter().map(drawn).collect(),
        reserved_at: told.reserved_at.map(DateTime::from),
        processed_at: event.at.into(),
        recorded_at: event.recorded_at.into(),
        advisories: Advisory::all(&operation.account, &told.advisories),
        is_final: true,
        why: told.why_final,
    })
}

impl LotDrawn {
    fn new(operation: &Operation, drawn: &Drawn) -> LotDrawn {
        let (origin, plan, pack) = match &drawn.terms.origin {
            Origin::Plan { plan, .. } => (LotOrigin::Plan, Some(plan), None),
            Origin::Rollover { plan, .. } => (LotOrigin::Rollover, Some(plan), None),
            Origin::Pack { pack, .. } => (LotOrigin::Pack, None, Some(pack)),
        };
        LotDrawn {
            lot_id: NodeId::Lot(operation.account.clone(), drawn.lot).into(),
            origin,
            plan: plan.map(|plan| ID::from(plan.as_str())),
            pack: pack.map(|pack| ID::from(pack.as_str())),
            amount: drawn.amount.into(),
            expires_at: drawn.terms.expires_at.map(DateTime::from),
        }
    }
}
