//! Server-sent events: the same subscriptions over one HTTP response.

use credits_tests::harness::{EventStream, Rights, Service, StreamEvent};
use serde_json::{Value, json};

const BALANCE: &str =
    "subscription { balance(accountId: \"ada\") { snapshot balance { available } } }";

fn url(service: &Service) -> String {
    format!("http://{}/graphql", service.address())
}

async fn stream(service: &Service, query: &str) -> EventStream {
    let token = service.token("studio", Rights::Studio);
    let body = json!({ "query": query });
    EventStream::open(&url(service), Some(&token), Some(&body)).await
}

fn available(update: &Value) -> &Value {
    &update["data"]["balance"]["balance"]["available"]
}

#[actix_web::test]
async fn a_balance_is_followed_over_a_response_that_goes_on() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let mut events = stream(&service, BALANCE).await;
    assert_eq!(events.status, 200);
    let header = |name: &str| {
        let value = events.headers.get(name);
        value.map_or("", |value| value.to_str().expect("a text"))
    };
    assert_eq!(header("content-type"), "text/event-stream; charset=utf-8");
    assert_eq!(header("cache-control"), "no-cache, no-transform");
    assert_eq!(header("content-encoding"), "");
    // So that the client knows at once that it is connected.
    assert_eq!(events.heard().await, StreamEvent::Comment);
    let snapshot = events.next().await;
    assert_eq!(snapshot["data"]["balance"]["snapshot"], true);
    assert_eq!(available(&snapshot), 500);

    let picture = json!({ "accountId": "ada", "action": "text-to-image", "model": "easel" });
    studio.done("charge", picture).await;
    assert_eq!(available(&events.next().await), 490);

    // By GET as well, for what a browser has built in.
    let query = BALANCE.replace(' ', "%20").replace('"', "%22");
    let query = query.replace('{', "%7B").replace('}', "%7D");
    let address = format!("{}?query={query}", url(&service));
    let token = service.token("studio", Rights::Studio);
    let mut got = EventStream::open(&address, Some(&token), None).await;
    assert_eq!(available(&got.next().await), 490);

    let stopping = service.stop();
    let ending = async {
        let mut ends = Vec::new();
        for events in [&mut events, &mut got] {
            ends.push((events.event().await, events.event().await));
        }
        ends
    };
    let ((), ends) = futures_util::future::join(stopping, ending).await;
    let end = (StreamEvent::Complete, StreamEvent::End);
    assert_eq!(ends, [end.clone(), end]);
}

#[actix_web::test]
async fn a_query_is_one_result_and_what_is_refused_is_told_as_one() {
    let service = Service::start().await;
    service.studio().open("ada").await;
    let table = [
        ("{ catalog { version } }", None),
        (
            "mutation { charge(input: { operationId: \"0197a2b4-0000-7000-8000-000000000001\", accountId: \"ada\", action: \"chat\" }) { cost } }",
            None,
        ),
        ("{", Some("GRAPHQL_PARSE_FAILED")),
        ("{ nope }", Some("GRAPHQL_VALIDATION_FAILED")),
        (
            "subscription { a: balance { sequence } b: balance { sequence } }",
            Some("GRAPHQL_VALIDATION_FAILED"),
        ),
        (
            "subscription { balance(accountId: \"unknown\") { sequence } }",
            Some("NOT_FOUND"),
        ),
        // The studio has no account of its own.
        ("subscription { balance { sequence } }", Some("NOT_FOUND")),
    ];
    for (query, code) in table {
        let mut events = stream(&service, query).await;
        assert_eq!(events.status, 200, "{query}");
        let result = events.next().await;
        match code {
            None => assert_eq!(result.get("errors"), None, "{result}"),
            Some(code) => {
                assert_eq!(result["errors"][0]["extensions"]["code"], code, "{query}");
            }
        }
        assert_eq!(events.event().await, StreamEvent::Complete, "{query}");
        assert_eq!(events.heard().await, StreamEvent::End, "{query}");
    }
}

#[actix_web::test]
async fn what_can_not_begin_is_an_http_status() {
    let service = Service::start_with(|settings| settings.http.streams_max = 1).await;
    service.studio().open("ada").await;
    let (url, body) = (url(&service), json!({ "query": BALANCE }));
    let bad = EventStream::open(&url, Some("x.y.z"), Some(&body)).await;
    assert_eq!(bad.status, 401);
    let malformed = EventStream::open(&url, None, Some(&json!({ "query": 7 }))).await;
    assert_eq!(malformed.status, 400);
    let mutation = format!("{url}?query=mutation%7Bcharge%7D");
    let mutation = EventStream::open(&mutation, None, None).await;
    // It does not fit the schema, which is told first.
    assert_eq!(mutation.status, 200);
    let charge = "mutation%7Bcharge(input:%7BoperationId:%220197a2b4-0000-7000-8000-000000000001%22,accountId:%22ada%22,action:%22chat%22%7D)%7Bcost%7D%7D";
    let mutation = EventStream::open(&format!("{url}?query={charge}"), None, None).await;
    assert_eq!(mutation.status, 405);

    let first = stream(&service, BALANCE).await;
    assert_eq!(first.status, 200);
    let second = stream(&service, BALANCE).await;
    assert_eq!(second.status, 503);
}

#[actix_web::test]
async fn a_stream_ends_with_its_token_and_without_being_complete() {
    let service = Service::start().await;
    service.studio().open("ada").await;
    let token = service.token("ada", Rights::User);
    let body = json!({ "query": BALANCE });
    let mut events = EventStream::open(&url(&service), Some(&token), Some(&body)).await;
    assert_eq!(available(&events.next().await), 500);
    service.end_tokens();
    // The client comes back with a fresh one, as it would after any break.
    assert_eq!(events.event().await, StreamEvent::End);
}
