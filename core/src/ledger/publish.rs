//! Publishing catalogs: immutable versions, each with its hash and the instant from which it counts.

use std::sync::Arc;

use super::Ledger;
use crate::{
    actor::catalogs::{SOURCE_NAME, load},
    domain::{
        catalog::{Catalog, CatalogOutOfOrder, Finding, Parsed, PublishedCatalog},
        encoding::Encoding,
        event::Cause,
        ids::{CatalogVersion, OperationId},
        time::Instant,
    },
    error::LedgerError,
    store::KeptCatalog,
};

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
    /// The operation id was used for another catalog.
    #[error(
        "the operation id {0} was used for a call with other content; a new call needs a new id"
    )]
    OperationIdReused(OperationId),
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
    /// Publishes a catalog for a client, once for its operation id: the same call again is answered
    /// with what it published, however many catalogs came after it.
    pub async fn publish_catalog_once(
        &self,
        operation_id: OperationId,
        source: String,
        effective_at: Option<Instant>,
    ) -> Result<Published, PublishError> {
        let mut content = Encoding::new("credits/content/1");
        content
            .text("publishCatalog")
            .text(&source)
            .optional_number(effective_at.map(Instant::micros));
        let cause = Cause {
            operation_id,
            content: content.finish(),
        };
        if let Some(published) = self.published_by(&cause).await? {
            return Ok(published);
        }
        self.publish(source, effective_at, Some(cause)).await
    }

    /// What the call published before, if it did.
    async fn published_by(&self, cause: &Cause) -> Result<Option<Published>, PublishError> {
        let kept = self.node.store.catalogs().await;
        let kept = kept.map_err(|error| self.report(&error))?;
        let same = |one: &&KeptCatalog| {
            let by = one.cause.map(|cause| cause.operation_id);
            by == Some(cause.operation_id)
        };
        let Some(earlier) = kept.iter().find(same) else {
            return Ok(None);
        };
        if earlier.cause != Some(*cause) {
            return Err(PublishError::OperationIdReused(cause.operation_id));
        }
        // It may have been another node that did.
        let learnt = self.node.learn().await;
        learnt.map_err(|error| self.report(&error))?;
        let catalogs = self.catalogs();
        let catalog = catalogs.version(earlier.version);
        let catalog = catalog.ok_or(LedgerError::Unavailable)?;
        let parsed = Catalog::parse(&earlier.source, SOURCE_NAME);
        Ok(Some(Published {
            catalog: Arc::clone(catalog),
            warnings: parsed.map_or_else(|_| Vec::new(), |parsed| parsed.warnings),
            replayed: true,
        }))
    }

    /// Publishes a catalog that counts from `effective_at`, now if none, for no client: the text of the
    /// latest one is not published again.
    pub async fn publish_catalog(
        &self,
        source: String,
        effective_at: Option<Instant>,
    ) -> Result<Published, PublishError> {
        self.publish(source, effective_at, None).await
    }

    async fn publish(
        &self,
        source: String,
        effective_at: Option<Instant>,
        cause: Option<Cause>,
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
        let latest = catalogs.latest().filter(|_| cause.is_none());
        if let Some(latest) = latest.filter(|one| *one.source == *source) {
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
        let published =
            PublishedCatalog::new(version, effective_at, source.into(), catalog).announced_at(now);
        let catalogs = catalogs.with(published.clone())?;
        let kept = KeptCatalog {
            version,
            effective_at,
            published_at: now,
            hash: published.hash,
            source: published.source.to_string(),
            cause,
        };
        let fresh = self.node.store.publish(&kept).await;
        if !fresh.map_err(|error| self.report(&error))? {
            // Somebody else published at the same moment; the caller looks and tries again.
            return Err(LedgerError::Unavailable.into());
        }
        if self.node.take_on(catalogs) {
            self.published.send_replace(version);
        }
        Ok(Published {
            catalog: Arc::new(published),
            warnings,
            replayed: false,
        })
    }
}
