//! A node that is killed in the middle of a sweep: the others do what it had claimed, and nobody renews twice.

use std::collections::HashMap;

use credits_core::{
    clock::Clock,
    domain::{day::DAY_MICROS, time::Instant},
};
use credits_tests::{
    audit::Audit,
    cluster::{self, Cluster},
    harness::{require, until},
};

use crate::{crowd::other, limits::long_but, nodes::Nodes};

/// Accounts that are due at once: several claims of a node.
const ACCOUNTS: u64 = 600;
/// The most accounts that a node claims at a time.
const CLAIMED_MAX: u64 = 128;
/// Longer than a month and shorter than two: each account renews once.
const LATER_DAYS: i64 = 40;

/// Makes whoever writes an operation of one account, which is due after half of the others, wait for a lock.
const GATE: &str = "CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS \
    $$ BEGIN PERFORM pg_advisory_xact_lock(1) FROM account \
       WHERE id = NEW.account_id AND external_id = 'other-00300'; RETURN NEW; END $$; \
    CREATE TRIGGER gate BEFORE INSERT ON operation FOR EACH ROW EXECUTE FUNCTION gate();";
const CLOSE_GATE: &str = "SELECT pg_advisory_xact_lock(1)";
/// How many wait for that lock.
const WAITING: &str = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn what_a_killed_node_was_sweeping_is_done_once_by_another() {
    require("PostgreSQL", cluster::binaries().is_some());
    let cluster = Cluster::new().expect("PostgreSQL is there");
    let database = cluster.database(None);
    let url = cluster.url(&database);
    let mut first = Nodes::start(1, url.clone(), &[]).await;
    first.open_others(ACCOUNTS).await;
    first.running[0].kill();

    let now = Clock::real().read().now;
    let later =
        Instant::from_micros(now.micros() + LATER_DAYS * DAY_MICROS).expect("it is in range");
    let arguments = [long_but(&[]), vec!["--at", later.to_string().leak()]].concat();
    cluster.sql(&database, GATE);
    let closed = Audit::holding(&url, CLOSE_GATE).await;
    let audit = Audit::on_server(&url).await;
    let mut claiming = Nodes::start(1, url.clone(), &arguments).await;
    until("the first node is in the middle of a claim", async || {
        (cluster.sql(&database, WAITING) == "1").then_some(())
    })
    .await;
    let others = Nodes::start(1, url.clone(), &arguments).await;
    until("the second node renews what is not claimed", async || {
        (sum(&audit.renewals().await) >= ACCOUNTS - CLAIMED_MAX).then_some(())
    })
    .await;
    claiming.running[0].kill();
    let renewed = sum(&audit.renewals().await);
    assert!(renewed < ACCOUNTS, "it was in the middle of it");

    closed.rollback().await.expect("the lock is given back");
    until("the second node renews what was claimed", async || {
        (sum(&audit.renewals().await) >= ACCOUNTS).then_some(())
    })
    .await;
    let renewals = audit.renewals().await;
    for number in 0..ACCOUNTS {
        assert_eq!(renewals[&other(number)], 1);
    }
    audit.close().await;
    others.verify();
}

fn sum(renewals: &HashMap<String, i64>) -> u64 {
    renewals.values().sum::<i64>().unsigned_abs()
}
