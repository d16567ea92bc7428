//! The catalogs that count, each from its instant on.
//!
//! A published catalog never changes: what an account was promised is read from the version that
//! was in force then.

use std::sync::Arc;

use super::{Catalog, plan::Plan};
use crate::domain::{
    credits::Credits,
    ids::{CatalogVersion, PlanId},
    time::Instant,
};

/// A catalog with its version and the instant from which it counts.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishedCatalog {
    /// 1 for the first.
    pub version: CatalogVersion,
    /// From when it counts, this instant included.
    pub effective_at: Instant,
    /// When it was published; before it counts, if it was announced.
    pub published_at: Instant,
    /// BLAKE3 of the source.
    pub hash: [u8; 32],
    /// The file as published.
    pub source: Arc<str>,
    /// What the file says.
    pub catalog: Catalog,
}

impl PublishedCatalog {
    /// Joins a catalog with the text it was parsed from.
    pub fn new(
        version: CatalogVersion,
        effective_at: Instant,
        source: Arc<str>,
        catalog: Catalog,
    ) -> PublishedCatalog {
        PublishedCatalog {
            version,
            effective_at,
            published_at: effective_at,
            hash: blake3::hash(source.as_bytes()).into(),
            source,
            catalog,
        }
    }

    /// The same, published at that instant instead of when it begins to count.
    #[must_use]
    pub fn announced_at(self, published_at: Instant) -> PublishedCatalog {
        PublishedCatalog {
            published_at,
            ..self
        }
    }
}

/// All published catalogs, in the order of their versions. Cloning is cheap.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalogs {
    published: Arc<[Arc<PublishedCatalog>]>,
}

/// A catalog that does not come after the ones published before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "catalog {version} from {effective_at} must come after catalog {last_version} from {last_effective_at}"
)]
pub struct CatalogOutOfOrder {
    /// The catalog to add.
    pub version: CatalogVersion,
    /// When it should count.
    pub effective_at: Instant,
    /// The latest catalog there is.
    pub last_version: CatalogVersion,
    /// When that counts.
    pub last_effective_at: Instant,
}

impl Catalogs {
    /// These and one more, which needs a higher version and no earlier instant: a catalog that
    /// slipped in between would change what was already promised.
    pub fn with(&self, published: PublishedCatalog) -> Result<Catalogs, CatalogOutOfOrder> {
        if let Some(last) = self.latest()
            && (published.version <= last.version || published.effective_at < last.effective_at)
        {
            return Err(CatalogOutOfOrder {
                version: published.version,
                effective_at: published.effective_at,
                last_version: last.version,
                last_effective_at: last.effective_at,
            });
        }
        let all = self.published.iter().cloned();
        Ok(Catalogs {
            published: all.chain([Arc::new(published)]).collect(),
        })
    }

    /// The catalog that counts at an instant; `None` before the first. Of two from the same instant
    /// it is the later version.
    pub fn in_force(&self, at: Instant) -> Option<&Arc<PublishedCatalog>> {
        let until = self.published.partition_point(|one| one.effective_at <= at);
        self.published[..until].last()
    }

    /// The catalog that counts at an instant, and before the first one counts, the first.
    ///
    /// # Panics
    ///
    /// If nothing was published: a service that has no catalog does not decide.
    pub fn terms_at(&self, at: Instant) -> &Arc<PublishedCatalog> {
        self.in_force(at)
            .or(self.published.first())
            .expect("decisions are made only once a catalog was published")
    }

    /// A catalog by its version.
    pub fn version(&self, version: CatalogVersion) -> Option<&Arc<PublishedCatalog>> {
        let found = self
            .published
            .binary_search_by_key(&version, |one| one.version);
        found.ok().map(|index| &self.published[index])
    }

    /// The last one published, whether or not it counts yet.
    pub fn latest(&self) -> Option<&Arc<PublishedCatalog>> {
        self.published.last()
    }

    /// All of them, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<PublishedCatalog>> {
        self.published.iter()
    }

    /// The most that a plan hands on of a period that ends at `at`; nothing unless it states so.
    pub fn rollover_max(&self, plan: &PlanId, at: Instant) -> Credits {
        let terms = self.plan_terms(plan, at);
        let rollover = terms.and_then(|(_, plan)| plan.rollover);
        rollover.map_or(Credits::ZERO, |rollover| rollover.max)
    }

    /// The terms of a plan at an instant: those of the catalog in force, or, for a plan that was
    /// removed, of the last one before it that had the plan.
    pub fn plan_terms(&self, plan: &PlanId, at: Instant) -> Option<(&PublishedCatalog, &Plan)> {
        let until = self.published.partition_point(|one| one.effective_at <= at);
        self.published[..until]
            .iter()
            .rev()
            .find_map(|one| Some((one.as_ref(), one.catalog.plan(plan)?)))
    }
}
