//! A mistake is told in words that say what to do.

use credits_tests::harness::Service;
use serde_json::json;

#[actix_web::test]
async fn one_request_of_many_without_a_price_is_named() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let query = "query($inputs: [QuoteInput!]!) { quotes(inputs: $inputs) { cost } }";
    let of = |model: &str| json!({ "accountId": "ada", "action": "text-to-image", "model": model });
    let reply = studio
        .send(
            query,
            json!({ "inputs": [of("easel"), of("no-such-model")] }),
        )
        .await;
    assert_eq!(reply.code(), "BAD_USER_INPUT");
    let told = reply.body["errors"][0]["message"].as_str();
    assert!(
        told.is_some_and(|told| told.starts_with("inputs[1]: ")),
        "{told:?}"
    );
}

#[actix_web::test]
async fn a_prompt_and_a_fingerprint_contradict_each_other() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let both = json!({
        "accountId": "ada", "action": "text-to-image", "model": "easel",
        "prompt": "a lighthouse", "promptFingerprint": "ab".repeat(32),
    });
    assert_eq!(studio.fault("charge", both).await, "BAD_USER_INPUT");
}

#[actix_web::test]
async fn nothing_is_sold_that_would_freeze() {
    let service = Service::start().await;
    let studio = service.studio();
    studio
        .done("openAccount", json!({ "accountId": "bob" }))
        .await;
    let query = "query($id: ID!) { account(accountId: $id) { packOffers { offered reason } } }";
    let data = studio.read(query, json!({ "id": "bob" })).await;
    let closed = json!({ "offered": false, "reason": "NO_PLAN" });
    assert_eq!(data["account"]["packOffers"], json!([closed, closed]));
    let picture = json!({ "accountId": "bob", "action": "text-to-image", "model": "easel" });
    let refused = studio.refused("charge", picture).await;
    assert_eq!(refused["code"], "INSUFFICIENT_CREDITS");
    assert_eq!(refused["packs"], json!([]));
}
