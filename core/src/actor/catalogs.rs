//! The published catalogs as this node knows them, and how it comes to know of more.
//!
//! Owns reading them. Another node may have published one a moment ago, of which this one hears within a
//! second; whoever meets earlier what only such a catalog has, looks for it instead of deciding without:
//! an account that is on its plan or holds by its prices, a request that names what is in it.

use std::sync::Arc;

use super::node::Node;
use crate::{
    domain::{
        account::Account,
        catalog::{Catalog, Catalogs, Generation, PublishedCatalog},
        command::{PriceGuard, Request},
        ids::{CatalogVersion, PlanId},
        quote::QuoteGuard,
        record::CorruptRecord,
        time::Instant,
    },
    store::{Store, StoreError},
};

/// The name under which findings name a catalog that came without a file.
pub const SOURCE_NAME: &str = "catalog.toml";

impl Node {
    /// Takes on what others have published, if they have; tells whether there was anything.
    pub async fn learn(&self) -> Result<bool, StoreError> {
        let known = self.catalogs().latest().map(|latest| latest.version);
        if self.store.latest_catalog().await? <= known {
            return Ok(false);
        }
        Ok(self.take_on(load(self.store.as_ref()).await?))
    }
}

/// Reads all published catalogs and checks that they are what was published.
pub async fn load(store: &dyn Store) -> Result<Catalogs, StoreError> {
    let mut catalogs = Catalogs::default();
    for kept in store.catalogs().await? {
        let row = || format!("catalog {}", kept.version);
        let corrupt = |column: &'static str, problem: String| CorruptRecord::Column {
            row: row(),
            column,
            problem,
        };
        let parsed = Catalog::parse(&kept.source, SOURCE_NAME).map_err(|findings| {
            let first = findings.first().map(ToString::to_string);
            corrupt("source", first.unwrap_or_default())
        })?;
        let source: Arc<str> = kept.source.as_str().into();
        let published =
            PublishedCatalog::new(kept.version, kept.effective_at, source, parsed.catalog)
                .announced_at(kept.published_at);
        if published.hash != kept.hash {
            return Err(corrupt("hash", "it is not the hash of the source".to_owned()).into());
        }
        let added = catalogs.with(published);
        catalogs = added.map_err(|error| corrupt("effective_at", error.to_string()))?;
    }
    Ok(catalogs)
}

/// Whether an account was decided on by a catalog that is not among these.
pub fn are_behind(catalogs: &Catalogs, account: &Account) -> bool {
    let subscription = account.subscription.iter();
    let mut plans = subscription.flat_map(|subscription| {
        let scheduled = subscription.scheduled.iter().map(|change| &change.plan);
        scheduled.chain([&subscription.plan])
    });
    let mut holds = account.holds.iter();
    plans.any(|plan| !has_plan(catalogs, plan))
        || holds.any(|hold| is_unknown(catalogs, hold.spend.catalog_version))
}

/// Whether a request names what is in none of these catalogs that counts.
pub fn lack(catalogs: &Catalogs, request: &Request, now: Instant) -> bool {
    let Some(in_force) = catalogs.in_force(now).or(catalogs.latest()) else {
        return true;
    };
    match request {
        Request::Charge { generation, guard }
        | Request::Reserve {
            generation, guard, ..
        } => lack_price(catalogs, &in_force.catalog, generation, guard),
        Request::StartSubscription { plan, .. } | Request::ChangePlan { plan, .. } => {
            in_force.catalog.plan(plan).is_none()
        }
        Request::PurchasePack {
            pack,
            catalog_version,
            ..
        } => {
            let offered = catalog_version.map_or(Some(in_force), |named| catalogs.version(named));
            offered.is_none_or(|offered| offered.catalog.pack(pack).is_none())
        }
        Request::OpenAccount
        | Request::CancelSubscription
        | Request::ResumeSubscription
        | Request::ExtendHold { .. }
        | Request::Settle { .. }
        | Request::Release { .. }
        | Request::ReportPayment { .. }
        | Request::SetPreferences { .. }
        | Request::MarkKept { .. } => false,
    }
}

fn lack_price(
    catalogs: &Catalogs,
    in_force: &Catalog,
    generation: &Generation,
    guard: &PriceGuard,
) -> bool {
    let quoted = match &guard.quote {
        QuoteGuard::Quoted(quote) => is_unknown(catalogs, quote.catalog_version),
        QuoteGuard::None | QuoteGuard::Unrecognised => false,
    };
    quoted || in_force.price(generation).is_err()
}

fn has_plan(catalogs: &Catalogs, plan: &PlanId) -> bool {
    let mut newest_first = catalogs.iter().rev();
    newest_first.any(|one| one.catalog.plan(plan).is_some())
}

fn is_unknown(catalogs: &Catalogs, version: CatalogVersion) -> bool {
    catalogs.version(version).is_none()
}
