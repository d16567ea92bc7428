//! Validation, the documents a worker remembers, variables and limits.

use serde_json::json;

use super::*;

#[actix_web::test]
async fn an_invalid_document_is_refused_at_every_sight() {
    let send = app(edge(&Runs::default())).await;
    for query in [
        "{ unknown }",
        "{ hello(a: 1) }",
        "{ hello { a } }",
        "{ deep }",
        "{ number }",
        "{ number(value: \"a\") }",
        "{ number(value: 1, value: 2) }",
        "{ hello ...F }",
        "{ hello } fragment F on Query { hello }",
        "query($a: Int) { hello }",
        "query($a: String) { number(value: $a) }",
        "{ number(value: $a) }",
        "{ echo(input: {text: \"a\", unknown: 1}) }",
        "{ echo(input: {text: \"a\", text: \"b\"}) }",
        "{ echo(input: {}) }",
        "{ hello: deep { hello } hello }",
        "subscription { ticks tocks }",
        "subscription { ...F } fragment F on Ticks { ticks tocks }",
        "{ ...F } fragment F on Query { ...F }",
        "{ hello @unknown }",
    ] {
        for sight in 1..=3 {
            let reply = send(post(query)).await;
            assert_eq!(reply.status, 400, "{query} at sight {sight}");
            assert_eq!(
                reply.code(),
                "GRAPHQL_VALIDATION_FAILED",
                "{query} at sight {sight}"
            );
            assert!(reply.json.get("data").is_none());
        }
    }
}

#[actix_web::test]
async fn variables_are_checked_at_every_sight() {
    let send = app(edge(&Runs::default())).await;
    let number = "query($v: Int!) { number(value: $v) }";
    let echo = "query($i: EchoInput!) { echo(input: $i) }";
    let nested = "query($t: String!, $n: Int, $c: Color = BLUE) { echo(input: {text: $t, times: $n, color: $c}) }";
    let rows = [
        (number, json!({"v": 1}), true),
        (number, json!({"v": "1"}), false),
        (number, json!({"v": null}), false),
        (number, json!({}), false),
        (number, json!({"v": 3_000_000_000_u64}), false),
        (number, json!({"v": 1.5}), false),
        (number, json!({"v": 1, "more": 2}), true),
        (echo, json!({"i": {"text": "a"}}), true),
        (
            echo,
            json!({"i": {"text": "a", "color": "RED", "inner": {"text": "b"}}}),
            true,
        ),
        (echo, json!({"i": {"text": "a", "color": "GREEN"}}), false),
        (
            echo,
            json!({"i": {"text": "a", "inner": {"text": 7}}}),
            false,
        ),
        (echo, json!({"i": {"text": "a", "unknown": 1}}), false),
        (echo, json!({"i": {}}), false),
        (echo, json!({"i": "a"}), false),
        (nested, json!({"t": "a"}), true),
        (nested, json!({"t": "a", "n": 2, "c": "RED"}), true),
        (nested, json!({"t": "a", "n": "2"}), false),
        (nested, json!({"t": "a", "c": "GREEN"}), false),
    ];
    // Each row before the document is known, and after.
    for round in 1..=3 {
        for (query, variables, good) in &rows {
            let reply = send(post_with(query, variables.clone())).await;
            if *good {
                assert_eq!(reply.status, 200, "{query} {variables} in round {round}");
                assert!(reply.json.get("errors").is_none(), "{:?}", reply.json);
            } else {
                assert_eq!(reply.status, 400, "{query} {variables} in round {round}");
                assert_eq!(
                    reply.code(),
                    "BAD_USER_INPUT",
                    "{query} {variables} in round {round}"
                );
                assert!(reply.json.get("data").is_none());
            }
        }
    }
    let reply = send(post_with(
        echo,
        json!({"i": {"text": "a", "inner": {"text": 7}}}),
    ))
    .await;
    let message = reply.json["errors"][0]["message"].as_str().unwrap_or("");
    assert!(message.contains("$i.inner.text"), "{message}");
}

#[actix_web::test]
async fn a_literal_around_a_variable_is_judged_before_the_document_is_known() {
    let send = app(edge(&Runs::default())).await;
    let unknown = "query($n: Int) { echo(input: {text: \"a\", times: $n, unknown: 1}) }";
    let several = "query A { hello } query B($n: Int) { echo(input: {text: 7, times: $n}) }";
    for variables in [json!({}), json!({"n": 1}), json!({"n": null})] {
        let reply = send(post_with(unknown, variables.clone())).await;
        assert_eq!(reply.code(), "GRAPHQL_VALIDATION_FAILED", "{variables}");
    }
    let named = |name: &str| {
        TestRequest::post().uri("/graphql").set_json(json!({
            "query": several, "operationName": name, "variables": {"n": 1},
        }))
    };
    for name in ["A", "B", "A", "B"] {
        let reply = send(named(name)).await;
        if name == "B" {
            assert_eq!(reply.code(), "GRAPHQL_VALIDATION_FAILED");
        }
    }
}

#[actix_web::test]
async fn a_scalar_s_own_text_reaches_the_client() {
    let send = app(edge(&Runs::default())).await;
    let query = "query($i: EchoInput!) { echo(input: $i) }";
    assert_eq!(
        send(post_with(query, json!({"i": {"text": "a", "even": 4}})))
            .await
            .status,
        200
    );
    let reply = send(post_with(query, json!({"i": {"text": "a", "even": 3}}))).await;
    assert_eq!(reply.code(), "BAD_USER_INPUT");
    let message = reply.json["errors"][0]["message"].as_str().unwrap_or("");
    assert!(message.contains("it must be an even number"), "{message}");
}

#[actix_web::test]
async fn limits_hold_in_fragments_too() {
    let send = app(edge(&Runs::default())).await;
    let deep =
        |levels: usize| (1..levels).fold("hello".to_owned(), |in_, _| format!("deep {{ {in_} }}"));
    let aliases: String = (0..31).map(|n| format!("a{n}: hello ")).collect();
    let adds: String = (0..11).map(|_| "add ").collect();
    let books = |first: usize| format!("books(first: {first}) {{ id }}");
    let rows = [
        (format!("{{ {} }}", deep(15)), None),
        (format!("{{ {} }}", deep(16)), Some("QUERY_TOO_EXPENSIVE")),
        (
            format!(
                "{{ deep {{ ...F }} }} fragment F on Query {{ {} }}",
                deep(15)
            ),
            Some("QUERY_TOO_EXPENSIVE"),
        ),
        (format!("{{ {aliases} }}"), Some("QUERY_TOO_EXPENSIVE")),
        (
            format!("{{ ...F }} fragment F on Query {{ {aliases} }}"),
            Some("QUERY_TOO_EXPENSIVE"),
        ),
        (
            format!("mutation {{ {adds} }}"),
            Some("QUERY_TOO_EXPENSIVE"),
        ),
        (
            format!("mutation {{ ...F }} fragment F on Mutation {{ {adds} }}"),
            Some("QUERY_TOO_EXPENSIVE"),
        ),
        (
            format!("{{ node {{ ... on Shelf {{ {} }} }} }}", books(100)),
            None,
        ),
        (
            format!("{{ node {{ ... on Shelf {{ {} }} }} }}", books(9_999)),
            Some("QUERY_TOO_EXPENSIVE"),
        ),
        (
            format!(
                "{{ node {{ ...F }} }} fragment F on Shelf {{ {} }}",
                books(9_999)
            ),
            Some("QUERY_TOO_EXPENSIVE"),
        ),
        (
            format!("{{ hello {} }}", "@skip(if: false) ".repeat(6)),
            Some("QUERY_TOO_EXPENSIVE"),
        ),
        (
            format!("{{ {} }}", "hello ".repeat(5_000)),
            Some("QUERY_TOO_EXPENSIVE"),
        ),
        (
            format!("{{ echo(input: {}) }}", "[".repeat(3_000)),
            Some("QUERY_TOO_EXPENSIVE"),
        ),
    ];
    for (query, code) in rows {
        // A cost is judged at every sight: it may depend on variables.
        for _ in 0..2 {
            let reply = send(post(&query)).await;
            assert_eq!(reply.code(), code.unwrap_or(""), "{query}");
            assert_eq!(
                reply.status,
                if code.is_some() { 400 } else { 200 },
                "{query}"
            );
        }
    }
    let by_variable = "query($n: Int!) { node { ... on Shelf { books(first: $n) { id } } } }";
    assert_eq!(
        send(post_with(by_variable, json!({"n": 3}))).await.status,
        200
    );
    let reply = send(post_with(by_variable, json!({"n": 9_999}))).await;
    assert_eq!(reply.code(), "QUERY_TOO_EXPENSIVE");
}

#[actix_web::test]
async fn a_cost_is_told_on_request() {
    let send = app(edge(&Runs::default())).await;
    let asked = |query: &str, cost: Json| {
        let body = json!({ "query": query, "variables": {"n": 5}, "extensions": { "cost": cost } });
        TestRequest::post().uri("/graphql").set_json(body)
    };
    // What is asked for with full pages, and what there is: three books.
    let rows = [
        ("{ hello }", 1, 1),
        ("{ hello more: hello }", 2, 2),
        (
            "query($n: Int!) { node { ... on Shelf { id books(first: $n) { id } } } }",
            12,
            6,
        ),
        (
            "query($n: Int!) { ...Q } fragment Q on Query { node { ...F } } fragment F on Shelf { id books(first: $n) { id } }",
            12,
            6,
        ),
        ("{ leak }", 1, 1),
    ];
    for (query, requested, actual) in rows {
        let reply = send(asked(query, json!(true))).await;
        let expected = json!({ "requested": requested, "actual": actual });
        assert_eq!(reply.json["extensions"]["cost"], expected, "{query}");
    }
    for unasked in [json!(false), json!("true"), json!(null)] {
        let reply = send(asked("{ hello }", unasked)).await;
        assert_eq!(reply.json.get("extensions"), None);
    }
    let dear = "{ node { ... on Shelf { books(first: 9999) { id } } } }";
    for (cost, tells) in [(true, "would cost 19999"), (false, "extensions")] {
        let reply = send(asked(dear, json!(cost))).await;
        assert_eq!(reply.code(), "QUERY_TOO_EXPENSIVE");
        let message = reply.json["errors"][0]["message"].as_str().unwrap_or("");
        assert!(message.contains(tells), "{message}");
    }
}

#[actix_web::test]
async fn fragments_mean_the_same_expanded() {
    let send = app(edge(&Runs::default())).await;
    let query = "query($yes: Boolean!) {
        node { id ...F @include(if: $yes) ...F @skip(if: true) }
        deep { ...Q }
        ...Q
      }
      fragment F on Shelf { books(first: 2) { ...B } }
      fragment B on Book { id __typename }
      fragment Q on Query { hello }";
    for _ in 0..2 {
        let reply = send(post_with(query, json!({"yes": true}))).await;
        assert_eq!(
            reply.json["data"],
            json!({
                "node": {"id": 1, "books": [{"id": 0, "__typename": "Book"}, {"id": 1, "__typename": "Book"}]},
                "deep": {"hello": "world"},
                "hello": "world",
            })
        );
        let reply = send(post_with(query, json!({"yes": false}))).await;
        assert_eq!(reply.json["data"]["node"], json!({"id": 1}));
    }
}

#[actix_web::test]
async fn at_most_twenty_errors() {
    let send = app(edge(&Runs::default())).await;
    let unknown: String = (0..500).map(|n| format!("u{n} ")).collect();
    let reply = send(post(&format!("{{ {unknown} }}"))).await;
    assert_eq!(reply.json["errors"].as_array().map(Vec::len), Some(20));
}
