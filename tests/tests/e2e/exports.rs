//! Files of an account's charges: who gets them, what is in them, and how they end.

use std::net::SocketAddr;

use credits_core::{
    domain::{
        catalog::Generation,
        command::{Command, PriceGuard, Request},
        ids::{AccountId, ActionId, ModelId, OperationId},
    },
    ledger::Answer,
};
use credits_tests::harness::{EventStream, Rights, Service, StreamEvent, http_client};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use crate::raw::{Answer as Got, Raw};

const MANY: usize = 10_000;
/// Charges that are decided at a time.
const AT_ONCE: usize = 500;
/// Small, so that most of a file has to wait for its reader.
const RECEIVE_BUFFER_BYTES: u32 = 4_096;
const DAYS: (&str, &str) = ("2026-01-31", "2026-02-01");

fn export(form: &str, parameters: &[(&str, &str)]) -> Raw {
    Raw::new("GET")
        .path(&format!("/export/usage.{form}"))
        .parameters(parameters)
}

fn of(account: &str) -> [(&'static str, &str); 3] {
    [("accountId", account), ("from", DAYS.0), ("to", DAYS.1)]
}

async fn get(service: &Service, form: &str, account: &str) -> Got {
    let token = service.token("studio", Rights::Studio);
    export(form, &of(account))
        .send(service.address(), &token)
        .await
}

/// The body without what names the request.
fn told(answer: &Got) -> (u16, Value) {
    let mut body: Value = serde_json::from_str(&answer.text).expect("a fault is JSON");
    body["errors"][0]["extensions"]["traceId"].take();
    (answer.status, body)
}

#[actix_web::test]
async fn a_file_has_every_charge_of_its_days_as_the_api_shows_it() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let picture = json!({
        "accountId": "ada", "action": "text-to-image", "model": "pencil", "variations": 3,
        "project": "=cmd(\"calc\"),1",
    });
    let first = studio.done("charge", picture).await;
    service.set_time("2026-02-01T23:59:59.999999Z");
    let film = json!({ "accountId": "ada", "action": "text-to-video", "model": "reel" });
    let held = studio.done("reserve", film).await;
    let hold = held["operation"]["operationId"].as_str().expect("a hold");
    let settled = studio
        .done("settle", json!({ "accountId": "ada", "holdId": hold }))
        .await;
    service.set_time("2026-02-02T00:00:00Z");
    let later = json!({ "accountId": "ada", "action": "text-to-image", "model": "easel" });
    studio.done("charge", later).await;

    let (one, other) = (
        first["operation"]["operationId"].as_str().expect("an id"),
        settled["operation"]["operationId"].as_str().expect("an id"),
    );
    let csv = get(&service, "csv", "ada").await;
    assert_eq!(csv.status, 200, "{}", csv.text);
    let expected = format!(
        "sequence,operationId,at,action,model,project,variations,seconds,resolution,quality,cost,\
         holdId,late,regenerateOf,catalogVersion\r\n\
         3,{one},2026-01-31T10:00:00.000000Z,text-to-image,pencil,\"'=cmd(\"\"calc\"\"),1\",3,,,,15,,false,,1\r\n\
         5,{other},2026-02-01T23:59:59.999999Z,text-to-video,reel,,1,5,,,75,{hold},false,,1\r\n"
    );
    assert_eq!(csv.text, expected);
    let header = |name: &str| csv.header(name).to_owned();
    assert_eq!(
        header("content-type"),
        "text/csv; charset=utf-8; header=present"
    );
    assert_eq!(
        header("content-disposition"),
        "attachment; filename=\"usage-2026-01-31-to-2026-02-01.csv\""
    );
    assert_eq!(header("cache-control"), "no-store, no-transform");
    assert_eq!(header("content-encoding"), "");

    let lines = get(&service, "jsonl", "ada").await;
    let lines: Vec<Value> = lines
        .text
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is JSON"))
        .collect();
    assert_eq!(lines.len(), 2);
    let charge = json!({
        "sequence": 3, "operationId": one, "at": "2026-01-31T10:00:00.000000Z",
        "action": "text-to-image", "model": "pencil", "project": "=cmd(\"calc\"),1", "variations": 3,
        "seconds": null, "resolution": null, "quality": null, "cost": 15, "holdId": null,
        "late": false, "regenerateOf": null, "catalogVersion": 1,
    });
    assert_eq!(lines[0], charge);
    assert_eq!(lines[1]["holdId"], hold);

    // An account's own token names none, and days without charges are a file without lines.
    let own = export("jsonl", &[("from", DAYS.0), ("to", DAYS.1)]);
    let token = service.token("ada", Rights::User);
    assert_eq!(
        own.send(service.address(), &token)
            .await
            .text
            .lines()
            .count(),
        2
    );
    let empty = export("csv", &[("from", "2026-03-01"), ("to", "2026-03-01")]);
    let empty = empty.send(service.address(), &token).await;
    assert_eq!((empty.status, empty.text.lines().count()), (200, 1));
}

#[actix_web::test]
async fn a_file_is_for_whoever_may_read_the_account() {
    let service = Service::start().await;
    service.studio().open("ada").await;
    let to = service.address();
    let user = service.token("bob", Rights::User);
    let studio = service.token("studio", Rights::Studio);

    let nobody = http_client().get(format!("http://{to}/export/usage.csv?from=x&to=y"));
    let nobody = nobody.send().await.expect("it answers");
    assert_eq!(nobody.status(), 401);
    assert_eq!(
        nobody.headers().get("www-authenticate").expect("how"),
        "Bearer"
    );
    let bad = export("csv", &of("ada")).send(to, "no.token").await;
    assert_eq!(
        (bad.status, bad.codes()),
        (401, vec!["UNAUTHENTICATED".to_owned()])
    );
    assert_eq!(
        bad.header("www-authenticate"),
        "Bearer error=\"invalid_token\""
    );
    let powerless = service.token_with("ada", &[]);
    let forbidden = export("csv", &of("ada")).send(to, &powerless).await;
    assert_eq!(
        (forbidden.status, forbidden.codes()),
        (403, vec!["FORBIDDEN".to_owned()])
    );

    let foreign = export("csv", &of("ada")).send(to, &user).await;
    let unknown = export("csv", &of("eve")).send(to, &user).await;
    let unopened = export("csv", &of("eve")).send(to, &studio).await;
    assert_eq!(
        (foreign.status, foreign.codes()),
        (404, vec!["NOT_FOUND".to_owned()])
    );
    assert_eq!(told(&foreign), told(&unknown));
    assert_eq!(told(&foreign), told(&unopened));

    let (from, until) = (("from", DAYS.0), ("to", DAYS.1));
    let ada = ("accountId", "ada");
    for parameters in [
        vec![ada, from],
        vec![ada, from, until, ("format", "xlsx")],
        vec![ada, from, from, until],
        vec![ada, from, ("to", "2026-01-30")],
        vec![ada, from, ("to", "2027-03-07")],
        vec![ada, from, ("to", "today")],
        vec![("accountId", "a b"), from, until],
        // The studio has no account of its own by that name, so that it is not found.
    ] {
        let refused = export("jsonl", &parameters).send(to, &studio).await;
        let code = vec!["BAD_USER_INPUT".to_owned()];
        assert_eq!(
            (refused.status, refused.codes()),
            (400, code),
            "{parameters:?}"
        );
    }
    let post = Raw::new("POST")
        .path("/export/usage.csv")
        .send(to, &studio)
        .await;
    assert_eq!((post.status, post.header("allow")), (405, "GET, OPTIONS"));
    let page = export("csv", &of("ada")).header("origin", "https://evil.example");
    assert_eq!(page.send(to, &studio).await.status, 403);
    let page = export("csv", &of("ada")).header("origin", "http://localhost:3000");
    let page = page.send(to, &studio).await;
    assert_eq!(
        page.header("access-control-allow-origin"),
        "http://localhost:3000"
    );
    let exposed = page.header("access-control-expose-headers");
    assert!(exposed.contains("content-disposition"), "{exposed}");
}

/// An account with ten thousand charges.
async fn busy(service: &Service) {
    let studio = service.studio();
    studio.open("ada").await;
    let mut pack = crate::spending::boost("ada", "pay-1");
    pack["quantity"] = json!(300);
    studio.done("purchasePack", pack).await;
    let account = AccountId::parse("ada").expect("an id");
    let charge = |_| {
        let command = Command {
            operation_id: OperationId(uuid::Uuid::now_v7()),
            request: Request::Charge {
                generation: picture(),
                guard: PriceGuard::default(),
            },
        };
        service.ledger().execute(&account, command)
    };
    for _ in 0..MANY / AT_ONCE {
        for answer in join_all((0..AT_ONCE).map(charge)).await {
            let Ok(Answer::Decided { outcome, .. }) = answer else {
                panic!("it is decided: {answer:?}");
            };
            assert!(matches!(
                outcome,
                credits_core::domain::outcome::Outcome::Accepted(_)
            ));
        }
    }
}

fn picture() -> Generation {
    Generation::of(
        ActionId::parse("text-to-image").expect("an id"),
        ModelId::parse("pencil").ok(),
    )
}

/// A file that is read as slowly as a test likes, byte by byte as it is sent.
struct Slow {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Slow {
    /// Asks for the file and reads no more than its first line and some of the second.
    async fn ask(to: SocketAddr, token: &str) -> Slow {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket
            .set_recv_buffer_size(RECEIVE_BUFFER_BYTES)
            .expect("it is set");
        let mut stream = socket.connect(to).await.expect("it listens");
        let (from, until) = DAYS;
        let request = format!(
            "GET /export/usage.jsonl?accountId=ada&from={from}&to={until} HTTP/1.1\r\n\
             host: {to}\r\nauthorization: Bearer {token}\r\n\r\n"
        );
        stream
            .write_all(request.as_bytes())
            .await
            .expect("it is sent");
        let mut slow = Slow {
            stream,
            read: Vec::new(),
        };
        while positions(&String::from_utf8_lossy(&slow.read)).len() < 2 {
            assert!(slow.read_some().await > 0, "it begins");
        }
        slow
    }

    /// Reads a little; how much.
    async fn read_some(&mut self) -> usize {
        let mut piece = [0; 1_024];
        let read = self.stream.read(&mut piece).await.unwrap_or(0);
        self.read.extend_from_slice(&piece[..read]);
        read
    }

    /// Reads until there is no more, or the transfer says that it is complete.
    async fn read_all(mut self) -> String {
        while !self.read.ends_with(b"\r\n0\r\n\r\n") {
            if self.read_some().await == 0 {
                break;
            }
        }
        String::from_utf8(self.read).expect("a file is UTF-8")
    }
}

/// The positions of the lines of a file as it was sent, in their order. A line may go on over a chunk.
fn positions(sent: &str) -> Vec<u64> {
    let begin = "{\"sequence\":";
    let number = |line: &str| line.split(',').next()?.parse().ok();
    sent.split(begin).skip(1).filter_map(number).collect()
}

#[actix_web::test]
async fn a_slow_reader_gets_all_of_a_file_and_nothing_that_came_after_it() {
    let service = Service::start().await;
    busy(&service).await;
    let token = service.token("studio", Rights::Studio);
    let slow = Slow::ask(service.address(), &token).await;
    // Everybody else goes on meanwhile: charges, and a reader who is fast.
    let studio = service.studio();
    let later = json!({ "accountId": "ada", "action": "text-to-image", "model": "easel" });
    for _ in 0..20 {
        studio.done("charge", later.clone()).await;
    }
    let fast = get(&service, "csv", "ada").await;
    assert_eq!(fast.text.lines().count(), 1 + MANY + 20);
    let sent = slow.read_all().await;
    assert!(sent.ends_with("\r\n0\r\n\r\n"), "it is complete");
    // The account was opened, subscribed and sold a pack before.
    let expected: Vec<u64> = (4..4 + MANY as u64).collect();
    assert!(positions(&sent) == expected, "every charge once, in order");

    // What is summed is what is exported.
    let query = "{ account(accountId: \"ada\") { usage(from: \"2026-01-31\", to: \"2026-01-31\", by: []) \
                 { totals { charges credits } } } }";
    let data = studio.read(query, json!({})).await;
    let totals = json!({ "charges": MANY + 20, "credits": MANY * 5 + 20 * 10 });
    assert_eq!(data["account"]["usage"]["totals"], totals);
}

#[actix_web::test]
async fn a_file_that_a_shutdown_cuts_off_is_seen_to_be_cut_off() {
    let service = Service::start().await;
    busy(&service).await;
    let token = service.token("studio", Rights::Studio);
    let slow = Slow::ask(service.address(), &token).await;
    let url = format!("http://{}/graphql", service.address());
    let query = json!({ "query": "subscription { balance(accountId: \"ada\") { sequence } }" });
    let mut events = EventStream::open(&url, Some(&token), Some(&query)).await;
    let reading = async {
        // When streams are told to end, so are files.
        while !matches!(
            events.event().await,
            StreamEvent::Complete | StreamEvent::End
        ) {}
        slow.read_all().await
    };
    let (sent, ()) = tokio::join!(reading, service.stop());
    assert!(
        !sent.ends_with("0\r\n\r\n"),
        "it does not say that it is complete"
    );
    let sent = positions(&sent).len();
    assert!((1..MANY).contains(&sent), "{sent} charges");
}
