//! Extend, settle and release: what becomes of a hold.
//!
//! Owns the guards of the second half of a generation's way. A settle is the recorded instant of
//! "processed" and final; before it a hold can be released, which is no refund: nothing was consumed.

use std::sync::Arc;

use chrono::TimeDelta;

use super::{Case, Verdict, spend::check_ttl};
use crate::domain::{
    catalog::{ActualRun, Price},
    credits::Credits,
    event::{Charged, Fact},
    hold::{Hold, LATE_SETTLED_MAX, Resolution, ResolvedHold, Spend, late_settle_ends_at},
    ids::HoldId,
    posting::Posting,
    refusal::{Limited, Refusal},
    time::Instant,
};

impl Case<'_> {
    pub(super) fn extend_hold(&self, id: HoldId, ttl_minutes: u32) -> Result<Verdict, Refusal> {
        check_ttl(ttl_minutes)?;
        let hold = self.open_hold(id)?;
        let expires_at = self
            .at
            .saturating_add(TimeDelta::minutes(i64::from(ttl_minutes)));
        if expires_at < hold.expires_at || expires_at > hold.expires_at_max() {
            let left = |until: Instant| until.since(self.at);
            // Rounded towards each other, so that both ends are minutes that would be taken.
            let min = (left(hold.expires_at) + TimeDelta::seconds(60) - TimeDelta::microseconds(1))
                .num_minutes();
            let max = left(hold.expires_at_max()).num_minutes();
            return Err(Refusal::ParameterOutOfRange {
                parameter: Limited::TtlMinutes,
                given: ttl_minutes.to_string(),
                min: Some(min),
                max: Some(max),
                allowed: Vec::new(),
            });
        }
        Ok(self.plain(Fact::HoldExtended {
            hold: id,
            expires_at,
        }))
    }

    pub(super) fn release(&self, id: HoldId) -> Result<Verdict, Refusal> {
        let hold = self.open_hold(id)?;
        let postings = hold.resolve(self.account, Credits::ZERO, |expires| expires <= self.at);
        Ok(Verdict {
            postings,
            ..self.plain(Fact::HoldReleased { hold: id })
        })
    }

    pub(super) fn settle(&self, id: HoldId, actual: &ActualRun) -> Result<Verdict, Refusal> {
        if let Some(hold) = self.account.hold(id) {
            let price = price_within(&hold.spend, hold.amount, actual)?;
            let postings = hold.resolve(self.account, price.cost, |expires| expires <= self.at);
            return Ok(settled(id, &hold.spend, price, postings, false));
        }
        let hold = self.settled_late(id)?;
        let price = price_within(&hold.spend, hold.amount, actual)?;
        // What it set aside was returned, and others may have used the room since.
        self.check_used(price.cost, hold.spend.project.as_ref())?;
        let postings = self
            .draw(price.cost, None)?
            .iter()
            .map(|draw| Posting::consumed(draw.lot, draw.amount))
            .collect();
        Ok(settled(id, &hold.spend, price, postings, true))
    }

    /// An expired hold that may be settled late: once, for so long.
    fn settled_late(&self, id: HoldId) -> Result<ResolvedHold, Refusal> {
        let hold = self.resolved(id)?;
        match hold.resolution {
            Resolution::Settled { .. } | Resolution::Released | Resolution::SettledLate { .. } => {
                Err(already_resolved(&hold))
            }
            Resolution::Expired
                if self.at >= late_settle_ends_at(hold.at)
                    || self.account.settled_late.len() >= LATE_SETTLED_MAX =>
            {
                Err(expired(&hold))
            }
            Resolution::Expired => Ok(hold),
        }
    }

    fn open_hold(&self, id: HoldId) -> Result<&Hold, Refusal> {
        self.account.hold(id).ok_or_else(|| {
            let hold = match self.resolved(id) {
                Ok(hold) => hold,
                Err(unknown) => return unknown,
            };
            match hold.resolution {
                Resolution::Expired => expired(&hold),
                Resolution::Settled { .. }
                | Resolution::Released
                | Resolution::SettledLate { .. } => already_resolved(&hold),
            }
        })
    }

    /// The hold as it ended. The account itself knows of a late settlement before the ledger that
    /// was asked does.
    fn resolved(&self, id: HoldId) -> Result<ResolvedHold, Refusal> {
        let known = self.known.hold.as_ref().filter(|hold| hold.id == id);
        let mut hold = known.cloned().ok_or(Refusal::HoldUnknown { hold: id })?;
        if let Some(late) = self.account.settled_late.get(&id) {
            hold.resolution = Resolution::SettledLate { cost: late.cost };
            hold.at = late.at;
        }
        Ok(hold)
    }
}

fn already_resolved(hold: &ResolvedHold) -> Refusal {
    Refusal::HoldAlreadyResolved {
        hold: hold.id,
        resolution: hold.resolution,
        at: hold.at,
    }
}

fn expired(hold: &ResolvedHold) -> Refusal {
    Refusal::HoldExpired {
        hold: hold.id,
        expired_at: hold.at,
        settle_until: late_settle_ends_at(hold.at),
    }
}

/// The price of what really ran, at what the hold pinned: never more than was set aside.
fn price_within(spend: &Spend, held: Credits, actual: &ActualRun) -> Result<Price, Refusal> {
    let price = spend.terms.reprice(actual)?;
    if price.cost > held {
        return Err(Refusal::SettleExceedsHold {
            held,
            cost: price.cost,
        });
    }
    Ok(price)
}

fn settled(
    id: HoldId,
    pinned: &Spend,
    price: Price,
    postings: Vec<Posting>,
    late: bool,
) -> Verdict {
    let catalog_version = pinned.catalog_version;
    let spend = Spend {
        terms: price.terms,
        ..pinned.clone()
    };
    let fact = Fact::Charge(Arc::new(Charged {
        cost: price.cost,
        spend,
        hold: Some(id),
        late,
        // What there was to tell was told when the hold was placed.
        advisories: Vec::new(),
    }));
    Verdict {
        fact,
        postings,
        catalog_version,
    }
}
