//! Three nodes on one PostgreSQL database with a proxy in front, restarted in turn, killed, and with the
//! database killed under them, while a crowd works at one hot account and at ten thousand others: nothing
//! that was said is taken back, and who follows the hot account misses no number.

use std::{cell::Cell, net::SocketAddr, panic::AssertUnwindSafe, path::Path, time::Duration};

use credits_api::{app::start_ledger, database::open_to_write};
use credits_core::clock::Clock;
use credits_tests::{
    audit::Audit,
    cluster::{self, Cluster},
    harness::{Child, Client, Program, patient, require},
    load::rival,
};
use futures_util::FutureExt;
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    ask_again, compare_rows,
    crowd::{ACCOUNTS, Answered, Crowd, other},
    follower::Follower,
    proxy::Proxy,
    verify,
};

const NODES: usize = 3;
/// Accounts that few ask for.
const OTHERS: u64 = 10_000;
const OPENED_AT_ONCE: usize = 50;
/// For so long the crowd goes on after something happened.
const GOES_ON: Duration = Duration::from_millis(800);

/// The nodes, each in a directory of its own, with the same keys and database.
pub struct Nodes {
    program: Program,
    directories: Vec<TempDir>,
    url: String,
    arguments: Vec<&'static str>,
    pub running: Vec<Child>,
    asked: Cell<usize>,
}

impl Nodes {
    /// Starts so many, with these arguments more.
    pub async fn start(count: usize, url: String, arguments: &[&'static str]) -> Nodes {
        let directories = (0..count).map(|_| tempfile::tempdir().expect("a directory can be made"));
        let mut nodes = Nodes {
            program: Program::find(),
            directories: directories.collect(),
            url,
            arguments: arguments.to_vec(),
            running: Vec::new(),
            asked: Cell::new(0),
        };
        for number in 0..count {
            let directory = nodes.directories[number].path();
            nodes.program.furnish(directory);
            if number > 0 {
                share_keys(nodes.directories[0].path(), directory);
            }
            let arguments = nodes.arguments();
            let node = nodes.program.serve_with(directory, &arguments).await;
            nodes.running.push(node);
        }
        nodes
    }

    fn arguments(&self) -> Vec<&str> {
        let mut arguments = vec!["--catalog-file", "story.toml", "--database-url", &self.url];
        arguments.extend(&self.arguments);
        arguments
    }

    /// The next node in turn.
    pub fn next(&self) -> &Child {
        self.asked.set(self.asked.get() + 1);
        &self.running[self.asked.get() % self.running.len()]
    }

    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.running.iter().map(Child::address).collect()
    }

    /// Starts a node where it was before.
    async fn serve_again(&mut self, number: usize) {
        let directory = self.directories[number].path();
        let address = self.running[number].address();
        let served = self
            .program
            .serve_at(directory, address, &self.arguments())
            .await;
        self.running[number] = served;
    }

    /// How many lines of each node's log say that.
    pub fn logged(&self, what: &str) -> Vec<usize> {
        let directories = self.directories.iter();
        let lines = directories.map(|directory| {
            let log = std::fs::read_to_string(directory.path().join("service.log"));
            let log = log.expect("each node has one");
            log.lines().filter(|line| line.contains(what)).count()
        });
        lines.collect()
    }

    pub fn verify(&self) {
        let directory = self.directories[0].path();
        verify(&self.program, directory, &["--database-url", &self.url]);
    }

    /// Opens the other accounts with a plan, past the crowd, by a node of this process.
    pub async fn open_others(&self, count: u64) {
        let mut settings = patient();
        settings.development = true;
        settings.data_dir = self.directories[0].path().to_owned();
        settings.database.url = Some(self.url.clone());
        let store = open_to_write(&settings).await.expect("the server is there");
        let ledger = start_ledger(&settings, &store, Clock::real()).await;
        let ledger = ledger.unwrap_or_else(|problem| panic!("{problem}"));
        let names: Vec<String> = (0..count).map(other).collect();
        for names in names.chunks(OPENED_AT_ONCE) {
            rival::open_accounts(&ledger, names).await;
        }
        ledger.close();
        ledger.drained().await;
        store.close().await;
    }
}

/// A token of one node is good at all of them, and so is a quote.
fn share_keys(from: &Path, to: &Path) {
    for file in from
        .read_dir()
        .expect("the directory can be read")
        .flatten()
    {
        if file.path().extension().is_some_and(|kind| kind == "key") {
            let copied = std::fs::copy(file.path(), to.join(file.file_name()));
            copied.expect("the directory can be written to");
        }
    }
}

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL and HAProxy")]
async fn three_nodes_behind_a_proxy_take_nothing_back_whatever_is_killed() {
    require("PostgreSQL", cluster::binaries().is_some());
    require("HAProxy", Proxy::is_installed());
    let cluster = Cluster::new().expect("PostgreSQL is there");
    let url = cluster.url(&cluster.database(None));
    let seed = Uuid::new_v4().as_u64_pair().0;
    let mut crowd = Crowd::with_others(seed, OTHERS);
    let mut nodes = Nodes::start(NODES, url.clone(), &[]).await;
    let proxy = Proxy::start(&nodes.addresses()).await;
    let token = nodes.running[0].token().to_owned();
    let studio = || Client::new(proxy.address(), Some(&token));
    nodes.open_others(OTHERS).await;
    crowd.open_accounts(&studio()).await;
    let follower = Follower::start(proxy.address(), &token, ACCOUNTS[0]).await;
    let working = crowd.go_on(studio);
    working.is_on().await;

    // A deploy: one after the other leaves in order and comes back.
    for number in 0..NODES {
        let left = nodes.running[number].leave().await;
        assert!(left.success(), "it leaves in order");
        nodes.serve_again(number).await;
        working.is_on().await;
    }

    // One is killed, and the others go on.
    nodes.running[1].kill();
    actix_rt::time::sleep(GOES_ON).await;
    working.is_on().await;
    nodes.serve_again(1).await;

    // The database is killed and comes back, and the nodes go on by themselves.
    cluster.control(&["restart", "-w", "-m", "immediate"]);
    working.is_on().await;

    working.stop();
    crowd.gather(working).await;
    crowd.resolve(&studio()).await;
    ask_again(&studio(), &crowd.known).await;
    let last = studio().balance(ACCOUNTS[0]).await["sequence"].as_i64();
    let connected = follower.has_heard(last.expect("it is a number")).await;
    assert!(connected > 1, "the nodes that it followed were restarted");

    nodes.verify();
    let audit = Audit::on_server(&url).await;
    compare_rows(&audit, &crowd.known, OTHERS).await;
    control(&audit, &crowd.known, OTHERS).await;
    audit.close().await;
}

/// The audit finds what was never written.
pub async fn control(audit: &Audit, known: &[Answered], others: u64) {
    let mut invented = known.to_vec();
    let accepted = invented
        .iter_mut()
        .find(|answered| answered.payload["userErrors"] == json!([]));
    let accepted = accepted.expect("something was accepted");
    accepted.call.input["operationId"] = json!(Uuid::now_v7());
    let found = AssertUnwindSafe(compare_rows(audit, &invented, others)).catch_unwind();
    assert!(
        found.await.is_err(),
        "an answer that is not in the database is found"
    );
}
