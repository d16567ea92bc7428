//! Preferences: what the account's owner chose to spend with care is enforced.

use std::{os::unix::fs::PermissionsExt as _, path::PathBuf};

use credits_tests::harness::{Client, Service, document::PREFERENCES, operation_id, with};
use serde_json::{Value, json};

fn picture(more: &Value) -> Value {
    let input = json!({ "accountId": "ada", "action": "text-to-image", "model": "easel" });
    with(input, more)
}

async fn preferences(client: &Client) -> Value {
    let query = format!("{{ viewer {{ preferences {{ {PREFERENCES} }} }} }}");
    let mut data = client.read(&query, json!({})).await;
    data["viewer"]["preferences"].take()
}

fn limit(refused: &Value) -> (&str, [i64; 3]) {
    assert_eq!(refused["code"], "LIMIT_EXCEEDED");
    let number = |key: &str| refused[key].as_i64().expect("a number");
    let limit = refused["limit"].as_str().expect("a limit");
    (limit, ["max", "asked", "used"].map(number))
}

#[actix_web::test]
async fn what_is_left_out_stays_and_null_goes_back_to_the_catalogs() {
    let service = Service::start().await;
    service.studio().open("ada").await;
    let user = service.user("ada");
    let unset = json!({
        "repeatGuard": { "on": false, "source": "CATALOG" },
        "oneFirst": { "on": false, "source": "CATALOG" },
        "requestCreditsMax": { "creditsMax": null, "source": "CATALOG" },
        "dayCreditsMax": {
            "creditsMax": null, "used": 0, "resetsAt": "2026-02-01T00:00:00.000000Z",
            "source": "CATALOG",
        },
        "projectCreditsMax": [],
    });
    assert_eq!(preferences(&user).await, unset);

    let id = operation_id();
    let all = json!({
        "operationId": id, "repeatGuard": true, "oneFirst": true, "requestCreditsMax": 100,
        "dayCreditsMax": "200", "projectCreditsMax": [
            { "project": "film", "creditsMax": 90 }, { "project": "poster", "creditsMax": 20 },
        ],
    });
    let set = user.done("setPreferences", all.clone()).await;
    assert_eq!(set["operation"]["kind"], "PREFERENCES_CHANGE");
    assert_eq!(set["operation"]["change"], 0);
    let project = |project: &str, max: i64| {
        json!({
            "project": project, "creditsMax": max, "used": 0, "source": "ACCOUNT",
            "since": "2026-01-31T10:00:00.000000Z",
        })
    };
    let chosen = json!({
        "repeatGuard": { "on": true, "source": "ACCOUNT" },
        "oneFirst": { "on": true, "source": "ACCOUNT" },
        "requestCreditsMax": { "creditsMax": 100, "source": "ACCOUNT" },
        "dayCreditsMax": {
            "creditsMax": 200, "used": 0, "resetsAt": "2026-02-01T00:00:00.000000Z",
            "source": "ACCOUNT",
        },
        "projectCreditsMax": [project("film", 90), project("poster", 20)],
    });
    assert_eq!(set["preferences"], chosen);
    assert_eq!(preferences(&user).await, chosen);

    let some = json!({
        "oneFirst": null, "dayCreditsMax": null, "projectCreditsMax": [
            { "project": "poster", "creditsMax": null },
        ],
    });
    user.done("setPreferences", some).await;
    let now = json!({
        "repeatGuard": { "on": true, "source": "ACCOUNT" },
        "oneFirst": { "on": false, "source": "CATALOG" },
        "requestCreditsMax": { "creditsMax": 100, "source": "ACCOUNT" },
        "dayCreditsMax": unset["dayCreditsMax"],
        "projectCreditsMax": [project("film", 90)],
    });
    assert_eq!(preferences(&user).await, now);
    let again = user.done("setPreferences", all).await;
    assert_eq!(again["replayed"], json!(true));
    assert_eq!(again["operation"], set["operation"]);
    assert_eq!(preferences(&user).await, now, "a repeat changes nothing");

    let service = service.restart().await;
    let user = service.user("ada");
    assert_eq!(preferences(&user).await, now);
    let back = json!({
        "repeatGuard": null, "requestCreditsMax": null, "projectCreditsMax": null,
    });
    user.done("setPreferences", back).await;
    assert_eq!(preferences(&user).await, unset);

    // The ledger tells what the owner set, and when.
    let query = "{ viewer { operations(kinds: PREFERENCES_CHANGE) { nodes { sequence \
                 ... on PreferencesChange { repeatGuard oneFirst requestCreditsMax dayCreditsMax \
                 projectCreditsMax { project creditsMax } } } } } }";
    let data = user.read(query, json!({})).await;
    let first = json!({
        "sequence": 3, "repeatGuard": true, "oneFirst": true, "requestCreditsMax": 100,
        "dayCreditsMax": 200, "projectCreditsMax": [
            { "project": "film", "creditsMax": 90 }, { "project": "poster", "creditsMax": 20 },
        ],
    });
    assert_eq!(data["viewer"]["operations"]["nodes"][2], first);
}

#[actix_web::test]
async fn only_the_owner_sets_them_and_a_project_is_named_once() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let input = json!({ "accountId": "ada", "oneFirst": true });
    assert_eq!(
        studio.fault("setPreferences", input.clone()).await,
        "FORBIDDEN"
    );
    let nobody = service.nobody();
    assert_eq!(
        nobody.fault("setPreferences", input.clone()).await,
        "UNAUTHENTICATED"
    );
    let other = service.user("bob");
    assert_eq!(other.fault("setPreferences", input).await, "NOT_FOUND");
    let film = json!({ "project": "film", "creditsMax": 1 });
    let twice = json!({ "projectCreditsMax": [film, film] });
    let user = service.user("ada");
    assert_eq!(user.fault("setPreferences", twice).await, "BAD_USER_INPUT");
}

#[actix_web::test]
async fn ceilings_are_kept_with_what_was_used_under_them() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let user = service.user("ada");
    let ceilings = json!({
        "requestCreditsMax": 40, "dayCreditsMax": 70,
        "projectCreditsMax": [{ "project": "film", "creditsMax": 30 }],
    });
    user.done("setPreferences", ceilings).await;
    let film = json!({ "accountId": "ada", "action": "text-to-video", "model": "reel" });
    let refused = studio.refused("reserve", film).await;
    assert_eq!(limit(&refused), ("REQUEST_CREDITS", [40, 75, 0]));

    let of_film = picture(&json!({ "project": "film" }));
    studio.done("reserve", of_film.clone()).await;
    studio.done("charge", of_film.clone()).await;
    let three = picture(&json!({ "project": "film", "variations": 2 }));
    let refused = studio.refused("charge", three).await;
    assert_eq!(limit(&refused), ("PROJECT_CREDITS", [30, 20, 20]));
    studio
        .done("charge", picture(&json!({ "variations": 4 })))
        .await;
    let refused = studio
        .refused("charge", picture(&json!({ "variations": 2 })))
        .await;
    assert_eq!(limit(&refused), ("DAY_CREDITS", [70, 20, 60]));
    let now = preferences(&user).await;
    assert_eq!(now["dayCreditsMax"]["used"], 60);
    assert_eq!(now["projectCreditsMax"][0]["used"], 20);

    // The hold expired and returned what it set aside; a new day begins with what is held, nothing.
    service.set_time("2026-02-01T00:00:00Z");
    assert_eq!(preferences(&user).await["dayCreditsMax"]["used"], 0);
    studio
        .done("charge", picture(&json!({ "variations": 2 })))
        .await;
}

#[actix_web::test]
async fn more_than_one_result_needs_a_confirmation_where_one_comes_first() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    service
        .user("ada")
        .done("setPreferences", json!({ "oneFirst": true }))
        .await;
    let refused = studio
        .refused("charge", picture(&json!({ "variations": 3 })))
        .await;
    assert_eq!(limit(&refused), ("VARIATIONS", [1, 3, 0]));
    assert_eq!(refused["field"], json!(["input", "confirmVariations"]));
    let confirmed = picture(&json!({ "variations": 3, "confirmVariations": 3 }));
    assert_eq!(studio.done("charge", confirmed).await["cost"], 30);
}

#[actix_web::test]
async fn a_likely_repeat_is_refused_with_the_attempt_before_it() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let fox = picture(&json!({ "prompt": "a fox in the snow" }));
    studio.done("charge", fox.clone()).await;
    service
        .user("ada")
        .done("setPreferences", json!({ "repeatGuard": true }))
        .await;
    service.set_time("2026-01-31T10:02:00Z");
    let refused = studio.refused("charge", fox.clone()).await;
    let expected = json!({
        "__typename": "LikelyRepeat", "code": "LIKELY_REPEAT",
        "message": "This prompt ran on this model at 2026-01-31T10:00:00Z for 10 credits, less than 10 \
                    minutes before; say `acknowledgeRepeat: true` to run it again.",
        "field": ["input", "acknowledgeRepeat"],
        "cost": 10, "at": "2026-01-31T10:00:00.000000Z", "attempts": 1, "credits": 10,
        "windowMinutes": 10, "charge": { "sequence": 3, "cost": 10 }, "hold": null,
    });
    assert_eq!(refused, expected);
    let again = picture(&json!({ "prompt": "a fox in the snow", "acknowledgeRepeat": true }));
    studio.done("reserve", again).await;
    let refused = studio.refused("reserve", fox).await;
    assert_eq!(refused["charge"], json!(null));
    assert_eq!(refused["hold"]["state"], "OPEN");
    assert_eq!(
        (&refused["attempts"], &refused["credits"]),
        (&json!(2), &json!(20))
    );
}

/// The attempt before it is a charge like any other: what it was told can be asked for.
#[actix_web::test]
async fn what_the_attempt_before_a_repeat_was_told_is_shown_with_what_that_counts() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let fox = picture(&json!({ "prompt": "a fox in the snow" }));
    for _ in 0..3 {
        studio.done("charge", fox.clone()).await;
    }
    let guarded = json!({ "repeatGuard": true });
    service.user("ada").done("setPreferences", guarded).await;
    let charge = "mutation($input: ChargeInput!) { charge(input: $input) { userErrors { \
        ... on LikelyRepeat { charge { sequence advisories { code basis { sequence } } } } } } }";
    let mut input = fox;
    input["operationId"] = json!(operation_id());
    let data = studio.read(charge, json!({ "input": input })).await;
    let before = &data["charge"]["userErrors"][0]["charge"];
    assert_eq!(before["sequence"], 5);
    let repeated =
        json!({ "code": "REPEATED_PROMPT", "basis": [{ "sequence": 3 }, { "sequence": 4 }] });
    let told = before["advisories"].as_array().expect("they are a list");
    assert!(told.contains(&repeated), "{before}");
}

/// A file with a key that only its owner may read.
fn key_file(service: &Service, name: &str, byte: u8) -> PathBuf {
    let path = service.directory().join(name);
    std::fs::write(&path, [byte; 32]).expect("the directory can be written to");
    let owner_only = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(&path, owner_only).expect("it is our file");
    path
}

#[actix_web::test]
async fn a_repeat_is_seen_over_a_change_of_the_key_and_not_over_two() {
    let service = Service::start().await;
    service.studio().open("ada").await;
    let guarded = |prompt: Value| {
        let mut input = picture(&prompt);
        input["repeatGuard"] = json!(true);
        input
    };
    let fox = guarded(json!({ "prompt": "a fox" }));
    let hashed = guarded(json!({ "promptFingerprint": "ab".repeat(32) }));
    for prompt in [&fox, &hashed] {
        service.studio().done("charge", prompt.clone()).await;
    }
    let node_key = service.directory().join("node.key");
    let shared = key_file(&service, "shared.key", 1);
    let keys = vec![shared.clone(), node_key];
    let service = service.restart_with(|settings| settings.prompts.key_files = keys);
    let service = service.await;
    for prompt in [&fox, &hashed] {
        let refused = service.studio().refused("charge", prompt.clone()).await;
        assert_eq!(refused["code"], "LIKELY_REPEAT");
    }
    let next = key_file(&service, "next.key", 2);
    let keys = vec![next, shared];
    let service = service.restart_with(|settings| settings.prompts.key_files = keys);
    let service = service.await;
    for prompt in [&fox, &hashed] {
        service.studio().done("charge", prompt.clone()).await;
    }
}
