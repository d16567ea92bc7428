//! Every story again, with the ledger on a PostgreSQL server: this program runs itself.

use std::{env, process::Command};

use credits_tests::{
    cluster::Cluster,
    harness::{ON, require},
};

/// Stories of a file: what stands in its way, what is broken into it, and the audit that reads it.
const OF_A_FILE: [&str; 4] = [
    "poison::",
    "sweeping::",
    "an_outcome_that_is_not_known_in_time_is_named_and_told_later",
    "what_is_not_committed_is_not_seen",
];

#[test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
fn every_story_holds_on_postgresql_as_well() {
    require("PostgreSQL", Cluster::shared().is_some());
    let mut again = Command::new(env::current_exe().expect("this program is a file"));
    // A build that is not optimised needs more room to open a connection in the middle of a story.
    again
        .env("RUST_MIN_STACK", "16777216")
        .env(ON, "postgres")
        .args(["--skip", "on_postgres::", "--skip", "nodes::"]);
    for story in OF_A_FILE {
        again.args(["--skip", story]);
    }
    let output = again.output().expect("this program can be run");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    // Not one that ran nothing.
    assert!(said.contains("test spending::"), "{said}");
}
