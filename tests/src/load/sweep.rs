//! The sweeper, measured: how many accounts it renews a second, and what charges notice of it.
//!
//! Accounts that renew within one hour are filled in; then the clock is moved through that hour in
//! slices, and at each of them a slice of the accounts becomes due at once. Every second slice is swept
//! alone. The others are swept beside charges at half of what they reach at most, which are measured
//! just before as well.

use std::{
    collections::HashSet,
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::mpsc,
    thread,
    time::{Duration, Instant as Monotonic},
};

use chrono::TimeDelta;
use clap::Args;
use credits_api::{
    app::{Application, start_ledger},
    config::Settings,
    database::open_to_write,
};
use credits_core::{clock::Clock, domain::time::Instant};
use futures_util::future::try_join;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    fill::Crowd,
    measure::{self, Sample, Shape, Spread},
    report::{self, Case},
    request,
    request::Asked,
    rival,
};
use crate::audit::Audit;

/// When the first account comes; it renews a month later.
const CAME: &str = "2026-01-01T00:00:00Z";
/// Accounts that are charged. None of them renews within the hour.
const CHARGED: usize = 1_000;
/// How often it is looked whether a slice is swept.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// A sweep that takes longer than this has stopped.
const SWEPT_WITHIN: Duration = Duration::from_secs(600);

/// How large it is to be.
#[derive(Args)]
pub struct Sizes {
    /// Accounts that renew within the hour
    #[arg(long, default_value_t = 1_000_000)]
    accounts: usize,
    /// Slices swept alone, and as many beside charges
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Connections that charge at once
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Seconds of each sample of charges
    #[arg(long, default_value_t = 4.0)]
    duration_s: f64,
    /// Accounts that renew one after the other are anywhere in the file, not side by side
    #[arg(long)]
    scattered: bool,
    /// Where the database is made, in a directory of its own; the system's place unless named
    #[arg(long)]
    directory: Option<PathBuf>,
}

impl Sizes {
    fn shape(&self, rate_max: Option<f64>) -> Shape {
        Shape {
            connections: self.connections,
            spread: Spread::Uniform(CHARGED),
            asked: Asked::Plain,
            warm_up: Duration::ZERO,
            duration: Duration::from_secs_f64(self.duration_s),
            rate_max,
        }
    }

    /// When the slice of that number, from 0, ends.
    fn slice_ends(&self, number: usize) -> Instant {
        let begins = came().plus_months(1);
        let part = (number + 1) as f64 / (2 * self.rounds) as f64;
        begins.saturating_add(TimeDelta::microseconds((part * 3_600e6) as i64))
    }
}

fn came() -> Instant {
    Instant::parse(CAME).expect("it is an instant")
}

/// A service over filled accounts, just before the first of them renews.
struct Running {
    directory: TempDir,
    clock: Clock,
    address: SocketAddr,
    token: String,
    stop: CancellationToken,
    thread: thread::JoinHandle<()>,
    audit: Audit,
    acknowledged: Vec<Uuid>,
}

/// What was swept in some time.
struct Swept {
    accounts: i64,
    took: Duration,
}

impl Swept {
    fn rate(&self) -> f64 {
        self.accounts as f64 / self.took.as_secs_f64()
    }
}

/// Fills, measures, prints and audits.
pub async fn run(sizes: &Sizes, print: fn(&str) -> io::Result<()>) -> io::Result<()> {
    print(&format!("{}\n", report::machine()?))?;
    let began = Monotonic::now();
    let directory = rival::new_directory(sizes.directory.as_ref());
    let settings = rival::settings(directory.path(), Asked::Plain);
    fill(sizes, &settings).await;
    print(&format!(
        "{} accounts filled in within {:.0} s\n",
        sizes.accounts,
        began.elapsed().as_secs_f64()
    ))?;
    let mut running = Running::start(directory, settings).await;
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    let mut cases = ["charges, peak", "before, half of it", "during"].map(Case::new);
    for round in 0..sizes.rounds {
        alone.push(running.sweep(sizes.slice_ends(2 * round)).await?.rate());
        let peak = running.charge(&sizes.shape(None)).await?;
        let half = sizes.shape(Some(peak.rate / 2.0));
        let before = running.charge(&half).await?;
        let ends = sizes.slice_ends(2 * round + 1);
        let (during, swept) = running.sweep_beside(ends, &half).await?;
        beside.push(swept.rate());
        for (case, sample) in cases.iter_mut().zip([&peak, &before, &during]) {
            case.add(sample);
        }
    }
    let rates = |of: &[f64]| {
        let rates: Vec<String> = of.iter().map(|rate| format!("{rate:.0}")).collect();
        format!("{:.0}   of samples {}", report::median(of), rates.join(" "))
    };
    print(&report::table(&cases.each_ref()))?;
    let [_, before, during] = cases.each_ref().map(Case::p99_ms);
    print(&format!(
        "swept alone, accounts/s           {}  (at least 20000)\n\
         swept beside charges, accounts/s  {}  (at least 3000)\n\
         p99 of charges, during / before   {:.2}  (at most 2)\n{}\n",
        rates(&alone),
        rates(&beside),
        during / before,
        report::machine()?,
    ))?;
    let audited = running
        .stop_and_audit(sizes)
        .await
        .map_err(io::Error::other)?;
    print(&audited)
}

async fn fill(sizes: &Sizes, settings: &Settings) {
    let store = open_to_write(settings)
        .await
        .expect("a new file can be made");
    let mut still = settings.clone();
    still.sweeper.enabled = false;
    let ledger = start_ledger(&still, &store, Clock::manual(came(), 0.0)).await;
    let ledger = ledger.unwrap_or_else(|problem| panic!("{problem}"));
    let catalog = settings.catalog.file.as_ref().expect("it is set");
    let catalog = std::fs::read_to_string(catalog).expect("it was just written");
    let published = ledger.publish_catalog(catalog, None).await;
    published.expect("the catalog of the tests is good");
    let crowd = Crowd {
        accounts: sizes.accounts,
        scattered: sizes.scattered,
        from: came(),
    };
    crowd.fill(store.as_ref(), &ledger.catalogs()).await;
    ledger.close();
    ledger.drained().await;
    store.close().await;
}

impl Running {
    async fn start(directory: TempDir, settings: Settings) -> Running {
        let before = came().plus_months(1).saturating_sub(TimeDelta::hours(1));
        let clock = Clock::manual(before, 0.0);
        let stop = CancellationToken::new();
        let (ready, started) = mpsc::channel();
        let (served_clock, served_stop) = (clock.clone(), stop.clone());
        let thread = thread::spawn(move || {
            actix_rt::System::new().block_on(async move {
                let built = Application::build(&settings, served_clock).await;
                let application = built.unwrap_or_else(|problem| panic!("{problem}"));
                let names: Vec<String> = (0..CHARGED).map(request::account).collect();
                rival::open_accounts(application.ledger(), &names).await;
                let told = (application.address(), rival::token(&settings));
                ready.send(told).expect("somebody waits for it");
                let served = application.run_until_stopped(served_stop).await;
                served.unwrap_or_else(|problem| panic!("{problem}"));
            });
        });
        let (address, token) = started.recv().expect("the service starts");
        Running {
            audit: Audit::open(directory.path()).await,
            directory,
            clock,
            address,
            token,
            stop,
            thread,
            acknowledged: Vec::new(),
        }
    }

    async fn charge(&mut self, shape: &Shape) -> io::Result<Sample> {
        let sample = measure::run(self.address, &self.token, shape).await?;
        self.acknowledged.extend(&sample.acknowledged);
        Ok(sample)
    }

    /// Moves the clock and waits until all that is due then is done.
    async fn sweep(&self, to: Instant) -> io::Result<Swept> {
        let accounts = self.audit.due(to.micros()).await;
        let began = Monotonic::now();
        self.clock.set(to);
        self.until_swept(to).await?;
        Ok(Swept {
            accounts,
            took: began.elapsed(),
        })
    }

    async fn until_swept(&self, to: Instant) -> io::Result<()> {
        let began = Monotonic::now();
        while self.audit.is_due(to.micros()).await {
            if began.elapsed() > SWEPT_WITHIN {
                return Err(io::Error::other("the sweep does not come to an end"));
            }
            actix_rt::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// As [`Running::sweep`], beside charges. What is not swept by the end of the sample is not
    /// counted, and waited for.
    async fn sweep_beside(&mut self, to: Instant, shape: &Shape) -> io::Result<(Sample, Swept)> {
        let accounts = self.audit.due(to.micros()).await;
        let began = Monotonic::now();
        self.clock.set(to);
        let charging = async {
            let sample = measure::run(self.address, &self.token, shape).await?;
            Ok::<_, io::Error>((sample, self.audit.due(to.micros()).await, began.elapsed()))
        };
        let sweeping = async {
            self.until_swept(to).await?;
            Ok(began.elapsed())
        };
        let ((sample, left, charged), swept) = try_join(charging, sweeping).await?;
        self.acknowledged.extend(&sample.acknowledged);
        let swept = Swept {
            accounts: accounts - left,
            took: swept.min(charged),
        };
        Ok((sample, swept))
    }

    async fn stop_and_audit(self, sizes: &Sizes) -> Result<String, String> {
        self.stop.cancel();
        let ended = self.thread.join();
        ended.map_err(|_| "the service panicked".to_owned())?;
        let findings = self.audit.findings().await;
        if !findings.is_empty() {
            return Err(findings.join("; "));
        }
        let charges: HashSet<Uuid> = self.audit.charges().await.into_iter().collect();
        let acknowledged: HashSet<Uuid> = self.acknowledged.into_iter().collect();
        if charges != acknowledged {
            return Err(format!(
                "{} charges were acknowledged, and {} are in the ledger",
                acknowledged.len(),
                charges.len()
            ));
        }
        let renewals = self.audit.renewals().await;
        let once = renewals.iter().filter(|(name, renewed)| {
            let is_due = name.starts_with("due-");
            **renewed == i64::from(is_due)
        });
        let (right, all) = (once.count(), sizes.accounts + CHARGED);
        self.audit.close().await;
        drop(self.directory);
        if right != all {
            return Err(format!(
                "{right} of {all} accounts renewed as often as they should"
            ));
        }
        Ok(format!(
            "audit: {} charges acknowledged, and each once in the ledger; {} accounts renewed once\n",
            acknowledged.len(),
            sizes.accounts
        ))
    }
}
