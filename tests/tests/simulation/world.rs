//! One world: accounts, callers, nodes that die and come back, and a clock that jumps.

mod repeat;
mod stories;

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use chrono::TimeDelta;
use credits_core::{
    domain::{
        command::{Command, Request},
        ids::AccountId,
        outcome::Outcome,
        time::Instant,
    },
    ledger::{Keys, Ledger, Limits, Sweep},
    store::Store,
};
use futures_util::future::{Either, join_all, select};
use tokio::time::{Instant as Monotonic, sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    chance::Chance,
    check,
    disk::{Connection, Disk, Weather},
    log::{Call, Log, Look, Told},
    time::{Hand, Time},
    traffic::{Asker, Before},
};

const ACCOUNTS: usize = 3;
const CALLERS: usize = 5;
const ROUNDS: usize = 3;
const STEPS: usize = 16;
/// At so many in a thousand steps a story of each kind begins.
const STORIES: u64 = 4;
/// The virtual time after which a node without faults has finished everything it accepted.
const DRAIN_WITHIN: Duration = Duration::from_secs(10);
/// How long a caller may rest, in milliseconds of virtual time: longer than an account is contended,
/// and in two goes longer than a node waits before it looks for idle accounts.
const RESTS_MS: [u64; 4] = [1, 20, 300, 6_000];

pub fn catalog() -> String {
    include_str!("../../../core/src/catalog/example.toml").to_owned()
}

pub fn start() -> Instant {
    Instant::parse("2026-01-31T10:00:00Z").unwrap()
}

pub fn keys() -> Keys {
    Keys {
        quotes: vec![[7; 32]],
        prompts: vec![[8; 32]],
    }
}

pub fn account(number: usize) -> AccountId {
    AccountId::parse(&format!("account-{number}")).unwrap()
}

/// A process that serves, until it dies.
struct Node {
    number: u64,
    ledger: Ledger,
    kill: CancellationToken,
    hand: Rc<Hand>,
}

struct World {
    chance: Chance,
    time: Time,
    disk: Arc<Disk>,
    limits: Limits,
    kills: u64,
    nodes: RefCell<Vec<Rc<Node>>>,
    started: Cell<u64>,
    log: RefCell<Log>,
    /// What was asked for so far, of each account.
    before: RefCell<Vec<Before>>,
    /// The least sequence that a node may show of an account.
    floors: RefCell<HashMap<(u64, usize), i64>>,
}

/// Runs the world of a seed and judges it.
pub async fn run(seed: u64) -> Log {
    let began = Monotonic::now();
    let world = Rc::new(World::new(Chance::new(seed)));
    let nodes = 1 + world.chance.below(2);
    world.log.borrow_mut().nodes = nodes;
    world.disk.shared.store(nodes > 1, Ordering::Relaxed);
    for place in 0..nodes {
        let node = world.start_node(usize::try_from(place).unwrap()).await;
        node.ledger.publish_catalog(catalog(), None).await.unwrap();
        world.nodes.borrow_mut().push(node);
    }
    // A node reads the catalogs when it starts.
    world.restart(|_| true).await;
    for _ in 0..ROUNDS {
        world.disk.set_calm(false);
        let callers = (0..CALLERS).map(|_| Rc::clone(&world).ask());
        join_all(callers).await;
        world.time.agree();
        world.disk.set_calm(true);
        world.drain().await;
        world.restart(|ledger| ledger.is_halted()).await;
    }
    world.restart(|_| true).await;
    world.settle_all().await;
    world.restart(|_| true).await;
    world.repeat_all().await;
    let world = Rc::try_unwrap(world).unwrap_or_else(|_| panic!("all callers are done"));
    let mut log = world.log.into_inner();
    log.turns = world.disk.turns.load(Ordering::Relaxed);
    log.steps_forward = world.time.steps_forward.get();
    log.steps_back = world.time.steps_back.get();
    log.standstills = world.time.standstills.borrow().len() as u64;
    log.took = began.elapsed();
    check::judge(&world.disk.memory, &world.time, &mut log).await;
    log
}

impl World {
    fn new(chance: Chance) -> World {
        let rough = |most: u64| match chance.below(3) {
            0 => 0,
            1 => most / 4,
            _ => most,
        };
        let weather = Weather {
            statement_fails: rough(40),
            commit_fails: rough(60),
            unknown_done: rough(60),
            unknown_not_done: rough(60),
            restart_needed: rough(150),
            resolve_fails: if chance.happens(50) { 100 } else { 0 },
            read_fails: rough(60),
            load_panics: rough(20),
            delays: 100 + rough(800),
        };
        // Rolled back, tried one by one, and the first of them needs a restart.
        let storm = Weather {
            statement_fails: 100,
            unknown_not_done: 300,
            unknown_done: 100,
            restart_needed: 700,
            ..weather
        };
        let weather = if chance.happens(200) { storm } else { weather };
        let limits = Limits {
            writers: 1,
            operations_under_way_max: *chance.pick(&[3, 8, 64]),
            batch_operations_max: *chance.pick(&[1, 2, 7, 64]),
            deadline: if chance.happens(100) {
                Duration::from_millis(chance.below(4))
            } else {
                Duration::from_secs(30)
            },
            accounts_resident_max: *chance.pick(&[1, 2, 100]),
            idle_after: Duration::from_secs(*chance.pick(&[1, 600])),
            recent_decisions_max: *chance.pick(&[0, 2, 1_000]),
            sweep: chance.happens(700).then(|| Sweep {
                chunk_accounts: *chance.pick(&[1, 2, 64]),
                // Without a pause it would go on trying, and virtual time would stand still.
                pause: Duration::from_millis(1),
            }),
            arbiters: 0,
        };
        World {
            time: Time::new(chance.clone(), start()),
            disk: Disk::new(weather, chance.clone()),
            limits,
            kills: rough(12),
            nodes: RefCell::default(),
            started: Cell::new(0),
            log: RefCell::default(),
            before: RefCell::new(vec![Before::default(); ACCOUNTS]),
            floors: RefCell::default(),
            chance,
        }
    }

    async fn start_node(&self, place: usize) -> Rc<Node> {
        self.started.set(self.started.get() + 1);
        let kill = CancellationToken::new();
        let connection = Connection::new(Arc::clone(&self.disk), kill.clone());
        let store: Arc<dyn Store> = Arc::new(connection);
        let hand = self.time.begin(place);
        let ledger = Ledger::start(store, hand.clock.clone(), self.limits.clone(), keys());
        Rc::new(Node {
            number: self.started.get(),
            ledger: ledger.await.unwrap(),
            kill,
            hand,
        })
    }

    async fn restart(&self, wanted: impl Fn(&Ledger) -> bool) {
        let places = self.nodes.borrow().len();
        for place in 0..places {
            let old = Rc::clone(&self.nodes.borrow()[place]);
            if wanted(&old.ledger) {
                self.replace(place).await;
            }
        }
    }

    /// The node in `place` dies in the middle of whatever it is doing, and another one starts.
    async fn replace(&self, place: usize) {
        let old = Rc::clone(&self.nodes.borrow()[place]);
        old.kill.cancel();
        let new = self.start_node(place).await;
        self.nodes.borrow_mut()[place] = new;
        self.log.borrow_mut().restarts += 1;
    }

    /// Whatever happened, every place among the operations under way comes back.
    async fn drain(&self) {
        let nodes = self.nodes.borrow().clone();
        for node in nodes {
            let drained = tokio::time::timeout(DRAIN_WITHIN, node.ledger.drained()).await;
            if drained.is_err() {
                let halted = node.ledger.is_halted();
                let problem = format!("operations stay under way (halted: {halted})");
                self.log.borrow_mut().problem(problem);
            }
        }
    }

    fn node(&self) -> (usize, Rc<Node>) {
        let nodes = self.nodes.borrow();
        let place = self.chance.index(nodes.len());
        (place, Rc::clone(&nodes[place]))
    }

    async fn ask(self: Rc<Self>) {
        for _ in 0..STEPS {
            let at = self.chance.index(ACCOUNTS);
            if self.chance.happens(STORIES) {
                self.fail_a_payment(at).await;
            }
            if self.chance.happens(STORIES) {
                self.dispute_a_payment(at).await;
            }
            match self.chance.below(100) {
                0..4 => self.jump(),
                4 => self.mistrust(at).await,
                5..13 => self.look(at).await,
                13..17 => self.ask_outcome(at).await,
                17..33 => self.ask_again(at).await,
                33..38 => {
                    let command = self.fresh(at);
                    let twice = (0..2).map(|_| self.call(at, command.clone()));
                    join_all(twice).await;
                }
                38..42 => self.rest().await,
                _ => self.call(at, self.fresh(at)).await,
            }
            if self.chance.happens(self.kills) {
                let (place, _) = self.node();
                self.replace(place).await;
            }
        }
    }

    fn jump(&self) {
        let by = match self.chance.below(10) {
            0..3 => TimeDelta::seconds(self.chance.below(120).cast_signed()),
            3..5 => TimeDelta::minutes(self.chance.below(180).cast_signed()),
            5 | 6 => TimeDelta::days(self.chance.below(20).cast_signed()),
            7 => return self.time.correct(),
            8 => TimeDelta::hours(self.chance.below(200).cast_signed()),
            _ => TimeDelta::days(self.chance.below(70).cast_signed()),
        };
        self.time.pass(by);
    }

    /// A caller waits, and with it everybody who has nothing to do: deadlines pass, an account is
    /// contended no more, and who sweeps has its turn.
    async fn rest(&self) {
        sleep(Duration::from_millis(*self.chance.pick(&RESTS_MS))).await;
    }

    /// A clock steps, or all of them do, and are set right after a while.
    async fn mistrust(&self, at: usize) {
        self.time.step();
        for _ in 0..4 {
            match self.chance.below(4) {
                0 => {
                    self.jump();
                    self.rest().await;
                }
                1 => self.look(at).await,
                _ => self.call(at, self.fresh(at)).await,
            }
        }
        self.time.agree();
    }

    fn fresh(&self, at: usize) -> Command {
        let asker = Asker::new(self.chance.clone(), at);
        let command = asker.command(&self.before.borrow()[at], self.time.now());
        self.remember(at, &command);
        command
    }

    /// Remembers what is asked for, so that later commands can name it.
    fn remember(&self, at: usize, command: &Command) {
        let mut before = self.before.borrow_mut();
        before[at].asked += 1;
        match &command.request {
            Request::Reserve { .. } => {
                before[at].holds.push(command.operation_id);
                before[at].runs.push(command.operation_id);
            }
            Request::Charge { .. } => before[at].runs.push(command.operation_id),
            request if request.payment().is_some() => {
                let asked = (at, request.clone());
                for one in before.iter_mut() {
                    one.payments.push(asked.clone());
                }
            }
            _ => {}
        }
    }

    /// A retry, a late duplicate, or the same id with other content.
    async fn ask_again(&self, at: usize) {
        let before: Vec<Command> = {
            let log = self.log.borrow();
            let of_account = log.calls.iter().filter(|call| call.account == at);
            of_account.map(|call| call.command.clone()).collect()
        };
        if before.is_empty() {
            return;
        }
        let mut command = if self.chance.happens(500) {
            before[before.len() - 1].clone()
        } else {
            self.chance.pick(&before).clone()
        };
        if self.chance.happens(150) {
            command.request = self.fresh(at).request;
        }
        self.call(at, command).await;
    }

    async fn call(&self, at: usize, command: Command) {
        let (_, node) = self.node();
        let name = account(at);
        let before = node.hand.disbelieved();
        let told = match self
            .unless_dead(&node, node.ledger.execute(&name, command.clone()))
            .await
        {
            Some(Ok(answer)) => Told::Answer(answer),
            Some(Err(error)) => Told::Error(error),
            None => Told::Nothing,
        };
        let call = Call {
            account: at,
            command,
            told,
            disbelieved: before.is_some() && before == node.hand.disbelieved(),
        };
        if call.disbelieved && matches!(call.decided(), Some((_, false))) && !call.is_reused() {
            let problem = format!("decided by a clock that is not believed: {call:?}");
            self.log.borrow_mut().problem(problem);
        }
        if let Some((Outcome::Accepted(accepted), false)) = call.decided() {
            if accepted.operation.event.recorded_at > self.time.latest() {
                let problem = format!("decided before its time: {call:?}");
                self.log.borrow_mut().problem(problem);
            }
            self.raise(node.number, at, accepted.operation.sequence.0);
        }
        self.log.borrow_mut().calls.push(call);
    }

    /// What a node answers, unless it dies first.
    async fn unless_dead<T>(&self, node: &Node, call: impl Future<Output = T>) -> Option<T> {
        let died = std::pin::pin!(node.kill.cancelled());
        match select(died, std::pin::pin!(call)).await {
            Either::Left(_) => None,
            Either::Right((result, _)) => Some(result),
        }
    }

    fn raise(&self, node: u64, at: usize, sequence: i64) {
        let mut floors = self.floors.borrow_mut();
        let floor = floors.entry((node, at)).or_default();
        *floor = sequence.max(*floor);
    }

    async fn look(&self, at: usize) {
        let (_, node) = self.node();
        let floor = self.floors.borrow().get(&(node.number, at)).copied();
        let floor = floor.unwrap_or_default();
        let shown = self
            .unless_dead(&node, node.ledger.view(&account(at)))
            .await;
        let Some(Ok(shown)) = shown else {
            return;
        };
        let look = Look::of(at, shown.as_ref());
        if look.sequence < floor {
            let problem = format!("{look:?} was shown after {floor}");
            self.log.borrow_mut().problem(problem);
        }
        self.raise(node.number, at, look.sequence);
        let mut log = self.log.borrow_mut();
        log.looks_disbelieved += u64::from(node.hand.disbelieved().is_some());
        log.looks.push(look);
    }

    async fn ask_outcome(&self, at: usize) {
        let id = {
            let log = self.log.borrow();
            let of_account: Vec<&Call> =
                log.calls.iter().filter(|call| call.account == at).collect();
            if of_account.is_empty() {
                return;
            }
            self.chance.pick(&of_account).command.operation_id
        };
        let (_, node) = self.node();
        let found = self
            .unless_dead(&node, node.ledger.outcome(&account(at), id))
            .await;
        if let Some(Ok(Some(outcome))) = found {
            self.log.borrow_mut().outcomes.push((at, id, outcome));
        }
    }
}
