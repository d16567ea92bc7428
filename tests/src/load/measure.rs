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
    /// Some of all there are, one as often as another.
    Among(Apart),
    /// Some of all there are, each of them once and no more.
    Once(Apart),
}

/// Some of all accounts, evenly apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Apart {
    /// The number of the first.
    pub first: usize,
    /// From one to the next.
    pub every: usize,
    /// How many.
    pub accounts: usize,
}

/// Where several nodes serve, which of them is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// By each connection its own.
    OfConnection,
    /// The account's own, whoever asks.
    OfAccount,
    /// Any of them.
    Random,
}

/// Who is asked.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'n> {
    /// Where they listen, at least one.
    pub nodes: &'n [SocketAddr],
    /// A studio's token, taken by all of them.
    pub token: &'n str,
    /// Which of them is asked.
    pub route: Route,
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
    let asking = Asking {
        nodes: &[address],
        token,
        route: Route::OfConnection,
    };
    run_on(&asking, shape).await
}

/// Runs against one or several nodes.
pub async fn run_on(asking: &Asking<'_>, shape: &Shape) -> io::Result<Sample> {
    let counts_from = Instant::now() + shape.warm_up;
    let ends = counts_from + shape.duration;
    // The name of the host tells nobody anything: as behind a proxy, all are called the same.
    let requests = Requests::new(asking.nodes[0], asking.token, shape.asked);
    let loops = (0..shape.connections).map(|number| {
        let loops = Loop {
            nodes: Nodes::new(*asking, number),
            requests: requests.clone(),
            turn: Turn::new(number, shape),
            pace: Pace::new(number, shape),
            counts_from,
            ends,
        };
        loops.work()
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

/// Prime to any likely number of accounts: those that come one after the other are not side by side.
const SCATTERING_STEP: usize = 611_953;

/// Whose turn it is: each connection goes through all accounts in an order of its own, or through some
/// that no other goes through.
struct Turn {
    next: usize,
    step: usize,
    once: bool,
    of: Apart,
}

impl Turn {
    fn new(number: usize, shape: &Shape) -> Turn {
        let first = |accounts| Apart {
            first: 0,
            every: 1,
            accounts,
        };
        let (of, once) = match shape.spread {
            Spread::Hot => (first(1), false),
            Spread::Uniform(accounts) => (first(accounts), false),
            Spread::Among(of) => (of, false),
            Spread::Once(of) => (of, true),
        };
        // A step that is prime to most numbers of accounts visits each of them.
        Turn {
            next: if once {
                number
            } else {
                number * 7_919 % of.accounts
            },
            step: if once {
                shape.connections
            } else {
                104_729 % of.accounts
            },
            once,
            of,
        }
    }

    /// The number of the next account; none if each had its turn.
    fn take(&mut self) -> Option<usize> {
        let Apart {
            first,
            every,
            accounts,
        } = self.of;
        let place = if self.once {
            let place = self.next;
            self.next += self.step;
            (place < accounts).then_some(place * SCATTERING_STEP % accounts)?
        } else {
            let place = self.next;
            self.next = (place + self.step) % accounts;
            place
        };
        Some(first + place * every)
    }
}

/// A connection that was not used for so long is not used again: the service lets those go that say
/// nothing for some seconds.
const UNUSED_MAX: Duration = Duration::from_secs(2);

/// The connections of one who asks: to one node, or to each that it has asked.
struct Nodes<'n> {
    asking: Asking<'n>,
    number: usize,
    open: Vec<Option<(Connection, Instant)>>,
}

impl<'n> Nodes<'n> {
    fn new(asking: Asking<'n>, number: usize) -> Nodes<'n> {
        let open = asking.nodes.iter().map(|_| None).collect();
        Nodes {
            asking,
            number,
            open,
        }
    }

    /// Connects to the one node that is asked, where there is no other.
    async fn connect(&mut self) -> io::Result<()> {
        if self.asking.route == Route::OfConnection {
            self.of(0, Uuid::nil()).await?;
        }
        Ok(())
    }

    async fn of(&mut self, account: usize, id: Uuid) -> io::Result<&mut Connection> {
        let chosen = match self.asking.route {
            Route::OfConnection => self.number,
            Route::OfAccount => account,
            // The end of an id is chance.
            Route::Random => usize::from(id.as_bytes()[15]),
        };
        let place = chosen % self.asking.nodes.len();
        let open = &mut self.open[place];
        let connection = match open.take() {
            Some((connection, used)) if used.elapsed() < UNUSED_MAX => connection,
            Some(_) | None => Connection::open(self.asking.nodes[place]).await?,
        };
        let (connection, _) = open.insert((connection, Instant::now()));
        Ok(connection)
    }
}

/// One who asks, waits for the answer, and asks again.
struct Loop<'n> {
    nodes: Nodes<'n>,
    requests: Requests,
    turn: Turn,
    pace: Pace,
    counts_from: Instant,
    ends: Instant,
}

impl Loop<'_> {
    async fn work(mut self) -> io::Result<(Vec<u32>, Vec<Uuid>)> {
        self.nodes.connect().await?;
        let (mut took_us, mut acknowledged) = (Vec::new(), Vec::new());
        loop {
            let sent = self.pace.wait().await;
            let turn = self.turn.take().filter(|_| sent < self.ends);
            let Some(account) = turn else {
                return Ok((took_us, acknowledged));
            };
            let id = Uuid::now_v7();
            let connection = self.nodes.of(account, id).await?;
            let answer = connection.ask(self.requests.charge(account, id)).await?;
            if !is_charge(answer) {
                let told = String::from_utf8_lossy(answer).into_owned();
                return Err(io::Error::other(told));
            }
            acknowledged.push(id);
            let took = sent.elapsed();
            if sent >= self.counts_from && sent + took < self.ends {
                took_us.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
            }
        }
    }
}

/// Whether the answer is that of a charge that was made, now.
fn is_charge(answer: &[u8]) -> bool {
    let has = |what: &[u8]| answer.windows(what.len()).any(|part| part == what);
    has(b"\"replayed\":false") && has(b"\"userErrors\":[]") && !has(b"\"errors\"")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn shape(connections: usize, spread: Spread) -> Shape {
        Shape {
            connections,
            spread,
            asked: Asked::Plain,
            warm_up: Duration::ZERO,
            duration: Duration::ZERO,
            rate_max: None,
        }
    }

    /// How often each account has a turn, if every connection takes so many at most.
    fn turns(shape: &Shape, most: usize) -> HashMap<usize, usize> {
        let mut turns: HashMap<usize, usize> = HashMap::new();
        for number in 0..shape.connections {
            let mut turn = Turn::new(number, shape);
            let taken = std::iter::from_fn(|| turn.take()).take(most);
            taken.for_each(|account| *turns.entry(account).or_default() += 1);
        }
        turns
    }

    #[test]
    fn each_account_that_is_to_have_one_turn_has_one_and_no_other_has_any() {
        for connections in [1, 3, 64] {
            let of = Apart {
                first: 2,
                every: 5,
                accounts: 50,
            };
            let turns = turns(&shape(connections, Spread::Once(of)), usize::MAX);
            let wanted: HashMap<usize, usize> = (0..50).map(|place| (2 + 5 * place, 1)).collect();
            assert_eq!(turns, wanted);
        }
    }

    #[test]
    fn accounts_that_are_asked_for_again_and_again_are_asked_for_equally() {
        let of = Apart {
            first: 1,
            every: 10,
            accounts: 20,
        };
        let turns = turns(&shape(4, Spread::Among(of)), 40);
        let wanted: HashMap<usize, usize> = (0..20).map(|place| (1 + 10 * place, 8)).collect();
        assert_eq!(turns, wanted);
    }

    #[test]
    fn a_uniform_turn_is_at_the_first_accounts_and_a_hot_one_at_one() {
        assert_eq!(turns(&shape(2, Spread::Uniform(3)), 3).len(), 3);
        assert_eq!(turns(&shape(9, Spread::Hot), 2), HashMap::from([(0, 18)]));
    }
}
