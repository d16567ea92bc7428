//! Packs come with a payment, and a payment is used once, for ever.

use credits_tests::harness::{Service, operation_id};
use serde_json::json;

use crate::spending::boost;

#[actix_web::test]
async fn a_pack_is_added_and_used_after_the_allowance() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;

    let bought = studio.done("purchasePack", boost("ada", "pay-1")).await;
    assert_eq!(bought["operation"]["kind"], "PACK_PURCHASE");
    assert_eq!(bought["operation"]["change"], 200);
    assert_eq!(bought["balance"]["available"], 700);
    assert_eq!(bought["balance"]["packs"], 200);

    let film = json!({
        "accountId": "ada", "action": "text-to-video", "model": "reel", "seconds": 10, "variations": 4,
    });
    let charged = studio.done("charge", film).await;
    assert_eq!(charged["balance"]["allowance"]["remaining"], 0);
    assert_eq!(charged["balance"]["packs"], 100);
    let postings = charged["operation"]["postings"].as_array();
    let consumed: Vec<_> = postings
        .expect("a list")
        .iter()
        .map(|posting| posting["consumed"].clone())
        .collect();
    assert_eq!(consumed, [json!(500), json!(100)]);
}

#[actix_web::test]
async fn a_payment_is_used_once_for_ever() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    studio.open("bob").await;

    let mut first = boost("ada", "pay-1");
    first["operationId"] = json!(operation_id());
    let mut bought = studio.done("purchasePack", first.clone()).await;
    bought["replayed"] = json!(true);

    // Under its own id it has the original answer. Under another one it is refused, and that is the
    // answer to that id.
    assert_eq!(studio.done("purchasePack", first.clone()).await, bought);
    let mut other_id = boost("ada", "pay-1");
    other_id["operationId"] = json!(operation_id());
    for _ in 0..2 {
        let refused = studio.refused("purchasePack", other_id.clone()).await;
        assert_eq!(refused["code"], "PAYMENT_ALREADY_USED");
        assert_eq!(refused["operationId"], first["operationId"]);
    }
    let query = "query($account: ID!, $id: ID!) { operation(accountId: $account, operationId: $id) { \
                 status } }";
    let asked = json!({ "account": "ada", "id": other_id["operationId"] });
    let outcome = studio.read(query, asked).await;
    assert_eq!(outcome["operation"]["status"], "REFUSED");
    let used = json!({ "accountId": "ada", "operationId": other_id["operationId"] });
    let refused = studio.refused("cancelSubscription", used).await;
    assert_eq!(refused["code"], "OPERATION_ID_REUSED");
    assert_eq!(studio.balance("ada").await["available"], 700);
    let refused = studio.refused("purchasePack", boost("bob", "pay-1")).await;
    assert_eq!(refused["code"], "PAYMENT_ALREADY_USED");
    assert_eq!(
        refused["operationId"],
        json!(null),
        "bob learns nothing of ada"
    );
    assert_eq!(studio.balance("bob").await["available"], 500);

    let mut elsewhere = boost("bob", "pay-1");
    elsewhere["payment"]["provider"] = json!("bank");
    studio.done("purchasePack", elsewhere).await;
}

#[actix_web::test]
async fn a_pack_bought_without_a_plan_waits_for_one() {
    let service = Service::start().await;
    let studio = service.studio();
    studio
        .done("openAccount", json!({ "accountId": "ada" }))
        .await;

    let bought = studio.done("purchasePack", boost("ada", "pay-1")).await;
    assert_eq!(bought["balance"]["available"], 0);
    assert_eq!(bought["balance"]["frozen"], 200);
    let picture = json!({ "accountId": "ada", "action": "text-to-image", "model": "easel" });
    let refused = studio.refused("charge", picture).await;
    assert_eq!(refused["code"], "INSUFFICIENT_CREDITS");
    assert_eq!(refused["frozen"], 200);

    let plan = json!({ "accountId": "ada", "planId": "maker", "billingInterval": "MONTHLY" });
    let started = studio.done("startSubscription", plan).await;
    assert_eq!(started["balance"]["available"], 700);
    assert_eq!(started["balance"]["frozen"], 0);
}

#[actix_web::test]
async fn a_pack_is_offered_when_the_catalog_says_so() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let query = "query($id: ID!) { account(accountId: $id) { packOffers { \
                 offered reason soldBelow credits pack { id } } } }";
    let offers = |top_up: serde_json::Value| {
        json!([
            { "offered": true, "reason": null, "soldBelow": null, "credits": 200,
              "pack": { "id": "boost" } },
            top_up,
        ])
    };
    let data = studio.read(query, json!({ "id": "ada" })).await;
    let closed = json!({
        "offered": false, "reason": "ALLOWANCE_LEFT", "soldBelow": 100, "credits": 50,
        "pack": { "id": "top-up" },
    });
    assert_eq!(data["account"]["packOffers"], offers(closed));

    let film = json!({
        "accountId": "ada", "action": "text-to-video", "model": "reel", "seconds": 10, "variations": 3,
    });
    studio.done("charge", film).await;
    let data = studio.read(query, json!({ "id": "ada" })).await;
    let open = json!({
        "offered": true, "reason": null, "soldBelow": null, "credits": 50,
        "pack": { "id": "top-up" },
    });
    assert_eq!(data["account"]["packOffers"], offers(open));
}

#[actix_web::test]
async fn what_billing_gets_wrong_is_refused_by_name() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let mut pack = boost("ada", "pay-1");
    pack["packId"] = json!("none");
    let table = [
        (
            "openAccount",
            json!({ "accountId": "ada" }),
            "ACCOUNT_ALREADY_EXISTS",
        ),
        (
            "startSubscription",
            json!({ "accountId": "ada", "planId": "maker", "billingInterval": "YEARLY" }),
            "ALREADY_SUBSCRIBED",
        ),
        ("purchasePack", pack, "PACK_UNKNOWN"),
    ];
    for (mutation, input, code) in table {
        assert_eq!(studio.refused(mutation, input).await["code"], code);
    }
    studio
        .done("openAccount", json!({ "accountId": "bob" }))
        .await;
    let plan = json!({ "accountId": "bob", "planId": "none", "billingInterval": "MONTHLY" });
    let refused = studio.refused("startSubscription", plan).await;
    assert_eq!(refused["code"], "PLAN_UNKNOWN");
    let refused = studio
        .refused("cancelSubscription", json!({ "accountId": "bob" }))
        .await;
    assert_eq!(refused["code"], "NOT_SUBSCRIBED");
}
