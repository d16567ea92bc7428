//! Credits renew because the clock passed an instant, and unused ones end.

use credits_tests::harness::Service;
use serde_json::{Value, json};

fn entry(kind: &str, at: &str, change: i64) -> (String, String, i64) {
    (kind.to_owned(), at.to_owned(), change)
}

#[actix_web::test]
async fn the_month_renews_at_its_instant_and_nothing_rolls_over() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let picture = json!({ "accountId": "ada", "action": "text-to-image", "model": "easel" });
    studio.done("charge", picture).await;

    service.set_time("2026-02-28T09:59:59Z");
    assert_eq!(studio.balance("ada").await["available"], 490);

    service.set_time("2026-03-05T08:00:00Z");
    let balance = studio.balance("ada").await;
    assert_eq!(balance["available"], 500);
    let allowance = json!({
        "granted": 500, "used": 0, "held": 0, "remaining": 500,
        "periodStart": "2026-02-28T10:00:00.000000Z", "periodEnd": "2026-03-31T10:00:00.000000Z",
        "renewsAt": "2026-03-31T10:00:00.000000Z", "renewsWith": 500,
    });
    assert_eq!(balance["allowance"], allowance);

    let ledger = studio.ledger("ada").await;
    let renewed = "2026-02-28T10:00:00.000000Z";
    let expected = [
        entry("EXPIRY", renewed, -490),
        entry("PERIOD_GRANT", renewed, 500),
    ];
    assert_eq!(ledger[ledger.len() - 2..], expected);
}

#[actix_web::test]
async fn an_account_nobody_touched_for_14_months_is_right_at_the_first_touch() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;

    service.set_time("2027-03-31T10:00:00Z");
    let picture = json!({ "accountId": "ada", "action": "text-to-image", "model": "easel" });
    let charged = studio.done("charge", picture).await;
    assert_eq!(charged["balance"]["available"], 490);

    let ledger = studio.ledger("ada").await;
    let renewals: Vec<&str> = ledger
        .iter()
        .filter(|(kind, _, _)| kind == "PERIOD_GRANT")
        .map(|(_, at, _)| &at[..10])
        .collect();
    let expected = [
        "2026-02-28",
        "2026-03-31",
        "2026-04-30",
        "2026-05-31",
        "2026-06-30",
        "2026-07-31",
        "2026-08-31",
        "2026-09-30",
        "2026-10-31",
        "2026-11-30",
        "2026-12-31",
        "2027-01-31",
        "2027-02-28",
        "2027-03-31",
    ];
    assert_eq!(renewals, expected);
}

#[actix_web::test]
async fn credits_renew_monthly_on_a_yearly_plan() {
    let service = Service::start().await;
    let studio = service.studio();
    studio
        .done("openAccount", json!({ "accountId": "ada" }))
        .await;
    let plan = json!({ "accountId": "ada", "planId": "maker", "billingInterval": "YEARLY" });
    studio.done("startSubscription", plan).await;

    service.set_time("2026-04-01T00:00:00Z");
    let subscription = subscription(&service).await;
    assert_eq!(subscription["billingInterval"], "YEARLY");
    assert_eq!(subscription["paidThrough"], "2027-01-31T10:00:00.000000Z");
    assert_eq!(subscription["currentPeriod"]["number"], 2);
    let start = &subscription["currentPeriod"]["start"];
    assert_eq!(start, "2026-03-31T10:00:00.000000Z");
    assert_eq!(studio.balance("ada").await["available"], 500);
}

#[actix_web::test]
async fn a_cancelled_plan_ends_with_its_term_and_can_be_resumed_until_then() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let ada = || json!({ "accountId": "ada" });

    studio.done("cancelSubscription", ada()).await;
    let cancelled = subscription(&service).await;
    assert_eq!(cancelled["status"], "CANCELLING");
    assert_eq!(cancelled["cancelAt"], "2026-02-28T10:00:00.000000Z");
    let balance = studio.balance("ada").await;
    assert_eq!(balance["available"], 500);
    assert_eq!(balance["allowance"]["renewsAt"], json!(null));
    let refused = studio.refused("cancelSubscription", ada()).await;
    assert_eq!(refused["code"], "CANCELLATION_ALREADY_SCHEDULED");

    studio.done("resumeSubscription", ada()).await;
    let refused = studio.refused("resumeSubscription", ada()).await;
    assert_eq!(refused["code"], "NO_CANCELLATION_SCHEDULED");
    assert_eq!(subscription(&service).await["status"], "ACTIVE");

    studio.done("cancelSubscription", ada()).await;
    service.set_time("2026-02-28T10:00:00Z");
    assert_eq!(studio.balance("ada").await["available"], 0);
    assert_eq!(subscription(&service).await, json!(null));
    let refused = studio.refused("resumeSubscription", ada()).await;
    assert_eq!(refused["code"], "NOT_SUBSCRIBED");
}

async fn subscription(service: &Service) -> Value {
    let query = "{ viewer { subscription { status billingInterval anchor paidThrough cancelAt \
                 currentPeriod { number start end granted } plan { id allowance } } } }";
    let mut data = service.user("ada").read(query, json!({})).await;
    data["viewer"]["subscription"].take()
}
