//! What settings must be beyond their types.
//!
//! Owns the rules and their limits. It never reads a file or the environment.

use super::{AuthSettings, DatabaseSettings, HttpSettings, Settings};
use crate::{auth::Algorithm, config::ConfigProblem};

/// The greatest time limit: an hour, which no request and no client needs. A shutdown waits this long for
/// accepted requests; with the default of 5 s it ends within the 10 s that most supervisors grant.
const TIMEOUT_MS_MAX: u64 = 3_600_000;
/// The most keys of quotes: the one in use and the one before it. A quote lasts minutes, so a third
/// would be recognised for nothing.
const QUOTE_KEYS_MAX: usize = 2;
/// The most keys of prompts: the one in use and the one before it. A repeat is looked for within a day at
/// most, so a third would see nothing.
const PROMPT_KEYS_MAX: usize = 2;
/// The greatest body; a request with more would hold a worker too long.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The most transactions at once: each is a thread and a connection, and more of them than a server has
/// cores are not faster.
const WRITERS_MAX: u32 = 32;
/// The greatest chunk of a sweep: past a few thousand nothing gets faster, and each account in it may
/// have a thousand lots.
const CHUNK_ACCOUNTS_MAX: usize = 4_096;

impl Settings {
    /// The rules a type can't state.
    pub(in crate::config) fn check(&self) -> Result<(), ConfigProblem> {
        let rules = [
            (
                !self.development || self.http.listen.ip().is_loopback(),
                "http.listen",
                "development is for this machine only: listen on 127.0.0.1".to_owned(),
            ),
            (
                self.development || !self.auth.keys.is_empty() || self.auth.jwks_file.is_some(),
                "auth.keys",
                "at least one key, or auth.jwks_file, is needed outside development (--dev makes its own)".to_owned(),
            ),
            (
                (1..=BODY_BYTES_MAX).contains(&self.http.body_bytes_max),
                "http.body_bytes_max",
                format!("must be 1 to {BODY_BYTES_MAX}"),
            ),
            (
                (1..self.http.request_deadline_ms).contains(&self.writer.deadline_ms),
                "writer.deadline_ms",
                "must be at least 1 and less than http.request_deadline_ms".to_owned(),
            ),
            (
                self.writer.queue_operations_max > 0,
                "writer.queue_operations_max",
                "must be at least 1".to_owned(),
            ),
            (
                self.writer.batch_operations_max > 0,
                "writer.batch_operations_max",
                "must be at least 1".to_owned(),
            ),
            (
                self.actors.resident_max > 0,
                "actors.resident_max",
                "must be at least 1".to_owned(),
            ),
            (
                self.quotes.key_files.len() <= QUOTE_KEYS_MAX,
                "quotes.key_files",
                format!("at most {QUOTE_KEYS_MAX}: the new key, then the one before it"),
            ),
            (
                (1..=CHUNK_ACCOUNTS_MAX).contains(&self.sweeper.chunk_accounts),
                "sweeper.chunk_accounts",
                format!("must be 1 to {CHUNK_ACCOUNTS_MAX}"),
            ),
            (
                self.prompts.key_files.len() <= PROMPT_KEYS_MAX,
                "prompts.key_files",
                format!("at most {PROMPT_KEYS_MAX}: the new key, then the one before it"),
            ),
        ];
        // First: other rules compare with these.
        self.check_timeouts()?;
        all_hold(rules)?;
        self.database.check()?;
        self.auth.check()?;
        self.http.check()
    }
}

impl Settings {
    fn check_timeouts(&self) -> Result<(), ConfigProblem> {
        let http = &self.http;
        all_hold(
            [
                ("http.request_deadline_ms", 1, http.request_deadline_ms),
                ("http.head_timeout_ms", 1, http.head_timeout_ms),
                ("http.keep_alive_ms", 1, http.keep_alive_ms),
                ("http.init_timeout_ms", 1, http.init_timeout_ms),
                ("http.ping_interval_ms", 1, http.ping_interval_ms),
                ("http.send_timeout_ms", 1, http.send_timeout_ms),
                ("http.linger_timeout_ms", 1, http.linger_timeout_ms),
                ("http.shutdown_notice_ms", 0, http.shutdown_notice_ms),
                ("database.busy_timeout_ms", 0, self.database.busy_timeout_ms),
                (
                    "writer.shutdown_timeout_ms",
                    0,
                    self.writer.shutdown_timeout_ms,
                ),
            ]
            .map(|(key, least, value)| {
                let holds = (least..=TIMEOUT_MS_MAX).contains(&value);
                (holds, key, format!("must be {least} to {TIMEOUT_MS_MAX}"))
            }),
        )
    }
}

impl DatabaseSettings {
    fn check(&self) -> Result<(), ConfigProblem> {
        all_hold([
            (
                (1..=WRITERS_MAX).contains(&self.writers),
                "database.writers",
                format!("must be 1 to {WRITERS_MAX}"),
            ),
            (
                self.readers > 0,
                "database.readers",
                "must be at least 1".to_owned(),
            ),
            (
                (1..=self.call_timeout_ms).contains(&self.statement_timeout_ms)
                    && (1..=self.call_timeout_ms).contains(&self.lock_timeout_ms),
                "database.call_timeout_ms",
                "must not be less than statement_timeout_ms and lock_timeout_ms, which must be at least 1"
                    .to_owned(),
            ),
        ])
    }
}

/// The first of the rules that does not hold is told.
fn all_hold<const COUNT: usize>(
    rules: [(bool, &'static str, String); COUNT],
) -> Result<(), ConfigProblem> {
    match rules.into_iter().find(|(holds, ..)| !holds) {
        Some((_, key, rule)) => Err(ConfigProblem::invalid(key, rule)),
        None => Ok(()),
    }
}

impl HttpSettings {
    fn check(&self) -> Result<(), ConfigProblem> {
        let plain = |origin: &String| {
            let host = origin.split_once("://");
            matches!(host, Some(("http" | "https", host)) if !host.is_empty() && !host.contains('/'))
        };
        match self.allowed_origins.iter().find(|origin| !plain(origin)) {
            Some(origin) => Err(ConfigProblem::invalid(
                "http.allowed_origins",
                format!("\"{origin}\" is no origin: write scheme, host and port, without a path"),
            )),
            None => Ok(()),
        }
    }
}

impl AuthSettings {
    fn check(&self) -> Result<(), ConfigProblem> {
        for (index, key) in self.keys.iter().enumerate() {
            let name = format!("auth.keys[{index}]");
            match (key.algorithm, &key.secret, &key.public_key_file) {
                (Algorithm::Hs256, Some(_), None) => {}
                (Algorithm::Hs256, _, _) => {
                    return Err(ConfigProblem::invalid(
                        name,
                        "HS256 takes secret and nothing else",
                    ));
                }
                (Algorithm::EdDsa | Algorithm::Es256, None, Some(_)) => {}
                (Algorithm::EdDsa | Algorithm::Es256, _, _) => {
                    let rule = "EdDSA and ES256 take public_key_file and nothing else";
                    return Err(ConfigProblem::invalid(name, rule));
                }
            }
        }
        Ok(())
    }
}
