//! What is due happens at its instant, also on accounts that nobody touches.

use credits_tests::{
    audit::Audit,
    harness::{Service, Socket, until},
};
use serde_json::{Value, json};

use crate::feeds::until_heard;

/// When the stories' accounts, opened at their beginning, renew first and second.
const RENEWS: &str = "2026-02-28T10:00:00Z";
const RENEWS_AGAIN: &str = "2026-03-31T10:00:00Z";

const OPERATIONS: &str = "subscription($id: ID) { operations(accountId: $id) { \
    kind at recordedAt change availableAfter } }";

async fn next(socket: &mut Socket) -> Value {
    let mut data = socket.data("1").await;
    data["operations"].take()
}

/// Waits until all accounts have had so many renewals, by the database alone.
async fn until_renewed(service: &Service, accounts: usize, times: i64) {
    until("every account is renewed", async || {
        let audit = Audit::open(service.directory()).await;
        let renewals = audit.renewals().await;
        audit.close().await;
        assert_eq!(renewals.len(), accounts);
        let all = renewals.values().all(|renewed| *renewed == times);
        all.then_some(())
    })
    .await;
}

#[actix_web::test]
async fn a_renewal_is_seen_at_its_instant_and_those_whom_nobody_watches_renew_too() {
    let service = Service::start().await;
    let studio = service.studio();
    for account in ["ada", "bob", "cleo"] {
        studio.open(account).await;
    }
    // Nobody is in memory after this.
    let service = service.restart().await;
    let mut socket = service.socket().await;
    socket
        .subscribe("1", OPERATIONS, json!({ "id": "ada" }))
        .await;
    until_heard(&mut socket).await;
    let picture = json!({ "accountId": "ada", "action": "text-to-image", "model": "easel" });
    service.studio().done("charge", picture).await;
    assert_eq!(next(&mut socket).await["availableAfter"], 490);

    for (instant, unused) in [(RENEWS, -490), (RENEWS_AGAIN, -500)] {
        service.set_time(instant);
        let at = instant.replace('Z', ".000000Z");
        for (kind, change) in [("EXPIRY", unused), ("PERIOD_GRANT", 500)] {
            let operation = next(&mut socket).await;
            assert_eq!(
                (&operation["kind"], &operation["change"]),
                (&json!(kind), &json!(change))
            );
            // Done when it was due, not when somebody looked.
            assert_eq!(
                (&operation["at"], &operation["recordedAt"]),
                (&json!(at), &json!(at))
            );
        }
    }
    until_renewed(&service, 3, 2).await;
    assert_eq!(
        service.ledger().accounts_resident(),
        1,
        "only ada was looked at"
    );
    drop(socket);
    service.stop().await;
}

#[actix_web::test]
async fn a_hold_that_nobody_settles_ends_at_its_instant() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let film = json!({ "accountId": "ada", "action": "text-to-video", "model": "reel" });
    studio.done("reserve", film).await;
    let mut socket = service.socket().await;
    socket
        .subscribe("1", OPERATIONS, json!({ "id": "ada" }))
        .await;
    until_heard(&mut socket).await;

    service.set_time("2026-01-31T11:00:00Z");
    let ended = next(&mut socket).await;
    assert_eq!(
        (&ended["kind"], &ended["change"]),
        (&json!("HOLD_EXPIRED"), &json!(75))
    );
}

#[actix_web::test]
async fn a_sweep_that_a_restart_cuts_off_goes_on_and_renews_nobody_twice() {
    const ACCOUNTS: usize = 40;
    let service = Service::start_with(|settings| settings.sweeper.chunk_accounts = 1).await;
    let studio = service.studio();
    for number in 0..ACCOUNTS {
        studio.open(&format!("account-{number}")).await;
    }
    let mut service = service.restart().await;
    service.set_time(RENEWS);
    // Each of these stops as soon as it has begun.
    for _ in 0..2 {
        service = service.restart().await;
    }
    until_renewed(&service, ACCOUNTS, 1).await;
    let audit = Audit::open(service.directory()).await;
    assert_eq!(audit.findings().await, [] as [String; 0]);
    assert_eq!(service.ledger().accounts_resident(), 0);
    service.stop().await;
}

#[actix_web::test]
async fn without_a_sweeper_a_watcher_sees_it_all_the_same_and_others_when_they_are_touched() {
    let service = Service::start_with(|settings| settings.sweeper.enabled = false).await;
    let studio = service.studio();
    for account in ["ada", "bob"] {
        studio.open(account).await;
    }
    let service = service.restart().await;
    let mut socket = service.socket().await;
    socket
        .subscribe("1", OPERATIONS, json!({ "id": "ada" }))
        .await;
    until_heard(&mut socket).await;
    let picture = json!({ "accountId": "ada", "action": "text-to-image", "model": "easel" });
    service.studio().done("charge", picture).await;
    assert_eq!(next(&mut socket).await["kind"], "CHARGE");
    service.set_time(RENEWS);
    assert_eq!(next(&mut socket).await["kind"], "EXPIRY");
    assert_eq!(next(&mut socket).await["kind"], "PERIOD_GRANT");
    let audit = Audit::open(service.directory()).await;
    assert_eq!(audit.renewals().await["bob"], 0);
    assert_eq!(service.studio().balance("bob").await["available"], 500);
    assert_eq!(audit.renewals().await["bob"], 1);
    drop(socket);
    service.stop().await;
}
