//! Choosing the right model, and what can be made with what is there.

use proptest::prelude::*;

use super::{
    random::{begin, catalogs, steps},
    scene::{Scene, brief},
    shop::{credits, shop},
    words::{at, generation, named},
};
use crate::domain::{
    affordable::{Basis, Until},
    catalog::{Catalogs, Generation, PriceOption, PriceTerms, Priced},
    command::{PriceGuard, Request},
    event::Fact,
    ids::OptionId,
    recommend::{RECOMMENDATIONS_MAX, Sort},
    refusal::Refusal,
};

fn wanted(text: &str) -> Generation {
    generation(&text.split(' ').collect::<Vec<&str>>())
}

/// The models that are recommended, each with what it costs, how often that can be afforded and what it
/// costs more than the cheapest.
fn recommended(scene: &Scene, sort: Sort, text: &str) -> Vec<String> {
    let found = scene
        .account
        .recommend(&scene.catalogs, &wanted(text), sort, scene.now);
    let told = found.models.iter().map(|one| {
        let times = one.affordable_times;
        let times = times.map_or("any number".to_owned(), |times| times.to_string());
        let more = one.costs_more_than_cheapest;
        format!("{} {} ×{times} +{more}", one.model, one.price.cost)
    });
    told.collect()
}

/// Rows of what is asked, and the recommendations, of an account that did `asked`.
fn check(catalogs: Catalogs, asked: &[&str], rows: &[(Sort, &str, &[&str])]) {
    let mut scene = Scene::new(catalogs, at("2026-01-01"));
    for text in asked {
        scene.does(text).unwrap();
    }
    for (sort, text, expected) in rows {
        assert_eq!(
            recommended(&scene, *sort, text),
            *expected,
            "{sort:?} {text}"
        );
    }
}

#[test]
fn the_cheapest_comes_first_or_the_most_advanced_or_a_balance_of_both() {
    check(
        shop(|_| {}),
        &["start basic monthly"],
        &[
            (
                Sort::Cost,
                "image",
                &["sketch 4 ×125 +0", "pen 10 ×50 +6", "brush 50 ×10 +46"],
            ),
            // Of two that are as advanced the cheaper one comes first.
            (
                Sort::Quality,
                "image",
                &["brush 50 ×10 +46", "sketch 4 ×125 +0", "pen 10 ×50 +6"],
            ),
            // 50 of 500 is no large share.
            (
                Sort::Balance,
                "image",
                &["brush 50 ×10 +46", "sketch 4 ×125 +0", "pen 10 ×50 +6"],
            ),
            // 150 of 500 is 30 %, which is large from 25 % on.
            (
                Sort::Balance,
                "image x3",
                &["sketch 10 ×50 +0", "pen 30 ×16 +20", "brush 150 ×3 +140"],
            ),
        ],
    );
}

#[test]
fn what_can_not_be_afforded_comes_last_but_for_who_asks_for_quality() {
    check(
        shop(|_| {}),
        &[
            "start solo monthly",
            "charge image brush",
            "charge image pen x2",
        ],
        &[
            (
                Sort::Balance,
                "image",
                &["sketch 4 ×7 +0", "pen 10 ×3 +6", "brush 50 ×0 +46"],
            ),
            (
                Sort::Quality,
                "image",
                &["brush 50 ×0 +46", "sketch 4 ×7 +0", "pen 10 ×3 +6"],
            ),
            (
                Sort::Cost,
                "image x3",
                &["sketch 10 ×3 +0", "pen 30 ×1 +20", "brush 150 ×0 +140"],
            ),
        ],
    );
}

#[test]
fn only_models_that_can_run_this_very_request_are_recommended() {
    let hd = || PriceOption {
        id: OptionId::parse("hd").unwrap(),
        name: "HD".to_owned(),
        factor: "2".parse().unwrap(),
    };
    let catalogs = shop(|shop| {
        let brush = &mut shop.models[1].actions[0];
        brush.resolutions = vec![hd()];
        brush.default_resolution = Some(hd().id);
        shop.models[0].actions[0].variations.max = 2;
    });
    check(
        catalogs.clone(),
        &["start basic monthly"],
        &[
            (
                Sort::Cost,
                "image x3",
                &["sketch 10 ×50 +0", "brush 300 ×1 +290"],
            ),
            (Sort::Cost, "image x9", &[]),
            // No image has a length.
            (Sort::Cost, "image 5s", &[]),
            (Sort::Cost, "video 3s", &["reel 45 ×11 +0"]),
            (Sort::Cost, "sound", &["sketch 0 ×any number +0"]),
            // Text is free on any model, so that there is nothing to choose.
            (Sort::Cost, "chat", &[]),
            (Sort::Cost, "dance", &[]),
            // A model that is named does not count.
            (Sort::Cost, "video reel 3s", &["reel 45 ×11 +0"]),
        ],
    );
    let scene = Scene::new(catalogs, at("2026-01-01"));
    let sharp = Generation {
        resolution: Some(hd().id),
        ..wanted("image")
    };
    let found = scene
        .account
        .recommend(&scene.catalogs, &sharp, Sort::Cost, scene.now);
    let models: Vec<&str> = found.models.iter().map(|one| one.model.as_str()).collect();
    assert_eq!(models, ["brush"], "others have no such resolution");
}

#[test]
fn what_a_ceiling_refuses_is_not_recommended_and_can_not_be_made() {
    let catalogs = shop(|shop| shop.policy.request_credits_max = Some(credits(49)));
    check(
        catalogs.clone(),
        &["start basic monthly"],
        &[(
            Sort::Quality,
            "image",
            &["sketch 4 ×125 +0", "pen 10 ×50 +6"],
        )],
    );
    let mut scene = Scene::new(catalogs, at("2026-01-01"));
    scene.does("start basic monthly").unwrap();
    assert!(!makes(&scene).iter().any(|one| one.contains("brush")));
}

#[test]
fn what_the_spend_itself_can_confirm_is_recommended() {
    let catalogs = shop(|_| {});
    let rows: &[(Sort, &str, &[&str])] = &[(
        Sort::Cost,
        "image x2 ~fox",
        &["sketch 7 ×71 +0", "pen 20 ×25 +13", "brush 100 ×5 +93"],
    )];
    check(catalogs.clone(), &["start basic monthly"], rows);
    // The repeat guard and one first refuse until the user says so, and the user only looks so far.
    let guarded = ["start basic monthly", "set guard on", "set one on"];
    check(catalogs, &guarded, rows);
}

#[test]
fn no_more_models_are_recommended_than_a_picker_shows() {
    let catalogs = shop(|shop| {
        for copy in 0..2 * RECOMMENDATIONS_MAX {
            let mut pen = shop.models[0].clone();
            pen.id = crate::domain::ids::ModelId::parse(&format!("pen-{copy}")).unwrap();
            shop.models.push(pen);
        }
    });
    let scene = Scene::new(catalogs, at("2026-01-01"));
    assert_eq!(
        recommended(&scene, Sort::Cost, "image").len(),
        RECOMMENDATIONS_MAX
    );
}

/// The terms of an account's charges, the newest first.
fn charges(scene: &Scene) -> Vec<PriceTerms> {
    let terms = |fact: &Fact| match fact {
        Fact::Charge(charged) => Some(charged.spend.terms.clone()),
        _ => None,
    };
    let events = scene.ledger.iter().rev();
    events.filter_map(|event| terms(&event.fact)).collect()
}

/// What can be made, a line for each action of each model.
fn makes(scene: &Scene) -> Vec<String> {
    let found = scene
        .account
        .affordable(&scene.catalogs, &charges(scene), scene.now);
    let told = found.iter().map(|one| {
        let terms = &one.price.terms;
        let count = one.count.map_or("any number".to_owned(), |n| n.to_string());
        let mut text = format!("{} {} x{}", terms.action, terms.model, terms.variations);
        if let Some(seconds) = terms.seconds {
            text += &format!(" {seconds}s");
        }
        let basis = match one.basis {
            Basis::Usual => "as usual",
            Basis::Default => "by default",
        };
        format!("{text} {basis}: {count} at {}", one.price.cost)
    });
    told.collect()
}

#[test]
fn what_can_be_made_is_told_by_the_usual_request_of_each_model() {
    let mut scene = Scene::after(&["start basic monthly"]);
    assert_eq!(
        makes(&scene),
        [
            "image pen x1 by default: 50 at 10",
            "edit pen x1 by default: 25 at 20",
            "image brush x1 by default: 10 at 50",
            "image sketch x1 by default: 125 at 4",
            "sound sketch x1 by default: any number at 0",
            "video reel x1 5s by default: 6 at 75",
            "animate reel x1 5s by default: 6 at 75",
        ],
        "chat is unlimited and so not counted"
    );
    for asked in [
        "charge image pen x2",
        "charge image pen x3",
        "charge video reel 2s",
    ] {
        scene.does(asked).unwrap();
    }
    assert_eq!(
        makes(&scene),
        [
            "image pen x3 as usual: 14 at 30",
            "edit pen x1 by default: 21 at 20",
            "image brush x1 by default: 8 at 50",
            "image sketch x1 by default: 105 at 4",
            "sound sketch x1 by default: any number at 0",
            "video reel x1 2s as usual: 14 at 30",
            "animate reel x1 5s by default: 5 at 75",
        ]
    );
}

#[test]
fn a_usual_request_that_the_catalog_no_longer_has_gives_way_to_the_defaults() {
    let mut scene = Scene::after(&["start basic monthly", "charge image pen x8"]);
    scene.catalogs = shop(|shop| shop.models[0].actions[0].variations.max = 4);
    assert_eq!(makes(&scene)[0], "image pen x1 by default: 42 at 10");
}

#[test]
fn what_can_be_made_holds_until_the_renewal_or_the_next_end_of_credits() {
    let until = |scene: &Scene| match scene.account.affordable_until() {
        Some(Until::Renewal(at)) => format!("renewal {}", brief(at)),
        Some(Until::Expiry(at)) => format!("expiry {}", brief(at)),
        None => "for ever".to_owned(),
    };
    for (asked, expected) in [
        (&["start basic monthly"][..], "renewal 2026-02-01"),
        (&["start basic monthly", "cancel"], "expiry 2026-02-01"),
        // 30 days end before a month of 31 does.
        (&["start basic monthly", "buy spark"], "expiry 2026-01-31"),
        // Credits that never end, of a plan that was used up and ended.
        (&["start basic monthly", "buy boost"], "renewal 2026-02-01"),
        (&[], "for ever"),
    ] {
        assert_eq!(until(&Scene::after(asked)), expected, "{asked:?}");
    }
    let mut scene = Scene::after(&["start basic monthly", "cancel", "charge image brush x8"]);
    scene.does("charge image brush x2").unwrap();
    assert_eq!(
        until(&scene),
        "for ever",
        "there is nothing left that could end"
    );
}

/// A charge for `wanted`, told as `ok` or as the first word of its refusal.
fn charge(scene: &mut Scene, wanted: &Generation, serial: i64) -> String {
    let request = Request::Charge {
        generation: wanted.clone(),
        guard: PriceGuard::default(),
    };
    match scene.asks(named(&format!("try-{serial}")), request) {
        Ok(_) => "ok".to_owned(),
        Err(Refusal::InsufficientCredits(_)) => "too few credits".to_owned(),
        Err(other) => format!("{other:?}"),
    }
}

/// How many charges are tried for one recommendation.
const TRIED_MAX: i64 = 200;

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_recommended_succeeds_so_many_times_and_then_lacks_credits_only(
        catalogs in catalogs(),
        steps in steps(),
        text in prop_oneof![
            Just("image"), Just("image x8"), Just("edit x2"), Just("video 20s"), Just("sound"), Just("image x9"),
        ],
        ceiling in proptest::option::of(1..400_i64),
    ) {
        let catalogs = with_ceiling(&catalogs, ceiling);
        let mut scene = begin(catalogs);
        for step in &steps {
            step.run(&mut scene);
        }
        scene.reach(scene.now);
        let wanted = wanted(text);
        let found = scene.account.recommend(&scene.catalogs, &wanted, Sort::Balance, scene.now);
        let catalog = scene.catalogs.terms_at(scene.now).catalog.clone();
        for model in &catalog.models {
            let request = Generation { model: Some(model.id.clone()), ..wanted.clone() };
            let recommended = found.models.iter().find(|one| one.model == model.id);
            let mut trial = scene.clone();
            let Some(one) = recommended else {
                let answer = charge(&mut trial, &request, 0);
                prop_assert!(answer != "ok" && answer != "too few credits", "{} {answer}", model.id);
                continue;
            };
            let priced = catalog.price(&request).unwrap();
            prop_assert_eq!(&priced, &Priced::Cost(one.price.clone()));
            let times = one.affordable_times.unwrap_or(TRIED_MAX);
            for serial in 0..times.min(TRIED_MAX) {
                prop_assert_eq!(charge(&mut trial, &request, serial), "ok");
            }
            if times < TRIED_MAX {
                prop_assert_eq!(charge(&mut trial, &request, times), "too few credits");
            }
        }
    }
}

fn with_ceiling(catalogs: &Catalogs, ceiling: Option<i64>) -> Catalogs {
    super::shop::published(catalogs.iter().map(|one| {
        let mut catalog = one.catalog.clone();
        catalog.policy.request_credits_max = ceiling.map(credits);
        (one.effective_at, catalog)
    }))
}
