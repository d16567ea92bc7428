//! Choosing a model, seeing what can be made, doing it again, keeping one, and why it cost what it did.

use credits_tests::harness::{Client, Service, operation_id};
use serde_json::{Value, json};

fn picture(account: &str, model: &str) -> Value {
    json!({ "accountId": account, "action": "text-to-image", "model": model })
}

/// A charge for a picture, again if an earlier one is named; its operation id.
async fn paint(studio: &Client, model: &str, again: Option<&str>) -> String {
    let id = operation_id();
    let mut input = picture("ada", model);
    input["operationId"] = json!(id);
    input["regenerateOf"] = json!(again);
    studio.done("charge", input).await;
    id
}

async fn recommended(client: &Client, input: Value) -> Value {
    let query = "query($input: RecommendInput!) { recommendModels(input: $input) { \
                 model tier cost affordable affordableTimes costsMoreThanCheapest seconds } }";
    let mut data = client.read(query, json!({ "input": input })).await;
    data["recommendModels"].take()
}

fn models(recommended: &Value) -> Vec<&str> {
    let all = recommended.as_array().expect("a list").iter();
    all.map(|one| one["model"].as_str().expect("a model"))
        .collect()
}

#[actix_web::test]
async fn models_are_recommended_in_the_order_asked_for_and_count_what_is_left() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let user = service.user("ada");
    let found = recommended(&user, json!({ "action": "text-to-image" })).await;
    assert_eq!(
        found,
        json!([
            { "model": "easel", "tier": "ADVANCED", "cost": 10, "affordable": true,
              "affordableTimes": 50, "costsMoreThanCheapest": 5, "seconds": null },
            { "model": "pencil", "tier": "BASIC", "cost": 5, "affordable": true,
              "affordableTimes": 100, "costsMoreThanCheapest": 0, "seconds": null },
        ])
    );
    let by = |sort: &str| json!({ "action": "text-to-image", "variations": 4, "sort": sort });
    let cheapest = recommended(&user, by("COST")).await;
    assert_eq!(models(&cheapest), ["pencil", "easel"]);
    // 490 spent: only the cheaper one can be paid, and one of it.
    for _ in 0..12 {
        let mut input = picture("ada", "easel");
        input["variations"] = json!(4);
        studio.done("charge", input).await;
    }
    let balanced = recommended(&user, by("BALANCE")).await;
    assert_eq!(models(&balanced), ["pencil", "easel"]);
    assert_eq!(balanced[0]["affordableTimes"], 1);
    assert_eq!(balanced[1]["affordable"], false);
    let best = recommended(&user, by("QUALITY")).await;
    assert_eq!(models(&best), ["easel", "pencil"]);
    // What no model makes, and what is free on any, leaves nothing to choose.
    for input in [
        json!({ "action": "text-to-image", "variations": 5 }),
        json!({ "action": "chat" }),
    ] {
        assert_eq!(recommended(&user, input).await, json!([]));
    }
    let query = "query { recommendModels(input: { action: \"dance\" }) { model } }";
    let reply = user.send(query, json!({})).await;
    assert_eq!(reply.code(), "BAD_USER_INPUT");
}

#[actix_web::test]
async fn what_can_be_made_is_told_by_the_usual_request_and_until_the_renewal() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let mut input = picture("ada", "easel");
    input["variations"] = json!(2);
    studio.done("charge", input).await;
    let query = "query { viewer { whatCanIMake { action model basis variations seconds count cost \
                 until untilKind firstLot { origin remaining expiresAt } } } }";
    let data = service.user("ada").read(query, json!({})).await;
    let made = &data["viewer"]["whatCanIMake"];
    let told: Vec<(&Value, &Value, &Value, &Value)> = made
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (&one["model"], &one["basis"], &one["count"], &one["cost"]))
        .collect();
    let (usual, default) = (json!("USUAL"), json!("DEFAULT"));
    assert_eq!(
        told,
        [
            (&json!("pencil"), &default, &json!(96), &json!(5)),
            (&json!("easel"), &usual, &json!(24), &json!(20)),
            (&json!("reel"), &default, &json!(6), &json!(75)),
        ]
    );
    let end = "2026-02-28T10:00:00.000000Z";
    assert_eq!(
        (&made[0]["until"], &made[0]["untilKind"]),
        (&json!(end), &json!("RENEWAL"))
    );
    let first = json!({ "origin": "PLAN", "remaining": 480, "expiresAt": end });
    assert_eq!(made[0]["firstLot"], first);
}

async fn chain(client: &Client, operation: &str) -> Value {
    let query = "query($id: ID!) { operation(operationId: $id) { operation { ... on Charge { chain { \
                 credits more attempts { operationId } keeper { operationId } } } } } }";
    let mut data = client.read(query, json!({ "id": operation })).await;
    data["operation"]["operation"]["chain"].take()
}

#[actix_web::test]
async fn attempts_are_one_chain_and_one_of_them_is_kept() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let user = service.user("ada");
    let first = paint(&studio, "easel", None).await;
    let second = paint(&studio, "easel", Some(&first)).await;
    let third = paint(&studio, "pencil", Some(&second)).await;
    let attempts = json!([&first, &second, &third].map(|id| json!({ "operationId": id })));
    let expected = json!({ "credits": 25, "more": false, "attempts": attempts, "keeper": null });
    for id in [&first, &second, &third] {
        assert_eq!(chain(&user, id).await, expected);
    }
    let keep = json!({ "operationId": operation_id(), "chargeId": second });
    let marked = user.done("markKept", keep.clone()).await;
    assert_eq!(marked["operation"]["kind"], "CHARGE_KEPT");
    assert_eq!(
        (&marked["operation"]["change"], &marked["replayed"]),
        (&json!(0), &json!(false))
    );
    assert_eq!(user.done("markKept", keep).await["replayed"], true);
    assert_eq!(
        chain(&user, &third).await["keeper"],
        json!({ "operationId": second })
    );
    user.done("markKept", json!({ "chargeId": second, "kept": false }))
        .await;
    assert_eq!(chain(&user, &first).await["keeper"], json!(null));

    // A studio that runs jobs has no say in what its users keep.
    let input = json!({ "accountId": "ada", "chargeId": second });
    assert_eq!(studio.fault("markKept", input).await, "FORBIDDEN");
}

#[actix_web::test]
async fn what_is_done_again_or_kept_must_be_the_accounts_own() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    studio.open("bob").await;
    let adas = paint(&studio, "easel", None).await;
    for unknown in [adas.clone(), operation_id()] {
        let mut input = picture("bob", "easel");
        input["regenerateOf"] = json!(unknown);
        for mutation in ["charge", "reserve"] {
            let refused = studio.refused(mutation, input.clone()).await;
            assert_eq!(refused["code"], "CHARGE_UNKNOWN", "{mutation}");
            assert_eq!(refused["field"], json!(["input", "regenerateOf"]));
        }
        let kept = json!({ "chargeId": unknown });
        let refused = service.user("bob").refused("markKept", kept).await;
        assert_eq!(refused["code"], "CHARGE_UNKNOWN");
        assert_eq!(refused["field"], json!(["input", "chargeId"]));
    }
    assert_eq!(studio.balance("bob").await["available"], 500);
}

const EXPLANATION: &str = "query($id: ID!) { operation(operationId: $id) { operation { ... on Charge { \
    explanation { final why catalogVersion catalogEffectiveAt reservedAt processedAt recordedAt \
    lines { kind amount } lots { origin plan pack amount expiresAt } advisories { code } } } } } }";

async fn explained(client: &Client, operation: &str) -> Value {
    let mut data = client.read(EXPLANATION, json!({ "id": operation })).await;
    data["operation"]["operation"]["explanation"].take()
}

#[actix_web::test]
async fn a_charge_is_explained_and_years_and_restarts_later_the_same() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let hold = operation_id();
    let reserve = json!({
        "operationId": hold, "accountId": "ada", "action": "text-to-video", "model": "reel",
        "seconds": 10,
    });
    studio.done("reserve", reserve).await;
    service.set_time("2026-01-31T10:05:00Z");
    let settled = operation_id();
    let settle = json!({ "operationId": settled, "accountId": "ada", "holdId": hold });
    studio.done("settle", settle).await;

    let then = explained(&service.user("ada"), &settled).await;
    assert_eq!(then["final"], true);
    assert_eq!(then["reservedAt"], "2026-01-31T10:00:00.000000Z");
    assert_eq!(then["processedAt"], "2026-01-31T10:05:00.000000Z");
    assert_eq!(then["recordedAt"], then["processedAt"]);
    assert_eq!(then["catalogVersion"], 1);
    let lot = json!({
        "origin": "PLAN", "plan": "maker", "pack": null, "amount": 150,
        "expiresAt": "2026-02-28T10:00:00.000000Z",
    });
    assert_eq!(then["lots"], json!([lot]));
    // 150 of 500 is a large share, and was told when it was set aside.
    assert_eq!(then["advisories"], json!([{ "code": "LARGE_SHARE" }]));
    let why = then["why"].as_array().expect("sentences");
    let said = json!("To retry or regenerate is a new generation and consumes credits again.");
    assert!(why.contains(&said), "{why:#?}");

    service.set_time("2028-03-01T00:00:00Z");
    let service = service.restart().await;
    assert_eq!(explained(&service.user("ada"), &settled).await, then);
}
