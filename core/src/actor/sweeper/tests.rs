//! What a sweep does, and what it leaves to others: on the store in memory, where anything may fail,
//! and on a file that somebody broke.

mod shared;

use std::sync::{
    Arc, Mutex, RwLock,
    atomic::{AtomicU32, Ordering},
};

use actix::Arbiter;
use chrono::TimeDelta;

use super::*;
use crate::{
    actor::{message::View, node::Limits, recent::RecentDecisions, view::AccountView},
    clock::{Clock, Hands},
    domain::{account::Account, command::Request, event::OperationKind, hold::Draw, ids::Sequence},
    feed::Feed,
    store::{
        OperationFilter, SequenceWindow, Store,
        memory::{Fault, FaultPoint, Faults, MemoryStore, Overtake},
        tests::{Book, File, account, at, catalogs, charge, reserve, subscribe},
    },
    writer::{
        Writer,
        submission::{CommittedState, Lineage, Submission},
    },
};

const OPENED: &str = "2026-01-05T09:00:00Z";
const RENEWS: &str = "2026-02-05T09:00:00Z";
const BEFORE: &str = "2026-02-05T08:59:59.999999Z";

/// Accounts of a node in memory, and the node.
struct Scene {
    store: Arc<dyn Store>,
    node: Arc<Node>,
    registry: Registry,
}

impl Scene {
    fn new(store: Arc<dyn Store>, clock: Clock) -> Scene {
        let limits = Limits {
            arbiters: 0,
            ..Limits::patient()
        };
        let (writer, task) = Writer::new(Arc::clone(&store), limits.batch_operations_max);
        Arbiter::current().spawn(task);
        let node = Arc::new(Node {
            store: Arc::clone(&store),
            writer,
            clock,
            catalogs: RwLock::new(catalogs().clone()),
            recent: RecentDecisions::new(0),
            limits,
        });
        Scene {
            store,
            registry: Registry::new(Arc::clone(&node)),
            node,
        }
    }

    fn in_memory(faults: Arc<dyn Faults>) -> Scene {
        let store = Arc::new(MemoryStore::with_faults(faults));
        Scene::new(store, Clock::manual(at(OPENED), 0.0))
    }

    /// Opens accounts on a plan, in the order of their names.
    async fn open(&self, names: &[&str]) {
        for (number, name) in (0_u128..).zip(names) {
            let mut book = Book::new(name);
            book.tell(OPENED, 10 * number + 1, Request::OpenAccount)
                .tell(OPENED, 10 * number + 2, subscribe("creator"));
            self.commit(&mut book).await;
        }
    }

    async fn commit(&self, book: &mut Book) {
        assert_eq!(self.store.commit(&[book.work()]).await.unwrap().lost, []);
    }

    fn set_time(&self, to: &str) {
        assert!(self.node.clock.set(at(to)));
    }

    fn sweeper(&self, chunk_accounts: usize) -> (Sweeping, Sweeper) {
        Sweeper::new(self.registry.clone(), by(chunk_accounts))
    }

    /// Starts a sweeper that goes on by itself.
    fn start(&self, chunk_accounts: usize) -> Sweeping {
        let (sweeping, task) = start(self.registry.clone(), by(chunk_accounts));
        Arbiter::current().spawn(task);
        sweeping
    }

    fn watch(&self, name: &str) -> Feed {
        self.node.writer.feeds().watch(&account(name)).unwrap()
    }

    async fn state(&self, name: &str) -> Account {
        self.store.load(&account(name)).await.unwrap().account
    }

    /// How many periods were granted after the first, as the ledger has it.
    async fn renewals(&self, name: &str) -> usize {
        let everything = SequenceWindow {
            above: None,
            below: None,
            newest_first: false,
            limit: 10_000,
        };
        let renewals = OperationFilter {
            kinds: vec![OperationKind::PeriodGrant],
            ..OperationFilter::default()
        };
        let id = account(name);
        let operations = self.store.operations(&id, &renewals, &everything);
        operations.await.unwrap().len()
    }

    async fn view(&self, name: &str) -> AccountView {
        let (reply, shown) = tokio::sync::oneshot::channel();
        let actor = self.registry.find(&account(name)).unwrap();
        actor.try_send(View { reply }).unwrap();
        shown.await.unwrap().unwrap().unwrap()
    }
}

fn by(chunk_accounts: usize) -> Sweep {
    Sweep {
        chunk_accounts,
        pause: Duration::ZERO,
    }
}

fn period(state: &Account) -> u32 {
    state.subscription.as_ref().unwrap().period
}

/// Lets everything go on that does not wait for time.
async fn settle_down() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

/// Faults by a list: the first of a point that matches happens, once. Commits are counted.
#[derive(Default)]
struct Script {
    faults: Mutex<Vec<(FaultPoint, Fault)>>,
    commits: AtomicU32,
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Script")
    }
}

impl Script {
    fn add(&self, point: FaultPoint, fault: Fault) {
        self.faults.lock().unwrap().push((point, fault));
    }

    fn commits(&self) -> u32 {
        self.commits.load(Ordering::Relaxed)
    }
}

impl Faults for Script {
    fn next(&self, point: FaultPoint) -> Fault {
        if point == FaultPoint::Statement(0) {
            self.commits.fetch_add(1, Ordering::Relaxed);
        }
        let mut faults = self.faults.lock().unwrap();
        let found = faults.iter().position(|(of, _)| *of == point);
        found.map_or(Fault::None, |found| faults.remove(found).1)
    }
}

#[actix::test]
async fn it_wakes_at_the_instant_and_those_who_watch_see_it() {
    let scene = Scene::in_memory(Arc::new(Script::default()));
    let names = ["ann", "bob", "cid", "dan", "eve"];
    scene.open(&names).await;
    let mut feeds = names.map(|name| scene.watch(name));
    let _sweeping = scene.start(2);
    scene.set_time(BEFORE);
    settle_down().await;
    assert_eq!(period(&scene.state("ann").await), 0);

    scene.set_time(RENEWS);
    settle_down().await;
    for feed in &mut feeds {
        let state = feed
            .latest()
            .expect("it is shown at once, not at the next look");
        let subscription = state.subscription.as_ref().unwrap();
        assert_eq!(subscription.period_start(), at(RENEWS));
    }
    assert!(scene.registry.is_empty(), "no actor was started for it");
}

#[actix::test]
async fn what_is_committed_to_end_sooner_wakes_it_sooner() {
    let scene = Scene::in_memory(Arc::new(Script::default()));
    scene.open(&["ann"]).await;
    let mut ann = scene.watch("ann");
    let _sweeping = scene.start(2);
    settle_down().await;
    // A hold, by way of the writer as every decision: it ends an hour later.
    let mut book = Book::of(scene.store.load(&account("ann")).await.unwrap());
    let lineage = Lineage::new(
        CommittedState {
            account: Arc::new(book.account.clone()),
            head: book.head,
        },
        false,
    );
    let work = book.tell(OPENED, 77, reserve()).work();
    scene.node.writer.submit(Submission::of(work, lineage));
    settle_down().await;
    let held = ann.latest().expect("it is committed");
    scene.node.clock.set(held.holds[0].expires_at);
    settle_down().await;
    assert!(
        ann.latest().unwrap().holds.is_empty(),
        "it is not looked for now and then only"
    );
}

#[actix::test]
async fn an_account_with_an_actor_is_left_to_it() {
    let script = Arc::new(Script::default());
    let scene = Scene::in_memory(Arc::clone(&script) as Arc<dyn Faults>);
    scene.open(&["ann", "bob"]).await;
    assert_eq!(period(&scene.view("ann").await.account), 0);
    scene.set_time(RENEWS);
    let before = script.commits();
    let (_sweeping, sweeper) = scene.sweeper(8);
    let swept = sweeper.sweep().await;
    assert_eq!((swept.accounts, swept.renewals), (2, 2));
    assert_eq!(period(&scene.state("ann").await), 1);
    assert_eq!(scene.registry.len(), 1, "none was started for bob");
    // The actor knows of it: had another one written, it would have to decide and lose now.
    let written = script.commits();
    assert_eq!(period(&scene.view("ann").await.account), 1);
    assert_eq!(script.commits(), written);
    assert!(written > before);
    assert_eq!(scene.renewals("ann").await, 1);
}

#[actix::test]
async fn who_loses_the_fence_leaves_it_to_the_winner_and_looks_again() {
    let script = Arc::new(Script::default());
    let scene = Scene::in_memory(Arc::clone(&script) as Arc<dyn Faults>);
    scene.open(&["ann", "bob"]).await;
    scene.set_time(RENEWS);
    // Another node charges ann while the sweep writes, and so renews her.
    let overtake: Overtake = Box::new(|store| {
        let mut book = Book::of(store.read(&account("ann")));
        book.tell(RENEWS, 77, charge());
        assert_eq!(store.write(&[book.work()]).lost, []);
    });
    script.add(FaultPoint::Statement(2), Fault::LoseFence(overtake));
    let (_sweeping, sweeper) = scene.sweeper(8);
    let swept = sweeper.sweep().await;
    assert_eq!((swept.accounts, swept.overtaken), (1, 1));
    assert_eq!(swept.rest(), Rest::None);
    let again = sweeper.sweep().await;
    assert_eq!((again.accounts, again.rest()), (0, Rest::UntilDue));
    for name in ["ann", "bob"] {
        assert_eq!(scene.renewals(name).await, 1, "{name}");
    }
}

#[actix::test]
async fn an_actor_that_begins_meanwhile_and_is_overtaken_shows_what_was_committed() {
    let scene = Scene::in_memory(Arc::new(Script::default()));
    scene.open(&["ann"]).await;
    scene.view("ann").await;
    // As if it had begun after the sweep had looked for it: its state is from before the renewal.
    let mut book = Book::of(scene.store.load(&account("ann")).await.unwrap());
    scene.commit(book.pass(at(RENEWS))).await;
    scene.set_time(RENEWS);
    let view = scene.view("ann").await;
    assert_eq!(
        (period(&view.account), view.account.sequence),
        (1, book.head.sequence)
    );
}

#[actix::test]
async fn what_failed_is_done_by_the_next_sweep() {
    for (point, alone) in [(FaultPoint::Load, false), (FaultPoint::Statement(1), true)] {
        let script = Arc::new(Script::default());
        let scene = Scene::in_memory(Arc::clone(&script) as Arc<dyn Faults>);
        scene.open(&["ann", "bob"]).await;
        scene.set_time(RENEWS);
        // The group, and then each alone.
        for _ in 0..if alone { 3 } else { 1 } {
            script.add(point, Fault::Fail);
        }
        let (_sweeping, sweeper) = scene.sweeper(8);
        let swept = sweeper.sweep().await;
        assert_eq!((swept.accounts, swept.left_out), (0, 0), "{point:?}");
        assert_eq!(swept.rest(), Rest::Long);
        let again = sweeper.sweep().await;
        assert_eq!(
            (again.accounts, again.renewals, again.rest()),
            (2, 2, Rest::UntilDue)
        );
    }
}

#[actix::test]
async fn a_long_absence_is_caught_up_with_in_steps() {
    let script = Arc::new(Script::default());
    let scene = Scene::in_memory(Arc::clone(&script) as Arc<dyn Faults>);
    scene.open(&["ann", "bob"]).await;
    let mut book = Book::of(scene.store.load(&account("bob")).await.unwrap());
    book.tell(OPENED, 99, Request::CancelSubscription);
    scene.commit(&mut book).await;
    scene.set_time("2056-01-05T09:00:00Z");
    let before = script.commits();
    let (_sweeping, sweeper) = scene.sweeper(8);
    let swept = sweeper.sweep().await;
    // Twenty years of ann, and all there is of bob.
    assert_eq!((swept.accounts, swept.renewals, swept.left), (2, 240, 1));
    assert_eq!(swept.rest(), Rest::None);
    assert_eq!(sweeper.sweep().await.renewals, 120);
    assert_eq!(script.commits() - before, 2);
    assert_eq!(period(&scene.state("ann").await), 360);
    assert!(scene.state("bob").await.subscription.is_none());
}

#[actix::test]
async fn nothing_is_done_while_the_clock_is_not_believed() {
    let hands = Hands::at(at(OPENED));
    let scene = Scene::new(Arc::new(MemoryStore::new()), hands.clock());
    scene.open(&["ann"]).await;
    // Far enough for everything to be due, if one believed it.
    hands.step(TimeDelta::days(400));
    let (_sweeping, sweeper) = scene.sweeper(8);
    let swept = sweeper.sweep().await;
    assert_eq!((swept.accounts, swept.rest()), (0, Rest::Long));
    assert_eq!(period(&scene.state("ann").await), 0);
}

#[actix::test]
async fn a_sweeper_that_was_stopped_takes_on_nothing_more() {
    let script = Arc::new(Script::default());
    let scene = Scene::in_memory(Arc::clone(&script) as Arc<dyn Faults>);
    scene.open(&["ann", "bob"]).await;
    scene.set_time(RENEWS);
    let before = script.commits();
    let (sweeping, sweeper) = scene.sweeper(8);
    sweeping.stop();
    let swept = sweeper.sweep().await;
    assert_eq!((swept.accounts, swept.left), (0, 2));
    sweeping.over().await;
    assert_eq!(script.commits(), before);
}

#[actix::test]
async fn a_sweep_that_is_killed_midway_goes_on_where_it_was() {
    let script = Arc::new(Script::default());
    let scene = Scene::in_memory(Arc::clone(&script) as Arc<dyn Faults>);
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    scene.open(&names).await;
    scene.set_time(RENEWS);
    let (sweeping, task) = start(scene.registry.clone(), by(1));
    // It dies under its second commit.
    let sweeping = Arc::new(sweeping);
    let killed = Arc::clone(&sweeping);
    script.add(FaultPoint::Statement(3), Fault::None);
    script.add(
        FaultPoint::Statement(3),
        Fault::LoseFence(Box::new(move |_| killed.stop())),
    );
    task.await;
    sweeping.over().await;
    let mut done = 0;
    for name in names {
        done += scene.renewals(name).await;
    }
    assert!((1..names.len()).contains(&done), "{done} were done");
    let (_sweeping, sweeper) = scene.sweeper(4);
    let swept = sweeper.sweep().await;
    assert_eq!(swept.accounts as usize, names.len() - done);
    for name in names {
        assert_eq!(scene.renewals(name).await, 1, "{name}");
    }
}

#[actix::test]
async fn an_account_that_panics_or_makes_no_sense_is_left_out_and_told_of_once() {
    let file = File::new().await;
    let store = Arc::new(file.open().await);
    let clock = Clock::manual(at(OPENED), 0.0);
    let scene = Scene::new(Arc::clone(&store) as Arc<dyn Store>, clock);
    scene.open(&["ann", "bob", "cid", "dan"]).await;
    scene.set_time(RENEWS);
    // Ann's renewal can't be written, bob's row makes no sense, and cid's hold drew from a lot that is not.
    file.execute(
        "CREATE INDEX deaf ON operation (json('{' || kind)) \
         WHERE account_id = 1 AND kind = 'period_grant'",
    )
    .await;
    file.execute("UPDATE account SET snapshot = '{}' WHERE external_id = 'bob'")
        .await;
    place_a_hold_on_nothing(&scene, "cid").await;
    let (_sweeping, sweeper) = scene.sweeper(8);
    let swept = sweeper.sweep().await;
    assert_eq!(
        (swept.accounts, swept.left, swept.left_out),
        (1, 1, 2),
        "ann may be the database's fault"
    );
    assert_eq!(scene.renewals("dan").await, 1);
    for _ in 0..4 {
        assert_eq!(swept.rest(), Rest::None);
        assert_eq!(sweeper.sweep().await.accounts, 0);
    }
    // They do not come up again soon, and keep nobody from anything.
    let again = sweeper.sweep().await;
    assert_eq!((again.accounts, again.left_out), (0, 3));
    assert_eq!(again.rest(), Rest::UntilDue);
    for key in 1..=3 {
        assert!(sweeper.quarantine().holds(key, Monotonic::now()));
    }
    store.close().await;
}

/// Writes what no decision could be: a hold whose credits came from nowhere.
async fn place_a_hold_on_nothing(scene: &Scene, name: &str) {
    let mut book = Book::of(scene.store.load(&account(name)).await.unwrap());
    book.tell(OPENED, 55, reserve());
    let mut work = book.work();
    let account = Arc::make_mut(&mut work.after);
    account.holds[0].draws = vec![Draw {
        lot: Sequence(999),
        amount: account.holds[0].amount,
    }];
    scene.store.commit(&[work]).await.unwrap();
}
