//! Holds: credits set aside for a request that is not yet processed.
//!
//! Owns the limits of holds and what one remembers. `OPEN` becomes `SETTLED`, `RELEASED` or
//! `EXPIRED`; `EXPIRED` becomes `SETTLED_LATE` once, within [`LATE_SETTLE_DAYS`].

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::{
    catalog::{HOLD_TTL_HOURS_MAX, PriceTerms, PromptFingerprint},
    credits::Credits,
    ids::{CatalogVersion, HoldId, LotId, OperationId, ProjectId},
    time::Instant,
};

/// The most open holds of one account: a request visits each when time passes.
pub const HOLDS_OPEN_MAX: usize = 256;
/// The most holds that one operation tells to have expired: all that can be open, so that a crowd of
/// forgotten holds is one write. Each takes about 100 bytes of it.
pub const HOLDS_EXPIRED_TOGETHER_MAX: usize = HOLDS_OPEN_MAX;
/// For so long an expired hold can still be settled, once: a worker may be cut off over a weekend.
pub const LATE_SETTLE_DAYS: u32 = 7;
/// The most late settlements remembered at a time; more within [`LATE_SETTLE_DAYS`] are refused.
pub const LATE_SETTLED_MAX: usize = 1_024;

/// What a spend is for, with the price it was judged at. A hold pins it, a charge records it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spend {
    /// The price and all it was computed from.
    pub terms: PriceTerms,
    /// The catalog version the price came from.
    pub catalog_version: CatalogVersion,
    /// The studio project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    /// The operation that this one does again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regenerate_of: Option<OperationId>,
    /// The root of the chain that it goes on with, if it does another one again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<OperationId>,
    /// The keyed hash of the prompt; the prompt itself is never kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<PromptFingerprint>,
}

/// What one lot gave to a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draw {
    /// The lot.
    pub lot: LotId,
    /// How much of it.
    pub amount: Credits,
}

/// Credits set aside, open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The operation id of the reserve that placed it.
    pub id: HoldId,
    /// How many credits are set aside.
    pub amount: Credits,
    /// What they are set aside for.
    pub spend: Spend,
    /// When it was placed.
    pub placed_at: Instant,
    /// When it ends by itself.
    pub expires_at: Instant,
    /// What each lot gave, in burn order.
    pub draws: Vec<Draw>,
}

impl Hold {
    /// The latest instant to which it may be extended.
    pub fn expires_at_max(&self) -> Instant {
        self.placed_at
            .saturating_add(TimeDelta::hours(i64::from(HOLD_TTL_HOURS_MAX)))
    }
}

/// How a hold ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// The request was processed: `cost` was consumed, the rest returned.
    Settled {
        /// What was consumed.
        cost: Credits,
    },
    /// The request was not processed: all returned.
    Released,
    /// Nobody resolved it in time: all returned.
    Expired,
    /// It had expired, and the request was processed all the same: `cost` was consumed anew.
    SettledLate {
        /// What was consumed.
        cost: Credits,
    },
}

/// One of several holds that ended by themselves in one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpiredHold {
    /// The operation id of the reserve that placed it.
    pub hold: HoldId,
    /// How many credits were set aside.
    pub amount: Credits,
    /// When it ended.
    pub at: Instant,
}

/// The end of a hold, as an event tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldEnd {
    /// The operation id of the reserve that placed it.
    pub hold: HoldId,
    /// How it ended.
    pub resolution: Resolution,
    /// When it ended.
    pub at: Instant,
}

/// A hold that is no longer open, as the ledger tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedHold {
    /// The operation id of the reserve that placed it.
    pub id: HoldId,
    /// How many credits were set aside.
    pub amount: Credits,
    /// What they were set aside for.
    pub spend: Spend,
    /// How it ended.
    pub resolution: Resolution,
    /// When it ended.
    pub at: Instant,
}

/// A late settlement, remembered for [`LATE_SETTLE_DAYS`] so that there is no second one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateSettlement {
    /// When it was settled.
    pub at: Instant,
    /// What was consumed.
    pub cost: Credits,
}

/// The last instant, exclusive, at which a hold that expired at `expired_at` can be settled.
pub fn late_settle_ends_at(expired_at: Instant) -> Instant {
    expired_at.saturating_add(TimeDelta::days(i64::from(LATE_SETTLE_DAYS)))
}
