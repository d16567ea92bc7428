//! `graphql-transport-ws`, rule by rule: every close code, every bound.
//!
//! A rule is a script that is played to the service; the tables stand in a file for each subject.

mod life;
mod messages;
mod operations;

use credits_tests::harness::{
    Heard, Rights, Service, Socket, frame,
    kind::{BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT},
};
use futures_util::future::join_all;
use serde_json::{Value, json};

const HELLO: &str = "{ catalog { version } }";
const BALANCE: &str = "subscription { balance(accountId: \"ada\") { sequence } }";

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
