//! Lots: where an account's credits came from and when they end.

use async_graphql::{Enum, ID, SimpleObject};
use credits_core::domain::{ids::AccountId, lot as domain};

use super::{
    node::NodeId,
    scalar::{Credits, DateTime},
};

/// Credits with one origin, one expiry and what remains of them. An account shows the lots of which
/// something is left or held.
#[derive(Clone, SimpleObject)]
pub struct Lot {
    /// The lot's opaque id.
    #[graphql(owned)]
    pub id: ID,
    /// Where its credits came from.
    pub origin: LotOrigin,
    /// The plan that granted it or stated its rollover, by its catalog id; null for a pack.
    pub plan: Option<ID>,
    /// The pack it was bought as, by its catalog id; null for anything else.
    pub pack: Option<ID>,
    /// Whether it can be used now, and why not.
    pub state: LotState,
    /// The credits it began with.
    pub granted: Credits,
    /// What is neither used, held, expired nor revoked, in credits.
    pub remaining: Credits,
    /// What open holds set aside of it, in credits.
    pub held: Credits,
    /// From when its credits can be used, inclusive.
    pub effective_at: DateTime,
    /// When what is unused of it ends; null if it never does.
    pub expires_at: Option<DateTime>,
    /// Why it can't be used for now; empty if it can. Its expiry does not move meanwhile.
    pub freezes: Vec<FreezeReason>,
    /// Its place among the lots that can be used, 1 for the one that is used next; null if it can't
    /// be used now.
    pub burn_position: Option<i32>,
}

/// Where credits come from. There is no other way for credits to enter an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum LotOrigin {
    /// The allowance of one period of a plan.
    Plan,
    /// Unused allowance that the plan states to roll over.
    Rollover,
    /// A pack that was paid for.
    Pack,
}

/// Whether the credits of a lot can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum LotState {
    /// Its remainder can be spent now.
    Live,
    /// It can't be used for the reasons in `freezes`.
    Frozen,
    /// Nothing remains of it but what open holds set aside.
    Spent,
}

/// Why a lot can't be used for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "credits_core::domain::lot::Freeze")]
pub enum FreezeReason {
    /// The account has no plan, and packs wait for one.
    Lapsed,
    /// The payment of the pack or of the term is disputed.
    Disputed,
    /// The payment of the term has failed.
    PastDue,
}

impl LotState {
    fn of(lot: &domain::Lot) -> LotState {
        if lot.remaining.is_zero() {
            LotState::Spent
        } else if !lot.is_live() {
            LotState::Frozen
        } else {
            LotState::Live
        }
    }
}

impl Lot {
    /// The lots of an account; `lots` is in burn order.
    pub fn all(account: &AccountId, lots: &[domain::Lot]) -> Vec<Lot> {
        let mut position = 0;
        let place = |lot: &domain::Lot| {
            let state = LotState::of(lot);
            let live = state == LotState::Live;
            position += i32::from(live);
            Lot::new(account, lot, state, live.then_some(position))
        };
        lots.iter().map(place).collect()
    }

    fn new(
        account: &AccountId,
        lot: &domain::Lot,
        state: LotState,
        burn_position: Option<i32>,
    ) -> Lot {
        let (origin, plan, pack) = match &lot.terms.origin {
            domain::Origin::Plan { plan, .. } => (LotOrigin::Plan, Some(plan), None),
            domain::Origin::Rollover { plan, .. } => (LotOrigin::Rollover, Some(plan), None),
            domain::Origin::Pack { pack, .. } => (LotOrigin::Pack, None, Some(pack)),
        };
        Lot {
            id: NodeId::Lot(account.clone(), lot.id).into(),
            origin,
            plan: plan.map(|plan| ID::from(plan.as_str())),
            pack: pack.map(|pack| ID::from(pack.as_str())),
            state,
            granted: lot.terms.granted.into(),
            remaining: lot.remaining.into(),
            held: lot.held.into(),
            effective_at: lot.terms.effective_at.into(),
            expires_at: lot.terms.expires_at.map(DateTime::from),
            freezes: lot.freezes.iter().map(FreezeReason::from).collect(),
            burn_position,
        }
    }
}
