//! Operations: their ids, their number, and what is not executed.

use super::*;

#[actix_web::test]
async fn operations_run_beside_each_other_under_their_ids() {
    let service = Service::start().await;
    service.studio().open("ada").await;
    let two = || next("1", json!({ "balance": { "sequence": 2 } }));
    let watch = || subscribe("1", BALANCE);
    let give_up = || Say(json!({ "type": "complete", "id": "1" }));
    let charge = "mutation { charge(input: { operationId: \"0197a2b4-0000-7000-8000-000000000001\", \
                  accountId: \"ada\", action: \"chat\" }) { cost } }";
    let fifty = (0..50).flat_map(|n| {
        let (id, data) = (format!("op-{n}"), json!({ "balance": { "sequence": 2 } }));
        [subscribe(&id, BALANCE), next(&id, data)]
    });
    let table = vec![
        (
            "a query",
            vec![Init, hello("1"), version("1"), complete("1")],
        ),
        (
            "a mutation",
            vec![
                Init,
                subscribe("1", charge),
                next("1", json!({ "charge": { "cost": 0 } })),
                complete("1"),
            ],
        ),
        (
            "an id that runs",
            vec![Init, watch(), two(), watch(), Closed(4409)],
        ),
        (
            "an id that ran",
            vec![
                Init,
                hello("1"),
                version("1"),
                complete("1"),
                hello("1"),
                version("1"),
            ],
        ),
        (
            "an id that was given up",
            vec![
                Init,
                watch(),
                two(),
                give_up(),
                watch(),
                two(),
                ping(),
                pong(),
            ],
        ),
        ("nothing to give up", vec![Init, give_up(), ping(), pong()]),
        (
            "one more than may run",
            [Init]
                .into_iter()
                .chain(fifty)
                .chain([hello("more"), Refused("more", "OVERLOADED")])
                .chain([Say(json!({ "type": "complete", "id": "op-7" }))])
                .chain([hello("more"), version("more"), complete("more")])
                .collect(),
        ),
        (
            "pings are answered with what they carry",
            vec![
                Say(json!({ "type": "ping", "payload": { "n": [1, "two"] } })),
                Hear(json!({ "type": "pong", "payload": { "n": [1, "two"] } })),
                Say(json!({ "type": "pong", "payload": { "n": 3 } })),
                Raw(frame(FIN | PING, b"\x00\xff")),
                Frame(Heard::Pong(b"\x00\xff".to_vec())),
                Raw(frame(FIN | PONG, b"")),
                ping(),
                pong(),
            ],
        ),
        (
            "a client that leaves",
            vec![
                Init,
                watch(),
                two(),
                Raw(frame(FIN | CLOSE, &1000_u16.to_be_bytes())),
                Frame(Heard::Closed(1000)),
            ],
        ),
    ];
    play_all(&service, table).await;
}

#[actix_web::test]
async fn what_is_not_executed_is_an_error_and_the_socket_lives_on() {
    let service = Service::start().await;
    service.studio().open("ada").await;
    let refused = |document: &str, code: &'static str| {
        vec![
            Init,
            subscribe("1", document),
            Refused("1", code),
            hello("1"),
            version("1"),
        ]
    };
    let invalid = "GRAPHQL_VALIDATION_FAILED";
    let deep = format!(
        "{{ {} __typename {} }}",
        "catalog {".repeat(16),
        "}".repeat(16)
    );
    let page = "account { operations(first: 100) { nodes { id kind at change postings { lotId available held } } } }";
    let pages: String = (0..8).map(|n| format!("a{n}: {page} ")).collect();
    let costly = format!("subscription {{ balance(accountId: \"ada\") {{ {pages} }} }}");
    let table = vec![
        ("no GraphQL", refused("{", "GRAPHQL_PARSE_FAILED")),
        ("an unknown field", refused("{ nope }", invalid)),
        (
            "an unknown field to watch",
            refused("subscription { nope }", invalid),
        ),
        ("too costly", refused(&costly, "QUERY_TOO_EXPENSIVE")),
        (
            "two root fields",
            refused(
                "subscription { a: balance { sequence } b: balance { sequence } }",
                invalid,
            ),
        ),
        (
            "two root fields in a fragment",
            refused(
                "subscription { ...F } fragment F on Subscription { balance { sequence } operations { sequence } }",
                invalid,
            ),
        ),
        (
            "a root field that may be left out",
            refused(
                "subscription { balance @skip(if: true) { sequence } }",
                invalid,
            ),
        ),
        (
            "introspection as a root field",
            refused("subscription { __typename }", invalid),
        ),
        ("too deep", refused(&deep, "QUERY_TOO_EXPENSIVE")),
        (
            "a variable that does not fit",
            refused(
                "subscription { balance(afterSequence: \"x\") { sequence } }",
                invalid,
            ),
        ),
        (
            "a root field in fragments is found",
            vec![
                Init,
                subscribe(
                    "1",
                    "subscription { ...F } fragment F on Subscription { ... { balance(accountId: \"ada\") { sequence } } }",
                ),
                next("1", json!({ "balance": { "sequence": 2 } })),
            ],
        ),
    ];
    play_all(&service, table).await;
}
