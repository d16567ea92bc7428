//! Credits are set aside, and then consumed, given back, or returned by time.

use credits_tests::harness::{Client, Service, operation_id};
use serde_json::{Value, json};

async fn film(studio: &Client, account: &str) -> (String, Value) {
    let id = operation_id();
    let reserve = json!({
        "operationId": id, "accountId": account, "action": "text-to-video", "model": "reel",
    });
    let reserved = studio.done("reserve", reserve).await;
    (id, reserved)
}

fn numbers(balance: &Value) -> (i64, i64) {
    let number = |key: &str| balance[key].as_i64().expect("a number");
    (number("available"), number("held"))
}

#[actix_web::test]
async fn a_hold_is_settled_once() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;

    let (hold, reserved) = film(&studio, "ada").await;
    assert_eq!(reserved["cost"], 75);
    assert_eq!(reserved["operation"]["kind"], "HOLD_PLACED");
    assert_eq!(reserved["operation"]["change"], -75);
    assert_eq!(reserved["hold"]["holdId"], json!(hold));
    assert_eq!(reserved["hold"]["state"], "OPEN");
    assert_eq!(reserved["hold"]["expiresAt"], "2026-01-31T11:00:00.000000Z");
    assert_eq!(numbers(&reserved["balance"]), (425, 75));

    // What ran was shorter: it costs less, and the rest returns.
    let id = operation_id();
    let settle = json!({ "operationId": id, "accountId": "ada", "holdId": hold, "seconds": 4 });
    let mut settled = studio.done("settle", settle.clone()).await;
    assert_eq!(settled["cost"], 60);
    assert_eq!(settled["operation"]["kind"], "CHARGE");
    assert_eq!(settled["charge"]["holdId"], json!(hold));
    assert_eq!(settled["hold"]["state"], "SETTLED");
    assert_eq!(numbers(&settled["balance"]), (440, 0));

    let again = studio.done("settle", settle).await;
    settled["replayed"] = json!(true);
    assert_eq!(again, settled);
    for mutation in ["settle", "release"] {
        let resolve = json!({ "accountId": "ada", "holdId": hold });
        let refused = studio.refused(mutation, resolve).await;
        assert_eq!(refused["code"], "HOLD_ALREADY_RESOLVED", "{mutation}");
        assert_eq!(refused["resolution"], "SETTLED");
        assert_eq!(refused["cost"], 60);
    }
}

#[actix_web::test]
async fn a_hold_is_released_and_nothing_was_consumed() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;

    let (hold, _) = film(&studio, "ada").await;
    let more = json!({ "accountId": "ada", "holdId": hold, "seconds": 6 });
    let refused = studio.refused("settle", more).await;
    assert_eq!(refused["code"], "PARAMETER_OUT_OF_RANGE");
    assert_eq!(
        (&refused["parameter"], &refused["max"]),
        (&json!("SECONDS"), &json!(5))
    );

    let release = json!({ "accountId": "ada", "holdId": hold });
    let released = studio.done("release", release).await;
    assert_eq!(released["operation"]["kind"], "HOLD_RELEASED");
    assert_eq!(released["hold"]["state"], "RELEASED");
    assert_eq!(numbers(&released["balance"]), (500, 0));
    let unknown = json!({ "accountId": "ada", "holdId": operation_id() });
    let refused = studio.refused("release", unknown).await;
    assert_eq!(refused["code"], "HOLD_UNKNOWN");
}

#[actix_web::test]
async fn a_hold_ends_by_itself_when_the_clock_says_so() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;

    let (hold, _) = film(&studio, "ada").await;
    service.set_time("2026-01-31T10:59:59Z");
    assert_eq!(numbers(&studio.balance("ada").await), (425, 75));
    service.set_time("2026-01-31T11:00:00Z");
    assert_eq!(numbers(&studio.balance("ada").await), (500, 0));
    let ledger = studio.ledger("ada").await;
    let at = "2026-01-31T11:00:00.000000Z".to_owned();
    assert_eq!(ledger.last(), Some(&("HOLD_EXPIRED".to_owned(), at, 75)));

    let resolve = json!({ "accountId": "ada", "holdId": hold });
    let refused = studio.refused("release", resolve.clone()).await;
    assert_eq!(refused["code"], "HOLD_EXPIRED");
    assert_eq!(refused["settleUntil"], "2026-02-07T11:00:00.000000Z");

    // The film was made all the same: it is charged late, once, at the price that was held.
    service.set_time("2026-02-02T00:00:00Z");
    let settled = studio.done("settle", resolve.clone()).await;
    assert_eq!(settled["cost"], 75);
    assert_eq!(settled["charge"]["late"], true);
    assert_eq!(settled["hold"]["state"], "SETTLED_LATE");
    let refused = studio.refused("settle", resolve).await;
    assert_eq!(refused["code"], "HOLD_ALREADY_RESOLVED");
    assert_eq!(refused["resolution"], "SETTLED_LATE");

    let (hold, _) = film(&studio, "ada").await;
    service.set_time("2026-02-10T00:00:00Z");
    let resolve = json!({ "accountId": "ada", "holdId": hold });
    let refused = studio.refused("settle", resolve).await;
    assert_eq!(refused["code"], "HOLD_EXPIRED");
}

#[actix_web::test]
async fn a_hold_is_extended_up_to_a_day() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;

    let (hold, _) = film(&studio, "ada").await;
    service.set_time("2026-01-31T10:30:00Z");
    let extend =
        |minutes: u32| json!({ "accountId": "ada", "holdId": hold, "ttlMinutes": minutes });
    let extended = studio.done("extendHold", extend(120)).await;
    assert_eq!(extended["operation"]["kind"], "HOLD_EXTENDED");
    assert_eq!(extended["hold"]["expiresAt"], "2026-01-31T12:30:00.000000Z");
    service.set_time("2026-01-31T12:00:00Z");
    assert_eq!(numbers(&studio.balance("ada").await), (425, 75));

    // A day after the reserve is the end, extensions included.
    let refused = studio.refused("extendHold", extend(1_440)).await;
    assert_eq!(refused["code"], "PARAMETER_OUT_OF_RANGE");
    assert_eq!(
        (&refused["min"], &refused["max"]),
        (&json!(30), &json!(1_320))
    );
    let extended = studio.done("extendHold", extend(1_320)).await;
    assert_eq!(extended["hold"]["expiresAt"], "2026-02-01T10:00:00.000000Z");
}

#[actix_web::test]
async fn twenty_films_at_once_on_500_credits_are_exactly_six() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;

    let reserves = (0..20).map(|_| {
        let studio = studio.clone();
        async move {
            let film = json!({
                "accountId": "ada", "action": "text-to-video", "model": "reel",
            });
            let payload = studio.call("reserve", film).await;
            payload["userErrors"][0]["code"].as_str().map(str::to_owned)
        }
    });
    let answers = futures_util::future::join_all(reserves).await;
    let accepted = answers.iter().filter(|code| code.is_none()).count();
    assert_eq!(accepted, 6);
    for code in answers.into_iter().flatten() {
        assert_eq!(code, "INSUFFICIENT_CREDITS");
    }
    assert_eq!(numbers(&studio.balance("ada").await), (50, 450));
}

#[actix_web::test]
async fn holds_are_listed_open_or_resolved() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let (first, _) = film(&studio, "ada").await;
    let (second, _) = film(&studio, "ada").await;
    let release = json!({ "accountId": "ada", "holdId": first });
    studio.done("release", release).await;

    let query = "query($id: ID!) { account(accountId: $id) { \
                 holds(first: 10) { nodes { holdId state amount } } openHolds { holdId } } }";
    let data = studio.read(query, json!({ "id": "ada" })).await;
    let holds = json!([
        { "holdId": second, "state": "OPEN", "amount": 75 },
        { "holdId": first, "state": "RELEASED", "amount": 75 },
    ]);
    assert_eq!(data["account"]["holds"]["nodes"], holds);
    assert_eq!(data["account"]["openHolds"], json!([{ "holdId": second }]));
}
