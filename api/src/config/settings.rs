//! The settings, each with its unit, its default and its rule.
//!
//! Owns all defaults of the program: nothing else states one.

mod check;

use std::{
    net::{Ipv4Addr, SocketAddr},
    num::NonZero,
    path::PathBuf,
    thread,
    time::Duration,
};

use secrecy::SecretString;
use serde::{Deserialize, Deserializer};

use crate::{auth::Algorithm, http::Timeouts, telemetry::LogFormat};

/// Everything that can be set.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Development: makes its own token key, lets pages of this machine call, allows the manual
    /// clock. Refused on any address but this machine's own.
    pub development: bool,
    /// Where the database and the development key are, unless they are set otherwise.
    pub data_dir: PathBuf,
    /// The server.
    pub http: HttpSettings,
    /// The database.
    pub database: DatabaseSettings,
    /// Tokens.
    pub auth: AuthSettings,
    /// The group commit.
    pub writer: WriterSettings,
    /// The accounts in memory.
    pub actors: ActorSettings,
    /// What is due on accounts that nobody touches.
    pub sweeper: SweeperSettings,
    /// Logs.
    pub log: LogSettings,
    /// The catalog.
    pub catalog: CatalogSettings,
    /// Quotes.
    pub quotes: QuoteSettings,
    /// Prompts.
    pub prompts: PromptSettings,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            development: false,
            data_dir: PathBuf::from("./data"),
            http: HttpSettings::default(),
            database: DatabaseSettings::default(),
            auth: AuthSettings::default(),
            writer: WriterSettings::default(),
            actors: ActorSettings::default(),
            sweeper: SweeperSettings::default(),
            log: LogSettings::default(),
            catalog: CatalogSettings::default(),
            quotes: QuoteSettings::default(),
            prompts: PromptSettings::default(),
        }
    }
}

/// `http`: the server.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpSettings {
    /// The address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The port, in place of that of `listen`: for a second server beside a first.
    pub port: Option<u16>,
    /// The origins whose pages may call, such as `https://studio.example`.
    pub allowed_origins: Vec<String>,
    /// The longest request body, in bytes.
    pub body_bytes_max: usize,
    /// The longest execution of a request, in milliseconds. A shutdown waits a second longer for accepted
    /// requests.
    pub request_deadline_ms: u64,
    /// The longest that a new connection may take to send the head of its first request, in
    /// milliseconds.
    pub head_timeout_ms: u64,
    /// How long a connection stays open between two requests, in milliseconds.
    pub keep_alive_ms: u64,
    /// The longest that a new socket may take to send its first message, in milliseconds.
    pub init_timeout_ms: u64,
    /// The time between two pings of a socket, and between two comments of an event stream, in
    /// milliseconds. A socket that sends nothing between two pings is closed.
    pub ping_interval_ms: u64,
    /// The longest that a client may take to make room for what it is sent, in milliseconds; then its
    /// connection ends.
    pub send_timeout_ms: u64,
    /// How long a connection that ends stays open for what its client still sends, in milliseconds: so that
    /// the client reads the last answer and not a reset.
    pub linger_timeout_ms: u64,
    /// How long a node still listens after it has said that it is leaving, in milliseconds: a balancer
    /// that polls it sends new requests elsewhere meanwhile.
    pub shutdown_notice_ms: u64,
    /// The most sockets and event streams open at a time. Each takes about 30 KiB and a file
    /// descriptor.
    pub streams_max: usize,
    /// Worker threads; 0 means one for each core.
    pub workers: usize,
}

impl Default for HttpSettings {
    fn default() -> HttpSettings {
        HttpSettings {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            port: None,
            allowed_origins: Vec::new(),
            body_bytes_max: 256 * 1024,
            request_deadline_ms: 5_000,
            head_timeout_ms: 5_000,
            keep_alive_ms: 5_000,
            init_timeout_ms: 3_000,
            // Well below the minute of silence after which proxies close.
            ping_interval_ms: 12_000,
            // Longer than a phone loses its network in a tunnel.
            send_timeout_ms: 10_000,
            linger_timeout_ms: 1_000,
            shutdown_notice_ms: 500,
            streams_max: 20_000,
            workers: 0,
        }
    }
}

/// `database`: where the ledger is.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseSettings {
    /// Such as `sqlite://./data/credits.db` or `postgres://credits@db.example/credits`; `credits.db` in
    /// the data directory unless set. How TLS is used is said by its `sslmode`.
    pub url: Option<String>,
    /// Transactions that are written at once, accounts being divided among them; PostgreSQL only.
    pub writers: u32,
    /// Connections that read; PostgreSQL only.
    pub readers: u32,
    /// The longest that a statement may take on the server, in milliseconds; PostgreSQL only.
    pub statement_timeout_ms: u64,
    /// The longest that a statement waits for a lock, in milliseconds; PostgreSQL only.
    pub lock_timeout_ms: u64,
    /// The longest that a call may take as this node sees it, in milliseconds: after it the connection
    /// is given up; PostgreSQL only.
    pub call_timeout_ms: u64,
    /// The longest that a statement waits for another connection to the file, and a reader for a free
    /// connection, in milliseconds; SQLite only.
    pub busy_timeout_ms: u64,
    /// Whether `serve` brings the tables up to date. Without it they have to be; `credits migrate` does
    /// it as their owner.
    pub migrate: bool,
}

impl Default for DatabaseSettings {
    fn default() -> DatabaseSettings {
        DatabaseSettings {
            url: None,
            writers: 4,
            readers: 8,
            statement_timeout_ms: 2_500,
            lock_timeout_ms: 2_000,
            call_timeout_ms: 3_000,
            busy_timeout_ms: 5_000,
            migrate: true,
        }
    }
}

/// `auth`: whose tokens are good.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthSettings {
    /// What `iss` must be.
    pub issuer: String,
    /// What `aud` must hold.
    pub audience: String,
    /// The keys, all live at once; two during a rotation. Only in the file.
    pub keys: Vec<KeySettings>,
    /// A JWKS file with more keys.
    pub jwks_file: Option<PathBuf>,
}

impl Default for AuthSettings {
    fn default() -> AuthSettings {
        AuthSettings {
            issuer: "chatnow".to_owned(),
            audience: "chatnow-credits".to_owned(),
            keys: Vec::new(),
            jwks_file: None,
        }
    }
}

/// One of `auth.keys`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySettings {
    /// The id by which tokens choose this key.
    pub kid: Option<String>,
    /// `HS256`, `EdDSA` or `ES256`.
    pub algorithm: Algorithm,
    /// For HS256: at least 32 bytes.
    #[serde(default, deserialize_with = "secret")]
    pub secret: Option<SecretString>,
    /// For EdDSA and ES256: a PEM file.
    pub public_key_file: Option<PathBuf>,
}

/// `writer`: the group commit.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WriterSettings {
    /// The most operations that wait for a transaction; beyond it is `OVERLOADED`.
    pub queue_operations_max: usize,
    /// The most operations in one transaction.
    pub batch_operations_max: usize,
    /// How long an operation may wait for its outcome, in milliseconds. Less than
    /// `http.request_deadline_ms`, so that the answer names the operation.
    pub deadline_ms: u64,
    /// The longest that accepted operations may take after the server has stopped, in milliseconds.
    pub shutdown_timeout_ms: u64,
}

impl Default for WriterSettings {
    fn default() -> WriterSettings {
        WriterSettings {
            queue_operations_max: 4_096,
            batch_operations_max: 512,
            deadline_ms: 3_500,
            shutdown_timeout_ms: 2_000,
        }
    }
}

/// `actors`: the accounts in memory.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ActorSettings {
    /// The most accounts in memory.
    pub resident_max: usize,
    /// After how many seconds without a message an account leaves memory.
    pub idle_s: u64,
}

impl Default for ActorSettings {
    fn default() -> ActorSettings {
        ActorSettings {
            resident_max: 50_000,
            idle_s: 300,
        }
    }
}

/// `sweeper`: who does what is due on accounts that nobody touches.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SweeperSettings {
    /// Whether this process does. If nobody does, balances are as right: what is due is done at the
    /// next touch of the account, and feeds show it seconds later.
    pub enabled: bool,
    /// How many accounts are loaded and decided at a time. Three times as many are in memory. On
    /// PostgreSQL it is at most 128, and no more than these are in memory.
    pub chunk_accounts: usize,
}

impl Default for SweeperSettings {
    fn default() -> SweeperSettings {
        SweeperSettings {
            enabled: true,
            chunk_accounts: 512,
        }
    }
}

/// `log`: what is logged, and how.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// `text` for people, `json` for collectors.
    pub format: LogFormat,
    /// Levels by target, such as `info,access=debug` for a line for each request.
    pub filter: String,
}

impl Default for LogSettings {
    fn default() -> LogSettings {
        LogSettings {
            format: LogFormat::Text,
            filter: "info,actix_server=warn,sea_orm_migration=warn".to_owned(),
        }
    }
}

/// `catalog`: what is sold and what it costs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CatalogSettings {
    /// A TOML file to publish at start if it differs from the latest version. Unless set, a database
    /// without any gets the built-in example in development, and is refused elsewhere.
    pub file: Option<PathBuf>,
}

/// `quotes`: what seals them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuoteSettings {
    /// Files of 32 random bytes that all nodes share. The first one seals; a second one is still
    /// recognised, while the key changes. `node.key` in the data directory unless set.
    pub key_files: Vec<PathBuf>,
}

/// `prompts`: what hashes them. They are never stored.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PromptSettings {
    /// Files of 32 random bytes that all nodes share. The first one hashes; what was hashed by a second
    /// one is still seen as a repeat, while the key changes. `node.key` in the data directory unless set.
    pub key_files: Vec<PathBuf>,
}

impl Settings {
    /// The database, with its default in the data directory.
    pub fn database_url(&self) -> String {
        match &self.database.url {
            Some(url) => url.clone(),
            None => format!("sqlite://{}/credits.db", self.data_dir.display()),
        }
    }

    /// The number of threads that answer requests.
    pub fn http_workers(&self) -> usize {
        match self.http.workers {
            0 => thread::available_parallelism().map_or(1, NonZero::get),
            count => count,
        }
    }
}

impl HttpSettings {
    /// The address to bind, with the port that counts.
    pub fn address(&self) -> SocketAddr {
        let mut address = self.listen;
        if let Some(port) = self.port {
            address.set_port(port);
        }
        address
    }

    /// How long requests and clients may take.
    pub fn timeouts(&self) -> Timeouts {
        Timeouts {
            request: Duration::from_millis(self.request_deadline_ms),
            head: Duration::from_millis(self.head_timeout_ms),
            keep_alive: Duration::from_millis(self.keep_alive_ms),
            init: Duration::from_millis(self.init_timeout_ms),
            ping_interval: Duration::from_millis(self.ping_interval_ms),
            send: Duration::from_millis(self.send_timeout_ms),
            linger: Duration::from_millis(self.linger_timeout_ms),
            shutdown_notice: Duration::from_millis(self.shutdown_notice_ms),
        }
    }
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(SecretString::from))
}
