//! Three nodes on one PostgreSQL database, restarted in turn, killed, and with the database killed under
//! them, while a crowd works at all of them: nothing that was said is taken back.

use std::{cell::Cell, panic::AssertUnwindSafe, path::Path, time::Duration};

use credits_tests::{
    audit::Audit,
    cluster::{self, Cluster},
    harness::{Child, Program, present_or_skip},
};
use futures_util::FutureExt;
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    END_WITHIN, ask_again, compare_rows,
    crowd::{Answered, Crowd},
};

/// The nodes of the drill below.
const NODES: usize = 3;
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
            let directory = nodes.directories[number].path().to_owned();
            nodes.program.furnish(&directory);
            if number > 0 {
                share_keys(nodes.directories[0].path(), &directory);
            }
            let node = nodes.serve(number).await;
            nodes.running.push(node);
        }
        nodes
    }

    async fn serve(&self, number: usize) -> Child {
        let directory = self.directories[number].path();
        let mut arguments = vec!["--catalog-file", "story.toml", "--database-url", &self.url];
        arguments.extend(&self.arguments);
        self.program.serve_with(directory, &arguments).await
    }

    /// The next node in turn.
    pub fn next(&self) -> &Child {
        self.asked.set(self.asked.get() + 1);
        &self.running[self.asked.get() % self.running.len()]
    }

    /// Kills all of them and starts them again.
    async fn start_again(&mut self) {
        self.running.iter_mut().for_each(Child::kill);
        for number in 0..self.running.len() {
            self.running[number] = self.serve(number).await;
        }
    }

    pub fn verify(&self) {
        let directory = self.directories[0].path();
        let arguments = ["verify", "--database-url", &self.url];
        let (ok, printed) = self.program.run(directory, &arguments);
        assert!(ok, "{printed}");
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
async fn three_nodes_take_nothing_back_whatever_is_killed() {
    if !present_or_skip("PostgreSQL", cluster::binaries().is_some()) {
        return;
    }
    let cluster = Cluster::new().expect("PostgreSQL is there");
    let url = cluster.url(&cluster.database(None));
    let seed = Uuid::new_v4().as_u64_pair().0;
    let mut crowd = Crowd::new(seed);
    let mut nodes = Nodes::start(NODES, url.clone(), &[]).await;
    crowd.open_accounts(&nodes.next().studio()).await;

    // A deploy: one after the other leaves in order and comes back.
    let working = crowd.work(|| nodes.next().studio());
    working.is_on().await;
    for number in 0..NODES {
        let left = nodes.running[number].leave(END_WITHIN).await;
        assert!(
            left.is_some_and(|status| status.success()),
            "it leaves in order"
        );
        nodes.running[number] = nodes.serve(number).await;
    }
    crowd.gather(working).await;
    crowd.resolve(&nodes.next().studio()).await;

    // One is killed, and the others go on.
    let working = crowd.work(|| nodes.next().studio());
    working.is_on().await;
    nodes.running[1].kill();
    actix_rt::time::sleep(GOES_ON).await;
    nodes.start_again().await;
    crowd.gather(working).await;
    crowd.resolve(&nodes.next().studio()).await;

    // The database is killed and comes back.
    let working = crowd.work(|| nodes.next().studio());
    working.is_on().await;
    cluster.control(&["restart", "-w", "-m", "immediate"]);
    actix_rt::time::sleep(GOES_ON).await;
    nodes.start_again().await;
    crowd.gather(working).await;
    crowd.resolve(&nodes.next().studio()).await;
    assert!(crowd.unknown.is_empty(), "seed {seed}");

    ask_again(&nodes.next().studio(), &crowd.known).await;
    nodes.verify();
    let audit = Audit::on_server(&url).await;
    compare_rows(&audit, &crowd.known, seed).await;
    control(&audit, &crowd.known, seed).await;
    audit.close().await;
}

/// The audit finds what was never written.
pub async fn control(audit: &Audit, known: &[Answered], seed: u64) {
    let mut invented = known.to_vec();
    let accepted = invented
        .iter_mut()
        .find(|answered| answered.payload["userErrors"] == json!([]));
    let accepted = accepted.expect("something was accepted");
    accepted.call.input["operationId"] = json!(Uuid::now_v7());
    let found = AssertUnwindSafe(compare_rows(audit, &invented, seed)).catch_unwind();
    assert!(
        found.await.is_err(),
        "an answer that is not in the database is found"
    );
}
