//! Holds that nobody resolved: bounded in the ledger, each told by its own end.

use credits_tests::harness::{Client, Service, operation_id};
use serde_json::{Value, json};

/// An account that can set much aside.
async fn rich(studio: &Client) {
    studio.open("ada").await;
    let mut pack = crate::spending::boost("ada", "pay-1");
    pack["quantity"] = json!(100);
    studio.done("purchasePack", pack).await;
}

async fn sketch(studio: &Client, ttl_minutes: u32) -> String {
    let id = operation_id();
    let reserve = json!({
        "operationId": id, "accountId": "ada", "action": "text-to-image", "model": "pencil",
        "ttlMinutes": ttl_minutes,
    });
    studio.done("reserve", reserve).await;
    id
}

/// The last operations, newest first, with the holds of those that are expiries.
async fn newest(studio: &Client, count: usize) -> Vec<Value> {
    let query = "query($count: Int!) { account(accountId: \"ada\") { operations(first: $count) { \
                 nodes { kind at change heldAfter \
                 ... on HoldExpired { holdId holds { holdId amount expiredAt } \
                 hold { holdId state } } } } } }";
    let mut data = studio.read(query, json!({ "count": count })).await;
    let nodes = data["account"]["operations"]["nodes"].take();
    nodes.as_array().expect("a list").clone()
}

#[actix_web::test]
async fn two_hundred_and_fifty_six_expired_holds_are_one_operation_of_the_next_request() {
    let service = Service::start().await;
    let studio = service.studio();
    rich(&studio).await;
    for place in 0..256 {
        sketch(&studio, 60 + place % 30).await;
    }
    let one_more = json!({
        "accountId": "ada", "action": "text-to-image", "model": "pencil",
    });
    let refused = studio.refused("reserve", one_more.clone()).await;
    assert_eq!(refused["code"], "TOO_MANY_HOLDS");
    let before = studio.balance("ada").await;
    assert_eq!(before["held"], 1_280);

    service.set_time("2026-01-31T12:00:00Z");
    let charged = studio.done("charge", one_more).await;
    let written = charged["operation"]["sequence"].as_i64().expect("a number")
        - before["sequence"].as_i64().expect("a number");
    assert_eq!(written, 2, "all that expired, and the charge");
    let [charge, expired] = newest(&studio, 2).await.try_into().expect("two");
    assert_eq!(charge["kind"], "CHARGE");
    assert_eq!(expired["kind"], "HOLD_EXPIRED");
    assert_eq!(expired["at"], "2026-01-31T11:29:00.000000Z");
    assert_eq!(
        (&expired["change"], &expired["heldAfter"]),
        (&json!(1_280), &json!(0))
    );
    let holds = expired["holds"].as_array().expect("a list");
    assert_eq!(holds.len(), 256);
    assert_eq!(holds[0]["holdId"], expired["holdId"]);
    assert_eq!(holds[0]["expiredAt"], "2026-01-31T11:00:00.000000Z");
    assert_eq!(holds[255]["expiredAt"], expired["at"]);
}

#[actix_web::test]
async fn each_of_what_expired_together_is_found_refused_and_settled_late() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let first = sketch(&studio, 30).await;
    let second = sketch(&studio, 40).await;
    let extended = sketch(&studio, 10).await;
    let extend = json!({ "accountId": "ada", "holdId": extended, "ttlMinutes": 50 });
    studio.done("extendHold", extend).await;
    service.set_time("2026-01-31T12:00:00Z");
    assert_eq!(studio.balance("ada").await["held"], 0);
    let [expired] = newest(&studio, 1).await.try_into().expect("one");
    let ended = |hold: &str, at: &str| json!({ "holdId": hold, "amount": 5, "expiredAt": at });
    let expected = json!([
        ended(&first, "2026-01-31T10:30:00.000000Z"),
        ended(&second, "2026-01-31T10:40:00.000000Z"),
        ended(&extended, "2026-01-31T10:50:00.000000Z"),
    ]);
    assert_eq!(expired["holds"], expected);
    let hold = json!({ "holdId": first, "state": "EXPIRED" });
    assert_eq!(expired["hold"], hold);

    // After a restart nothing is in memory: the ledger alone tells.
    let service = service.restart().await;
    let studio = service.studio();
    for (hold, at) in [
        (&first, "2026-01-31T10:30:00.000000Z"),
        (&second, "2026-01-31T10:40:00.000000Z"),
        (&extended, "2026-01-31T10:50:00.000000Z"),
    ] {
        let release = json!({ "accountId": "ada", "holdId": hold });
        let refused = studio.refused("release", release).await;
        assert_eq!(refused["code"], "HOLD_EXPIRED");
        assert_eq!(
            (&refused["expiredAt"], &refused["holdId"]),
            (&json!(at), &json!(hold))
        );
    }
    service.set_time("2026-02-07T10:45:00Z");
    let settle = |hold: &str| json!({ "accountId": "ada", "holdId": hold });
    let refused = studio.refused("settle", settle(&second)).await;
    assert_eq!(refused["code"], "HOLD_EXPIRED", "its week is over");
    let settled = studio.done("settle", settle(&extended)).await;
    assert_eq!(settled["hold"]["state"], "SETTLED_LATE");
    assert_eq!(settled["charge"]["late"], true);
    let refused = studio.refused("settle", settle(&extended)).await;
    assert_eq!(refused["code"], "HOLD_ALREADY_RESOLVED");
    assert_eq!(refused["resolution"], "SETTLED_LATE");
    assert_eq!(refused["resolvedAt"], "2026-02-07T10:45:00.000000Z");

    let query = "{ account(accountId: \"ada\") { openHolds { holdId } \
                 holds(first: 9) { nodes { holdId state expiresAt resolvedAt cost } } } }";
    let data = studio.read(query, json!({})).await;
    assert_eq!(data["account"]["openHolds"], json!([]));
    let gone = |hold: &str, at: &str| {
        json!({
            "holdId": hold, "state": "EXPIRED", "expiresAt": at, "resolvedAt": at, "cost": null,
        })
    };
    let expected = json!([
        { "holdId": extended, "state": "SETTLED_LATE", "cost": 5,
          "expiresAt": "2026-01-31T10:50:00.000000Z", "resolvedAt": "2026-02-07T10:45:00.000000Z" },
        gone(&second, "2026-01-31T10:40:00.000000Z"),
        gone(&first, "2026-01-31T10:30:00.000000Z"),
    ]);
    assert_eq!(data["account"]["holds"]["nodes"], expected);
}

#[actix_web::test]
async fn a_late_settlement_takes_from_what_is_live_now_or_says_what_is_missing() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let id = operation_id();
    let films = json!({
        "operationId": id, "accountId": "ada", "action": "text-to-video", "model": "reel",
        "variations": 4,
    });
    studio.done("reserve", films).await;
    service.set_time("2026-01-31T12:00:00Z");
    let film = json!({
        "accountId": "ada", "action": "text-to-video", "model": "reel", "variations": 3,
    });
    studio.done("charge", film).await;
    let settle = json!({ "accountId": "ada", "holdId": id });
    let refused = studio.refused("settle", settle.clone()).await;
    assert_eq!(refused["code"], "INSUFFICIENT_CREDITS");
    let numbers = [
        &refused["needed"],
        &refused["available"],
        &refused["shortBy"],
    ];
    assert_eq!(numbers, [&json!(300), &json!(275), &json!(25)]);
    let boost = json!([
        { "offered": true, "reason": null, "credits": 200, "pack": { "id": "boost" } },
    ]);
    assert_eq!(refused["packs"], boost, "what would help is told");

    let pack = crate::spending::boost("ada", "pay-1");
    studio.done("purchasePack", pack).await;
    let settled = studio.done("settle", settle).await;
    assert_eq!(settled["cost"], 300);
    assert_eq!(settled["balance"]["available"], 175);
    assert_eq!(
        settled["operation"]["postings"]
            .as_array()
            .expect("a list")
            .len(),
        2
    );
}

#[actix_web::test]
async fn what_returns_to_a_frozen_or_ended_lot_is_told() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let pack = crate::spending::boost("ada", "pay-1");
    studio.done("purchasePack", pack).await;
    studio
        .done("cancelSubscription", json!({ "accountId": "ada" }))
        .await;
    service.set_time("2026-02-28T09:50:00Z");
    let id = operation_id();
    let films = json!({
        "operationId": id, "accountId": "ada", "action": "text-to-video", "model": "reel",
        "variations": 4, "seconds": 10, "ttlMinutes": 30,
    });
    // 500 of the allowance, which ends with the plan, and 100 of the pack, which freezes.
    studio.done("reserve", films).await;
    service.set_time("2026-02-28T10:10:00Z");
    let release = json!({ "accountId": "ada", "holdId": id });
    let released = studio.done("release", release).await;
    assert_eq!(released["hold"]["state"], "RELEASED");
    let balance = &released["balance"];
    let numbers = [&balance["available"], &balance["held"], &balance["frozen"]];
    assert_eq!(numbers, [&json!(0), &json!(0), &json!(200)]);
    let expired: Vec<&Value> = released["operation"]["postings"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|posting| &posting["expired"])
        .collect();
    assert_eq!(expired, [&json!(500), &json!(0)]);
}
