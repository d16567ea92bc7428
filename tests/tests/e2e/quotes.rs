//! What a quote binds, over a change of prices, of keys, and a restart.

use std::{os::unix::fs::PermissionsExt as _, path::PathBuf};

use credits_tests::harness::{CATALOG, Client, Service};
use serde_json::{Value, json};

fn picture(account: &str) -> Value {
    json!({ "accountId": account, "action": "text-to-image", "model": "easel" })
}

fn with(mut input: Value, key: &str, value: Value) -> Value {
    input[key] = value;
    input
}

async fn quoted(client: &Client, input: Value) -> Value {
    let query = "query($input: QuoteInput!) { quote(input: $input) { quoteId cost expiresAt } }";
    let mut data = client.read(query, json!({ "input": input })).await;
    data["quote"]["quoteId"].take()
}

/// A file with a key that only its owner may read.
fn key_file(service: &Service, name: &str, byte: u8) -> PathBuf {
    let path = service.directory().join(name);
    std::fs::write(&path, [byte; 32]).expect("the directory can be written to");
    let owner_only = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(&path, owner_only).expect("it is our file");
    path
}

async fn charge_code(studio: &Client, quote: &Value) -> Value {
    let input = with(picture("ada"), "quoteId", quote.clone());
    let payload = studio.call("charge", input).await;
    payload["userErrors"][0]["code"].clone()
}

#[actix_web::test]
async fn a_quote_outlasts_a_restart_and_one_change_of_the_key() {
    let service = Service::start().await;
    service.studio().open("ada").await;
    let by_node_key = quoted(&service.studio(), picture("ada")).await;

    // The node's own key stays recognised while the nodes change to one that they share.
    let node_key = service.directory().join("node.key");
    let shared = key_file(&service, "shared.key", 1);
    let keys = vec![shared.clone(), node_key];
    let service = service.restart_with(|settings| settings.quotes.key_files = keys);
    let service = service.await;
    let studio = service.studio();
    assert_eq!(charge_code(&studio, &by_node_key).await, json!(null));
    let by_shared = quoted(&studio, picture("ada")).await;
    assert_eq!(charge_code(&studio, &by_shared).await, json!(null));

    // The next change: the key before it is recognised, the one before that is not.
    let next = key_file(&service, "next.key", 2);
    let keys = vec![next, shared];
    let service = service.restart_with(|settings| settings.quotes.key_files = keys);
    let service = service.await;
    let studio = service.studio();
    assert_eq!(charge_code(&studio, &by_shared).await, json!(null));
    assert_eq!(charge_code(&studio, &by_node_key).await, "QUOTE_MISMATCH");
    let by_next = quoted(&studio, picture("ada")).await;
    assert_eq!(charge_code(&studio, &by_next).await, json!(null));

    // A key that is not named any more is not recognised, and a new one begins with nothing.
    let other = key_file(&service, "other.key", 3);
    let service = service.restart_with(|settings| settings.quotes.key_files = vec![other]);
    let service = service.await;
    let studio = service.studio();
    assert_eq!(charge_code(&studio, &by_next).await, "QUOTE_MISMATCH");
}

#[actix_web::test]
async fn a_catalog_published_meanwhile_changes_no_quoted_price_not_even_after_a_restart() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    let quote = quoted(&studio, picture("ada")).await;
    let dearer = CATALOG.replace("price = 10\n", "price = 12\n");
    let publish = json!({ "source": dearer });
    studio.done("publishCatalog", publish).await;
    // A file names what is published at start: this one says nothing.
    let service = service.restart_with(|settings| settings.catalog.file = None);
    let service = service.await;
    let studio = service.studio();
    for mutation in ["charge", "reserve"] {
        let input = with(picture("ada"), "quoteId", quote.clone());
        assert_eq!(studio.done(mutation, input).await["cost"], 10, "{mutation}");
        let refused = with(picture("ada"), "maxCost", json!(11));
        let refused = studio.refused(mutation, refused).await;
        assert_eq!(refused["code"], "PRICE_CHANGED");
        let numbers = [
            &refused["cost"],
            &refused["maxCost"],
            &refused["catalogVersion"],
        ];
        assert_eq!(numbers, [&json!(12), &json!(11), &json!(2)], "{mutation}");
    }
    service.set_time("2026-01-31T10:15:00Z");
    let input = with(picture("ada"), "quoteId", quote);
    let refused = studio.refused("reserve", input).await;
    assert_eq!(refused["code"], "QUOTE_EXPIRED");
    let numbers = (&refused["cost"], &refused["expiredAt"]);
    assert_eq!(numbers, (&json!(12), &json!("2026-01-31T10:15:00.000000Z")));
}

#[actix_web::test]
async fn a_quote_is_for_one_account_and_a_changed_one_is_none() {
    let service = Service::start().await;
    let studio = service.studio();
    studio.open("ada").await;
    studio.open("bob").await;
    let quote = quoted(&studio, picture("ada")).await;
    let bobs = with(picture("bob"), "quoteId", quote.clone());
    let refused = studio.refused("charge", bobs).await;
    assert_eq!(refused["code"], "QUOTE_MISMATCH");
    let mut text = quote.as_str().expect("an id").to_owned();
    let last = text.pop().expect("it has characters");
    text.push(if last == 'A' { 'Q' } else { 'A' });
    assert_eq!(charge_code(&studio, &json!(text)).await, "QUOTE_MISMATCH");
    // Quote and ceiling together: both must hold.
    let mut input = with(picture("ada"), "quoteId", quote);
    input["maxCost"] = json!(9);
    let refused = studio.refused("charge", input).await;
    assert_eq!(refused["code"], "PRICE_CHANGED");
}
