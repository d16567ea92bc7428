//! What happens to an account is seen as it is committed: live, in order, and after a break.

use credits_tests::{
    audit::Audit,
    harness::{Client, Rights, Service, Socket, operation_id},
};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    endurance::{SHORT, ask_until_decided},
    spending::boost,
};

const BALANCE: &str = "subscription($id: ID, $after: Sequence) { \
    balance(accountId: $id, afterSequence: $after) { \
    snapshot sequence balance { available held sequence } account { accountId balance { available } } } }";
const OPERATIONS: &str = "subscription($id: ID, $after: Sequence) { \
    operations(accountId: $id, afterSequence: $after) { \
    __typename sequence operationId kind change availableAfter } }";

/// A charge of ten credits.
fn picture(account: &str) -> Value {
    json!({ "accountId": account, "action": "text-to-image", "model": "easel" })
}

async fn charge(studio: &Client, account: &str) -> i64 {
    let charged = studio.done("charge", picture(account)).await;
    number(&charged["balance"]["sequence"])
}

fn number(value: &Value) -> i64 {
    let number = value.as_i64();
    number.unwrap_or_else(|| panic!("{value} is a number"))
}

/// Snapshot, sequence and what can be spent of the next update.
async fn update(socket: &mut Socket, id: &str) -> (bool, i64, i64) {
    let data = socket.data(id).await;
    let update = &data["balance"];
    let available = number(&update["balance"]["available"]);
    assert_eq!(update["sequence"], update["balance"]["sequence"]);
    assert_eq!(update["account"]["balance"]["available"], json!(available));
    let snapshot = update["snapshot"].as_bool().expect("a boolean");
    (snapshot, number(&update["sequence"]), available)
}

#[actix_web::test]
async fn a_balance_begins_with_a_snapshot_and_follows_every_change() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let token = service.token("ada", Rights::User);
    let mut socket = Socket::ready(service.address(), &token).await;

    // The user's own account need not be named.
    socket.subscribe("1", BALANCE, json!({})).await;
    let (snapshot, first, available) = update(&mut socket, "1").await;
    assert_eq!((snapshot, available), (true, 500));

    let second = charge(&studio, "ada").await;
    assert_eq!(update(&mut socket, "1").await, (false, second, 490));
    assert!(second > first);

    let film = json!({ "accountId": "ada", "action": "text-to-video", "model": "reel" });
    let reserved = studio.done("reserve", film).await;
    let third = number(&reserved["balance"]["sequence"]);
    assert_eq!(update(&mut socket, "1").await, (false, third, 415));

    // What is refused changes nothing, and nothing of it is seen.
    let too_much = json!({
        "accountId": "ada", "action": "text-to-video", "model": "reel",
        "seconds": 10, "variations": 4,
    });
    studio.refused("charge", too_much).await;
    let hold = &reserved["operation"]["operationId"];
    let release = json!({ "accountId": "ada", "holdId": hold });
    let released = studio.done("release", release).await;
    let fourth = number(&released["balance"]["sequence"]);
    assert_eq!(update(&mut socket, "1").await, (false, fourth, 490));
    assert_eq!(fourth, third + 1);
}

#[actix_web::test]
async fn a_client_that_comes_back_resumes_where_it_left_off() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let seen = charge(&studio, "ada").await;

    // Nothing happened since: the first to come is the next change.
    let mut socket = service.socket().await;
    let resume = json!({ "id": "ada", "after": seen });
    socket.subscribe("1", BALANCE, resume.clone()).await;
    until_heard(&mut socket).await;
    let later = charge(&studio, "ada").await;
    assert_eq!(update(&mut socket, "1").await, (false, later, 480));

    // Something happened: it comes at once, as the change that it is.
    let mut back = service.socket().await;
    back.subscribe("1", BALANCE, resume).await;
    assert_eq!(update(&mut back, "1").await, (false, later, 480));

    // A position that this ledger never had is replaced.
    let ahead = json!({ "id": "ada", "after": later + 7 });
    back.subscribe("2", BALANCE, ahead.clone()).await;
    assert_eq!(update(&mut back, "2").await, (true, later, 480));
    back.subscribe("3", OPERATIONS, ahead).await;
    let refused = back.next("3").await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
    assert_eq!(
        back.message().await,
        json!({ "type": "complete", "id": "3" })
    );

    // A restart in between is like any other break.
    drop((socket, back));
    let service = service.restart().await;
    let mut back = service.socket().await;
    let resume = json!({ "id": "ada", "after": later });
    back.subscribe("1", BALANCE, resume.clone()).await;
    back.subscribe("2", OPERATIONS, resume).await;
    until_heard(&mut back).await;
    let last = charge(&service.studio(), "ada").await;
    let mut heard = [back.message().await, back.message().await];
    heard.sort_by_key(|message| message["id"].to_string());
    let [balance, operation] = &heard;
    assert_eq!(balance["payload"]["data"]["balance"]["sequence"], last);
    assert_eq!(operation["payload"]["data"]["operations"]["sequence"], last);
}

/// Waits until the service has taken up all that was sent before: it answers in order.
pub async fn until_heard(socket: &mut Socket) {
    let query = "{ account(accountId: \"ada\") { accountId } }";
    socket.subscribe("look", query, json!({})).await;
    assert_eq!(socket.data("look").await["account"]["accountId"], "ada");
    let complete = json!({ "type": "complete", "id": "look" });
    assert_eq!(socket.message().await, complete);
}

#[actix_web::test]
async fn operations_come_once_and_in_order_under_concurrent_charges() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let mut all = service.socket().await;
    let mut live = service.socket().await;
    all.subscribe("1", OPERATIONS, json!({ "id": "ada", "after": 0 }))
        .await;
    live.subscribe("1", OPERATIONS, json!({ "id": "ada" }))
        .await;
    until_heard(&mut live).await;

    let charges = (0..40).map(|_| charge(&studio, "ada"));
    join_all(charges).await;
    let ledger = studio.ledger("ada").await;
    let before = ledger.len() - 40;

    let mut position = 0;
    for (kind, _, change) in &ledger {
        let operation = all.data("1").await["operations"].take();
        position += 1;
        assert_eq!(operation["sequence"], json!(position));
        assert_eq!(
            (&operation["kind"], &operation["change"]),
            (&json!(kind), &json!(change))
        );
    }
    for sequence in before + 1..=ledger.len() {
        let operation = live.data("1").await["operations"].take();
        assert_eq!(operation["sequence"], json!(sequence));
        assert_eq!(operation["__typename"], "Charge");
    }
}

#[actix_web::test]
async fn what_is_not_committed_is_not_seen() {
    let service = Service::start().await;
    service.studio().open("ada").await;
    let service = service.restart_with(SHORT).await;
    let studio = service.studio();
    let mut socket = service.socket().await;
    socket.subscribe("1", BALANCE, json!({ "id": "ada" })).await;
    let (_, first, _) = update(&mut socket, "1").await;
    socket
        .subscribe("2", OPERATIONS, json!({ "id": "ada" }))
        .await;
    until_heard(&mut socket).await;

    let in_the_way = Audit::in_the_way(service.directory()).await;
    // It is decided, and waits for the database.
    let mut charge = picture("ada");
    charge["operationId"] = json!(operation_id());
    let reply = ask_until_decided(&studio, &charge).await;
    assert_eq!(reply.code(), "UNKNOWN_OUTCOME");
    socket.send(&json!({ "type": "ping" })).await;
    assert_eq!(socket.message().await, json!({ "type": "pong" }));

    in_the_way.rollback().await.unwrap();
    let mut heard = [socket.message().await, socket.message().await];
    heard.sort_by_key(|message| message["id"].to_string());
    let [balance, operation] = &heard;
    let update = &balance["payload"]["data"]["balance"];
    assert_eq!(update["sequence"], json!(first + 1));
    assert_eq!(update["balance"]["available"], 490);
    let seen = &operation["payload"]["data"]["operations"];
    assert_eq!(seen["sequence"], json!(first + 1));
}

#[actix_web::test]
async fn what_time_does_is_seen_on_an_account_that_nobody_touches() {
    let service = Service::start().await;
    service.studio().open("ada").await;
    let mut socket = service.socket().await;
    socket.subscribe("1", BALANCE, json!({ "id": "ada" })).await;
    let (_, first, _) = update(&mut socket, "1").await;
    let mut following = service.socket().await;
    following
        .subscribe("1", OPERATIONS, json!({ "id": "ada" }))
        .await;
    until_heard(&mut following).await;

    service.set_time("2026-02-28T10:00:00Z");
    assert_eq!(update(&mut socket, "1").await, (false, first + 2, 500));
    for (kind, change) in [("EXPIRY", -500), ("PERIOD_GRANT", 500)] {
        let operation = following.data("1").await["operations"].take();
        assert_eq!(operation["kind"], kind);
        assert_eq!(operation["change"], change);
        assert_eq!(operation["operationId"], json!(null));
    }
}

#[actix_web::test]
async fn a_slow_reader_of_a_balance_skips_and_one_of_operations_does_not() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let mut pack = boost("ada", "pay-1");
    pack["quantity"] = json!(10);
    studio.done("purchasePack", pack).await;
    // Updates of about 8 KB fill what lies between the two of us.
    let wide: String = (0..29)
        .map(|n| {
            format!("a{n}: account {{ balance {{ available held asOf allowance {{ granted used periodStart periodEnd }} }} }} ")
        })
        .collect();
    let wide = format!(
        "subscription {{ balance(accountId: \"ada\") {{ sequence {wide} balance {{ available }} }} }}"
    );
    let token = service.token("studio", Rights::Studio);
    let mut balances = narrow(&service, &token).await;
    let mut operations = narrow(&service, &token).await;
    balances.subscribe("1", &wide, json!({})).await;
    operations
        .subscribe("1", OPERATIONS, json!({ "id": "ada" }))
        .await;
    let first = number(&balances.data("1").await["balance"]["sequence"]);
    until_heard(&mut operations).await;

    let mut last = first;
    for _ in 0..200 {
        last = charge(&studio, "ada").await;
    }

    let (mut updates, mut position) = (0, first);
    while position < last {
        let sequence = number(&balances.data("1").await["balance"]["sequence"]);
        assert!(sequence > position, "{sequence} after {position}");
        (updates, position) = (updates + 1, sequence);
    }
    assert!(updates < last - first, "{updates} updates are not all");
    for sequence in first + 1..=last {
        let operation = operations.data("1").await["operations"].take();
        assert_eq!(operation["sequence"], json!(sequence));
    }
}

/// An acknowledged socket of a client with little room for what it does not read.
async fn narrow(service: &Service, token: &str) -> Socket {
    let protocol = ("sec-websocket-protocol", "graphql-transport-ws");
    let opened = Socket::open_with(service.address(), &[protocol], Some(4_096)).await;
    let mut socket = opened.expect("it is opened");
    socket.init(token).await;
    socket
}

#[actix_web::test]
async fn a_foreign_account_is_watched_like_an_unknown_one() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    studio.open("bob").await;
    let token = service.token("ada", Rights::User);
    let mut ada = Socket::ready(service.address(), &token).await;
    let mut nobody = Socket::open(service.address()).await;
    nobody.send(&json!({ "type": "connection_init" })).await;
    assert_eq!(nobody.message().await, json!({ "type": "connection_ack" }));
    for query in [BALANCE, OPERATIONS] {
        let mut answers = Vec::new();
        for account in ["bob", "unknown"] {
            ada.subscribe("1", query, json!({ "id": account })).await;
            let mut refused = ada.next("1").await;
            let complete = json!({ "type": "complete", "id": "1" });
            assert_eq!(ada.message().await, complete);
            let error = &mut refused["errors"][0];
            assert_eq!(error["extensions"]["code"], "NOT_FOUND");
            error["extensions"]["traceId"].take();
            answers.push(refused);
        }
        assert_eq!(answers[0], answers[1]);

        nobody.subscribe("1", query, json!({ "id": "ada" })).await;
        let refused = nobody.next("1").await;
        let code = &refused["errors"][0]["extensions"]["code"];
        assert_eq!(code, "UNAUTHENTICATED");
        nobody.message().await;
    }
}
