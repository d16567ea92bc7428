//! An announced price list, in terms of what the account ran lately.
//!
//! Owns the comparison: each charge of the days before the announcement, priced again by the catalog
//! that will count. It counts only what that catalog can price, and says what it left out.

use std::collections::HashMap;

use chrono::TimeDelta;

use crate::domain::{
    catalog::{Catalogs, PriceTerms, PublishedCatalog},
    credits::Credits,
    event::Charged,
    ids::CatalogVersion,
    time::Instant,
};

/// The days before an announcement whose charges are compared.
pub const ANNOUNCED_DAYS: i64 = 30;
/// The most charges compared, the latest: enough for any person's month, and one short read.
pub const CHARGES_COMPARED_MAX: usize = 1_000;

/// An announced price list, compared with what was charged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// The catalog.
    pub version: CatalogVersion,
    /// From when it counts.
    pub effective_at: Instant,
    /// From when charges are compared, until the announcement: of more than
    /// [`CHARGES_COMPARED_MAX`] in [`ANNOUNCED_DAYS`] the latest.
    pub since: Instant,
    /// How many charges it can price.
    pub charges: u32,
    /// What they used.
    pub charged: Credits,
    /// What they would have used by it.
    pub would_have_cost: Credits,
    /// How many charges it can't price: it no longer offers that very request.
    pub not_offered: u32,
}

impl Catalogs {
    /// The catalogs that were published in `(after, until]` to count later, with other prices than
    /// the version before each, oldest first.
    pub fn announced(
        &self,
        after: Instant,
        until: Instant,
    ) -> impl Iterator<Item = &PublishedCatalog> {
        let published = self.iter().map(AsRef::as_ref);
        published.filter(move |one| {
            let in_time = one.published_at > after && one.published_at <= until;
            in_time && one.effective_at > one.published_at && self.changes_prices(one)
        })
    }

    fn changes_prices(&self, announced: &PublishedCatalog) -> bool {
        let before = self.version(CatalogVersion(announced.version.0 - 1));
        before.is_some_and(|before| before.catalog.models != announced.catalog.models)
    }
}

impl Announcement {
    /// From when charges are compared.
    pub fn compared_from(catalog: &PublishedCatalog) -> Instant {
        catalog
            .published_at
            .saturating_sub(TimeDelta::days(ANNOUNCED_DAYS))
    }

    /// Compares these charges since `since` with what they would have cost by `catalog`.
    pub fn of<'c>(
        catalog: &PublishedCatalog,
        since: Instant,
        charges: impl IntoIterator<Item = &'c Charged>,
    ) -> Announcement {
        let mut announcement = Announcement {
            version: catalog.version,
            effective_at: catalog.effective_at,
            since,
            charges: 0,
            charged: Credits::ZERO,
            would_have_cost: Credits::ZERO,
            not_offered: 0,
        };
        // People ask for the same again and again.
        let mut priced: HashMap<String, Option<Credits>> = HashMap::new();
        for charged in charges {
            let terms = &charged.spend.terms;
            let again = priced.entry(same_request(terms)).or_insert_with(|| {
                let model = &terms.model;
                catalog.catalog.price_again(terms, None, model)
            });
            match again {
                Some(cost) => {
                    announcement.charges += 1;
                    announcement.charged = sum(announcement.charged, charged.cost);
                    announcement.would_have_cost = sum(announcement.would_have_cost, *cost);
                }
                None => announcement.not_offered += 1,
            }
        }
        announcement
    }
}

/// What a price depends on beside the catalog, as text.
pub(in crate::domain) fn same_request(terms: &PriceTerms) -> String {
    let option = |option: &Option<(crate::domain::ids::OptionId, _)>| {
        option.as_ref().map(|(id, _)| id.to_string())
    };
    format!(
        "{} {} {} {:?} {:?} {:?}",
        terms.model,
        terms.action,
        terms.variations,
        terms.seconds,
        option(&terms.resolution),
        option(&terms.quality)
    )
}

/// Prices of another day may add up to more than any account can have.
fn sum(one: Credits, other: Credits) -> Credits {
    one.checked_add(other).unwrap_or(Credits::MAX)
}
