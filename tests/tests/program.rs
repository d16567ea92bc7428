//! The program as a newcomer and an operator meet it: by its commands.

use credits_tests::harness::{Client, Program, operation_id};
use serde_json::json;

#[actix_web::test]
async fn it_serves_at_once_with_a_story_to_look_at() {
    let directory = tempfile::tempdir().unwrap();
    let program = Program::find();
    let child = program
        .serve_with(
            directory.path(),
            &["--at", "2026-06-15T12:00:00Z", "--speed", "0"],
        )
        .await;
    let welcome = std::fs::read_to_string(directory.path().join("welcome.txt")).unwrap();
    for page in ["graphql", "graphiql"] {
        assert!(welcome.contains(&format!("http://{}/{page}\n", child.address())));
    }
    let tokens: Vec<&str> = welcome
        .lines()
        .filter(|line| line.starts_with("ey"))
        .collect();
    let [user, studio] = tokens[..] else {
        panic!("two tokens: {welcome}");
    };

    // The user's token reads a history in which everything has happened.
    let user = Client::new(child.address(), Some(user));
    let query = "{ viewer { accountId balance { available } \
                 operations(first: 100) { nodes { kind } } } }";
    let viewer = user.read(query, json!({})).await["viewer"].take();
    let has = |kind: &str| {
        let operations = viewer["operations"]["nodes"].as_array().unwrap();
        operations.iter().any(|operation| operation["kind"] == kind)
    };
    for kind in [
        "ACCOUNT_OPENED",
        "SUBSCRIPTION_CHANGE",
        "PERIOD_GRANT",
        "EXPIRY",
        "PACK_PURCHASE",
        "CHARGE",
        "HOLD_PLACED",
        "HOLD_RELEASED",
    ] {
        assert!(has(kind), "{kind} in {viewer}");
    }

    // The studio's token makes a first charge, and the same again.
    let studio = Client::new(child.address(), Some(studio));
    let picture = json!({
        "operationId": operation_id(), "accountId": viewer["accountId"],
        "action": "text-to-image", "model": "canvas",
    });
    let charged = studio.done("charge", picture.clone()).await;
    assert_eq!(charged["replayed"], false);
    let left = viewer["balance"]["available"].as_i64().unwrap() - charged["cost"].as_i64().unwrap();
    assert_eq!(charged["balance"]["available"], json!(left));
    let again = studio.done("charge", picture).await;
    assert_eq!(again["replayed"], true);

    let (clean, printed) = program.run(directory.path(), &["verify"]);
    assert!(clean, "{printed}");
}

#[actix_web::test]
async fn a_second_service_on_the_same_file_is_refused_and_readers_are_not() {
    let directory = tempfile::tempdir().unwrap();
    let program = Program::find();
    program.furnish(directory.path());
    let child = program.serve(directory.path()).await;
    child.studio().open("ada").await;

    let second = ["serve", "--http-listen", "127.0.0.1:0"];
    let (served, printed) = program.run(directory.path(), &second);
    assert!(!served);
    assert!(printed.contains("in use"), "{printed}");

    let table: [(&[&str], &str); 4] = [
        (&["verify"], "1 account"),
        (&["catalog", "show"], "maker"),
        (&["account", "show", "ada"], "available 500"),
        (&["schema"], "type Mutation"),
    ];
    for (arguments, says) in table {
        let (ok, printed) = match arguments {
            ["schema"] => program.run_plain(directory.path(), arguments),
            _ => program.run(directory.path(), arguments),
        };
        assert!(ok && printed.contains(says), "{arguments:?}: {printed}");
    }
}

#[actix_web::test]
async fn a_manual_clock_that_runs_shows_a_renewal() {
    let directory = tempfile::tempdir().unwrap();
    let program = Program::find();
    program.furnish(directory.path());
    // A day in ten milliseconds: a month passes while one looks.
    let clock = [
        "--catalog-file",
        "story.toml",
        "--at",
        "2026-01-31T10:00:00Z",
        "--speed",
        "8640000",
    ];
    let child = program.serve_with(directory.path(), &clock).await;
    let studio = child.studio();
    studio.open("ada").await;
    let renewed = |ledger: &[(String, String, i64)]| {
        ledger
            .iter()
            .any(|(kind, _, change)| kind == "PERIOD_GRANT" && *change == 500)
    };
    let mut looks = 0;
    while !renewed(&studio.ledger("ada").await) {
        looks += 1;
        assert!(looks < 10_000, "it renews");
    }
}
