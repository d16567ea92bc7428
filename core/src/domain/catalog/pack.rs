//! Credits that can be bought beside a plan.

use super::money::{ExternalId, Money};
use crate::domain::{credits::Credits, ids::PackId, time::Instant};
use chrono::TimeDelta;

/// A pack of credits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pack {
    /// Its name in requests.
    pub id: PackId,
    /// Its name for people.
    pub name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// What it brings: above 0.
    pub credits: Credits,
    /// What it costs.
    pub money: Money,
    /// What billing systems call it.
    pub external_ids: Vec<ExternalId>,
    /// How long its credits last; `None` is for ever.
    pub expires_after: Option<PackLife>,
    /// Offered only while the live allowance is below this; `None` is at any time.
    pub sold_below: Option<Credits>,
}

/// How long the credits of a pack last: 1 or more of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackLife {
    /// Calendar months, as billing periods count them.
    Months(u32),
    /// Days of 24 hours.
    Days(u32),
}

impl PackLife {
    /// The instant at which credits bought at `bought_at` expire.
    pub fn expiry(self, bought_at: Instant) -> Instant {
        match self {
            PackLife::Months(months) => bought_at.plus_months(months),
            PackLife::Days(days) => bought_at.saturating_add(TimeDelta::days(i64::from(days))),
        }
    }
}
