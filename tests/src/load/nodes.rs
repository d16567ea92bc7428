//! Several nodes on one PostgreSQL database, each a process of its own: what they reach together on one
//! account and on many, where an account's calls go to the same node and where they go to any, how much of
//! what they decide is lost to each other, and how soon one shows what another has committed.
//!
//! Accounts that go to the same node are never asked for elsewhere, so that what is lost there is lost for
//! another reason.

use std::{
    cell::RefCell,
    io,
    net::SocketAddr,
    path::PathBuf,
    time::{Duration, Instant},
};

use clap::Args;
use futures_util::future::{join, try_join};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    bulk::Bulk,
    connection::Connection,
    measure::{self, Apart, Asking, Route, Sample, Shape, Spread},
    place::{Engine, Ground, Place},
    report::{self, Case},
    request::{self, Asked, Requests},
    served::{self, Served},
};
use crate::harness::Socket;

/// What the writer logs of each account whose decisions were lost to another node.
const LOST: &str = "lost to another writer";
/// Levels at which that is logged, and nothing else that is not by default.
const LOG_FILTER: &str =
    "info,actix_server=warn,sea_orm_migration=warn,credits_core::writer::telling=debug";
/// Longer than it takes to charge every account once.
const WARMED_WITHIN: Duration = Duration::from_secs(3_600);
/// Charges a second on the account that is watched: each is heard of before the next.
const WATCHED_RATE: f64 = 100.0;
/// Where the ledger of a new account stands: opened, and put on a plan.
const OPENED_AT: i64 = 2;

/// How large it is to be.
#[derive(Args)]
pub struct Sizes {
    /// How many nodes
    #[arg(long, default_value_t = 4)]
    nodes: usize,
    /// Connections to each node that charge at once
    #[arg(long, default_value_t = 16)]
    clients: usize,
    /// Accounts that are asked for at one node each, and as many at any
    #[arg(long, default_value_t = 10_000)]
    accounts: usize,
    /// Charges whose way to a watcher at another node is timed, alone and again beside others
    #[arg(long, default_value_t = 500)]
    watched: usize,
    /// How often each case is measured
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds that go before each sample and are not counted
    #[arg(long, default_value_t = 1.0)]
    warm_up_s: f64,
    /// Seconds of each sample
    #[arg(long, default_value_t = 4.0)]
    duration_s: f64,
    /// Where the database is made, in a directory of its own; the system's place unless named
    #[arg(long)]
    directory: Option<PathBuf>,
}

impl Sizes {
    fn shape(&self, nodes: usize, spread: Spread) -> Shape {
        Shape {
            connections: self.clients * nodes,
            spread,
            asked: Asked::Plain,
            warm_up: Duration::from_secs_f64(self.warm_up_s),
            duration: Duration::from_secs_f64(self.duration_s),
            rate_max: None,
        }
    }

    /// Accounts that have a node; the first account of all is the hot one.
    fn routed(&self) -> Apart {
        Apart {
            first: 1,
            every: 1,
            accounts: self.accounts,
        }
    }

    /// Accounts that have none.
    fn unrouted(&self) -> Apart {
        Apart {
            first: 1 + self.accounts,
            ..self.routed()
        }
    }

    /// The accounts that are watched: alone, and beside others.
    fn watched(&self) -> [usize; 2] {
        [1, 2].map(|number| 2 * self.accounts + number)
    }
}

/// A case with how many accounts lost what was decided on them, in all of its samples.
struct Contest {
    case: Case,
    charges: usize,
    lost: usize,
}

impl Contest {
    fn new(name: &str) -> Contest {
        Contest {
            case: Case::new(name),
            charges: 0,
            lost: 0,
        }
    }

    fn line(&self) -> String {
        format!(
            "{:<24} {:>10} {:>10} {:>10.2}\n",
            self.case.name,
            self.charges,
            self.lost,
            self.lost as f64 * 1_000.0 / self.charges as f64
        )
    }
}

/// The nodes that are up.
struct Nodes {
    grounds: Vec<Ground>,
    served: Vec<Served>,
    acknowledged: Vec<Uuid>,
}

/// Fills, measures, prints and proves.
pub async fn run(sizes: &Sizes, print: fn(&str) -> io::Result<()>) -> io::Result<()> {
    print(&format!("{}\n", report::machine()?))?;
    let place = Place::new(Engine::Postgres, sizes.directory.as_ref())?;
    let ground = place.ground(Asked::Plain);
    let bulk = Bulk {
        accounts: 3 + 2 * sizes.accounts,
        charges: 0,
    };
    bulk.fill(ground.settings()).await?;
    place.settle(&ground);
    let mut nodes = Nodes {
        grounds: Vec::new(),
        served: Vec::new(),
        acknowledged: Vec::new(),
    };
    nodes.start(ground).await?;
    let names = [
        "one node, no other, hot",
        "one node of all, hot",
        "all nodes, hot",
        "all nodes, by account",
        "all nodes, at random",
    ];
    let mut contests = names.map(Contest::new);
    let one = sizes.shape(1, Spread::Hot);
    for _ in 0..sizes.rounds {
        nodes
            .charge(1, Route::OfConnection, &one, &mut contests[0])
            .await?;
    }
    for _ in 1..sizes.nodes {
        let another = place.beside(&nodes.grounds[0]);
        nodes.grounds[0].share_keys(&another)?;
        nodes.start(another).await?;
    }
    nodes.warm(sizes).await?;
    let all = sizes.nodes;
    let cases = [
        (1, Route::OfConnection, Spread::Hot),
        (all, Route::OfConnection, Spread::Hot),
        (all, Route::OfAccount, Spread::Among(sizes.routed())),
        (all, Route::Random, Spread::Among(sizes.unrouted())),
    ];
    for _ in 0..sizes.rounds {
        for ((count, route, spread), contest) in cases.iter().zip(&mut contests[1..]) {
            let shape = sizes.shape(*count, *spread);
            nodes.charge(*count, *route, &shape, contest).await?;
        }
    }
    print(&told(sizes, &contests)?)?;
    let half = contests[3].case.rate() / 2.0;
    print(&nodes.time_feeds(sizes, half).await?)?;
    print(&nodes.end().await?)
}

fn told(sizes: &Sizes, contests: &[Contest; 5]) -> io::Result<String> {
    let mut text = report::table(&contests.each_ref().map(|one| &one.case));
    text += &format!(
        "{:<24} {:>10} {:>10} {:>10}\n",
        "", "charges", "lost", "in 1,000"
    );
    text.extend(contests.iter().map(Contest::line));
    let [alone, one, hot, routed, random] = contests.each_ref().map(|one| one.case.rate());
    text += &format!(
        "{} nodes, {} connections to each, {} accounts, {} samples of {} s each in turns; medians\n\
         all nodes / one node, hot       {:.2} of it without others, {:.2} of it with others idle  \
         (at least 0.5)\n\
         by account / at random          {:.2}\n\
         lost: accounts of a batch that another node had written to; all are decided again\n{}\n",
        sizes.nodes,
        sizes.clients,
        sizes.accounts,
        sizes.rounds,
        sizes.duration_s,
        hot / alone,
        hot / one,
        routed / random,
        report::machine()?,
    );
    Ok(text)
}

impl Nodes {
    async fn start(&mut self, ground: Ground) -> io::Result<()> {
        self.served
            .push(Served::start(&ground, &["--log-filter", LOG_FILTER]).await);
        self.grounds.push(ground);
        Ok(())
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        self.served.iter().map(Served::address).collect()
    }

    fn lost(&self) -> io::Result<usize> {
        let lost = self.grounds.iter().map(|one| served::logged(one, LOST));
        lost.sum()
    }

    async fn ask(&mut self, count: usize, route: Route, shape: &Shape) -> io::Result<Sample> {
        let addresses = self.addresses();
        let asking = Asking {
            nodes: &addresses[..count],
            token: self.served[0].token(),
            route,
        };
        let sample = measure::run_on(&asking, shape).await?;
        self.acknowledged.extend(&sample.acknowledged);
        Ok(sample)
    }

    /// Has accounts in the memory of those that will be asked: loading them is not what is measured.
    async fn warm(&mut self, sizes: &Sizes) -> io::Result<()> {
        let once = |of| Shape {
            warm_up: Duration::ZERO,
            duration: WARMED_WITHIN,
            ..sizes.shape(sizes.nodes, Spread::Once(of))
        };
        let all = sizes.nodes;
        self.ask(all, Route::OfAccount, &once(sizes.routed()))
            .await?;
        for _ in 0..all {
            // By chance each node is asked for most of them.
            self.ask(all, Route::Random, &once(sizes.unrouted()))
                .await?;
        }
        Ok(())
    }

    async fn charge(
        &mut self,
        count: usize,
        route: Route,
        shape: &Shape,
        contest: &mut Contest,
    ) -> io::Result<()> {
        let before = self.lost()?;
        let sample = self.ask(count, route, shape).await?;
        contest.lost += self.lost()? - before;
        contest.charges += sample.acknowledged.len();
        contest.case.add(&sample);
        Ok(())
    }

    /// Charges at one node what is watched at another: alone, and beside charges of others at that rate.
    async fn time_feeds(&mut self, sizes: &Sizes, rate: f64) -> io::Result<String> {
        let [first, second] = sizes.watched();
        let (alone, charged) = self.time_feed(first, sizes.watched).await?;
        self.acknowledged.extend(charged);
        let duration = Duration::from_secs_f64(sizes.watched as f64 / WATCHED_RATE);
        let others = Shape {
            rate_max: Some(rate),
            warm_up: Duration::ZERO,
            duration,
            ..sizes.shape(sizes.nodes, Spread::Among(sizes.routed()))
        };
        let addresses = self.addresses();
        let asking = Asking {
            nodes: &addresses,
            token: self.served[0].token(),
            route: Route::OfAccount,
        };
        let charging = measure::run_on(&asking, &others);
        let watching = self.time_feed(second, sizes.watched);
        let (sample, (beside, charged)) = try_join(charging, watching).await?;
        self.acknowledged.extend(charged);
        self.acknowledged.extend(sample.acknowledged);
        Ok(format!(
            "from an acknowledgement by one node to a watcher at another, {} charges at {WATCHED_RATE:.0} a \
             second\n  alone                           {}\n  beside {rate:>6.0} charges a second     {}\n",
            sizes.watched,
            spread_ms(alone),
            spread_ms(beside),
        ))
    }

    /// How long after its acknowledgement by the second node the watcher at the first hears of a charge, in
    /// microseconds; less than nothing if it hears of it before. And the ids of the charges.
    async fn time_feed(&self, account: usize, charges: usize) -> io::Result<(Vec<i64>, Vec<Uuid>)> {
        let token = self.served[0].token();
        let (watched, charged) = (&self.served[0], &self.served[1 % self.served.len()]);
        let mut socket = Socket::ready(watched.address(), token).await;
        let query = "subscription($id: ID!, $after: Sequence!) { \
                     operations(accountId: $id, afterSequence: $after) { sequence } }";
        let variables = json!({ "id": request::account(account), "after": OPENED_AT });
        socket.subscribe("1", query, variables).await;
        let heard = RefCell::new(Vec::with_capacity(charges));
        let watching = async {
            for number in 0..charges {
                let data = socket.data("1").await;
                let wanted = OPENED_AT + 1 + i64::try_from(number).unwrap_or(i64::MAX);
                if data["operations"]["sequence"] != json!(wanted) {
                    return Err(io::Error::other(format!(
                        "{wanted} was to come, not {data}"
                    )));
                }
                heard.borrow_mut().push(Instant::now());
            }
            Ok(())
        };
        let charging = charge_slowly(charged.address(), token, account, charges);
        let (watched, charged) = join(watching, charging).await;
        watched?;
        let charged = charged?;
        let heard = heard.into_inner();
        let delays = heard
            .iter()
            .zip(&charged)
            .map(
                |(heard, (acknowledged, _))| match heard.checked_duration_since(*acknowledged) {
                    Some(after) => microseconds(after),
                    None => -microseconds(*acknowledged - *heard),
                },
            );
        Ok((
            delays.collect(),
            charged.iter().map(|(_, id)| *id).collect(),
        ))
    }

    async fn end(self) -> io::Result<String> {
        for served in self.served {
            served.stop().await?;
        }
        let proved = self.grounds[0].prove(0, &self.acknowledged).await;
        proved.map_err(io::Error::other)
    }
}

/// When each charge was acknowledged, and its id.
async fn charge_slowly(
    address: SocketAddr,
    token: &str,
    account: usize,
    charges: usize,
) -> io::Result<Vec<(Instant, Uuid)>> {
    let mut connection = Connection::open(address).await?;
    let mut requests = Requests::new(address, token, Asked::Plain);
    let mut acknowledged = Vec::with_capacity(charges);
    for number in 0..charges {
        let id = Uuid::now_v7();
        let answer = connection.ask(requests.charge(account, id)).await?;
        let at = Instant::now();
        let answer: Value = serde_json::from_slice(answer)?;
        let wanted = OPENED_AT + 1 + i64::try_from(number).unwrap_or(i64::MAX);
        if answer["data"]["charge"]["operation"]["sequence"] != json!(wanted) {
            return Err(io::Error::other(answer.to_string()));
        }
        acknowledged.push((at, id));
        actix_rt::time::sleep(Duration::from_secs_f64(1.0 / WATCHED_RATE)).await;
    }
    Ok(acknowledged)
}

fn microseconds(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// The middle, the 99th percentile and the last of delays, as a text in milliseconds.
fn spread_ms(mut delays_us: Vec<i64>) -> String {
    delays_us.sort_unstable();
    let last = delays_us.len().saturating_sub(1);
    let at = |part: f64| {
        let delay = delays_us.get((last as f64 * part).round() as usize);
        delay.map_or(f64::NAN, |us| *us as f64 / 1_000.0)
    };
    format!(
        "p50 {:.2} ms, p99 {:.2} ms, at most {:.2} ms",
        at(0.5),
        at(0.99),
        at(1.0)
    )
}
