//! `graphql-transport-ws`, rule by rule: every close code, every bound.

use std::time::Duration;

use credits_api::app::token_time_s;
use credits_tests::harness::{
    Heard, Rights, Service, Socket, frame,
    kind::{BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT},
};
use futures_util::future::join_all;
use serde_json::{Value, json};

const HELLO: &str = "{ catalog { version } }";
const BALANCE: &str = "subscription { balance(accountId: \"ada\") { sequence } }";
/// The longest message, in bytes.
const MESSAGE_BYTES_MAX: usize = 64 * 1024;

/// What a test does or hears.
enum Step {
    /// Sends a message.
    Say(Value),
    /// Sends a text as it stands.
    Text(&'static str),
    /// Sends bytes as they stand.
    Raw(Vec<u8>),
    /// Introduces itself with the studio's token.
    Init,
    /// The next message is this.
    Hear(Value),
    /// The next message ends this operation with an error of this code.
    Refused(&'static str, &'static str),
    /// The next frame is this one.
    Frame(Heard),
    /// The socket is closed with this code.
    Closed(u16),
}
use Step::{Closed, Frame, Hear, Init, Raw, Refused, Say, Text};

fn subscribe(id: &str, query: &str) -> Step {
    Say(json!({ "type": "subscribe", "id": id, "payload": { "query": query } }))
}

fn hello(id: &str) -> Step {
    subscribe(id, HELLO)
}

fn next(id: &str, data: Value) -> Step {
    Hear(json!({ "type": "next", "id": id, "payload": { "data": data } }))
}

fn complete(id: &str) -> Step {
    Hear(json!({ "type": "complete", "id": id }))
}

fn version(id: &str) -> Step {
    next(id, json!({ "catalog": { "version": 1 } }))
}

fn ping() -> Step {
    Say(json!({ "type": "ping" }))
}

fn pong() -> Step {
    Hear(json!({ "type": "pong" }))
}

/// A message of exactly so many bytes that asks for the catalog.
fn hello_of(bytes: usize) -> String {
    let message = |filling: &str| {
        let query = format!("{HELLO} #{filling}");
        json!({ "type": "subscribe", "id": "1", "payload": { "query": query } }).to_string()
    };
    message(&"x".repeat(bytes - message("").len()))
}

/// A message in pieces of so many bytes.
fn pieces(text: &str, bytes: usize) -> Vec<u8> {
    let pieces: Vec<&[u8]> = text.as_bytes().chunks(bytes).collect();
    let last = pieces.len() - 1;
    let frames = pieces.iter().enumerate().flat_map(|(index, piece)| {
        let kind = if index == 0 { TEXT } else { CONTINUATION };
        frame(if index == last { FIN | kind } else { kind }, piece)
    });
    frames.collect()
}

async fn play(service: &Service, name: &str, script: Vec<Step>) {
    let token = service.token("studio", Rights::Studio);
    let mut socket = Socket::open(service.address()).await;
    for (index, step) in script.into_iter().enumerate() {
        let place = format!("{name}, step {}", index + 1);
        match step {
            Say(message) => socket.send(&message).await,
            Text(text) => {
                let _gone = socket.frame(FIN | TEXT, text.as_bytes()).await;
            }
            Raw(bytes) => {
                let _gone = socket.raw(&bytes).await;
            }
            Init => socket.init(&token).await,
            Hear(expected) => assert_eq!(socket.message().await, expected, "{place}"),
            Refused(id, code) => {
                let message = socket.message().await;
                let told = [&message["type"], &message["id"]];
                assert_eq!(told, ["error", id], "{place}: {message}");
                let error = &message["payload"][0];
                assert_eq!(error["extensions"]["code"], code, "{place}: {message}");
                assert!(error["extensions"]["traceId"].is_string(), "{place}");
            }
            Frame(expected) => assert_eq!(socket.heard().await, expected, "{place}"),
            Closed(code) => assert_eq!(socket.closed().await, code, "{place}"),
        }
    }
}

async fn play_all(service: &Service, table: Vec<(&str, Vec<Step>)>) {
    let plays = table
        .into_iter()
        .map(|(name, script)| play(service, name, script));
    join_all(plays).await;
}

#[actix_web::test]
async fn the_connection_is_initialised_once_and_in_time() {
    let service = Service::start().await;
    let init = |payload: Value| Say(json!({ "type": "connection_init", "payload": payload }));
    let ack = || Hear(json!({ "type": "connection_ack" }));
    let table = vec![
        ("nothing comes", vec![Closed(4408)]),
        ("a ping is no init", vec![ping(), pong(), Closed(4408)]),
        ("an operation before", vec![hello("1"), Closed(4401)]),
        ("twice", vec![Init, init(json!({})), Closed(4429)]),
        (
            "without a token",
            vec![init(Value::Null), ack(), hello("1"), version("1")],
        ),
        (
            "a token that is none",
            vec![
                init(json!({ "authorization": "Bearer x.y.z" })),
                Closed(4403),
            ],
        ),
        (
            "credentials of another kind",
            vec![init(json!({ "Authorization": "Basic eDp5" })), Closed(4403)],
        ),
        (
            "a payload that is a text",
            vec![init(json!("x")), Closed(4400)],
        ),
        (
            "a payload that is a list",
            vec![init(json!([])), Closed(4400)],
        ),
    ];
    play_all(&service, table).await;
}

#[actix_web::test]
async fn a_malformed_message_ends_the_socket() {
    let service = Service::start().await;
    let table = vec![
        ("no JSON", vec![Text("hello"), Closed(4400)]),
        ("nothing", vec![Text(""), Closed(4400)]),
        ("a list", vec![Text("[\"ping\"]"), Closed(4400)]),
        ("no type", vec![Text("{}"), Closed(4400)]),
        (
            "an unknown type",
            vec![Text("{\"type\":\"start\"}"), Closed(4400)],
        ),
        (
            "a message of the server's",
            vec![Init, Text("{\"type\":\"connection_ack\"}"), Closed(4400)],
        ),
        (
            "an operation without an id",
            vec![
                Init,
                Text("{\"type\":\"subscribe\",\"payload\":{\"query\":\"{a}\"}}"),
                Closed(4400),
            ],
        ),
        (
            "an operation without a document",
            vec![
                Init,
                Text("{\"type\":\"subscribe\",\"id\":\"1\",\"payload\":{}}"),
                Closed(4400),
            ],
        ),
        (
            "an operation with an empty id",
            vec![Init, subscribe("", HELLO), Closed(4400)],
        ),
        (
            "bytes",
            vec![
                Raw(frame(FIN | BINARY, b"{\"type\":\"ping\"}")),
                Closed(4400),
            ],
        ),
        (
            "bytes in pieces",
            vec![Raw(frame(BINARY, b"{")), Closed(4400)],
        ),
        (
            "a text that is not UTF-8",
            vec![Raw(frame(FIN | TEXT, b"\"\xff\"")), Closed(1007)],
        ),
        (
            "pieces that are not UTF-8",
            vec![
                Raw([frame(TEXT, b"\"\xc3"), frame(FIN, b"\"")].concat()),
                Closed(1007),
            ],
        ),
        (
            "more of nothing",
            vec![Raw(frame(FIN | CONTINUATION, b"x")), Closed(1002)],
        ),
        (
            "a frame without a mask",
            vec![Raw(vec![FIN | TEXT, 2, b'{', b'}']), Closed(1002)],
        ),
        (
            "a reserved bit",
            vec![Raw(frame(FIN | 0x40 | TEXT, b"{}")), Closed(1002)],
        ),
    ];
    play_all(&service, table).await;
}

#[actix_web::test]
async fn a_message_has_its_bound_however_it_is_cut() {
    let service = Service::start().await;
    let long = hello_of(MESSAGE_BYTES_MAX);
    let endless = frame(CONTINUATION, b"").repeat(2_000);
    let table = vec![
        (
            "the longest",
            vec![
                Init,
                Raw(frame(FIN | TEXT, long.as_bytes())),
                version("1"),
                complete("1"),
            ],
        ),
        (
            "the longest in pieces",
            vec![Init, Raw(pieces(&long, 1_000)), version("1")],
        ),
        (
            "with a ping in between",
            vec![
                Init,
                Raw(frame(TEXT, b"{\"type\":")),
                Raw(frame(FIN | PING, b"there?")),
                Frame(Heard::Pong(b"there?".to_vec())),
                Raw(frame(FIN, b"\"ping\"}")),
                pong(),
            ],
        ),
        (
            "longer",
            vec![
                Init,
                Raw(frame(
                    FIN | TEXT,
                    hello_of(MESSAGE_BYTES_MAX + 1).as_bytes(),
                )),
                Closed(1009),
            ],
        ),
        (
            "longer in pieces",
            vec![
                Init,
                Raw(pieces(&hello_of(MESSAGE_BYTES_MAX + 1), 8_192)),
                Closed(1009),
            ],
        ),
        (
            "announced as endless",
            vec![
                Raw(vec![
                    FIN | TEXT,
                    0xff,
                    0x7f,
                    0xff,
                    0xff,
                    0xff,
                    0xff,
                    0xff,
                    0xff,
                    0xff,
                    0,
                    0,
                    0,
                    0,
                ]),
                Closed(1009),
            ],
        ),
        (
            "pieces of nothing",
            vec![Raw(frame(TEXT, b"")), Raw(endless), Closed(1009)],
        ),
        (
            "pieces of a byte",
            vec![Raw(pieces(&long, 1)), Closed(1009)],
        ),
    ];
    play_all(&service, table).await;
}

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

#[actix_web::test]
async fn who_may_open_a_socket() {
    let service = Service::start().await;
    let good = format!("Bearer {}", service.token("studio", Rights::Studio));
    let ours = ("sec-websocket-protocol", "graphql-transport-ws");
    let open = |headers: Vec<(&'static str, String)>| {
        let address = service.address();
        async move {
            let headers: Vec<(&str, &str)> = headers
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            Socket::open_with(address, &headers, None).await
        }
    };
    let with = |name: &'static str, value: &str| {
        vec![(ours.0, ours.1.to_owned()), (name, value.to_owned())]
    };

    // Another protocol, or none: only a close code reaches a page.
    for protocol in [vec![], vec![(ours.0, "graphql-ws".to_owned())]] {
        let mut socket = open(protocol).await.expect("it is opened");
        assert_eq!(socket.closed().await, 4406);
    }
    let several = vec![(ours.0, "graphql-ws, graphql-transport-ws".to_owned())];
    let mut socket = open(several).await.expect("it is opened");
    socket.send(&json!({ "type": "ping" })).await;
    assert_eq!(socket.message().await, json!({ "type": "pong" }));

    // Foreign pages, and tokens that are no good, see an HTTP status.
    assert_eq!(
        open(with("origin", "https://evil.example")).await.err(),
        Some(403)
    );
    assert!(open(with("origin", "http://localhost:5173")).await.is_ok());
    assert_eq!(
        open(with("authorization", "Bearer x.y.z")).await.err(),
        Some(401)
    );

    // A token of the header counts, unless the first message brings another.
    let mut socket = open(with("authorization", &good))
        .await
        .expect("it is opened");
    socket.send(&json!({ "type": "connection_init" })).await;
    socket.message().await;
    socket
        .subscribe("1", "{ accounts { nodes { id } } }", json!({}))
        .await;
    assert_eq!(
        socket.data("1").await,
        json!({ "accounts": { "nodes": [] } })
    );
    let mut socket = open(with("authorization", &good))
        .await
        .expect("it is opened");
    socket.init(&service.token("ada", Rights::User)).await;
    socket.subscribe("1", "{ viewer { id } }", json!({})).await;
    assert_eq!(socket.data("1").await, json!({ "viewer": null }));
}

#[actix_web::test]
async fn a_socket_ends_with_its_token() {
    let service = Service::start().await;
    service.studio().open("ada").await;
    // Of its day and the leeway of half a minute two seconds are left.
    let made = token_time_s() - 86_400 - 28;
    let token = service.token_made_at("ada", Rights::User, made);
    let mut socket = Socket::ready(service.address(), &token).await;
    socket.subscribe("1", BALANCE, json!({})).await;
    socket.data("1").await;
    assert_eq!(socket.closed().await, 4403);
    let mut again = Socket::open(service.address()).await;
    let payload = json!({ "authorization": format!("Bearer {token}") });
    again
        .send(&json!({ "type": "connection_init", "payload": payload }))
        .await;
    assert_eq!(again.closed().await, 4403);
}

#[actix_web::test]
async fn a_full_node_says_try_again_later() {
    let service = Service::start_with(|settings| settings.http.streams_max = 2).await;
    let first = Socket::open(service.address()).await;
    let _second = Socket::open(service.address()).await;
    let mut third = Socket::open(service.address()).await;
    assert_eq!(third.closed().await, 1013);
    drop(first);
    // Its place is free as soon as the service has noticed.
    let mut tries = 0;
    loop {
        let mut socket = Socket::open(service.address()).await;
        socket.send(&json!({ "type": "ping" })).await;
        match socket.heard().await {
            Heard::Message(message) => break assert_eq!(message, json!({ "type": "pong" })),
            heard => assert_eq!(heard, Heard::Closed(1013)),
        }
        tries += 1;
        assert!(tries < 1_000, "a place becomes free");
        actix_web::rt::time::sleep(Duration::from_millis(1)).await;
    }
}

#[actix_web::test]
async fn a_shutdown_says_going_away() {
    let service = Service::start().await;
    service.studio().open("ada").await;
    let mut opened = Socket::open(service.address()).await;
    let mut watching = service.socket().await;
    watching.subscribe("1", BALANCE, json!({})).await;
    watching.data("1").await;
    let stopping = service.stop();
    let closing = async { (opened.closed().await, watching.closed().await) };
    let ((), codes) = futures_util::future::join(stopping, closing).await;
    assert_eq!(codes, (1001, 1001));
}
