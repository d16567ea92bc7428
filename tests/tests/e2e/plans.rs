//! A plan is changed: more at once, less when what is paid for has run out, and nobody is surprised.

use credits_tests::harness::{CATALOG, Client, Service, operation_id};
use serde_json::{Value, json};

use crate::spending::boost;

/// A larger plan beside the one of the tests.
const ARTIST: &str = r#"
[[plans]]
id = "artist"
name = "Artist"
description = "1,200 credits a month."
allowance = 1_200
rollover = { max = 100, months = 1 }

[[plans.prices]]
interval = "monthly"
money = { amount_minor = 2_000, currency = "USD" }

[[plans.prices]]
interval = "yearly"
money = { amount_minor = 20_000, currency = "USD" }
"#;

const SUBSCRIPTION: &str = "subscription { status billingInterval anchor paidThrough cancelAt \
    plan { id } currentPeriod { number granted } scheduledChange { plan { id } billingInterval at } }";

const PREVIEW: &str = "query($id: ID!, $input: PlanChangeInput!) { account(accountId: $id) { \
    previewPlanChange(input: $input) { actsAt rollsOver \
      scheduledChange { plan { id } billingInterval at } \
      granted { planId credits at expiresAt } \
      kept { origin plan pack remaining expiresAt } frozen { pack remaining } \
      expiring { origin plan pack remaining expiresAt } \
      nextRenewal { planId credits at } renewalAfterChange { planId credits at } \
      userErrors { code field ... on AlreadyOnPlan { planId billingInterval } } } } }";

/// A service that sells both plans, with an account on one of them.
async fn with_both(plan: &str, interval: &str) -> (Service, Client) {
    let service = Service::start().await;
    let studio = service.studio();
    let source = format!("{CATALOG}{ARTIST}");
    let published = studio
        .call("publishCatalog", json!({ "source": source }))
        .await;
    assert_eq!(published["userErrors"], json!([]));
    studio
        .done("openAccount", json!({ "accountId": "ada" }))
        .await;
    let plan = json!({ "accountId": "ada", "planId": plan, "billingInterval": interval });
    studio.done("startSubscription", plan).await;
    (service, studio)
}

async fn subscription(service: &Service) -> Value {
    let query = format!("{{ viewer {{ {SUBSCRIPTION} }} }}");
    let mut data = service.user("ada").read(&query, json!({})).await;
    data["viewer"]["subscription"].take()
}

async fn preview(service: &Service, input: Value) -> Value {
    let variables = json!({ "id": "ada", "input": input });
    let mut data = service.user("ada").read(PREVIEW, variables).await;
    data["account"]["previewPlanChange"].take()
}

fn to(plan: &str) -> Value {
    json!({ "accountId": "ada", "planId": plan })
}

#[actix_web::test]
async fn an_upgrade_is_previewed_and_acts_at_once() {
    let (service, studio) = with_both("maker", "MONTHLY").await;
    let film = json!({ "accountId": "ada", "action": "text-to-video", "model": "reel" });
    studio.done("charge", film).await;

    let foreseen = preview(&service, json!({ "planId": "artist" })).await;
    let expected = json!({
        "actsAt": "2026-01-31T10:00:00.000000Z", "rollsOver": 0, "scheduledChange": null,
        "granted": {
            "planId": "artist", "credits": 700,
            "at": "2026-01-31T10:00:00.000000Z", "expiresAt": "2026-02-28T10:00:00.000000Z",
        },
        "kept": [{
            "origin": "PLAN", "plan": "maker", "pack": null, "remaining": 425,
            "expiresAt": "2026-02-28T10:00:00.000000Z",
        }],
        "frozen": [], "expiring": [],
        "nextRenewal": { "planId": "artist", "credits": 1200, "at": "2026-02-28T10:00:00.000000Z" },
        "renewalAfterChange":
            { "planId": "artist", "credits": 1200, "at": "2026-02-28T10:00:00.000000Z" },
        "userErrors": [],
    });
    assert_eq!(foreseen, expected);
    assert_eq!(
        studio.balance("ada").await["available"],
        425,
        "a preview changes nothing"
    );

    let id = operation_id();
    let mut change = to("artist");
    change["operationId"] = json!(id);
    let mut changed = studio.done("changePlan", change.clone()).await;
    assert_eq!(changed["operation"]["kind"], "SUBSCRIPTION_CHANGE");
    assert_eq!(changed["operation"]["change"], 700);
    assert_eq!(changed["balance"]["available"], 1125);
    let allowance = &changed["balance"]["allowance"];
    assert_eq!(
        (&allowance["granted"], &allowance["used"]),
        (&json!(1200), &json!(75))
    );
    assert_eq!(allowance["renewsWith"], 1200);
    changed["replayed"] = json!(true);
    assert_eq!(studio.done("changePlan", change.clone()).await, changed);
    change["billingInterval"] = json!("YEARLY");
    let reused = studio.refused("changePlan", change).await;
    assert_eq!(reused["code"], "OPERATION_ID_REUSED");

    let now = subscription(&service).await;
    assert_eq!(now["plan"]["id"], "artist");
    assert_eq!(
        now["currentPeriod"],
        json!({ "number": 0, "granted": 1200 })
    );
    assert_eq!(now["anchor"], "2026-01-31T10:00:00.000000Z");
    service.set_time("2026-02-28T10:00:00Z");
    assert_eq!(studio.balance("ada").await["available"], 1300);
}

#[actix_web::test]
async fn a_downgrade_waits_for_the_paid_term_and_can_be_taken_back() {
    let (service, studio) = with_both("artist", "MONTHLY").await;
    studio.done("purchasePack", boost("ada", "pay-1")).await;

    let foreseen = preview(
        &service,
        json!({ "planId": "maker", "billingInterval": "YEARLY" }),
    )
    .await;
    let change = json!({
        "plan": { "id": "maker" }, "billingInterval": "YEARLY", "at": "2026-02-28T10:00:00.000000Z",
    });
    assert_eq!(foreseen["scheduledChange"], change);
    assert_eq!(foreseen["granted"], json!(null));
    assert_eq!(foreseen["kept"][0]["pack"], "boost");
    assert_eq!(foreseen["expiring"][0]["remaining"], 1200);
    assert_eq!(foreseen["rollsOver"], 100);
    assert_eq!(foreseen["nextRenewal"]["credits"], 500);

    let mut less = to("maker");
    less["billingInterval"] = json!("YEARLY");
    let scheduled = studio.done("changePlan", less.clone()).await;
    assert_eq!(scheduled["operation"]["change"], 0);
    assert_eq!(scheduled["balance"]["allowance"]["renewsWith"], 500);
    let now = subscription(&service).await;
    assert_eq!(now["plan"]["id"], "artist");
    assert_eq!(now["scheduledChange"], change);

    studio.done("changePlan", to("artist")).await;
    assert_eq!(subscription(&service).await["scheduledChange"], json!(null));
    let refused = studio.refused("changePlan", to("artist")).await;
    assert_eq!(refused["code"], "ALREADY_ON_PLAN");
    assert_eq!(refused["billingInterval"], "MONTHLY");

    studio.done("changePlan", less).await;
    service.set_time("2026-03-10T00:00:00Z");
    let balance = studio.balance("ada").await;
    assert_eq!(balance["allowance"]["granted"], 500);
    assert_eq!(
        (&balance["rollover"], &balance["packs"]),
        (&json!(100), &json!(200))
    );
    let now = subscription(&service).await;
    assert_eq!(
        (&now["plan"]["id"], &now["billingInterval"]),
        (&json!("maker"), &json!("YEARLY"))
    );
    assert_eq!(now["paidThrough"], "2027-02-28T10:00:00.000000Z");

    let query = "{ viewer { operations(kinds: [SUBSCRIPTION_CHANGE], first: 4) { nodes { operationId at \
                 ... on SubscriptionChange { changeKind plan billingInterval granted \
                 scheduledChange { plan { id } at } } } } } }";
    let data = service.user("ada").read(query, json!({})).await;
    let nodes = &data["viewer"]["operations"]["nodes"];
    let by_time = json!({
        "operationId": null, "at": "2026-02-28T10:00:00.000000Z", "changeKind": "CHANGED",
        "plan": "maker", "billingInterval": "YEARLY", "granted": null, "scheduledChange": null,
    });
    assert_eq!(nodes[0], by_time);
    assert_eq!(nodes[1]["changeKind"], "CHANGE_SCHEDULED");
    assert_eq!(nodes[1]["scheduledChange"]["plan"]["id"], "maker");
    assert_eq!(nodes[2]["changeKind"], "CHANGE_WITHDRAWN");
}

#[actix_web::test]
async fn a_year_that_is_paid_goes_on_and_a_longer_interval_begins_with_the_period() {
    let (service, studio) = with_both("maker", "MONTHLY").await;
    service.set_time("2026-03-15T00:00:00Z");
    let mut yearly = to("maker");
    yearly["billingInterval"] = json!("YEARLY");
    let changed = studio.done("changePlan", yearly).await;
    assert_eq!(changed["operation"]["change"], 0);
    let now = subscription(&service).await;
    assert_eq!(now["paidThrough"], "2027-02-28T10:00:00.000000Z");

    let mut monthly = to("artist");
    monthly["billingInterval"] = json!("MONTHLY");
    let foreseen = preview(
        &service,
        json!({ "planId": "artist", "billingInterval": "MONTHLY" }),
    )
    .await;
    assert_eq!(foreseen["granted"]["credits"], 700);
    studio.done("changePlan", monthly).await;
    let now = subscription(&service).await;
    assert_eq!(
        (&now["plan"]["id"], &now["billingInterval"]),
        (&json!("artist"), &json!("YEARLY"))
    );
    assert_eq!(now["scheduledChange"], foreseen["scheduledChange"]);
    assert_eq!(now["scheduledChange"]["at"], "2027-02-28T10:00:00.000000Z");
    service.set_time("2027-02-28T10:00:00Z");
    let now = subscription(&service).await;
    assert_eq!(now["billingInterval"], "MONTHLY");
    assert_eq!(now["paidThrough"], "2027-03-31T10:00:00.000000Z");
}

#[actix_web::test]
async fn leaving_is_previewed_too_and_a_cancelled_plan_is_resumed_before_it_changes() {
    let (service, studio) = with_both("maker", "MONTHLY").await;
    studio.done("purchasePack", boost("ada", "pay-1")).await;
    studio.done("changePlan", to("artist")).await;
    studio.done("changePlan", to("maker")).await;

    let foreseen = preview(&service, json!({})).await;
    assert_eq!(foreseen["actsAt"], "2026-02-28T10:00:00.000000Z");
    assert_eq!(
        foreseen["frozen"],
        json!([{ "pack": "boost", "remaining": 200 }])
    );
    assert_eq!(foreseen["expiring"].as_array().map(Vec::len), Some(2));
    assert_eq!(foreseen["nextRenewal"], json!(null));

    studio
        .done("cancelSubscription", json!({ "accountId": "ada" }))
        .await;
    let now = subscription(&service).await;
    assert_eq!(
        (&now["status"], &now["scheduledChange"]),
        (&json!("CANCELLING"), &json!(null))
    );
    let refused = studio.refused("changePlan", to("maker")).await;
    assert_eq!(refused["code"], "CANCELLATION_ALREADY_SCHEDULED");
    let foreseen = preview(&service, json!({ "planId": "maker" })).await;
    assert_eq!(
        foreseen["userErrors"][0]["code"],
        "CANCELLATION_ALREADY_SCHEDULED"
    );
    assert_eq!(
        (&foreseen["actsAt"], &foreseen["kept"]),
        (&json!(null), &json!([]))
    );
    studio
        .done("resumeSubscription", json!({ "accountId": "ada" }))
        .await;
    studio.done("changePlan", to("maker")).await;
}

#[actix_web::test]
async fn what_can_not_be_changed_is_refused_by_name() {
    let (service, studio) = with_both("maker", "YEARLY").await;
    studio
        .done("openAccount", json!({ "accountId": "bob" }))
        .await;
    let table = [
        (to("none"), "PLAN_UNKNOWN"),
        (to("maker"), "ALREADY_ON_PLAN"),
        (
            json!({ "accountId": "bob", "planId": "maker" }),
            "NOT_SUBSCRIBED",
        ),
    ];
    for (input, code) in table {
        assert_eq!(studio.refused("changePlan", input).await["code"], code);
    }
    for (input, code) in [
        (json!({ "planId": "none" }), "PLAN_UNKNOWN"),
        (json!({ "planId": "maker" }), "ALREADY_ON_PLAN"),
    ] {
        let foreseen = preview(&service, input).await;
        assert_eq!(foreseen["userErrors"][0]["code"], code);
        assert_eq!(
            foreseen["userErrors"][0]["field"],
            json!(["input", "planId"])
        );
    }
    let variables = json!({ "id": "ada", "input": { "billingInterval": "MONTHLY" } });
    let reply = service.user("ada").send(PREVIEW, variables).await;
    assert_eq!(reply.code(), "BAD_USER_INPUT");
}
