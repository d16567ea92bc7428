//! A quote binds; without one, `maxCost` guards.

use credits_tests::harness::{CATALOG, Client, Service, with};
use serde_json::{Value, json};

async fn quote(client: &Client, input: Value) -> Value {
    let query = "query($input: QuoteInput!) { quote(input: $input) { quoteId cost affordable shortBy \
                 availableAfter expiresAt catalogVersion lines { kind factor amount } \
                 alternatives { model cost } } }";
    let mut data = client.read(query, json!({ "input": input })).await;
    data["quote"].take()
}

/// A picture on the easel costs 10, and 12 in the catalog that follows.
async fn raise_prices(studio: &Client) -> Value {
    let source = CATALOG.replace("price = 10\n", "price = 12\n");
    assert_ne!(source, CATALOG);
    studio
        .done("publishCatalog", json!({ "source": source }))
        .await
}

#[actix_web::test]
async fn a_delayed_publication_does_not_bring_old_prices_back() {
    let service = Service::start().await;
    let studio = service.studio();
    let id = "0191d4e0-7c1b-7f3a-9a53-5f0f5f3b1c11";
    let dearer = CATALOG.replace("price = 10\n", "price = 12\n");
    let call = json!({ "operationId": id, "source": dearer });
    let first = studio.done("publishCatalog", call.clone()).await;
    assert_eq!(first["replayed"], false);
    let dearest = CATALOG.replace("price = 10\n", "price = 14\n");
    studio
        .done("publishCatalog", json!({ "source": dearest }))
        .await;
    let again = studio.done("publishCatalog", call).await;
    assert_eq!(again["replayed"], true);
    let other = json!({ "operationId": id, "source": CATALOG });
    let refused = studio.call("publishCatalog", other).await;
    assert_eq!(refused["userErrors"][0]["code"], "OPERATION_ID_REUSED");
    let data = studio.read("{ catalog { version } }", json!({})).await;
    assert_eq!(data["catalog"]["version"], 3);
}

#[actix_web::test]
async fn a_price_is_quoted_line_by_line() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let film = json!({
        "accountId": "ada", "action": "text-to-video", "model": "reel", "seconds": 10, "variations": 4,
    });
    let mut quoted = quote(&studio, film).await;
    assert!(quoted["quoteId"].take().is_string());
    let expected = json!({
        "quoteId": null, "cost": 600, "affordable": false, "shortBy": 100, "availableAfter": null,
        "expiresAt": "2026-01-31T10:15:00.000000Z", "catalogVersion": 1,
        "lines": [
            { "kind": "UNIT_PRICE", "factor": null, "amount": "15" },
            { "kind": "VARIATIONS", "factor": "4", "amount": "60" },
            { "kind": "SECONDS", "factor": "10", "amount": "600" },
        ],
        "alternatives": [{ "model": "reel", "cost": 450 }],
    });
    let mut seen = quoted.clone();
    seen["lines"][0]["factor"] = json!(null);
    assert_eq!(seen, expected);
}

#[actix_web::test]
async fn a_new_catalog_changes_prices_and_a_quote_still_binds() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let picture = |extra: Value| {
        let input = json!({ "accountId": "ada", "action": "text-to-image", "model": "easel" });
        with(input, &extra)
    };
    let quoted = quote(&studio, picture(json!({}))).await;
    assert_eq!(quoted["cost"], 10);

    service.set_time("2026-01-31T10:05:00Z");
    let published = raise_prices(&studio).await;
    assert_eq!(published["catalog"]["version"], 2);
    assert_eq!(published["replayed"], false);

    let refused = studio
        .refused("charge", picture(json!({ "maxCost": 10 })))
        .await;
    assert_eq!(refused["code"], "PRICE_CHANGED");
    let numbers = (
        &refused["cost"],
        &refused["maxCost"],
        &refused["catalogVersion"],
    );
    assert_eq!(numbers, (&json!(12), &json!(10), &json!(2)));
    let charged = studio
        .done("charge", picture(json!({ "maxCost": 12 })))
        .await;
    assert_eq!(charged["cost"], 12);

    let bound = json!({ "quoteId": quoted["quoteId"] });
    for _ in 0..2 {
        let charged = studio.done("charge", picture(bound.clone())).await;
        assert_eq!(charged["cost"], 10, "as often as wanted");
    }
    let mut other = picture(bound.clone());
    other["variations"] = json!(2);
    assert_eq!(
        studio.refused("charge", other).await["code"],
        "QUOTE_MISMATCH"
    );
    let invented = picture(json!({ "quoteId": "AAAA" }));
    assert_eq!(
        studio.refused("charge", invented).await["code"],
        "QUOTE_MISMATCH"
    );

    service.set_time("2026-01-31T10:15:00Z");
    let refused = studio.refused("charge", picture(bound)).await;
    assert_eq!(refused["code"], "QUOTE_EXPIRED");
    assert_eq!(refused["cost"], 12);
}

#[actix_web::test]
async fn a_hold_is_settled_at_the_price_it_was_placed_at() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let picture = json!({ "accountId": "ada", "action": "text-to-image", "model": "easel" });
    let reserved = studio.done("reserve", picture).await;
    raise_prices(&studio).await;
    let hold = &reserved["operation"]["operationId"];
    let settle = json!({ "accountId": "ada", "holdId": hold });
    assert_eq!(studio.done("settle", settle).await["cost"], 10);
}

#[actix_web::test]
async fn a_catalog_with_mistakes_is_refused_with_all_of_them() {
    let service = Service::start().await;
    let studio = service.studio();
    let source = CATALOG
        .replace("price = 10\n", "price = 0\n")
        .replace("allowance = 500\n", "allowance = 500\ncolour = 1\n");
    let payload = studio
        .call("publishCatalog", json!({ "source": source }))
        .await;
    let errors = payload["userErrors"].as_array().expect("a list");
    assert_eq!(errors.len(), 2, "{errors:?}");
    for error in errors {
        assert_eq!(error["code"], "CATALOG_INVALID");
    }
    let data = studio.read("{ catalog { version } }", json!({})).await;
    assert_eq!(data["catalog"]["version"], 1);
}
