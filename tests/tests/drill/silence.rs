//! Clients that say nothing, or read nothing of an event stream: the service lets them go.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use credits_tests::harness::{
    Child, Heard, Program, Socket,
    kind::{FIN, PONG},
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

/// Longer than the service takes to notice, on a machine that does much else.
const NOTICED_WITHIN: Duration = Duration::from_secs(60);

async fn serve(directory: &std::path::Path) -> Child {
    let program = Program::find();
    program.furnish(directory);
    program.serve(directory).await
}

#[actix_web::test]
async fn a_socket_that_answers_no_ping_is_let_go() {
    let directory = tempfile::tempdir().unwrap();
    let child = serve(directory.path()).await;
    let mut silent = Socket::ready(child.address(), child.token()).await;
    let mut polite = Socket::ready(child.address(), child.token()).await;
    let mut pings = 0;
    let code = loop {
        match silent.heard().await {
            Heard::Ping(_) => {
                pings += 1;
                let Heard::Ping(asked) = polite.heard().await else {
                    panic!("both are asked whether they are there");
                };
                polite.frame(FIN | PONG, &asked).await.unwrap();
            }
            Heard::Closed(code) => break code,
            Heard::Message(_) | Heard::Pong(_) => panic!("nobody asked for anything"),
        }
    };
    assert_eq!((pings, code), (1, 1006), "asked once, and gone by the next");
    polite.send(&json!({ "type": "ping" })).await;
    assert_eq!(polite.message().await["type"], "pong", "who answers stays");
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
    let child = serve(directory.path()).await;
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
    let began = Instant::now();
    // More and more to tell, until nobody is there to tell it to: what is written then is answered
    // with a reset.
    while stream.write_all(b"\r\n").await.is_ok() {
        let picture = json!({ "accountId": "ada", "action": "text-to-image", "model": "pencil" });
        studio.done("charge", picture).await;
        assert!(began.elapsed() < NOTICED_WITHIN, "it is cut off");
    }
}
