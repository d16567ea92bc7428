//! A real server on a free port, and its end.

use std::net::Ipv4Addr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::http::{Server, ServerSettings};

/// Sends a document on a connection of its own and reads to the end.
async fn call(port: u16, query: &str) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .expect("it listens");
    let body = serde_json::json!({ "query": query }).to_string();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("it reads");
    stream.write_all(body.as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .await
        .expect("it answers");
    answer
}

/// Lets time pass for the timers of this thread.
async fn passes(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[actix_web::test]
async fn accepted_requests_finish_and_no_mutation_begins() {
    let runs = Runs::default();
    let edge = edge(&runs);
    let notice = PATIENT.shutdown_notice;
    assert_eq!(edge.timeouts.shutdown_notice, notice);
    let readiness = edge.readiness.clone();
    let settings = ServerSettings {
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        workers: 1,
    };
    let server = Server::build(&settings, edge).expect("a free port");
    let port = server.port();
    let stop = CancellationToken::new();
    let running = actix_web::rt::spawn(server.run_until_stopped(stop.clone()));
    assert!(call(port, "{ hello }").await.contains("world"));
    let accepted = actix_web::rt::spawn(async move {
        call(port, "mutation { stall(operationId: \"accepted\") }").await
    });
    runs.stalled.acquire().await.expect("it is open").forget();
    stop.cancel();
    while readiness.accepts_mutations() {
        tokio::task::yield_now().await;
    }
    // It still listens, for as long as it said that it would.
    let almost = notice - Duration::from_secs(60);
    passes(almost).await;
    for _ in 0..5 {
        let late = call(port, "mutation { add }").await;
        assert!(
            late.starts_with("HTTP/1.1 503") && late.contains("UNAVAILABLE"),
            "{late}"
        );
    }
    passes(notice).await;
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .is_ok()
    {
        tokio::task::yield_now().await;
    }
    assert!(!running.is_finished(), "it waits for what it accepted");
    runs.go_on.add_permits(1);
    let accepted = accepted.await.expect("no panic");
    assert!(
        accepted.contains("{\"data\":{\"stall\":\"accepted\"}}"),
        "{accepted}"
    );
    running.await.expect("no panic").expect("a clean end");
    assert_eq!(runs.count(), 0, "no mutation began");
}
