//! What can be read: outcomes, policies, nodes, pages.

use credits_tests::harness::{Client, Service, operation_id};
use serde_json::{Value, json};

#[actix_web::test]
async fn an_operation_id_tells_what_became_of_it() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let id = operation_id();
    assert_eq!(studio.outcome("ada", &id).await, json!(null));

    let mut picture = json!({
        "operationId": id, "accountId": "ada", "action": "text-to-image", "model": "easel",
    });
    let charged = studio.done("charge", picture.clone()).await;
    let outcome = studio.outcome("ada", &id).await;
    assert_eq!(outcome["status"], "ACCEPTED");
    assert_eq!(outcome["operation"], charged["operation"]);
    assert_eq!(outcome["balance"], charged["balance"]);
    assert_eq!(studio.outcome("bob", &id).await, json!(null));

    let id = operation_id();
    picture["operationId"] = json!(id);
    picture["maxCost"] = json!(1);
    let refused = studio.refused("charge", picture).await;
    let outcome = studio.outcome("ada", &id).await;
    assert_eq!(outcome["status"], "REFUSED");
    assert_eq!(outcome["operation"], json!(null));
    assert_eq!(outcome["userErrors"], json!([refused]));
}

#[actix_web::test]
async fn the_policies_are_answered_under_their_headings() {
    let service = Service::start().await;
    let query = "{ policies { topic heading text questions { question answer } } }";
    let data = service.nobody().read(query, json!({})).await;
    let policies = data["policies"].as_array().expect("a list");
    let topics: Vec<&Value> = policies.iter().map(|policy| &policy["topic"]).collect();
    let expected = [
        "WHAT_USES",
        "WHAT_DOES_NOT",
        "HOW_IT_WORKS",
        "WHEN_CONSUMED",
        "WHY_NO_REFUND",
        "COST_BY_MODEL",
        "BE_CAREFUL",
        "QUESTIONS",
    ];
    assert_eq!(topics, expected);
    for policy in policies {
        let said = policy["text"] != "" || policy["questions"] != json!([]);
        assert!(said, "{policy}");
    }
}

#[actix_web::test]
async fn every_credit_has_an_origin_and_an_end() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let pack = crate::spending::boost("ada", "pay-1");
    studio.done("purchasePack", pack).await;
    let picture = json!({ "accountId": "ada", "action": "text-to-image", "model": "easel" });
    studio.done("charge", picture).await;
    service.set_time("2026-02-28T10:00:00Z");
    let film = json!({ "accountId": "ada", "action": "text-to-video", "model": "reel" });
    studio.done("reserve", film).await;

    let query = "query($id: ID!) { policyProof(accountId: $id) { plan rollover packs granted \
                 consumed expired revoked balance held balanced } }";
    let data = studio.read(query, json!({ "id": "ada" })).await;
    let expected = json!({
        "plan": 1_000, "rollover": 0, "packs": 200, "granted": 1_200,
        "consumed": 10, "expired": 490, "revoked": 0, "balance": 625, "held": 75, "balanced": true,
    });
    assert_eq!(data["policyProof"], expected);
}

#[actix_web::test]
async fn everything_with_an_id_is_a_node() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let film = json!({ "accountId": "ada", "action": "text-to-video", "model": "reel" });
    studio.done("reserve", film).await;

    let query = "{ viewer { id subscription { id } lots { id } openHolds { id } \
                 operations(first: 3) { nodes { __typename id } } } }";
    let user = service.user("ada");
    let viewer = user.read(query, json!({})).await["viewer"].take();
    let mut known = vec![
        (viewer["id"].clone(), "Account"),
        (viewer["subscription"]["id"].clone(), "PlanSubscription"),
        (viewer["lots"][0]["id"].clone(), "Lot"),
        (viewer["openHolds"][0]["id"].clone(), "Hold"),
    ];
    let operations = viewer["operations"]["nodes"].as_array().expect("a list");
    let kinds = ["HoldPlaced", "SubscriptionChange", "AccountOpened"];
    assert_eq!(operations.len(), kinds.len());
    for (operation, kind) in operations.iter().zip(kinds) {
        known.push((operation["id"].clone(), kind));
    }
    let node = "query($id: ID!) { node(id: $id) { __typename id } }";
    for (id, kind) in &known {
        let data = user.read(node, json!({ "id": id })).await;
        assert_eq!(data["node"], json!({ "__typename": kind, "id": id }));
    }

    // In their order, with nulls for what is not there or not one's own.
    let ids = [known[3].0.clone(), json!("nothing"), known[0].0.clone()];
    let nodes = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let data = user.read(nodes, json!({ "ids": ids })).await;
    assert_eq!(
        data["nodes"],
        json!([{ "id": ids[0] }, null, { "id": ids[2] }])
    );
    let data = service.user("bob").read(nodes, json!({ "ids": ids })).await;
    assert_eq!(data["nodes"], json!([null, null, null]));
}

async fn page(client: &Client, arguments: &str) -> Value {
    let query = format!(
        "{{ viewer {{ operations({arguments}) {{ edges {{ cursor node {{ sequence }} }} \
         pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }}"
    );
    let mut data = client.read(&query, json!({})).await;
    data["viewer"]["operations"].take()
}

fn sequences(page: &Value) -> Vec<i64> {
    let edges = page["edges"].as_array().expect("a list").iter();
    edges
        .map(|edge| edge["node"]["sequence"].as_i64().expect("a number"))
        .collect()
}

#[actix_web::test]
async fn the_ledger_is_read_in_pages_newest_first() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    for _ in 0..5 {
        let picture = json!({ "accountId": "ada", "action": "text-to-image", "model": "pencil" });
        studio.done("charge", picture).await;
    }
    let user = service.user("ada");
    let first = page(&user, "first: 3").await;
    assert_eq!(sequences(&first), [7, 6, 5]);
    assert_eq!(first["pageInfo"]["hasNextPage"], true);
    assert_eq!(first["pageInfo"]["endCursor"], first["edges"][2]["cursor"]);
    let second = page(
        &user,
        &format!("first: 3, after: {}", first["pageInfo"]["endCursor"]),
    )
    .await;
    assert_eq!(sequences(&second), [4, 3, 2]);
    let third = page(
        &user,
        &format!("first: 3, after: {}", second["pageInfo"]["endCursor"]),
    )
    .await;
    assert_eq!(sequences(&third), [1]);
    assert_eq!(third["pageInfo"]["hasNextPage"], false);
    let back = format!("last: 2, before: {}", second["pageInfo"]["startCursor"]);
    assert_eq!(sequences(&page(&user, &back).await), [6, 5]);

    // A page is not moved by what is added meanwhile.
    let picture = json!({ "accountId": "ada", "action": "text-to-image", "model": "pencil" });
    studio.done("charge", picture).await;
    let again = page(
        &user,
        &format!("first: 3, after: {}", first["pageInfo"]["endCursor"]),
    )
    .await;
    assert_eq!(sequences(&again), [4, 3, 2]);

    for bad in [
        "first: 101",
        "first: 0",
        "first: -1",
        "first: 1, last: 1",
        "first: 1, after: \"nonsense\"",
    ] {
        let query = format!("{{ viewer {{ operations({bad}) {{ nodes {{ sequence }} }} }} }}");
        let reply = user.send(&query, json!({})).await;
        assert_eq!(reply.code(), "BAD_USER_INPUT", "{bad}");
    }
}

#[actix_web::test]
async fn bad_input_is_told_from_a_refusal() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let table = [
        json!({ "operationId": "7", "accountId": "ada", "action": "text-to-image", "model": "easel" }),
        json!({ "accountId": "", "action": "text-to-image", "model": "easel" }),
        json!({ "accountId": "ada", "action": "text-to-image", "model": "easel", "maxCost": -1 }),
        json!({ "accountId": "ada", "action": "text-to-image", "model": "easel", "maxCost": 1.5 }),
    ];
    for input in table {
        let code = studio.fault("charge", input.clone()).await;
        assert_eq!(code, "BAD_USER_INPUT", "{input}");
    }
    let unknown = json!({ "accountId": "cyd", "action": "text-to-image", "model": "easel" });
    assert_eq!(studio.fault("charge", unknown).await, "NOT_FOUND");
}
