//! Holds: credits set aside until a request is processed.

use super::{
    scene::{Scene, check, check_in},
    shop::shop,
};
use crate::domain::{event::OperationKind, hold::HOLDS_OPEN_MAX};

#[test]
fn a_settle_consumes_what_was_held() {
    check(&[
        ("2026-01-01", "start basic monthly", "500"),
        ("", "reserve video reel as h1", "425, 75 held"),
        ("2026-01-01 00:30", "settle h1", "425"),
    ]);
}

#[test]
fn a_settle_for_less_returns_the_rest_and_for_more_is_refused() {
    check(&[
        ("2026-01-01", "start basic monthly", "500"),
        ("", "reserve video reel x2 5s as h1", "350, 150 held"),
        (
            "",
            "settle h1 x3",
            "ParameterOutOfRange { parameter: Generation(Variations), given: \"3\", min: Some(1), max: Some(2), allowed: [] }",
        ),
        (
            "",
            "settle h1 x2 6s",
            "ParameterOutOfRange { parameter: Generation(Seconds), given: \"6\", min: Some(1), max: Some(5), allowed: [] }",
        ),
        // Fewer and longer ones are not what was reserved, though they would cost less.
        ("", "settle h1 x1 9s", "ParameterOutOfRange…"),
        ("", "settle h1 x1 4s", "440"),
        ("", "reserve video reel x2 5s as h2", "290, 150 held"),
        ("", "settle h2 x1", "365"),
        ("", "reserve image sketch x3 as h3", "355, 10 held"),
        ("", "settle h3 x2", "358"),
    ]);
}

#[test]
fn a_release_is_no_refund_for_nothing_was_consumed() {
    let mut scene = Scene::after(&["start basic monthly"]);
    scene.check(&[
        ("2026-01-01", "reserve video reel as h1", "425, 75 held"),
        ("", "release h1", "500"),
    ]);
    assert_eq!(scene.account.totals.consumed, 0);
}

#[test]
fn a_hold_is_resolved_once() {
    check(&[
        ("2026-01-01", "start basic monthly", "500"),
        ("", "reserve video reel as h1", "425, 75 held"),
        ("", "settle h1 3s", "455"),
        (
            "2026-01-02",
            "settle h1 3s",
            "HoldAlreadyResolved { hold: h1, resolution: Settled { cost: 45 }, \
             at: 2026-01-01T00:00:00Z }",
        ),
        (
            "",
            "release h1",
            "HoldAlreadyResolved { hold: h1, resolution: Settled { cost: 45 }, \
             at: 2026-01-01T00:00:00Z }",
        ),
        ("", "reserve video reel as h2", "380, 75 held"),
        ("", "release h2", "455"),
        (
            "2026-01-03",
            "settle h2",
            "HoldAlreadyResolved { hold: h2, resolution: Released, at: 2026-01-02T00:00:00Z }",
        ),
        (
            "",
            "extend h2 60",
            "HoldAlreadyResolved { hold: h2, resolution: Released, at: 2026-01-02T00:00:00Z }",
        ),
        ("", "settle h9", "HoldUnknown { hold: h9 }"),
        ("", "release h9", "HoldUnknown { hold: h9 }"),
        ("", "extend h9 60", "HoldUnknown { hold: h9 }"),
    ]);
}

#[test]
fn a_hold_ends_by_itself_after_an_hour_unless_told() {
    check(&[
        ("2026-01-01", "start basic monthly", "500"),
        ("", "reserve video reel", "425, 75 held"),
        ("2026-01-01T00:59:59.999999Z", "wait", "425, 75 held"),
        ("2026-01-01 01:00", "wait", "500"),
        ("", "reserve video reel for 1440", "425, 75 held"),
        ("2026-01-02T00:59:59.999999Z", "wait", "425, 75 held"),
        ("2026-01-02 01:00", "wait", "500"),
    ]);
    check_in(
        shop(|shop| shop.policy.hold_ttl_minutes = 5),
        &[
            ("2026-01-01", "start basic monthly", "500"),
            ("", "reserve video reel", "425, 75 held"),
            ("2026-01-01 00:05", "wait", "500"),
        ],
    );
}

#[test]
fn a_hold_lasts_between_a_minute_and_a_day() {
    let refused = |given| {
        format!(
            "ParameterOutOfRange {{ parameter: TtlMinutes, given: \"{given}\", min: Some(1), \
             max: Some(1440), allowed: [] }}"
        )
    };
    check(&[
        ("2026-01-01", "start basic monthly", "500"),
        ("", "reserve video reel for 0", &refused(0)),
        ("", "reserve video reel for 1441", &refused(1441)),
        ("", "reserve video reel for 1 as h1", "425, 75 held"),
        ("", "extend h1 0", &refused(0)),
        ("", "extend h1 1441", &refused(1441)),
    ]);
}

#[test]
fn extensions_never_shorten_and_end_within_a_day_of_the_reserve() {
    let refused = |given, min, max| {
        format!(
            "ParameterOutOfRange {{ parameter: TtlMinutes, given: \"{given}\", \
             min: Some({min}), max: Some({max}), allowed: [] }}"
        )
    };
    check(&[
        ("2026-01-01", "start basic monthly", "500"),
        ("", "reserve video reel for 90 as h1", "425, 75 held"),
        ("2026-01-01 00:10", "extend h1 79", &refused(79, 80, 1430)),
        ("", "extend h1 1431", &refused(1431, 80, 1430)),
        ("", "extend h1 80", "425, 75 held"),
        // Half a minute later 79.5 minutes are left: 79 would shorten it, 80 would not.
        (
            "2026-01-01T00:10:30Z",
            "extend h1 79",
            &refused(79, 80, 1429),
        ),
        ("", "extend h1 80", "425, 75 held"),
        ("", "extend h1 1429", "425, 75 held"),
        ("2026-01-01 12:00", "extend h1 720", "425, 75 held"),
        ("2026-01-01T23:59:59.999999Z", "wait", "425, 75 held"),
        ("2026-01-02", "wait", "500"),
        (
            "",
            "extend h1 60",
            "HoldExpired { hold: h1, expired_at: 2026-01-02T00:00:00Z, \
             settle_until: 2026-01-09T00:00:00Z }",
        ),
        ("", "release h1", "HoldExpired { hold: h1…"),
    ]);
}

#[test]
fn what_is_released_into_a_lot_that_ended_ends_with_it() {
    let mut scene = Scene::after(&["start basic monthly"]);
    scene.check(&[
        (
            "2026-01-31 23:30",
            "reserve video reel as h1",
            "425, 75 held",
        ),
        ("", "reserve video reel as h2", "350, 150 held"),
        ("2026-02-01", "wait", "500, 150 held"),
        ("2026-02-01 00:10", "release h1", "500, 75 held"),
        ("", "settle h2 2s", "500"),
    ]);
    let [release, settle] = &scene.ledger[scene.ledger.len() - 2..] else {
        panic!("there are more than two operations");
    };
    assert_eq!(release.fact.kind(), OperationKind::HoldReleased);
    assert_eq!(release.postings[0].expired.get(), 75);
    assert_eq!(settle.postings[0].consumed.get(), 30);
    assert_eq!(settle.postings[0].expired.get(), 45);
}

#[test]
fn what_is_not_used_of_several_lots_returns_to_those_used_last() {
    let mut scene = Scene::after(&["start solo monthly", "buy boost"]);
    scene.check(&[
        ("2026-01-01", "reserve video reel x2 as h1", "250, 150 held"),
        ("", "settle h1 x1", "325"),
    ]);
    let left: Vec<i64> = scene
        .account
        .lots
        .iter()
        .map(|lot| lot.remaining.get())
        .collect();
    assert_eq!(left, [25, 300]);
}

#[test]
fn twenty_holds_of_75_on_500_give_exactly_six() {
    let mut scene = Scene::after(&["start basic monthly"]);
    let placed = (0..20).filter(|_| scene.does("reserve video reel").is_ok());
    assert_eq!(placed.count(), 6);
    scene.check(&[("2026-01-01", "wait", "50, 450 held")]);
}

#[test]
fn an_account_has_at_most_256_open_holds() {
    let mut scene = Scene::new(
        shop(|shop| shop.plans[0].allowance = super::shop::credits(10_000)),
        super::words::at("2026-01-01"),
    );
    scene.does("start basic monthly").unwrap();
    scene.does("reserve image pen as h1").unwrap();
    for _ in 1..HOLDS_OPEN_MAX {
        scene.does("reserve image pen").unwrap();
    }
    scene.check(&[
        (
            "2026-01-01",
            "reserve image pen",
            "TooManyHolds { max: 256 }",
        ),
        ("", "release h1", "7450, 2550 held"),
        ("", "reserve image pen", "7440, 2560 held"),
    ]);
}
