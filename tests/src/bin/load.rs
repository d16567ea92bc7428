//! `load`: how many charges a second, how fast, against what.
//!
//! `load run` measures one server once; `load compare` measures the product, its twin and the floor in
//! turns and prints medians and ratios; `load sweep` measures what the sweeper does, and what charges
//! notice of it; `load advice` measures charges about which there is much to tell beside those about
//! which there is nothing; `load scale` measures charges in a database that has grown, `load nodes` several nodes on one. Each ends with an audit: what was acknowledged is in the ledger.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::{Args, Parser, Subcommand};
use credits_tests::load::{
    measure::{self, Sample, Shape, Spread},
    nodes,
    place::{Engine, Place},
    report::{self, Case},
    request::Asked,
    rival::{Rival, Running},
    scale, sweep,
};
use uuid::Uuid;

/// Charges over HTTP from many connections, and how long they take.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure one server once
    Run {
        /// Who is measured
        #[arg(long, value_enum, default_value_t = Rival::Ours)]
        rival: Rival,
        /// Charge one account from all connections
        #[arg(long)]
        hot: bool,
        #[command(flatten)]
        sizes: Sizes,
    },
    /// Measure the product, its twin and the floor in turns
    Compare {
        /// How often each is measured
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        #[command(flatten)]
        sizes: Sizes,
    },
    /// Measure the sweeper: accounts renewed a second, alone and beside charges
    Sweep(sweep::Sizes),
    /// Measure charges in a database that has grown beside a small one, in turns
    Scale(scale::Sizes),
    /// Measure several nodes on one PostgreSQL database: on one account, by account, at random
    Nodes(nodes::Sizes),
    /// Measure charges with advisories and without, in turns
    Advice {
        /// How often each is measured
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        #[command(flatten)]
        sizes: Sizes,
    },
}

#[derive(Args)]
struct Sizes {
    /// Connections that ask at once
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Accounts of uniform load; many more than the warm-up charges measure the loading of accounts
    #[arg(long, default_value_t = 1_000)]
    accounts: usize,
    /// Seconds that go before and are not counted
    #[arg(long, default_value_t = 1.0)]
    warm_up_s: f64,
    /// Seconds that are counted
    #[arg(long, default_value_t = 4.0)]
    duration_s: f64,
    /// Where the databases are made, in directories of their own; the system's place unless named
    #[arg(long)]
    directory: Option<PathBuf>,
    /// What ours keeps its ledger in; the twin always has a file
    #[arg(long, value_enum, default_value_t)]
    engine: Engine,
}

impl Sizes {
    fn place(&self, rival: Rival) -> io::Result<Place> {
        let engine = match rival {
            Rival::Ours => self.engine,
            Rival::Twin | Rival::Floor => Engine::Sqlite,
        };
        Place::new(engine, self.directory.as_ref())
    }

    fn shape(&self, hot: bool) -> Shape {
        Shape {
            connections: self.connections,
            spread: if hot {
                Spread::Hot
            } else {
                Spread::Uniform(self.accounts)
            },
            asked: Asked::Plain,
            warm_up: Duration::from_secs_f64(self.warm_up_s),
            duration: Duration::from_secs_f64(self.duration_s),
            rate_max: None,
        }
    }

    fn start(&self, rival: Rival, asked: Asked) -> io::Result<Server> {
        let place = self.place(rival)?;
        Ok(Server {
            running: Running::start(rival, self.accounts, &place, asked),
            _place: place,
            acknowledged: Vec::new(),
        })
    }
}

/// A rival, and what it has acknowledged.
struct Server {
    running: Running,
    /// Its server, where it has one, ends after it.
    _place: Place,
    acknowledged: Vec<Uuid>,
}

impl Server {
    async fn measure(&mut self, shape: &Shape) -> io::Result<Sample> {
        let sample = measure::run(self.running.address, &self.running.token, shape).await?;
        self.acknowledged.extend(&sample.acknowledged);
        Ok(sample)
    }

    async fn audit(self) -> io::Result<usize> {
        let audited = self.running.stop_and_audit(&self.acknowledged).await;
        audited.map_err(io::Error::other)
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match actix_rt::System::new().block_on(call(arguments.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be closed; the exit code still tells.
            let _closed = writeln!(io::stderr(), "load: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn call(command: Command) -> io::Result<()> {
    match command {
        Command::Run { rival, hot, sizes } => {
            let mut server = sizes.start(rival, Asked::Plain)?;
            let mut case = Case::new(&format!("{rival:?}").to_lowercase());
            case.add(&server.measure(&sizes.shape(hot)).await?);
            print(&report::table(&[&case]))?;
            print(&format!("{}\n", report::machine()?))?;
            let count = server.audit().await?;
            print(&format!(
                "audit: {count} acknowledged, and each once in the ledger\n"
            ))
        }
        Command::Compare { rounds, sizes } => compare(rounds, &sizes).await,
        Command::Sweep(sizes) => sweep::run(&sizes, print).await,
        Command::Scale(sizes) => scale::run(&sizes, print).await,
        Command::Nodes(sizes) => nodes::run(&sizes, print).await,
        Command::Advice { rounds, sizes } => advice(rounds, &sizes).await,
    }
}

async fn compare(rounds: usize, sizes: &Sizes) -> io::Result<()> {
    let (hot, uniform) = (sizes.shape(true), sizes.shape(false));
    let mut ours = sizes.start(Rival::Ours, Asked::Plain)?;
    let mut twin = sizes.start(Rival::Twin, Asked::Plain)?;
    let mut floor = sizes.start(Rival::Floor, Asked::Plain)?;
    let names = [
        "ours, hot",
        "twin, hot",
        "ours, uniform",
        "twin, uniform",
        "floor",
    ];
    let mut cases = names.map(Case::new);
    print(&format!("{}\n", report::machine()?))?;
    for _ in 0..rounds {
        cases[0].add(&ours.measure(&hot).await?);
        cases[1].add(&twin.measure(&hot).await?);
        cases[2].add(&ours.measure(&uniform).await?);
        cases[3].add(&twin.measure(&uniform).await?);
        cases[4].add(&floor.measure(&uniform).await?);
    }
    print(&report::table(&cases.each_ref()))?;
    let [ours_hot, twin_hot, ours_uniform, twin_uniform, constant] =
        cases.each_ref().map(Case::rate);
    print(&format!(
        "{} connections, {} accounts, {rounds} samples of {} s each in turns; medians; ours on {:?}\n\
         ours / twin, hot      {:.2}  (at least 3)\n\
         ours / twin, uniform  {:.2}  (at least 1)\n\
         ours / floor, hot     {:.2}\n\
         ours / floor, uniform {:.2}  (at least 0.3)\n",
        sizes.connections,
        sizes.accounts,
        sizes.duration_s,
        sizes.engine,
        ours_hot / twin_hot,
        ours_uniform / twin_uniform,
        ours_hot / constant,
        ours_uniform / constant,
    ))?;
    print(&format!("{}\n", report::machine()?))?;
    for (name, server) in [("ours", ours), ("twin", twin)] {
        let count = server.audit().await?;
        print(&format!(
            "audit of {name}: {count} acknowledged, and each once in the ledger\n"
        ))?;
    }
    floor.audit().await?;
    Ok(())
}

/// Each kind has a server of its own, so that the accounts of one know nothing of the other.
async fn advice(rounds: usize, sizes: &Sizes) -> io::Result<()> {
    const KINDS: [(Asked, [&str; 2]); 3] = [
        (Asked::Plain, ["plain, hot", "plain, uniform"]),
        (Asked::Untold, ["untold, hot", "untold, uniform"]),
        (Asked::Told, ["told, hot", "told, uniform"]),
    ];
    let mut servers = Vec::new();
    let mut cases = Vec::new();
    for (asked, names) in KINDS {
        servers.push(sizes.start(Rival::Ours, asked)?);
        cases.extend(names.map(Case::new));
    }
    print(&format!("{}\n", report::machine()?))?;
    for _ in 0..rounds {
        for (spread, hot) in [(0, true), (1, false)] {
            for (number, (asked, _)) in KINDS.into_iter().enumerate() {
                let shape = Shape {
                    asked,
                    ..sizes.shape(hot)
                };
                let sample = servers[number].measure(&shape).await?;
                cases[2 * number + spread].add(&sample);
            }
        }
    }
    print(&report::table(&cases.iter().collect::<Vec<_>>()))?;
    let rates: Vec<f64> = cases.iter().map(Case::rate).collect();
    print(&format!(
        "{} connections, {} accounts, {rounds} samples of {} s each in turns; medians\n\
         cost of a charge with advisories / of such a one without, hot      {:.2}  (at most 1.25)\n\
         cost of a charge with advisories / of such a one without, uniform  {:.2}  (at most 1.25)\n\
         cost of a charge with advisories / of the barest, hot              {:.2}\n\
         cost of a charge with advisories / of the barest, uniform          {:.2}\n",
        sizes.connections,
        sizes.accounts,
        sizes.duration_s,
        rates[2] / rates[4],
        rates[3] / rates[5],
        rates[0] / rates[4],
        rates[1] / rates[5],
    ))?;
    print(&format!("{}\n", report::machine()?))?;
    for ((_, [name, _]), server) in KINDS.into_iter().zip(servers) {
        let count = server.audit().await?;
        let kind = name.trim_end_matches(", hot");
        print(&format!(
            "audit of {kind}: {count} acknowledged, and each once in the ledger\n"
        ))?;
    }
    Ok(())
}

fn print(text: &str) -> io::Result<()> {
    io::stdout().write_all(text.as_bytes())
}
