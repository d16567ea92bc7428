//! What an account was charged: summed by day, model, action and project, and found again.

use credits_tests::harness::{Client, Service, with};
use serde_json::{Value, json};

/// Charges on two days, on two models, in two projects and in none: 17, so that some are in the kept
/// sums and some are not.
async fn history(service: &Service) {
    let studio = service.studio();
    studio.open("ada").await;
    let picture = |model: &str, project: Value, variations: u32| {
        json!({
            "accountId": "ada", "action": "text-to-image", "model": model, "project": project,
            "variations": variations,
        })
    };
    for _ in 0..6 {
        studio
            .done("charge", picture("pencil", json!("zoo"), 2))
            .await;
        studio
            .done("charge", picture("easel", json!("art"), 1))
            .await;
    }
    // The last microsecond of a day is still in it.
    service.set_time("2026-01-31T23:59:59.999999Z");
    studio
        .done("charge", picture("pencil", json!(null), 1))
        .await;
    service.set_time("2026-02-01T00:00:00Z");
    for _ in 0..3 {
        studio
            .done("charge", picture("pencil", json!(null), 1))
            .await;
    }
    // What counts is what was settled, when it was.
    let film =
        json!({ "accountId": "ada", "action": "text-to-video", "model": "reel", "project": "zoo" });
    let held = studio.done("reserve", film).await;
    let settle = json!({
        "accountId": "ada", "holdId": held["operation"]["operationId"], "seconds": 2,
    });
    studio.done("settle", settle).await;
}

async fn usage(client: &Client, from: &str, to: &str, by: &[&str]) -> Value {
    let reply = ask(client, from, to, by).await;
    reply.data()["account"]["usage"].take()
}

async fn ask(client: &Client, from: &str, to: &str, by: &[&str]) -> credits_tests::harness::Reply {
    let query = "query($from: Date!, $to: Date!, $by: [UsageDimension!]!) { \
                 account(accountId: \"ada\") { usage(from: $from, to: $to, by: $by) { from to sequence \
                 rows { day model action project charges credits variations seconds } \
                 totals { charges credits variations seconds } } } }";
    let variables = json!({ "from": from, "to": to, "by": by });
    client.send(query, variables).await
}

/// A row by what it is told apart by, and its sums.
fn row(of: Value, sums: [i64; 4]) -> Value {
    let row = json!({ "day": null, "model": null, "action": null, "project": null });
    let [charges, credits, variations, seconds] = sums;
    let sums = json!({
        "charges": charges, "credits": credits, "variations": variations, "seconds": seconds,
    });
    with(with(row, &of), &sums)
}

#[actix_web::test]
async fn charges_are_summed_by_what_one_asks_for() {
    let service = Service::start().await;
    history(&service).await;
    let user = service.user("ada");
    let totals = json!({ "charges": 17, "credits": 170, "variations": 23, "seconds": 2 });
    let (first, second) = ("2026-01-31", "2026-02-01");
    let image = "text-to-image";
    let table: [(&[&str], Value); 5] = [
        (&[], json!([row(json!({}), [17, 170, 23, 2])])),
        (
            &["DAY"],
            json!([
                row(json!({ "day": first }), [13, 125, 19, 0]),
                row(json!({ "day": second }), [4, 45, 4, 2]),
            ]),
        ),
        (
            &["DAY", "MODEL"],
            json!([
                row(json!({ "day": first, "model": "easel" }), [6, 60, 6, 0]),
                row(json!({ "day": first, "model": "pencil" }), [7, 65, 13, 0]),
                row(json!({ "day": second, "model": "pencil" }), [3, 15, 3, 0]),
                row(json!({ "day": second, "model": "reel" }), [1, 30, 1, 2]),
            ]),
        ),
        (
            &["PROJECT"],
            json!([
                row(json!({}), [4, 20, 4, 0]),
                row(json!({ "project": "art" }), [6, 60, 6, 0]),
                row(json!({ "project": "zoo" }), [7, 90, 13, 2]),
            ]),
        ),
        (
            &["ACTION", "PROJECT"],
            json!([
                row(json!({ "action": image }), [4, 20, 4, 0]),
                row(json!({ "action": image, "project": "art" }), [6, 60, 6, 0]),
                row(json!({ "action": image, "project": "zoo" }), [6, 60, 12, 0]),
                row(
                    json!({ "action": "text-to-video", "project": "zoo" }),
                    [1, 30, 1, 2]
                ),
            ]),
        ),
    ];
    for (by, rows) in table {
        let report = usage(&user, "2026-01-01", "2027-02-04", by).await;
        assert_eq!(report["rows"], rows, "{by:?}");
        assert_eq!(report["totals"], totals, "{by:?}");
        assert_eq!(report["sequence"], user.balance("ada").await["sequence"]);
    }
    let one = usage(&user, second, second, &["MODEL"]).await;
    assert_eq!(one["totals"]["charges"], 4);
    assert_eq!((&one["from"], &one["to"]), (&json!(second), &json!(second)));
    let none = usage(&user, "2026-02-02", "2026-03-01", &[]).await;
    assert_eq!(none["rows"], json!([]));
    assert_eq!(none["totals"]["credits"], 0);

    // The same after a restart, when nothing of it is in memory.
    let before = usage(&user, first, second, &["DAY", "MODEL"]).await;
    let service = service.restart().await;
    let user = service.user("ada");
    assert_eq!(usage(&user, first, second, &["DAY", "MODEL"]).await, before);
}

#[actix_web::test]
async fn what_is_no_report_is_told() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let (from, to) = ("2026-01-01", "2026-01-31");
    for (from, to, by) in [
        (to, from, vec!["DAY"]),
        (from, "2027-02-05", vec!["DAY"]),
        (from, to, vec!["DAY", "DAY"]),
        (from, to, vec!["DAY", "MODEL", "ACTION"]),
        ("2026-02-30", to, vec!["DAY"]),
        (from, "2026-01-31T00:00:00Z", vec!["DAY"]),
    ] {
        let refused = ask(&studio, from, to, &by).await;
        assert_eq!(refused.code(), "BAD_USER_INPUT", "{from} {to} {by:?}");
    }
    let foreign = ask(&service.user("bob"), from, to, &[]).await;
    assert_eq!(foreign.data()["account"], json!(null));
}

/// The costs of the charges that a filter finds, newest first, over all pages.
async fn found(client: &Client, filter: &str) -> Vec<i64> {
    let mut costs = Vec::new();
    let mut after = json!(null);
    loop {
        let query = format!(
            "query($after: String) {{ account(accountId: \"ada\") {{ charges(first: 3, after: $after, \
             {filter}) {{ nodes {{ cost }} pageInfo {{ hasNextPage endCursor }} }} }} }}"
        );
        let data = client.read(&query, json!({ "after": after })).await;
        let page = &data["account"]["charges"];
        let nodes = page["nodes"].as_array().expect("a list");
        costs.extend(nodes.iter().filter_map(|node| node["cost"].as_i64()));
        if page["pageInfo"]["hasNextPage"] != true {
            return costs;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

#[actix_web::test]
async fn charges_are_found_by_what_they_were_for_and_when() {
    let service = Service::start().await;
    history(&service).await;
    let user = service.user("ada");
    for (filter, costs) in [
        ("model: \"reel\"", vec![30]),
        ("project: \"zoo\"", vec![30, 10, 10, 10, 10, 10, 10]),
        (
            "project: \"zoo\", action: \"text-to-image\", model: \"easel\"",
            vec![],
        ),
        ("from: \"2026-02-01T00:00:00Z\"", vec![30, 5, 5, 5]),
        (
            "to: \"2026-02-01T00:00:00Z\", model: \"pencil\"",
            vec![5, 10, 10, 10, 10, 10, 10],
        ),
        (
            "from: \"2026-01-31T23:59:59.999999Z\", to: \"2026-02-01T00:00:00Z\"",
            vec![5],
        ),
        ("from: \"2027-01-01T00:00:00Z\"", vec![]),
    ] {
        assert_eq!(found(&user, filter).await, costs, "{filter}");
    }
}
