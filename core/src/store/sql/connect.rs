//! Opening a SQLite file with the settings on which durability rests.
//!
//! Owns those settings and asks SQLite whether it took them: a file system that can't have a
//! write-ahead log answers another journal mode, without an error.

use std::{
    error::Error,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, Statement,
    sqlx::{
        Connection,
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
    },
};
use tokio::sync::Mutex;

use super::{
    SqlStore, Writing, Written,
    checkpoint::Checkpointer,
    file::FileSession,
    insert::Inserts,
    lock::{FileLock, NotLocked},
    pool::Pool,
};

/// Connections that read: history pages and exports at once, while charges go on.
const READERS_MAX: u32 = 4;
/// Statements kept prepared: every shape of the store.
pub(super) const STATEMENTS_MAX: usize = 512;
/// What the connection for batches keeps of the file in memory, in KiB: 2,048 pages. A larger one costs more
/// than it saves: SQLite walks through all of it after each transaction that split a page, and what is not in
/// it is in the system's memory.
const SESSION_CACHE_KIB: &str = "-8192";

/// What a store is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// To write, alone: a second one is refused.
    ReadWrite,
    /// To read, beside whoever writes. The file must be there.
    ReadOnly,
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the file open to write.
    #[error(
        "{} is in use by {}: stop it first, or open another file",
        path.display(),
        holder.map_or("another process".to_owned(), |pid| format!("process {pid}"))
    )]
    InUse {
        /// The database file.
        path: PathBuf,
        /// The process that has it, where that could be read.
        holder: Option<u32>,
    },
    /// The lock file can't be made or locked.
    #[error("can't lock {}: {source}", path.display())]
    Lock {
        /// The database file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file can't be opened as a database.
    #[error("can't open the database {}: {source}", path.display())]
    Connect {
        /// The database file.
        path: PathBuf,
        /// What the database says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// SQLite did not take a setting on which durability rests.
    #[error(
        "{} has {pragma} = {found}, where {wanted} is needed: put it on a local file system",
        path.display()
    )]
    Setting {
        /// The database file.
        path: PathBuf,
        /// The setting.
        pragma: &'static str,
        /// What it must be.
        wanted: &'static str,
        /// What it is.
        found: String,
    },
    /// The server can't be reached, or does not let this user in.
    #[error("can't open the database: {0}")]
    Server(#[source] Box<dyn Error + Send + Sync>),
    /// The server is too old.
    #[error("the database server is PostgreSQL {found}, and 15 or later is needed")]
    ServerVersion {
        /// Its version.
        found: String,
    },
    /// The server loses what it has acknowledged when it crashes.
    #[error("the database server has {name} = {found}: it would lose what it has acknowledged")]
    ServerSetting {
        /// The setting.
        name: &'static str,
        /// What it is.
        found: String,
    },
}

/// The settings of every connection that writes, as PRAGMA tells them. COMMIT never moves the log
/// into the file, because that can take a second: [`Checkpointer`] does.
const WRITER_SETTINGS: [(&str, &str); 4] = [
    ("journal_mode", "wal"),
    ("synchronous", "2"),
    ("foreign_keys", "1"),
    ("wal_autocheckpoint", "0"),
];

pub(super) async fn open(
    path: &Path,
    mode: OpenMode,
    busy_timeout: Duration,
) -> Result<SqlStore, OpenError> {
    let connected = |source: DbErr| OpenError::Connect {
        path: path.to_owned(),
        source: Box::new(source),
    };
    let writing = match mode {
        OpenMode::ReadWrite => {
            let lock = take_lock(path)?;
            let connection = writer(path, busy_timeout).await.map_err(connected)?;
            check_settings(path, &connection).await?;
            let session = session(path, busy_timeout)?;
            let session = Arc::new(Mutex::new(Some(session)));
            let log = writer(path, busy_timeout).await.map_err(connected)?;
            Some(Writing {
                inserts: Inserts::new(connection.get_database_backend()),
                pool: Arc::new(Pool::of_file(connection)),
                written: Written::File {
                    checkpointer: Checkpointer::start(log, Arc::clone(&session)),
                    session,
                    lock,
                },
            })
        }
        OpenMode::ReadOnly => None,
    };
    let readers = readers(path, busy_timeout).await.map_err(connected)?;
    Ok(SqlStore {
        readers: Arc::new(Pool::of_file(readers)),
        writing,
    })
}

fn take_lock(path: &Path) -> Result<FileLock, OpenError> {
    // By another name, or through a link, it is the same file.
    let file = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    FileLock::take(&file).map_err(|not_locked| match not_locked {
        NotLocked::Held(holder) => OpenError::InUse {
            path: path.to_owned(),
            holder,
        },
        NotLocked::Io(source) => OpenError::Lock {
            path: path.to_owned(),
            source,
        },
    })
}

async fn writer(path: &Path, busy_timeout: Duration) -> Result<DatabaseConnection, DbErr> {
    connect(path, 1, busy_timeout, |options| {
        options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("wal_autocheckpoint", "0")
    })
    .await
}

async fn readers(path: &Path, busy_timeout: Duration) -> Result<DatabaseConnection, DbErr> {
    connect(path, READERS_MAX, busy_timeout, |options| {
        options.read_only(true)
    })
    .await
}

async fn connect(
    path: &Path,
    connections_max: u32,
    busy_timeout: Duration,
    settings: fn(SqliteConnectOptions) -> SqliteConnectOptions,
) -> Result<DatabaseConnection, DbErr> {
    let file = path.to_owned();
    // The file is named below: a URL would have to escape its path.
    let mut options = ConnectOptions::new("sqlite:");
    options
        .max_connections(connections_max)
        .min_connections(1)
        // A page is milliseconds: a reader that waits for so long is in an overload.
        .acquire_timeout(busy_timeout)
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        // A file does not go away: to ask its thread first would be one more wait before each transaction.
        .test_before_acquire(false)
        .map_sqlx_sqlite_opts(move |options| {
            settings(options)
                .filename(&file)
                .foreign_keys(true)
                .busy_timeout(busy_timeout)
                .statement_cache_capacity(STATEMENTS_MAX)
        })
        // SQLite rolls back by itself on a full disk; the driver still counts that transaction as
        // open and would begin the next one as a savepoint, not IMMEDIATE.
        .map_sqlx_sqlite_before_acquire(|connection, _| {
            Box::pin(async move { Ok(!connection.is_in_transaction()) })
        });
    Database::connect(options).await
}

/// The connection for batches.
fn session(path: &Path, busy_timeout: Duration) -> Result<FileSession, OpenError> {
    let connected = |source: rusqlite::Error| OpenError::Connect {
        path: path.to_owned(),
        source: Box::new(source),
    };
    let session = FileSession::open(path, busy_timeout).map_err(connected)?;
    for (pragma, wanted) in WRITER_SETTINGS {
        session.set(pragma, wanted).map_err(connected)?;
        taken(
            path,
            pragma,
            wanted,
            session.setting(pragma).map_err(connected)?,
        )?;
    }
    session
        .set("cache_size", SESSION_CACHE_KIB)
        .map_err(connected)?;
    Ok(session)
}

/// The other connection that writes, what is acknowledged as well.
async fn check_settings(path: &Path, connection: &DatabaseConnection) -> Result<(), OpenError> {
    for (pragma, wanted) in WRITER_SETTINGS {
        let found = setting(connection, pragma).await;
        let found = found.map_err(|source| OpenError::Connect {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        taken(path, pragma, wanted, found)?;
    }
    Ok(())
}

fn taken(
    path: &Path,
    pragma: &'static str,
    wanted: &'static str,
    found: String,
) -> Result<(), OpenError> {
    if found == wanted {
        return Ok(());
    }
    Err(OpenError::Setting {
        path: path.to_owned(),
        pragma,
        wanted,
        found,
    })
}

/// What a PRAGMA answers, as text.
async fn setting(connection: &DatabaseConnection, pragma: &str) -> Result<String, DbErr> {
    let asked = Statement::from_string(
        connection.get_database_backend(),
        format!("PRAGMA {pragma}"),
    );
    let Some(row) = connection.query_one_raw(asked).await? else {
        return Ok(String::new());
    };
    row.try_get_by_index::<i64>(0)
        .map(|number| number.to_string())
        .or_else(|_| row.try_get_by_index(0))
}
