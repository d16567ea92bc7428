//! The life of a socket: who may open it, how it begins and how it ends.

use credits_tests::harness::{Heard, Rights, Service, Socket, until};
use serde_json::{Value, json};

use super::*;

#[actix_web::test]
async fn the_connection_is_initialised_in_time() {
    let service = Service::start_with(|settings| settings.http.init_timeout_ms = 100).await;
    // A slow machine may be late with the pong, too.
    let table = vec![
        ("nothing comes", vec![Closed(4408)]),
        ("a ping is no init", vec![ping(), Closed(4408)]),
    ];
    play_all(&service, table).await;
}

#[actix_web::test]
async fn the_connection_is_initialised_once() {
    let service = Service::start().await;
    let init = |payload: Value| Say(json!({ "type": "connection_init", "payload": payload }));
    let ack = || Hear(json!({ "type": "connection_ack" }));
    let table = vec![
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
    let token = service.token("ada", Rights::User);
    let mut socket = Socket::ready(service.address(), &token).await;
    socket.subscribe("1", BALANCE, json!({})).await;
    socket.data("1").await;
    service.end_tokens();
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
    let heard = until("a place is free", async || {
        let mut socket = Socket::open(service.address()).await;
        socket.send(&json!({ "type": "ping" })).await;
        let heard = socket.heard().await;
        (heard != Heard::Closed(1013)).then_some(heard)
    });
    assert_eq!(heard.await, Heard::Message(json!({ "type": "pong" })));
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
    let closing = async move { (opened.closed().await, watching.closed().await) };
    let ((), codes) = futures_util::future::join(stopping, closing).await;
    assert_eq!(codes, (1001, 1001));
}
