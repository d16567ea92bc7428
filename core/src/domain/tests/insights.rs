//! Insights: the charges of a period by what to be careful with, counted.

use std::sync::Arc;

use proptest::{prelude::*, sample::select};

use super::{
    scene::Scene,
    shop::{catalog, published, shop},
    words::{at, generation, named},
};
use crate::domain::{
    catalog::Catalogs,
    command::{PriceGuard, Request},
    event::{Charged, Fact},
    insights::{CarefulPoint, Insights},
    outcome::Operation,
};

fn charges(scene: &Scene) -> Vec<Operation> {
    let operations = scene
        .records
        .iter()
        .map(|one| Arc::unwrap_or_clone(one.accepted().unwrap().operation));
    operations
        .filter(|one| matches!(one.event.fact, Fact::Charge(_)))
        .collect()
}

fn charged(operation: &Operation) -> &Charged {
    match &operation.event.fact {
        Fact::Charge(charged) => charged,
        other => panic!("{other:?} is no charge"),
    }
}

/// Each point with its charges by their places, what they used, and the cheaper models.
fn told(insights: &Insights) -> Vec<String> {
    let points = insights.points.iter().map(|insight| {
        let mut text = format!(
            "{:?} {:?} {}",
            insight.point, insight.places, insight.credits
        );
        for pair in &insight.cheaper {
            text += &format!(
                ", {} on {} for {}, on {} for {}",
                pair.charges, pair.model, pair.on_model, pair.other, pair.on_other
            );
        }
        text
    });
    points.collect()
}

fn check(catalogs: Catalogs, rows: &[(&str, &str)], expected: &[&str]) {
    let mut scene = Scene::new(catalogs, at("2026-01-01"));
    scene.does("start pro monthly").unwrap();
    for (when, asked) in rows {
        scene.now = at(when);
        scene.does(asked).unwrap();
    }
    let insights = Insights::of(&scene.catalogs, &charges(&scene), scene.now);
    assert_eq!(told(&insights), expected);
}

#[test]
fn each_point_counts_its_charges_and_a_charge_may_be_in_several() {
    check(
        shop(|_| {}),
        &[
            ("2026-01-02", "charge image pen #a ~fox"),
            // Another model in the project: 100, and 8 on the cheapest.
            ("2026-01-02", "charge image brush x2 #a ~fox"),
            // A video in the same project makes another kind of thing.
            ("2026-01-02", "charge video reel 2s #a"),
            ("2026-01-02 00:05", "charge image brush #a ~fox"),
            ("2026-01-02 00:14", "charge image brush #b ~fox"),
            // Ten minutes later it is not repeated any more.
            ("2026-01-02 00:24", "charge image brush #a ~fox"),
            ("2026-01-03", "charge image pen #b"),
        ],
        &[
            "ManyVariations [1] 100, 1 on brush for 100, on sketch for 7",
            "Video [2] 30",
            "ModelSwitch [1, 6] 110, 1 on brush for 100, on sketch for 7, 1 on pen for 10, on sketch for 4",
            "RepeatedPrompt [3, 4] 100, 2 on brush for 100, on sketch for 8",
            "Regenerate [] 0",
        ],
    );
}

#[test]
fn a_regenerate_is_counted_with_what_it_used() {
    let mut scene = Scene::after(&["start pro monthly", "charge image pen as first"]);
    let mut wanted = generation(&["image", "pen"]);
    wanted.regenerate_of = Some(named("first"));
    let guard = PriceGuard::default();
    let again = Request::Charge {
        generation: wanted,
        guard,
    };
    scene.asks(named("again"), again).unwrap();
    let insights = Insights::of(&scene.catalogs, &charges(&scene), scene.now);
    assert_eq!(
        told(&insights)[4],
        "Regenerate [1] 10, 1 on pen for 10, on sketch for 4"
    );
    assert_eq!((insights.charges, insights.credits.get()), (2, 20));
}

#[test]
fn the_cheaper_model_is_priced_as_of_now_and_must_run_the_very_request() {
    let mut later = catalog();
    later.models[2].actions[0].price = "20".parse().unwrap();
    later.models[2].actions[0].variations.max = 2;
    let catalogs = published([(at("1970-01-01"), catalog()), (at("2026-02-01"), later)]);
    check(
        catalogs,
        &[
            ("2026-01-02", "charge image brush x2"),
            ("2026-01-03", "charge image brush x3"),
            ("2026-01-04", "charge image sketch x3"),
            ("2026-01-05", "charge edit pen x2"),
            ("2026-02-02", "charge image pen"),
        ],
        // The sketch is dearer than the pen by now and takes two at once at most; only the pen edits.
        &[
            "ManyVariations [0, 1, 2, 3] 300, 2 on brush for 250, on pen for 50",
            "Video [] 0",
            "ModelSwitch [] 0",
            "RepeatedPrompt [] 0",
            "Regenerate [] 0",
        ],
    );
}

/// Recounts one point, charge by charge, by looking at all those before each.
fn recount(point: CarefulPoint, charges: &[Operation]) -> Vec<usize> {
    let belongs = |place: &usize| {
        let this = charged(&charges[*place]);
        let before = || charges[..*place].iter().rev();
        match point {
            CarefulPoint::ManyVariations => this.spend.terms.variations >= 2,
            CarefulPoint::Video => this.spend.terms.action.as_str() == "video",
            CarefulPoint::Regenerate => this.spend.regenerate_of.is_some(),
            CarefulPoint::ModelSwitch => {
                let made = this.spend.terms.produces;
                let last = before().map(charged).find(|one| {
                    one.spend.project == this.spend.project && one.spend.terms.produces == made
                });
                let last = last.filter(|_| this.spend.project.is_some());
                last.is_some_and(|last| last.spend.terms.model != this.spend.terms.model)
            }
            CarefulPoint::RepeatedPrompt => before().any(|one| {
                let (earlier, apart) = (charged(one), charges[*place].event.at.since(one.event.at));
                earlier.spend.fingerprint == this.spend.fingerprint
                    && this.spend.fingerprint.is_some()
                    && earlier.spend.terms.model == this.spend.terms.model
                    && apart.num_milliseconds() < 600_000
            }),
        }
    };
    (0..charges.len()).filter(belongs).collect()
}

proptest! {
    #[test]
    fn insights_are_what_the_ledger_counts(
        asked in prop::collection::vec(
            (
                select(vec!["image pen", "image brush x2", "image sketch x3", "video reel 2s"]),
                select(vec!["", " ~fox", " ~cat"]),
                select(vec!["", " #film", " #ad"]),
                0_i64..900,
            ),
            1..40,
        )
    ) {
        let mut scene = Scene::after(&["start pro yearly", "buy boost x99"]);
        for (what, prompt, project, seconds) in asked {
            scene.now = scene.now.saturating_add(chrono::TimeDelta::seconds(seconds));
            scene.does(&format!("charge {what}{prompt}{project}")).unwrap();
        }
        let charges = charges(&scene);
        let insights = Insights::of(&scene.catalogs, &charges, scene.now);
        prop_assert_eq!(insights.charges, charges.len());
        let used = |places: &[usize]| -> i64 {
            places.iter().map(|place| charged(&charges[*place]).cost.get()).sum()
        };
        let everything: Vec<usize> = (0..charges.len()).collect();
        prop_assert_eq!(insights.credits.get(), used(&everything));
        let points: Vec<CarefulPoint> = insights.points.iter().map(|one| one.point).collect();
        prop_assert_eq!(points, [
            CarefulPoint::ManyVariations,
            CarefulPoint::Video,
            CarefulPoint::ModelSwitch,
            CarefulPoint::RepeatedPrompt,
            CarefulPoint::Regenerate,
        ]);
        for insight in &insights.points {
            let expected = recount(insight.point, &charges);
            prop_assert_eq!(&insight.places, &expected, "{:?}", insight.point);
            prop_assert_eq!(insight.credits.get(), used(&expected));
            for pair in &insight.cheaper {
                prop_assert!(pair.on_other < pair.on_model);
            }
        }
        prop_assert_eq!(Insights::of(&scene.catalogs, &charges, scene.now), insights);
    }
}
