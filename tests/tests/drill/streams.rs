//! Many streams, and clients that behave badly on them: what each costs, and when it is over.

use std::{cell::Cell, path::Path, pin::pin, time::Duration};

use credits_api::descriptors;
use credits_tests::harness::{
    Child, EventStream, Heard, Program, Socket, StreamEvent, frame,
    kind::{CONTINUATION, FIN, PONG, TEXT},
    require, until,
};
use futures_util::{
    StreamExt,
    future::{Either, join_all, select},
    stream,
};
use serde_json::json;

use crate::serve;

/// The accounts that are watched.
const ACCOUNTS: usize = 50;
/// How many sockets are open at once.
const SOCKETS: usize = 1_000;
/// How many subscriptions each has in the drill of memory: 10,000 in all.
const SUBSCRIPTIONS: usize = 10;
/// What 10,000 idle subscriptions may take, in all, in bytes.
const MEMORY_BYTES_MAX: u64 = 300 << 20;
/// What a client that does not read may cost, in bytes.
const DEAF_BYTES_MAX: u64 = 1 << 20;
/// How often the memory of the service is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How many sockets are opened at a time.
const AT_ONCE: usize = 50;
/// How long a client that does not read, or is gone, has.
const SEND: (&str, &str) = ("--http-send-timeout-ms", "2000");
/// What the tests need to look at the memory of a process.
const PROC: &str = "/proc, for the memory of a process";

const BALANCE: &str = "subscription($id: ID!) { balance(accountId: $id) { sequence snapshot \
                       balance { available held } } }";

fn account(number: usize) -> String {
    format!("account-{}", number % ACCOUNTS)
}

async fn serve_with(directory: &Path, set: &[(&'static str, &'static str)]) -> Child {
    // A test's own limit is as low as that of the service would be.
    descriptors::raise_limit();
    let program = Program::find();
    program.furnish(directory);
    let child = serve(&program, directory, set).await;
    let studio = child.studio();
    let opening = (0..ACCOUNTS).map(account);
    join_all(opening.map(|account| {
        let studio = studio.clone();
        async move { studio.open(&account).await }
    }))
    .await;
    child
}

/// Sockets that watch accounts, each with so many subscriptions that have had their snapshot.
async fn watchers(child: &Child, sockets: usize, subscriptions: usize) -> Vec<Socket> {
    let open = |number: usize| async move {
        let mut socket = Socket::ready(child.address(), child.token()).await;
        for subscription in 0..subscriptions {
            let id = subscription.to_string();
            let watched = json!({ "id": account(number * subscriptions + subscription) });
            socket.subscribe(&id, BALANCE, watched).await;
            assert_eq!(socket.data(&id).await["balance"]["snapshot"], true);
        }
        socket
    };
    let opening = stream::iter(0..sockets).map(open).buffered(AT_ONCE);
    opening.collect().await
}

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs /proc")]
async fn ten_thousand_idle_subscriptions_are_cheap_and_end_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let mut child = serve_with(directory.path(), &[]).await;
    let mut sockets = watchers(&child, SOCKETS, SUBSCRIPTIONS).await;
    let taken = memory_bytes(&child);
    let all = SOCKETS * SUBSCRIPTIONS;
    assert!(taken < MEMORY_BYTES_MAX, "{all} subscriptions take {taken}");
    // All of them are alive: one change reaches every watcher of the account.
    let picture = json!({ "accountId": account(0), "action": "text-to-image", "model": "easel" });
    child.studio().done("charge", picture).await;
    for (number, socket) in sockets.iter_mut().enumerate() {
        for subscription in 0..SUBSCRIPTIONS {
            if account(number * SUBSCRIPTIONS + subscription) == account(0) {
                let data = socket.data(&subscription.to_string()).await;
                assert_eq!(data["balance"]["balance"]["available"], 490);
            }
        }
    }

    let url = format!("http://{}/graphql", child.address());
    let body = json!({ "query": BALANCE, "variables": { "id": account(0) } });
    let mut events = EventStream::open(&url, Some(child.token()), Some(&body)).await;
    assert_eq!(events.next().await["data"]["balance"]["snapshot"], true);

    child.terminate();
    for mut socket in sockets {
        assert_eq!(socket.closed().await, 1001);
    }
    assert_eq!(events.event().await, StreamEvent::Complete);
    drop(events);
    let status = until("the service ends", async || child.ended()).await;
    assert_eq!(status.code(), Some(0));
}

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs /proc")]
async fn clients_that_do_not_read_are_cut_off_and_cost_little() {
    const DEAF: usize = 8;
    let directory = tempfile::tempdir().unwrap();
    let child = serve_with(directory.path(), &[SEND]).await;
    let before = memory_bytes(&child);
    let all = join_all((0..DEAF).map(|_| shout(&child)));
    let most = Cell::new(before);
    let watching = async {
        loop {
            most.set(most.get().max(memory_bytes(&child)));
            actix_web::rt::time::sleep(LOOK_EVERY).await;
        }
    };
    match select(pin!(all), pin!(watching)).await {
        Either::Left((_all, _)) => {}
        Either::Right((never, _)) => never,
    }
    let each = (most.get() - before) / DEAF as u64;
    assert!(each < DEAF_BYTES_MAX, "a deaf client costs {each} bytes");
    // Everybody else is served.
    let balance = child.studio().balance(&account(0)).await;
    assert_eq!(balance["available"], 500);
}

/// A client that asks for as much as it may and reads nothing, until its connection is gone.
async fn shout(child: &Child) {
    let protocol = ("sec-websocket-protocol", "graphql-transport-ws");
    let opened = Socket::open_with(child.address(), &[protocol], Some(4_096)).await;
    let mut socket = opened.expect("it is opened");
    socket.init(child.token()).await;
    let models = "models { id name description tier actions { action { id name } defaults { variations } } }";
    let fields: String = (0..20)
        .map(|n| format!("a{n}: catalog {{ {models} }} "))
        .collect();
    let document = format!("{{ {fields} }}");
    for id in 0..49 {
        let id = id.to_string();
        socket.subscribe(&id, &document, json!({})).await;
    }
    // It says that it is there, which does not help.
    until("a deaf client is cut off", async || {
        socket.frame(FIN | PONG, b"").await.err()
    })
    .await;
}

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs /proc")]
async fn endless_fragments_and_frames_are_refused_where_a_message_must_end() {
    let directory = tempfile::tempdir().unwrap();
    let child = serve_with(directory.path(), &[SEND]).await;
    let before = memory_bytes(&child);
    let piece = [b'x'; 1_000];
    let table: [(&str, Vec<u8>, Vec<u8>); 3] = [
        (
            "fragments",
            frame(TEXT, &piece),
            frame(CONTINUATION, &piece).repeat(10),
        ),
        (
            "empty fragments",
            frame(TEXT, b""),
            frame(CONTINUATION, b"").repeat(100),
        ),
        (
            "a frame",
            [&[FIN | TEXT, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0][..], &[0; 4]].concat(),
            piece.repeat(10),
        ),
    ];
    for (what, begin, more) in table {
        let mut socket = Socket::open(child.address()).await;
        // The service may be so fast that the connection is gone already.
        let _gone = socket.raw(&begin).await;
        until(&format!("{what} are refused"), async || {
            socket.raw(&more).await.err()
        })
        .await;
    }
    let grown = memory_bytes(&child).saturating_sub(before);
    assert!(grown < 4 << 20, "they cost {grown} bytes");
    let mut socket = Socket::open(child.address()).await;
    let whole = [frame(TEXT, &piece), frame(CONTINUATION, &piece).repeat(65)].concat();
    socket.raw(&whole).await.unwrap();
    assert_eq!(socket.heard().await, Heard::Closed(1009));
}

/// How much memory the service has, in bytes.
fn memory_bytes(child: &Child) -> u64 {
    let bytes = child.memory_bytes();
    require(PROC, bytes.is_some());
    bytes.unwrap_or_default()
}
