//! GraphiQL: every tab of its tour against a real service, and the page itself in a browser.
//!
//! The tabs are read from where the page has them, so that none can rot.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use credits_core::domain::day::Day;
use credits_tests::harness::{
    Client, Program, START, Service, http_client, instant, operation_id, require,
};
use serde_json::{Map, Value, json};

/// Where the page has its tabs.
const TOUR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../api/graphiql/tour");
/// The test of the page, with its package.
const BROWSER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/browser");

/// One tab.
struct Tab {
    name: String,
    document: String,
    token: String,
    variables: Value,
}

/// The tabs for `account`, each id of them new.
fn tour(account: &str) -> Vec<Tab> {
    let index =
        std::fs::read_to_string(Path::new(TOUR).join("tour.json")).expect("the tour has an index");
    let mut ids = Map::new();
    let mut fill = |text: &str| {
        if let Some(name) = text.strip_prefix("{id:") {
            let id = ids.entry(name).or_insert_with(|| json!(operation_id()));
            return id.clone();
        }
        let days = text.strip_prefix("{day:");
        match days.and_then(|days| days.trim_end_matches('}').parse().ok()) {
            Some(days) => json!(day(days)),
            None => json!(text.replace("{account}", account)),
        }
    };
    let tabs: Vec<Value> = serde_json::from_str(&index).expect("the index is JSON");
    let tab = |tab: Value| {
        let file = Path::new(TOUR).join(tab["file"].as_str().expect("a file"));
        let mut variables = tab["variables"].clone();
        each_text(&mut variables, &mut fill);
        Tab {
            name: file
                .file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned(),
            document: std::fs::read_to_string(&file).expect("the tab has a document"),
            token: tab["token"].as_str().expect("a token").to_owned(),
            variables,
        }
    };
    tabs.into_iter().map(tab).collect()
}

/// The day so many days after the service's first.
fn day(days: i64) -> String {
    let at = instant(START).saturating_add(chrono::TimeDelta::days(days));
    Day::of(at).to_string()
}

fn each_text(value: &mut Value, change: &mut impl FnMut(&str) -> Value) {
    match value {
        Value::String(text) => *value = change(text),
        Value::Array(values) => values.iter_mut().for_each(|one| each_text(one, change)),
        Value::Object(fields) => fields.values_mut().for_each(|one| each_text(one, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A service with the built-in example and its demo account, as `credits` alone has it.
async fn newcomer() -> (Service, Value) {
    let service = Service::start_with(|settings| settings.catalog.file = None).await;
    let url = format!("http://{}/graphiql/settings.json", service.address());
    let mut response = http_client()
        .get(url)
        .send()
        .await
        .expect("it serves the page");
    let settings = response.json().await.expect("the settings are JSON");
    (service, settings)
}

#[actix_web::test]
async fn every_tab_shows_what_it_says() {
    let (service, settings) = newcomer().await;
    let client = |token: &str| Client::new(service.address(), settings[token].as_str());
    let mut answers = Map::new();
    for tab in tour(settings["account"].as_str().unwrap()) {
        // A subscription needs another transport: the browser runs it.
        if tab.document.contains("\nsubscription ") {
            continue;
        }
        let answer = client(&tab.token).send(&tab.document, tab.variables).await;
        assert_eq!(answer.body.get("errors"), None, "{}", tab.name);
        answers.insert(tab.name, answer.data());
    }
    let shown = |tab: &str, pointer: &str| answers[tab].pointer(pointer).cloned();
    let rows = [
        ("balance", "/viewer/balance/allowance/used", json!(300)),
        ("balance", "/viewer/balance/allowance/granted", json!(1_000)),
        ("balance", "/viewer/balance/available", json!(800)),
        ("quote", "/quote/cost", json!(10)),
        ("quote", "/quote/affordable", json!(true)),
        ("charge", "/charge/cost", json!(10)),
        ("charge", "/charge/balance/available", json!(790)),
        ("hold-settle", "/reserve/balance/held", json!(64)),
        ("hold-settle", "/settle/balance/held", json!(0)),
        ("hold-settle", "/settle/cost", json!(40)),
        ("hold-settle", "/settle/hold/state", json!("SETTLED")),
        ("hold-release", "/reserve/balance/available", json!(686)),
        ("hold-release", "/release/balance/available", json!(750)),
        ("hold-release", "/release/hold/state", json!("RELEASED")),
        (
            "too-few",
            "/charge/userErrors/0/code",
            json!("INSUFFICIENT_CREDITS"),
        ),
        ("too-few", "/charge/userErrors/0/shortBy", json!(650)),
        ("same-id", "/first/replayed", json!(false)),
        ("same-id", "/again/replayed", json!(true)),
        ("same-id", "/again/balance/available", json!(744)),
        ("choose", "/recommendModels/0/model", json!("atelier")),
        ("choose", "/viewer/whatCanIMake/0/basis", json!("USUAL")),
        (
            "care",
            "/first/charge/advisories/0/code",
            json!("MANY_VARIATIONS"),
        ),
        ("care", "/again/userErrors/0/code", json!("LIKELY_REPEAT")),
        ("care", "/sure/userErrors", json!([])),
        (
            "usage",
            "/viewer/insights/points/4/point",
            json!("REGENERATE"),
        ),
        ("usage", "/viewer/insights/points/4/count", json!(2)),
        (
            "ahead",
            "/viewer/forecast/__typename",
            json!("UsageForecast"),
        ),
        (
            "ahead",
            "/viewer/preferences/projectCreditsMax/0/used",
            json!(120),
        ),
        (
            "history",
            "/viewer/operations/nodes/0/kind",
            json!("CHARGE"),
        ),
        ("catalog", "/catalog/models/0/id", json!("sketch")),
    ];
    for (tab, pointer, expected) in rows {
        assert_eq!(shown(tab, pointer), Some(expected), "{tab} {pointer}");
    }
    for list in ["packs", "alternatives"] {
        let pointer = format!("/charge/userErrors/0/{list}/0");
        assert!(shown("too-few", &pointer).is_some(), "{list}");
    }
    let renews = shown("balance", "/viewer/balance/allowance/renewsAt").unwrap();
    assert!(renews.is_string());
}

#[actix_web::test]
async fn the_demo_account_shows_all_that_can_be_told() {
    let (service, settings) = newcomer().await;
    let client = Client::new(service.address(), settings["user"].as_str());
    let asked =
        "query($kinds: [OperationKind!]) { viewer { operations(kinds: $kinds, first: 40) { nodes {
        ... on Charge { advisories { code } chain { attempts { sequence } keeper { sequence } } }
        ... on HoldPlaced { advisories { code } } } } } }";
    let kinds = json!({ "kinds": ["CHARGE", "HOLD_PLACED"] });
    let told = client.send(asked, kinds).await.data();
    let told = told.to_string();
    for code in [
        "REPEATED_PROMPT",
        "MANY_VARIATIONS",
        "VIDEO_COST",
        "MODEL_SWITCH",
        "LARGE_SHARE",
        "EXPIRING_SOON",
    ] {
        assert!(told.contains(code), "{code}");
    }
    assert!(
        told.contains(r#""keeper":{"#),
        "a chain has one that is kept"
    );
    let asked = "query($from: Date!, $to: Date!) { viewer {
        notices(first: 50) { nodes { code } } forecast { __typename }
        insights(from: $from, to: $to) { points { point count } }
        usage(from: $from, to: $to, by: [DAY]) { rows { day } } } }";
    let days = json!({ "from": day(-76), "to": day(0) });
    let shown = client.send(asked, days).await.data();
    let viewer = &shown["viewer"];
    let notices = viewer["notices"].to_string();
    for code in [
        "LOW",
        "RENEWS_SOON",
        "LAPSES_SOON",
        "PRICE_CHANGE_ANNOUNCED",
    ] {
        assert!(notices.contains(code), "{code}");
    }
    assert_eq!(viewer["forecast"]["__typename"], "UsageForecast");
    let points = viewer["insights"]["points"].as_array().unwrap();
    let told: Vec<(&str, bool)> = points
        .iter()
        .map(|point| {
            let name = point["point"].as_str().unwrap();
            (name, point["count"].as_i64() > Some(0))
        })
        .collect();
    let expected = [
        "MANY_VARIATIONS",
        "VIDEO",
        "MODEL_SWITCH",
        "REPEATED_PROMPT",
        "REGENERATE",
    ];
    assert_eq!(told, expected.map(|point| (point, true)), "{points:?}");
    let days = viewer["usage"]["rows"].as_array().unwrap();
    let first = days[0]["day"].as_str().unwrap();
    assert!(first < day(-72).as_str() && days.len() > 15, "{days:?}");
}

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs Node.js and Chromium")]
async fn a_newcomer_finds_the_way_in_a_browser() {
    let chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].map(PathBuf::from);
    let chromium = chromium.into_iter().find(|path| path.is_file());
    let installed = Path::new(BROWSER).join("node_modules").is_dir();
    require("Node.js", node().is_some());
    require("`npm ci` in tests/browser", installed);
    require("Chromium", chromium.is_some());
    let chromium = chromium.expect("it is required");
    let directory = tempfile::tempdir().unwrap();
    let child = Program::find().serve_with(directory.path(), &[]).await;
    let log = directory.path().join("browser.log");
    let status = Command::new("node")
        .arg("graphiql.js")
        .current_dir(BROWSER)
        .env("CREDITS_URL", format!("http://{}", child.address()))
        .env("CREDITS_CHROMIUM", chromium)
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(&log).unwrap())
        .status()
        .unwrap();
    let said = std::fs::read_to_string(&log).unwrap();
    assert!(status.success(), "{said}");
}

/// Node, if it is there.
fn node() -> Option<()> {
    let mut version = Command::new("node");
    let status = version.arg("--version").stdout(Stdio::null()).status();
    status.ok()?.success().then_some(())
}
