//! What happens to an account is seen as it is committed: live, in order, and after a break.

use credits_tests::harness::{Client, Rights, Service, Socket};
use futures_util::future::join_all;
use serde_json::{Value, json};

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
