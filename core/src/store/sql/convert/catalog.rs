//! The `catalog` row and [`KeptCatalog`].

use credits_entity::catalog;

use super::Row;
use crate::{
    domain::{
        event::Cause,
        ids::{CatalogVersion, OperationId},
        record::CorruptRecord,
        time::Instant,
    },
    store::KeptCatalog,
};

/// The row of a catalog.
pub(in super::super) fn row(kept: &KeptCatalog) -> catalog::Model {
    catalog::Model {
        version: i64::from(kept.version.0),
        effective_at_us: kept.effective_at.micros(),
        published_at_us: kept.published_at.micros(),
        hash: kept.hash.to_vec(),
        source: kept.source.clone(),
        operation_id: kept.cause.map(|cause| cause.operation_id.0),
        content: kept.cause.map(|cause| cause.content.to_vec()),
    }
}

/// Reads the row back; its source must have its hash.
pub(in super::super) fn kept(model: catalog::Model) -> Result<KeptCatalog, CorruptRecord> {
    let version = model.version;
    let row = Row(|| format!("catalog {version}"));
    let hash = row.hash("hash", model.hash)?;
    if hash != *blake3::hash(model.source.as_bytes()).as_bytes() {
        return Err(row.corrupt(
            "source",
            "it does not have the hash that it was published with",
        ));
    }
    let cause = match (model.operation_id, model.content) {
        (None, None) => None,
        (Some(id), Some(content)) => Some(Cause {
            operation_id: OperationId(id),
            content: row.hash("content", content)?,
        }),
        (Some(_), None) | (None, Some(_)) => {
            return Err(row.corrupt("content", "it stands without its other half"));
        }
    };
    Ok(KeptCatalog {
        version: CatalogVersion(row.read("version", i32::try_from(version))?),
        effective_at: row.read(
            "effective_at_us",
            Instant::from_micros(model.effective_at_us),
        )?,
        published_at: row.read(
            "published_at_us",
            Instant::from_micros(model.published_at_us),
        )?,
        hash,
        source: model.source,
        cause,
    })
}
