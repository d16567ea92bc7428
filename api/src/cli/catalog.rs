//! `credits catalog check | show | publish`.

use std::{fmt::Write as _, fs, path::Path};

use credits_core::{
    clock::Clock,
    domain::{
        catalog::{Catalog, PublishedCatalog},
        ids::CatalogVersion,
        time::Instant,
    },
    ledger::published_catalogs,
};

use super::{Failure, found, print};
use crate::{
    app::{Problem, start_ledger},
    config::{self, ServeArgs},
    database::{open_to_read, open_to_write},
};

fn read(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file).map_err(|source| {
        let path = file.to_owned();
        Failure::Problem(Problem::CatalogFile { path, source })
    })
}

pub(super) fn check(file: &Path) -> Result<(), Failure> {
    let source = read(file)?;
    match Catalog::parse(&source, &file.display().to_string()) {
        Ok(parsed) if parsed.warnings.is_empty() => print(&summary(&parsed.catalog)),
        Ok(parsed) => {
            print(&found(&parsed.warnings))?;
            print(&summary(&parsed.catalog))
        }
        Err(findings) => {
            print(&found(&findings))?;
            let told = format!("{}: {} to correct", file.display(), findings.len());
            Err(Failure::Found(told))
        }
    }
}

pub(super) async fn show(
    settings: &ServeArgs,
    version: Option<i32>,
    source: bool,
) -> Result<(), Failure> {
    let settings = config::load_offline(settings)?;
    let store = open_to_read(&settings).await?;
    let catalogs = published_catalogs(store.as_ref()).await?;
    let published = match version {
        Some(version) => catalogs.version(CatalogVersion(version)),
        None => catalogs.latest(),
    };
    let published = published.ok_or_else(|| Failure::Found("no such catalog".to_owned()))?;
    if source {
        return print(&published.source);
    }
    print(&describe(published))
}

pub(super) async fn publish(
    settings: &ServeArgs,
    file: &Path,
    effective_at: Option<&str>,
) -> Result<(), Failure> {
    let effective_at = match effective_at {
        Some(text) => Some(Instant::parse(text).ok_or_else(|| {
            Failure::Wrong(format!("--effective-at: \"{text}\" is no RFC 3339 instant"))
        })?),
        None => None,
    };
    let settings = config::load_offline(settings)?;
    let source = read(file)?;
    let store = open_to_write(&settings).await?;
    let ledger = start_ledger(&settings, &store, Clock::real()).await?;
    let published = ledger.publish_catalog(source, effective_at).await;
    let published = published.map_err(Problem::from)?;
    if !published.warnings.is_empty() {
        print(&found(&published.warnings))?;
    }
    print(&describe(&published.catalog))?;
    store.close().await;
    Ok(())
}

fn describe(published: &PublishedCatalog) -> String {
    let hash = published.hash.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String can't fail.
        let _ok = write!(hex, "{byte:02x}");
        hex
    });
    format!(
        "version {} counts from {}\nblake3 {hash}\n{}",
        published.version,
        published.effective_at,
        summary(&published.catalog)
    )
}

fn summary(catalog: &Catalog) -> String {
    let names = |ids: Vec<&str>| format!("{}: {}", ids.len(), ids.join(", "));
    let actions = catalog.actions.iter().map(|one| one.id.as_str());
    let models = catalog.models.iter().map(|one| one.id.as_str());
    let plans = catalog.plans.iter().map(|one| one.id.as_str());
    let packs = catalog.packs.iter().map(|one| one.id.as_str());
    format!(
        "actions {}\nmodels {}\nplans {}\npacks {}",
        names(actions.collect()),
        names(models.collect()),
        names(plans.collect()),
        names(packs.collect())
    )
}
