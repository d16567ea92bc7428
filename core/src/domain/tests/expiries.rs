//! Holds that nobody resolves: they end together, each at its own instant.

use super::{
    scene::{Scene, check},
    shop::{credits, shop},
    words::{at, named},
};
use crate::domain::{
    catalog::{Catalogs, PacksWithoutPlan},
    event::{Fact, OperationKind},
    hold::{ExpiredHold, HOLDS_OPEN_MAX, Resolution},
};

/// `basic` has so much that nobody runs out.
fn rich() -> Catalogs {
    shop(|shop| shop.plans[0].allowance = credits(100_000))
}

/// The holds of the last operation, by name, each with its end.
fn last_ends(scene: &Scene) -> Vec<(String, String)> {
    let told = |end: crate::domain::hold::HoldEnd| {
        assert_eq!(end.resolution, Resolution::Expired);
        let name = String::from_utf8_lossy(end.hold.0.as_bytes()).into_owned();
        (
            name.trim_end_matches('\0').to_owned(),
            super::scene::brief(end.at),
        )
    };
    let last = scene.ledger.last().unwrap();
    last.hold_ends().into_iter().map(told).collect()
}

fn pairs(ends: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = |(name, at): &(&str, &str)| ((*name).to_owned(), (*at).to_owned());
    ends.iter().map(own).collect()
}

#[test]
fn holds_that_expire_with_nothing_between_them_are_one_operation() {
    let mut scene = Scene::after(&["start basic monthly", "reserve image pen for 90 as h1"]);
    scene.does("reserve image pen for 30 as h2").unwrap();
    scene.does("reserve image brush for 60 as h3").unwrap();
    let before = scene.ledger.len();
    scene.check(&[("2026-01-05", "wait", "500")]);
    assert_eq!(
        scene.told_from(before),
        ["2026-01-01T01:30:00Z hold_expired +70"]
    );
    let ends = pairs(&[
        ("h2", "2026-01-01T00:30:00Z"),
        ("h3", "2026-01-01T01:00:00Z"),
        ("h1", "2026-01-01T01:30:00Z"),
    ]);
    assert_eq!(last_ends(&scene), ends);
    let [posting] = scene.ledger.last().unwrap().postings.as_slice() else {
        panic!("one lot is touched by one posting");
    };
    assert_eq!((posting.available, posting.held), (70, -70));
}

#[test]
fn each_of_them_is_told_and_settled_late_by_its_own_end() {
    let mut scene = Scene::after(&["start basic monthly", "reserve image pen for 30 as h1"]);
    scene.check(&[
        ("", "reserve image brush for 60 as h2", "440, 60 held"),
        ("2026-01-02", "wait", "500"),
        (
            "",
            "release h1",
            "HoldExpired { hold: h1, expired_at: 2026-01-01T00:30:00Z, \
             settle_until: 2026-01-08T00:30:00Z }",
        ),
        (
            "",
            "extend h2 5",
            "HoldExpired { hold: h2, expired_at: 2026-01-01T01:00:00Z, \
             settle_until: 2026-01-08T01:00:00Z }",
        ),
        // The first has been over for a week, the second not quite.
        ("2026-01-08 00:30", "settle h1", "HoldExpired { hold: h1…"),
        ("", "settle h2", "450"),
        (
            "",
            "settle h2",
            "HoldAlreadyResolved { hold: h2, resolution: SettledLate { cost: 50 }, \
             at: 2026-01-08T00:30:00Z }",
        ),
    ]);
}

#[test]
fn what_else_is_due_comes_between_them() {
    let mut scene = Scene::after(&["start pro monthly"]);
    for reserve in [
        ("2026-01-31 23:00", "reserve image pen for 30 as h1"),
        ("2026-01-31 23:00", "reserve image pen for 40 as h2"),
        ("2026-01-31 23:00", "reserve image pen for 60 as h3"),
        ("2026-01-31 23:00", "reserve image pen for 61 as h4"),
        ("2026-01-31 23:00", "reserve image pen for 62 as h5"),
    ] {
        scene.now = at(reserve.0);
        scene.does(reserve.1).unwrap();
    }
    let before = scene.ledger.len();
    // What ends with the period returns first, rolls over with the rest, and the grant follows; what
    // ends after it returns to nothing.
    scene.check(&[("2026-02-02", "wait", "1200")]);
    let told = [
        "2026-02-01 hold_expired +30",
        "2026-02-01 expiry -980",
        "2026-02-01 rollover_grant +200",
        "2026-02-01 period_grant +1000",
        "2026-02-01T00:02:00Z hold_expired +0",
    ];
    assert_eq!(scene.told_from(before), told);
    let late = scene.ledger.last().unwrap();
    assert_eq!(late.postings[0].expired, credits(20));
}

#[test]
fn a_lot_that_gets_its_last_credits_back_ends_before_the_next_hold() {
    let mut scene = Scene::new(
        shop(|shop| shop.policy.packs_without_plan = PacksWithoutPlan::Usable),
        at("2026-01-01"),
    );
    scene.check(&[
        ("2026-01-01", "buy spark", "100"),
        ("", "buy boost", "400"),
        (
            "2026-01-30 23:30",
            "reserve image brush x2 for 10 as h1",
            "300, 100 held",
        ),
        ("", "reserve image brush for 120 as h2", "250, 150 held"),
    ]);
    let before = scene.ledger.len();
    scene.check(&[("2026-02-02", "wait", "300")]);
    let told = [
        "2026-01-30T23:40:00Z hold_expired +100",
        "2026-01-31 expiry -100",
        "2026-01-31T01:30:00Z hold_expired +50",
    ];
    assert_eq!(scene.told_from(before), told);
}

#[test]
fn a_thousand_expired_holds_cost_bounded_operations() {
    let mut scene = Scene::new(rich(), at("2026-01-01"));
    scene.does("start basic monthly").unwrap();
    let mut expired = 0;
    for round in 1..=4 {
        for minutes in 1..=HOLDS_OPEN_MAX {
            let life = 60 + minutes % 200;
            scene
                .does(&format!("reserve image pen for {life}"))
                .unwrap();
        }
        let before = scene.ledger.len();
        scene.now = at(&format!("2026-01-{:02}", 1 + round));
        // The next request writes one operation for all of them, and its own.
        scene.does("charge image pen").unwrap();
        let kinds: Vec<_> = scene.ledger[before..]
            .iter()
            .map(|event| event.fact.kind())
            .collect();
        assert_eq!(kinds, [OperationKind::HoldExpired, OperationKind::Charge]);
        expired += scene.ledger[before].hold_ends().len();
    }
    assert_eq!(expired, 1_024);
    assert!(scene.account.holds.is_empty());
    scene.check(&[("2026-01-06", "wait", "99960")]);
}

#[test]
fn a_record_of_one_hold_is_kept_as_it_always_was() {
    let mut scene = Scene::after(&["start basic monthly", "reserve image pen as h1"]);
    scene.reach(at("2026-01-02"));
    let record = scene.records.last().unwrap();
    let h1 = named("h1");
    assert_eq!(record.hold, Some(h1));
    let kept = format!("{{\"hold_expired\":{{\"hold\":\"{h1}\"}}}}");
    assert_eq!(record.fact, kept);
    let event = record.event().unwrap();
    let end = event.end_of(h1).unwrap();
    assert_eq!(
        (end.resolution, end.at),
        (Resolution::Expired, at("2026-01-01 01:00"))
    );
    assert_eq!(event.end_of(named("h2")), None);
}

#[test]
fn a_record_of_several_names_the_first_and_keeps_all() {
    let mut scene = Scene::after(&["start basic monthly", "reserve image pen for 9 as h1"]);
    scene.does("reserve image brush for 8 as h2").unwrap();
    scene.reach(at("2026-01-02"));
    let record = scene.records.last().unwrap();
    assert_eq!(record.hold, Some(named("h2")));
    let Fact::HoldExpired { hold, holds } = record.event().unwrap().fact else {
        panic!("holds expired");
    };
    assert_eq!(hold, named("h2"));
    let one = |name, amount, end: &str| ExpiredHold {
        hold: named(name),
        amount: credits(amount),
        at: at(end),
    };
    let expected = [
        one("h2", 50, "2026-01-01 00:08"),
        one("h1", 10, "2026-01-01 00:09"),
    ];
    assert_eq!(holds, expected);
}

#[test]
fn an_extended_hold_ends_when_it_was_extended_to() {
    check(&[
        ("2026-01-01", "start basic monthly", "500"),
        ("", "reserve image pen for 10 as h1", "490, 10 held"),
        ("", "reserve image pen for 20 as h2", "480, 20 held"),
        ("2026-01-01 00:05", "extend h1 30", "480, 20 held"),
        ("2026-01-02", "wait", "500"),
        (
            "",
            "release h1",
            "HoldExpired { hold: h1, expired_at: 2026-01-01T00:35:00Z…",
        ),
        (
            "",
            "release h2",
            "HoldExpired { hold: h2, expired_at: 2026-01-01T00:20:00Z…",
        ),
    ]);
}
