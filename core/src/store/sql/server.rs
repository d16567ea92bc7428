//! Opening a PostgreSQL server's database, with the settings on which durability rests.
//!
//! Owns those settings, and asks the server for what only its operator can set: one that loses what it
//! acknowledged is refused. Every statement has a deadline there, too, so that a connection whose other
//! end is gone holds no lock for long.

use std::{sync::Arc, time::Duration};

use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DbErr, Statement,
    sqlx::postgres::PgConnectOptions,
};

use super::{
    OpenError, OpenMode, SqlStore, Writing, Written, hints::Teller, insert::Inserts, pool::Pool,
};

/// The oldest version that is served, as `server_version_num` tells it.
const VERSION_MIN: i64 = 150_000;
/// Connections beside those of the lanes: an unknown COMMIT is resolved on another one than its own, other
/// nodes are told, and the sweeper has a transaction.
const SPARE_WRITERS: u32 = 4;
/// One listens to other nodes.
const SPARE_READERS: u32 = 1;

/// Where the server is, and how it is used.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Such as `postgres://credits:…@db.example/credits?sslmode=verify-full`.
    pub url: String,
    /// How many transactions are written at once.
    pub writers: u32,
    /// Connections that read.
    pub readers: u32,
    /// The longest that a statement may take on the server.
    pub statement_timeout: Duration,
    /// The longest that a statement waits for a lock of another transaction.
    pub lock_timeout: Duration,
    /// The longest that a call may take in all, as this end sees it.
    pub deadline: Duration,
}

/// What must not be `off` on a server that keeps what it acknowledged.
const DURABILITY: [&str; 3] = ["fsync", "full_page_writes", "synchronous_commit"];

pub(super) async fn open(options: &ServerOptions, mode: OpenMode) -> Result<SqlStore, OpenError> {
    let writing = match mode {
        OpenMode::ReadWrite => {
            let wanted = connections(options, options.writers + SPARE_WRITERS);
            let pool = Pool::of_server(wanted, options.deadline);
            let pool = Arc::new(pool.await.map_err(connected)?);
            check(&pool.get()).await?;
            Some(Writing {
                inserts: Inserts::new(pool.get().get_database_backend()),
                written: Written::Server {
                    teller: Teller::start(Arc::clone(&pool)),
                },
                pool,
            })
        }
        OpenMode::ReadOnly => None,
    };
    let readers = Pool::of_server(
        connections(options, options.readers + SPARE_READERS),
        options.deadline,
    );
    Ok(SqlStore {
        readers: Arc::new(readers.await.map_err(connected)?),
        writing,
    })
}

fn connected(source: DbErr) -> OpenError {
    OpenError::Server(Box::new(source))
}

fn connections(options: &ServerOptions, most: u32) -> ConnectOptions {
    let ms = |duration: Duration| duration.as_millis().to_string();
    let settings = [
        ("statement_timeout", ms(options.statement_timeout)),
        ("lock_timeout", ms(options.lock_timeout)),
        ("idle_in_transaction_session_timeout", ms(options.deadline)),
        ("tcp_user_timeout", ms(options.deadline)),
        // What the fence rests on, whatever the server's default is.
        ("default_transaction_isolation", "read committed".to_owned()),
        // Every statement has an index. A plan that was made while a table was small, or before the server
        // counted its rows, must not read all of it for as long as the connection lives.
        ("enable_seqscan", "off".to_owned()),
        ("enable_hashjoin", "off".to_owned()),
        ("enable_mergejoin", "off".to_owned()),
    ];
    let settings = move |server: PgConnectOptions| {
        server
            .application_name("chatnow-credits")
            .options(settings.clone())
    };
    let mut connect = ConnectOptions::new(&options.url);
    connect
        .max_connections(most)
        .min_connections(1)
        // Many that wait for a connection are no sign that the server is gone, as a late answer is.
        .acquire_timeout(options.deadline / 2)
        .test_before_acquire_if_idle_for(options.deadline)
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .map_sqlx_postgres_opts(settings);
    connect
}

async fn check(connection: &DatabaseConnection) -> Result<(), OpenError> {
    let version = setting(connection, "server_version_num").await?;
    if version
        .parse::<i64>()
        .is_ok_and(|found| found < VERSION_MIN)
    {
        return Err(OpenError::ServerVersion {
            found: setting(connection, "server_version").await?,
        });
    }
    for name in DURABILITY {
        let found = setting(connection, name).await?;
        if found == "off" {
            return Err(OpenError::ServerSetting { name, found });
        }
    }
    Ok(())
}

/// What the server says a setting is.
async fn setting(connection: &DatabaseConnection, name: &str) -> Result<String, OpenError> {
    let asked = Statement::from_sql_and_values(
        connection.get_database_backend(),
        "SELECT current_setting($1)",
        [name.into()],
    );
    let row = connection.query_one_raw(asked).await.map_err(connected)?;
    let missing = || connected(DbErr::RecordNotFound(name.to_owned()));
    row.ok_or_else(missing)?
        .try_get_by_index(0)
        .map_err(connected)
}
