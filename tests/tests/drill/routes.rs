//! Where the proxy sends what, and what that is good for.

use credits_tests::{
    cluster::{self, Cluster},
    harness::{Client, present_or_skip},
};

use crate::{
    crowd::{ANSWERED_WITHIN, Crowd},
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
const FILTER: [&str; 2] = [
    "--log-filter",
    "info,access=debug,credits_core::writer::telling=debug",
];

#[actix_web::test]
async fn what_is_asked_for_an_account_goes_to_one_node_so_that_none_is_in_anothers_way() {
    if !present_or_skip("PostgreSQL", cluster::binaries().is_some())
        || !present_or_skip("HAProxy", Proxy::is_installed())
    {
        return;
    }
    let cluster = Cluster::new().expect("PostgreSQL is there");
    let url = cluster.url(&cluster.database(None));
    let nodes = Nodes::start(NODES, url, &FILTER).await;
    let proxy = Proxy::start(&nodes.addresses()).await;
    let token = nodes.running[0].token();
    let mut crowd = Crowd::new(7);
    crowd
        .open_accounts(&Client::new(proxy.address(), Some(token)))
        .await;

    work(&mut crowd, || Client::new(proxy.address(), Some(token))).await;
    assert_eq!(nodes.logged(LOST), [0; NODES], "by the proxy");
    let asked = nodes.logged(ASKED);
    let busy = asked.iter().filter(|times| **times > 0).count();
    assert!(busy > 1, "accounts are divided among the nodes: {asked:?}");
    // Without it they are.
    work(&mut crowd, || nodes.next().studio()).await;
    assert_ne!(nodes.logged(LOST), [0; NODES], "past the proxy");
    assert!(crowd.unknown.is_empty());
    nodes.verify();
}

async fn work(crowd: &mut Crowd, client: impl Fn() -> Client) {
    let working = crowd.go_on(ANSWERED_WITHIN, client);
    for _ in 0..SPELLS {
        working.is_on().await;
    }
    working.stop();
    crowd.gather(working).await;
}
