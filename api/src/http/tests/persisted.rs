//! Automatic persisted queries, as Apollo's clients speak them.

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::*;

const HELLO: &str = "{ hello }";

fn hash(text: &str) -> String {
    let digest = Sha256::digest(text);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn extensions(hash: &str) -> Json {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } })
}

/// A POST with the hash, and the text if it is given.
fn asks(text: Option<&str>, hash: &str) -> TestRequest {
    let mut body = json!({ "extensions": extensions(hash), "variables": {} });
    if let Some(text) = text {
        body["query"] = json!(text);
    }
    TestRequest::post().uri("/graphql").set_json(body)
}

/// A GET with the hash alone.
fn gets(hash: &str) -> TestRequest {
    let extensions = extensions(hash).to_string();
    let encoded: String = extensions
        .bytes()
        .map(|byte| format!("%{byte:02x}"))
        .collect();
    TestRequest::get().uri(&format!("/graphql?extensions={encoded}"))
}

#[actix_web::test]
async fn a_document_is_sent_once() {
    let send = app(edge(&Runs::default())).await;
    let id = hash(HELLO);
    for ask in [asks(None, &id), gets(&id)] {
        let reply = send(ask).await;
        // Apollo's client looks for either text, and reads the body of a 200 only.
        assert_eq!(reply.status, 200);
        assert_eq!(reply.json["errors"][0]["message"], "PersistedQueryNotFound");
        assert_eq!(reply.code(), "PERSISTED_QUERY_NOT_FOUND");
        assert!(reply.json.get("data").is_none());
    }
    let modern = asks(None, &id).insert_header(("accept", "application/graphql-response+json"));
    assert_eq!(send(modern).await.status, 400);

    for ask in [
        asks(Some(HELLO), &id),
        asks(None, &id),
        asks(None, &id.to_uppercase()),
        gets(&id),
    ] {
        let reply = send(ask).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.json, json!({ "data": { "hello": "world" } }));
    }
}

#[actix_web::test]
async fn only_the_document_of_a_hash_is_kept_under_it() {
    let send = app(edge(&Runs::default())).await;
    let id = hash(HELLO);
    let reply = send(asks(Some("{ number(value: 1) }"), &id)).await;
    assert_eq!(
        (reply.status.as_u16(), reply.code()),
        (400, "BAD_USER_INPUT")
    );
    let told = reply.json["errors"][0]["message"].as_str().unwrap_or("");
    assert!(told.contains("provided sha does not match query"), "{told}");
    let reply = send(asks(None, &id)).await;
    assert_eq!(reply.code(), "PERSISTED_QUERY_NOT_FOUND");

    for persisted in [
        json!({ "version": 2, "sha256Hash": id }),
        json!({ "version": 1, "sha256Hash": "abc" }),
        json!(null),
    ] {
        let body = json!({ "query": HELLO, "extensions": { "persistedQuery": persisted } });
        let reply = send(TestRequest::post().uri("/graphql").set_json(body)).await;
        assert_eq!(
            (reply.status.as_u16(), reply.code()),
            (400, "BAD_USER_INPUT")
        );
    }
}

#[actix_web::test]
async fn what_is_refused_is_not_kept() {
    let send = app(edge(&Runs::default())).await;
    let aliases: String = (0..31).map(|n| format!("a{n}: hello ")).collect();
    for text in [
        "{".to_owned(),
        "{ unknown }".to_owned(),
        "{ number(value: \"a\") }".to_owned(),
        format!("{{ {aliases} }}"),
        "subscription { ticks tocks }".to_owned(),
    ] {
        let id = hash(&text);
        let refused = send(asks(Some(&text), &id)).await;
        assert_ne!(refused.code(), "", "{text}");
        let reply = send(asks(None, &id)).await;
        assert_eq!(reply.code(), "PERSISTED_QUERY_NOT_FOUND", "{text}");
    }
}

#[actix_web::test]
async fn a_mutation_by_its_hash_needs_a_post_too() {
    let runs = Runs::default();
    let send = app(edge(&runs)).await;
    let text = "mutation { add }";
    let id = hash(text);
    assert_eq!(send(asks(Some(text), &id)).await.json["data"]["add"], 1);
    let reply = send(gets(&id)).await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("allow")),
        (405, "POST")
    );
    assert_eq!(runs.count(), 1);
    assert_eq!(send(asks(None, &id)).await.json["data"]["add"], 2);
}

#[actix_web::test]
async fn all_workers_know_what_one_was_sent() {
    let edge = Arc::new(edge(&Runs::default()));
    let id = hash(HELLO);
    for ask in [asks(Some(HELLO), &id), asks(None, &id)] {
        let worker = App::new().configure(routes(Worker::new(Arc::clone(&edge))));
        let service = test::init_service(worker).await;
        let body = test::call_and_read_body(&service, ask.to_request()).await;
        assert_eq!(body, r#"{"data":{"hello":"world"}}"#);
    }
}
