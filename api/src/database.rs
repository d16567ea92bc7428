//! Where the ledger is kept: a SQLite file or a database on a PostgreSQL server.
//!
//! Owns how one is told from the other. What the tables must be is the migrations'.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use credits_core::store::sql::{OpenMode, ServerOptions, SqlStore};
use credits_migration::bring_up_to_date;

use crate::{app::Problem, config::Settings};

/// Where a database is.
enum Place {
    File(PathBuf, Duration),
    Server(ServerOptions),
}

impl Place {
    fn of(settings: &Settings) -> Result<Place, Problem> {
        let url = settings.database_url();
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Place::Server(server(settings, url)));
        }
        let path = url
            .strip_prefix("sqlite://")
            .or(url.strip_prefix("sqlite:"));
        match path {
            Some(path) if !path.is_empty() => {
                let busy_timeout = Duration::from_millis(settings.database.busy_timeout_ms);
                Ok(Place::File(PathBuf::from(path), busy_timeout))
            }
            Some(_) | None => Err(Problem::DatabaseUrl),
        }
    }
}

fn server(settings: &Settings, url: String) -> ServerOptions {
    let database = &settings.database;
    ServerOptions {
        url,
        writers: database.writers,
        readers: database.readers,
        statement_timeout: Duration::from_millis(database.statement_timeout_ms),
        lock_timeout: Duration::from_millis(database.lock_timeout_ms),
        deadline: Duration::from_millis(database.call_timeout_ms),
    }
}

/// How many transactions are written at once.
pub fn writers(settings: &Settings) -> Result<usize, Problem> {
    Ok(match Place::of(settings)? {
        // SQLite has one writer.
        Place::File(..) => 1,
        Place::Server(options) => options.writers as usize,
    })
}

/// Opens the database to write, makes it where it is a missing file, and sees to its tables.
pub async fn open_to_write(settings: &Settings) -> Result<Arc<SqlStore>, Problem> {
    let store = match Place::of(settings)? {
        Place::File(path, busy_timeout) => {
            if let Some(directory) = path.parent().filter(|one| *one != Path::new("")) {
                std::fs::create_dir_all(directory).map_err(|source| Problem::DataDir {
                    path: directory.to_owned(),
                    source,
                })?;
            }
            SqlStore::open(&path, OpenMode::ReadWrite, busy_timeout).await?
        }
        // In a box, as it takes much more room than a file.
        Place::Server(options) => {
            Box::pin(SqlStore::connect(&options, OpenMode::ReadWrite)).await?
        }
    };
    if let Some(connection) = store.migrating() {
        bring_up_to_date(&connection, settings.database.migrate).await?;
    }
    Ok(Arc::new(store))
}

/// Opens the database to read, beside whoever writes.
pub async fn open_to_read(settings: &Settings) -> Result<Arc<SqlStore>, Problem> {
    Ok(Arc::new(match Place::of(settings)? {
        Place::File(path, _) if !path.exists() => return Err(Problem::NoDatabase(path)),
        Place::File(path, busy_timeout) => {
            SqlStore::open(&path, OpenMode::ReadOnly, busy_timeout).await?
        }
        Place::Server(options) => Box::pin(SqlStore::connect(&options, OpenMode::ReadOnly)).await?,
    }))
}
