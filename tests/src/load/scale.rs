//! What charges cost where there is much in the database, beside the same where there is next to nothing.
//!
//! Two databases are filled by way of the service, a small one and a grown one. Then each has a service of
//! its own, and they are charged in turns: the accounts that are charged are in memory, but for those of
//! one case, of which none was asked for before. At the end the tables and indexes are measured, and both
//! databases proved.

use std::{
    io,
    path::PathBuf,
    time::{Duration, Instant},
};

use clap::Args;
use futures_util::{StreamExt, stream};
use uuid::Uuid;

use super::{
    bulk::Bulk,
    cost,
    measure::{self, Apart, Sample, Shape, Spread},
    place::{Engine, Ground, Place},
    report::{self, Case},
    request::{self, Asked},
    served::Served,
};
use crate::harness::Client;

/// Longer than it takes to charge every account once that is to be in memory.
const WARMED_WITHIN: Duration = Duration::from_secs(3_600);
/// What takes less than one in so many bytes is told as one.
const SMALL_PART: u64 = 500;
/// An account that is in memory stays there for the whole run.
const STAYS: [&str; 2] = ["--actors-idle-s", "86400"];

/// How large it is to be.
#[derive(Args)]
pub struct Sizes {
    /// What the databases are
    #[arg(long, value_enum, default_value_t)]
    engine: Engine,
    /// Accounts of the grown database
    #[arg(long, default_value_t = 1_000_000)]
    accounts: usize,
    /// Charges in the grown database, on top of the two operations that each account begins with
    #[arg(long, default_value_t = 2_000_000)]
    operations: usize,
    /// Accounts of the small database, and as many of the grown one that are charged alone
    #[arg(long, default_value_t = 1_000)]
    small: usize,
    /// Accounts of the grown database that are in memory
    #[arg(long, default_value_t = 20_000)]
    warm: usize,
    /// How often each case is measured
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Connections that charge at once
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// First charges of accounts that are not in memory, a second
    #[arg(long, default_value_t = 500.0)]
    cold_rate: f64,
    /// Seconds that go before each sample and are not counted
    #[arg(long, default_value_t = 1.0)]
    warm_up_s: f64,
    /// Seconds of each sample
    #[arg(long, default_value_t = 4.0)]
    duration_s: f64,
    /// Where the databases are made, in directories of their own; the system's place unless named
    #[arg(long)]
    directory: Option<PathBuf>,
}

impl Sizes {
    fn check(&self) -> io::Result<()> {
        let apart = self.warm.checked_div(self.small).unwrap_or_default();
        let room = self.accounts.checked_div(self.warm).unwrap_or_default();
        if apart == 0 || room <= self.rounds {
            let told =
                "--warm must be at least --small, and --accounts more than --rounds times --warm";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, told));
        }
        Ok(())
    }

    /// From one account of the grown database that is in memory to the next.
    fn every(&self) -> usize {
        self.accounts / self.warm
    }

    /// Those that are in memory.
    fn warm(&self) -> Apart {
        Apart {
            first: 0,
            every: self.every(),
            accounts: self.warm,
        }
    }

    /// As many of them as the small database has.
    fn few(&self) -> Apart {
        Apart {
            first: 0,
            every: self.every() * (self.warm / self.small),
            accounts: self.small,
        }
    }

    /// Those that are asked for the first time in a round, each beside one that is in memory.
    fn cold(&self, round: usize) -> Apart {
        Apart {
            first: round + 1,
            ..self.warm()
        }
    }

    /// As many that are looked at and not charged, beside those of the last round.
    fn looked_at(&self) -> impl Iterator<Item = usize> {
        let Apart {
            first,
            every,
            accounts,
        } = self.cold(self.rounds);
        (0..accounts).map(move |place| first + place * every)
    }

    fn shape(&self, spread: Spread) -> Shape {
        Shape {
            connections: self.connections,
            spread,
            asked: Asked::Plain,
            warm_up: Duration::from_secs_f64(self.warm_up_s),
            duration: Duration::from_secs_f64(self.duration_s),
            rate_max: None,
        }
    }

    /// At the rate at which accounts are asked for that are not in memory.
    fn slow(&self, spread: Spread) -> Shape {
        Shape {
            warm_up: Duration::ZERO,
            rate_max: Some(self.cold_rate),
            ..self.shape(spread)
        }
    }
}

/// A filled database under a service.
struct Running {
    ground: Ground,
    served: Served,
    /// The process of the database, where that is another one.
    server: Option<u32>,
    filled: usize,
    acknowledged: Vec<Uuid>,
}

/// A case with what each of its charges cost, in microseconds of CPU time.
struct Costly {
    case: Case,
    service_us: Vec<f64>,
    server_us: Vec<f64>,
}

impl Costly {
    fn new(name: &str) -> Costly {
        Costly {
            case: Case::new(name),
            service_us: Vec::new(),
            server_us: Vec::new(),
        }
    }

    /// The median cost of a charge, in all processes.
    fn cost_us(&self) -> f64 {
        report::median(&self.service_us) + report::median(&self.server_us)
    }

    fn line(&self) -> String {
        format!(
            "{:<24} {:>10.1} {:>10.1}\n",
            self.case.name,
            report::median(&self.service_us),
            report::median(&self.server_us)
        )
    }
}

/// Fills, measures, prints and proves.
pub async fn run(sizes: &Sizes, print: fn(&str) -> io::Result<()>) -> io::Result<()> {
    sizes.check()?;
    print(&format!("{}\n", report::machine()?))?;
    let place = Place::new(sizes.engine, sizes.directory.as_ref())?;
    let charges = 2 * sizes.small;
    let mut small = Running::start(&place, sizes.small, charges, print).await?;
    let mut grown = Running::start(&place, sizes.accounts, sizes.operations, print).await?;
    print(&grown.warm(sizes).await?)?;
    let names = [
        format!("small, {} accounts", sizes.small),
        format!("grown, {} accounts", sizes.small),
        format!("grown, {} accounts", sizes.warm),
        "grown, warm, slowly".to_owned(),
        "grown, cold, slowly".to_owned(),
    ];
    let mut cases = names.each_ref().map(|name| Costly::new(name));
    for round in 0..sizes.rounds {
        let uniform = sizes.shape(Spread::Uniform(sizes.small));
        small.charge(&uniform, &mut cases[0]).await?;
        let shapes = [
            sizes.shape(Spread::Among(sizes.few())),
            sizes.shape(Spread::Among(sizes.warm())),
            sizes.slow(Spread::Among(sizes.warm())),
            sizes.slow(Spread::Once(sizes.cold(round))),
        ];
        for (shape, case) in shapes.iter().zip(&mut cases[1..]) {
            grown.charge(shape, case).await?;
        }
    }
    print(&told(sizes, &cases)?)?;
    for (name, running) in [("small", small), ("grown", grown)] {
        print(&running.end(name).await?)?;
    }
    Ok(())
}

fn told(sizes: &Sizes, cases: &[Costly; 5]) -> io::Result<String> {
    let mut text = report::table(&cases.each_ref().map(|one| &one.case));
    text += &format!(
        "{:<24} {:>10} {:>10}\n",
        "CPU us a charge", "service", "server"
    );
    text.extend(cases.iter().map(Costly::line));
    let [small, few, wide, _, cold] = cases;
    let slower = |grown: &Costly| small.case.rate() / grown.case.rate();
    let dearer = |grown: &Costly| grown.cost_us() / small.cost_us();
    text += &format!(
        "{} connections, {} samples of {} s each in turns; medians\n\
         rate, small / grown       {:.2} on as many accounts, {:.2} on {}  (at most 1.5)\n\
         CPU time, grown / small   {:.2} on as many accounts, {:.2} on {}  (at most 1.5)\n\
         first charge of an account that is not in memory, p99 ms  {:.2}  (at most 3)\n{}\n",
        sizes.connections,
        sizes.rounds,
        sizes.duration_s,
        slower(few),
        slower(wide),
        sizes.warm,
        dearer(few),
        dearer(wide),
        sizes.warm,
        cold.case.p99_ms(),
        report::machine()?,
    );
    Ok(text)
}

impl Running {
    async fn start(
        place: &Place,
        accounts: usize,
        charges: usize,
        print: fn(&str) -> io::Result<()>,
    ) -> io::Result<Running> {
        let ground = place.ground(Asked::Plain);
        let took = Bulk { accounts, charges }.fill(ground.settings()).await?;
        let rate = |count: usize, took: Duration| count as f64 / took.as_secs_f64();
        print(&format!(
            "{accounts} accounts opened and put on a plan, {:.0} a second, and {charges} charges made, \
             {:.0} a second; {} accounts in memory at the end\n",
            rate(accounts, took.opening),
            rate(charges, took.charging),
            took.resident,
        ))?;
        place.settle(&ground);
        let served = Served::start(&ground, &STAYS).await;
        print(&format!(
            "the service was ready after {} ms\n",
            served.ready_after.as_millis()
        ))?;
        Ok(Running {
            ground,
            served,
            server: place.server(),
            filled: charges,
            acknowledged: Vec::new(),
        })
    }

    async fn ask(&mut self, shape: &Shape) -> io::Result<Sample> {
        let sample = measure::run(self.served.address(), self.served.token(), shape).await?;
        self.acknowledged.extend(&sample.acknowledged);
        Ok(sample)
    }

    /// Loads others by looking at them, charges each account once that is to be in memory, and tells what
    /// that takes.
    async fn warm(&mut self, sizes: &Sizes) -> io::Result<String> {
        let before = self.served.memory_bytes();
        let client = &Client::new(self.served.address(), Some(self.served.token()));
        let looked_at = stream::iter(sizes.looked_at());
        looked_at
            .for_each_concurrent(sizes.connections, |number| async move {
                client.balance(&request::account(number)).await;
            })
            .await;
        let loaded = self.served.memory_bytes();
        let once = Shape {
            warm_up: Duration::ZERO,
            duration: WARMED_WITHIN,
            ..sizes.shape(Spread::Once(sizes.warm()))
        };
        let began = Instant::now();
        self.ask(&once).await?;
        let took = began.elapsed();
        let charged = self.served.memory_bytes();
        let of_each = |before: u64, after: u64| after.saturating_sub(before) / sizes.warm as u64;
        Ok(format!(
            "{} MiB of memory; {} accounts loaded by a look at their balance, {} bytes each; as many loaded \
             by a charge, {:.0} a second, {} bytes each with what is kept of a charge for its repetition\n",
            before >> 20,
            sizes.warm,
            of_each(before, loaded),
            sizes.warm as f64 / took.as_secs_f64(),
            of_each(loaded, charged),
        ))
    }

    async fn charge(&mut self, shape: &Shape, case: &mut Costly) -> io::Result<()> {
        let server = |process: Option<u32>| process.map(cost::cpu_time).unwrap_or_default();
        let before = (self.served.cpu_time(), server(self.server));
        let sample = self.ask(shape).await?;
        let service = self.served.cpu_time().saturating_sub(before.0);
        let server = server(self.server).saturating_sub(before.1);
        let of_each = |time: Duration| time.as_secs_f64() * 1e6 / sample.acknowledged.len() as f64;
        case.service_us.push(of_each(service));
        case.server_us.push(of_each(server));
        case.case.add(&sample);
        Ok(())
    }

    /// Stops it; tells what there is and that it is right.
    async fn end(self, name: &str) -> io::Result<String> {
        self.served.stop().await?;
        let audit = self.ground.audit().await;
        let accounts = audit.count("account").await;
        let operations = audit.count("operation").await;
        let taken = audit.bytes_taken().await;
        audit.close().await;
        let all: u64 = taken.iter().map(|(_, bytes)| bytes).sum();
        let mut text = format!(
            "{name}: {accounts} accounts, {operations} operations, {:.1} MiB\n",
            mebibytes(all)
        );
        let of = |name: &str| match name.trim_start_matches("sqlite_autoindex_") {
            account if account.starts_with("account") => Some(("an account", accounts)),
            operation if operation.starts_with("operation") => Some(("an operation", operations)),
            _ => None,
        };
        let (large, small): (Vec<_>, Vec<_>) = taken
            .iter()
            .partition(|(_, bytes)| bytes * SMALL_PART >= all);
        for (relation, bytes) in large {
            let each = of(relation)
                .map(|(each, count)| format!("{:>8.1} bytes {each}", *bytes as f64 / count as f64));
            text += &format!(
                "  {relation:<32} {:>10.1} MiB {}\n",
                mebibytes(*bytes),
                each.unwrap_or_default()
            );
        }
        let rest = small.iter().map(|(_, bytes)| bytes).sum();
        text += &format!("  {:<32} {:>10.1} MiB\n", "all others", mebibytes(rest));
        let began = Instant::now();
        let proved = self.ground.prove(self.filled, &self.acknowledged).await;
        text += &proved.map_err(io::Error::other)?;
        text += &format!("  proved within {:.0} s\n", began.elapsed().as_secs_f64());
        Ok(text)
    }
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
