//! A database that somebody broke behind the service's back: clients learn that something is wrong and
//! a trace id, and nothing of what it is.

use credits_tests::harness::{Client, Service, operation_id};
use sea_orm::{ConnectOptions, ConnectionTrait, Database};
use serde_json::{Value, json};

/// What is written where it does not belong. No client may ever read it.
const POISON: &str = "poison-9af3";
/// Words of the store's own errors.
const INWARD: [&str; 14] = [
    "sql",
    "select",
    "insert",
    "update ",
    "table",
    "column",
    "database",
    "constraint",
    "trigger",
    "row ",
    "json",
    "expected",
    ".rs",
    "panic",
];

/// Runs statements on the file of a service, past it.
async fn break_in(service: &Service, statements: &[&str]) {
    let file = service.directory().join("credits.db");
    let mut options = ConnectOptions::new(format!("sqlite://{}", file.display()));
    options.sqlx_logging(false).max_connections(1);
    let connection = Database::connect(options).await.expect("the file is there");
    for statement in statements {
        let done = connection.execute_unprepared(statement).await;
        done.expect("the statement is good");
    }
    connection.close().await.expect("it closes");
}

/// A service with a history of `ada`, and the id of a charge in it; nothing of it in memory.
async fn with_history() -> (Service, String) {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let id = operation_id();
    let picture = json!({
        "operationId": id, "accountId": "ada", "action": "text-to-image", "model": "easel",
    });
    studio.done("charge", picture).await;
    (service.restart().await, id)
}

/// All that a client may ask about `ada`.
async fn ask_everything(studio: &Client, charged: &str) -> Vec<Value> {
    let about = |fields: &str| format!("{{ account(accountId: \"ada\") {{ {fields} }} }}");
    let queries = [
        about("balance { available } subscription { status }"),
        about("lots { remaining }"),
        about("openHolds { holdId } holds { nodes { holdId } }"),
        about("operations { nodes { kind postings { lotId } } }"),
        about("charges { nodes { cost lines { label } } }"),
        "{ accounts { nodes { accountId balance { available } } } }".to_owned(),
        "{ policyProof(accountId: \"ada\") { __typename } }".to_owned(),
        format!("{{ operation(accountId: \"ada\", operationId: \"{charged}\") {{ status }} }}"),
    ];
    let mut answers = Vec::new();
    for query in queries {
        answers.push(studio.send(&query, json!({})).await.body);
    }
    let picture = json!({ "accountId": "ada", "action": "text-to-image", "model": "easel" });
    let mut again = picture.clone();
    again["operationId"] = json!(charged);
    for (mutation, input) in [
        ("charge", again),
        ("charge", picture.clone()),
        ("reserve", picture),
        ("openAccount", json!({ "accountId": "ada" })),
        ("openAccount", json!({ "accountId": "bob" })),
    ] {
        answers.push(studio.ask(mutation, input).await.body);
    }
    answers
}

/// Every error says no more than it may. How many there are.
fn judge(broken: &str, answers: &[Value]) -> usize {
    let mut count = 0;
    for answer in answers {
        assert!(!answer.to_string().contains(POISON), "{broken}: {answer}");
        for error in answer["errors"].as_array().into_iter().flatten() {
            count += 1;
            let extensions = &error["extensions"];
            let code = extensions["code"].as_str().expect("a code");
            let known = ["INTERNAL", "UNAVAILABLE"];
            assert!(known.contains(&code), "{broken}: {error}");
            let trace = extensions["traceId"].as_str().expect("a trace id");
            assert!(trace.len() == 32 && trace.bytes().all(|b| b.is_ascii_hexdigit()));
            let message = error["message"].as_str().expect("a text").to_lowercase();
            let told = INWARD.iter().find(|word| message.contains(**word));
            assert_eq!(told, None, "{broken}: {message}");
        }
    }
    count
}

#[actix_web::test]
async fn nothing_of_a_broken_database_reaches_a_client() {
    let nonsense = format!("UPDATE operation SET fact = '{POISON}', balance = '{POISON}'");
    let snapshot = format!("UPDATE account SET snapshot = '{{\"{POISON}\": 1'");
    let table: [(&str, Vec<&str>); 6] = [
        ("an account's snapshot", vec![&snapshot]),
        (
            "an account's position and hash",
            vec!["UPDATE account SET sequence = 999, head_hash = zeroblob(32)"],
        ),
        (
            "the facts of operations",
            vec!["DROP TRIGGER operation_update", &nonsense],
        ),
        (
            "no operations",
            vec!["ALTER TABLE operation RENAME TO gone"],
        ),
        ("no accounts", vec!["ALTER TABLE account RENAME TO gone"]),
        ("no refusals", vec!["ALTER TABLE refusal RENAME TO gone"]),
    ];
    for (broken, statements) in table {
        let (service, charged) = with_history().await;
        break_in(&service, &statements).await;
        let answers = ask_everything(&service.studio(), &charged).await;
        let errors = judge(broken, &answers);
        assert!(errors > 0, "{broken} is noticed: {answers:?}");
        // What needs no database goes on.
        let text = json!({ "accountId": "ada", "action": "chat" });
        assert_eq!(service.studio().done("charge", text).await["cost"], 0);
    }
}
