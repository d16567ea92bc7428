//! The program as a newcomer and an operator meet it: by its commands.

use credits_tests::harness::{Client, Program, operation_id, until};
use serde_json::json;

/// As the configuration of several nodes has it: nodes don't migrate, whoever is asked to does.
#[test]
fn the_command_that_migrates_does_so_where_nodes_may_not() {
    let directory = tempfile::tempdir().unwrap();
    let program = Program::find();
    let (done, printed) = program.run(directory.path(), &["verify"]);
    assert!(!done, "there is no database so far: {printed}");
    for arguments in [&["migrate"][..], &["migrate", "--down", "1"], &["migrate"]] {
        let all = [arguments, &["--database-migrate", "false"]].concat();
        let (done, printed) = program.run(directory.path(), &all);
        assert!(done, "{arguments:?}: {printed}");
    }
    let (clean, printed) = program.run(directory.path(), &["verify"]);
    assert!(clean, "{printed}");
}

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

    // Each kind of advice was given to somebody who could have used it.
    let query = "{ viewer { charges(first: 100) { nodes { advisories { code } } } \
                 holds(first: 100) { nodes { advisories { code } } } } }";
    let told = user.read(query, json!({})).await.to_string();
    for code in [
        "REPEATED_PROMPT",
        "MANY_VARIATIONS",
        "VIDEO_COST",
        "MODEL_SWITCH",
        "LARGE_SHARE",
        "EXPIRING_SOON",
    ] {
        assert!(told.contains(code), "{code} in {told}");
    }

    // The studio's token makes a first charge, and the same again.
    let studio = Client::new(child.address(), Some(studio));
    let picture = json!({
        "operationId": operation_id(), "accountId": viewer["accountId"],
        "action": "text-to-image", "model": "canvas",
    });
    let charged = studio.done("charge", picture.clone()).await;
    assert_eq!(charged["replayed"], false);
    assert_eq!(charged["cost"], 4);
    let left = viewer["balance"]["available"].as_i64().unwrap() - 4;
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
    until("it renews", async || {
        renewed(&studio.ledger("ada").await).then_some(())
    })
    .await;
}

#[actix_web::test]
async fn a_prompt_is_neither_stored_nor_logged() {
    let directory = tempfile::tempdir().unwrap();
    let program = Program::find();
    program.furnish(directory.path());
    let arguments = ["--catalog-file", "story.toml", "--log-filter", "trace"];
    let mut child = program.serve_with(directory.path(), &arguments).await;
    let studio = child.studio();
    studio.open("ada").await;
    let user = Client::new(
        child.address(),
        Some(&program.user_token(directory.path(), "ada")),
    );
    user.done("setPreferences", json!({ "repeatGuard": true }))
        .await;
    let prompt = "a vermilion axolotl, unmistakably";
    let hashed = "c0ffee".repeat(10) + "beef";
    for said in [
        json!({ "prompt": prompt }),
        json!({ "promptFingerprint": hashed }),
    ] {
        let mut input = said.clone();
        input["accountId"] = json!("ada");
        input["action"] = json!("text-to-image");
        input["model"] = json!("easel");
        studio.done("charge", input.clone()).await;
        studio.refused("charge", input.clone()).await;
        let quote = "query($input: QuoteInput!) { quote(input: $input) { cost } }";
        studio.read(quote, json!({ "input": input })).await;
        input["acknowledgeRepeat"] = json!(true);
        studio.done("reserve", input.clone()).await;
        // What can't be read at all is not told to the log either.
        input["variations"] = json!("many");
        assert_eq!(studio.fault("charge", input).await, "BAD_USER_INPUT");
    }
    child.kill();
    let mut looked_at = Vec::new();
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for secret in [prompt, &hashed] {
            let there = bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!there, "{secret} is in {}", path.display());
        }
        looked_at.push(path.file_name().unwrap().to_string_lossy().into_owned());
    }
    for name in ["credits.db", "credits.db-wal", "service.log"] {
        assert!(
            looked_at.iter().any(|file| file == name),
            "{name} in {looked_at:?}"
        );
    }
    let log = std::fs::read_to_string(directory.path().join("service.log")).unwrap();
    assert!(log.contains("TRACE"), "the log tells all there is");
}
