//! The service is killed in the middle of everything, again and again, and nothing that it said is
//! taken back.
//!
//! A crowd of clients charges, reserves, settles, releases, is refused and repeats itself, each over
//! a connection of its own, while the process is killed without warning. After each restart every
//! call without an answer is brought to one definite answer; at the end all answers are asked again,
//! and the database is audited by statements of the tests' own.

mod crowd;
mod follower;
mod limits;
mod nodes;
mod proxy;
mod routes;
mod silence;
mod streams;
mod sweeping;
mod troubles;

use std::{collections::HashSet, path::Path, time::Duration};

use credits_tests::{
    audit::{Audit, Entry},
    harness::{Child, Client, Program, until},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::crowd::{ACCOUNTS, Answered, Chance, Crowd, answer};

/// How often the process is killed.
const ROUNDS: u64 = 5;
/// How long a round lasts at least and at most: long enough for commits in groups.
const ROUND_MS: (u64, u64) = (300, 900);

/// Starts the service on a furnished directory, with no time limit but these.
async fn serve(program: &Program, directory: &Path, set: &[(&'static str, &'static str)]) -> Child {
    let mut arguments = vec!["--catalog-file", "story.toml"];
    arguments.extend(limits::long_but(set));
    program.serve_with(directory, &arguments).await
}

#[actix_web::test]
async fn nothing_that_was_said_is_taken_back_by_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let program = Program::find();
    program.furnish(directory.path());
    let seed = Uuid::new_v4().as_u64_pair().0;
    let mut chance = Chance::new(seed);
    let mut crowd = Crowd::new(seed);

    let mut child = serve(&program, directory.path(), &[]).await;
    crowd.open_accounts(&child.studio()).await;
    for _ in 0..ROUNDS {
        let moment = chance.between(ROUND_MS.0, ROUND_MS.1);
        let working = crowd.work(|| child.studio());
        working.is_on().await;
        actix_rt::time::sleep(Duration::from_millis(moment)).await;
        child.kill();
        crowd.gather(working).await;

        child = serve(&program, directory.path(), &[]).await;
        verify(&program, directory.path(), &[]);
        crowd.resolve(&child.studio()).await;
    }

    ask_again(&child.studio(), &crowd.known).await;
    let audit = Audit::open(directory.path()).await;
    compare(&audit, &crowd.known).await;
    audit.close().await;
    child.kill();
    verify(&program, directory.path(), &[]);
}

#[actix_web::test]
async fn asked_to_end_it_finishes_what_it_accepted_and_leaves_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let program = Program::find();
    program.furnish(directory.path());
    let mut crowd = Crowd::new(7);

    let mut child = serve(&program, directory.path(), &[]).await;
    crowd.open_accounts(&child.studio()).await;
    let working = crowd.work(|| child.studio());
    working.is_on().await;
    let status = child.leave().await;
    assert_eq!(status.code(), Some(0));

    crowd.gather(working).await;
    // A call that had no answer found its connection closed. It was not accepted: `compare` finds it if it was
    // decided.
    let audit = Audit::open(directory.path()).await;
    compare(&audit, &crowd.known).await;
    audit.close().await;
    verify(&program, directory.path(), &[]);
}

#[actix_web::test]
async fn asked_to_end_it_says_so_and_begins_nothing_while_it_still_listens() {
    let directory = tempfile::tempdir().unwrap();
    let program = Program::find();
    program.furnish(directory.path());
    // Until it is killed.
    let notice = ("--http-shutdown-notice-ms", "3600000");
    let mut child = serve(&program, directory.path(), &[notice]).await;
    let studio = child.studio();
    studio.open("ada").await;
    let picture = json!({ "accountId": "ada", "action": "text-to-image", "model": "easel" });
    studio.done("charge", picture.clone()).await;

    child.terminate();
    until("the service says that it is leaving", async || {
        (child.readiness().await == Some(503)).then_some(())
    })
    .await;
    for client in [studio, child.studio()] {
        let refused = client.fault("charge", picture.clone()).await;
        assert_eq!(refused, "UNAVAILABLE", "nothing begins any more");
        assert_eq!(client.balance("ada").await["available"], 490);
    }
    assert_eq!(child.ended(), None, "it still listens");
}

/// The product's own proof, with these arguments more, beside a service or after it.
fn verify(program: &Program, directory: &Path, arguments: &[&str]) {
    let arguments = [&["verify"], arguments].concat();
    let (ok, printed) = program.run(directory, &arguments);
    assert!(ok, "{printed}");
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
async fn compare(audit: &Audit, known: &[Answered]) {
    assert_eq!(audit.findings().await, Vec::<String>::new());
    compare_rows(audit, known, 0).await;
}

/// The same, but for whether the tables add up; so many accounts were opened with a plan by somebody else.
async fn compare_rows(audit: &Audit, known: &[Answered], others: u64) {
    let mut entries = audit.entries().await;
    let mut refusals = audit.refusals().await;
    let opening = ["account_opened", "subscription_change"];
    let opened = entries.extract_if(|(account, _), entry| {
        !ACCOUNTS.contains(&account.as_str()) && opening.contains(&entry.kind.as_str())
    });
    assert_eq!(opened.count() as u64, 2 * others);
    for answered in known {
        let key = (answered.call.account(), answered.call.id());
        let (entry, refusal) = (entries.remove(&key), refusals.remove(&key));
        if answered.payload["userErrors"] == json!([]) {
            let entry = entry.unwrap_or_else(|| panic!("{key:?} is missing"));
            assert_eq!(told(&answered.payload), stands(&entry), "{key:?}");
            assert_eq!(refusal, None, "{key:?} is refused as well");
        } else {
            assert_eq!(entry, None, "{key:?} was refused");
            assert!(refusal.is_some(), "the refusal of {key:?} is kept");
        }
    }
    assert!(entries.is_empty(), "nobody asked for {entries:?}");
    assert!(refusals.is_empty(), "nobody asked for {refusals:?}");
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
