//! The application: the store, the ledger, the schema and the server, put together.
//!
//! Owns the order in which they start and stop. It never parses arguments and never handles signals.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use credits_core::{
    clock::Clock,
    domain::catalog::{EXAMPLE, Finding},
    ledger::{Keys, Ledger, Limits, PublishError, Sweep},
    store::{
        StoreError,
        sql::{OpenError, SqlStore},
    },
};
use credits_migration::SchemaProblem;
use secrecy::{ExposeSecret, SecretSlice};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{
    auth::{self, Auth, AuthProblem, TokenMint, TokenTime},
    config::Settings,
    database::{self, open_to_write},
    demo, graphql,
    http::{
        Edge, Engine, Exports, Origins, Page, Persisted, Readiness, Server, ServerSettings, Streams,
    },
    secret_file::{self, SecretFileProblem, read_or_create},
};

/// The file of the node's own secret, in the data directory: quotes and prompts are keyed by it.
pub const NODE_KEY_FILE: &str = "node.key";
/// How often the clock is looked at for readiness.
const LOOK_AT_CLOCK_EVERY: Duration = Duration::from_secs(1);
/// The reason for not being ready while the clock is not to be believed.
const CLOCK: &str = "clock";
/// What an operator is told about it.
const CLOCK_STEPPED: &str = "the clock has stepped against monotonic time: nothing is decided until it \
     is set right; if it is right now, restart the service";

/// Why the service did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// `database.url` is of another kind.
    #[error("database.url names no database: write sqlite://PATH or postgres://USER@HOST/DATABASE")]
    DatabaseUrl,
    /// The directory of the database can't be made.
    #[error("can't make the directory {path}: {source}", path = path.display())]
    DataDir {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is nothing to read.
    #[error("there is no database {}: `credits serve` makes one", .0.display())]
    NoDatabase(PathBuf),
    /// The database can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The tables are not those of this version of the service.
    #[error("the tables of the database: {0}")]
    Schema(#[from] SchemaProblem),
    /// What is kept can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Tokens can't be verified.
    #[error(transparent)]
    Auth(#[from] AuthProblem),
    /// The node's secret is no good.
    #[error(transparent)]
    NodeKey(#[from] SecretFileProblem),
    /// The catalog file can't be read.
    #[error("{path}: {source}", path = path.display())]
    CatalogFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Nothing is priced: the example is for trying out.
    #[error(
        "catalog.file: name a catalog to publish; the built-in example is for development only"
    )]
    NoCatalog,
    /// The catalog breaks rules.
    #[error("the catalog was not published:{}", lines(.0))]
    Catalog(Vec<Finding>),
    /// The catalog can't be published.
    #[error(transparent)]
    Publish(PublishError),
    /// The demo account can't be made.
    #[error("the demo account: {0}")]
    Demo(String),
    /// The server can't listen, or failed.
    #[error("{address}: {source}{}", port_advice(.source))]
    Server {
        /// Where it listens.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// What became of a COMMIT is known only after a restart.
    #[error("the outcome of a COMMIT is known only after a restart: start the service again")]
    Halted,
}

fn port_advice(source: &io::Error) -> &'static str {
    if source.kind() == io::ErrorKind::AddrInUse {
        "; take another with --http-port or CREDITS__HTTP__PORT"
    } else {
        ""
    }
}

fn lines(findings: &[Finding]) -> String {
    findings.iter().map(|one| format!("\n  {one}")).collect()
}

impl From<PublishError> for Problem {
    fn from(error: PublishError) -> Problem {
        match error {
            PublishError::Invalid(findings) => Problem::Catalog(findings),
            PublishError::EffectiveInThePast { .. }
            | PublishError::OutOfOrder(_)
            | PublishError::OperationIdReused(_)
            | PublishError::Ledger(_) => Problem::Publish(error),
        }
    }
}

/// The service, ready to run.
pub struct Application {
    server: Server,
    ledger: Ledger,
    readiness: Readiness,
    store: Arc<SqlStore>,
    mint: Option<Arc<TokenMint>>,
    shutdown_timeout: Duration,
}

impl Application {
    /// Opens and migrates the database, starts the ledger, publishes the catalog where it is new, and
    /// binds the port. In development it makes the demo account first.
    pub async fn build(settings: &Settings, clock: Clock) -> Result<Application, Problem> {
        Application::build_with(settings, clock, TokenTime::Real).await
    }

    /// As [`Application::build`], where tokens end by another time than the machine's.
    pub async fn build_with(
        settings: &Settings,
        clock: Clock,
        token_time: TokenTime,
    ) -> Result<Application, Problem> {
        let store = open_to_write(settings).await?;
        if settings.development && settings.catalog.file.is_none() {
            demo::prepare(settings, &store, clock.read().now).await?;
        }
        let ledger = start_ledger(settings, &store, clock).await?;
        publish(settings, &ledger).await?;
        let Auth { verifier, mint } = auth::open(settings)?;
        let mint = mint.map(Arc::new);
        let readiness = Readiness::default();
        let schema_ledger = ledger.clone();
        let edge = Edge {
            engine: Box::new(Engine::new(move || graphql::schema(schema_ledger.clone()))),
            verifier,
            origins: Origins {
                allowed: settings.http.allowed_origins.clone(),
                loopback: settings.development,
            },
            page: Page {
                account: demo::ACCOUNT,
                mint: mint.clone().filter(|_| settings.development),
            },
            persisted: Persisted::default(),
            readiness: readiness.clone(),
            streams: Streams::new(settings.http.streams_max),
            exports: Some(Exports::new(ledger.clone())),
            body_bytes_max: settings.http.body_bytes_max,
            timeouts: settings.http.timeouts(),
            token_time,
        };
        let listen = ServerSettings {
            listen: settings.http.address(),
            workers: settings.http_workers(),
        };
        let server = Server::build(&listen, edge).map_err(|source| Problem::Server {
            address: listen.listen,
            source,
        })?;
        Ok(Application {
            server,
            ledger,
            readiness,
            store,
            mint,
            shutdown_timeout: Duration::from_millis(settings.writer.shutdown_timeout_ms),
        })
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// The ledger it serves.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What makes tokens, where the configuration has a key to sign them.
    pub fn mint(&self) -> Option<&TokenMint> {
        self.mint.as_deref()
    }

    /// Whether the demo account is there.
    pub async fn has_demo(&self) -> Result<bool, Problem> {
        demo::is_there(&self.store).await
    }

    /// Serves until `stop` is cancelled; then no new operations are taken on, accepted ones finish,
    /// and the database is closed.
    pub async fn run_until_stopped(self, stop: CancellationToken) -> Result<(), Problem> {
        let Application {
            server,
            ledger,
            readiness,
            store,
            shutdown_timeout,
            ..
        } = self;
        let address = server.address();
        let watching = actix_rt::spawn(watch_clock(ledger.clone(), readiness));
        let served = tokio::select! {
            served = server.run_until_stopped(stop) => served,
            () = ledger.halted() => {
                error!("the outcome of a COMMIT is unknown; stopping, so that a restart tells");
                return Err(Problem::Halted);
            }
        };
        watching.abort();
        ledger.close();
        let drained = tokio::time::timeout(shutdown_timeout, ledger.drained());
        if drained.await.is_err() {
            warn!("some operations did not finish in time; their ids tell what became of them");
        }
        store.close().await;
        info!("stopped");
        served.map_err(|source| Problem::Server { address, source })
    }
}

/// The node is not ready while its clock is not to be believed.
async fn watch_clock(ledger: Ledger, readiness: Readiness) {
    let mut trusted = true;
    loop {
        let reading = ledger.clock();
        match (trusted, reading.trusted) {
            (true, false) => {
                error!(clock.now = %reading.now, "{CLOCK_STEPPED}");
                readiness.raise(CLOCK, CLOCK_STEPPED);
            }
            (false, true) => {
                info!("the clock agrees with monotonic time again");
                readiness.clear(CLOCK);
            }
            (true, true) | (false, false) => {}
        }
        trusted = reading.trusted;
        tokio::time::sleep(LOOK_AT_CLOCK_EVERY).await;
    }
}

/// Starts the ledger over an open store.
pub async fn start_ledger(
    settings: &Settings,
    store: &Arc<SqlStore>,
    clock: Clock,
) -> Result<Ledger, Problem> {
    let store: Arc<SqlStore> = Arc::clone(store);
    let limits = limits(settings, database::writers(settings)?);
    let ledger = Ledger::start(store, clock, limits, keys(settings)?).await?;
    Ok(ledger)
}

/// Publishes the configured catalog, or, in development, the example into a database without any.
async fn publish(settings: &Settings, ledger: &Ledger) -> Result<(), Problem> {
    let source = match &settings.catalog.file {
        Some(path) => std::fs::read_to_string(path).map_err(|source| Problem::CatalogFile {
            path: path.clone(),
            source,
        })?,
        None if ledger.catalogs().latest().is_some() => return Ok(()),
        None if settings.development => EXAMPLE.to_owned(),
        None => return Err(Problem::NoCatalog),
    };
    let published = ledger.publish_catalog(source, None).await?;
    for warning in &published.warnings {
        warn!(catalog.warning = %warning, "the catalog");
    }
    if !published.replayed {
        info!(
            catalog.version = published.catalog.version.0,
            "published the catalog"
        );
    }
    Ok(())
}

fn limits(settings: &Settings, writers: usize) -> Limits {
    Limits {
        operations_under_way_max: settings.writer.queue_operations_max,
        batch_operations_max: settings.writer.batch_operations_max,
        writers,
        deadline: Duration::from_millis(settings.writer.deadline_ms),
        accounts_resident_max: settings.actors.resident_max,
        idle_after: Duration::from_secs(settings.actors.idle_s),
        sweep: settings.sweeper.enabled.then(|| Sweep {
            chunk_accounts: settings.sweeper.chunk_accounts,
            ..Sweep::default()
        }),
        arbiters: settings.http_workers().div_ceil(2),
        ..Limits::default()
    }
}

fn keys(settings: &Settings) -> Result<Keys, Problem> {
    let named = |purpose, files| derived(purpose, files, &settings.data_dir);
    Ok(Keys {
        quotes: named("chatnow-credits 2026 quotes", &settings.quotes.key_files)?,
        prompts: named("chatnow-credits 2026 prompts", &settings.prompts.key_files)?,
    })
}

/// The keys for a purpose: of the files that are named, in their order, or of the node's own secret,
/// which is made where it is needed.
fn derived(purpose: &str, files: &[PathBuf], data_dir: &Path) -> Result<Vec<[u8; 32]>, Problem> {
    let derive = |secret: &SecretSlice<u8>| blake3::derive_key(purpose, secret.expose_secret());
    if files.is_empty() {
        return Ok(vec![derive(&read_or_create(
            &data_dir.join(NODE_KEY_FILE),
        )?)]);
    }
    let named: Result<Vec<_>, _> = files.iter().map(|file| secret_file::read(file)).collect();
    Ok(named?.iter().map(derive).collect())
}

/// The real time, for the expiry of tokens.
pub fn token_time_s() -> i64 {
    TokenTime::Real.now_s()
}
