//! The edge against a small schema of its own, as a client sees it.
//!
//! Owns the schema and the app the tests share; each file is one subject.

mod documents;
mod events;
mod faults;
mod page;
mod persisted;
mod server;
mod transport;

use std::{
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix_web::{
    App,
    http::{StatusCode, header::HeaderMap},
    test::{self, TestRequest},
};
use async_graphql::{
    Context, Enum, InputObject, InputValueError, InputValueResult, Interface, Object, Scalar,
    ScalarType, SimpleObject, Subscription, Value,
};
use credits_core::{clock::Clock, domain::time::Instant};
use futures_util::{FutureExt, Stream, StreamExt, future::LocalBoxFuture, stream};
use secrecy::SecretSlice;
use serde_json::Value as Json;
use tokio::sync::Semaphore;

use super::{Edge, Engine, Origins, Page, Persisted, Readiness, Streams, Timeouts, Worker, routes};
use crate::{
    auth::{Scope, Scopes, TokenMint, TokenTime, Verifier, VerifyingKey, Viewer, caller},
    error::{Fault, FaultCode},
};

/// The instant of all tests, in seconds since 1970.
const NOW: i64 = 1_800_000_000;
const SECRET: &[u8] = b"a secret of the tests, 32 bytes long";

/// An hour each: a slow machine decides nothing.
const PATIENT: Timeouts = {
    let hour = Duration::from_secs(3_600);
    Timeouts {
        request: hour,
        head: hour,
        keep_alive: hour,
        init: hour,
        ping_interval: hour,
        send: hour,
        linger: hour,
        shutdown_notice: hour,
    }
};

/// What mutations did, and whether one that stalls may go on.
#[derive(Clone)]
struct Runs {
    /// How often one ran.
    added: Arc<AtomicUsize>,
    /// A permit for each that has begun to stall.
    stalled: Arc<Semaphore>,
    /// A permit lets one of them go on.
    go_on: Arc<Semaphore>,
}

impl Default for Runs {
    fn default() -> Runs {
        Runs {
            added: Arc::default(),
            stalled: Arc::new(Semaphore::new(0)),
            go_on: Arc::new(Semaphore::new(0)),
        }
    }
}

impl Runs {
    fn count(&self) -> usize {
        self.added.load(Ordering::SeqCst)
    }
}

struct Query;

#[derive(Interface)]
#[graphql(field(name = "id", ty = "&i32"))]
enum Node {
    Shelf(Shelf),
}

#[derive(SimpleObject)]
#[graphql(complex)]
struct Shelf {
    id: i32,
}

#[async_graphql::ComplexObject]
impl Shelf {
    #[graphql(complexity = "usize::try_from(first).unwrap_or(0) * (1 + child_complexity)")]
    async fn books(&self, first: i32) -> Vec<Book> {
        (0..first.min(3)).map(|id| Book { id }).collect()
    }
}

#[derive(SimpleObject)]
struct Book {
    id: i32,
}

#[derive(InputObject)]
struct EchoInput {
    text: String,
    times: Option<i32>,
    color: Option<Color>,
    even: Option<Even>,
    inner: Option<Box<EchoInput>>,
}

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
enum Color {
    Red,
    Blue,
}

struct Even(i64);

#[Scalar]
impl ScalarType for Even {
    fn parse(value: Value) -> InputValueResult<Even> {
        match value {
            Value::Number(number) if number.as_i64().is_some_and(|n| n % 2 == 0) => {
                Ok(Even(number.as_i64().unwrap_or_default()))
            }
            _ => Err(InputValueError::custom("it must be an even number")),
        }
    }

    fn to_value(&self) -> Value {
        Value::from(self.0)
    }
}

#[Object]
impl Query {
    async fn hello(&self) -> &str {
        "world"
    }

    async fn deep(&self) -> Query {
        Query
    }

    async fn node(&self) -> Node {
        Node::Shelf(Shelf { id: 1 })
    }

    async fn echo(&self, input: EchoInput) -> String {
        let shade = input.color.map_or("", |color| match color {
            Color::Red => "red ",
            Color::Blue => "blue ",
        });
        let inner = input.inner.map_or_else(String::new, |inner| inner.text);
        let times = usize::try_from(input.times.unwrap_or(1)).unwrap_or(0);
        let even = input.even.map_or(0, |even| even.0);
        format!("{shade}{}{inner}{even}", input.text.repeat(times))
    }

    async fn number(&self, value: i32) -> i32 {
        value
    }

    async fn who(&self, ctx: &Context<'_>) -> async_graphql::Result<String> {
        let caller = caller(ctx.data::<Viewer>()?)?;
        caller.require(Scope::CreditsRead)?;
        Ok(caller.subject.to_string())
    }

    async fn leak(&self) -> async_graphql::Result<Option<String>> {
        Err(std::io::Error::other(
            "UNIQUE constraint failed: secret.table",
        ))?
    }

    async fn busy(&self) -> async_graphql::Result<Option<String>> {
        Err(Fault::new(FaultCode::Overloaded, "The queue is full."))?
    }

    async fn family(&self) -> Vec<Option<Parent>> {
        vec![Some(Parent), None]
    }

    async fn boom(&self) -> String {
        std::hint::black_box(None::<String>).expect("a panic of the tests")
    }

    async fn slow(&self) -> Option<String> {
        std::future::pending().await
    }
}

/// Something whose fields fail, some nullable and some not.
struct Parent;

#[Object]
impl Parent {
    async fn id(&self) -> i32 {
        1
    }

    async fn may(&self) -> async_graphql::Result<Option<i32>> {
        Err(Fault::new(FaultCode::Overloaded, "no"))?
    }

    async fn must(&self) -> async_graphql::Result<i32> {
        Err(Fault::new(FaultCode::Overloaded, "no"))?
    }

    async fn child(&self) -> Parent {
        Parent
    }

    async fn children(&self) -> Option<Vec<Parent>> {
        Some(vec![Parent, Parent])
    }
}

struct Mutation;

#[Object]
impl Mutation {
    async fn add(&self, ctx: &Context<'_>) -> async_graphql::Result<usize> {
        Ok(ctx.data::<Runs>()?.added.fetch_add(1, Ordering::SeqCst) + 1)
    }

    async fn stall(
        &self,
        ctx: &Context<'_>,
        operation_id: String,
    ) -> async_graphql::Result<String> {
        let runs = ctx.data::<Runs>()?;
        runs.stalled.add_permits(1);
        runs.go_on.acquire().await?.forget();
        Ok(operation_id)
    }
}

struct Ticks;

#[Subscription]
impl Ticks {
    async fn ticks(&self) -> impl Stream<Item = i32> {
        stream::iter([1, 2])
    }

    async fn tocks(&self) -> impl Stream<Item = i32> {
        stream::iter([1, 2])
    }

    async fn breaks(&self) -> impl Stream<Item = async_graphql::Result<i32>> {
        stream::iter([1, 2, 3]).map(|number| match number {
            1 => Ok(1),
            2 => Err(Fault::new(FaultCode::Overloaded, "no"))?,
            _ => Ok(std::hint::black_box(None).expect("a panic of the tests")),
        })
    }

    async fn leaks(&self) -> async_graphql::Result<stream::Empty<i32>> {
        Err(std::io::Error::other("UNIQUE constraint failed"))?
    }
}

fn edge(runs: &Runs) -> Edge {
    let key = VerifyingKey::from_bytes(Some("a".to_owned()), SECRET).expect("long enough");
    let engine =
        Engine::new(|| async_graphql::Schema::build(Query, Mutation, Ticks).data(runs.clone()));
    let now = Instant::from_micros(NOW * 1_000_000);
    Edge {
        engine: Box::new(engine),
        verifier: Verifier::new(vec![key], "issuer", "audience"),
        origins: Origins {
            allowed: vec!["https://studio.example".to_owned()],
            loopback: false,
        },
        page: Page {
            account: "demo",
            mint: None,
        },
        persisted: Persisted::default(),
        readiness: Readiness::default(),
        streams: Streams::new(100),
        exports: None,
        body_bytes_max: 256 * 1024,
        timeouts: PATIENT,
        token_time: TokenTime::Of(Clock::manual(now.expect("it is after 1970"), 0.0)),
    }
}

/// A token for `subject` that lasts a minute, or has ended a minute ago.
fn token(subject: &str, scopes: &[Scope], good: bool) -> String {
    let secret = SecretSlice::from(SECRET.to_vec());
    let mint = TokenMint::new(Some("a".to_owned()), &secret, "issuer", "audience");
    let scopes: Scopes = scopes.iter().copied().collect();
    let now = if good { NOW } else { NOW - 120 };
    mint.mint(subject, scopes, now, 60).expect("HS256 signs")
}

/// What a client gets.
#[derive(Debug)]
struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
    json: Json,
}

impl Reply {
    /// The code of the first error.
    fn code(&self) -> &str {
        self.json["errors"][0]["extensions"]["code"]
            .as_str()
            .unwrap_or("")
    }

    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
    }
}

type Send = Rc<dyn Fn(TestRequest) -> LocalBoxFuture<'static, Reply>>;

/// One worker's app.
async fn app(edge: Edge) -> Send {
    let app = App::new().configure(routes(Worker::new(Arc::new(edge))));
    let service = Rc::new(test::init_service(app).await);
    Rc::new(move |request: TestRequest| {
        let service = Rc::clone(&service);
        async move {
            let response = test::call_service(&*service, request.to_request()).await;
            let (status, headers) = (response.status(), response.headers().clone());
            let body = test::read_body(response).await;
            let json = serde_json::from_slice(&body).unwrap_or(Json::Null);
            Reply {
                status,
                headers,
                text: String::from_utf8_lossy(&body).into_owned(),
                json,
            }
        }
        .boxed_local()
    })
}

/// A POST of this document.
fn post(query: &str) -> TestRequest {
    post_with(query, Json::Null)
}

fn post_with(query: &str, variables: Json) -> TestRequest {
    TestRequest::post()
        .uri("/graphql")
        .insert_header(("accept", "application/graphql-response+json"))
        .set_json(serde_json::json!({ "query": query, "variables": variables }))
}

/// A GET of this document, which must need no escaping but braces.
fn get(query: &str) -> TestRequest {
    let query = query
        .replace('{', "%7B")
        .replace('}', "%7D")
        .replace(' ', "%20");
    TestRequest::get().uri(&format!("/graphql?query={query}"))
}
