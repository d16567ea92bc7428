//! Subscriptions, to their end: what breaks in one is told, and breaks nothing else.

use super::*;

/// All events of a subscription: results, and the word `complete`.
async fn events(query: &str) -> Vec<Json> {
    let send = app(edge(&Runs::default())).await;
    let reply = send(post(query).insert_header(("accept", "text/event-stream"))).await;
    assert_eq!(reply.status, StatusCode::OK);
    let blocks = reply.text.split_terminator("\n\n");
    let events = blocks.filter_map(|block| match block {
        ":" => None,
        "event: complete\ndata:" => Some(Json::from("complete")),
        _ => {
            let data = block.strip_prefix("event: next\ndata: ");
            let data = data.unwrap_or_else(|| panic!("no event: {block}"));
            let mut result: Json = serde_json::from_str(data).expect("a result is JSON");
            let errors = result.get_mut("errors");
            if let Some(error) = errors.and_then(|errors| errors.get_mut(0)) {
                error["extensions"]["traceId"].take();
            }
            Some(result)
        }
    });
    events.collect()
}

fn failed(code: &str, retry: Json, message: &str, path: Option<&str>) -> Json {
    let mut extensions = serde_json::json!({
        "code": code, "retryable": !retry.is_null(), "traceId": null,
    });
    if !retry.is_null() {
        extensions["retryAfterMs"] = retry;
    }
    let mut error = serde_json::json!({ "message": message, "extensions": extensions });
    if let Some(path) = path {
        error["path"] = serde_json::json!([path]);
        error["locations"] = serde_json::json!([{ "line": 1, "column": 16 }]);
    }
    error
}

#[actix_web::test]
async fn a_subscription_gives_its_results_and_ends() {
    let tick = |number: i32| serde_json::json!({ "data": { "ticks": number } });
    let expected = [tick(1), tick(2), Json::from("complete")];
    assert_eq!(events("subscription { ticks }").await, expected);
    let hidden = "subscription { ...F } fragment F on Ticks { ... on Ticks { ticks } }";
    assert_eq!(events(hidden).await, expected);
}

#[actix_web::test]
async fn a_fault_is_a_result_and_a_panic_is_the_last() {
    let overloaded = failed("OVERLOADED", Json::from(100), "no", Some("breaks"));
    let expected = [
        serde_json::json!({ "data": { "breaks": 1 } }),
        serde_json::json!({ "errors": [overloaded], "data": null }),
        serde_json::json!({ "errors": [failed("INTERNAL", Json::Null, "Internal error", None)] }),
        Json::from("complete"),
    ];
    assert_eq!(events("subscription { breaks }").await, expected);
}

#[actix_web::test]
async fn what_a_database_says_stays_inside() {
    let internal = failed("INTERNAL", Json::Null, "Internal error", Some("leaks"));
    let expected = [
        serde_json::json!({ "errors": [internal], "data": null }),
        Json::from("complete"),
    ];
    assert_eq!(events("subscription { leaks }").await, expected);
}
