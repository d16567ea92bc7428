//! What an account is told without having asked, what its charges say, and how long it lasts.

use credits_tests::harness::{CATALOG, Client, Rights, Service, Socket, with};
use serde_json::{Value, json};

use crate::feeds::until_heard;

const NOTICES: &str = "subscription($id: ID) { notices(accountId: $id) { id code message at __typename \
    ... on LowNotice { percent available } ... on LapsesSoonNotice { lapsesAt amount } \
    ... on RenewsSoonNotice { renewsAt renewsWith } \
    ... on PriceChangeNotice { effectiveAt catalogVersion charges charged wouldHaveCost notOffered } } }";

fn film() -> Value {
    json!({ "accountId": "ada", "action": "text-to-video", "model": "reel" })
}

fn pictures(model: &str, variations: u32) -> Value {
    json!({ "accountId": "ada", "action": "text-to-image", "model": model, "variations": variations })
}

/// The ids of all notices, oldest first, read from the end by two.
async fn from_the_end(client: &Client) -> Vec<Value> {
    let query = "query($before: String) { viewer { notices(last: 2, before: $before) { nodes { id }
        pageInfo { hasPreviousPage startCursor } } } }";
    let (mut ids, mut before) = (Vec::new(), Value::Null);
    loop {
        let data = client.read(query, json!({ "before": before })).await;
        let page = &data["viewer"]["notices"];
        let nodes = page["nodes"].as_array().expect("a list").iter().rev();
        ids.extend(nodes.map(|notice| notice["id"].clone()));
        if page["pageInfo"]["hasPreviousPage"] != true {
            return ids;
        }
        before = page["pageInfo"]["startCursor"].clone();
    }
}

async fn told(client: &Client, first: u32, after: Option<&str>) -> (Vec<Value>, Value) {
    let query = "query($first: Int, $after: String) { account(accountId: \"ada\") { \
        notices(first: $first, after: $after) { nodes { id code at } pageInfo { hasNextPage endCursor } } } }";
    let mut read = client
        .read(query, json!({ "first": first, "after": after }))
        .await;
    let mut notices = read["account"]["notices"].take();
    let nodes = notices["nodes"].as_array().expect("a list").clone();
    (nodes, notices["pageInfo"].take())
}

/// When the next notice is told, and what it is.
async fn next(socket: &mut Socket, id: &str) -> Value {
    socket.data(id).await["notices"].take()
}

fn brief(notice: &Value) -> (&str, &str) {
    let text = |key: &str| notice[key].as_str().unwrap_or_else(|| panic!("{notice}"));
    (text("code"), &text("at")[..10])
}

#[actix_web::test]
async fn notices_come_as_they_become_true_and_can_be_read_later() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let token = service.token("ada", Rights::User);
    let mut socket = Socket::ready(service.address(), &token).await;
    socket.subscribe("1", NOTICES, json!({})).await;
    until_heard(&mut socket).await;

    service.set_time("2026-02-02T10:00:00Z");
    for _ in 0..5 {
        studio.done("charge", film()).await; // 125 of 500 are left
    }
    studio.done("charge", pictures("easel", 3)).await;
    let low = next(&mut socket, "1").await;
    assert_eq!(brief(&low), ("LOW", "2026-02-02"));
    assert_eq!(
        (&low["percent"], &low["available"]),
        (&json!(20), &json!(95))
    );

    // Low it stays, and is not told again. The period ends on the 28th, at 10.
    studio.done("charge", pictures("pencil", 1)).await;
    service.set_time("2026-02-21T10:00:00Z");
    let lapses = next(&mut socket, "1").await;
    assert_eq!(brief(&lapses), ("LAPSES_SOON", "2026-02-21"));
    assert_eq!(lapses["amount"], 90);
    assert_eq!(lapses["lapsesAt"], "2026-02-28T10:00:00.000000Z");
    service.set_time("2026-02-25T10:00:00Z");
    let renews = next(&mut socket, "1").await;
    assert_eq!(brief(&renews), ("RENEWS_SOON", "2026-02-25"));
    assert_eq!(renews["renewsWith"], 500);

    // A dearer catalog that counts in April.
    let source = CATALOG.replace("price = 10\n", "price = 12\n");
    let publish = json!({ "source": source, "effectiveAt": "2026-04-01T00:00:00Z" });
    studio.done("publishCatalog", publish).await;
    let prices = next(&mut socket, "1").await;
    assert_eq!(brief(&prices), ("PRICE_CHANGE_ANNOUNCED", "2026-02-25"));
    let (charges, charged) = (&prices["charges"], &prices["charged"]);
    assert_eq!((charges, charged), (&json!(7), &json!(410)));
    assert_eq!(prices["wouldHaveCost"], 416);
    assert_eq!(
        (&prices["notOffered"], &prices["catalogVersion"]),
        (&json!(0), &json!(2))
    );

    // The same are read later, by pages, newest first; who comes back is told what still is so.
    let ids = |notices: &[Value]| -> Vec<Value> {
        notices.iter().map(|notice| notice["id"].clone()).collect()
    };
    let live = [&low, &lapses, &renews, &prices].map(Value::clone);
    let user = service.user("ada");
    let (first, info) = told(&user, 3, None).await;
    let (second, end) = told(&user, 3, info["endCursor"].as_str()).await;
    assert_eq!(
        (&info["hasNextPage"], &end["hasNextPage"]),
        (&json!(true), &json!(false))
    );
    let mut all = [first, second].concat();
    all.reverse();
    assert_eq!(ids(&all), ids(&live));
    assert_eq!(from_the_end(&user).await, ids(&live));
    drop(socket);
    // A file names what is published at start: this one says nothing.
    let service = service.restart_with(|settings| settings.catalog.file = None);
    let service = service.await;
    let mut back = service.socket().await;
    back.subscribe("1", NOTICES, json!({ "id": "ada" })).await;
    for expected in &live {
        assert_eq!(next(&mut back, "1").await, *expected);
    }

    // Two months pass at once: each is told as of its own instant. The prices are no news by then.
    service.set_time("2026-04-26T00:00:00Z");
    let mut heard = Vec::new();
    for _ in 0..3 {
        heard.push(next(&mut back, "1").await);
    }
    let heard: Vec<_> = heard.iter().map(brief).collect();
    let expected = [
        ("LAPSES_SOON", "2026-03-24"),
        ("RENEWS_SOON", "2026-03-28"),
        ("LAPSES_SOON", "2026-04-23"),
    ];
    assert_eq!(heard, expected);
}

#[actix_web::test]
async fn nobody_hears_the_notices_of_another() {
    let service = Service::start().await;
    service.studio().open("ada").await;
    let token = service.token("bob", Rights::User);
    let mut socket = Socket::ready(service.address(), &token).await;
    for (id, asked) in [("1", json!({})), ("2", json!({ "id": "ada" }))] {
        socket.subscribe(id, NOTICES, asked).await;
        let refused = socket.next(id).await;
        assert_eq!(
            refused["errors"][0]["extensions"]["code"], "NOT_FOUND",
            "{refused}"
        );
        let complete = json!({ "type": "complete", "id": id });
        assert_eq!(socket.message().await, complete);
    }
}

#[actix_web::test]
async fn insights_count_what_to_be_careful_with() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let fox = json!({ "prompt": "a fox", "project": "p" });
    let first = studio
        .done("charge", with(pictures("pencil", 1), &fox))
        .await;
    let first = &first["operation"]["operationId"];
    studio
        .done("charge", with(pictures("easel", 2), &fox))
        .await;
    let again = with(
        pictures("easel", 1),
        &with(fox, &json!({ "regenerateOf": first })),
    );
    studio.done("charge", again).await;
    service.set_time("2026-02-01T12:00:00Z");
    studio.done("charge", film()).await;

    let query = "query($from: Date!, $to: Date!) { viewer { insights(from: $from, to: $to) { \
        charges credits complete points { point count credits charges(first: 1) { cost model } \
        onCheaperModel { model cheaperModel count creditsToday creditsOnCheaperModel } } } } }";
    let user = service.user("ada");
    let days = json!({ "from": "2026-01-31", "to": "2026-02-01" });
    let insights = user.read(query, days).await["viewer"]["insights"].take();
    assert_eq!(
        (
            &insights["charges"],
            &insights["credits"],
            &insights["complete"]
        ),
        (&json!(4), &json!(110), &json!(true))
    );
    let points = insights["points"].as_array().expect("a list");
    let counted: Vec<_> = points
        .iter()
        .map(|one| {
            (
                one["point"].as_str().expect("a name"),
                one["count"].as_i64(),
                one["credits"].as_i64(),
            )
        })
        .collect();
    assert_eq!(
        counted,
        [
            ("MANY_VARIATIONS", Some(1), Some(20)),
            ("VIDEO", Some(1), Some(75)),
            ("MODEL_SWITCH", Some(1), Some(20)),
            ("REPEATED_PROMPT", Some(1), Some(10)),
            ("REGENERATE", Some(1), Some(10)),
        ]
    );
    assert_eq!(
        points[1]["charges"],
        json!([{ "cost": 75, "model": "reel" }])
    );
    assert_eq!(
        points[1]["onCheaperModel"],
        json!([]),
        "no other model makes films"
    );
    let cheaper = json!([{
        "model": "easel", "cheaperModel": "pencil", "count": 1,
        "creditsToday": 20, "creditsOnCheaperModel": 10,
    }]);
    assert_eq!(points[0]["onCheaperModel"], cheaper);

    // Another day has other charges; a period that makes no sense is the caller's mistake.
    let days = json!({ "from": "2026-02-01", "to": "2026-02-01" });
    let insights = user.read(query, days).await["viewer"]["insights"].take();
    assert_eq!(
        (&insights["charges"], &insights["credits"]),
        (&json!(1), &json!(75))
    );
    for (from, to) in [
        ("2026-02-02", "2026-02-01"),
        ("2025-01-01", "2026-02-05"),
        ("now", "2026-02-01"),
    ] {
        let reply = user.send(query, json!({ "from": from, "to": to })).await;
        assert_eq!(reply.code(), "BAD_USER_INPUT", "{from} to {to}");
    }
}

#[actix_web::test]
async fn a_forecast_needs_a_week_and_says_how_long_it_lasts() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let query = "{ account(accountId: \"ada\") { forecast { __typename \
        ... on NotEnoughData { code days daysNeeded charges chargesNeeded } \
        ... on UsageForecast { pace { from to days charges credits creditsPerDay } \
        runOut { earliest latest renewsAt } lapsing { at credits rollsOver } } } } }";
    let forecast = || async { studio.read(query, json!({})).await["account"]["forecast"].take() };
    for day in 1..=7 {
        service.set_time(&format!("2026-02-{day:02}T09:00:00Z"));
        studio.done("charge", pictures("easel", 4)).await; // 40 a day
        let few = forecast().await;
        assert_eq!(few["code"], "NOT_ENOUGH_DATA");
        assert_eq!(
            (&few["days"], &few["daysNeeded"]),
            (&json!(day - 1), &json!(7))
        );
        assert_eq!(
            (&few["charges"], &few["chargesNeeded"]),
            (&json!(day - 1), &json!(5))
        );
    }
    // Today does not count; 220 are left, which last five days and a half.
    service.set_time("2026-02-08T00:00:00Z");
    let expected = json!({
        "__typename": "UsageForecast",
        "pace": {
            "from": "2026-02-01", "to": "2026-02-07", "days": 7, "charges": 7, "credits": 280,
            "creditsPerDay": 40.0,
        },
        "runOut": {
            "earliest": "2026-02-13T12:00:00.000000Z", "latest": "2026-02-13T12:00:00.000000Z",
            "renewsAt": "2026-02-28T10:00:00.000000Z",
        },
        "lapsing": { "at": "2026-02-28T10:00:00.000000Z", "credits": 0, "rollsOver": 0 },
    });
    assert_eq!(forecast().await, expected);
}
