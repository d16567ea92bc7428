//! Methods, media types, sizes, origins and tokens.

use super::*;

#[actix_web::test]
async fn a_query_is_answered_in_both_media_types() {
    let send = app(edge(&Runs::default())).await;
    let rows = [
        (None, "application/json; charset=utf-8"),
        (Some("*/*"), "application/json; charset=utf-8"),
        (Some("application/json"), "application/json; charset=utf-8"),
        (
            Some("application/graphql-response+json"),
            "application/graphql-response+json; charset=utf-8",
        ),
    ];
    for (accept, content_type) in rows {
        let mut request = TestRequest::post()
            .uri("/graphql")
            .set_json(serde_json::json!({"query": "{ hello }"}));
        if let Some(accept) = accept {
            request = request.insert_header(("accept", accept));
        }
        let reply = send(request).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("content-type"), content_type);
        assert_eq!(reply.json, serde_json::json!({"data": {"hello": "world"}}));
    }
    let reply = send(post("{ hello }").insert_header(("accept", "text/html"))).await;
    assert_eq!(
        (reply.status.as_u16(), reply.code()),
        (406, "BAD_USER_INPUT")
    );
}

#[actix_web::test]
async fn a_request_error_has_no_data_and_the_media_type_s_status() {
    let send = app(edge(&Runs::default())).await;
    for (query, code) in [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ unknown }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { hello } query B { hello }", "BAD_USER_INPUT"),
        ("subscription { ticks }", "BAD_USER_INPUT"),
    ] {
        let reply = send(post(query)).await;
        assert_eq!(
            (reply.status.as_u16(), reply.code()),
            (400, code),
            "{query}"
        );
        assert!(reply.json.get("data").is_none(), "{query}");
        let legacy = post(query).insert_header(("accept", "application/json"));
        let reply = send(legacy).await;
        assert_eq!(
            (reply.status.as_u16(), reply.code()),
            (200, code),
            "{query}"
        );
        assert!(reply.json.get("data").is_none(), "{query}");
    }
}

#[actix_web::test]
async fn nothing_a_form_can_send_is_executed() {
    let runs = Runs::default();
    let send = app(edge(&runs)).await;
    let json = r#"{"query":"mutation { add }"}"#;
    for content_type in [
        "text/plain",
        "text/plain; application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json; charset=utf-16",
    ] {
        let request = TestRequest::post()
            .uri("/graphql")
            .insert_header(("content-type", content_type))
            .set_payload(json);
        let reply = send(request).await;
        assert_eq!(
            (reply.status.as_u16(), reply.code()),
            (415, "BAD_USER_INPUT"),
            "{content_type}"
        );
    }
    let bare = TestRequest::post().uri("/graphql").set_payload(json);
    assert_eq!(send(bare).await.status, 415);
    assert_eq!(runs.count(), 0);
}

#[actix_web::test]
async fn get_is_for_queries() {
    let runs = Runs::default();
    let send = app(edge(&runs)).await;
    let reply = send(get("{ hello }")).await;
    assert_eq!(reply.json["data"]["hello"], "world");
    for query in ["mutation { add }", "subscription { ticks }"] {
        // The second time the document is known.
        for _ in 0..2 {
            let reply = send(get(query)).await;
            assert_eq!(reply.status, 405, "{query}");
            assert_eq!(reply.header("allow"), "POST");
            assert_eq!(reply.code(), "BAD_USER_INPUT");
        }
        send(post(query)).await;
        assert_eq!(send(get(query)).await.status, 405, "{query}");
    }
    assert_eq!(runs.count(), 1, "only the POST ran");
    assert_eq!(send(TestRequest::get().uri("/graphql")).await.status, 400);
    let named = "/graphql?query=query%20A%7Bhello%7Dquery%20B%7Bnumber(value:3)%7D&operationName=B";
    let reply = send(TestRequest::get().uri(named)).await;
    assert_eq!(reply.json["data"]["number"], 3);
    for request in [
        TestRequest::put(),
        TestRequest::delete(),
        TestRequest::patch(),
    ] {
        let reply = send(request.uri("/graphql")).await;
        assert_eq!(reply.status, 405);
        assert_eq!(reply.header("allow"), "GET, POST, OPTIONS");
    }
}

#[actix_web::test]
async fn bodies_are_bounded_and_judged() {
    let send = app(edge(&Runs::default())).await;
    let body = |payload: Vec<u8>| {
        TestRequest::post()
            .uri("/graphql")
            .insert_header(("content-type", "application/json"))
            .set_payload(payload)
    };
    let of_size = |bytes: usize| {
        let start = r#"{"query":"{hello}"}"#;
        let mut text = start.to_owned();
        text.extend(std::iter::repeat_n(' ', bytes - start.len()));
        text.into_bytes()
    };
    assert_eq!(send(body(of_size(256 * 1024))).await.status, 200);
    let reply = send(body(of_size(256 * 1024 + 1))).await;
    assert_eq!(
        (reply.status.as_u16(), reply.code()),
        (413, "BAD_USER_INPUT")
    );
    for malformed in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"query":7}"#,
        r#"{"query":"{hello}","variables":7}"#,
    ] {
        let reply = send(body(malformed.into())).await;
        assert_eq!(
            (reply.status.as_u16(), reply.code()),
            (400, "BAD_USER_INPUT"),
            "{malformed}"
        );
    }
    let reply = send(body(b"{\"query\":\"{hello} #\xff\"}".to_vec())).await;
    assert_eq!(
        (reply.status.as_u16(), reply.code()),
        (400, "BAD_USER_INPUT")
    );
}

#[actix_web::test]
async fn foreign_pages_are_refused_before_anything_runs() {
    let runs = Runs::default();
    let send = app(edge(&runs)).await;
    let from = |origin: &'static str| post("mutation { add }").insert_header(("origin", origin));
    for origin in ["https://evil.example", "null", "http://localhost:3000"] {
        let reply = send(from(origin)).await;
        assert_eq!(
            (reply.status.as_u16(), reply.code()),
            (403, "FORBIDDEN"),
            "{origin}"
        );
        assert_eq!(reply.header("access-control-allow-origin"), "");
    }
    assert_eq!(runs.count(), 0);
    let reply = send(from("https://studio.example")).await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.header("access-control-allow-origin"),
        "https://studio.example"
    );
    assert_eq!(reply.header("access-control-expose-headers"), "retry-after");
    assert_eq!(reply.header("access-control-allow-credentials"), "");
    let same = from("https://credits.example").insert_header(("host", "credits.example"));
    assert_eq!(send(same).await.status, 200);
    assert_eq!(runs.count(), 2);
}

#[actix_web::test]
async fn preflights() {
    let send = app(edge(&Runs::default())).await;
    let preflight = |origin: &'static str, headers: &'static str| {
        TestRequest::default()
            .method(actix_web::http::Method::OPTIONS)
            .uri("/graphql")
            .insert_header(("origin", origin))
            .insert_header(("access-control-request-method", "POST"))
            .insert_header(("access-control-request-headers", headers))
    };
    let headers = "content-type,authorization,accept,traceparent";
    let reply = send(preflight("https://studio.example", headers)).await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.header("access-control-allow-origin"),
        "https://studio.example"
    );
    assert_eq!(
        send(preflight("https://evil.example", headers))
            .await
            .status,
        403
    );
    assert_eq!(
        send(preflight("https://studio.example", "x-other"))
            .await
            .status,
        400
    );
}

#[actix_web::test]
async fn tokens() {
    let runs = Runs::default();
    let send = app(edge(&runs)).await;
    let with = |query: &str, value: String| post(query).insert_header(("authorization", value));
    let good = token("alice", &[Scope::CreditsRead], true);
    // Twice: the second time its signature is known.
    for _ in 0..2 {
        let reply = send(with("{ who }", format!("Bearer {good}"))).await;
        assert_eq!(reply.json["data"]["who"], "alice");
    }
    let (start, signature) = good.rsplit_once('.').expect("a token");
    let turned: String = signature.chars().rev().collect();
    let bad = [
        format!("Bearer {}", token("alice", &[Scope::CreditsRead], false)),
        format!("Bearer {start}.{turned}"),
        "Bearer nonsense".to_owned(),
        "Bearer ".to_owned(),
        "Basic YWxpY2U6eA==".to_owned(),
    ];
    for value in bad {
        for accept in ["application/json", "application/graphql-response+json"] {
            let request = with("mutation { add }", value.clone()).insert_header(("accept", accept));
            let reply = send(request).await;
            assert_eq!(
                (reply.status.as_u16(), reply.code()),
                (401, "UNAUTHENTICATED"),
                "{value}"
            );
            assert_eq!(
                reply.header("www-authenticate"),
                "Bearer error=\"invalid_token\""
            );
        }
    }
    assert_eq!(runs.count(), 0, "nothing ran with a bad token");
    let reply = send(post("{ hello who }")).await;
    assert_eq!(
        (reply.status.as_u16(), reply.code()),
        (200, "UNAUTHENTICATED")
    );
    let reply = send(with(
        "{ who }",
        format!("Bearer {}", token("bob", &[], true)),
    ))
    .await;
    assert_eq!(reply.code(), "FORBIDDEN");
}
