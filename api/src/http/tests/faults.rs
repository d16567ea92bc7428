//! Errors on the wire: codes, trace ids, panics, deadlines, shutdown.

use serde_json::json;

use super::*;

#[actix_web::test]
async fn every_error_has_its_code_and_the_caller_s_trace() {
    let send = app(edge(&Runs::default())).await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    for (query, code, retryable) in [
        ("{", "GRAPHQL_PARSE_FAILED", false),
        ("{ unknown }", "GRAPHQL_VALIDATION_FAILED", false),
        ("{ leak }", "INTERNAL", false),
        ("{ busy }", "OVERLOADED", true),
        ("{ boom }", "INTERNAL", false),
        ("{ who }", "UNAUTHENTICATED", false),
    ] {
        let reply = send(post(query).insert_header(("traceparent", parent.as_str()))).await;
        let extensions = &reply.json["errors"][0]["extensions"];
        assert_eq!(extensions["traceId"], trace, "{query}");
        assert_eq!(extensions["retryable"], retryable, "{query}");
        assert_eq!(reply.code(), code, "{query}");
    }
    let reply = send(post("{ unknown }")).await;
    let made = reply.json["errors"][0]["extensions"]["traceId"]
        .as_str()
        .unwrap_or("");
    assert_eq!(made.len(), 32);
}

#[actix_web::test]
async fn the_text_of_an_unknown_error_stays_here() {
    let send = app(edge(&Runs::default())).await;
    let reply = send(post("{ hello leak }")).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.code(), "INTERNAL");
    assert_eq!(reply.json["errors"][0]["message"], "Internal error");
    assert_eq!(reply.json["errors"][0]["path"], json!(["leak"]));
    assert_eq!(reply.json["data"], json!({"hello": "world", "leak": null}));
}

#[actix_web::test]
async fn a_fault_tells_when_to_come_back() {
    let send = app(edge(&Runs::default())).await;
    let reply = send(post("{ busy }")).await;
    let error = &reply.json["errors"][0];
    assert_eq!(error["message"], "The queue is full.");
    assert_eq!(error["extensions"]["code"], "OVERLOADED");
    assert_eq!(error["extensions"]["retryable"], true);
    assert_eq!(error["extensions"]["retryAfterMs"], 100);
    assert_eq!(reply.header("retry-after"), "1");
}

#[actix_web::test]
async fn a_panic_is_an_answer_and_the_worker_goes_on() {
    let send = app(edge(&Runs::default())).await;
    for (accept, status) in [
        ("application/json", 200),
        ("application/graphql-response+json", 500),
    ] {
        let reply = send(post("{ boom }").insert_header(("accept", accept))).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (status, "INTERNAL"));
        assert_eq!(reply.json["errors"][0]["message"], "Internal error");
    }
    assert_eq!(send(post("{ hello }")).await.status, 200);
}

#[actix_web::test]
async fn past_the_deadline_a_mutation_is_unknown_and_a_query_unavailable() {
    let mut edge = edge(&Runs::default());
    edge.timeouts.request = Duration::from_millis(1);
    let send = app(edge).await;
    let reply = send(post("{ slow }")).await;
    assert_eq!(reply.code(), "UNAVAILABLE");
    let mutation = "mutation($operationId: String!) { stall(operationId: $operationId) }";
    let reply = send(post_with(mutation, json!({"operationId": "0199"}))).await;
    assert_eq!(reply.code(), "UNKNOWN_OUTCOME");
    assert_eq!(reply.json["errors"][0]["extensions"]["operationId"], "0199");
}

#[actix_web::test]
async fn a_node_that_leaves_begins_no_mutation() {
    let runs = Runs::default();
    let edge = edge(&runs);
    let readiness = edge.readiness.clone();
    let send = app(edge).await;
    let probe = |path: &'static str| TestRequest::get().uri(path);
    assert_eq!(send(probe("/readyz")).await.status, 200);
    readiness.raise("database", "no connection");
    let reply = send(probe("/readyz")).await;
    assert_eq!(reply.status, 503);
    assert_eq!(reply.json["reasons"]["database"], "no connection");
    readiness.clear("database");
    assert_eq!(send(probe("/readyz")).await.status, 200);
    assert_eq!(send(post("mutation { add }")).await.status, 200);
    readiness.drain();
    assert_eq!(send(probe("/readyz")).await.status, 503);
    assert_eq!(send(probe("/livez")).await.status, 200);
    let reply = send(post("mutation { add }")).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (503, "UNAVAILABLE"));
    assert_eq!(reply.header("retry-after"), "1");
    assert_eq!(send(post("{ hello }")).await.status, 200);
    assert_eq!(runs.count(), 1);
}

#[actix_web::test]
async fn a_failed_field_is_null_as_high_as_its_type_says() {
    let send = app(edge(&Runs::default())).await;
    let rows = [
        (
            "{ family { id may } }",
            json!({"family": [{"id": 1, "may": null}, null]}),
        ),
        ("{ family { id must } }", json!({"family": [null, null]})),
        (
            "{ family { id child { must } } }",
            json!({"family": [null, null]}),
        ),
        (
            "{ family { a: child { may } } }",
            json!({"family": [{"a": {"may": null}}, null]}),
        ),
        (
            "{ family { id children { must } } }",
            json!({"family": [{"id": 1, "children": null}, null]}),
        ),
        (
            "{ family { ...F } } fragment F on Parent { id children { ... { may } } }",
            json!({"family": [{"id": 1, "children": [{"may": null}, {"may": null}]}, null]}),
        ),
        (
            "{ family { may } }",
            json!({"family": [{"may": null}, null]}),
        ),
        ("{ leak }", json!({"leak": null})),
        ("{ leak busy }", json!({"leak": null, "busy": null})),
        ("{ hello who }", json!(null)),
        ("{ deep { who } }", json!(null)),
    ];
    for (query, data) in rows {
        let reply = send(post(query)).await;
        assert_eq!(reply.status, 200, "{query}");
        assert_eq!(reply.json["data"], data, "{query}");
        assert!(reply.json["errors"].is_array(), "{query}");
    }
}

#[actix_web::test]
async fn a_literal_out_of_range_is_the_client_s_mistake() {
    let send = app(edge(&Runs::default())).await;
    let reply = send(post("{ number(value: 3000000000) }")).await;
    assert_eq!(reply.code(), "BAD_USER_INPUT");
}
