//! What another page can make a browser send never spends: nothing but a POST of JSON from a page that
//! may call is executed. Each attack even carries the studio's token.

use credits_tests::harness::{Rights, Service, operation_id};
use serde_json::{Value, json};

use crate::raw::{Raw, escaped};

/// A mutation that takes 10 credits from `ada`, in one text.
fn charge() -> String {
    let id = operation_id();
    format!(
        "mutation {{ charge(input: {{ operationId: \"{id}\", accountId: \"ada\", \
         action: \"text-to-image\", model: \"easel\" }}) {{ cost }} }}"
    )
}

fn body() -> Value {
    json!({ "query": charge() })
}

/// A form with files, as the specification for uploads has it.
fn multipart() -> String {
    let part = |name: &str, value: &str| {
        format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let operations = part("operations", &body().to_string());
    format!("{operations}{}--x--\r\n", part("map", "{}"))
}

fn typed(content_type: &str, body: impl Into<Vec<u8>>) -> Raw {
    let post = Raw::new("POST").header("content-type", content_type);
    post.body(body)
}

fn from(origin: &str) -> Raw {
    Raw::json(&body()).header("origin", origin)
}

/// Each attack with the status that it deserves.
fn attacks() -> Vec<(&'static str, Raw, u16)> {
    let json = "application/json";
    let text = body().to_string();
    vec![
        (
            "a link",
            Raw::new("GET").parameters(&[("query", &charge())]),
            405,
        ),
        (
            "a link with a name",
            Raw::new("GET").parameters(&[
                ("query", &charge().replace("mutation", "mutation M")),
                ("operationName", "M"),
            ]),
            405,
        ),
        (
            "a link behind a query",
            Raw::new("GET").parameters(&[
                (
                    "query",
                    &format!(
                        "query Q {{ __typename }} {}",
                        charge().replace("mutation", "mutation M")
                    ),
                ),
                ("operationName", "M"),
            ]),
            405,
        ),
        (
            "a link with two queries",
            Raw::new("GET").parameters(&[("query", "{ __typename }"), ("query", &charge())]),
            400,
        ),
        (
            "a link with a body",
            Raw::new("GET")
                .header("content-type", json)
                .body(text.clone()),
            400,
        ),
        (
            "a look at a link",
            Raw::new("HEAD").parameters(&[("query", &charge())]),
            405,
        ),
        (
            "PUT",
            Raw::new("PUT")
                .header("content-type", json)
                .body(text.clone()),
            405,
        ),
        (
            "PATCH",
            Raw::new("PATCH")
                .header("content-type", json)
                .body(text.clone()),
            405,
        ),
        (
            "DELETE",
            Raw::new("DELETE")
                .header("content-type", json)
                .body(text.clone()),
            405,
        ),
        (
            "a link that says POST",
            Raw::new("GET")
                .parameters(&[("query", &charge())])
                .header("x-http-method-override", "POST"),
            405,
        ),
        ("no type", Raw::new("POST").body(text.clone()), 415),
        ("plain text", typed("text/plain", text.clone()), 415),
        (
            "plain text that says JSON",
            typed("text/plain; application/json", text.clone()),
            415,
        ),
        (
            "plain text with a parameter",
            typed("text/plain;charset=application/json", text.clone()),
            415,
        ),
        (
            "a form of JSON",
            typed("application/x-www-form-urlencoded", text.clone()),
            415,
        ),
        (
            "a form",
            typed(
                "application/x-www-form-urlencoded",
                format!("query={}", escaped(&charge())),
            ),
            415,
        ),
        (
            "a form with files",
            typed("multipart/form-data; boundary=x", multipart()),
            415,
        ),
        (
            "a bare document",
            typed("application/graphql", charge()),
            415,
        ),
        (
            "another charset",
            typed("application/json; charset=utf-16", text.clone()),
            415,
        ),
        (
            "two types",
            typed("text/plain", text.clone()).header("content-type", json),
            415,
        ),
        (
            "two types in one",
            typed("application/json, text/plain", text.clone()),
            415,
        ),
        ("a batch", Raw::json(&json!([body()])), 400),
        (
            "two documents",
            typed(
                json,
                text.replacen('{', "{\"query\":\"{ __typename }\",", 1),
            ),
            400,
        ),
        (
            "nothing in the body",
            Raw::json(&json!({})).parameters(&[("query", &charge())]),
            400,
        ),
        ("a foreign page", from("https://evil.example"), 403),
        ("a page without an origin", from("null"), 403),
        (
            "a page with a like name",
            from("http://localhost.evil.example"),
            403,
        ),
        (
            "a page of a user's name",
            from("http://localhost@evil.example"),
            403,
        ),
        (
            "a page of two origins",
            from("http://localhost:3000").header("origin", "https://evil.example"),
            403,
        ),
        (
            "a foreign form",
            typed("text/plain", text).header("origin", "https://evil.example"),
            403,
        ),
    ]
}

#[actix_web::test]
async fn nothing_but_json_of_a_page_that_may_call_is_executed() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let token = service.token("studio", Rights::Studio);
    let before = studio.balance("ada").await;
    for (name, attack, status) in attacks() {
        let answer = attack.send(service.address(), &token).await;
        assert_eq!(answer.status, status, "{name}: {}", answer.text);
        assert!(!answer.text.contains("\"data\""), "{name}: {}", answer.text);
        assert_eq!(studio.balance("ada").await, before, "{name} took nothing");
    }

    // What they were made of is good: sent as it should be, it is executed.
    for good in [Raw::json(&body()), from("http://localhost:3000")] {
        let answer = good.send(service.address(), &token).await;
        assert_eq!(answer.text, r#"{"data":{"charge":{"cost":10}}}"#);
    }
    let sequence = |balance: &Value| balance["sequence"].as_i64().unwrap();
    let after = studio.balance("ada").await;
    assert_eq!(sequence(&after), sequence(&before) + 2);
}

#[actix_web::test]
async fn a_link_to_a_known_hash_is_no_way_around() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let token = service.token("studio", Rights::Studio);
    let text =
        "mutation($input: ChargeInput!) { charge(input: $input) { cost userErrors { code } } }";
    let extensions = json!({ "persistedQuery": { "version": 1, "sha256Hash": HASH } });
    let input = |model: &str| {
        json!({ "input": { "operationId": operation_id(), "accountId": "ada",
                           "action": "text-to-image", "model": model } })
    };
    // It is registered by a call that takes nothing.
    let registers = json!({ "query": text, "variables": input("none"), "extensions": extensions });
    let answer = Raw::json(&registers).send(service.address(), &token).await;
    assert!(answer.text.contains("MODEL_UNKNOWN"), "{}", answer.text);

    let before = studio.balance("ada").await;
    let link = Raw::new("GET").parameters(&[
        ("extensions", &extensions.to_string()),
        ("variables", &input("easel").to_string()),
    ]);
    let answer = link.send(service.address(), &token).await;
    assert_eq!(answer.status, 405, "{}", answer.text);
    assert_eq!(studio.balance("ada").await, before);

    let by_hash = json!({ "variables": input("easel"), "extensions": extensions });
    let answer = Raw::json(&by_hash).send(service.address(), &token).await;
    assert_eq!(
        answer.text,
        r#"{"data":{"charge":{"cost":10,"userErrors":[]}}}"#
    );
}

/// The SHA-256 of the document above.
const HASH: &str = "732f4641c06bef5a0bcb8147f8f09319c99e4bb8f9e62b4fed8f416baa453de9";
