//! Unused credits roll over only where a plan states it.

use super::{
    scene::{Scene, check, check_in},
    shop::{catalog, credits, published, shop},
    words::at,
};
use crate::domain::lot::Origin;

#[test]
fn up_to_the_stated_maximum_lasts_the_stated_time() {
    check(&[
        ("2026-01-01", "start pro monthly", "1000"),
        // 1,000 unused: 200 roll over.
        ("2026-02-01", "wait", "1200"),
        // They ended; of the 1,000 of February 200 roll over again, not 400.
        ("2026-03-01", "wait", "1200"),
        ("", "charge image brush x8", "800"),
        ("", "charge image brush x8", "400"),
        ("", "charge image brush x2", "300"),
        // The allowance goes first: of it 100 are unused.
        ("2026-04-01", "wait", "1100"),
    ]);
}

#[test]
fn all_of_an_allowance_may_be_used_up() {
    check_in(
        shop(|shop| shop.plans[1].allowance = credits(400)),
        &[
            ("2026-01-01", "start pro monthly", "400"),
            ("", "charge image brush x8", "0"),
            ("2026-02-01", "wait", "400"),
        ],
    );
}

#[test]
fn rollover_lasts_until_a_period_ends_and_follows_the_anchor() {
    let mut scene = Scene::new(
        shop(|shop| shop.plans[1].rollover.as_mut().unwrap().months = 2),
        at("2026-01-31"),
    );
    scene.check(&[
        ("2026-01-31", "start pro monthly", "1000"),
        ("2026-02-28", "wait", "1200"),
        ("2026-03-31", "wait", "1400"),
        ("2026-04-30", "wait", "1400"),
    ]);
    let rolled = |origin: &Origin| matches!(origin, Origin::Rollover { .. });
    let ends: Vec<_> = scene
        .account
        .lots
        .iter()
        .filter(|lot| rolled(&lot.terms.origin))
        .map(|lot| lot.terms.expires_at.unwrap())
        .collect();
    assert_eq!(ends, [at("2026-05-31"), at("2026-06-30")]);
}

#[test]
fn what_is_held_does_not_roll_over_and_what_returns_in_time_does() {
    check_in(
        shop(|shop| shop.plans[1].allowance = credits(100)),
        &[
            ("2026-01-01", "start pro monthly", "100"),
            (
                "2026-01-31 23:30",
                "reserve video reel for 60",
                "25, 75 held",
            ),
            ("2026-02-01", "wait", "125, 75 held"),
            // The hold ends after its lot did: nothing comes back.
            ("2026-02-01 00:30", "wait", "125"),
        ],
    );
    check_in(
        shop(|shop| shop.plans[1].allowance = credits(100)),
        &[
            ("2026-01-01", "start pro monthly", "100"),
            (
                "2026-01-31 23:00",
                "reserve video reel for 60",
                "25, 75 held",
            ),
            // The hold ends with the period: its credits return first and roll over.
            ("2026-02-01", "wait", "200"),
        ],
    );
}

#[test]
fn rollover_and_packs_do_not_roll_over_again() {
    check_in(
        shop(|shop| shop.plans[1].allowance = credits(50)),
        &[
            ("2026-01-01", "start pro monthly", "50"),
            ("2026-01-02", "buy spark", "150"),
            ("2026-02-01", "wait", "100"),
            ("2026-03-01", "wait", "100"),
        ],
    );
}

#[test]
fn the_last_period_rolls_over_as_stated() {
    check(&[
        ("2026-01-01", "start pro monthly", "1000"),
        ("", "cancel", "1000"),
        ("2026-02-01", "wait", "200"),
        ("2026-03-01", "wait", "0"),
    ]);
}

#[test]
fn rollover_follows_the_terms_in_force_when_the_period_ends() {
    let mut none = catalog();
    none.plans[1].rollover = None;
    let catalogs = published([(at("1970-01-01"), catalog()), (at("2026-03-01"), none)]);
    check_in(
        catalogs,
        &[
            ("2026-01-01", "start pro monthly", "1000"),
            ("2026-02-01", "wait", "1200"),
            ("2026-03-01", "wait", "1000"),
        ],
    );
}
