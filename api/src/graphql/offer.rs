//! Pack offers: which packs an account may be shown for sale.

use async_graphql::{ComplexObject, Context, Enum, SimpleObject};
use credits_core::domain::{ids::PackId, offer as domain};

use super::{
    access,
    catalog::{Money, Pack},
    scalar::Credits,
};
use crate::error::Fault;

/// A pack, and whether it may be sold to this account now. A purchase names `catalogVersion`, so
/// that a pack already paid for is honoured as it was offered.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub struct PackOffer {
    #[graphql(skip)]
    pack_id: PackId,
    /// Whether the pack is on offer.
    pub offered: bool,
    /// Why it is not on offer; null if it is.
    pub reason: Option<OfferClosedReason>,
    /// The allowance under which the pack is sold, in credits, where that is the reason.
    pub sold_below: Option<Credits>,
    /// How many credits the pack has.
    pub credits: Credits,
    /// What it costs, for display: the service takes no payments.
    pub price: Money,
    /// The catalog version of the offer.
    pub catalog_version: i32,
}

#[ComplexObject]
impl PackOffer {
    /// The pack, as that catalog version has it.
    async fn pack(&self, ctx: &Context<'_>) -> Result<Pack, Fault> {
        let version = credits_core::domain::ids::CatalogVersion(self.catalog_version);
        let catalogs = access::ledger(ctx).catalogs();
        let published = catalogs.version(version).ok_or_else(Fault::internal)?;
        let pack = published.catalog.pack(&self.pack_id);
        pack.map(Pack::from).ok_or_else(Fault::internal)
    }
}

/// Why a pack is not on offer to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum OfferClosedReason {
    /// The pack is sold only once the live allowance has fallen under `soldBelow`.
    AllowanceLeft,
    /// The account is on no plan, and packs are frozen without one: start a plan first.
    NoPlan,
    /// The account has nearly as many lots as it may: use some credits first.
    TooManyLots,
}

impl From<&domain::PackOffer> for PackOffer {
    fn from(offer: &domain::PackOffer) -> PackOffer {
        let (reason, sold_below) = match offer.closed {
            None => (None, None),
            Some(domain::OfferClosed::AllowanceLeft { sold_below, .. }) => {
                (Some(OfferClosedReason::AllowanceLeft), Some(sold_below))
            }
            Some(domain::OfferClosed::NoPlan) => (Some(OfferClosedReason::NoPlan), None),
            Some(domain::OfferClosed::TooManyLots) => (Some(OfferClosedReason::TooManyLots), None),
        };
        PackOffer {
            pack_id: offer.pack.clone(),
            offered: offer.closed.is_none(),
            reason,
            sold_below: sold_below.map(Credits::from),
            credits: offer.credits.into(),
            price: offer.price.into(),
            catalog_version: offer.catalog_version.0,
        }
    }
}
