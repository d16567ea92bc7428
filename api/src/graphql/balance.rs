//! Balances.

use async_graphql::SimpleObject;
use credits_core::domain::balance as domain;

use super::scalar::{Credits, DateTime, Sequence};

/// What an account has at one position of its ledger, in whole credits. `available` is
/// `allowance.remaining`, `rollover` and `packs` together; what is held or frozen is in none of the
/// three.
#[derive(Clone, SimpleObject)]
#[graphql(serial)]
pub struct Balance {
    /// What can be spent now.
    pub available: Credits,
    /// What open holds set aside: neither spent nor available.
    pub held: Credits,
    /// What is there and can't be used for now, such as packs without a plan.
    pub frozen: Credits,
    /// The part of `available` that rolled over from earlier periods.
    pub rollover: Credits,
    /// The part of `available` that came with packs.
    pub packs: Credits,
    /// How the current period's allowance stands; null without a plan.
    pub allowance: Option<AllowanceUsage>,
    /// What ends next of what can be spent; null if none of it expires.
    pub next_expiry: Option<Expiring>,
    /// The position of the ledger that this is the balance of: one position names one balance. Of a
    /// projection, whose `asOf` is yet to come, it is the position that it starts from.
    pub sequence: Sequence,
    /// The instant at which it was true, or, of a projection, will be.
    pub as_of: DateTime,
}

/// How the allowance of the current period stands, in whole credits: `granted` is `used`, `held` and
/// `remaining` together, unless part of it is frozen.
#[derive(Clone, SimpleObject)]
#[graphql(serial)]
pub struct AllowanceUsage {
    /// The allowance granted in this period, less what was revoked of it with a refund or a lost dispute.
    pub granted: Credits,
    /// What was consumed of it.
    pub used: Credits,
    /// What open holds set aside of it.
    pub held: Credits,
    /// What can be spent of it.
    pub remaining: Credits,
    /// When the period began, inclusive.
    pub period_start: DateTime,
    /// When the period ends, exclusive.
    pub period_end: DateTime,
    /// When the next allowance comes by itself; null if the subscription ends with this
    /// period, or the next one is not paid for.
    pub renews_at: Option<DateTime>,
    /// How many credits the next allowance has, by the catalog in force now; null if none comes.
    pub renews_with: Option<Credits>,
}

/// Credits that end together.
#[derive(Clone, SimpleObject)]
#[graphql(serial)]
pub struct Expiring {
    /// When they end, if they are not used before.
    pub at: DateTime,
    /// How many of them can still be spent.
    pub amount: Credits,
}

impl From<&domain::Balance> for Balance {
    fn from(balance: &domain::Balance) -> Balance {
        Balance {
            available: balance.available.into(),
            held: balance.held.into(),
            frozen: balance.frozen.into(),
            rollover: balance.rollover.into(),
            packs: balance.packs.into(),
            allowance: balance.allowance.as_ref().map(AllowanceUsage::from),
            next_expiry: balance.next_expiry.map(|expiring| Expiring {
                at: expiring.at.into(),
                amount: expiring.amount.into(),
            }),
            sequence: balance.sequence.into(),
            as_of: balance.as_of.into(),
        }
    }
}

impl From<&domain::AllowanceUsage> for AllowanceUsage {
    fn from(usage: &domain::AllowanceUsage) -> AllowanceUsage {
        AllowanceUsage {
            granted: usage.granted.into(),
            used: usage.used.into(),
            held: usage.held.into(),
            remaining: usage.remaining.into(),
            period_start: usage.period_start.into(),
            period_end: usage.period_end.into(),
            renews_at: usage.renews_at.map(DateTime::from),
            renews_with: usage.renews_with.map(Credits::from),
        }
    }
}
