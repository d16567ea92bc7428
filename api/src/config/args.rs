//! Every setting as a flag and an environment variable.
//!
//! Owns the texts of `--help`. It states no defaults; those are in `settings.rs`, and
//! a test compares the two where the help names one.

mod http;

use std::path::PathBuf;

use clap::Args;
use config::Value;

pub use self::http::HttpArgs;
use crate::telemetry::LogFormat;

/// The flags of every command that needs the configuration. A flag overrules its variable, and that
/// the file.
#[derive(Args, Clone, Debug, Default)]
pub struct ServeArgs {
    /// The configuration file; `credits.toml` is read if it is there
    #[arg(long, value_name = "FILE", env = "CREDITS__CONFIG")]
    pub config: Option<PathBuf>,
    /// Development: own token key, pages of this machine may call. Only on a loopback address
    #[arg(long = "dev", visible_alias = "development", env = "CREDITS__DEVELOPMENT", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub development: Option<bool>,
    /// Directory of the database and the development key [file: data_dir] [default: ./data]
    #[arg(long, value_name = "DIR", env = "CREDITS__DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// The server.
    #[command(flatten)]
    pub http: HttpArgs,
    /// Database: sqlite://PATH or postgres://… [file: database.url] [default: credits.db in the data directory]
    #[arg(
        long,
        value_name = "URL",
        env = "CREDITS__DATABASE__URL",
        help_heading = "Database"
    )]
    pub database_url: Option<String>,
    /// Transactions written at once on PostgreSQL [file: database.writers] [default: 4]
    #[arg(
        long,
        value_name = "COUNT",
        env = "CREDITS__DATABASE__WRITERS",
        help_heading = "Database"
    )]
    pub database_writers: Option<u32>,
    /// Connections that read on PostgreSQL [file: database.readers] [default: 8]
    #[arg(
        long,
        value_name = "COUNT",
        env = "CREDITS__DATABASE__READERS",
        help_heading = "Database"
    )]
    pub database_readers: Option<u32>,
    /// Longest statement on PostgreSQL, in milliseconds [file: database.statement_timeout_ms] [default: 2500]
    #[arg(
        long,
        value_name = "MS",
        env = "CREDITS__DATABASE__STATEMENT_TIMEOUT_MS",
        help_heading = "Database"
    )]
    pub database_statement_timeout_ms: Option<u32>,
    /// Longest wait for a lock on PostgreSQL, in milliseconds [file: database.lock_timeout_ms] [default: 2000]
    #[arg(
        long,
        value_name = "MS",
        env = "CREDITS__DATABASE__LOCK_TIMEOUT_MS",
        help_heading = "Database"
    )]
    pub database_lock_timeout_ms: Option<u32>,
    /// Longest call of PostgreSQL before its connections are given up, in milliseconds [file:
    /// database.call_timeout_ms] [default: 3000]
    #[arg(
        long,
        value_name = "MS",
        env = "CREDITS__DATABASE__CALL_TIMEOUT_MS",
        help_heading = "Database"
    )]
    pub database_call_timeout_ms: Option<u32>,
    /// Longest wait for another connection to a SQLite file, in milliseconds [file:
    /// database.busy_timeout_ms] [default: 5000]
    #[arg(
        long,
        value_name = "MS",
        env = "CREDITS__DATABASE__BUSY_TIMEOUT_MS",
        help_heading = "Database"
    )]
    pub database_busy_timeout_ms: Option<u32>,
    /// Bring the tables up to date at start; else they have to be [file: database.migrate] [default: true]
    #[arg(
        long,
        value_name = "BOOL",
        env = "CREDITS__DATABASE__MIGRATE",
        help_heading = "Database"
    )]
    pub database_migrate: Option<bool>,
    /// Most operations that wait for a transaction [file: writer.queue_operations_max] [default: 4096]
    #[arg(
        long,
        value_name = "COUNT",
        env = "CREDITS__WRITER__QUEUE_OPERATIONS_MAX",
        help_heading = "Database"
    )]
    pub writer_queue_operations_max: Option<u32>,
    /// Most operations in one transaction [file: writer.batch_operations_max] [default: 512]
    #[arg(
        long,
        value_name = "COUNT",
        env = "CREDITS__WRITER__BATCH_OPERATIONS_MAX",
        help_heading = "Database"
    )]
    pub writer_batch_operations_max: Option<u32>,
    /// Longest wait for an outcome, in milliseconds [file: writer.deadline_ms] [default: 3500]
    #[arg(
        long,
        value_name = "MS",
        env = "CREDITS__WRITER__DEADLINE_MS",
        help_heading = "Database"
    )]
    pub writer_deadline_ms: Option<u32>,
    /// Longest wait for accepted operations at shutdown, in milliseconds [file:
    /// writer.shutdown_timeout_ms] [default: 2000]
    #[arg(
        long,
        value_name = "MS",
        env = "CREDITS__WRITER__SHUTDOWN_TIMEOUT_MS",
        help_heading = "Database"
    )]
    pub writer_shutdown_timeout_ms: Option<u32>,
    /// Most accounts in memory [file: actors.resident_max] [default: 50000]
    #[arg(
        long,
        value_name = "COUNT",
        env = "CREDITS__ACTORS__RESIDENT_MAX",
        help_heading = "Database"
    )]
    pub actors_resident_max: Option<u32>,
    /// Seconds without a message after which an account leaves memory [file: actors.idle_s] [default: 300]
    #[arg(
        long,
        value_name = "S",
        env = "CREDITS__ACTORS__IDLE_S",
        help_heading = "Database"
    )]
    pub actors_idle_s: Option<u32>,
    /// Renew, expire and end holds at their instant on accounts that nobody touches; else it is done at
    /// their next touch [file: sweeper.enabled] [default: true]
    #[arg(
        long,
        value_name = "BOOL",
        env = "CREDITS__SWEEPER__ENABLED",
        help_heading = "Database"
    )]
    pub sweeper_enabled: Option<bool>,
    /// Accounts that the sweeper loads and decides at a time [file: sweeper.chunk_accounts] [default: 512]
    #[arg(
        long,
        value_name = "COUNT",
        env = "CREDITS__SWEEPER__CHUNK_ACCOUNTS",
        help_heading = "Database"
    )]
    pub sweeper_chunk_accounts: Option<u32>,
    /// What `iss` of a token must be [file: auth.issuer] [default: chatnow]
    #[arg(
        long,
        value_name = "TEXT",
        env = "CREDITS__AUTH__ISSUER",
        help_heading = "Tokens (keys: auth.keys in the file)"
    )]
    pub auth_issuer: Option<String>,
    /// What `aud` of a token must hold [file: auth.audience] [default: chatnow-credits]
    #[arg(
        long,
        value_name = "TEXT",
        env = "CREDITS__AUTH__AUDIENCE",
        help_heading = "Tokens (keys: auth.keys in the file)"
    )]
    pub auth_audience: Option<String>,
    /// JWKS file with the keys of the issuer [file: auth.jwks_file] [default: none]
    #[arg(
        long,
        value_name = "FILE",
        env = "CREDITS__AUTH__JWKS_FILE",
        help_heading = "Tokens (keys: auth.keys in the file)"
    )]
    pub auth_jwks_file: Option<PathBuf>,
    /// Catalog to publish at start [file: catalog.file] [default: in development the built-in example, once]
    #[arg(long, value_name = "FILE", env = "CREDITS__CATALOG__FILE")]
    pub catalog_file: Option<PathBuf>,
    /// Files of 32 random bytes that seal quotes on every node, the one in use first, then the one
    /// before it [file: quotes.key_files] [default: node.key in the data directory]
    #[arg(
        long,
        value_name = "FILES",
        env = "CREDITS__QUOTES__KEY_FILES",
        value_delimiter = ','
    )]
    pub quotes_key_files: Option<Vec<String>>,
    /// Files of 32 random bytes that hash prompts on every node, the one in use first, then the one
    /// before it [file: prompts.key_files] [default: node.key in the data directory]
    #[arg(
        long,
        value_name = "FILES",
        env = "CREDITS__PROMPTS__KEY_FILES",
        value_delimiter = ','
    )]
    pub prompts_key_files: Option<Vec<String>>,
    /// Text for people or JSON for collectors [file: log.format] [default: text]
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        env = "CREDITS__LOG__FORMAT",
        help_heading = "Logs"
    )]
    pub log_format: Option<LogFormat>,
    /// Levels by target, such as info,access=debug [file: log.filter] [default: info,actix_server=warn,sea_orm_migration=warn]
    #[arg(
        long,
        value_name = "FILTER",
        env = "CREDITS__LOG__FILTER",
        help_heading = "Logs"
    )]
    pub log_filter: Option<String>,
}

/// A list that was given.
fn list(given: &Option<Vec<String>>) -> Option<Value> {
    given.clone().map(Value::from)
}

impl ServeArgs {
    /// The numbers that were given about the database, by key.
    fn number_overrides(&self) -> [(&'static str, Option<Value>); 7] {
        [
            (
                "writer.shutdown_timeout_ms",
                self.writer_shutdown_timeout_ms,
            ),
            ("database.writers", self.database_writers),
            ("database.readers", self.database_readers),
            (
                "database.statement_timeout_ms",
                self.database_statement_timeout_ms,
            ),
            ("database.lock_timeout_ms", self.database_lock_timeout_ms),
            ("database.call_timeout_ms", self.database_call_timeout_ms),
            ("database.busy_timeout_ms", self.database_busy_timeout_ms),
        ]
        .map(|(key, value)| (key, value.map(Value::from)))
    }

    /// What was given, by key.
    pub(super) fn overrides(&self) -> Vec<(&'static str, Value)> {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let format = self.log_format.map(|format| match format {
            LogFormat::Text => "text",
            LogFormat::Json => "json",
        });
        let given = [
            ("development", self.development.map(Value::from)),
            ("data_dir", path(&self.data_dir).map(Value::from)),
            ("database.url", self.database_url.clone().map(Value::from)),
            ("database.migrate", self.database_migrate.map(Value::from)),
            (
                "writer.queue_operations_max",
                self.writer_queue_operations_max.map(Value::from),
            ),
            (
                "writer.batch_operations_max",
                self.writer_batch_operations_max.map(Value::from),
            ),
            (
                "writer.deadline_ms",
                self.writer_deadline_ms.map(Value::from),
            ),
            (
                "actors.resident_max",
                self.actors_resident_max.map(Value::from),
            ),
            ("actors.idle_s", self.actors_idle_s.map(Value::from)),
            ("sweeper.enabled", self.sweeper_enabled.map(Value::from)),
            (
                "sweeper.chunk_accounts",
                self.sweeper_chunk_accounts.map(Value::from),
            ),
            ("auth.issuer", self.auth_issuer.clone().map(Value::from)),
            ("auth.audience", self.auth_audience.clone().map(Value::from)),
            (
                "auth.jwks_file",
                path(&self.auth_jwks_file).map(Value::from),
            ),
            ("catalog.file", path(&self.catalog_file).map(Value::from)),
            ("quotes.key_files", list(&self.quotes_key_files)),
            ("prompts.key_files", list(&self.prompts_key_files)),
            ("log.format", format.map(Value::from)),
            ("log.filter", self.log_filter.clone().map(Value::from)),
        ];
        given
            .into_iter()
            .chain(self.number_overrides())
            .chain(self.http.overrides())
            .filter_map(|(key, value)| Some((key, value?)))
            .collect()
    }
}
