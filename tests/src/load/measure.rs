//! A measured run: a closed loop over many connections.
//!
//! Owns when it counts (after the warm-up), and what was acknowledged in all of it, so that an audit
//! can look for it.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use futures_util::future::try_join_all;
use uuid::Uuid;

use super::{
    connection::Connection,
    request::{Asked, Requests},
};

/// Which accounts are charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// One, by everybody.
    Hot,
    /// So many, one as often as another.
    Uniform(usize),
}

/// How a run is to be.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// How many ask at once.
    pub connections: usize,
    /// Whom they charge.
    pub spread: Spread,
    /// For what.
    pub asked: Asked,
    /// What goes before and is not counted.
    pub warm_up: Duration,
    /// What is counted.
    pub duration: Duration,
    /// At most so many charges a second are asked for, by all together; as many as can be, if none.
    pub rate_max: Option<f64>,
}

/// What was measured.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// Charges acknowledged a second, while it counted.
    pub rate: f64,
    /// How long each of them took, in microseconds, the shortest first.
    pub took_us: Vec<u32>,
    /// The ids of all charges that were acknowledged, the warm-up's too.
    pub acknowledged: Vec<Uuid>,
}

impl Sample {
    /// The time within which that part of all answers came, in milliseconds.
    pub fn percentile_ms(&self, part: f64) -> f64 {
        let last = self.took_us.len().saturating_sub(1);
        // A part of a length is a place in it.
        let place = (last as f64 * part).round() as usize;
        self.took_us
            .get(place)
            .map_or(f64::NAN, |us| f64::from(*us) / 1_000.0)
    }
}

/// Runs against a server.
pub async fn run(address: SocketAddr, token: &str, shape: &Shape) -> io::Result<Sample> {
    let counts_from = Instant::now() + shape.warm_up;
    let ends = counts_from + shape.duration;
    let requests = Requests::new(address, token, shape.asked);
    let loops = (0..shape.connections).map(|number| {
        let accounts = match shape.spread {
            Spread::Hot => 1,
            Spread::Uniform(accounts) => accounts,
        };
        work(
            address,
            requests.clone(),
            Turn::new(number, accounts),
            Pace::new(number, shape),
            counts_from,
            ends,
        )
    });
    let mut sample = Sample::default();
    for (took_us, acknowledged) in try_join_all(loops).await? {
        sample.took_us.extend(took_us);
        sample.acknowledged.extend(acknowledged);
    }
    sample.took_us.sort_unstable();
    sample.rate = sample.took_us.len() as f64 / shape.duration.as_secs_f64();
    Ok(sample)
}

/// When a connection asks: at instants of its own, evenly apart.
struct Pace {
    next: Instant,
    every: Duration,
}

impl Pace {
    fn new(number: usize, shape: &Shape) -> Pace {
        let every = shape.rate_max.map_or(0.0, |rate| 1.0 / rate);
        let every = Duration::from_secs_f64(every);
        let place = u32::try_from(number).unwrap_or(u32::MAX);
        let connections = u32::try_from(shape.connections).unwrap_or(u32::MAX);
        Pace {
            next: Instant::now() + every * place,
            every: every * connections,
        }
    }

    /// Waits for the next instant and gives it. One that is past is past because the answer before
    /// took long: then the wait counts too.
    async fn wait(&mut self) -> Instant {
        let now = Instant::now();
        if self.every.is_zero() {
            return now;
        }
        let asks_at = self.next;
        self.next += self.every;
        if asks_at <= now {
            return asks_at;
        }
        actix_rt::time::sleep_until(asks_at.into()).await;
        // A timer that is late is no fault of the service.
        Instant::now()
    }
}

/// Whose turn it is: each connection goes through all accounts in an order of its own.
struct Turn {
    next: usize,
    step: usize,
    accounts: usize,
}

impl Turn {
    fn new(number: usize, accounts: usize) -> Turn {
        // A step that is prime to most numbers of accounts visits each of them.
        Turn {
            next: number * 7_919 % accounts,
            step: 104_729 % accounts,
            accounts,
        }
    }

    fn take(&mut self) -> usize {
        let account = self.next;
        self.next = (account + self.step) % self.accounts;
        account
    }
}

async fn work(
    address: SocketAddr,
    mut requests: Requests,
    mut turn: Turn,
    mut pace: Pace,
    counts_from: Instant,
    ends: Instant,
) -> io::Result<(Vec<u32>, Vec<Uuid>)> {
    let mut connection = Connection::open(address).await?;
    let (mut took_us, mut acknowledged) = (Vec::new(), Vec::new());
    loop {
        let sent = pace.wait().await;
        if sent >= ends {
            return Ok((took_us, acknowledged));
        }
        let id = Uuid::now_v7();
        let answer = connection.ask(requests.charge(turn.take(), id)).await?;
        if !is_charge(answer) {
            let told = String::from_utf8_lossy(answer).into_owned();
            return Err(io::Error::other(told));
        }
        acknowledged.push(id);
        let took = sent.elapsed();
        if sent >= counts_from && sent + took < ends {
            took_us.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
        }
    }
}

/// Whether the answer is that of a charge that was made, now.
fn is_charge(answer: &[u8]) -> bool {
    let has = |what: &[u8]| answer.windows(what.len()).any(|part| part == what);
    has(b"\"replayed\":false") && has(b"\"userErrors\":[]") && !has(b"\"errors\"")
}
