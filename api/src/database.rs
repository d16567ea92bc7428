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
    File(PathBuf),
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
            Some(path) if !path.is_empty() => Ok(Place::File(PathBuf::from(path))),
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
        Place::File(_) => 1,
        Place::Server(options) => options.writers as usize,
    })
}

/// Opens the database to write, makes it where it is a missing file, and sees to its tables.
pub async fn open_to_write(settings: &Settings) -> Result<Arc<SqlStore>, Problem> {
    let store = match Place::of(settings)? {
        Place::File(path) => {
            if let Some(directory) = path.parent().filter(|one| *one != Path::new("")) {
                std::fs::create_dir_all(directory).map_err(|source| Problem::DataDir {
                    path: directory.to_owned(),
                    source,
                })?;
            }
            SqlStore::open(&path, OpenMode::ReadWrite).await?
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
        Place::File(path) if !path.exists() => return Err(Problem::NoDatabase(path)),
        Place::File(path) => SqlStore::open(&path, OpenMode::ReadOnly).await?,
        Place::Server(options) => Box::pin(SqlStore::connect(&options, OpenMode::ReadOnly)).await?,
    }))
}
