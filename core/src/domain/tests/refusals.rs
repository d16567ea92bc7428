//! What a refusal tells: the numbers to act on.

use super::{
    scene::{Scene, check, check_in},
    shop::{credits, shop},
};
use crate::domain::refusal::Refusal;

#[test]
fn a_model_or_action_that_is_not_there() {
    check(&[
        (
            "2026-01-01",
            "charge image nope",
            "ModelUnknown { model: Some(nope), known: [pen, brush, sketch] }",
        ),
        (
            "",
            "charge image",
            "ModelUnknown { model: None, known: [pen, brush, sketch] }",
        ),
        (
            "",
            "charge dance pen",
            "ActionNotOffered { action: dance, model: None, offered_by: [] }",
        ),
        (
            "",
            "charge video pen",
            "ActionNotOffered { action: video, model: Some(pen), offered_by: [reel] }",
        ),
        (
            "",
            "reserve video pen",
            "ActionNotOffered { action: video, model: Some(pen), offered_by: [reel] }",
        ),
    ]);
}

#[test]
fn a_parameter_out_of_range() {
    check(&[
        (
            "2026-01-01",
            "charge image pen x9",
            "ParameterOutOfRange { parameter: Generation(Variations), given: \"9\", min: Some(1), max: Some(8), allowed: [] }",
        ),
        (
            "",
            "charge image pen x0",
            "ParameterOutOfRange { parameter: Generation(Variations), given: \"0\", min: Some(1), max: Some(8), allowed: [] }",
        ),
        (
            "",
            "charge video reel 21s",
            "ParameterOutOfRange { parameter: Generation(Seconds), given: \"21\", min: Some(1), max: Some(20), allowed: [] }",
        ),
        (
            "",
            "charge image pen 5s",
            "ParameterOutOfRange { parameter: Generation(Seconds), given: \"5\", min: None, max: None, allowed: [] }",
        ),
        (
            "",
            "buy boost x0",
            "ParameterOutOfRange { parameter: Quantity, given: \"0\", min: Some(1), max: Some(1000), allowed: [] }",
        ),
        (
            "",
            "buy boost x1001",
            "ParameterOutOfRange { parameter: Quantity, given: \"1001\", min: Some(1), max: Some(1000), allowed: [] }",
        ),
    ]);
    check_in(
        shop(|shop| shop.packs[0].credits = credits(300_000_000_000)),
        &[(
            "2026-01-01",
            "buy boost x4",
            "ParameterOutOfRange { parameter: Quantity, given: \"4\", min: Some(1), max: Some(3), allowed: [] }",
        )],
    );
}

#[test]
fn a_settle_of_what_can_not_have_run() {
    check(&[
        ("2026-01-01", "start basic monthly", "500"),
        ("", "reserve image brush x8 as h1", "100, 400 held"),
        (
            "",
            "settle h1 x0",
            "ParameterOutOfRange { parameter: Generation(Variations), given: \"0\", min: Some(1), max: Some(8)…",
        ),
        (
            "",
            "settle h1 x9",
            "ParameterOutOfRange { parameter: Generation(Variations), given: \"9\"…",
        ),
        (
            "",
            "settle h1 3s",
            "ParameterOutOfRange { parameter: Generation(Seconds), given: \"3\", min: None, max: None…",
        ),
        ("", "settle h1 x1", "450"),
    ]);
}

#[test]
fn a_price_above_what_the_caller_would_pay() {
    check(&[
        ("2026-01-01", "start basic monthly", "500"),
        (
            "",
            "charge image brush max 49",
            "PriceChanged { cost: 50, cost_max: 49, catalog_version: CatalogVersion(1) }",
        ),
        (
            "",
            "reserve image brush max 49",
            "PriceChanged { cost: 50, cost_max: 49, catalog_version: CatalogVersion(1) }",
        ),
        ("", "charge image brush max 50", "450"),
    ]);
}

#[test]
fn a_request_above_the_ceiling() {
    check_in(
        shop(|shop| shop.policy.request_credits_max = Some(credits(100))),
        &[
            ("2026-01-01", "start basic monthly", "500"),
            (
                "",
                "charge image brush x3",
                "LimitExceeded { limit: RequestCredits, max: 100, asked: 150, used: 0 }",
            ),
            (
                "",
                "reserve image brush x3",
                "LimitExceeded { limit: RequestCredits, max: 100, asked: 150, used: 0 }",
            ),
            ("", "charge image brush x2", "400"),
        ],
    );
}

#[test]
fn too_few_credits_with_all_that_would_help() {
    let mut scene = Scene::after(&[
        "buy boost",
        "start solo monthly",
        "charge video reel x5 5s",
        "reserve image pen",
    ]);
    let Err(Refusal::InsufficientCredits(shortfall)) = scene.does("charge image brush x2") else {
        panic!("15 credits do not buy 100");
    };
    let numbers = [
        shortfall.needed,
        shortfall.available,
        shortfall.held,
        shortfall.frozen,
    ];
    assert_eq!(numbers.map(|one| one.get()), [100, 15, 10, 0]);
    assert_eq!(shortfall.short_by(), credits(85));
    assert_eq!(shortfall.renews_at, Some(super::words::at("2026-02-01")));
    assert_eq!(shortfall.renews_with, Some(credits(100)));
    let packs: Vec<_> = shortfall
        .packs
        .iter()
        .map(|offer| offer.pack.as_str())
        .collect();
    assert_eq!(packs, ["boost", "spark", "topup"]);
    let costs: Vec<_> = shortfall
        .alternatives
        .iter()
        .map(|other| (other.model.as_str(), other.cost.get()))
        .collect();
    assert_eq!(costs, [("sketch", 7)]);
    // All that is there can still be used.
    scene.check(&[("2026-01-01", "charge image pen", "5, 10 held")]);
}

#[test]
fn without_a_plan_nothing_renews_and_frozen_packs_are_told() {
    check(&[
        ("2026-01-01", "buy boost", "0, 300 frozen"),
        (
            "",
            "charge image pen",
            "InsufficientCredits(Shortfall { needed: 10, available: 0, held: 0, frozen: 300, \
             renews_at: None, renews_with: None, packs: [], alternatives: [] })",
        ),
    ]);
}

#[test]
fn refusals_about_the_account_and_its_plan() {
    check(&[
        (
            "2026-01-01",
            "open",
            "AccountAlreadyExists { opened_at: 2026-01-01T00:00:00Z }",
        ),
        ("", "cancel", "NotSubscribed"),
        ("", "resume", "NotSubscribed"),
        (
            "",
            "start none monthly",
            "PlanUnknown { plan: none, known: [basic, pro, solo] }",
        ),
        (
            "",
            "start solo yearly",
            "PlanUnknown { plan: solo, known: [basic, pro] }",
        ),
        ("", "start solo monthly", "100"),
        (
            "",
            "start basic yearly",
            "AlreadySubscribed { plan: solo, cancel_at: None }",
        ),
        ("", "resume", "NoCancellationScheduled"),
        ("", "cancel", "100"),
        (
            "",
            "cancel",
            "CancellationAlreadyScheduled { cancel_at: 2026-02-01T00:00:00Z }",
        ),
        (
            "",
            "start basic yearly",
            "AlreadySubscribed { plan: solo, cancel_at: Some(2026-02-01T00:00:00Z) }",
        ),
    ]);
}

#[test]
fn a_refusal_changes_nothing() {
    let mut scene = Scene::after(&["start solo monthly", "reserve video reel as h1"]);
    let before = scene.account.clone();
    for asked in [
        "charge image brush",
        "settle h1 x8",
        "extend h1 5",
        "resume",
        "buy none",
    ] {
        assert!(scene.does(asked).is_err(), "{asked}");
        assert_eq!(scene.account, before, "{asked}");
    }
}
