//! Starting, cancelling and resuming a plan.

use super::{
    scene::{Scene, brief, check},
    shop::shop,
    words::at,
};

#[test]
fn a_cancelled_monthly_plan_ends_with_its_period() {
    check(&[
        ("2026-01-31", "start basic monthly", "500"),
        ("2026-02-10", "cancel", "500"),
        ("2026-02-27T23:59:59.999999Z", "charge image pen", "490"),
        ("2026-02-28", "wait", "0"),
    ]);
}

#[test]
fn a_cancelled_yearly_plan_renews_until_its_term_ends() {
    let mut scene = Scene::new(shop(|_| {}), at("2026-01-31"));
    scene.check(&[
        ("2026-01-31", "start basic yearly", "500"),
        ("2026-03-31", "cancel", "500"),
        ("2026-12-31", "wait", "500"),
        ("2027-01-30", "charge image pen", "490"),
        ("2027-01-31", "wait", "0"),
    ]);
    let granted = scene.account.totals.plan;
    assert_eq!(granted, 12 * 500);
    assert_eq!(scene.account.plan_ended_at, Some(at("2027-01-31")));
}

#[test]
fn the_end_of_a_yearly_term_is_the_anniversary_of_the_anchor() {
    for (cancelled, ends) in [
        ("2026-01-31", "2027-01-31"),
        ("2026-12-31", "2027-01-31"),
        ("2027-01-30", "2027-01-31"),
        ("2027-01-31", "2028-01-31"),
        ("2027-02-01", "2028-01-31"),
    ] {
        let mut scene = Scene::new(shop(|_| {}), at("2026-01-31"));
        scene.does("start basic yearly").unwrap();
        scene.now = at(cancelled);
        scene.does("cancel").unwrap();
        let cancel_at = scene.account.subscription.unwrap().cancel_at.unwrap();
        assert_eq!(brief(cancel_at), ends, "cancelled {cancelled}");
    }
}

#[test]
fn a_cancellation_can_be_taken_back_until_it_acts() {
    check(&[
        ("2026-01-01", "start basic monthly", "500"),
        ("", "charge image brush", "450"),
        ("2026-01-10", "cancel", "450"),
        ("2026-01-31", "resume", "450"),
        ("2026-02-01", "wait", "500"),
        ("", "cancel", "500"),
        ("2026-03-01", "resume", "NotSubscribed"),
    ]);
}

#[test]
fn cancelling_and_resuming_adds_nothing() {
    check(&[
        ("2026-01-01", "start basic monthly", "500"),
        ("", "charge image brush", "450"),
        ("", "cancel", "450"),
        ("", "resume", "450"),
        ("", "cancel", "450"),
        ("", "start basic monthly", "AlreadySubscribed…"),
        ("", "start pro monthly", "AlreadySubscribed…"),
    ]);
}

#[test]
fn a_plan_can_start_again_at_the_instant_it_ended() {
    check(&[
        ("2026-01-01", "start basic monthly", "500"),
        ("", "cancel", "500"),
        ("2026-02-01", "start pro yearly", "1000"),
        ("2026-03-01", "wait", "1200"),
    ]);
}

#[test]
fn an_anchor_in_the_past_grants_the_current_period_only() {
    check(&[
        ("2026-03-20", "start basic yearly since 2025-11-30", "500"),
        // Nov 30 + 4 months.
        ("2026-03-29", "charge image pen", "490"),
        ("2026-03-30", "wait", "500"),
    ]);
}

#[test]
fn an_anchor_may_lie_twelve_months_back() {
    check(&[("2026-03-20", "start basic yearly since 2025-03-20", "500")]);
    check(&[(
        "2026-03-20",
        "start basic yearly since 2025-03-19T23:59:59.999999Z",
        "ParameterOutOfRange { parameter: Anchor, given: \"2025-03-19T23:59:59.999999Z\", \
         min: Some(1742428800), max: Some(1773964800), allowed: [] }",
    )]);
    check(&[(
        "2026-03-20",
        "start basic yearly since 2026-03-20T00:00:00.000001Z",
        "ParameterOutOfRange { parameter: Anchor, given: \"2026-03-20T00:00:00.000001Z\", \
         min: Some(1742428800), max: Some(1773964800), allowed: [] }",
    )]);
}

#[test]
fn periods_of_two_subscriptions_never_overlap() {
    check(&[
        ("2026-01-15", "start basic monthly", "500"),
        ("", "cancel", "500"),
        // The first one ended on Feb 15. A period from Feb 1 would grant half a month twice.
        (
            "2026-02-20",
            "start basic monthly since 2026-02-01",
            "ParameterOutOfRange { parameter: Anchor, given: \"2026-02-01T00:00:00Z\", \
             min: Some(1771113600), max: Some(1771545600), allowed: [] }",
        ),
        // The old anchor goes on with the old periods.
        ("", "start basic monthly since 2026-01-15", "500"),
        ("2026-03-15", "wait", "500"),
    ]);
}
