//! A client that follows an account's operations, whatever breaks: each time it goes on behind the last
//! position that it has.

use std::{cell::Cell, net::SocketAddr, rc::Rc, time::Duration};

use actix_rt::task::JoinHandle;
use credits_tests::harness::{
    Heard, Socket,
    kind::{FIN, PONG},
    until,
};
use serde_json::json;

const OPERATIONS: &str = "subscription($id: ID!, $after: Sequence) { \
                          operations(accountId: $id, afterSequence: $after) { sequence } }";
const PROTOCOL: (&str, &str) = ("sec-websocket-protocol", "graphql-transport-ws");
/// How long it waits before it connects again.
const AGAIN_AFTER: Duration = Duration::from_millis(50);

/// Somebody who follows.
pub struct Follower {
    /// The last position heard of; each before it was heard of once, in order.
    last: Rc<Cell<i64>>,
    connected: Rc<Cell<usize>>,
    task: JoinHandle<()>,
}

impl Follower {
    /// Follows an account from its first operation on, and is connected.
    pub async fn start(address: SocketAddr, token: &str, account: &str) -> Follower {
        let (last, connected) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let (token, account) = (token.to_owned(), account.to_owned());
        let (heard, times) = (Rc::clone(&last), Rc::clone(&connected));
        let task = actix_rt::spawn(async move {
            loop {
                // A proxy that has no node just then says so.
                if let Ok(socket) = Socket::open_with(address, &[PROTOCOL], None).await {
                    times.set(times.get() + 1);
                    listen(socket, &token, &account, &heard).await;
                }
                actix_rt::time::sleep(AGAIN_AFTER).await;
            }
        });
        until("the follower is connected", async || {
            (connected.get() > 0).then_some(())
        })
        .await;
        Follower {
            last,
            connected,
            task,
        }
    }

    /// Waits until it has heard of that position; tells how often it had to connect.
    pub async fn has_heard(self, sequence: i64) -> usize {
        until("the follower catches up", async || {
            let finished = self.task.is_finished();
            assert!(!finished, "no number is missing, or comes twice");
            (self.last.get() >= sequence).then_some(())
        })
        .await;
        self.task.abort();
        self.connected.get()
    }
}

/// Listens until the connection breaks, or the service ends the subscription.
async fn listen(mut socket: Socket, token: &str, account: &str, last: &Cell<i64>) {
    let payload = json!({ "authorization": format!("Bearer {token}") });
    let init = json!({ "type": "connection_init", "payload": payload });
    socket.send(&init).await;
    loop {
        match socket.heard().await {
            Heard::Message(message) => match message["type"].as_str() {
                Some("connection_ack") => {
                    let after = json!({ "id": account, "after": last.get() });
                    socket.subscribe("1", OPERATIONS, after).await;
                }
                Some("next") => {
                    let sequence = &message["payload"]["data"]["operations"]["sequence"];
                    let Some(sequence) = sequence.as_i64() else {
                        return;
                    };
                    assert_eq!(sequence, last.get() + 1, "the next number");
                    last.set(sequence);
                }
                _ => return,
            },
            Heard::Ping(payload) => {
                let _gone = socket.frame(FIN | PONG, &payload).await;
            }
            Heard::Pong(_) => {}
            Heard::Closed(_) => return,
        }
    }
}
