//! What a spend is told, so that people waste less: with its numbers, and the charges behind it.

use credits_tests::harness::{Client, Service, document::ADVISORIES, operation_id, with};
use serde_json::{Value, json};

fn picture(model: &str, more: &Value) -> Value {
    let input = json!({ "accountId": "ada", "action": "text-to-image", "model": model });
    with(input, more)
}

async fn charge(studio: &Client, input: Value) -> Vec<Value> {
    let mut payload = studio.done("charge", input).await;
    list(payload["charge"]["advisories"].take())
}

fn list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(list) => list,
        other => panic!("{other} is a list"),
    }
}

fn codes(advisories: &[Value]) -> Vec<&str> {
    let codes = advisories.iter().map(|one| one["code"].as_str());
    codes.map(|code| code.expect("a code")).collect()
}

#[actix_web::test]
async fn a_repeated_prompt_is_told_with_the_runs_before_it_and_again_for_ever() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let fox = json!({ "prompt": "a fox in the snow" });
    assert_eq!(
        charge(&studio, picture("easel", &fox)).await,
        [] as [Value; 0]
    );
    service.set_time("2026-01-31T10:04:00Z");
    charge(&studio, picture("easel", &fox)).await;
    let id = operation_id();
    let mut third = picture("easel", &fox);
    third["operationId"] = json!(id);

    // The quote tells before what the charge is told then.
    let query = format!("query($input: QuoteInput!) {{ quote(input: $input) {{ {ADVISORIES} }} }}");
    let quoted = studio
        .read(&query, json!({ "input": picture("easel", &fox) }))
        .await;
    let told = charge(&studio, third.clone()).await;
    assert_eq!(list(quoted["quote"]["advisories"].clone()), told);
    let expected = json!([{
        "__typename": "RepeatedPrompt",
        "code": "REPEATED_PROMPT",
        "message": "This is run 3 of this prompt on this model within 10 minutes; the runs before it \
                    used 20 credits.",
        "window": { "from": "2026-01-31T09:54:00.000000Z", "to": "2026-01-31T10:04:00.000000Z" },
        "basis": [{ "sequence": 3, "cost": 10 }, { "sequence": 4, "cost": 10 }],
        "adjustment": {
            "model": "pencil", "cost": 5,
            "changed": [{ "parameter": "MODEL", "from": "easel", "to": "pencil" }],
        },
        "run": 3, "creditsSoFar": 20, "windowMinutes": 10,
    }]);
    assert_eq!(json!(told), expected);

    // Whatever happened since, the same call has the same answer.
    charge(&studio, picture("easel", &fox)).await;
    let service = service.restart().await;
    assert_eq!(charge(&service.studio(), third).await, told);
}

#[actix_web::test]
async fn a_reserve_a_hold_and_the_ledger_tell_the_same() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    charge(&studio, picture("easel", &json!({ "project": "film" }))).await;
    let film = json!({
        "accountId": "ada", "action": "text-to-video", "model": "reel", "variations": 2,
        "project": "film",
    });
    let reserved = studio.done("reserve", film).await;
    let told = list(reserved["told"]["advisories"].clone());
    assert_eq!(codes(&told), ["VIDEO_COST", "LARGE_SHARE"]);
    assert_eq!(told[0]["images"], 15);
    assert_eq!(told[0]["basis"], json!([{ "sequence": 3, "cost": 10 }]));
    assert_eq!(told[1]["percent"], 30);
    assert_eq!(told[1]["available"], 490);

    let lists = [
        ("/openHolds/0", format!("openHolds {{ {ADVISORIES} }}")),
        (
            "/holds/nodes/0",
            format!("holds(first: 1) {{ nodes {{ {ADVISORIES} }} }}"),
        ),
        (
            "/operations/nodes/0",
            format!("operations(first: 1) {{ nodes {{ ... on HoldPlaced {{ {ADVISORIES} }} }} }}"),
        ),
    ];
    for (place, list) in lists {
        let query = format!("{{ account(accountId: \"ada\") {{ {list} }} }}");
        let data = studio.read(&query, json!({})).await;
        let node = data["account"].pointer(place).expect(place);
        assert_eq!(node["advisories"], json!(told), "{place}");
    }
    let hold = &reserved["hold"]["holdId"];
    let settled = studio
        .done("settle", json!({ "accountId": "ada", "holdId": hold }))
        .await;
    let charge = settled["operation"]["sequence"].clone();
    let query = format!(
        "{{ account(accountId: \"ada\") {{ charges {{ nodes {{ sequence {ADVISORIES} }} }} }} }}"
    );
    let data = studio.read(&query, json!({})).await;
    let newest = &data["account"]["charges"]["nodes"][0];
    assert_eq!(*newest, json!({ "sequence": charge, "advisories": [] }));
}

#[actix_web::test]
async fn many_variations_another_model_and_what_ends_soon_are_told() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    charge(&studio, picture("pencil", &json!({ "project": "poster" }))).await;
    service.set_time("2026-02-25T10:00:00Z");
    let poster = json!({ "project": "poster", "variations": 4 });
    let told = charge(&studio, picture("easel", &poster)).await;
    assert_eq!(
        codes(&told),
        ["MANY_VARIATIONS", "MODEL_SWITCH", "EXPIRING_SOON"]
    );
    assert_eq!(
        (&told[0]["variations"], &told[0]["costOfOne"]),
        (&json!(4), &json!(10))
    );
    assert_eq!(told[0]["window"], json!(null));
    assert_eq!(
        told[1]["used"],
        json!([{ "model": "pencil", "charges": 1, "credits": 5 }])
    );
    assert_eq!(
        (&told[1]["previous"], &told[1]["costsMoreBy"]),
        (&json!("pencil"), &json!(20))
    );
    assert_eq!(told[1]["basis"], json!([{ "sequence": 3, "cost": 5 }]));
    assert_eq!(
        (&told[2]["amount"], &told[2]["at"]),
        (&json!(455), &json!("2026-02-28T10:00:00.000000Z"))
    );
}

#[actix_web::test]
async fn a_full_page_with_the_charges_behind_each_advisory_is_answered() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let fox = json!({ "prompt": "a fox", "project": "fox" });
    for model in ["pencil", "pencil", "pencil", "easel", "pencil", "easel"] {
        charge(&studio, picture(model, &fox)).await;
    }
    let query = "{ account(accountId: \"ada\") { charges(first: 50) { nodes { sequence \
                 advisories { code basis { sequence } } } } } }";
    let data = studio.read(query, json!({})).await;
    let nodes = list(data["account"]["charges"]["nodes"].clone());
    let basis: Vec<Value> = nodes
        .iter()
        .map(|node| node["advisories"].clone())
        .collect();
    let at = |places: &[u32]| {
        let place = |place: &u32| json!({ "sequence": place });
        places.iter().map(place).collect::<Vec<_>>()
    };
    let switch = |places: &[u32]| json!({ "code": "MODEL_SWITCH", "basis": at(places) });
    let repeat = |places: &[u32]| json!({ "code": "REPEATED_PROMPT", "basis": at(places) });
    assert_eq!(
        basis,
        [
            json!([switch(&[3, 4, 5, 6, 7])]),
            json!([repeat(&[3, 4, 5]), switch(&[3, 4, 5, 6])]),
            json!([switch(&[3, 4, 5])]),
            json!([repeat(&[3, 4])]),
            json!([]),
            json!([]),
        ]
    );
    // A circle of advisories and charges ends where it would be one.
    let circle = "{ account(accountId: \"ada\") { charges { nodes { advisories { basis { \
                  advisories { code basis { sequence } } } } } } } }";
    assert_eq!(
        studio.send(circle, json!({})).await.code(),
        "QUERY_TOO_EXPENSIVE"
    );
}
