//! What uses credits, what does not, and when they are consumed.

use super::{
    scene::{Scene, check, check_in},
    shop::shop,
    words::{at, generation},
};
use crate::domain::catalog::{PacksWithoutPlan, Priced};

#[test]
fn any_action_that_makes_an_image_or_video_uses_credits() {
    check(&[
        ("2026-01-01", "start basic monthly", "500"),
        ("", "charge image pen", "490"),
        ("", "charge edit pen", "470"),
        ("", "charge video reel", "395"),
        ("", "charge animate reel", "320"),
    ]);
}

#[test]
fn the_cost_varies_by_model_and_parameters() {
    check(&[
        ("2026-01-01", "start pro monthly", "1000"),
        ("", "charge image brush", "950"),
        ("", "charge image pen x3", "920"),
        ("", "charge video reel 10s", "770"),
        ("", "charge video reel x2 4s", "650"),
        // 10/3 is rounded up once for all variations: 4 for one, 10 for three, 14 for four.
        ("", "charge image sketch", "646"),
        ("", "charge image sketch x3", "636"),
        ("", "charge image sketch x4", "622"),
    ]);
}

#[test]
fn chat_is_free_whatever_the_account_has() {
    check(&[
        ("2026-01-01", "charge chat", "free"),
        ("", "reserve chat", "free"),
        ("", "charge chat no-such-model x99 7s", "free"),
        ("", "buy boost", "0, 300 frozen"),
        ("", "charge chat", "free"),
        ("", "start solo monthly", "400"),
        ("", "charge image pen x8", "320"),
        ("", "charge image brush x6", "20"),
        ("", "charge image pen x2", "0"),
        ("", "charge chat", "free"),
        ("", "charge chat max 0", "free"),
        // Not even a hold's life that is out of range is in its way.
        ("", "reserve chat for 0", "free"),
    ]);
}

#[test]
fn chat_leaves_no_trace() {
    let mut scene = Scene::after(&["start basic monthly"]);
    let before = scene.account.clone();
    for _ in 0..50 {
        scene.check(&[("", "charge chat", "free")]);
    }
    assert_eq!(scene.account, before);
    let priced = super::shop::catalog().price(&generation(&["chat"]));
    assert_eq!(priced, Ok(Priced::Free));
}

#[test]
fn an_attempt_consumes_credits_again_at_each_retry() {
    check(&[
        ("2026-01-01", "start basic monthly", "500"),
        ("", "charge image brush", "450"),
        ("", "charge image brush", "400"),
        ("", "charge image brush", "350"),
    ]);
}

#[test]
fn sound_may_be_priced_at_nothing_and_is_recorded_all_the_same() {
    let mut scene = Scene::after(&["charge sound sketch"]);
    assert_eq!(scene.ledger.len(), 2);
    scene.check(&[
        ("2026-01-01", "reserve sound sketch as h1", "0"),
        ("", "settle h1", "0"),
    ]);
}

#[test]
fn the_balance_tells_how_the_allowance_is_used() {
    let mut scene = Scene::after(&[
        "start basic monthly",
        "buy boost",
        "charge image brush x3",
        "reserve video reel as h1",
    ]);
    let balance = scene.account.balance(&scene.catalogs, scene.now);
    let usage = balance.allowance.unwrap();
    let numbers = [usage.granted, usage.used, usage.held, usage.remaining].map(|one| one.get());
    assert_eq!(numbers, [500, 150, 75, 275]);
    assert_eq!(usage.period_start, at("2026-01-01"));
    assert_eq!(usage.period_end, at("2026-02-01"));
    assert_eq!(usage.renews_at, Some(at("2026-02-01")));
    assert_eq!(usage.renews_with.map(|one| one.get()), Some(500));
    let parts = [balance.available, balance.packs, balance.rollover].map(|one| one.get());
    assert_eq!(parts, [575, 300, 0]);
    let expiry = balance.next_expiry.unwrap();
    assert_eq!((expiry.at, expiry.amount.get()), (at("2026-02-01"), 275));

    scene.check(&[("2026-01-01", "cancel", "575, 75 held")]);
    let usage = scene.account.allowance_usage(&scene.catalogs, scene.now);
    let usage = usage.unwrap();
    assert_eq!((usage.renews_at, usage.renews_with), (None, None));
}

#[test]
fn packs_may_stay_usable_without_a_plan() {
    let usable = shop(|shop| shop.policy.packs_without_plan = PacksWithoutPlan::Usable);
    check_in(
        usable,
        &[
            ("2026-01-01", "buy boost", "300"),
            ("", "charge image brush", "250"),
            ("", "start basic monthly", "750"),
            ("", "cancel", "750"),
            ("2026-02-01", "wait", "250"),
            ("", "charge image brush", "200"),
        ],
    );
}
