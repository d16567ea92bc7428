//! Every limit on a request, with an attack that must be refused: plainly, and hidden in fragments.

use credits_tests::harness::{Rights, Service, operation_id};
use serde_json::{Value, json};

use crate::raw::Raw;

/// A request and the code it must be refused with.
struct Attack {
    name: &'static str,
    body: Value,
    code: &'static str,
}

const EXPENSIVE: &str = "QUERY_TOO_EXPENSIVE";
const INVALID: &str = "GRAPHQL_VALIDATION_FAILED";

fn attack(name: &'static str, query: impl Into<String>, code: &'static str) -> Attack {
    let query = query.into();
    // Whoever can, hides behind a variable too.
    let body = json!({ "query": query, "variables": { "n": 100 } });
    Attack { name, body, code }
}

/// A charge that would go through if it were alone.
fn charge(alias: usize) -> String {
    let id = operation_id();
    format!(
        "c{alias}: charge(input: {{ operationId: \"{id}\", accountId: \"ada\", \
         action: \"text-to-image\", model: \"sketch\" }}) {{ cost }} "
    )
}

fn charges(count: usize) -> String {
    (0..count).map(charge).collect()
}

/// Fields of introspection in each other, so many levels of them.
fn deep(levels: usize) -> String {
    let inner = (0..levels.saturating_sub(3)).fold("kind".to_owned(), |inner, _| {
        format!("ofType {{ {inner} }}")
    });
    format!("__schema {{ queryType {{ {inner} }} }}")
}

fn aliases(count: usize) -> String {
    (0..count).map(|n| format!("a{n}: createdAt ")).collect()
}

const DEAR: &str =
    "accounts(first: 100) { nodes { operations(first: 100) { nodes { sequence at } } } }";

fn selections() -> Vec<Attack> {
    let skips = "@skip(if: false) ".repeat(6);
    let eleven_in_two = format!(
        "mutation {{ ...A ...B }} fragment A on Mutation {{ {} }} fragment B on Mutation {{ {} }}",
        charges(6),
        (6..11).map(charge).collect::<String>()
    );
    vec![
        attack("depth", format!("{{ {} }}", deep(16)), EXPENSIVE),
        attack(
            "depth in fragments",
            "{ ...A } fragment A on Query { __schema { queryType { ofType { ofType { ofType { ...B } } } } } } \
             fragment B on __Type { ofType { ofType { ofType { ofType { ofType { ...C } } } } } } \
             fragment C on __Type { ofType { ofType { ofType { ofType { ofType { kind } } } } } }",
            EXPENSIVE,
        ),
        attack("cost", format!("{{ {DEAR} }}"), EXPENSIVE),
        attack(
            "cost in a fragment",
            format!("{{ ...A }} fragment A on Query {{ {DEAR} }}"),
            EXPENSIVE,
        ),
        attack(
            "cost in a fragment on an interface, by a variable",
            "query($n: Int!) { accounts(first: $n) { nodes { ...A } } } \
             fragment A on Node { ...B } \
             fragment B on Account { operations(first: $n) { nodes { sequence at } } }",
            EXPENSIVE,
        ),
        attack(
            "aliases",
            format!("{{ account(accountId: \"ada\") {{ {} }} }}", aliases(31)),
            EXPENSIVE,
        ),
        attack(
            "aliases in a fragment used twice",
            format!(
                "{{ account(accountId: \"ada\") {{ ...A }} viewer {{ ...A }} }} fragment A on Account {{ {} }}",
                aliases(16)
            ),
            EXPENSIVE,
        ),
        attack(
            "mutations",
            format!("mutation {{ {} }}", charges(11)),
            EXPENSIVE,
        ),
        attack("mutations in fragments", eleven_in_two, EXPENSIVE),
        attack("directives", format!("{{ __typename {skips} }}"), EXPENSIVE),
        attack(
            "directives in a fragment",
            format!("{{ ...A }} fragment A on Query {{ __typename {skips} }}"),
            EXPENSIVE,
        ),
        attack(
            "directives on a spread",
            format!("{{ ...A {skips} }} fragment A on Query {{ __typename }}"),
            EXPENSIVE,
        ),
        attack(
            "two roots",
            "subscription { balance { sequence } operations { id } }",
            INVALID,
        ),
        attack(
            "two roots in a fragment",
            "subscription { ...A } fragment A on Subscription { balance { sequence } operations { id } }",
            INVALID,
        ),
        attack(
            "two roots, one in a fragment",
            "subscription { balance { sequence } ... { operations { id } } }",
            INVALID,
        ),
    ]
}

fn texts() -> Vec<Attack> {
    let charge = charge(0).replace("model:", "variations: 1, variations: 4, model:");
    let nested = |count| format!("{}{}", "[".repeat(count), "]".repeat(count));
    let bomb: String = (0..29)
        .map(|n| {
            format!(
                "fragment F{n} on Query {{ {} }} ",
                format!("...F{} ", n + 1).repeat(4)
            )
        })
        .collect();
    vec![
        attack(
            "tokens",
            format!("{{ {} }}", "__typename ".repeat(5_000)),
            EXPENSIVE,
        ),
        attack(
            "tokens in a fragment",
            format!(
                "{{ ...A }} fragment A on Query {{ {} }}",
                "__typename ".repeat(5_000)
            ),
            EXPENSIVE,
        ),
        attack(
            "tokens in a list",
            format!("{{ nodes(ids: [{}]) {{ id }} }}", "1 ".repeat(5_000)),
            EXPENSIVE,
        ),
        attack(
            "nesting",
            format!("{{ nodes(ids: {}) {{ id }} }}", nested(2_000)),
            EXPENSIVE,
        ),
        attack("nested selections", "{a".repeat(2_400), EXPENSIVE),
        attack(
            "fields",
            format!(
                "{{ ...A ...A ...A }} fragment A on Query {{ {} }}",
                "__typename ".repeat(700)
            ),
            EXPENSIVE,
        ),
        attack(
            "a bomb of fragments",
            format!("{{ ...F0 }} {bomb} fragment F29 on Query {{ __typename }}"),
            EXPENSIVE,
        ),
        attack(
            "a cycle",
            "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
            INVALID,
        ),
        attack(
            "a field of an input twice",
            format!("mutation {{ {charge} }}"),
            INVALID,
        ),
        attack(
            "a field of an input twice, in a fragment",
            format!("mutation {{ ...A }} fragment A on Mutation {{ {charge} }}"),
            INVALID,
        ),
    ]
}

fn attacks() -> Vec<Attack> {
    let mut attacks = selections();
    attacks.extend(texts());
    attacks
}

#[actix_web::test]
async fn every_limit_holds_plainly_and_in_fragments() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let token = service.token("studio", Rights::Studio);
    let before = studio.balance("ada").await;
    for Attack { name, body, code } in attacks() {
        // The second time the worker may know the document.
        for _ in 0..2 {
            let asked = Raw::json(&body).header("accept", "application/graphql-response+json");
            let answer = asked.send(service.address(), &token).await;
            assert_eq!(answer.status, 400, "{name}: {}", answer.text);
            assert_eq!(answer.codes(), [code], "{name}: {}", answer.text);
            assert!(!answer.text.contains("\"data\""), "{name}");
        }
    }
    assert_eq!(studio.balance("ada").await, before, "nothing was taken");

    // Right at the limits all is well.
    let fits = [
        format!("{{ {} }}", deep(15)),
        format!("{{ account(accountId: \"ada\") {{ {} }} }}", aliases(30)),
        format!("{{ __typename {} }}", "@skip(if: false) @include(if: true)"),
        format!("mutation {{ {} }}", charges(10)),
    ];
    for query in fits {
        studio.read(&query, json!({})).await;
    }
}

#[actix_web::test]
async fn a_flood_of_mistakes_is_told_by_twenty() {
    let service = Service::start().await;
    let token = service.token("studio", Rights::Studio);
    let unknown: String = (0..1_000).map(|n| format!("u{n} ")).collect();
    for query in [
        format!("{{ {unknown} }}"),
        format!("{{ ...A }} fragment A on Query {{ {unknown} }}"),
    ] {
        let asked = Raw::json(&json!({ "query": query }));
        let answer = asked.send(service.address(), &token).await;
        assert_eq!(answer.codes().len(), 20);
    }
}

#[actix_web::test]
async fn a_body_is_bounded_announced_or_not() {
    let service = Service::start().await;
    let token = service.token("studio", Rights::Studio);
    let of_size = |bytes: usize| {
        let start = "{\"query\":\"{ __typename }\",\"variables\":{\"a\":\"";
        let end = "\"}}";
        let filling = "x".repeat(bytes - start.len() - end.len());
        format!("{start}{filling}{end}")
    };
    for (bytes, status) in [(256 * 1024, 200), (256 * 1024 + 1, 413), (8 << 20, 413)] {
        let post = Raw::new("POST").header("content-type", "application/json");
        let answer = post
            .body(of_size(bytes))
            .send(service.address(), &token)
            .await;
        assert_eq!(answer.status, status, "{bytes} bytes");
    }
}
