//! Which credits are used first, and what happens first at one instant.

use super::{scene::Scene, shop::shop, words::at};
use crate::domain::{
    catalog::{Catalog, PackLife},
    ids::LotId,
    lot::Origin,
};

/// Does what is asked and checks where its credits came from, in order.
fn check_drawn(scene: &mut Scene, asked: &str, expected: &[(&str, i64)]) {
    scene.does(asked).unwrap();
    let origin = |lot: LotId| {
        let made = &scene.ledger[usize::try_from(lot.0 - 1).unwrap()];
        match &made.fact.new_lot().unwrap().origin {
            Origin::Plan { period, .. } => format!("allowance {period}"),
            Origin::Rollover { period, .. } => format!("rollover {period}"),
            Origin::Pack { pack, .. } => format!("{pack} {lot}"),
        }
    };
    let postings = &scene.ledger.last().unwrap().postings;
    let drawn: Vec<_> = postings
        .iter()
        .map(|posting| (origin(posting.lot), posting.consumed.get()))
        .collect();
    let drawn: Vec<_> = drawn
        .iter()
        .map(|(what, of)| (what.as_str(), *of))
        .collect();
    assert_eq!(drawn, expected, "{asked}");
}

#[test]
fn what_ends_first_is_used_first_and_what_never_ends_last() {
    let mut scene = Scene::after(&["buy boost", "buy spark", "start solo monthly"]);
    // spark ends on Jan 31, the allowance on Feb 1, boost never.
    check_drawn(
        &mut scene,
        "charge image brush x5",
        &[("spark 3", 100), ("allowance 0", 100), ("boost 2", 50)],
    );
}

#[test]
fn of_what_ends_together_allowance_goes_before_rollover_before_packs() {
    let month = |shop: &mut Catalog| shop.packs[1].expires_after = Some(PackLife::Months(1));
    let mut scene = Scene::new(shop(month), at("2026-01-01"));
    scene.does("start pro monthly").unwrap();
    scene.reach(at("2026-02-01"));
    scene.does("buy spark").unwrap();
    check_drawn(
        &mut scene,
        "charge video reel x4 15s",
        &[("allowance 1", 900)],
    );
    check_drawn(
        &mut scene,
        "charge video reel x2 12s",
        &[("allowance 1", 100), ("rollover 0", 200), ("spark 6", 60)],
    );
}

#[test]
fn of_like_packs_the_oldest_goes_first() {
    let mut scene = Scene::after(&["start solo monthly", "buy boost", "buy boost"]);
    check_drawn(
        &mut scene,
        "charge video reel x2 15s",
        &[("allowance 0", 100), ("boost 3", 300), ("boost 4", 50)],
    );
}

#[test]
fn one_instant_has_a_fixed_order() {
    let mut scene = Scene::after(&["start pro monthly"]);
    scene.check(&[
        ("2026-01-02", "buy spark", "1100"),
        ("2026-02-01", "buy boost", "1500"),
        ("2026-02-01", "cancel", "1500"),
        (
            "2026-02-28 23:00",
            "reserve image pen for 60",
            "1490, 10 held",
        ),
    ]);
    let from = scene.records.len();
    scene.reach(at("2026-03-01"));
    // The hold returns its 10 before the lots end; rollover is fed; then the plan ends, and with it
    // the use of packs.
    assert_eq!(
        scene.told_from(from),
        [
            "2026-03-01 hold_expired +10",
            "2026-03-01 expiry -1000",
            "2026-03-01 expiry -200",
            "2026-03-01 rollover_grant +200",
            "2026-03-01 subscription_change -300",
        ]
    );
}

#[test]
fn the_grant_comes_after_expiry_and_rollover() {
    let mut scene = Scene::after(&["start pro yearly"]);
    let from = scene.records.len();
    scene.reach(at("2026-02-01"));
    assert_eq!(
        scene.told_from(from),
        [
            "2026-02-01 expiry -1000",
            "2026-02-01 rollover_grant +200",
            "2026-02-01 period_grant +1000",
        ]
    );
}
