//! The service is killed in the middle of everything, again and again, and nothing that it said is
//! taken back.
//!
//! A crowd of clients charges, reserves, settles, releases, is refused and repeats itself, each over
//! a connection of its own, while the process is killed without warning. After each restart every
//! call without an answer is brought to one definite answer; at the end all answers are asked again,
//! and the database is audited by statements of the tests' own.

mod crowd;
mod follower;
mod nodes;
mod proxy;
mod routes;
mod silence;
mod streams;
mod sweeping;
mod troubles;

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use credits_tests::{
    audit::{Audit, Entry},
    harness::{Child, Client, Program},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::crowd::{ACCOUNTS, Answered, Chance, Crowd, End, answer};

/// How often the process is killed.
const ROUNDS: u64 = 5;
/// How long a round lasts at least and at most: long enough for commits in groups.
const ROUND_MS: (u64, u64) = (300, 900);
/// How long an orderly end may take: what a supervisor grants.
const END_WITHIN: Duration = Duration::from_secs(10);

#[actix_web::test]
async fn nothing_that_was_said_is_taken_back_by_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let program = Program::find();
    program.furnish(directory.path());
    let seed = Uuid::new_v4().as_u64_pair().0;
    let mut chance = Chance::new(seed);
    let mut crowd = Crowd::new(seed);

    let mut child = program.serve(directory.path()).await;
    crowd.open_accounts(&child.studio()).await;
    for round in 0..ROUNDS {
        let moment = chance.between(ROUND_MS.0, ROUND_MS.1);
        let working = crowd.work(|| child.studio());
        working.is_on().await;
        actix_rt::time::sleep(Duration::from_millis(moment)).await;
        child.kill();
        crowd.gather(working).await;

        child = program.serve(directory.path()).await;
        clean(&program, &child, directory.path());
        crowd.resolve(&child.studio()).await;
        assert!(crowd.unknown.is_empty(), "round {round}, seed {seed}");
    }

    ask_again(&child.studio(), &crowd.known).await;
    let audit = Audit::open(directory.path()).await;
    compare(&audit, &crowd.known, seed).await;
    audit.close().await;
    child.kill();
    let (ok, printed) = program.run(directory.path(), &["verify"]);
    assert!(ok, "after the last kill: {printed}");
}

#[actix_web::test]
async fn asked_to_end_it_finishes_what_it_accepted_and_leaves_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let program = Program::find();
    program.furnish(directory.path());
    let mut crowd = Crowd::new(7);

    let mut child = program.serve(directory.path()).await;
    crowd.open_accounts(&child.studio()).await;
    let working = crowd.work(|| child.studio());
    working.is_on().await;
    let asked = Instant::now();
    child.terminate();
    let mut said_not_ready = false;
    let status = loop {
        said_not_ready |= child.readiness().await == Some(503);
        if let Some(status) = child.ended() {
            break status;
        }
        assert!(asked.elapsed() < END_WITHIN, "it ends in time");
        actix_rt::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(status.code(), Some(0));
    assert!(said_not_ready, "it says that it leaves before it does");

    let ends = crowd.gather(working).await;
    let broken = ends.iter().filter(|end| **end == End::Broken).count();
    assert_eq!(broken, 0, "no connection breaks under a call: {ends:?}");
    assert!(crowd.unknown.is_empty(), "every call had an answer");
    let audit = Audit::open(directory.path()).await;
    compare(&audit, &crowd.known, 7).await;
    audit.close().await;
    let (ok, printed) = program.run(directory.path(), &["verify"]);
    assert!(ok, "{printed}");
}

/// The product's own proof, beside the running service.
fn clean(program: &Program, child: &Child, directory: &std::path::Path) {
    let (ok, printed) = program.run(directory, &["verify"]);
    assert!(ok, "verify beside {}: {printed}", child.address());
}

/// Every answer, asked again, is the same and says that it is a repeat.
async fn ask_again(studio: &Client, known: &[Answered]) {
    for calls in known.chunks(32) {
        let asked = calls.iter().map(|answered| async move {
            let again = answer(studio, &answered.call).await;
            let again = again.expect("it was decided");
            assert_eq!(again["replayed"], true, "{:?}", answered.call);
            assert_eq!(comparable(&again), comparable(&answered.payload));
        });
        futures_util::future::join_all(asked).await;
    }
}

/// A payload without what may differ between two answers to one call: that it is a repeat, and how
/// the hold stands *now*.
pub fn comparable(payload: &Value) -> Value {
    let mut payload = payload.clone();
    payload["replayed"] = json!(null);
    payload["hold"] = json!(null);
    payload
}

/// What clients were told against what the tables have: nothing missing, doubled, changed, invented.
async fn compare(audit: &Audit, known: &[Answered], seed: u64) {
    assert_eq!(audit.findings().await, Vec::<String>::new(), "seed {seed}");
    compare_rows(audit, known, 0, seed).await;
}

/// The same, but for whether the tables add up; so many accounts were opened with a plan by somebody else.
async fn compare_rows(audit: &Audit, known: &[Answered], others: u64, seed: u64) {
    let mut entries = audit.entries().await;
    let mut refusals = audit.refusals().await;
    let opening = ["account_opened", "subscription_change"];
    let opened = entries.extract_if(|(account, _), entry| {
        !ACCOUNTS.contains(&account.as_str()) && opening.contains(&entry.kind.as_str())
    });
    assert_eq!(opened.count() as u64, 2 * others, "seed {seed}");
    for answered in known {
        let key = (answered.call.account(), answered.call.id());
        let (entry, refusal) = (entries.remove(&key), refusals.remove(&key));
        if answered.payload["userErrors"] == json!([]) {
            let entry = entry.unwrap_or_else(|| panic!("seed {seed}: {key:?} is missing"));
            assert_eq!(
                told(&answered.payload),
                stands(&entry),
                "seed {seed}, {key:?}"
            );
            assert_eq!(refusal, None, "seed {seed}: {key:?} is refused as well");
        } else {
            assert_eq!(entry, None, "seed {seed}: {key:?} was refused");
            assert!(
                refusal.is_some(),
                "seed {seed}: the refusal of {key:?} is kept"
            );
        }
    }
    assert!(
        entries.is_empty(),
        "seed {seed}: nobody asked for {entries:?}"
    );
    assert!(
        refusals.is_empty(),
        "seed {seed}: nobody asked for {refusals:?}"
    );
    let accounts: HashSet<_> = known
        .iter()
        .map(|answered| answered.call.account())
        .collect();
    assert!(ACCOUNTS.iter().all(|account| accounts.contains(*account)));
}

fn told(payload: &Value) -> (i64, i64, i64, i64) {
    let number = |value: &Value| value.as_i64().unwrap_or_default();
    let consumed = match payload["operation"]["kind"].as_str() {
        Some("CHARGE") => number(&payload["cost"]),
        _ => 0,
    };
    (
        number(&payload["operation"]["sequence"]),
        consumed,
        number(&payload["balance"]["available"]),
        number(&payload["balance"]["held"]),
    )
}

fn stands(entry: &Entry) -> (i64, i64, i64, i64) {
    (
        entry.sequence,
        entry.consumed,
        entry.available_after,
        entry.held_after,
    )
}
