//! Where the database of a run is: in a file, or on a server of the run's own.
//!
//! Owns what a run ends with: every account is proved, and what was acknowledged is looked for. The
//! server is as it comes, durable.

use std::{
    io,
    path::{Path, PathBuf},
};

use credits_api::{config::Settings, database::open_to_read};
use credits_core::verify;
use tempfile::TempDir;
use uuid::Uuid;

use super::{request::Asked, rival};
use crate::{audit::Audit, cluster::Cluster};

/// What a database is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Engine {
    /// A file.
    #[default]
    Sqlite,
    /// A database on a PostgreSQL server that is started for it.
    Postgres,
}

/// Where databases are made.
pub struct Place {
    parent: Option<PathBuf>,
    cluster: Option<Cluster>,
}

/// A database, and the directory of a service on it.
pub struct Ground {
    directory: TempDir,
    settings: Settings,
}

impl Place {
    /// A place for databases of that kind, in directories of their own in `parent`.
    pub fn new(engine: Engine, parent: Option<&PathBuf>) -> io::Result<Place> {
        let missing = || io::Error::new(io::ErrorKind::NotFound, "PostgreSQL is not installed");
        let cluster = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => {
                let started = Cluster::new_in(parent.map(PathBuf::as_path));
                Some(started.ok_or_else(missing)?)
            }
        };
        Ok(Place {
            parent: parent.cloned(),
            cluster,
        })
    }

    /// A new database, with the catalog of the tests and large allowances.
    pub fn ground(&self, asked: Asked) -> Ground {
        let url = |cluster: &Cluster| cluster.url(&cluster.database(None));
        self.ground_on(self.cluster.as_ref().map(url), asked)
    }

    /// The directory of another service on that database.
    pub fn beside(&self, ground: &Ground) -> Ground {
        self.ground_on(ground.settings.database.url.clone(), Asked::Plain)
    }

    fn ground_on(&self, url: Option<String>, asked: Asked) -> Ground {
        let directory = rival::new_directory(self.parent.as_ref());
        let mut settings = rival::settings(directory.path(), asked);
        settings.database.url = url;
        Ground {
            directory,
            settings,
        }
    }

    /// Does at once what the server would do by itself within minutes, in the middle of a sample: after a
    /// bulk load it counts, and marks what all can see.
    pub fn settle(&self, ground: &Ground) {
        let url = ground.settings.database.url.as_deref();
        let database = url.and_then(|url| url.rsplit('/').next());
        if let (Some(cluster), Some(database)) = (&self.cluster, database) {
            cluster.sql(database, "VACUUM (ANALYZE)");
            cluster.sql(database, "CHECKPOINT");
        }
    }

    /// The process that keeps the server, where there is one.
    pub fn server(&self) -> Option<u32> {
        self.cluster.as_ref().map(Cluster::process)
    }
}

impl Ground {
    /// Its directory.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The settings of a service on it.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The settings, to be changed before anything is on it.
    pub fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    /// Whether its database is on a server.
    pub fn is_on_server(&self) -> bool {
        self.settings.database.url.is_some()
    }

    /// Gives its keys to the directory of another service: a token of one is good at both.
    pub fn share_keys(&self, other: &Ground) -> io::Result<()> {
        for file in self.directory().read_dir()? {
            let path = file?.path();
            if let (Some("key"), Some(name)) = (
                path.extension().and_then(|kind| kind.to_str()),
                path.file_name(),
            ) {
                std::fs::copy(&path, other.directory().join(name))?;
            }
        }
        Ok(())
    }

    /// What a program on it is started with.
    pub fn arguments(&self) -> Vec<String> {
        let catalog = ["--catalog-file", rival::CATALOG_FILE];
        let server = self.settings.database.url.iter();
        let server = server.flat_map(|url| ["--database-url", url]);
        catalog
            .into_iter()
            .chain(server)
            .map(str::to_owned)
            .collect()
    }

    /// Opens it for statements of an audit.
    pub async fn audit(&self) -> Audit {
        match &self.settings.database.url {
            Some(url) => Audit::on_server(url).await,
            None => Audit::open(self.directory()).await,
        }
    }

    /// Proves every account, as `credits verify` does, and looks for what was acknowledged: how many
    /// charges there are, each of them acknowledged or one of those `before`.
    pub async fn prove(&self, before: usize, acknowledged: &[Uuid]) -> Result<String, String> {
        let store = open_to_read(&self.settings).await;
        let store = store.map_err(|problem| problem.to_string())?;
        let report = verify::verify(store.as_ref()).await;
        let report = report.map_err(|error| error.to_string())?;
        store.close().await;
        if !report.is_clean() {
            return Err(format!("{report}: {:?}", report.findings));
        }
        let audit = self.audit().await;
        let found = audit.charges_among(acknowledged).await;
        let charges = audit.charge_count().await;
        audit.close().await;
        if found != acknowledged.len() || charges != before + found {
            return Err(format!(
                "of {} acknowledged charges {found} are there, and {charges} in all, with {before} before",
                acknowledged.len()
            ));
        }
        Ok(format!(
            "audit: {}; {found} charges acknowledged, and each once in the ledger\n",
            report.to_string().trim_end()
        ))
    }
}
