//! Many streams, and clients that behave badly on them: what each costs, and when it is over.

use std::{
    cell::Cell,
    pin::pin,
    time::{Duration, Instant},
};

use credits_api::descriptors;
use credits_tests::harness::{
    Child, EventStream, Heard, Program, Socket, StreamEvent, frame,
    kind::{CONTINUATION, FIN, PONG, TEXT},
    present_or_skip,
};
use futures_util::{
    StreamExt,
    future::{Either, join_all, select},
    stream,
};
use serde_json::json;

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
/// When a client that does not read is cut off, at the latest.
const CUT_OFF_WITHIN: Duration = Duration::from_secs(15);
/// How long an orderly end may take: what a supervisor grants.
const END_WITHIN: Duration = Duration::from_secs(10);
/// How often the drill looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How many sockets are opened at a time.
const AT_ONCE: usize = 50;

const BALANCE: &str = "subscription($id: ID!) { balance(accountId: $id) { sequence snapshot \
                       balance { available held } } }";

fn account(number: usize) -> String {
    format!("account-{}", number % ACCOUNTS)
}

async fn serve(directory: &std::path::Path) -> Child {
    // A test's own limit is as low as that of the service would be.
    descriptors::raise_limit();
    let program = Program::find();
    program.furnish(directory);
    let child = program.serve(directory).await;
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
async fn ten_thousand_idle_subscriptions_are_cheap_and_end_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let mut child = serve(directory.path()).await;
    let before = child.memory_bytes();
    let mut sockets = watchers(&child, SOCKETS, SUBSCRIPTIONS).await;
    if let (Some(before), Some(after)) = (before, child.memory_bytes()) {
        assert!(
            after < MEMORY_BYTES_MAX,
            "{} subscriptions take {after} bytes, {before} before",
            SOCKETS * SUBSCRIPTIONS
        );
    } else {
        present_or_skip("/proc, for the memory of a process", false);
    }
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

    let asked = Instant::now();
    child.terminate();
    for socket in &mut sockets {
        assert_eq!(socket.closed().await, 1001);
    }
    assert_eq!(events.event().await, StreamEvent::Complete);
    let status = loop {
        if let Some(status) = child.ended() {
            break status;
        }
        assert!(asked.elapsed() < END_WITHIN, "it ends in time");
        actix_web::rt::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(status.code(), Some(0));
}

#[actix_web::test]
async fn clients_that_do_not_read_are_cut_off_and_cost_little() {
    const DEAF: usize = 8;
    let directory = tempfile::tempdir().unwrap();
    let child = serve(directory.path()).await;
    let before = child.memory_bytes();
    let all = join_all((0..DEAF).map(|_| shout(&child)));
    let most = Cell::new(before);
    let watching = async {
        loop {
            most.set(most.get().max(child.memory_bytes()));
            actix_web::rt::time::sleep(LOOK_EVERY).await;
        }
    };
    let took: Vec<Duration> = match select(pin!(all), pin!(watching)).await {
        Either::Left((took, _)) => took,
        Either::Right((never, _)) => never,
    };
    for took in took {
        assert!(
            took < CUT_OFF_WITHIN,
            "a deaf client is cut off after {took:?}"
        );
    }
    match (before, most.get()) {
        (Some(before), Some(most)) => {
            let each = (most - before) / DEAF as u64;
            assert!(each < DEAF_BYTES_MAX, "a deaf client costs {each} bytes");
        }
        _ => drop(present_or_skip("/proc, for the memory of a process", false)),
    }
    // Everybody else is served.
    let balance = child.studio().balance(&account(0)).await;
    assert_eq!(balance["available"], 500);
}

/// A client that asks for as much as it may and reads nothing: after how long its connection is gone.
async fn shout(child: &Child) -> Duration {
    let protocol = ("sec-websocket-protocol", "graphql-transport-ws");
    let opened = Socket::open_with(child.address(), &[protocol], Some(4_096)).await;
    let mut socket = opened.expect("it is opened");
    socket.init(child.token()).await;
    let models = "models { id name description tier actions { action { id name } defaults { variations } } }";
    let fields: String = (0..20)
        .map(|n| format!("a{n}: catalog {{ {models} }} "))
        .collect();
    let document = format!("{{ {fields} }}");
    let began = Instant::now();
    for id in 0..49 {
        let id = id.to_string();
        socket.subscribe(&id, &document, json!({})).await;
    }
    // It says that it is there, which does not help.
    while socket.frame(FIN | PONG, b"").await.is_ok() {
        assert!(began.elapsed() < 2 * CUT_OFF_WITHIN, "it is cut off");
        actix_web::rt::time::sleep(LOOK_EVERY).await;
    }
    began.elapsed()
}

#[actix_web::test]
async fn endless_fragments_and_frames_are_refused_where_a_message_must_end() {
    let directory = tempfile::tempdir().unwrap();
    let child = serve(directory.path()).await;
    let before = child.memory_bytes();
    let piece = [b'x'; 1_000];
    let table: [(&str, Vec<u8>, Vec<u8>); 3] = [
        (
            "fragments",
            frame(TEXT, &piece),
            frame(CONTINUATION, &piece),
        ),
        (
            "empty fragments",
            frame(TEXT, b""),
            frame(CONTINUATION, b"").repeat(100),
        ),
        (
            "a frame",
            [&[FIN | TEXT, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0][..], &[0; 4]].concat(),
            piece.to_vec(),
        ),
    ];
    for (what, begin, more) in table {
        let mut socket = Socket::open(child.address()).await;
        let began = Instant::now();
        let mut alive = socket.raw(&begin).await.is_ok();
        while alive {
            alive = socket.raw(&more).await.is_ok();
            assert!(
                began.elapsed() < CUT_OFF_WITHIN,
                "{what} are taken for ever"
            );
        }
    }
    if let (Some(before), Some(after)) = (before, child.memory_bytes()) {
        let grown = after.saturating_sub(before);
        assert!(grown < 4 << 20, "they cost {grown} bytes");
    }
    let mut socket = Socket::open(child.address()).await;
    let whole = [frame(TEXT, &piece), frame(CONTINUATION, &piece).repeat(65)].concat();
    socket.raw(&whole).await.unwrap();
    assert_eq!(socket.heard().await, Heard::Closed(1009));
}
