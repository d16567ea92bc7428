//! Lots: credits with one origin, one expiry and what remains of them.
//!
//! Owns the burn order and what "live" means. It never decides how much to take.

use serde::{Deserialize, Serialize};

use super::{
    credits::Credits,
    ids::{LotId, PackId, PlanId, Sequence},
    time::Instant,
};

/// The most lots with something left that an account may have; a step of a charge visits each.
pub const LOTS_MAX: usize = 1_000;
/// From this many lots on no pack is offered, so that one already paid for still fits.
pub const LOTS_OFFERED_BELOW: usize = 900;

/// Where the credits of a lot came from. There is no other way for credits to enter. The order is
/// the burn order among lots that expire together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The allowance of one period of a plan.
    Plan {
        /// The plan in force when the credits were granted.
        plan: PlanId,
        /// The subscription, by the position of the operation that started it.
        subscription: Sequence,
        /// The number of the period, 0 for the one the anchor starts.
        period: u32,
    },
    /// Unused allowance that the plan states to roll over.
    Rollover {
        /// The plan that states it.
        plan: PlanId,
        /// The subscription, by the position of the operation that started it.
        subscription: Sequence,
        /// The period whose allowance was unused.
        period: u32,
    },
    /// A pack with its payment.
    Pack {
        /// The pack as bought.
        pack: PackId,
        /// How many of it.
        quantity: u32,
    },
}

impl Origin {
    /// Whether it is allowance of that subscription; nothing is of none.
    pub fn is_allowance_of(&self, id: Option<Sequence>) -> bool {
        match self {
            Origin::Plan { subscription, .. } => id == Some(*subscription),
            Origin::Rollover { .. } | Origin::Pack { .. } => false,
        }
    }

    fn burn_rank(&self) -> u8 {
        match self {
            Origin::Plan { .. } => 0,
            Origin::Rollover { .. } => 1,
            Origin::Pack { .. } => 2,
        }
    }
}

/// Why a lot can't be used for now. Its expiry does not move meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Freeze {
    /// The account has no plan, and the catalog freezes packs without one.
    Lapsed,
    /// The payment of the pack is disputed.
    Disputed,
    /// The payment of the term has failed.
    PastDue,
}

impl Freeze {
    /// Every reason, in the order they are listed to people.
    pub const ALL: [Freeze; 3] = [Freeze::Lapsed, Freeze::Disputed, Freeze::PastDue];

    fn bit(self) -> u8 {
        match self {
            Freeze::Lapsed => 1,
            Freeze::Disputed => 2,
            Freeze::PastDue => 4,
        }
    }
}

/// The set of reasons for which a lot is frozen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Freezes(u8);

impl Freezes {
    /// No reason: the lot can be used.
    pub const NONE: Freezes = Freezes(0);

    /// The set with `freeze`.
    pub fn with(self, freeze: Freeze) -> Freezes {
        Freezes(self.0 | freeze.bit())
    }

    /// The set without `freeze`.
    pub fn without(self, freeze: Freeze) -> Freezes {
        Freezes(self.0 & !freeze.bit())
    }

    /// Whether the set has a reason that is not in `other`.
    pub fn has_beside(self, other: Freezes) -> bool {
        self.0 & !other.0 != 0
    }

    /// Whether there is no reason.
    pub fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// The reasons in the set.
    pub fn iter(self) -> impl Iterator<Item = Freeze> {
        Freeze::ALL
            .into_iter()
            .filter(move |freeze| self.0 & freeze.bit() != 0)
    }
}

/// The terms of a lot, fixed when it is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LotTerms {
    /// Where its credits came from.
    pub origin: Origin,
    /// How many credits it began with.
    pub granted: Credits,
    /// From when its credits may be used.
    pub effective_at: Instant,
    /// When what is unused ends; none for a lot that does not expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Instant>,
}

/// Credits with one origin, one expiry and what remains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lot {
    /// The position of the operation that made it.
    pub id: LotId,
    /// What was fixed when it was made.
    #[serde(flatten)]
    pub terms: LotTerms,
    /// What is neither used, held, expired nor revoked.
    pub remaining: Credits,
    /// What is set aside by open holds.
    #[serde(default, skip_serializing_if = "Credits::is_nothing")]
    pub held: Credits,
    /// Why it can't be used for now.
    #[serde(default, skip_serializing_if = "Freezes::is_empty")]
    pub freezes: Freezes,
    /// Whether its payment was taken back: nothing remains, and what returns from a hold is revoked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub revoked: bool,
}

/// The total order in which lots are used; see [`Lot::burn_key`].
pub type BurnKey = (Instant, bool, u8, Instant, LotId);

impl Lot {
    /// Sorts lots in burn order: what expires first, what never expires last; then allowance before
    /// rollover before pack; then the oldest; then the lower id.
    pub fn burn_key(&self) -> BurnKey {
        let expires = self.terms.expires_at;
        (
            expires.unwrap_or(Instant::MAX),
            expires.is_none(),
            self.terms.origin.burn_rank(),
            self.terms.effective_at,
            self.id,
        )
    }

    /// Whether its remainder can be used. Time is applied before anything is asked of a lot, so one
    /// that has ended has no remainder.
    pub fn is_live(&self) -> bool {
        self.freezes.is_empty()
    }

    /// When its remainder ends, if it has one.
    pub fn due_at(&self) -> Option<Instant> {
        self.terms.expires_at.filter(|_| !self.remaining.is_zero())
    }
}
