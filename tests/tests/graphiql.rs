//! GraphiQL: every tab of its tour against a real service, and the page itself in a browser.
//!
//! The tabs are read from where the page has them, so that none can rot.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use credits_tests::harness::{Client, Program, Service, operation_id, present_or_skip};
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
    let mut fill = |text: &str| match text.strip_prefix("{id:") {
        Some(name) => ids
            .entry(name)
            .or_insert_with(|| json!(operation_id()))
            .clone(),
        None => json!(text.replace("{account}", account)),
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
    let mut response = awc::Client::default()
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
async fn a_newcomer_finds_the_way_in_a_browser() {
    let chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].map(PathBuf::from);
    let chromium = chromium.into_iter().find(|path| path.is_file());
    let installed = Path::new(BROWSER).join("node_modules").is_dir();
    let Some(chromium) = chromium.filter(|_| installed && node().is_some()) else {
        present_or_skip("Node, Chromium, and `npm ci` in tests/browser", false);
        return;
    };
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
