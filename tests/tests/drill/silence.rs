//! Clients that say nothing, or read nothing of an event stream: the service lets them go.

use std::{net::SocketAddr, path::Path};

use credits_tests::harness::{
    Child, Heard, Program, Socket,
    kind::{FIN, PONG},
    until,
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use crate::serve;

/// One that says nothing is asked once at most, and one that has just come twice.
const ANSWERED: usize = 3;

/// How long the connection of a client that is gone stays.
const SEND: (&str, &str) = ("--http-send-timeout-ms", "1000");

async fn serve_with(directory: &Path, set: &[(&'static str, &'static str)]) -> Child {
    let program = Program::find();
    program.furnish(directory);
    serve(&program, directory, set).await
}

#[actix_web::test]
async fn a_socket_that_answers_no_ping_is_let_go() {
    let directory = tempfile::tempdir().unwrap();
    let interval = ("--http-ping-interval-ms", "500");
    let child = serve_with(directory.path(), &[interval, SEND]).await;
    let mut silent = Socket::open(child.address()).await;
    assert!(matches!(silent.heard().await, Heard::Ping(_)));
    let code = silent.heard().await;
    assert_eq!(
        code,
        Heard::Closed(1006),
        "asked once, and gone by the next"
    );
}

#[actix_web::test]
async fn a_socket_that_answers_pings_stays() {
    let directory = tempfile::tempdir().unwrap();
    let interval = ("--http-ping-interval-ms", "1000");
    let child = serve_with(directory.path(), &[interval, SEND]).await;
    // One that a busy machine made answer too late is let go, as it should: another one tries.
    until("a socket stays that answers", async || {
        let mut polite = Socket::open(child.address()).await;
        for _ in 0..ANSWERED {
            match polite.heard().await {
                Heard::Ping(asked) => polite.frame(FIN | PONG, &asked).await.ok()?,
                Heard::Closed(1006) => return None,
                other => panic!("nobody asked for anything: {other:?}"),
            }
        }
        Some(())
    })
    .await;
}

/// Asks for a feed as server-sent events, on a connection with little room, and reads the status only.
async fn deaf_stream(address: SocketAddr, token: &str) -> TcpStream {
    let postings = "postings { lotId available held granted consumed expired revoked }";
    let fields: String = (0..28).map(|n| format!("a{n}: {postings} ")).collect();
    let query = format!(
        "subscription {{ operations(accountId: \"ada\", afterSequence: 0) {{ sequence {fields} }} }}"
    );
    let body = json!({ "query": query }).to_string();
    let socket = TcpSocket::new_v4().expect("a socket can be made");
    socket.set_recv_buffer_size(4_096).expect("it can be set");
    let mut stream = socket.connect(address).await.expect("it listens");
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
         accept: text/event-stream\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream
        .write_all((head + &body).as_bytes())
        .await
        .expect("it is asked");
    let mut status = [0; 15];
    stream.read_exact(&mut status).await.expect("it answers");
    assert_eq!(&status, b"HTTP/1.1 200 OK");
    stream
}

#[actix_web::test]
async fn an_event_stream_that_is_not_read_is_cut_off() {
    let directory = tempfile::tempdir().unwrap();
    let child = serve_with(directory.path(), &[SEND]).await;
    let studio = child.studio();
    studio.open("ada").await;
    let pack = json!({
        "accountId": "ada", "packId": "boost", "quantity": 1_000,
        "payment": {
            "provider": "shop", "reference": "1", "paidAt": "2026-01-31T10:00:00Z",
            "amount": { "amountMinor": 500_000, "currency": "USD" },
        },
    });
    studio.done("purchasePack", pack).await;
    let mut stream = deaf_stream(child.address(), child.token()).await;
    // More and more to tell, until nobody is there to tell it to: what is written then is answered
    // with a reset.
    until("the stream is cut off", async || {
        if stream.write_all(b"\r\n").await.is_err() {
            return Some(());
        }
        let picture = json!({ "accountId": "ada", "action": "text-to-image", "model": "pencil" });
        studio.done("charge", picture).await;
        None
    })
    .await;
}
