//! Billing reports how payments stand, and credits follow.

use credits_tests::harness::{Client, Service, operation_id};
use serde_json::{Value, json};

use crate::spending::boost;

/// A report of a payment that was made or due at that instant.
fn report(account: &str, reference: &str, outcome: &str, paid_at: &str) -> Value {
    json!({
        "accountId": account, "outcome": outcome,
        "payment": {
            "provider": "shop", "reference": reference,
            "amount": { "amountMinor": 1000, "currency": "USD" }, "paidAt": paid_at,
        },
    })
}

async fn subscription(studio: &Client, account: &str) -> Value {
    let query = "query($id: ID!) { account(accountId: $id) { subscription { \
                 status paidThrough pastDueSince lapsesAt } } }";
    let mut data = studio.read(query, json!({ "id": account })).await;
    data["account"]["subscription"].take()
}

/// What can be spent, what is frozen.
fn numbers(payload: &Value) -> (i64, i64) {
    let number = |key: &str| payload["balance"][key].as_i64().expect("a number");
    (number("available"), number("frozen"))
}

const OPENED: &str = "2026-01-31T10:00:00Z";
const SECOND: &str = "2026-02-28T10:00:00Z";

#[actix_web::test]
async fn a_failed_payment_freezes_the_allowance_until_it_is_paid() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    studio.done("purchasePack", boost("ada", "pack-1")).await;
    let paid = report("ada", "pay-1", "PAID", OPENED);
    let paid = studio.done("reportPayment", paid).await;
    assert_eq!(paid["operation"]["__typename"], "PaymentReport");
    assert_eq!(paid["operation"]["change"], 0);

    service.set_time("2026-03-01T00:00:00Z");
    let failed = report("ada", "pay-2", "FAILED", SECOND);
    let failed = studio.done("reportPayment", failed).await;
    assert_eq!(numbers(&failed), (200, 500));
    let told = &failed["operation"];
    assert_eq!(told["kind"], "PAYMENT_REPORT");
    assert_eq!(told["term"], json!({ "firstPeriod": 1, "periods": 1 }));
    assert_eq!(told["lapsesAt"], "2026-03-31T00:00:00.000000Z");
    assert_eq!(failed["balance"]["allowance"]["renewsAt"], json!(null));
    let expected = json!({
        "status": "PAST_DUE", "paidThrough": "2026-02-28T10:00:00.000000Z",
        "pastDueSince": "2026-03-01T00:00:00.000000Z", "lapsesAt": "2026-03-31T00:00:00.000000Z",
    });
    assert_eq!(subscription(&studio, "ada").await, expected);
    let filtered = "{ accounts(status: [PAST_DUE]) { nodes { accountId \
                    lots { remaining freezes } } } }";
    let data = studio.read(filtered, json!({})).await;
    let lots = json!([
        { "remaining": 500, "freezes": ["PAST_DUE"] }, { "remaining": 200, "freezes": [] },
    ]);
    assert_eq!(
        data["accounts"]["nodes"],
        json!([{ "accountId": "ada", "lots": lots }])
    );

    // The invoice is tried again, and comes through.
    let paid = report("ada", "pay-2", "PAID", "2026-03-02T00:00:00Z");
    let paid = studio.done("reportPayment", paid).await;
    assert_eq!(numbers(&paid), (700, 0));
    assert_eq!(paid["operation"]["granted"], 0);
    assert_eq!(subscription(&studio, "ada").await["status"], "ACTIVE");
}

#[actix_web::test]
async fn a_plan_that_is_not_paid_lapses_and_what_was_missed_is_not_granted() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    studio.open("bob").await;
    studio.done("purchasePack", boost("ada", "pack-1")).await;

    service.set_time("2026-03-10T00:00:00Z");
    for (account, reference) in [("ada", "pay-1"), ("bob", "pay-2")] {
        let failed = report(account, reference, "FAILED", SECOND);
        studio.done("reportPayment", failed).await;
    }
    service.set_time("2026-04-05T00:00:00Z");
    assert_eq!(studio.balance("bob").await["available"], 0);
    let paid = report("bob", "pay-2", "PAID", "2026-04-05T00:00:00Z");
    let paid = studio.done("reportPayment", paid).await;
    assert_eq!(paid["operation"]["granted"], 500);
    assert_eq!(paid["operation"]["effect"], "GRANTED");
    assert_eq!(numbers(&paid), (500, 0));

    let plan = json!({ "accountId": "ada", "planId": "maker", "billingInterval": "MONTHLY" });
    let refused = studio.refused("startSubscription", plan.clone()).await;
    assert_eq!(refused["code"], "ALREADY_SUBSCRIBED");
    service.set_time("2026-04-20T00:00:00Z");
    let balance = studio.balance("ada").await;
    assert_eq!(
        (&balance["available"], &balance["frozen"]),
        (&json!(0), &json!(200))
    );
    assert_eq!(subscription(&studio, "ada").await, json!(null));
    let query = "{ account(accountId: \"ada\") { operations(first: 2, \
                 kinds: [SUBSCRIPTION_CHANGE]) { nodes { at ... on SubscriptionChange { \
                 changeKind endReason } } } } }";
    let data = studio.read(query, json!({})).await;
    let expected = json!([
        { "at": "2026-04-09T00:00:00.000000Z", "changeKind": "ENDED", "endReason": "PAST_DUE" },
        { "at": "2026-03-31T10:00:00.000000Z", "changeKind": "PERIOD_WITHHELD", "endReason": null },
    ]);
    assert_eq!(data["account"]["operations"]["nodes"], expected);
    let started = studio.done("startSubscription", plan).await;
    assert_eq!(numbers(&started), (700, 0));
}

#[actix_web::test]
async fn a_disputed_pack_waits_and_one_taken_back_ends() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    studio.done("purchasePack", boost("ada", "pack-1")).await;
    let film = json!({
        "accountId": "ada", "action": "text-to-video", "model": "reel", "seconds": 10,
        "variations": 4,
    });
    studio.done("charge", film).await;

    let tell = |outcome: &str| report("ada", "pack-1", outcome, OPENED);
    let mut last = json!(null);
    for (outcome, expected, effect) in [
        ("DISPUTED", (0, 100), "FROZEN"),
        ("DISPUTE_WON", (100, 0), "UNFROZEN"),
        ("DISPUTED", (0, 100), "FROZEN"),
        ("REFUNDED", (0, 0), "REVOKED"),
    ] {
        let told = studio.done("reportPayment", tell(outcome)).await;
        assert_eq!(numbers(&told), expected, "{outcome}");
        assert_eq!(told["operation"]["outcome"], outcome);
        assert_eq!(told["operation"]["effect"], effect);
        let refused = studio.refused("reportPayment", tell(outcome)).await;
        assert_eq!(refused["code"], "PAYMENT_OUTCOME_OUT_OF_ORDER");
        last = told["operation"].clone();
    }
    assert_eq!(last["__typename"], "Revocation");
    assert_eq!(last["revoked"], 100);
    let refused = studio.refused("reportPayment", tell("PAID")).await;
    assert_eq!(refused["code"], "PAYMENT_OUTCOME_OUT_OF_ORDER");
    assert_eq!(refused["standing"], "REFUNDED");
    let refused = studio.refused("purchasePack", boost("ada", "pack-1")).await;
    assert_eq!(refused["code"], "PAYMENT_ALREADY_USED");
    assert_eq!(studio.balance("ada").await["available"], 0);
}

#[actix_web::test]
async fn what_returns_to_a_pack_taken_back_is_revoked() {
    let service = Service::start().await;
    let studio = service.studio();
    studio
        .done("openAccount", json!({ "accountId": "ada" }))
        .await;
    let plan = json!({ "accountId": "ada", "planId": "maker", "billingInterval": "MONTHLY" });
    studio.done("startSubscription", plan).await;
    let all = json!({
        "accountId": "ada", "action": "text-to-video", "model": "reel", "seconds": 8,
        "variations": 4,
    });
    studio.done("charge", all).await;
    studio.done("purchasePack", boost("ada", "pack-1")).await;
    let hold = operation_id();
    let reserve = json!({
        "operationId": hold, "accountId": "ada", "action": "text-to-video", "model": "reel",
        "seconds": 8,
    });
    studio.done("reserve", reserve).await;
    let refunded = report("ada", "pack-1", "REFUNDED", OPENED);
    let refunded = studio.done("reportPayment", refunded).await;
    assert_eq!(refunded["operation"]["revoked"], 100);
    assert_eq!(refunded["balance"]["held"], 120);
    // 20 of the hold came from the allowance and return, 100 from the pack and do not.
    let release = json!({ "accountId": "ada", "holdId": hold });
    let released = studio.done("release", release).await;
    assert_eq!(numbers(&released), (20, 0));
    let revoked = released["operation"]["postings"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|posting| posting["revoked"].as_i64().expect("a number"));
    assert_eq!(revoked.sum::<i64>(), 100);
}

#[actix_web::test]
async fn a_payment_is_known_on_one_account_and_as_it_stands() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    studio.open("bob").await;

    let mut first = report("ada", "pay-1", "FAILED", OPENED);
    first["operationId"] = json!(operation_id());
    let mut failed = studio.done("reportPayment", first.clone()).await;
    failed["replayed"] = json!(true);
    assert_eq!(studio.done("reportPayment", first).await, failed);

    let table = [
        (
            report("bob", "pay-1", "PAID", OPENED),
            "PAYMENT_ALREADY_USED",
        ),
        (boost("bob", "pay-1"), "PAYMENT_ALREADY_USED"),
        (
            report("bob", "pay-2", "REFUNDED", OPENED),
            "PAYMENT_UNKNOWN",
        ),
        (
            report("bob", "pay-2", "DISPUTED", OPENED),
            "PAYMENT_UNKNOWN",
        ),
        (
            report("ada", "pay-1", "DISPUTED", OPENED),
            "PAYMENT_OUTCOME_OUT_OF_ORDER",
        ),
        (
            report("bob", "pay-2", "PAID", "2026-01-30T09:59:59Z"),
            "PAYMENT_OUTSIDE_TERMS",
        ),
    ];
    for (input, code) in table {
        let mutation = match input.get("packId") {
            Some(_) => "purchasePack",
            None => "reportPayment",
        };
        let refused = studio.refused(mutation, input.clone()).await;
        assert_eq!(refused["code"], code, "{input}");
    }
    assert_eq!(studio.balance("bob").await["available"], 500);
    let nobody = service.user("ada");
    let mine = report("ada", "pay-1", "PAID", OPENED);
    assert_eq!(nobody.fault("reportPayment", mine).await, "FORBIDDEN");
}

#[actix_web::test]
async fn a_payment_that_came_too_late_is_listed_for_operators() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    service.set_time("2026-02-20T00:00:00Z");
    let failed = report("ada", "pay-1", "FAILED", OPENED);
    assert_eq!(
        studio.done("reportPayment", failed).await["operation"]["effect"],
        "FROZEN"
    );
    // A report that comes before what it is about leaves nothing under its id.
    let mut early = report("ada", "pay-2", "REFUNDED", OPENED);
    early["operationId"] = json!(operation_id());
    for _ in 0..2 {
        let refused = studio.refused("reportPayment", early.clone()).await;
        assert_eq!(refused["code"], "PAYMENT_UNKNOWN");
    }
    let query = "query($account: ID!, $id: ID!) { operation(accountId: $account, operationId: $id) { \
                 status } }";
    let asked = json!({ "account": "ada", "id": early["operationId"] });
    assert_eq!(studio.read(query, asked).await["operation"], json!(null));
    let paid = report("ada", "pay-2", "PAID", OPENED);
    studio.done("reportPayment", paid).await;
    let refunded = studio.done("reportPayment", early).await;
    assert_eq!(refunded["operation"]["outcome"], "REFUNDED");

    service.set_time("2026-05-01T00:00:00Z");
    let paid = report("ada", "pay-1", "PAID", OPENED);
    let paid = studio.done("reportPayment", paid).await;
    let (effect, reason) = (&paid["operation"]["effect"], "SUBSCRIPTION_ENDED");
    assert_eq!(
        (effect, &paid["operation"]["noEffectReason"]),
        (&json!("NONE"), &json!(reason))
    );
    let list = "query($after: String) { paymentsWithoutEffect(first: 1, after: $after) { \
                nodes { accountId report { payment { provider reference } } } \
                pageInfo { hasNextPage endCursor } } }";
    let data = studio.read(list, json!({})).await;
    let found = &data["paymentsWithoutEffect"];
    let payment = json!({ "provider": "shop", "reference": "pay-1" });
    assert_eq!(
        found["nodes"],
        json!([{ "accountId": "ada", "report": { "payment": payment } }])
    );
    let after = json!({ "after": found["pageInfo"]["endCursor"] });
    let next = studio.read(list, after).await;
    assert_eq!(next["paymentsWithoutEffect"]["nodes"], json!([]));
    let refunded = report("ada", "pay-1", "REFUNDED", OPENED);
    studio.done("reportPayment", refunded).await;
    let data = studio.read(list, json!({})).await;
    assert_eq!(data["paymentsWithoutEffect"]["nodes"], json!([]));
}
