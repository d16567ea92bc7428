//! Publishing catalogs: immutable versions, each with its hash and the instant from which it counts.

use std::sync::Arc;

use super::Ledger;
use crate::{
    domain::{
        catalog::{Catalog, CatalogOutOfOrder, Catalogs, Finding, Parsed, PublishedCatalog},
        ids::CatalogVersion,
        record::CorruptRecord,
        time::Instant,
    },
    error::LedgerError,
    store::{KeptCatalog, Store, StoreError},
};

/// The name under which findings name a catalog that came without a file.
pub const SOURCE_NAME: &str = "catalog.toml";

/// A catalog that is published.
#[derive(Clone, Debug)]
pub struct Published {
    /// The catalog with its version.
    pub catalog: Arc<PublishedCatalog>,
    /// Where its prices break what the policy says "in general".
    pub warnings: Vec<Finding>,
    /// Whether it was the latest one already, so that nothing was published.
    pub replayed: bool,
}

/// Why a catalog was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// It breaks rules, each with its place.
    #[error("the catalog has {} errors", .0.len())]
    Invalid(Vec<Finding>),
    /// It would count before now: what was promised does not change.
    #[error("a catalog can't count from {effective_at}, which is before {now}")]
    EffectiveInThePast {
        /// From when it should count.
        effective_at: Instant,
        /// The time.
        now: Instant,
    },
    /// It would count before one that is published already.
    #[error(transparent)]
    OutOfOrder(#[from] CatalogOutOfOrder),
    /// The service could not.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Ledger {
    /// Publishes a catalog that counts from `effective_at`, now if none. The same text as the latest
    /// one's is published once.
    pub async fn publish_catalog(
        &self,
        source: String,
        effective_at: Option<Instant>,
    ) -> Result<Published, PublishError> {
        let Parsed { catalog, warnings } =
            Catalog::parse(&source, SOURCE_NAME).map_err(PublishError::Invalid)?;
        let reading = self.clock();
        if !reading.trusted {
            return Err(LedgerError::Unavailable.into());
        }
        let now = reading.now;
        let catalogs = load(self.node.store.as_ref()).await;
        let catalogs = catalogs.map_err(|error| self.report(&error))?;
        if let Some(latest) = catalogs.latest().filter(|one| *one.source == *source) {
            return Ok(Published {
                catalog: Arc::clone(latest),
                warnings,
                replayed: true,
            });
        }
        let effective_at = effective_at.unwrap_or(now);
        if effective_at < now {
            return Err(PublishError::EffectiveInThePast { effective_at, now });
        }
        let version = catalogs.latest().map_or(1, |latest| latest.version.0 + 1);
        let version = CatalogVersion(version);
        let published = PublishedCatalog::new(version, effective_at, source.into(), catalog);
        let catalogs = catalogs.with(published.clone())?;
        let kept = KeptCatalog {
            version,
            effective_at,
            published_at: now,
            hash: published.hash,
            source: published.source.to_string(),
        };
        let fresh = self.node.store.publish(&kept).await;
        if !fresh.map_err(|error| self.report(&error))? {
            // Somebody else published at the same moment; the caller looks and tries again.
            return Err(LedgerError::Unavailable.into());
        }
        *self
            .node
            .catalogs
            .write()
            .expect("nothing panics while it publishes") = catalogs;
        Ok(Published {
            catalog: Arc::new(published),
            warnings,
            replayed: false,
        })
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
            PublishedCatalog::new(kept.version, kept.effective_at, source, parsed.catalog);
        if published.hash != kept.hash {
            return Err(corrupt("hash", "it is not the hash of the source".to_owned()).into());
        }
        let added = catalogs.with(published);
        catalogs = added.map_err(|error| corrupt("effective_at", error.to_string()))?;
    }
    Ok(catalogs)
}
