//! The policies as people and as programs read them, and rollover as it is stated.

use credits_tests::harness::{CATALOG, Client, Service};
use serde_json::{Value, json};

const POLICIES: &str = "{ policies { topic heading text questions { question answer } rules { \
    __typename \
    ... on PricedActionsRule { actions { id } always } \
    ... on FreeActionsRule { actions { id } always unlimited } \
    ... on RenewalRule { plan { id } allowance everyMonths } \
    ... on RolloverRule { plan { id } rollsOver max months } \
    ... on PackRule { pack { id soldBelow } } \
    ... on PacksWithoutPlanRule { packsWithoutPlan } \
    ... on ConsumptionRule { onceProcessed dependsOnResult retriesConsume } \
    ... on HoldRule { ttlMinutes hoursMax lateSettleDays openMax } \
    ... on RefundRule { refundable addedByHand origins } \
    ... on ModelCostRule { action { id } models { model from } } \
    ... on PriceRule { quoteTtlMinutes requestCreditsMax } \
    ... on CarefulRule { about costFrom costTo variationsMax } \
    ... on AnswerRule { asked answer } } } }";

/// What a client without a token reads under a heading.
async fn policy(service: &Service, topic: &str) -> Value {
    let data = service.nobody().read(POLICIES, json!({})).await;
    let policies = data["policies"].as_array().expect("a list");
    let found = policies.iter().find(|policy| policy["topic"] == topic);
    found.expect("every heading is answered").clone()
}

/// The rules of one type, without its name.
fn rules(policy: &Value, kind: &str) -> Vec<Value> {
    let all = policy["rules"].as_array().expect("a list").iter();
    let of_kind = all.filter(|rule| rule["__typename"] == kind).cloned();
    of_kind
        .map(|mut rule| {
            let fields = rule.as_object_mut().expect("an object");
            fields.remove("__typename");
            rule
        })
        .collect()
}

/// The catalog of the tests, in which the plan states rollover.
fn with_rollover() -> String {
    let stated = "allowance = 500\nrollover = { max = 120, months = 2 }\n";
    CATALOG.replace("allowance = 500\n", stated)
}

async fn publish(studio: &Client, source: String) {
    let publish = json!({ "source": source });
    studio.done("publishCatalog", publish).await;
}

#[actix_web::test]
async fn every_heading_has_rules_that_a_program_reads() {
    let service = Service::start().await;
    let uses = policy(&service, "WHAT_USES").await;
    let expected = json!([{
        "actions": [{ "id": "text-to-image" }, { "id": "text-to-video" }],
        "always": ["IMAGE", "VIDEO"],
    }]);
    assert_eq!(json!(rules(&uses, "PricedActionsRule")), expected);
    let not = policy(&service, "WHAT_DOES_NOT").await;
    let expected =
        json!([{ "actions": [{ "id": "chat" }], "always": ["TEXT"], "unlimited": true }]);
    assert_eq!(json!(rules(&not, "FreeActionsRule")), expected);
    let how = policy(&service, "HOW_IT_WORKS").await;
    let expected = json!([{ "plan": { "id": "maker" }, "allowance": 500, "everyMonths": 1 }]);
    assert_eq!(json!(rules(&how, "RenewalRule")), expected);
    let expected = json!([
        { "pack": { "id": "boost", "soldBelow": null } },
        { "pack": { "id": "top-up", "soldBelow": 100 } },
    ]);
    assert_eq!(json!(rules(&how, "PackRule")), expected);
    let expected = json!([{ "packsWithoutPlan": "FROZEN" }]);
    assert_eq!(json!(rules(&how, "PacksWithoutPlanRule")), expected);
    let when = policy(&service, "WHEN_CONSUMED").await;
    let expected =
        json!([{ "onceProcessed": true, "dependsOnResult": false, "retriesConsume": true }]);
    assert_eq!(json!(rules(&when, "ConsumptionRule")), expected);
    let expected =
        json!([{ "ttlMinutes": 60, "hoursMax": 24, "lateSettleDays": 7, "openMax": 256 }]);
    assert_eq!(json!(rules(&when, "HoldRule")), expected);
    let refund = policy(&service, "WHY_NO_REFUND").await;
    let expected = json!([{
        "refundable": false, "addedByHand": false, "origins": ["PLAN", "ROLLOVER", "PACK"],
    }]);
    assert_eq!(json!(rules(&refund, "RefundRule")), expected);
    let costs = policy(&service, "COST_BY_MODEL").await;
    let expected = json!([
        { "action": { "id": "text-to-image" },
          "models": [{ "model": "pencil", "from": 5 }, { "model": "easel", "from": 10 }] },
        { "action": { "id": "text-to-video" }, "models": [{ "model": "reel", "from": 15 }] },
    ]);
    assert_eq!(json!(rules(&costs, "ModelCostRule")), expected);
    let expected = json!([{ "quoteTtlMinutes": 15, "requestCreditsMax": null }]);
    assert_eq!(json!(rules(&costs, "PriceRule")), expected);
    let careful = policy(&service, "BE_CAREFUL").await;
    let about: Vec<Value> = rules(&careful, "CarefulRule")
        .iter()
        .map(|rule| rule["about"].clone())
        .collect();
    let expected = json!([
        "VARIATIONS",
        "VIDEOS",
        "SWITCHING_MODELS",
        "REPEATING_PROMPTS"
    ]);
    assert_eq!(json!(about), expected);
    let questions = policy(&service, "QUESTIONS").await;
    let answers = rules(&questions, "AnswerRule");
    let asked = questions["questions"].as_array().expect("a list");
    let counts = (asked.len(), answers.len());
    assert_eq!(counts, (4, 4), "a rule for each question");
}

#[actix_web::test]
async fn a_plan_that_states_rollover_answers_differently_and_rolls_over() {
    let service = Service::start().await;
    let studio = service.studio();
    let rolls_over =
        "Maker rolls over up to 120 unused credits of a month, which then last 2 months.";

    let how = policy(&service, "HOW_IT_WORKS").await;
    let none = json!([{ "plan": { "id": "maker" }, "rollsOver": false, "max": 0, "months": null }]);
    assert_eq!(json!(rules(&how, "RolloverRule")), none);
    let text = how["text"].as_str().expect("a text");
    assert!(
        text.contains("Unused credits of a plan do not roll over."),
        "{text}"
    );
    let questions = policy(&service, "QUESTIONS").await;
    let answer = |answer: &str| json!({ "asked": "ROLLS_OVER", "answer": answer });
    assert!(rules(&questions, "AnswerRule").contains(&answer("NO")));

    publish(&studio, with_rollover()).await;
    let how = policy(&service, "HOW_IT_WORKS").await;
    let stated = json!([{ "plan": { "id": "maker" }, "rollsOver": true, "max": 120, "months": 2 }]);
    assert_eq!(json!(rules(&how, "RolloverRule")), stated);
    let text = how["text"].as_str().expect("a text");
    assert!(text.contains(rolls_over), "{text}");
    let questions = policy(&service, "QUESTIONS").await;
    assert!(rules(&questions, "AnswerRule").contains(&answer("WHERE_STATED")));

    // And so it happens: 490 are unused, 120 of them roll over, for two months.
    studio.open("ada").await;
    let picture = json!({ "accountId": "ada", "action": "text-to-image", "model": "easel" });
    studio.done("charge", picture).await;
    let table = [
        ("2026-02-28T09:59:59Z", 490, 0),
        ("2026-02-28T10:00:00Z", 620, 120),
        ("2026-03-31T10:00:00Z", 740, 240),
        ("2026-04-30T10:00:00Z", 740, 240),
        ("2026-05-31T10:00:00Z", 740, 240),
    ];
    for (at, available, rollover) in table {
        service.set_time(at);
        let balance = studio.balance("ada").await;
        let numbers = (&balance["available"], &balance["rollover"]);
        assert_eq!(numbers, (&json!(available), &json!(rollover)), "{at}");
    }
    let ledger = studio.ledger("ada").await;
    let at = "2026-02-28T10:00:00.000000Z";
    let then: Vec<(&str, i64)> = ledger
        .iter()
        .filter(|(_, when, _)| when == at)
        .map(|(kind, _, change)| (kind.as_str(), *change))
        .collect();
    let expected = [
        ("EXPIRY", -490),
        ("ROLLOVER_GRANT", 120),
        ("PERIOD_GRANT", 500),
    ];
    assert_eq!(then, expected);
}

#[actix_web::test]
async fn a_pack_sold_below_a_number_is_told_closed_then_offered_and_honoured() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let how = policy(&service, "HOW_IT_WORKS").await;
    let text = how["text"].as_str().expect("a text");
    let told = "Top-up adds 50 credits that last 90 days, on offer once fewer than 100 credits of \
                the allowance are left.";
    assert!(text.contains(told), "{text}");
    let top_up = |reference: &str| {
        let mut pack = crate::spending::boost("ada", reference);
        pack["packId"] = json!("top-up");
        pack
    };
    let query = "{ account(accountId: \"ada\") { packOffers { pack { id } offered reason } } }";
    let offer = async || {
        let data = studio.read(query, json!({})).await;
        data["account"]["packOffers"][1].clone()
    };
    let closed =
        json!({ "pack": { "id": "top-up" }, "offered": false, "reason": "ALLOWANCE_LEFT" });
    let open = json!({ "pack": { "id": "top-up" }, "offered": true, "reason": null });
    assert_eq!(offer().await, closed);
    // It was paid for all the same: it is honoured.
    studio.done("purchasePack", top_up("pay-1")).await;
    let films = |seconds: i64, variations: i64| {
        json!({
            "accountId": "ada", "action": "text-to-video", "model": "reel", "seconds": seconds,
            "variations": variations,
        })
    };
    // 400 are used: 100 of the allowance are left, which is not fewer than 100.
    studio.done("charge", films(10, 2)).await;
    for _ in 0..10 {
        let picture = json!({ "accountId": "ada", "action": "text-to-image", "model": "easel" });
        studio.done("charge", picture).await;
    }
    assert_eq!(studio.balance("ada").await["allowance"]["remaining"], 100);
    assert_eq!(offer().await, closed);
    let sketch = json!({ "accountId": "ada", "action": "text-to-image", "model": "pencil" });
    studio.done("charge", sketch).await;
    assert_eq!(offer().await, open);
    studio.done("purchasePack", top_up("pay-2")).await;
    assert_eq!(studio.balance("ada").await["packs"], 100);
    // The next month has its allowance: it is closed again.
    service.set_time("2026-02-28T10:00:00Z");
    assert_eq!(offer().await, closed);
}
