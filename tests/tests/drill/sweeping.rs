//! A node that is killed in the middle of a sweep: the others do what it had claimed, and nobody renews twice.

use std::{collections::HashMap, time::Duration};

use actix_rt::time::timeout;
use credits_core::{
    clock::Clock,
    domain::{day::DAY_MICROS, time::Instant},
};
use credits_tests::{
    audit::Audit,
    cluster::{self, Cluster},
    harness::present_or_skip,
};

use crate::{crowd::other, nodes::Nodes};

/// Accounts that are due at once: more than a node sweeps while another one starts.
const ACCOUNTS: u64 = 3_000;
/// Longer than a month and shorter than two: each account renews once.
const LATER_DAYS: i64 = 40;
/// How often it is looked how far they are.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How long the sweep may take, on a busy machine too.
const SWEPT_WITHIN: Duration = Duration::from_secs(90);

#[actix_web::test]
async fn what_a_killed_node_was_sweeping_is_done_once_by_another() {
    if !present_or_skip("PostgreSQL", cluster::binaries().is_some()) {
        return;
    }
    let cluster = Cluster::new().expect("PostgreSQL is there");
    let url = cluster.url(&cluster.database(None));
    let mut first = Nodes::start(1, url.clone(), &[]).await;
    first.open_others(ACCOUNTS).await;
    first.running[0].kill();

    let now = Clock::real().read().now;
    let later =
        Instant::from_micros(now.micros() + LATER_DAYS * DAY_MICROS).expect("it is in range");
    let later: &str = later.to_string().leak();
    let audit = Audit::on_server(&url).await;
    let mut nodes = Nodes::start(2, url.clone(), &["--at", later]).await;
    let begun = async {
        loop {
            let renewed = sum(&audit.renewals().await);
            if renewed > 0 {
                break renewed;
            }
            actix_rt::time::sleep(LOOK_EVERY).await;
        }
    };
    let renewed = timeout(SWEPT_WITHIN, begun).await;
    let renewed = renewed.expect("it begins");
    nodes.running[0].kill();
    assert!(renewed < ACCOUNTS, "it was in the middle of it");

    let swept = async {
        while sum(&audit.renewals().await) < ACCOUNTS {
            actix_rt::time::sleep(LOOK_EVERY).await;
        }
    };
    let swept = timeout(SWEPT_WITHIN, swept).await;
    swept.expect("the other one goes on");
    let renewals = audit.renewals().await;
    for number in 0..ACCOUNTS {
        assert_eq!(renewals[&other(number)], 1);
    }
    audit.close().await;
    nodes.verify();
}

fn sum(renewals: &HashMap<String, i64>) -> u64 {
    renewals.values().sum::<i64>().unsigned_abs()
}
