//! Sweepers of several nodes on one database: each period is granted once, and nobody's work is lost.

use futures_util::future::join_all;
use sea_orm::ConnectionTrait;

use super::*;
use crate::{store::tests::postgres, verify::verify};

const NODES: usize = 3;
const ACCOUNTS: usize = 300;

/// Nodes on a new PostgreSQL database, and its URL.
async fn nodes(count: usize) -> (String, Vec<Scene>) {
    let url = postgres::database().await;
    let mut nodes = Vec::new();
    for _ in 0..count {
        let store = Arc::new(postgres::connect(&url).await);
        nodes.push(Scene::new(store, Clock::manual(at(OPENED), 0.0)));
    }
    (url, nodes)
}

/// All accounts are renewed, once.
async fn each_renewed_once(scene: &Scene, names: &[&str]) {
    for name in names {
        assert_eq!(scene.renewals(name).await, 1, "{name}");
    }
    let report = verify(scene.store.as_ref()).await.unwrap();
    assert!(report.is_clean(), "{report}");
}

#[actix::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn sweepers_of_several_nodes_share_what_is_due() {
    let (_, nodes) = nodes(NODES).await;
    let names: Vec<String> = (0..ACCOUNTS).map(|number| format!("a{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    nodes[0].open(&names).await;
    let sweeping = nodes.iter().map(|node| async move {
        node.set_time(RENEWS);
        let (_sweeping, sweeper) = node.sweeper(8);
        let mut swept = Swept::default();
        loop {
            let sweep = sweeper.sweep().await;
            swept.add(sweep);
            match sweep.rest() {
                Rest::UntilDue => return swept,
                Rest::None | Rest::Pause => {}
                Rest::Long => panic!("{sweep:?}"),
            }
        }
    });
    let did = join_all(sweeping).await;
    let accounts: Vec<u64> = did.iter().map(|swept| swept.accounts).collect();
    assert!(accounts.iter().all(|did| *did > 0), "{did:?}");
    assert_eq!(accounts.iter().sum::<u64>(), ACCOUNTS as u64, "{did:?}");
    let lost: u64 = did.iter().map(|swept| swept.overtaken).sum();
    assert_eq!(lost, 0, "{did:?}");
    each_renewed_once(&nodes[0], &names).await;
}

#[actix::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn those_who_watch_see_it_and_an_account_with_an_actor_is_left_to_it() {
    let (_, nodes) = nodes(1).await;
    let scene = &nodes[0];
    scene.open(&["ann", "bob"]).await;
    scene.view("ann").await;
    let mut bob = scene.watch("bob");
    scene.set_time(RENEWS);
    let (_sweeping, sweeper) = scene.sweeper(8);
    let swept = sweeper.sweep().await;
    assert_eq!((swept.accounts, swept.renewals), (2, 2));
    assert_eq!(period(&bob.latest().unwrap()), 1);
    assert_eq!(scene.registry.len(), 1, "none was started for bob");
    assert_eq!(swept.rest(), Rest::UntilDue);
    let next = scene.node.writer.alarm().next();
    assert_eq!(next, Some(at("2026-03-05T09:00:00Z")));
    each_renewed_once(scene, &["ann", "bob"]).await;
}

#[actix::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn one_that_can_not_be_written_keeps_nobody_from_anything() {
    let (url, nodes) = nodes(1).await;
    let scene = &nodes[0];
    scene.open(&["ann", "bob", "cid"]).await;
    let deaf = "CREATE FUNCTION deaf() RETURNS trigger LANGUAGE plpgsql AS \
                $$ BEGIN RAISE 'no'; END $$; \
                CREATE TRIGGER deaf BEFORE INSERT ON operation FOR EACH ROW \
                WHEN (NEW.account_id = 1) EXECUTE FUNCTION deaf();";
    let raw = postgres::raw(&url).await;
    raw.execute_unprepared(deaf).await.unwrap();
    scene.set_time(RENEWS);
    let (_sweeping, sweeper) = scene.sweeper(8);
    let swept = sweeper.sweep().await;
    assert_eq!((swept.accounts, swept.left), (2, 1), "the claim was undone");
    let mut sweeps = 1;
    loop {
        let swept = sweeper.sweep().await;
        sweeps += 1;
        assert_eq!(swept.accounts, 0);
        if swept.left_out == 1 {
            break;
        }
        assert!(sweeps < 9, "it is left out");
    }
    // What is wrong is mended, and it is done at its next touch.
    raw.execute_unprepared("DROP TRIGGER deaf ON operation")
        .await
        .unwrap();
    scene.view("ann").await;
    each_renewed_once(scene, &["ann", "bob", "cid"]).await;
}

#[actix::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn a_long_absence_is_caught_up_with_in_several_claims() {
    let (_, nodes) = nodes(1).await;
    let scene = &nodes[0];
    let names: Vec<String> = (0..12).map(|number| format!("a{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    scene.open(&names).await;
    // Twenty years each.
    scene.set_time("2046-01-05T09:00:00Z");
    let (_sweeping, sweeper) = scene.sweeper(64);
    let mut swept = sweeper.sweep().await;
    assert!(swept.left > 0, "not all at once: {swept:?}");
    assert_eq!(swept.rest(), Rest::None);
    while swept.rest() == Rest::None {
        swept = sweeper.sweep().await;
    }
    assert_eq!(swept.rest(), Rest::UntilDue);
    for name in names {
        assert_eq!(period(&scene.state(name).await), 240);
    }
}

#[actix::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn a_sweeper_that_was_stopped_claims_nothing_more() {
    let (_, nodes) = nodes(1).await;
    let scene = &nodes[0];
    scene.open(&["ann", "bob"]).await;
    scene.set_time(RENEWS);
    let (sweeping, sweeper) = scene.sweeper(8);
    sweeping.stop();
    let swept = sweeper.sweep().await;
    assert_eq!((swept.accounts, swept.left), (0, 2));
    sweeping.over().await;
    assert_eq!(period(&scene.state("ann").await), 0);
}
