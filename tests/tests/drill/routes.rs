//! Where the proxy sends what, and what that is good for.

use credits_tests::{
    cluster::{self, Cluster},
    harness::{Client, require, until},
};

use crate::{
    crowd::{Crowd, say},
    limits::long_but,
    nodes::Nodes,
    proxy::Proxy,
};

const NODES: usize = 3;
/// How often it is waited for answers: long enough for nodes to have been in each other's way.
const SPELLS: usize = 8;
/// What a node logs of an account whose decisions were lost to another one, and of each request; and the
/// levels at which it does.
const LOST: &str = "lost to another writer";
const ASKED: &str = "/graphql";
/// Sweepers do not go through the proxy, so they would collide with the nodes that it chose.
const ARGUMENTS: [&str; 3] = [
    "--sweeper-enabled=false",
    "--log-filter",
    "info,access=debug,credits_core::writer::telling=debug",
];

/// Nodes behind a proxy, and what was asked of them by it.
struct Scene {
    nodes: Nodes,
    proxy: Proxy,
    crowd: Crowd,
}

impl Scene {
    /// A crowd has worked on a new database by the proxy.
    async fn by_the_proxy(cluster: &Cluster) -> Scene {
        let url = cluster.url(&cluster.database(None));
        let arguments = [long_but(&[]), ARGUMENTS.to_vec()].concat();
        let nodes = Nodes::start(NODES, url, &arguments).await;
        let proxy = Proxy::start(&nodes.addresses()).await;
        let mut crowd = Crowd::new(7);
        let studio = || Client::new(proxy.address(), Some(nodes.running[0].token()));
        crowd.open_accounts(&studio()).await;
        let working = crowd.go_on(studio);
        for _ in 0..SPELLS {
            working.is_on().await;
        }
        working.stop();
        crowd.gather(working).await;
        Scene {
            nodes,
            proxy,
            crowd,
        }
    }

    /// Whether the decisions of a node were lost to another one.
    fn have_collided(&self) -> bool {
        self.nodes.logged(LOST) != [0; NODES]
    }
}

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL and HAProxy")]
async fn what_is_asked_for_an_account_goes_to_one_node_so_that_none_is_in_anothers_way() {
    require("PostgreSQL", cluster::binaries().is_some());
    require("HAProxy", Proxy::is_installed());
    let cluster = Cluster::new().expect("PostgreSQL is there");
    // A node that is too busy to say that it is ready has its accounts sent elsewhere, as it should. That is
    // another drill's.
    let mut scene = until("the proxy finds every node up all the time", async || {
        let scene = Scene::by_the_proxy(&cluster).await;
        let is_kept = scene.proxy.has_sent_nothing_astray();
        if !is_kept {
            say("the proxy found a node down: once more");
        }
        is_kept.then_some(scene)
    })
    .await;
    assert!(!scene.have_collided(), "by the proxy");
    let asked = scene.nodes.logged(ASKED);
    let busy = asked.iter().filter(|times| **times > 0).count();
    assert!(busy > 1, "accounts are divided among the nodes: {asked:?}");

    // Without it they collide.
    let working = scene.crowd.go_on(|| scene.nodes.next().studio());
    until("nodes collide past the proxy", async || {
        scene.have_collided().then_some(())
    })
    .await;
    working.stop();
    scene.crowd.gather(working).await;
    scene.crowd.resolve(&scene.nodes.next().studio()).await;
    scene.nodes.verify();
}
