//! When to be careful with credits: what each charge is told, and that it is what the ledger says.

use std::{collections::VecDeque, sync::Arc};

use proptest::{prelude::*, sample::select};

use super::{
    scene::Scene,
    shop::{catalog, credits, published, shop},
    words::{at, generation},
};
use crate::domain::{
    advice::{Advisory, AdvisoryCode, AdvisoryFact},
    catalog::{Catalogs, Priced, RolloverTerms},
    event::{Event, Fact},
    ids::Sequence,
    recent::ATTEMPTS_MAX,
};

fn advisories(event: &Event) -> &[Arc<Advisory>] {
    match &event.fact {
        Fact::Charge(charged) => &charged.advisories,
        Fact::HoldPlaced { advisories, .. } => advisories,
        other => panic!("{other:?} is told nothing"),
    }
}

/// Charges one after the other; each row says what is told of its charge, with the adjustment if there
/// is one.
fn told_in(catalogs: Catalogs, start: &str, rows: &[(&str, &str, &[&str])]) {
    let mut scene = Scene::new(catalogs, at("2026-01-01"));
    scene.does(start).unwrap();
    for (when, asked, expected) in rows {
        if !when.is_empty() {
            scene.now = at(when);
        }
        let event = scene.does(asked).unwrap().unwrap();
        let told: Vec<String> = advisories(&event).iter().map(|one| told(one)).collect();
        assert_eq!(told, *expected, "{when} {asked}");
    }
}

fn told(advisory: &Advisory) -> String {
    let mut text = advisory.message();
    if let Some(other) = &advisory.adjustment {
        let changes = other.changed.iter().map(|change| change.to.as_str());
        let changes: Vec<&str> = changes.collect();
        text += &format!(" Or {} for {}.", changes.join(" "), other.cost);
    }
    text
}

#[test]
fn retrying_the_same_prompt_repeatedly_is_told_with_what_it_used_so_far() {
    told_in(
        shop(|_| {}),
        "start pro monthly",
        &[
            ("2026-01-01 12:00", "charge image pen ~fox", &[]),
            ("2026-01-01 12:01", "charge image pen ~fox", &[]),
            // Another model, another prompt or none at all is no repetition.
            ("2026-01-01 12:02", "charge image brush ~fox", &[]),
            ("2026-01-01 12:02", "charge image pen ~cat", &[]),
            ("2026-01-01 12:02", "charge image pen", &[]),
            (
                "2026-01-01 12:03",
                "charge image pen ~fox",
                &[
                    "This is run 3 of this prompt on this model within 10 minutes; the runs before \
                   it used 20 credits. Or sketch for 4.",
                ],
            ),
            // Of four runs, two are older than ten minutes.
            ("2026-01-01 12:12", "charge image pen ~fox", &[]),
        ],
    );
}

#[test]
fn many_variations_at_once_are_told_with_the_price_of_one() {
    told_in(
        shop(|_| {}),
        "start pro monthly",
        &[
            ("2026-01-01 12:00", "charge image pen x3", &[]),
            (
                "",
                "charge image pen x4",
                &[
                    "4 results are made at once and each is charged; one costs 10 credits. \
                 Or 1 for 10.",
                ],
            ),
        ],
    );
}

#[test]
fn a_video_is_told_in_images_of_the_model_the_account_uses_most() {
    told_in(
        shop(|_| {}),
        "start pro monthly",
        &[
            // Nothing to compare with so far.
            ("2026-01-01 12:00", "charge video reel", &[]),
            ("", "charge image brush", &[]),
            ("", "charge image pen", &[]),
            ("", "charge image pen", &[]),
            (
                "",
                "charge video reel",
                &["This video costs as much as 7 images with pen at 10 credits each. Or 1 for 15."],
            ),
        ],
    );
}

#[test]
fn switching_models_in_a_project_is_told_with_the_difference() {
    told_in(
        shop(|_| {}),
        "start pro monthly",
        &[
            ("2026-01-01 12:00", "charge image pen #film", &[]),
            ("", "charge image pen #film", &[]),
            // Another project, or none, has not switched; a video is no switch from an image's model.
            ("", "charge image brush #poster", &[]),
            ("", "charge image brush", &[]),
            (
                "",
                "charge video reel #film",
                &[
                    "This video costs as much as 1 image with brush at 50 credits each. Or 1 for 15.",
                ],
            ),
            (
                "",
                "charge image brush #film",
                &[
                    "This project used pen before; this request costs 40 credits more than there. \
                   Or pen for 10.",
                ],
            ),
            (
                "",
                "charge image sketch #film",
                &["This project used brush before; this request costs 46 credits less than there."],
            ),
            (
                "",
                "charge edit pen #film",
                &["This project used sketch before, which can't run this request."],
            ),
        ],
    );
}

#[test]
fn a_large_share_of_what_is_left_is_told() {
    told_in(
        shop(|_| {}),
        "start solo monthly",
        &[
            ("2026-01-01 12:00", "charge image pen x2", &[]),
            (
                "",
                "charge image pen x2",
                &["This uses 25 % of what is available, 80 credits. Or sketch for 7."],
            ),
        ],
    );
}

#[test]
fn credits_that_end_soon_are_told_without_what_rolls_over() {
    told_in(
        shop(|catalog| {
            catalog.plans[0].rollover = Some(RolloverTerms {
                max: credits(100),
                months: 1,
            });
        }),
        "start basic monthly",
        &[
            ("2026-01-24 00:00", "charge image pen", &[]),
            (
                "2026-01-26 00:00",
                "charge image pen",
                &[
                    "Of what is left after this, 380 credits will end soon, the first at 2026-02-01 00:00 UTC.",
                ],
            ),
            (
                "",
                "charge image pen x3",
                &[
                    "Of what is left after this, 350 credits will end soon, the first at 2026-02-01 00:00 UTC.",
                ],
            ),
            (
                "",
                "charge video reel 15s",
                &[
                    "This video costs as much as 22 images with pen at 10 credits each. Or 1 for 15.",
                    "This uses 50 % of what is available, 450 credits.",
                    "Of what is left after this, 125 credits will end soon, the first at 2026-02-01 00:00 UTC.",
                ],
            ),
            (
                "",
                "charge image pen x3",
                &[
                    "Of what is left after this, 95 credits will end soon, the first at 2026-02-01 00:00 UTC.",
                ],
            ),
        ],
    );
}

#[test]
fn a_period_that_two_plans_granted_hands_on_once() {
    let catalogs = shop(|catalog| {
        catalog.plans[0].rollover = Some(RolloverTerms {
            max: credits(100),
            months: 1,
        });
    });
    let mut scene = Scene::new(catalogs, at("2026-01-01"));
    for asked in ["start basic monthly", "change pro"] {
        scene.does(asked).unwrap();
    }
    scene.now = at("2026-01-26");
    let event = scene.does("charge image pen").unwrap().unwrap();
    // 990 are left, and 200 roll over by the plan in force, not 100 and 200.
    let expected =
        "Of what is left after this, 790 credits will end soon, the first at 2026-02-01 00:00 UTC.";
    assert_eq!(told(&advisories(&event)[0]), expected);
    scene.reach(at("2026-02-01"));
    let then = ["2026-02-01 expiry -490", "2026-02-01 expiry -500"];
    let told = scene.told_from(scene.records.len() - 4);
    assert_eq!(told[..2], then);
    assert_eq!(told[2], "2026-02-01 rollover_grant +200");
}

#[test]
fn a_reserve_is_told_the_same_and_its_settlement_nothing_again() {
    let mut scene = Scene::after(&[
        "start pro monthly",
        "charge image pen ~fox",
        "charge image pen ~fox",
    ]);
    let held = scene.does("reserve image pen ~fox as h1").unwrap().unwrap();
    let [repeated] = advisories(&held) else {
        panic!("{held:?}")
    };
    assert_eq!(repeated.code(), AdvisoryCode::RepeatedPrompt);
    assert_eq!(repeated.basis, [Sequence(3), Sequence(4)]);
    let settled = scene.does("settle h1").unwrap().unwrap();
    assert_eq!(advisories(&settled), []);
}

#[test]
fn only_the_last_charges_are_remembered() {
    let mut scene = Scene::after(&["start pro yearly", "buy boost x9"]);
    scene.does("charge image pen ~fox").unwrap();
    scene.does("charge image pen ~fox").unwrap();
    for _ in 2..ATTEMPTS_MAX {
        scene.does("charge image sketch").unwrap();
    }
    let third = "charge image pen ~fox";
    let told = scene.does(third).unwrap().unwrap();
    assert_eq!(advisories(&told)[0].code(), AdvisoryCode::RepeatedPrompt);
    let mut scene = Scene::after(&["start pro yearly", "buy boost x9"]);
    scene.does("charge image pen ~fox").unwrap();
    scene.does("charge image pen ~fox").unwrap();
    for _ in 1..ATTEMPTS_MAX {
        scene.does("charge image sketch").unwrap();
    }
    let told = scene.does(third).unwrap().unwrap();
    assert_eq!(advisories(&told), []);
}

/// Recounts from the ledger what a repeated prompt says.
fn recount(ledger: &[Event], event: &Event) -> (u32, i64, Vec<Sequence>) {
    let Fact::Charge(charged) = &event.fact else {
        panic!("{event:?} is no charge")
    };
    let mut last: VecDeque<(Sequence, &Event)> = VecDeque::new();
    for (place, earlier) in (1..).zip(ledger) {
        if matches!(earlier.fact, Fact::Charge(_)) {
            last.push_back((Sequence(place), earlier));
        }
    }
    let forgotten = last.len().saturating_sub(ATTEMPTS_MAX);
    let (mut run, mut used, mut basis) = (1, 0, Vec::new());
    for (sequence, earlier) in last.into_iter().skip(forgotten) {
        let Fact::Charge(of) = &earlier.fact else {
            continue;
        };
        let minutes = (event.at.micros() - earlier.at.micros()) / 60_000_000;
        let same = of.spend.fingerprint == charged.spend.fingerprint
            && of.spend.fingerprint.is_some()
            && of.spend.terms.model == charged.spend.terms.model;
        if same && minutes < 10 {
            run += 1;
            used += of.cost.get();
            basis.push(sequence);
        }
    }
    (run, used, basis)
}

proptest! {
    #[test]
    fn what_is_told_is_what_the_ledger_counts(
        asked in prop::collection::vec(
            (
                select(vec!["image pen", "image brush", "image pen x4", "video reel 2s"]),
                select(vec!["", " ~fox", " ~cat"]),
                select(vec!["", " #film"]),
                0_i64..300,
            ),
            1..60,
        )
    ) {
        let mut scene = Scene::after(&["start pro yearly", "buy boost x99"]);
        for (what, prompt, project, seconds) in asked {
            let waited = chrono::TimeDelta::seconds(seconds);
            scene.now = scene.now.saturating_add(waited);
            let text = format!("charge {what}{prompt}{project}");
            scene.reach(scene.now);
            let before = scene.account.clone();
            let ledger = scene.ledger.clone();
            let event = scene.does(&text).unwrap().unwrap();
            // The same history and request, told again from the account as the ledger replays it.
            let words: Vec<&str> = text.split(' ').skip(1).collect();
            let wanted = generation(&words);
            let terms = scene.catalogs.terms_at(event.at);
            let Ok(Priced::Cost(price)) = terms.catalog.price(&wanted) else {
                panic!("{text} has a price")
            };
            let again = before.advise(&scene.catalogs, &wanted, &price, event.at);
            prop_assert_eq!(advisories(&event), again.as_slice());
            let (run, used, basis) = recount(&ledger, &event);
            let repeated = again.iter().find(|one| one.code() == AdvisoryCode::RepeatedPrompt);
            match repeated {
                Some(advisory) => {
                    let AdvisoryFact::RepeatedPrompt { run: told, credits_so_far, .. } = &advisory.fact else {
                        panic!("{advisory:?}")
                    };
                    prop_assert_eq!((*told, credits_so_far.get()), (run, used));
                    prop_assert_eq!(&advisory.basis, &basis);
                }
                None => prop_assert!(run < 3, "run {} was not told", run),
            }
        }
    }
}

#[test]
fn an_image_model_that_is_gone_is_no_measure_for_videos() {
    let mut later = catalog();
    later.models.retain(|model| model.id.as_str() != "pen");
    let catalogs = published([(at("1970-01-01"), catalog()), (at("2026-01-02"), later)]);
    told_in(
        catalogs,
        "start pro monthly",
        &[
            ("2026-01-01 12:00", "charge image pen", &[]),
            ("2026-01-02 12:00", "charge video reel", &[]),
        ],
    );
}
