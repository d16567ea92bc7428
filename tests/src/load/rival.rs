//! Who is measured: the product, its twin, the floor; each on threads of its own.
//!
//! Owns how each is started with its accounts, and how it is audited: what was acknowledged is in its
//! ledger.

use std::{
    collections::HashSet,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::mpsc,
    thread::{self, JoinHandle},
};

use credits_api::{
    app::{Application, token_time_s},
    auth::{self, Scope},
    config::{CatalogSettings, HttpSettings, Settings},
};
use credits_core::{
    clock::Clock,
    domain::{
        catalog::BillingInterval,
        command::{Command, Request},
        ids::{AccountId, OperationId, PlanId},
    },
    ledger::Ledger,
};
use futures_util::future::try_join_all;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    place::{Ground, Place},
    request::{Asked, account},
};
use crate::{harness::CATALOG, twin};

/// Credits an account begins with: more than any run consumes.
const CREDITS: i64 = 1_000_000_000;
/// Accounts opened at once.
const OPENED_AT_ONCE: usize = 500;
/// Longer than any comparison.
const TOKEN_TTL_S: u32 = 86_400;

/// The catalog's file in a service's directory.
pub(super) const CATALOG_FILE: &str = "load.toml";

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Rival {
    /// The product.
    Ours,
    /// One transaction for each charge.
    Twin,
    /// A constant.
    Floor,
}

/// A rival that serves.
pub struct Running {
    rival: Rival,
    /// Where it listens.
    pub address: SocketAddr,
    /// A studio's token.
    pub token: String,
    ground: Ground,
    stop: CancellationToken,
    thread: JoinHandle<()>,
}

impl Running {
    /// Starts a rival with so many accounts, on a database of its own in that place, for charges of that
    /// kind. What is not ours always has a file.
    pub fn start(rival: Rival, accounts: usize, place: &Place, asked: Asked) -> Running {
        let ground = place.ground(asked);
        let settings = ground.settings().clone();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let (ready, started) = mpsc::channel();
        let thread = thread::spawn(move || {
            let serve = serve(rival, settings, accounts, ready, stopped);
            actix_rt::System::new().block_on(serve);
        });
        let (address, token) = started.recv().expect("the rival starts");
        Running {
            rival,
            address,
            token,
            ground,
            stop,
            thread,
        }
    }

    /// Stops it and looks for what it acknowledged: how many charges its ledger has.
    pub async fn stop_and_audit(self, acknowledged: &[Uuid]) -> Result<usize, String> {
        self.stop.cancel();
        self.thread
            .join()
            .map_err(|_| "the rival panicked".to_owned())?;
        let ids: Vec<Uuid> = match self.rival {
            Rival::Floor => return Ok(acknowledged.len()),
            Rival::Twin => {
                let ledger = twin::Ledger::open(&self.ground.directory().join("twin.db")).await;
                let ledger = ledger.map_err(|error| error.to_string())?;
                ledger.ids().await.map_err(|error| error.to_string())?
            }
            Rival::Ours if self.ground.is_on_server() => {
                let proved = self.ground.prove(0, acknowledged).await;
                return proved.map(|_| acknowledged.len());
            }
            Rival::Ours => {
                let audit = self.ground.audit().await;
                let findings = audit.findings().await;
                if !findings.is_empty() {
                    return Err(findings.join("; "));
                }
                audit.charges().await
            }
        };
        let found: HashSet<&Uuid> = ids.iter().collect();
        let missing = acknowledged.iter().filter(|id| !found.contains(id)).count();
        match (missing, ids.len() - found.len()) {
            (0, 0) if found.len() == acknowledged.len() => Ok(found.len()),
            (missing, doubled) => Err(format!(
                "{missing} of {} acknowledged are missing, {doubled} doubled, {} are in the ledger",
                acknowledged.len(),
                ids.len()
            )),
        }
    }
}

async fn serve(
    rival: Rival,
    settings: Settings,
    accounts: usize,
    ready: mpsc::Sender<(SocketAddr, String)>,
    stop: CancellationToken,
) {
    let tell = |address: SocketAddr| {
        let started = (address, token(&settings));
        ready.send(started).expect("somebody waits for it");
    };
    let names: Vec<String> = (0..accounts).map(account).collect();
    match rival {
        Rival::Ours => {
            let built = Application::build(&settings, Clock::real()).await;
            let application = built.unwrap_or_else(|problem| panic!("{problem}"));
            open_accounts(application.ledger(), &names).await;
            tell(application.address());
            let served = application.run_until_stopped(stop).await;
            served.unwrap_or_else(|problem| panic!("{problem}"));
        }
        Rival::Twin => {
            let file = settings.data_dir.join("twin.db");
            let ledger = twin::Ledger::create(&file)
                .await
                .expect("a file can be made");
            let opened = ledger.open_accounts(&names, CREDITS).await;
            opened.expect("accounts can be opened");
            let verifier = auth::open(&settings).expect("the key is made").verifier;
            let server = twin::twin(&settings.http, verifier, ledger.clone());
            let server = server.expect("a port is free");
            tell(server.address());
            server.run_until_stopped(stop).await.expect("it serves");
            ledger.close().await.expect("it is closed");
        }
        Rival::Floor => {
            let verifier = auth::open(&settings).expect("the key is made").verifier;
            let server = twin::floor(&settings.http, verifier).expect("a port is free");
            tell(server.address());
            server.run_until_stopped(stop).await.expect("it serves");
        }
    }
}

/// A directory of its own, in `parent`.
pub(super) fn new_directory(parent: Option<&PathBuf>) -> TempDir {
    let directory = match parent {
        Some(parent) => tempfile::tempdir_in(parent),
        None => tempfile::tempdir(),
    };
    directory.expect("a directory can be made")
}

/// A studio's token, for a service with these settings.
pub(super) fn token(settings: &Settings) -> String {
    let mint = auth::open(settings).expect("the development key is there");
    let mint = mint.mint.expect("development has a mint");
    let scopes = [Scope::CreditsSpend, Scope::CreditsRead, Scope::AccountsAny];
    let scopes = scopes.into_iter().collect();
    let token = mint.mint("studio", scopes, token_time_s(), TOKEN_TTL_S);
    token.expect("the development key signs")
}

/// Settings of a service in a new directory, with the catalog of the tests and large allowances, for
/// charges of that kind.
pub(super) fn settings(directory: &Path, asked: Asked) -> Settings {
    let catalog = CATALOG.replace("allowance = 500\n", &format!("allowance = {CREDITS}\n"));
    let catalog = match asked {
        Asked::Plain | Asked::Untold => catalog,
        // What ends within the month is told.
        Asked::Told => format!("{catalog}\n[advice]\nexpiring_soon_days = 31\n"),
    };
    let file = directory.join(CATALOG_FILE);
    std::fs::write(&file, catalog).expect("a new directory can be written to");
    Settings {
        development: true,
        data_dir: directory.to_owned(),
        http: HttpSettings {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            ..HttpSettings::default()
        },
        catalog: CatalogSettings { file: Some(file) },
        ..Settings::default()
    }
}

/// Opens accounts with a plan, through the service.
pub async fn open_accounts(ledger: &Ledger, names: &[String]) {
    for names in names.chunks(OPENED_AT_ONCE) {
        let opened = names.iter().map(|name| open_account(ledger, name));
        try_join_all(opened).await.expect("accounts can be opened");
    }
}

async fn open_account(ledger: &Ledger, name: &str) -> Result<(), credits_core::error::LedgerError> {
    let account = AccountId::parse(name).expect("the name is plain");
    let start = Request::StartSubscription {
        plan: PlanId::parse("maker").expect("the name is plain"),
        interval: BillingInterval::Monthly,
        anchor: None,
    };
    for request in [Request::OpenAccount, start] {
        let command = Command {
            operation_id: OperationId(Uuid::now_v7()),
            request,
        };
        ledger.execute(&account, command).await?;
    }
    Ok(())
}
