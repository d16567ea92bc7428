//! What will be told of the future is what then happens, and the past can be read off the ledger.

use proptest::prelude::*;

use super::{
    random::{Step, begin, catalogs, steps},
    scene::Scene,
    shop::{catalog, credits, published, shop},
    words::at,
};
use crate::domain::{
    account::Account,
    balance::Balance,
    catalog::Catalogs,
    projection::{PROJECTION_MONTHS_MAX, projection_ends_at},
    record::OperationRecord,
    time::Instant,
};

fn projected(account: &Account, catalogs: &Catalogs, until: Instant) -> Balance {
    let state = account.projected(catalogs, until);
    state.balance(catalogs, until)
}

/// The balance right after the last operation that counts at or before `instant`.
fn of_the_past(records: &[OperationRecord], instant: Instant) -> Option<Balance> {
    let last = records.iter().rfind(|record| record.at <= instant)?;
    Some(last.accepted().unwrap().balance)
}

/// What does not depend on which catalog was in force when somebody looked.
fn amounts(balance: &Balance, as_of: Instant) -> Balance {
    let mut balance = balance.clone();
    balance.as_of = as_of;
    if let Some(allowance) = &mut balance.allowance {
        allowance.renews_with = None;
    }
    balance
}

#[test]
fn a_projection_tells_what_renews_and_what_ends() {
    let mut scene = Scene::after(&["start pro monthly", "charge image brush x8", "buy spark"]);
    for (until, available) in [
        ("2026-01-01", 700),
        // 30 days after it was bought the pack ends, and 200 of the allowance have rolled over.
        ("2026-01-30T23:59:59.999999Z", 700),
        ("2026-01-31", 600),
        ("2026-01-31T23:59:59.999999Z", 600),
        ("2026-02-01", 1_200),
        ("2036-01-01", 1_200),
    ] {
        let told = projected(&scene.account, &scene.catalogs, at(until));
        assert_eq!(told.available, credits(available), "{until}");
        assert_eq!(told.as_of, at(until));
    }
    scene.check(&[("", "cancel", "700")]);
    let ended = projected(&scene.account, &scene.catalogs, at("2026-03-01"));
    assert_eq!((ended.available, ended.allowance), (credits(0), None));
}

#[test]
fn a_projection_knows_the_catalogs_that_are_published_and_not_yet_in_force() {
    let mut richer = catalog();
    richer.plans[0].allowance = credits(700);
    let catalogs = published([(at("1970-01-01"), catalog()), (at("2026-03-01"), richer)]);
    let mut scene = Scene::new(catalogs, at("2026-01-01"));
    scene.does("start basic monthly").unwrap();
    for (until, available) in [("2026-02-28", 500), ("2026-03-01", 700)] {
        let told = projected(&scene.account, &scene.catalogs, at(until));
        assert_eq!(told.available, credits(available), "{until}");
    }
}

#[test]
fn a_projection_goes_on_where_the_record_of_a_long_absence_stopped() {
    let mut scene = Scene::new(shop(|_| {}), at("2026-01-01"));
    scene.does("start basic monthly").unwrap();
    let whole = scene.account.clone();
    // 241 periods later: the first 240 are recorded, at an instant after the last.
    let first = scene.account.due(&scene.catalogs, at("2046-02-01"));
    assert!(first.more);
    first
        .events
        .iter()
        .for_each(|event| scene.account.apply(event));
    for until in ["2046-01-31T23:59:59.999999Z", "2046-02-01", "2046-02-02"] {
        let told = projected(&scene.account, &scene.catalogs, at(until));
        assert_eq!(
            told,
            projected(&whole, &scene.catalogs, at(until)),
            "{until}"
        );
    }
    assert!(scene.account.is_before(at("2046-02-01")));
    assert!(!scene.account.is_before(at("2046-01-31")));
}

fn lives(catalogs: Catalogs, steps: &[Step]) -> Scene {
    let mut scene = begin(catalogs);
    steps.iter().for_each(|step| step.run(&mut scene));
    scene
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_projected_is_what_then_happens(
        catalogs in catalogs(), steps in steps(), parts in proptest::collection::vec(0..1_000_i64, 1..4),
    ) {
        let scene = lives(catalogs, &steps);
        let ends = projection_ends_at(scene.now);
        prop_assert_eq!(ends, scene.now.plus_months(PROJECTION_MONTHS_MAX));
        let part = ends.since(scene.now).num_microseconds().unwrap() / 999;
        let mut later = lives(scene.catalogs.clone(), &steps);
        let mut parts = parts;
        parts.sort_unstable();
        for number in parts {
            let until = Instant::from_micros(scene.now.micros() + number * part).unwrap();
            let told = projected(&scene.account, &scene.catalogs, until);
            later.reach(until);
            prop_assert_eq!(told, later.account.balance(&later.catalogs, until));
        }
    }

    #[test]
    fn what_was_projected_between_two_commands_is_in_the_ledger(
        catalogs in catalogs(), steps in steps(), share in 0..1_000_i64,
    ) {
        let whole = lives(catalogs.clone(), &steps);
        let mut scene = begin(catalogs);
        for step in &steps {
            // Up to the instant at which the next command came, and not that instant itself.
            let between = step.wait_micros * share / 1_000;
            let instant = Instant::from_micros(scene.now.micros() + between).unwrap();
            if between < step.wait_micros {
                let told = projected(&scene.account, &scene.catalogs, instant);
                let kept = of_the_past(&whole.records, instant).unwrap();
                prop_assert_eq!(amounts(&told, instant), amounts(&kept, instant));
            }
            step.run(&mut scene);
        }
    }

    /// By this the ledger can be searched for an instant.
    #[test]
    fn instants_never_go_back_along_a_ledger(catalogs in catalogs(), steps in steps()) {
        let mut scene = lives(catalogs, &steps);
        scene.reach(at("2029-01-01"));
        for pair in scene.records.windows(2) {
            prop_assert!(pair[0].at <= pair[1].at, "{} then {}", pair[0].at, pair[1].at);
            prop_assert!(pair[0].recorded_at <= pair[1].recorded_at);
        }
        prop_assert!(scene.records.iter().all(|record| record.at <= record.recorded_at));
        let first = &scene.records[0];
        prop_assert_eq!(first.at, scene.account.opened_at);
        let before = first.at.saturating_sub(chrono::TimeDelta::microseconds(1));
        prop_assert!(of_the_past(&scene.records, before).is_none());
    }
}
