//! A service in this process: the real one, on a port and a database of its own.
//!
//! Owns its start, its clocks, its stop and what is left on disk in between. The clocks are manual: tests
//! move time, and never wait for it. All time limits are an hour, so that a slow machine decides nothing; a
//! test about a time limit shortens that one.

use std::{net::SocketAddr, path::Path, sync::Arc};

use actix_rt::task::JoinHandle;
use chrono::TimeDelta;
use credits_api::{
    app::{Application, Problem, token_time_s},
    auth::{Scope, TokenMint, TokenTime},
    config::{
        ActorSettings, CatalogSettings, DatabaseSettings, HttpSettings, LogSettings, Settings,
        WriterSettings,
    },
    database::open_to_write,
};
use credits_core::{clock::Clock, domain::time::Instant, ledger::Ledger};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::{client::Client, need::require, socket::Socket};
use crate::cluster::Cluster;

/// The catalog of the tests.
pub const CATALOG: &str = include_str!("story.toml");
/// When every story begins: on a 31st, so that months of all lengths follow.
pub const START: &str = "2026-01-31T10:00:00Z";
/// Names the database that services are put on, unless it is a file: `postgres`.
pub const ON: &str = "CREDITS_TEST_ON";
/// Tokens outlast every test.
const TOKEN_TTL_S: u32 = 86_400;
/// An hour: longer than any test lasts on any machine.
const HOUR_MS: u64 = 3_600_000;

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// A browser's: reads its own account.
    User,
    /// A studio's backend: spends and bills on any account, and publishes catalogs.
    Studio,
}

impl Rights {
    fn scopes(self) -> &'static [Scope] {
        match self {
            Rights::User => &[Scope::CreditsRead, Scope::PreferencesWrite],
            Rights::Studio => &[
                Scope::CreditsRead,
                Scope::CreditsSpend,
                Scope::BillingWrite,
                Scope::CatalogWrite,
                Scope::AccountsAny,
            ],
        }
    }
}

/// A service that runs in this process until it is stopped or its test ends.
pub struct Service {
    directory: Arc<TempDir>,
    settings: Settings,
    clock: Clock,
    token_clock: Clock,
    address: SocketAddr,
    ledger: Ledger,
    mint: TokenMint,
    stop: CancellationToken,
    serving: JoinHandle<Result<(), Problem>>,
}

impl Service {
    /// A new service over a new database, with the catalog of the tests and nothing else in it.
    pub async fn start() -> Service {
        Service::start_with(|_| {}).await
    }

    /// As [`Service::start`], with changed settings.
    pub async fn start_with(change: impl FnOnce(&mut Settings)) -> Service {
        Service::start_as(change, Clock::manual(instant(START), 0.0)).await
    }

    /// As [`Service::start`], by another clock.
    pub async fn start_by(clock: Clock) -> Service {
        Service::start_as(|_| {}, clock).await
    }

    /// A new service over a new database on PostgreSQL.
    pub async fn start_on_postgres() -> Service {
        require("PostgreSQL", Cluster::shared().is_some());
        let clock = Clock::manual(instant(START), 0.0);
        Service::start_on(true, |_| {}, clock).await
    }

    async fn start_as(change: impl FnOnce(&mut Settings), clock: Clock) -> Service {
        let on_server = std::env::var(ON).is_ok_and(|on| on == "postgres");
        Service::start_on(on_server, change, clock).await
    }

    async fn start_on(server: bool, change: impl FnOnce(&mut Settings), clock: Clock) -> Service {
        let directory = tempfile::tempdir().expect("a directory for temporary files can be made");
        let catalog = directory.path().join("story.toml");
        std::fs::write(catalog, CATALOG).expect("a new directory can be written to");
        let mut settings = settings(&directory);
        if server {
            Box::pin(on_postgres(&mut settings)).await;
        }
        change(&mut settings);
        let now = Instant::from_micros(token_time_s() * 1_000_000);
        let token_clock = Clock::manual(now.expect("it is after 1970"), 0.0);
        Service::open(Arc::new(directory), settings, clock, token_clock).await
    }

    /// Another node on the same database, by the same clock.
    pub async fn another(&self) -> Service {
        let directory = Arc::clone(&self.directory);
        let (clock, token_clock) = (self.clock.clone(), self.token_clock.clone());
        Service::open(directory, self.settings.clone(), clock, token_clock).await
    }

    async fn open(
        directory: Arc<TempDir>,
        settings: Settings,
        clock: Clock,
        token_clock: Clock,
    ) -> Service {
        let token_time = TokenTime::Of(token_clock.clone());
        // In a box: a story starts several services, and its own stack would have to hold them all.
        let built = Box::pin(Application::build_with(
            &settings,
            clock.clone(),
            token_time,
        ))
        .await;
        let application = built.unwrap_or_else(|problem| panic!("the service starts: {problem}"));
        let address = application.address();
        let ledger = application.ledger().clone();
        let mint = credits_api::auth::open(&settings).expect("the development key was made");
        let stop = CancellationToken::new();
        let serving = actix_rt::spawn(application.run_until_stopped(stop.clone()));
        Service {
            directory,
            settings,
            clock,
            token_clock,
            address,
            ledger,
            mint: mint.mint.expect("development has a mint"),
            stop,
            serving,
        }
    }

    /// The same database under a new service, at the same time.
    pub async fn restart(self) -> Service {
        let directory = Arc::clone(&self.directory);
        let (clock, token_clock) = (self.clock.clone(), self.token_clock.clone());
        let settings = self.settings.clone();
        self.stop().await;
        Service::open(directory, settings, clock, token_clock).await
    }

    /// As [`Service::restart`], with changed settings.
    pub async fn restart_with(mut self, change: impl FnOnce(&mut Settings)) -> Service {
        change(&mut self.settings);
        self.restart().await
    }

    /// Stops in order. Fails if the service says that something went wrong.
    pub async fn stop(self) {
        self.stop.cancel();
        let served = self.serving.await.expect("the service does not panic");
        served.unwrap_or_else(|problem| panic!("the service stops in order: {problem}"));
    }

    /// Moves the clock.
    pub fn set_time(&self, to: &str) {
        assert!(self.clock.set(instant(to)), "the clock is manual");
    }

    /// Lets a day pass for tokens, and the leeway that clocks have: every token that was made before ends.
    pub fn end_tokens(&self) {
        let later = self.token_clock.read().now;
        let later = later.saturating_add(TimeDelta::days(1) + TimeDelta::minutes(1));
        assert!(self.token_clock.set(later), "the clock is manual");
    }

    /// Its settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The URL of its database.
    pub fn database_url(&self) -> String {
        self.settings.database_url()
    }

    /// Where its database is.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The ledger behind the API, for what no client can do: to close it, for instance.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A client with the studio's token.
    pub fn studio(&self) -> Client {
        self.client("studio", Rights::Studio)
    }

    /// A client with the token of a user who owns `account`.
    pub fn user(&self, account: &str) -> Client {
        self.client(account, Rights::User)
    }

    /// A client with a token for `subject`.
    pub fn client(&self, subject: &str, rights: Rights) -> Client {
        Client::new(self.address, Some(&self.token(subject, rights)))
    }

    /// A token for `subject`. It is good until [`Service::end_tokens`].
    pub fn token(&self, subject: &str, rights: Rights) -> String {
        self.token_with(subject, rights.scopes())
    }

    /// A token for `subject` with these scopes alone.
    pub fn token_with(&self, subject: &str, scopes: &[Scope]) -> String {
        let scopes = scopes.iter().copied().collect();
        let now_s = TokenTime::Of(self.token_clock.clone()).now_s();
        let token = self.mint.mint(subject, scopes, now_s, TOKEN_TTL_S);
        token.expect("the development key signs")
    }

    /// An acknowledged socket with the studio's token.
    pub async fn socket(&self) -> Socket {
        Socket::ready(self.address, &self.token("studio", Rights::Studio)).await
    }

    /// A client without a token.
    pub fn nobody(&self) -> Client {
        Client::new(self.address, None)
    }
}

/// Puts a service on a new database of this process's own cluster.
async fn on_postgres(settings: &mut Settings) {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    let cluster = Cluster::shared().expect("PostgreSQL is there");
    let template = TEMPLATE.get_or_init(|| async {
        let name = cluster.database(None);
        let mut settings = settings.clone();
        settings.database.url = Some(cluster.url(&name));
        let store = open_to_write(&settings).await.expect("the tables are made");
        store.close().await;
        name
    });
    let name = cluster.database(Some(template.await));
    settings.database.url = Some(cluster.url(&name));
    // Two tests at a time, some with four nodes, share a hundred connections.
    settings.database.writers = 2;
    settings.database.readers = 2;
}

/// The instant that a text names.
pub fn instant(text: &str) -> Instant {
    Instant::parse(text).unwrap_or_else(|| panic!("{text} is an instant"))
}

/// Settings whose time limits are an hour: no test fails because its machine is slow.
pub fn patient() -> Settings {
    Settings {
        http: HttpSettings {
            request_deadline_ms: HOUR_MS,
            head_timeout_ms: HOUR_MS,
            keep_alive_ms: HOUR_MS,
            init_timeout_ms: HOUR_MS,
            ping_interval_ms: HOUR_MS,
            send_timeout_ms: HOUR_MS,
            // A test that stops a service drops its sockets first.
            linger_timeout_ms: HOUR_MS,
            // Not a limit, but a pause.
            shutdown_notice_ms: 0,
            ..HttpSettings::default()
        },
        database: DatabaseSettings {
            statement_timeout_ms: HOUR_MS,
            lock_timeout_ms: HOUR_MS,
            call_timeout_ms: HOUR_MS,
            busy_timeout_ms: HOUR_MS,
            ..DatabaseSettings::default()
        },
        writer: WriterSettings {
            // Less than that of the request.
            deadline_ms: HOUR_MS - 1,
            shutdown_timeout_ms: HOUR_MS,
            ..WriterSettings::default()
        },
        actors: ActorSettings {
            idle_s: HOUR_MS / 1_000,
            ..ActorSettings::default()
        },
        ..Settings::default()
    }
}

fn settings(directory: &TempDir) -> Settings {
    let patient = patient();
    Settings {
        development: true,
        data_dir: directory.path().to_owned(),
        http: HttpSettings {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            workers: 2,
            ..patient.http
        },
        catalog: CatalogSettings {
            file: Some(directory.path().join("story.toml")),
        },
        log: LogSettings::default(),
        ..patient
    }
}
