//! Leaving and coming back: a start within a period that was granted goes on with that period.

use super::{
    plan_changes::check_told,
    scene::{Scene, brief},
    shop::{credits, shop},
    words::at,
};
use crate::domain::{
    account::Account, event::SubscriptionEvent, lot::Freeze, subscription::Subscription,
};

#[test]
fn a_start_within_a_period_that_was_granted_goes_on_with_it() {
    let mut scene = Scene::new(shop(|_| {}), at("2026-01-31"));
    check_told(
        &mut scene,
        &[
            (
                "2026-01-31",
                "start basic monthly",
                "500",
                "basic monthly through 2026-02-28",
            ),
            (
                "",
                "charge image brush x8",
                "100",
                "basic monthly through 2026-02-28",
            ),
            (
                "2026-03-10",
                "wait",
                "500",
                "basic monthly through 2026-03-31",
            ),
            (
                "",
                "charge image brush x8",
                "100",
                "basic monthly through 2026-03-31",
            ),
            ("2026-03-20", "lapse", "100", "none"),
            // The same plan again grants nothing, a better one what it has more; the anchor stays.
            (
                "2026-03-25",
                "start basic monthly",
                "100",
                "basic monthly through 2026-03-31",
            ),
            ("2026-03-26", "lapse", "100", "none"),
            (
                "2026-03-27",
                "start pro yearly",
                "600",
                "pro yearly through 2027-02-28",
            ),
            ("2026-03-28", "lapse", "600", "none"),
            (
                "2026-03-29",
                "start basic monthly",
                "600",
                "basic monthly through 2026-03-31",
            ),
            (
                "2026-03-30",
                "change pro",
                "600",
                "pro monthly through 2026-03-31",
            ),
            (
                "2026-03-31",
                "wait",
                "1200",
                "pro monthly through 2026-04-30",
            ),
        ],
    );
    let subscription = scene.account.subscription.unwrap();
    assert_eq!((subscription.id.0, subscription.period), (2, 2));
}

#[test]
fn a_period_that_goes_on_shows_its_whole_allowance() {
    let mut scene = Scene::after(&["start basic monthly", "charge image brush"]);
    scene.check(&[
        ("2026-01-20", "lapse", "450"),
        ("", "start pro monthly", "950"),
    ]);
    let allowance = scene
        .account
        .balance(&scene.catalogs, scene.now)
        .allowance
        .unwrap();
    let shown = (allowance.granted, allowance.used, allowance.remaining);
    assert_eq!(shown, (credits(1_000), credits(50), credits(950)));
}

#[test]
fn what_was_frozen_of_a_period_that_goes_on_thaws_with_it() {
    let mut scene = Scene::after(&["start basic monthly", "buy boost"]);
    for lot in &mut scene.account.lots {
        lot.freezes = lot.freezes.with(Freeze::PastDue);
    }
    scene.check(&[
        ("2026-01-20", "lapse", "0, 800 frozen"),
        // The pack has no part in it: whoever froze it thaws it.
        ("", "start basic monthly", "500, 300 frozen"),
    ]);
}

#[test]
fn no_other_anchor_is_possible_within_a_granted_period_or_across_its_end() {
    let lapsed = || {
        let mut scene = Scene::after(&["start basic monthly"]);
        scene.check(&[("2026-01-20", "lapse", "500")]);
        scene
    };
    lapsed().check(&[
        (
            "2026-01-25",
            "start basic monthly since 2026-01-22",
            "ParameterOutOfRange { parameter: Anchor, given: \"2026-01-22T00:00:00Z\", \
             min: Some(1767225600), max: Some(1767225600), allowed: [] }",
        ),
        ("", "start basic monthly since 2026-01-01", "500"),
    ]);
    lapsed().check(&[
        // January was granted until its end, though the plan ended on the 20th.
        (
            "2026-02-10",
            "start basic monthly since 2026-01-25",
            "ParameterOutOfRange { parameter: Anchor, given: \"2026-01-25T00:00:00Z\", \
             min: Some(1769904000), max: Some(1770681600), allowed: [] }",
        ),
        ("", "start basic monthly since 2026-02-01", "500"),
    ]);
    lapsed().check(&[("2026-02-01", "start basic monthly", "500")]);
}

#[test]
fn what_was_kept_before_plans_could_change_is_still_read() {
    let subscription = r#"{"id":2,"plan":"pro","interval":"YEARLY","anchor":1769853600000000,
        "period":13,"granted":1000}"#;
    let subscription: Subscription = serde_json::from_str(subscription).unwrap();
    assert_eq!(
        (subscription.term_from, &subscription.scheduled),
        (0, &None)
    );
    assert_eq!(brief(subscription.paid_through()), "2028-01-31T10:00:00Z");
    let started =
        r#"{"started":{"plan":"pro","interval":"YEARLY","anchor":1769853600000000,"period":0}}"#;
    let event: SubscriptionEvent = serde_json::from_str(started).unwrap();
    assert_eq!(
        serde_json::to_string(&event).unwrap(),
        started,
        "and written as before"
    );
    let account = r#"{"id":"anna","sequence":9,"opened_at":0,"time":5,"lots":[],"plan_ended_at":5,
        "totals":{"plan":0,"rollover":0,"packs":0,"consumed":0,"expired":0,"revoked":0}}"#;
    let account: Account = serde_json::from_str(account).unwrap();
    assert_eq!(account.broken_period, None);
}
