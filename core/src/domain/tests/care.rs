//! Ceilings, one first and the repeat guard: what an account's owner chose is kept.

use proptest::{prelude::*, sample::select};

use super::{
    random::begin,
    scene::{Scene, check, check_in},
    shop::{credits, shop},
    words::{at, generation, named},
};
use crate::domain::{
    account::Account,
    catalog::PromptFingerprint,
    command::{PriceGuard, Request},
    credits::Credits,
    event::{Event, Fact},
    hold::Resolution,
    ids::ProjectId,
    preferences::{PROJECT_CEILINGS_MAX, Source, day_ends_at},
    refusal::Refusal,
};

#[test]
fn the_lower_ceiling_of_a_request_counts() {
    check_in(
        shop(|shop| shop.policy.request_credits_max = Some(credits(100))),
        &[
            ("2026-01-01", "start pro monthly", "1000"),
            ("", "charge image brush x2", "900"),
            ("", "set request 60", "900"),
            (
                "",
                "charge image brush x2",
                "LimitExceeded { limit: RequestCredits, max: 60, asked: 100, used: 0 }",
            ),
            ("", "charge image brush", "850"),
            // A higher one than the catalog's is no way round it.
            ("", "set request 5000", "850"),
            (
                "",
                "charge image brush x3",
                "LimitExceeded { limit: RequestCredits, max: 100, asked: 150, used: 0 }",
            ),
            ("", "set request 0", "850"),
            ("", "charge image sketch", "LimitExceeded…"),
            ("", "set request catalog", "850"),
            ("", "charge image brush x2", "750"),
        ],
    );
}

#[test]
fn a_day_counts_what_was_consumed_and_what_is_held_and_ends_in_utc() {
    check(&[
        ("2026-01-01 10:00", "start pro monthly", "1000"),
        ("", "charge image brush", "950"),
        // It counts from midnight, not from when it was set.
        ("", "set day 120", "950"),
        ("", "reserve image brush for 1440 as h1", "900, 50 held"),
        (
            "",
            "charge image brush",
            "LimitExceeded { limit: DayCredits, max: 120, asked: 50, used: 100 }",
        ),
        ("", "charge image pen x2", "880, 50 held"),
        (
            "",
            "reserve image pen",
            "LimitExceeded { limit: DayCredits, max: 120, asked: 10, used: 120 }",
        ),
        // What is held still counts on the next day: it may be settled then.
        ("2026-01-02 00:00", "charge image brush", "830, 50 held"),
        (
            "",
            "charge image brush",
            "LimitExceeded { limit: DayCredits, max: 120, asked: 50, used: 100 }",
        ),
        ("", "settle h1", "830"),
        (
            "",
            "charge image brush",
            "LimitExceeded { limit: DayCredits, max: 120, asked: 50, used: 100 }",
        ),
        ("", "reserve image pen x2 as h2", "810, 20 held"),
        ("", "charge image pen", "LimitExceeded…"),
        // What is released makes room again.
        ("", "release h2", "830"),
        ("", "charge image pen x2", "810"),
    ]);
}

#[test]
fn a_late_settlement_needs_room_under_the_ceilings_too() {
    check(&[
        ("2026-01-01 10:00", "start pro monthly", "1000"),
        ("", "set day 100", "1000"),
        ("", "reserve image brush for 1 as h1", "950, 50 held"),
        ("2026-01-01 10:05", "charge image brush x2", "900"),
        (
            "",
            "settle h1",
            "LimitExceeded { limit: DayCredits, max: 100, asked: 50, used: 100 }",
        ),
        ("2026-01-02 10:00", "settle h1", "850"),
    ]);
}

#[test]
fn a_project_counts_from_when_it_has_a_ceiling() {
    check(&[
        ("2026-01-01 10:00", "start pro monthly", "1000"),
        ("", "charge image brush #film", "950"),
        ("", "set #film 100", "950"),
        ("", "charge image brush #film", "900"),
        ("", "reserve image pen x2 #film as h1", "880, 20 held"),
        ("2026-01-09 10:00", "wait", "900"),
        ("", "reserve image brush #film as h2", "850, 50 held"),
        (
            "",
            "charge image pen #film",
            "LimitExceeded { limit: ProjectCredits, max: 100, asked: 10, used: 100 }",
        ),
        // Other projects, and none, are not concerned.
        ("", "charge image pen #poster", "840, 50 held"),
        ("", "charge image pen", "830, 50 held"),
        // Raising it goes on counting.
        ("", "set #film 105", "830, 50 held"),
        ("", "charge image pen #film", "LimitExceeded…"),
        ("", "charge image sketch #film", "826, 50 held"),
        // Without a ceiling nothing is counted; a new one begins anew, but for what is held.
        ("", "set #film catalog", "826, 50 held"),
        ("", "charge image brush x3 #film", "676, 50 held"),
        ("", "set #film 60", "676, 50 held"),
        ("", "charge image pen #film", "666, 50 held"),
        (
            "",
            "charge image pen #film",
            "LimitExceeded { limit: ProjectCredits, max: 60, asked: 10, used: 60 }",
        ),
        ("", "set projects catalog", "666, 50 held"),
        ("", "charge image pen #film", "656, 50 held"),
    ]);
}

#[test]
fn so_many_projects_have_a_ceiling_and_no_more() {
    let mut scene = Scene::after(&[]);
    for project in 0..PROJECT_CEILINGS_MAX {
        scene.does(&format!("set #p{project} 5")).unwrap();
    }
    scene.check(&[
        ("", "set #p7 6", "0"),
        (
            "",
            "set #more 5",
            "LimitExceeded { limit: ProjectCeilings, max: 100, asked: 101, used: 0 }",
        ),
        ("", "set #p7 catalog", "0"),
        ("", "set #more 5", "0"),
    ]);
}

#[test]
fn one_result_comes_first_unless_more_are_confirmed() {
    check(&[
        ("2026-01-01", "start pro monthly", "1000"),
        ("", "set one on", "1000"),
        ("", "charge image pen", "990"),
        (
            "",
            "charge image pen x3",
            "LimitExceeded { limit: Variations, max: 1, asked: 3, used: 0 }",
        ),
        ("", "charge image pen x3 confirm 2", "LimitExceeded…"),
        ("", "charge image pen x3 confirm 3", "960"),
        ("", "reserve image pen x3", "LimitExceeded…"),
        ("", "set one off", "960"),
        ("", "charge image pen x3", "930"),
    ]);
}

#[test]
fn the_guards_are_the_catalogs_until_the_owner_says() {
    check_in(
        shop(|shop| (shop.policy.one_first, shop.policy.repeat_guard) = (true, true)),
        &[
            ("2026-01-01", "start pro monthly", "1000"),
            ("", "charge image pen x2", "LimitExceeded…"),
            ("", "set one off", "1000"),
            ("", "charge image pen x2 ~fox", "980"),
            ("", "charge image pen ~fox", "LikelyRepeat…"),
            ("", "set guard off", "980"),
            ("", "charge image pen ~fox", "970"),
            ("", "set guard catalog", "970"),
            ("", "charge image pen ~fox", "LikelyRepeat…"),
        ],
    );
}

#[test]
fn a_likely_repeat_names_the_attempt_before_unless_it_is_acknowledged() {
    check(&[
        ("2026-01-01 12:00", "start pro monthly", "1000"),
        ("", "charge image pen ~fox", "990"),
        ("", "charge image pen ~fox", "980"),
        ("", "set guard on", "980"),
        (
            "2026-01-01 12:01",
            "charge image pen ~fox",
            "LikelyRepeat(EarlierRuns { account: anna, last: Charge(Sequence(4)), \
             at: 2026-01-01T12:00:00Z, cost: 10, runs: 2, credits: 20, window_minutes: 10 })",
        ),
        ("", "charge image pen ~fox again", "970"),
        // Another prompt, another model, no prompt.
        ("", "charge image pen ~cat", "960"),
        ("", "charge image sketch ~fox", "956"),
        ("", "charge image pen", "946"),
        ("", "charge image pen", "936"),
        // What is held and not processed so far is a repeat too.
        (
            "2026-01-01 12:30",
            "reserve image pen ~fox x2 as h1",
            "916, 20 held",
        ),
        (
            "2026-01-01 12:31",
            "reserve image pen ~fox",
            "LikelyRepeat(EarlierRuns { account: anna, last: Hold(h1), \
             at: 2026-01-01T12:30:00Z, cost: 20, runs: 1, credits: 20, window_minutes: 10 })",
        ),
        // Nothing was processed of what was released.
        ("", "release h1", "936"),
        ("", "reserve image pen ~fox as h2", "926, 10 held"),
        ("", "settle h2", "926"),
        ("", "charge image pen ~fox", "LikelyRepeat…"),
        ("2026-01-01 12:41", "charge image pen ~fox", "916"),
    ]);
}

#[test]
fn a_spend_can_ask_for_the_repeat_guard_itself() {
    check(&[
        ("2026-01-01 12:00", "start pro monthly", "1000"),
        ("", "charge image pen ~fox", "990"),
        ("", "charge image pen ~fox guarded", "LikelyRepeat…"),
        ("", "charge image pen ~fox guarded again", "980"),
        ("", "charge image pen ~fox", "970"),
    ]);
}

#[test]
fn a_repeat_is_seen_while_the_key_of_fingerprints_changes() {
    let mut scene = Scene::after(&["start pro monthly"]);
    let old = PromptFingerprint([1; 32]);
    let new = PromptFingerprint([2; 32]);
    let mut spend = |name: &str, fingerprint, before| {
        let mut wanted = generation(&["image", "pen"]);
        wanted.prompt_fingerprint = Some(fingerprint);
        wanted.prompt_fingerprint_before = before;
        let guard = PriceGuard {
            repeat_guard: true,
            ..PriceGuard::default()
        };
        let request = Request::Charge {
            generation: wanted,
            guard,
        };
        scene.asks(named(name), request)
    };
    spend("one", old, None).unwrap();
    let refused = spend("two", new, Some(old)).unwrap_err();
    assert!(matches!(refused, Refusal::LikelyRepeat(_)), "{refused:?}");
    // Under a key that is not known any more nothing is seen.
    let event = spend("three", new, None).unwrap().unwrap();
    let Fact::Charge(charged) = event.fact else {
        panic!("{event:?} is no charge")
    };
    // Only the fingerprint under the key in use is kept.
    assert_eq!(charged.spend.fingerprint, Some(new));
}

#[test]
fn each_value_says_whose_it_is() {
    let mut scene = Scene::after(&["set day 50", "set guard off"]);
    let policy = scene.catalogs.terms_at(scene.now).catalog.policy.clone();
    let preferences = &scene.account.preferences;
    let day = preferences.day_credits_max(&policy);
    assert_eq!(
        (day.value, day.source),
        (Some(credits(50)), Source::Account)
    );
    assert_eq!(preferences.repeat_guard(&policy).source, Source::Account);
    assert_eq!(preferences.one_first(&policy).source, Source::Catalog);
    scene.does("set day catalog").unwrap();
    let day = scene.account.preferences.day_credits_max(&policy);
    assert_eq!((day.value, day.source), (None, Source::Catalog));
    assert_eq!(day_ends_at(at("2026-01-01")), at("2026-01-02"));
    assert_eq!(
        day_ends_at(at("2026-01-01T23:59:59.999999Z")),
        at("2026-01-02")
    );
}

/// What the ledger says was consumed on the day of the last event, and by the project since it has a
/// ceiling, with what was held of each.
fn recount(scene: &Scene, project: &ProjectId) -> (Credits, Option<Credits>) {
    let day = |event: &Event| event.at.to_utc().date_naive();
    let today = scene.now.to_utc().date_naive();
    let mut consumed = 0;
    let mut of_project = None;
    for event in &scene.ledger {
        match &event.fact {
            Fact::Charge(charged) => {
                if day(event) == today {
                    consumed += charged.cost.get();
                }
                if charged.spend.project.as_ref() == Some(project) {
                    of_project = of_project.map(|sum: i64| sum + charged.cost.get());
                }
            }
            Fact::PreferencesChange { preferences } => {
                let has = preferences.project_credits_max.contains_key(project);
                of_project = has.then(|| of_project.unwrap_or(0));
            }
            _ => {}
        }
    }
    let (mut held, mut held_of_project) = (0, 0);
    for event in &scene.ledger {
        let Fact::HoldPlaced { amount, spend, .. } = &event.fact else {
            continue;
        };
        let id = event.caused_by.unwrap().operation_id;
        let ended = |event: &Event| {
            let end = event.end_of(id);
            end.is_some_and(|end| !matches!(end.resolution, Resolution::SettledLate { .. }))
        };
        if !scene.ledger.iter().any(ended) {
            held += amount.get();
            if spend.project.as_ref() == Some(project) {
                held_of_project += amount.get();
            }
        }
    }
    let of_project = of_project.map(|sum| credits(sum + held_of_project));
    (credits(consumed + held), of_project)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_spends_goes_over_a_ceiling(
        asked in prop::collection::vec(
            (
                select(vec![
                    "charge image pen", "charge image brush #film", "charge image pen x3 #film",
                    "reserve image pen x2 #film", "reserve image brush", "reserve image pen #film for 1",
                    "settle", "settle", "release", "set #film catalog", "set #film 90", "set #film 140",
                ]),
                0_usize..8,
                select(vec![0_i64, 0, 60, 4_000, 40_000]),
            ),
            1..60,
        )
    ) {
        let mut scene = begin(shop(|_| {}));
        scene.does("set day 150").unwrap();
        let film = ProjectId::parse("film").unwrap();
        for (place, (what, hold, seconds)) in asked.iter().enumerate() {
            scene.now = scene.now.saturating_add(chrono::TimeDelta::seconds(*seconds));
            let text = match *what {
                "settle" | "release" => format!("{what} r{hold}"),
                _ if what.starts_with("reserve") => format!("{what} as r{place}"),
                _ => (*what).to_owned(),
            };
            let spent = scene.does(&text).is_ok() && !what.starts_with("set");
            let (day, project) = recount(&scene, &film);
            prop_assert_eq!(scene.account.used_on_day(scene.now), day);
            prop_assert_eq!(scene.account.used_by_project(&film), project);
            prop_assert!(day <= credits(150), "{} used on a day after {}", day, text);
            // A ceiling that is set below what was used stops what comes, and takes nothing back.
            let max = scene.account.preferences.project_credits_max.get(&film);
            let returns = what.starts_with("settle") || what.starts_with("release");
            let of_film = what.contains("#film");
            if let (Some(max), Some(used)) = (max, project) && spent && of_film && !returns {
                prop_assert!(used <= *max, "{} of {} used after {}", used, max, text);
            }
        }
        let id = scene.account.id.clone();
        prop_assert_eq!(Account::replay(id, &scene.ledger), scene.account);
    }
}
