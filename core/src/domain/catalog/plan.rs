//! What a user can subscribe to.

use serde::{Deserialize, Serialize};

use super::money::{ExternalId, Money};
use crate::domain::{credits::Credits, ids::PlanId};

/// A plan: credits every month, paid monthly or yearly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its name in requests.
    pub id: PlanId,
    /// Its name for people.
    pub name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// The credits of one credit period, which is a month on every billing interval.
    pub allowance: Credits,
    /// What may be kept of an unused allowance; `None`, the rule, keeps nothing.
    pub rollover: Option<RolloverTerms>,
    /// What it costs, at most one price an interval. It can only be started with an interval that
    /// has a price.
    pub prices: Vec<PlanPrice>,
}

impl Plan {
    /// The price on an interval, if the plan can be started with it.
    pub fn price(&self, interval: BillingInterval) -> Option<&PlanPrice> {
        self.prices.iter().find(|price| price.interval == interval)
    }
}

/// The stated exception to "unused credits do not roll over".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RolloverTerms {
    /// The most credits that one period hands on.
    pub max: Credits,
    /// How many months they last: 1 or more.
    pub months: u32,
}

/// What a plan costs on one interval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanPrice {
    /// How often it is paid.
    pub interval: BillingInterval,
    /// How much each time.
    pub money: Money,
    /// What billing systems call this price.
    pub external_ids: Vec<ExternalId>,
}

/// How often a plan is paid. Credits renew monthly on both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BillingInterval {
    /// Every month.
    Monthly,
    /// Every twelve months.
    Yearly,
}

impl BillingInterval {
    /// The months of one paid term.
    pub const fn months(self) -> u32 {
        match self {
            BillingInterval::Monthly => 1,
            BillingInterval::Yearly => 12,
        }
    }

    /// The word for it in a catalog file.
    pub const fn word(self) -> &'static str {
        match self {
            BillingInterval::Monthly => "monthly",
            BillingInterval::Yearly => "yearly",
        }
    }
}
