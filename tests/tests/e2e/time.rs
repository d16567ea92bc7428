//! Other instants than now: what an account had then, what it will have, and a clock that can't be
//! believed.

use chrono::TimeDelta;
use credits_core::clock::Hands;
use credits_tests::harness::{Client, START, Service, http_client, instant, operation_id, until};
use serde_json::{Value, json};

const YEAR: TimeDelta = TimeDelta::days(365);

fn picture() -> Value {
    json!({ "accountId": "ada", "action": "text-to-image", "model": "easel" })
}

#[actix_web::test]
async fn the_past_is_what_was_shown_then() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let mut shown = vec![studio.balance("ada").await];
    for time in [
        "2026-02-01T09:00:00Z",
        "2026-02-28T10:00:00Z",
        "2027-03-31T09:59:59Z",
    ] {
        service.set_time(time);
        studio.done("charge", picture()).await;
        shown.push(studio.balance("ada").await);
    }
    service.set_time("2027-04-20T00:00:00Z");
    for balance in &shown {
        let as_of = balance["asOf"].as_str().expect("an instant");
        assert_eq!(studio.balance_at("ada", as_of).await, *balance);
    }
    // Nobody looked in these months: they were found a year later, and count from their own instants.
    let idle = studio.balance_at("ada", "2026-07-31T12:00:00+02:00").await;
    assert_eq!(idle["asOf"], "2026-07-31T10:00:00.000000Z");
    assert_eq!(idle["available"], 500);
    assert_eq!(
        idle["allowance"]["periodStart"],
        "2026-07-31T10:00:00.000000Z"
    );
    let before = studio
        .balance_at("ada", "2026-07-31T09:59:59.999999Z")
        .await;
    assert_eq!(
        before["allowance"]["periodStart"],
        "2026-06-30T10:00:00.000000Z"
    );
    // A user reads the own account's.
    let own = service.user("ada").balance_at("ada", START).await;
    assert_eq!(own["available"], 500);
}

#[actix_web::test]
async fn the_future_is_what_then_comes() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    studio.done("charge", picture()).await;
    let pack = json!({
        "accountId": "ada", "packId": "boost",
        "payment": {
            "provider": "stripe", "reference": "pi_1", "paidAt": START,
            "amount": { "amountMinor": 500, "currency": "USD" },
        },
    });
    studio.done("purchasePack", pack).await;
    let video = json!({ "accountId": "ada", "action": "text-to-video", "model": "reel" });
    studio.done("reserve", video).await;
    let now = studio.balance("ada").await;
    assert_eq!((&now["available"], &now["held"]), (&json!(615), &json!(75)));

    let instants = [
        ("2026-01-31T11:00:00Z", 690),
        ("2026-02-28T09:59:59.999999Z", 690),
        ("2026-02-28T10:00:00Z", 700),
        ("2027-01-31T09:59:59.999999Z", 700),
        ("2027-01-31T10:00:00Z", 500),
        ("2028-02-29T10:00:00Z", 500),
    ];
    let mut future = Vec::new();
    for (time, available) in instants {
        let balance = studio.balance_at("ada", time).await;
        assert_eq!(balance["available"], available, "{time}");
        assert_eq!(balance["sequence"], now["sequence"], "{time}");
        future.push(balance);
    }
    assert_eq!(studio.balance("ada").await, now, "to look changes nothing");
    for ((time, _), mut told) in instants.into_iter().zip(future) {
        service.set_time(time);
        let then = studio.balance("ada").await;
        told["sequence"] = then["sequence"].clone();
        assert_eq!(told, then, "{time}");
    }
}

#[actix_web::test]
async fn an_instant_without_a_balance_is_told_with_the_one_that_has() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    for (time, message) in [
        (
            "2026-01-31T09:59:59.999999Z",
            "The account was opened at 2026-01-31T10:00:00Z; it has no balance before that.",
        ),
        (
            "2036-01-31T10:00:00.000001Z",
            "Balances are projected ten years ahead, at present until 2036-01-31T10:00:00Z.",
        ),
    ] {
        let reply = studio.ask_balance_at("ada", time).await;
        assert_eq!(reply.code(), "BAD_USER_INPUT");
        assert_eq!(reply.body["errors"][0]["message"], message);
        assert_eq!(reply.body["data"]["account"], json!(null));
    }
    let last = studio.balance_at("ada", "2036-01-31T10:00:00Z").await;
    assert_eq!(last["available"], 500);
}

#[actix_web::test]
async fn a_node_whose_clock_stepped_decides_nothing_until_it_agrees() {
    let hands = Hands::at(instant(START));
    let service = Service::start_by(hands.clock()).await;
    let studio = service.studio();
    studio.open("ada").await;
    let before = studio.balance("ada").await;
    becomes(&service, 200).await;

    // A step of a year forward would grant twelve periods for good.
    hands.step(YEAR);
    let mut charge = picture();
    charge["operationId"] = json!(operation_id());
    let refused = studio.ask("charge", charge.clone()).await;
    assert_eq!(refused.code(), "UNAVAILABLE");
    assert_eq!(refused.body["errors"][0]["extensions"]["retryable"], true);
    for mutation in ["cancelSubscription", "openAccount"] {
        let input = json!({ "accountId": "ada" });
        assert_eq!(studio.fault(mutation, input).await, "UNAVAILABLE");
    }
    // Reads go on, chat too, and no period was granted.
    assert_eq!(studio.balance("ada").await, before);
    let chat = json!({ "accountId": "ada", "action": "chat" });
    assert_eq!(studio.done("charge", chat).await["recorded"], false);
    assert_eq!(grants(&studio).await, 0);
    becomes(&service, 503).await;

    hands.step(-YEAR);
    let charged = studio.done("charge", charge).await;
    assert_eq!(charged["replayed"], false);
    assert_eq!(charged["operation"]["at"], before["asOf"]);
    becomes(&service, 200).await;
    // Time that passes on both clocks is time.
    hands.pass(TimeDelta::days(28));
    assert_eq!(studio.balance("ada").await["available"], 500);
    assert_eq!(grants(&studio).await, 1);
}

async fn grants(client: &Client) -> usize {
    let ledger = client.ledger("ada").await;
    let grants = ledger.iter().filter(|(kind, _, _)| kind == "PERIOD_GRANT");
    grants.count()
}

/// Waits until `/readyz` answers with that status: the node looks at its clock every second.
async fn becomes(service: &Service, status: u16) {
    let url = format!("http://{}/readyz", service.address());
    let what = format!("/readyz answers {status}");
    until(&what, async || {
        let answer = http_client().get(&url).send().await;
        let answered = answer.expect("the service answers").status().as_u16();
        (answered == status).then_some(())
    })
    .await;
}
