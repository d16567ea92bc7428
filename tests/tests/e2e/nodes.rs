//! Several nodes on one PostgreSQL database: any of them is right at any time.

use std::path::Path;

use credits_api::{
    app::Application,
    config::{DatabaseSettings, Settings},
    database::{open_to_read, open_to_write},
};
use credits_core::{clock::Clock, verify::verify};
use credits_tests::{
    audit::Audit,
    cluster::{self, Cluster},
    harness::{CATALOG, Service, operation_id, patient, require, until},
};
use futures_util::future::{join, join_all};
use serde_json::{Value, json};

/// Nodes of the contest, clients of each, and what each client asks for.
const NODES: usize = 4;
const CLIENTS: usize = 16;
const ASKS: usize = 4;

async fn nodes(count: usize) -> Vec<Service> {
    let mut nodes = vec![Service::start_on_postgres().await];
    while nodes.len() < count {
        let another = nodes[0].another().await;
        nodes.push(another);
    }
    nodes
}

async fn stop(nodes: Vec<Service>) {
    for node in nodes {
        node.stop().await;
    }
}

/// The ledgers of a database are what they must be.
async fn verified(url: String) {
    let store = open_to_read(&on(url)).await.expect("it may be read");
    let report = verify(store.as_ref()).await.expect("all may be read");
    assert!(report.is_clean(), "{report}");
}

fn picture(id: &str) -> Value {
    json!({
        "operationId": id, "accountId": "ada", "action": "text-to-image", "model": "easel",
    })
}

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn four_nodes_give_exactly_what_there_is() {
    let nodes = nodes(NODES).await;
    nodes[0].studio().open("ada").await;
    let before = nodes[0].studio().balance("ada").await;
    assert_eq!(before["available"], 500);
    let picture_of_10 = picture(&operation_id());
    let charged = nodes[1].studio().done("charge", picture_of_10).await;
    assert_eq!(charged["cost"], 10);
    let wanted = NODES * CLIENTS * ASKS;
    assert!(wanted * 10 > 490, "more is asked for than there is");
    let clients = nodes
        .iter()
        .flat_map(|node| (0..CLIENTS).map(|_| node.studio()));
    let asked = join_all(clients.map(|client| async move {
        let mut acknowledged = 0;
        for _ in 0..ASKS {
            let reply = client.ask("charge", picture(&operation_id())).await;
            acknowledged += i64::from(reply.body["data"]["charge"]["operation"].is_object());
        }
        acknowledged
    }));
    let acknowledged: i64 = asked.await.into_iter().sum();
    assert_eq!(acknowledged, 49);
    for node in &nodes {
        let left = node.studio().balance("ada").await;
        assert_eq!(left["available"], 0);
    }
    stop(nodes).await;
}

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn an_id_is_decided_once_whichever_nodes_are_asked() {
    let nodes = nodes(2).await;
    nodes[0].studio().open("ada").await;
    let id = operation_id();
    let asked = nodes.iter().cycle().take(8).map(|node| {
        let client = node.studio();
        let picture = picture(&id);
        async move { client.done("charge", picture).await }
    });
    let answers = join_all(asked).await;
    let sequence = |answer: &Value| answer["balance"]["sequence"].clone();
    let sequences: Vec<Value> = answers.iter().map(sequence).collect();
    assert_eq!(sequences, vec![json!(3); 8], "{answers:?}");
    stop(nodes).await;
}

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn what_is_written_by_one_node_is_read_by_another() {
    let nodes = nodes(2).await;
    let (here, there) = (nodes[0].studio(), nodes[1].studio());
    here.open("ada").await;
    // It is in the memory of both.
    there.balance("ada").await;
    let charged = here.done("charge", picture(&operation_id())).await;
    let read = "query($at: Sequence) { account(accountId: \"ada\", atLeastSequence: $at) { balance { available sequence } } }";
    let written = charged["balance"]["sequence"]
        .as_i64()
        .expect("it is a number");
    let data = there.read(read, json!({ "at": written })).await;
    let balance = &data["account"]["balance"];
    assert_eq!(balance["available"], charged["balance"]["available"]);
    assert_eq!(balance["sequence"], written);
    let reply = there.send(read, json!({ "at": written + 1 })).await;
    assert_eq!(reply.code(), "BAD_USER_INPUT");
    stop(nodes).await;
}

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn who_watches_by_one_node_sees_what_others_commit_in_order_and_all_of_it() {
    let nodes = nodes(3).await;
    nodes[0].studio().open("ada").await;
    let mut socket = nodes[0].socket().await;
    let operations =
        "subscription { operations(accountId: \"ada\", afterSequence: 0) { sequence } }";
    socket.subscribe("1", operations, json!({})).await;
    let charges = 30;
    let writing = async {
        for number in 0..charges {
            let node = &nodes[1 + number % 2];
            node.studio().done("charge", picture(&operation_id())).await;
        }
    };
    let watching = async {
        let mut last = 0;
        // The account was opened and put on a plan before.
        while last < charges as i64 + 2 {
            let next = socket.data("1").await;
            let sequence = next["operations"]["sequence"].as_i64();
            assert_eq!(sequence, Some(last + 1));
            last += 1;
        }
    };
    join(writing, watching).await;
    drop(socket);
    stop(nodes).await;
}

/// What a later version adds to the schema, as its own step would: nothing is taken away or renamed.
const LATER: &str = "\
    ALTER TABLE account ADD COLUMN later BIGINT; \
    ALTER TABLE operation ADD COLUMN later TEXT NOT NULL DEFAULT ''; \
    CREATE TABLE later (account_id BIGINT NOT NULL); \
    INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_later', 0)";

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn a_node_goes_on_beside_a_later_version_and_does_not_start_on_its_schema() {
    let node = Service::start_on_postgres().await;
    let studio = node.studio();
    studio.open("ada").await;
    // Its statements are prepared on all of its connections by now.
    for _ in 0..8 {
        studio.done("charge", picture(&operation_id())).await;
        studio.ledger("ada").await;
    }
    let url = node.database_url();
    let name = url.rsplit('/').next().expect("it has a name");
    let cluster = Cluster::shared().expect("PostgreSQL is there");
    cluster.sql(name, LATER);
    for _ in 0..8 {
        studio.done("charge", picture(&operation_id())).await;
    }
    assert_eq!(studio.ledger("ada").await.len(), 2 + 16);
    studio.open("bob").await;
    let refused = Application::build(node.settings(), Clock::real()).await;
    let refused = refused.err().expect("the schema is not known");
    assert!(refused.to_string().contains("m9999_later"), "{refused}");
    node.stop().await;
}

/// Settings of a node on that database.
fn on(url: String) -> Settings {
    Settings {
        database: DatabaseSettings {
            url: Some(url),
            ..patient().database
        },
        ..patient()
    }
}

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL and openssl")]
async fn the_server_is_spoken_to_by_tls_and_must_be_who_its_certificate_says() {
    require("PostgreSQL", cluster::binaries().is_some());
    let server = Cluster::new().expect("it is required");
    let certificate = server.secure();
    require("openssl", certificate.is_some());
    let certificate = certificate.expect("it is required");
    let name = server.database(None);
    let trusting = |host: &str, trusted: &Path| {
        let url = server.url(&name).replace("127.0.0.1", host);
        let trusted = trusted.display();
        on(format!("{url}?sslmode=verify-full&sslrootcert={trusted}"))
    };
    let settings = trusting("127.0.0.1", &certificate);
    let store = open_to_write(&settings).await.expect("it is who it says");
    let encrypted = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                     WHERE usename = 'owner' AND pid <> pg_backend_pid() \
                     AND datname = current_database()";
    assert_eq!(server.sql(&name, encrypted), "t");
    store.close().await;
    // Another name than the certificate's, and a certificate that somebody else vouches for.
    let stranger = Cluster::new().and_then(|other| other.secure().zip(Some(other)));
    let (strange, _other) = stranger.expect("both are there");
    for settings in [
        trusting("localhost", &certificate),
        trusting("127.0.0.1", &strange),
    ] {
        let refused = open_to_write(&settings).await.err();
        let told = refused.expect("it is not who it should be").to_string();
        assert!(
            told.contains("certificate") || told.contains("tls"),
            "{told}"
        );
    }
}

/// A plan and a pack more than the story has.
const MORE: &str = r#"
[[plans]]
id = "nova"
name = "Nova"
description = "New."
allowance = 5_000
[[plans.prices]]
interval = "monthly"
money = { amount_minor = 9_900, currency = "USD" }
[[packs]]
id = "nova-pack"
name = "Nova"
description = "New."
credits = 700
money = { amount_minor = 900, currency = "USD" }
"#;

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn what_one_node_published_just_now_is_taken_by_another() {
    let nodes = nodes(2).await;
    let (here, there) = (nodes[0].studio(), nodes[1].studio());
    here.open("ada").await;
    here.open("bob").await;
    let source = format!("{CATALOG}{MORE}");
    let published = json!({ "source": source });
    there.done("publishCatalog", published).await;
    // The other node has heard nothing of it.
    let nova = json!({ "accountId": "ada", "planId": "nova" });
    let changed = here.done("changePlan", nova.clone()).await;
    assert_eq!(changed["balance"]["available"], 5_000);
    let source = format!("{CATALOG}{MORE}# The same again.\n");
    let published = there
        .done("publishCatalog", json!({ "source": source }))
        .await;
    let version = published["catalog"]["version"].clone();
    let pack = json!({
        "accountId": "bob", "packId": "boost", "catalogVersion": version, "quantity": 1,
        "payment": {
            "provider": "shop", "reference": "1", "paidAt": "2026-01-31T10:00:00Z",
            "amount": { "amountMinor": 500, "currency": "USD" },
        },
    });
    here.done("purchasePack", pack).await;
    stop(nodes).await;
}

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn sweepers_of_several_nodes_renew_each_account_once() {
    const ACCOUNTS: usize = 120;
    let nodes = nodes(3).await;
    for number in 0..ACCOUNTS {
        nodes[0].studio().open(&format!("account-{number}")).await;
    }
    // All of them by one clock, so that all wake at once; the accounts of the first are in its memory.
    nodes[0].set_time("2026-02-28T10:00:00Z");
    let audit = Audit::on_server(&nodes[0].database_url()).await;
    until("every account is renewed", async || {
        let renewals = audit.renewals().await;
        assert_eq!(renewals.len(), ACCOUNTS);
        assert!(renewals.values().all(|times| *times <= 1), "{renewals:?}");
        renewals.values().all(|times| *times == 1).then_some(())
    })
    .await;
    audit.close().await;
    verified(nodes[0].database_url()).await;
    stop(nodes).await;
}

/// The roles as the README gives them.
fn roles() -> &'static str {
    let readme = include_str!("../../../README.md");
    let (_, after) = readme.split_once("```sql\n").expect("it has the roles");
    after.split_once("```").expect("they end").0
}

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn the_service_can_serve_and_the_reader_audit_and_neither_changes_history() {
    let owner = Service::start_on_postgres().await;
    owner.studio().open("ada").await;
    let url = owner.database_url();
    let cluster = Cluster::shared().expect("PostgreSQL is there");
    let name = url.rsplit('/').next().expect("it has a name").to_owned();
    cluster.sql(&name, roles());
    let owner = owner
        .restart_with(|settings| {
            let url = url.replace("owner@", "credits_service@");
            settings.database.url = Some(url);
            settings.database.migrate = false;
        })
        .await;
    let charged = owner
        .studio()
        .done("charge", picture(&operation_id()))
        .await;
    assert_eq!(charged["balance"]["sequence"], 3);
    let refused = json!({ "accountId": "nobody" });
    owner.studio().done("openAccount", refused).await;
    let reader = url.replace("owner@", "credits_reader@");
    verified(reader).await;
    for (role, statement) in [
        ("credits_service", "UPDATE operation SET consumed = 0"),
        ("credits_service", "DELETE FROM operation"),
        (
            "credits_service",
            "DROP TRIGGER operation_update ON operation",
        ),
        (
            "credits_reader",
            "INSERT INTO refusal SELECT * FROM refusal",
        ),
    ] {
        let denied = format!(
            "DO $$ BEGIN SET LOCAL ROLE {role}; {statement}; RAISE 'it was done'; \
             EXCEPTION WHEN insufficient_privilege THEN NULL; END $$"
        );
        cluster.sql(&name, &denied);
    }
    owner.stop().await;
}
