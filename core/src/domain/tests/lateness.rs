//! Settling late: a worker that was cut off may say within a week that the request was processed.

use super::{
    scene::{Scene, check, check_in},
    shop::{catalog, published},
    words::at,
};

#[test]
fn an_expired_hold_is_settled_late_once_as_a_new_charge() {
    check(&[
        ("2026-01-01", "start basic monthly", "500"),
        ("", "reserve video reel as h1", "425, 75 held"),
        ("2026-01-02", "wait", "500"),
        ("", "settle h1 4s", "440"),
        (
            "2026-01-03",
            "settle h1 4s",
            "HoldAlreadyResolved { hold: h1, resolution: SettledLate { cost: 60 }, \
             at: 2026-01-02T00:00:00Z }",
        ),
        (
            "",
            "release h1",
            "HoldAlreadyResolved { hold: h1, resolution: SettledLate { cost: 60 }…",
        ),
        (
            "2027-01-03",
            "settle h1",
            "HoldAlreadyResolved { hold: h1, resolution: SettledLate…",
        ),
    ]);
}

#[test]
fn a_second_late_settlement_is_refused_before_the_ledger_is_asked() {
    let mut scene = Scene::after(&["start basic monthly", "reserve video reel as h1"]);
    scene.reach(at("2026-01-02"));
    let expired = scene.ledger.clone();
    scene.does("settle h1 4s").unwrap();
    // The ledger that is asked knows only that the hold expired.
    scene.ledger = expired;
    scene.check(&[(
        "2026-01-03",
        "settle h1",
        "HoldAlreadyResolved { hold: h1, resolution: SettledLate { cost: 60 }, \
         at: 2026-01-02T00:00:00Z }",
    )]);
}

#[test]
fn it_is_possible_for_seven_days() {
    let expired = "HoldExpired { hold: h1, expired_at: 2026-01-01T01:00:00Z, \
                   settle_until: 2026-01-08T01:00:00Z }";
    check(&[
        ("2026-01-01", "start basic monthly", "500"),
        ("", "reserve video reel as h1", "425, 75 held"),
        ("", "reserve video reel as h2", "350, 150 held"),
        ("2026-01-08T00:59:59.999999Z", "settle h2", "425"),
        ("2026-01-08 01:00", "settle h1", expired),
        ("2026-01-09", "settle h1 x8", expired),
    ]);
}

#[test]
fn it_takes_from_what_is_live_now_all_or_nothing() {
    check(&[
        ("2026-01-01", "start solo monthly", "100"),
        ("", "reserve video reel as h1", "25, 75 held"),
        ("2026-01-01 02:00", "charge image brush", "50"),
        (
            "",
            "settle h1",
            "InsufficientCredits(Shortfall { needed: 75, available: 50, held: 0, frozen: 0, …",
        ),
        ("", "buy boost", "350"),
        ("", "settle h1", "275"),
    ]);
}

#[test]
fn it_costs_what_the_hold_pinned_and_no_more() {
    let mut dearer = catalog();
    dearer.models[3].actions[0].price = "99".parse().unwrap();
    let catalogs = published([(at("1970-01-01"), catalog()), (at("2026-01-02"), dearer)]);
    check_in(
        catalogs,
        &[
            ("2026-01-01", "start basic monthly", "500"),
            ("", "reserve video reel as h1", "425, 75 held"),
            ("", "reserve video reel for 1440 as h2", "350, 150 held"),
            (
                "2026-01-02",
                "reserve video reel x1 1s as h3",
                "401, 99 held",
            ),
            ("", "settle h1 6s", "ParameterOutOfRange…"),
            ("", "settle h1 5s", "326, 99 held"),
        ],
    );
}
