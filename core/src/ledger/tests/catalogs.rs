//! A catalog that another node published a moment ago: whoever meets it here before having heard of it
//! learns it first.

use super::*;
use crate::{
    domain::{
        command::PriceGuard,
        ids::{CatalogVersion, PackId, PlanId},
        quote::QuoteGuard,
    },
    store::tests::{at, charge, purchase, reserve},
};

const NEXT: CatalogVersion = CatalogVersion(2);

/// The example with another plan and another pack.
fn next_catalog() -> String {
    let more = r#"
[[plans]]
id = "nova"
name = "Nova"
description = "For those who publish."
allowance = 7_000

[[plans.prices]]
interval = "monthly"
money = { amount_minor = 9_900, currency = "USD" }

[[packs]]
id = "nova-pack"
name = "Nova"
description = "For those who publish."
credits = 700
money = { amount_minor = 900, currency = "USD" }
"#;
    format!("{EXAMPLE}\n{more}")
}

/// Two nodes on one store, of which neither tells the other anything. `there` has published the next
/// catalog; `here` has not heard of it, and has no account in memory.
async fn nodes() -> (Stage, Stage) {
    let store = Arc::new(MemoryStore::new().shared());
    let clock = Clock::manual(at(OPENED), 0.0);
    Stage::furnished(Arc::clone(&store), clock.clone()).await;
    let here = Stage::over(Arc::clone(&store), clock.clone()).await;
    let there = Stage::over(store, clock).await;
    let published = there.ledger.publish_catalog(next_catalog(), None).await;
    assert_eq!(published.unwrap().catalog.version, NEXT);
    assert_eq!(latest(&here), CatalogVersion(1));
    (here, there)
}

fn latest(stage: &Stage) -> CatalogVersion {
    stage.ledger.catalogs().latest().unwrap().version
}

fn change_plan() -> Request {
    Request::ChangePlan {
        plan: PlanId::parse("nova").unwrap(),
        interval: None,
    }
}

fn offered(version: Option<CatalogVersion>, pack: &str) -> Request {
    match purchase("pay-1") {
        Request::PurchasePack { payment, .. } => Request::PurchasePack {
            pack: PackId::parse(pack).unwrap(),
            quantity: 1,
            catalog_version: version,
            payment,
        },
        other => panic!("{other:?} is no purchase"),
    }
}

#[actix::test]
async fn what_a_request_names_is_learnt_before_it_would_be_refused() {
    for request in [
        change_plan(),
        offered(None, "nova-pack"),
        offered(Some(NEXT), "nova-pack"),
        // The pack is known here, but not the version that it was offered in.
        offered(Some(NEXT), "boost"),
    ] {
        let (here, _there) = nodes().await;
        let done = here.does(9, request.clone()).await;
        assert_eq!(done.event.catalog_version, NEXT, "{request:?}");
    }
}

#[actix::test]
async fn what_nobody_published_is_refused_as_ever() {
    let (here, _there) = nodes().await;
    for request in [
        offered(Some(CatalogVersion(9)), "boost"),
        offered(None, "supernova-pack"),
    ] {
        let answer = here.asks(9, request).await.unwrap();
        let Answer::Decided { outcome, .. } = answer else {
            panic!("{answer:?}");
        };
        assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
    }
}

#[actix::test]
async fn a_quote_of_another_node_binds_by_the_catalog_that_it_names() {
    let (here, there) = nodes().await;
    let Request::Charge { generation, .. } = charge() else {
        panic!("it is a charge");
    };
    let quotes = there.ledger.quotes(&ann(), vec![generation.clone()]).await;
    let quote = quotes.unwrap().remove(0).unwrap();
    let guard = PriceGuard {
        quote: here.ledger.quote_guard(Some(&quote.quote_id)),
        ..PriceGuard::default()
    };
    assert!(matches!(guard.quote, QuoteGuard::Quoted(_)));
    let done = here.does(9, Request::Charge { generation, guard }).await;
    assert_eq!(done.event.catalog_version, NEXT);
}

#[actix::test]
async fn an_account_that_was_decided_on_elsewhere_is_loaded_with_its_catalog() {
    for asks in [change_plan(), reserve()] {
        let (here, there) = nodes().await;
        let done = there.does(9, asks.clone()).await;
        assert_eq!(done.event.catalog_version, NEXT);
        assert_eq!(here.view().await.account.sequence, done.sequence);
        assert_eq!(latest(&here), NEXT, "{asks:?}");
    }
}

#[actix::test]
async fn a_call_that_loses_to_it_is_decided_again_with_its_catalog() {
    let (here, there) = nodes().await;
    // It is in memory here, as it was.
    here.does(8, charge()).await;
    there.does(9, change_plan()).await;
    let charged = here.does(10, charge()).await;
    assert_eq!(charged.event.catalog_version, NEXT);
    // Contended for a while: this one is decided under the lock.
    there.does(11, charge()).await;
    let charged = here.does(12, charge()).await;
    assert_eq!(charged.event.catalog_version, NEXT);
}
