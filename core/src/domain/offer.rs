//! Pack offers: which packs an account may be shown for sale.
//!
//! Owns the rule of what is on offer, which is judged here, before anybody pays. It never refuses a
//! purchase: one that was paid for is honoured.

use serde::{Deserialize, Serialize};

use super::{
    account::Account,
    catalog::{Catalogs, Money, Pack, PacksWithoutPlan},
    credits::Credits,
    ids::{CatalogVersion, PackId},
    lot::LOTS_OFFERED_BELOW,
    time::Instant,
};

/// A pack, and whether it may be sold to an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackOffer {
    /// The pack.
    pub pack: PackId,
    /// How many credits it has.
    pub credits: Credits,
    /// What it costs.
    pub price: Money,
    /// Why it may not be sold now; none if it is on offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<OfferClosed>,
    /// The catalog version of the offer, to be named in the purchase.
    pub catalog_version: CatalogVersion,
}

/// Why a pack may not be sold to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferClosed {
    /// The pack is sold only when the live allowance has fallen under a number.
    AllowanceLeft {
        /// The number.
        sold_below: Credits,
        /// The live allowance.
        allowance: Credits,
    },
    /// The account is on no plan, and the product freezes packs without one: it could not use what it
    /// pays for.
    NoPlan,
    /// The account has too many lots with something left.
    TooManyLots,
}

impl Account {
    /// Every pack of the catalog in force at `at`, and whether it is on offer to this account.
    pub fn pack_offers(&self, catalogs: &Catalogs, at: Instant) -> Vec<PackOffer> {
        let published = catalogs.terms_at(at);
        let allowance = self
            .allowance_usage(catalogs, at)
            .map_or(Credits::ZERO, |usage| usage.remaining);
        let offer = |pack: &Pack| PackOffer {
            pack: pack.id.clone(),
            credits: pack.credits,
            price: pack.money,
            closed: self.offer_closed(pack, allowance, published.catalog.policy.packs_without_plan),
            catalog_version: published.version,
        };
        published.catalog.packs.iter().map(offer).collect()
    }

    fn offer_closed(
        &self,
        pack: &Pack,
        allowance: Credits,
        without_plan: PacksWithoutPlan,
    ) -> Option<OfferClosed> {
        if self.subscription.is_none() && without_plan == PacksWithoutPlan::Frozen {
            return Some(OfferClosed::NoPlan);
        }
        if self.lots.len() >= LOTS_OFFERED_BELOW {
            return Some(OfferClosed::TooManyLots);
        }
        pack.sold_below
            .filter(|sold_below| allowance >= *sold_below)
            .map(|sold_below| OfferClosed::AllowanceLeft {
                sold_below,
                allowance,
            })
    }
}
