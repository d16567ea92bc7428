//! A quote binds the price of exactly one request of one account, for as long as it says.

use super::{
    scene::Scene,
    shop::{catalog, credits, published},
    words::{at, generation, named},
};
use crate::domain::{
    catalog::{Catalogs, Generation, Priced},
    command::{PriceGuard, Request},
    event::Fact,
    ids::{AccountId, CatalogVersion},
    quote::{QuoteGuard, QuoteTerms, request_hash},
};

/// Images on `brush` cost 50 in January and 80 from February on.
fn dearer_in_february() -> Catalogs {
    let mut dearer = catalog();
    dearer.models[1].actions[0].price = "80".parse().unwrap();
    published([(at("1970-01-01"), catalog()), (at("2026-02-01"), dearer)])
}

fn scene() -> Scene {
    let mut scene = Scene::new(dearer_in_february(), at("2026-01-31 23:50"));
    scene.does("start basic monthly").unwrap();
    scene
}

fn quote(scene: &Scene, wanted: &Generation) -> QuoteTerms {
    let published = scene.catalogs.terms_at(scene.now);
    let cost = published
        .catalog
        .price(wanted)
        .map(|price: Priced| price.cost());
    QuoteTerms {
        request: request_hash(&scene.account.id, wanted),
        catalog_version: published.version,
        cost: cost.unwrap(),
        expires_at: at("2026-02-01 00:05"),
    }
}

fn charge(scene: &mut Scene, name: &str, wanted: &Generation, quote: QuoteTerms) -> String {
    let request = Request::Charge {
        generation: wanted.clone(),
        guard: PriceGuard {
            quote: QuoteGuard::Quoted(quote),
            ..PriceGuard::default()
        },
    };
    match scene.asks(named(name), request) {
        Ok(Some(event)) => match event.fact {
            Fact::Charge(charge) => format!("{} by {}", charge.cost, event.catalog_version),
            other => panic!("a charge is no {other:?}"),
        },
        Ok(None) => "free".to_owned(),
        Err(refusal) => format!("{refusal:?}"),
    }
}

#[test]
fn it_pins_the_price_over_a_change_as_often_as_wanted_until_it_ends() {
    let mut scene = scene();
    let wanted = generation(&["image", "brush"]);
    let quoted = quote(&scene, &wanted);
    scene.now = at("2026-02-01");
    assert_eq!(charge(&mut scene, "one", &wanted, quoted), "50 by 1");
    assert_eq!(charge(&mut scene, "two", &wanted, quoted), "50 by 1");
    scene.now = at("2026-02-01T00:04:59.999999Z");
    assert_eq!(charge(&mut scene, "three", &wanted, quoted), "50 by 1");
    scene.now = at("2026-02-01 00:05");
    let expired = "QuoteExpired { expired_at: 2026-02-01T00:05:00Z, cost: 80 }";
    assert_eq!(charge(&mut scene, "four", &wanted, quoted), expired);
    scene.check(&[("2026-02-01 00:05", "charge image brush", "270")]);
}

#[test]
fn it_binds_for_exactly_that_request() {
    let mut scene = scene();
    scene.does("charge image brush as before").unwrap();
    let wanted = Generation {
        regenerate_of: Some(named("before")),
        ..generation(&["image", "brush", "x2", "#film"])
    };
    let quoted = quote(&scene, &wanted);
    for other in [
        generation(&["image", "brush", "x2", "#film"]),
        Generation {
            variations: 1,
            ..wanted.clone()
        },
        Generation {
            project: None,
            ..wanted.clone()
        },
        Generation {
            model: generation(&["image", "pen"]).model,
            ..wanted.clone()
        },
    ] {
        assert_eq!(charge(&mut scene, "other", &other, quoted), "QuoteMismatch");
    }
    // The prompt is no part of the price.
    let prompted = Generation {
        prompt_fingerprint: Some(crate::domain::catalog::PromptFingerprint([7; 32])),
        ..wanted
    };
    assert_eq!(charge(&mut scene, "same", &prompted, quoted), "100 by 1");
}

#[test]
fn it_binds_for_one_account_and_only_if_this_service_made_it() {
    let mut scene = scene();
    let wanted = generation(&["image", "brush"]);
    let berts = QuoteTerms {
        request: request_hash(&AccountId::parse("bert").unwrap(), &wanted),
        ..quote(&scene, &wanted)
    };
    assert_eq!(charge(&mut scene, "berts", &wanted, berts), "QuoteMismatch");
    let request = Request::Charge {
        generation: wanted.clone(),
        guard: PriceGuard {
            quote: QuoteGuard::Unrecognised,
            ..PriceGuard::default()
        },
    };
    let refusal = scene.asks(named("forged"), request).unwrap_err();
    assert_eq!(format!("{refusal:?}"), "QuoteMismatch");
    // A quote by a catalog that is not known here never binds another price.
    let unknown = QuoteTerms {
        catalog_version: CatalogVersion(9),
        cost: credits(40),
        ..quote(&scene, &wanted)
    };
    assert_eq!(
        charge(&mut scene, "unknown", &wanted, unknown),
        "QuoteMismatch"
    );
}

#[test]
fn it_pins_nothing_but_the_price() {
    let mut scene = scene();
    let wanted = generation(&["image", "brush", "x8"]);
    let quoted = quote(&scene, &wanted);
    assert_eq!(charge(&mut scene, "one", &wanted, quoted), "400 by 1");
    let refused = charge(&mut scene, "two", &wanted, quoted);
    assert!(refused.starts_with("InsufficientCredits"), "{refused}");
}
