//! Extra packs: what buys them, how long they last, when they are frozen.

use super::{
    scene::{Scene, check, check_in},
    shop::{catalog, credits, published, shop},
    words::at,
};
use crate::domain::{
    catalog::PacksWithoutPlan,
    lot::{LOTS_MAX, LOTS_OFFERED_BELOW},
    offer::OfferClosed,
};

#[test]
fn a_pack_adds_its_credits_as_often_as_it_was_paid_for() {
    check(&[
        ("2026-01-01", "start basic monthly", "500"),
        ("", "buy boost with pay-1", "800"),
        ("", "buy boost x3 with pay-2", "1700"),
    ]);
}

#[test]
fn packs_last_as_long_as_they_say() {
    check(&[
        ("2026-01-10", "start solo monthly", "100"),
        ("", "buy spark", "200"),
        ("2026-02-08T23:59:59.999999Z", "wait", "200"),
        ("2026-02-09", "wait", "100"),
        ("2026-02-09", "buy boost", "400"),
        ("2036-02-09", "wait", "400"),
    ]);
}

#[test]
fn packs_wait_for_a_plan_and_their_end_does_not_move() {
    check(&[
        ("2026-01-01", "buy boost", "0, 300 frozen"),
        ("", "buy spark", "0, 400 frozen"),
        ("2026-01-31", "wait", "0, 300 frozen"),
        ("", "start solo monthly", "400"),
        ("", "cancel", "400"),
        ("2026-02-28", "wait", "0, 300 frozen"),
        ("2026-03-15", "start solo monthly", "400"),
    ]);
}

#[test]
fn what_returns_to_a_frozen_pack_is_frozen() {
    check(&[
        ("2026-01-01", "start solo monthly", "100"),
        ("", "buy boost", "400"),
        ("", "charge image brush x2", "300"),
        ("", "cancel", "300"),
        (
            "2026-01-31 23:00",
            "reserve video reel for 120 as h1",
            "225, 75 held",
        ),
        (
            "2026-01-31 23:10",
            "reserve video reel for 120 as h2",
            "150, 150 held",
        ),
        ("2026-02-01", "wait", "0, 150 held, 150 frozen"),
        ("2026-02-01 00:10", "release h1", "0, 75 held, 225 frozen"),
        ("", "settle h2", "0, 225 frozen"),
    ]);
}

#[test]
fn a_payment_is_used_once() {
    check(&[
        ("2026-01-01", "start solo monthly", "100"),
        ("", "buy boost with pay-1 as first", "400"),
        (
            "",
            "buy boost with pay-1 as again",
            "PaymentAlreadyUsed { payment: PaymentKey { provider: \"bank\", \
             reference: \"pay-1\" }, operation_id: Some(first) }",
        ),
        ("2027-01-01", "buy spark with pay-1", "PaymentAlreadyUsed…"),
    ]);
}

#[test]
fn whose_payment_it_was_is_not_told_to_another_account() {
    let mut scene = Scene::after(&[]);
    scene.used_elsewhere("pay-9");
    scene.check(&[(
        "2026-01-01",
        "buy boost with pay-9",
        "PaymentAlreadyUsed { payment: PaymentKey { provider: \"bank\", reference: \"pay-9\" }, \
         operation_id: None }",
    )]);
}

#[test]
fn a_retired_pack_is_honoured_as_it_was_offered() {
    let mut later = catalog();
    later.packs.remove(0);
    let mut last = catalog();
    last.packs[0].credits = credits(999);
    let catalogs = published([
        (at("1970-01-01"), catalog()),
        (at("2026-02-01"), later),
        (at("2026-03-01"), last),
    ]);
    check_in(
        catalogs,
        &[
            ("2026-02-10", "start solo monthly", "100"),
            (
                "",
                "buy boost",
                "PackUnknown { pack: boost, known: [spark, topup] }",
            ),
            (
                "",
                "buy boost of 2",
                "PackUnknown { pack: boost, known: [spark, topup] }",
            ),
            (
                "",
                "buy boost of 7",
                "PackUnknown { pack: boost, known: [] }",
            ),
            ("", "buy boost of 1", "400"),
            ("2026-03-10", "buy boost", "1399"),
            ("", "buy boost of 1", "1699"),
        ],
    );
}

#[test]
fn a_pack_sold_below_a_number_is_offered_below_it_and_honoured_always() {
    let mut scene = Scene::after(&["start solo monthly", "charge image pen x8"]);
    let topup = |scene: &Scene| {
        let offers = scene.account.pack_offers(&scene.catalogs, scene.now);
        offers
            .into_iter()
            .find(|offer| offer.pack.as_str() == "topup")
            .unwrap()
    };
    let closed = OfferClosed::AllowanceLeft {
        sold_below: credits(20),
        allowance: credits(20),
    };
    assert_eq!(topup(&scene).closed, Some(closed));
    scene.check(&[
        ("2026-01-01", "buy topup", "70"),
        ("", "charge image pen", "60"),
    ]);
    assert_eq!(topup(&scene).closed, None);
}

#[test]
fn packs_are_not_offered_long_before_an_account_is_full() {
    let mut scene = Scene::after(&["start solo monthly"]);
    let closed = |scene: &Scene| {
        let offers = scene.account.pack_offers(&scene.catalogs, scene.now);
        offers[0].closed
    };
    // The allowance is a lot too.
    for _ in 2..LOTS_OFFERED_BELOW {
        scene.does("buy boost").unwrap();
    }
    assert_eq!(closed(&scene), None);
    scene.does("buy boost").unwrap();
    assert_eq!(closed(&scene), Some(OfferClosed::TooManyLots));
    for _ in LOTS_OFFERED_BELOW..LOTS_MAX {
        scene.does("buy boost").unwrap();
    }
    scene.check(&[(
        "2026-01-01",
        "buy boost",
        "LimitExceeded { limit: Lots, max: 1000, asked: 1001, used: 0 }",
    )]);
}

#[test]
fn a_pack_that_would_freeze_is_not_offered() {
    let offers = |scene: &Scene| {
        let offers = scene.account.pack_offers(&scene.catalogs, scene.now);
        let closed = offers.into_iter().map(|offer| offer.closed);
        closed.collect::<Vec<_>>()
    };
    let mut scene = Scene::after(&[]);
    assert_eq!(offers(&scene), [Some(OfferClosed::NoPlan); 3]);
    scene.does("buy boost").unwrap();
    scene.does("start solo monthly").unwrap();
    assert_eq!(offers(&scene)[0], None);

    let usable = shop(|shop| shop.policy.packs_without_plan = PacksWithoutPlan::Usable);
    let scene = Scene::new(usable, at("2026-01-01"));
    assert_eq!(offers(&scene), [None; 3]);
}
