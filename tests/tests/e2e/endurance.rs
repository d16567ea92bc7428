//! What outlasts a restart, and what is said when nothing can be decided.

use credits_api::config::Settings;
use credits_tests::{
    audit::Audit,
    harness::{Client, Reply, Service, operation_id, until},
};
use serde_json::{Value, json};

#[actix_web::test]
async fn a_restart_changes_nothing_and_replays_still_replay() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let charge = json!({
        "operationId": operation_id(), "accountId": "ada",
        "action": "text-to-image", "model": "easel", "variations": 3,
    });
    let film = json!({
        "operationId": operation_id(), "accountId": "ada",
        "action": "text-to-video", "model": "reel",
    });
    let too_much = json!({
        "operationId": operation_id(), "accountId": "ada",
        "action": "text-to-video", "model": "reel", "seconds": 10, "variations": 4,
    });
    let calls = [("charge", charge), ("reserve", film), ("charge", too_much)];
    let mut before = Vec::new();
    for (mutation, input) in &calls {
        let mut payload = studio.call(mutation, input.clone()).await;
        payload["replayed"] = json!(true);
        before.push(payload);
    }
    let (balance, ledger) = (studio.balance("ada").await, studio.ledger("ada").await);

    let service = service.restart().await;
    let studio = service.studio();
    assert_eq!(studio.balance("ada").await, balance);
    assert_eq!(studio.ledger("ada").await, ledger);
    for ((mutation, input), before) in calls.iter().zip(before) {
        assert_eq!(studio.call(mutation, input.clone()).await, before);
    }
    let settle = json!({ "accountId": "ada", "holdId": calls[1].1["operationId"] });
    let settled = studio.done("settle", settle).await;
    assert_eq!(settled["balance"]["available"], 395);
    service.stop().await;
}

#[actix_web::test]
async fn a_service_that_takes_on_nothing_says_so_and_still_answers_what_needs_no_decision() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    service.ledger().close();

    let picture = json!({ "accountId": "ada", "action": "text-to-image", "model": "easel" });
    let reply = studio.ask("charge", picture).await;
    assert_eq!(reply.code(), "UNAVAILABLE");
    assert_eq!(reply.body["errors"][0]["extensions"]["retryable"], true);

    let chat = json!({ "accountId": "ada", "action": "chat" });
    assert_eq!(studio.done("charge", chat).await["cost"], 0);
    assert_eq!(studio.balance("ada").await["available"], 500);
}

/// A deadline that passes while something stands in the way of the database, and in which a slow machine
/// answers everything else.
pub const SHORT: fn(&mut Settings) = |settings| settings.writer.deadline_ms = 2_000;

/// Asks for a charge while something stands in the way of the database. A slow machine may need more than one
/// deadline before it has decided: until then nothing was done.
pub async fn ask_until_decided(studio: &Client, charge: &Value) -> Reply {
    until("the charge is decided", async || {
        let reply = studio.ask("charge", charge.clone()).await;
        (reply.code() != "UNAVAILABLE").then_some(reply)
    })
    .await
}

#[actix_web::test]
async fn an_outcome_that_is_not_known_in_time_is_named_and_told_later() {
    let service = Service::start().await;
    service.studio().open("ada").await;
    let service = service.restart_with(SHORT).await;
    let studio = service.studio();
    let id = operation_id();
    let picture = json!({
        "operationId": id, "accountId": "ada", "action": "text-to-image", "model": "easel",
    });

    let in_the_way = Audit::in_the_way(service.directory()).await;
    let reply = ask_until_decided(&studio, &picture).await;
    assert_eq!(reply.code(), "UNKNOWN_OUTCOME");
    let error = &reply.body["errors"][0];
    assert_eq!(error["extensions"]["operationId"], json!(id));
    let told = error.to_string().to_lowercase();
    for inside in ["sql", "database", "lock", "busy"] {
        assert!(!told.contains(inside), "{told}");
    }
    // What is committed is read all the same, and chat needs no database.
    assert_eq!(studio.balance("ada").await["available"], 500);
    let chat = json!({ "accountId": "ada", "action": "chat" });
    assert_eq!(studio.done("charge", chat).await["cost"], 0);

    in_the_way.rollback().await.unwrap();
    let outcome = until("its outcome is told", async || {
        studio.ask_outcome("ada", &id).await
    });
    let outcome = outcome.await;
    assert_eq!(outcome["status"], "ACCEPTED");
    let again = studio.done("charge", picture).await;
    assert_eq!(again["replayed"], true);
    assert_eq!(again["operation"], outcome["operation"]);
    assert_eq!(studio.balance("ada").await["available"], 490);
}
