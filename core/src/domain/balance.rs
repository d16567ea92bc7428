//! The balance of an account at one position of its ledger.
//!
//! Owns how lots add up to what a person sees. It never applies time: the account does that first.

use serde::{Deserialize, Serialize};

use super::{
    account::Account,
    catalog::Catalogs,
    credits::Credits,
    ids::Sequence,
    lot::{Lot, Origin},
    time::Instant,
};

/// What an account has. `available` is the allowance's remainder, rollover and packs together; what
/// is held or frozen is in none of the three.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// What can be spent now.
    pub available: Credits,
    /// What open holds set aside.
    pub held: Credits,
    /// What is there and can't be used for now.
    pub frozen: Credits,
    /// What can be spent of rollover lots.
    pub rollover: Credits,
    /// What can be spent of packs.
    pub packs: Credits,
    /// The allowance of the current period; none without a plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowance: Option<AllowanceUsage>,
    /// What ends next; none if nothing that is left expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_expiry: Option<Expiring>,
    /// The position in the ledger that this is the balance of.
    pub sequence: Sequence,
    /// The instant it was true at.
    pub as_of: Instant,
}

/// How much of the current period's allowance is used: `granted = used + held + remaining`, and what
/// is frozen of it counts as remaining in neither.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowanceUsage {
    /// The allowance granted in this period, less what was revoked of it.
    pub granted: Credits,
    /// What was consumed of it.
    pub used: Credits,
    /// What open holds set aside of it.
    pub held: Credits,
    /// What can be spent of it.
    pub remaining: Credits,
    /// When the period began.
    pub period_start: Instant,
    /// When the period ends, exclusive.
    pub period_end: Instant,
    /// When the next allowance comes; none if the subscription ends with this period or is past due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renews_at: Option<Instant>,
    /// How much the next allowance is, by the prices in force now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renews_with: Option<Credits>,
}

/// Credits that end together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expiring {
    /// When they end.
    pub at: Instant,
    /// How many can still be spent.
    pub amount: Credits,
}

impl Account {
    /// The balance at `as_of`, which must not be past anything due.
    pub fn balance(&self, catalogs: &Catalogs, as_of: Instant) -> Balance {
        let of = |wanted: fn(&Origin) -> bool| -> Credits {
            self.live_lots()
                .filter(|lot| wanted(&lot.terms.origin))
                .map(|lot| lot.remaining)
                .sum()
        };
        Balance {
            available: self.available(),
            held: self.held(),
            frozen: self.frozen(),
            rollover: of(|origin| matches!(origin, Origin::Rollover { .. })),
            packs: of(|origin| matches!(origin, Origin::Pack { .. })),
            allowance: self.allowance_usage(catalogs, as_of),
            next_expiry: self.next_expiry(),
            sequence: self.sequence,
            as_of,
        }
    }

    /// Lots that can be used, in burn order.
    pub fn live_lots(&self) -> impl Iterator<Item = &Lot> {
        self.lots.iter().filter(|lot| lot.is_live())
    }

    /// What can be spent.
    pub fn available(&self) -> Credits {
        self.live_lots().map(|lot| lot.remaining).sum()
    }

    /// What open holds set aside.
    pub fn held(&self) -> Credits {
        self.lots.iter().map(|lot| lot.held).sum()
    }

    /// What is there and can't be used for now.
    pub fn frozen(&self) -> Credits {
        self.lots
            .iter()
            .filter(|lot| !lot.is_live())
            .map(|lot| lot.remaining)
            .sum()
    }

    fn next_expiry(&self) -> Option<Expiring> {
        let expires = |lot: &Lot| lot.terms.expires_at.filter(|_| !lot.remaining.is_zero());
        let first = self.live_lots().filter_map(expires).min()?;
        let amount = self
            .live_lots()
            .filter(|lot| lot.terms.expires_at == Some(first))
            .map(|lot| lot.remaining)
            .sum();
        Some(Expiring { at: first, amount })
    }

    /// How the current period's allowance stands; none without a plan.
    pub fn allowance_usage(&self, catalogs: &Catalogs, at: Instant) -> Option<AllowanceUsage> {
        let subscription = self.subscription.as_ref()?;
        let of_period: Vec<&Lot> = self
            .lots
            .iter()
            .filter(|lot| match &lot.terms.origin {
                Origin::Plan {
                    subscription: of,
                    period,
                    ..
                } => *of == subscription.id && *period == subscription.period,
                Origin::Rollover { .. } | Origin::Pack { .. } => false,
            })
            .collect();
        let held: Credits = of_period.iter().map(|lot| lot.held).sum();
        let unused: Credits = of_period.iter().map(|lot| lot.remaining).sum();
        let remaining = of_period
            .iter()
            .filter(|lot| lot.is_live())
            .map(|lot| lot.remaining)
            .sum();
        let renews = subscription.renews();
        let granted = subscription
            .granted
            .saturating_sub(subscription.payments.revoked);
        Some(AllowanceUsage {
            granted,
            used: granted.saturating_sub(held).saturating_sub(unused),
            held,
            remaining,
            period_start: subscription.period_start(),
            period_end: subscription.period_end(),
            renews_at: renews.then(|| subscription.period_end()),
            renews_with: catalogs
                .plan_terms(subscription.next_plan(), at)
                .filter(|_| renews)
                .map(|(_, plan)| plan.allowance),
        })
    }
}
