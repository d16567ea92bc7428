//! Who may do what.

use credits_tests::harness::{Client, Service, operation_id};
use serde_json::json;

use crate::spending::boost;

#[actix_web::test]
async fn a_users_token_can_read_and_nothing_else() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let film = json!({ "accountId": "ada", "action": "text-to-video", "model": "reel" });
    let reserved = studio.done("reserve", film).await;
    let hold = &reserved["operation"]["operationId"];

    let user = service.user("ada");
    let table = [
        (
            "charge",
            json!({ "action": "text-to-image", "model": "easel" }),
        ),
        (
            "reserve",
            json!({ "action": "text-to-image", "model": "easel" }),
        ),
        ("settle", json!({ "holdId": hold })),
        ("release", json!({ "holdId": hold })),
        ("extendHold", json!({ "holdId": hold, "ttlMinutes": 5 })),
        ("openAccount", json!({})),
        (
            "startSubscription",
            json!({ "planId": "maker", "billingInterval": "MONTHLY" }),
        ),
        ("changePlan", json!({ "planId": "maker" })),
        ("cancelSubscription", json!({})),
        ("resumeSubscription", json!({})),
        ("purchasePack", boost("ada", "pay-1")),
        ("publishCatalog", json!({ "source": "" })),
    ];
    for (mutation, input) in table {
        assert_eq!(user.fault(mutation, input).await, "FORBIDDEN", "{mutation}");
    }
    let balance = studio.balance("ada").await;
    assert_eq!(
        (&balance["available"], &balance["held"]),
        (&json!(425), &json!(75))
    );
    let query = "{ accounts { nodes { accountId } } }";
    let reply = user.send(query, json!({})).await;
    assert_eq!(reply.code(), "FORBIDDEN");
}

async fn seen(client: &Client, account: &str) -> String {
    let query = "query($id: ID!, $op: ID!) { account(accountId: $id) { accountId } \
                 operation(accountId: $id, operationId: $op) { status } }";
    let variables = json!({ "id": account, "op": "0197a2b4-0000-7000-8000-000000000001" });
    client.read(query, variables).await.to_string()
}

#[actix_web::test]
async fn a_foreign_account_answers_like_an_unknown_one() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    studio.open("bob").await;
    let ada = service.user("ada");
    let nothing = r#"{"account":null,"operation":null}"#;
    for account in ["bob", "nobody"] {
        assert_eq!(seen(&ada, account).await, nothing, "{account}");
    }
    let proof = "query($id: ID!) { policyProof(accountId: $id) { granted } }";
    let quote = "query($id: ID!) { quote(input: { accountId: $id, action: \"text-to-image\", \
                 model: \"easel\" }) { cost } }";
    for query in [proof, quote] {
        let mut foreign = ada.send(query, json!({ "id": "bob" })).await;
        let mut unknown = ada.send(query, json!({ "id": "nobody" })).await;
        assert_eq!(foreign.code(), "NOT_FOUND");
        for reply in [&mut foreign, &mut unknown] {
            reply.body["errors"][0]["extensions"]["traceId"].take();
        }
        assert_eq!(foreign, unknown);
    }
}

#[actix_web::test]
async fn without_a_token_only_the_catalog_and_the_policies_are_read() {
    let service = Service::start().await;
    let nobody = service.nobody();
    let query =
        "{ catalog { version plans { id } packs { id } models { id } } policies { topic } }";
    let data = nobody.read(query, json!({})).await;
    assert_eq!(data["catalog"]["version"], 1);
    assert_eq!(data["catalog"]["plans"], json!([{ "id": "maker" }]));

    for query in [
        "{ viewer { id } }",
        "{ account(accountId: \"ada\") { id } }",
        "{ accounts { nodes { id } } }",
        "{ policyProof(accountId: \"ada\") { granted } }",
        "{ node(id: \"x\") { id } }",
        "{ operation(operationId: \"0197a2b4-0000-7000-8000-000000000001\") { status } }",
    ] {
        let reply = nobody.send(query, json!({})).await;
        assert_eq!(reply.code(), "UNAUTHENTICATED", "{query}");
        assert_eq!(reply.status, 200);
    }
    for (mutation, input) in [
        (
            "charge",
            json!({ "action": "text-to-image", "model": "easel" }),
        ),
        ("charge", json!({ "action": "chat" })),
        ("openAccount", json!({})),
        ("publishCatalog", json!({ "source": "" })),
    ] {
        assert_eq!(
            nobody.fault(mutation, input).await,
            "UNAUTHENTICATED",
            "{mutation}"
        );
    }
}

#[actix_web::test]
async fn a_bad_token_is_a_401() {
    let service = Service::start().await;
    let client = Client::new(service.address(), Some("not.a.token"));
    let reply = client.send("{ catalog { version } }", json!({})).await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (401, "UNAUTHENTICATED")
    );
}

#[actix_web::test]
async fn a_viewer_without_an_account_is_null_and_opens_none() {
    let service = Service::start().await;
    let data = service
        .user("ada")
        .read("{ viewer { id } }", json!({}))
        .await;
    assert_eq!(data["viewer"], json!(null));
    let studio = service.studio();
    let data = studio
        .read("{ accounts { nodes { accountId } } }", json!({}))
        .await;
    assert_eq!(data["accounts"]["nodes"], json!([]));
    assert_eq!(studio.outcome("ada", &operation_id()).await, json!(null));
}
