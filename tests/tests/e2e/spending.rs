//! An account is opened and spends: exactly once, and never more than it has.

use credits_tests::harness::{Service, operation_id};
use serde_json::json;

#[actix_web::test]
async fn an_account_is_opened_granted_and_charged_once() {
    let service = Service::start().await;
    let studio = service.studio();

    let opened = studio
        .done("openAccount", json!({ "accountId": "ada" }))
        .await;
    assert_eq!(opened["operation"]["kind"], "ACCOUNT_OPENED");
    assert_eq!(opened["balance"]["available"], 0);

    let plan = json!({ "accountId": "ada", "planId": "maker", "billingInterval": "MONTHLY" });
    let started = studio.done("startSubscription", plan).await;
    assert_eq!(started["operation"]["kind"], "SUBSCRIPTION_CHANGE");
    assert_eq!(started["balance"]["available"], 500);

    let id = operation_id();
    let picture = json!({
        "operationId": id, "accountId": "ada",
        "action": "text-to-image", "model": "easel", "variations": 3,
    });
    let mut charged = studio.done("charge", picture.clone()).await;
    assert_eq!(charged["cost"], 30);
    assert_eq!(charged["recorded"], true);
    assert_eq!(charged["replayed"], false);
    assert_eq!(charged["operation"]["operationId"], json!(id));
    assert_eq!(charged["operation"]["change"], -30);
    assert_eq!(charged["balance"]["available"], 470);
    let allowance = json!({
        "granted": 500, "used": 30, "held": 0, "remaining": 470,
        "periodStart": "2026-01-31T10:00:00.000000Z", "periodEnd": "2026-02-28T10:00:00.000000Z",
        "renewsAt": "2026-02-28T10:00:00.000000Z", "renewsWith": 500,
    });
    assert_eq!(charged["balance"]["allowance"], allowance);

    let again = studio.done("charge", picture).await;
    charged["replayed"] = json!(true);
    assert_eq!(again, charged, "the same call has the same answer");
    assert_eq!(studio.balance("ada").await["available"], 470);
}

#[actix_web::test]
async fn an_id_used_for_other_content_is_refused() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;

    let id = operation_id();
    let call = |variations: u32| {
        json!({
            "operationId": id, "accountId": "ada",
            "action": "text-to-image", "model": "easel", "variations": variations,
        })
    };
    studio.done("charge", call(1)).await;
    let refused = studio.refused("charge", call(2)).await;
    assert_eq!(refused["code"], "OPERATION_ID_REUSED");
    let release = json!({ "operationId": id, "accountId": "ada", "holdId": id });
    let refused = studio.refused("release", release).await;
    assert_eq!(refused["code"], "OPERATION_ID_REUSED");
    assert_eq!(studio.balance("ada").await["available"], 490);

    // The same id on another account is another operation.
    studio.open("bob").await;
    let mut other = call(2);
    other["accountId"] = json!("bob");
    assert_eq!(studio.done("charge", other).await["replayed"], false);
}

#[actix_web::test]
async fn a_prompt_is_not_part_of_what_was_asked() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;

    let id = operation_id();
    let call = |prompt: &str| {
        json!({
            "operationId": id, "accountId": "ada",
            "action": "text-to-image", "model": "easel", "prompt": prompt, "maxCost": 10,
        })
    };
    studio.done("charge", call("a red cube")).await;
    let again = studio.done("charge", call("a blue cube")).await;
    assert_eq!(again["replayed"], true);
}

#[actix_web::test]
async fn too_few_credits_are_refused_with_the_numbers_and_what_would_help() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;

    let id = operation_id();
    let film = json!({
        "operationId": id, "accountId": "ada",
        "action": "text-to-video", "model": "reel", "seconds": 10, "variations": 4,
    });
    let refused = studio.refused("charge", film.clone()).await;
    let expected = json!({
        "__typename": "InsufficientCredits",
        "code": "INSUFFICIENT_CREDITS",
        "message": "Too few credits: 600 needed, 500 available, 100 missing.",
        "field": null,
        "needed": 600, "available": 500, "held": 0, "frozen": 0, "shortBy": 100,
        "renewsAt": "2026-02-28T10:00:00.000000Z", "renewsWith": 500,
        "packs": [
            { "offered": true, "reason": null, "credits": 200, "pack": { "id": "boost" } },
        ],
        "alternatives": [{
            "model": "reel", "cost": 450,
            "changed": [{ "parameter": "VARIATIONS", "from": "4", "to": "3" }],
        }],
    });
    assert_eq!(refused, expected);
    assert_eq!(studio.balance("ada").await["available"], 500);

    // The id is decided: a delayed duplicate does not charge after a top-up. A new attempt is new.
    studio.done("purchasePack", boost("ada", "pay-1")).await;
    let delayed = studio.call("charge", film.clone()).await;
    assert_eq!(delayed["replayed"], true);
    assert_eq!(delayed["userErrors"][0], expected);
    let mut new = film;
    new["operationId"] = json!(operation_id());
    let charged = studio.done("charge", new).await;
    assert_eq!(charged["cost"], 600);
    assert_eq!(charged["balance"]["available"], 100);
}

#[actix_web::test]
async fn chat_is_free_with_no_account_no_plan_and_no_credits() {
    let service = Service::start().await;
    let studio = service.studio();
    let free = |payload: &serde_json::Value| {
        assert_eq!(payload["cost"], 0);
        assert_eq!(payload["recorded"], false);
        assert_eq!(payload["replayed"], false);
        assert_eq!(payload["operation"], json!(null));
        assert_eq!(payload["balance"], json!(null));
    };
    let chat = json!({ "accountId": "nobody-opened-this", "action": "chat" });
    free(&studio.done("charge", chat).await);

    studio.open("ada").await;
    let all = json!({
        "accountId": "ada", "action": "text-to-video", "model": "reel", "seconds": 10, "variations": 3,
    });
    studio.done("charge", all).await;
    let rest = json!({
        "accountId": "ada", "action": "text-to-image", "model": "easel", "variations": 4,
    });
    studio.done("charge", rest.clone()).await;
    let last = json!({ "accountId": "ada", "action": "text-to-image", "model": "easel" });
    studio.done("charge", last).await;
    assert_eq!(studio.balance("ada").await["available"], 0);

    let id = operation_id();
    let chat = json!({ "operationId": id, "accountId": "ada", "action": "chat" });
    free(&studio.done("charge", chat.clone()).await);
    free(&studio.done("reserve", chat).await);
    let user = service.user("ada");
    free(&user.done("charge", json!({ "action": "chat" })).await);

    // Its id is not used up.
    let picture = json!({
        "operationId": id, "accountId": "ada", "action": "text-to-image", "model": "easel",
    });
    let refused = studio.refused("charge", picture).await;
    assert_eq!(refused["code"], "INSUFFICIENT_CREDITS");
}

#[actix_web::test]
async fn what_the_catalog_does_not_offer_is_refused_by_name() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let table = [
        (
            json!({ "action": "text-to-image", "model": "none" }),
            "MODEL_UNKNOWN",
        ),
        (json!({ "action": "text-to-image" }), "MODEL_UNKNOWN"),
        (
            json!({ "action": "text-to-video", "model": "easel" }),
            "ACTION_NOT_OFFERED",
        ),
        (
            json!({ "action": "sing", "model": "easel" }),
            "ACTION_NOT_OFFERED",
        ),
        (
            json!({ "action": "text-to-image", "model": "easel", "variations": 5 }),
            "PARAMETER_OUT_OF_RANGE",
        ),
        (
            json!({ "action": "text-to-video", "model": "reel", "seconds": 11 }),
            "PARAMETER_OUT_OF_RANGE",
        ),
    ];
    for (mut input, code) in table {
        input["accountId"] = json!("ada");
        for mutation in ["charge", "reserve"] {
            let refused = studio.refused(mutation, input.clone()).await;
            assert_eq!(refused["code"], code, "{mutation} {input}");
        }
    }
    assert_eq!(studio.balance("ada").await["available"], 500);
}

/// A paid pack of 200 credits.
pub fn boost(account: &str, reference: &str) -> serde_json::Value {
    json!({
        "accountId": account, "packId": "boost",
        "payment": {
            "provider": "shop", "reference": reference,
            "amount": { "amountMinor": 500, "currency": "USD" },
            "paidAt": "2026-01-31T10:00:00Z",
        },
    })
}

#[actix_web::test]
async fn a_loop_of_refusals_is_stopped_and_stops_nothing_else() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let film = || {
        json!({
            "operationId": operation_id(), "accountId": "ada",
            "action": "text-to-video", "model": "reel", "seconds": 10, "variations": 4,
        })
    };
    let first = film();
    let refused = studio.refused("charge", first.clone()).await;
    for _ in 1..60 {
        studio.refused("charge", film()).await;
    }
    let reply = studio.ask("charge", film()).await;
    assert_eq!(reply.code(), "RATE_LIMITED");
    let wait = &reply.body["errors"][0]["extensions"]["retryAfterMs"];
    assert_eq!(wait, 60_000);

    // What was refused is still told, after a restart too; what can be done is done.
    let again = studio.call("charge", first.clone()).await;
    assert_eq!(
        (&again["replayed"], &again["userErrors"][0]),
        (&json!(true), &refused)
    );
    let picture = json!({ "accountId": "ada", "action": "text-to-image", "model": "easel" });
    studio.done("charge", picture).await;
    studio.done("purchasePack", boost("ada", "pay-1")).await;
    studio.done("charge", film()).await;
    service.set_time("2026-01-31T10:01:00Z");
    studio.refused("charge", film()).await;

    let service = service.restart().await;
    let again = service.studio().call("charge", first).await;
    assert_eq!(
        (&again["replayed"], &again["userErrors"][0]),
        (&json!(true), &refused)
    );
}
