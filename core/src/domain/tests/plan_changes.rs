//! Changing a plan: more acts now, less with the end of what is paid for, and a period is granted the
//! best plan touched in it, once.

use super::{
    scene::{Scene, brief, check, check_in},
    shop::{credits, plan, shop},
    words::at,
};
use crate::domain::catalog::BillingInterval;

/// Plan, interval, end of the paid term, and what is scheduled.
fn told(scene: &Scene) -> String {
    let Some(subscription) = &scene.account.subscription else {
        return "none".to_owned();
    };
    let interval = subscription.interval.word();
    let through = brief(subscription.paid_through());
    let mut text = format!("{} {interval} through {through}", subscription.plan);
    if let Some(change) = &subscription.scheduled {
        let interval = change.interval.word();
        text += &format!(", {} {interval} from {}", change.plan, brief(change.at));
    }
    text
}

/// Checks rows of when, what is asked, the answer, and the subscription after it.
pub fn check_told(scene: &mut Scene, rows: &[(&str, &str, &str, &str)]) {
    for (when, asked, answer, expected) in rows {
        scene.check(&[(when, asked, answer)]);
        assert_eq!(told(scene), *expected, "{when} {asked}");
    }
}

/// As [`check_told`], of an account that is opened with the first row.
pub fn check_changes(rows: &[(&str, &str, &str, &str)]) {
    check_told(&mut Scene::new(shop(|_| {}), at(rows[0].0)), rows);
}

#[test]
fn an_upgrade_acts_now_and_grants_the_difference_until_the_period_ends() {
    check_changes(&[
        (
            "2026-01-31",
            "start basic monthly",
            "500",
            "basic monthly through 2026-02-28",
        ),
        (
            "2026-02-10",
            "charge image brush x8",
            "100",
            "basic monthly through 2026-02-28",
        ),
        // 500 more, not 1,000 more; the period and its anchor stay.
        ("", "change pro", "600", "pro monthly through 2026-02-28"),
        (
            "2026-02-28",
            "wait",
            "1200",
            "pro monthly through 2026-03-31",
        ),
    ]);
}

#[test]
fn an_upgrade_is_one_operation_with_its_lot() {
    let mut scene = Scene::after(&["start basic monthly"]);
    let from = scene.records.len();
    scene.check(&[("2026-01-10", "change pro", "1000")]);
    assert_eq!(
        scene.told_from(from),
        ["2026-01-10 subscription_change +500"]
    );
    let lots = &scene.account.lots;
    assert_eq!(lots[1].terms.granted, credits(500));
    assert_eq!(lots[1].terms.expires_at, Some(at("2026-02-01")));
    let balance = scene.account.balance(&scene.catalogs, scene.now);
    let allowance = balance.allowance.unwrap();
    assert_eq!(
        (allowance.granted, allowance.remaining),
        (credits(1_000), credits(1_000))
    );
}

#[test]
fn a_downgrade_acts_when_the_paid_term_ends_and_takes_nothing() {
    check_changes(&[
        (
            "2026-01-31",
            "start pro monthly",
            "1000",
            "pro monthly through 2026-02-28",
        ),
        (
            "2026-02-10",
            "change basic",
            "1000",
            "pro monthly through 2026-02-28, basic monthly from 2026-02-28",
        ),
        (
            "2026-02-27T23:59:59.999999Z",
            "charge image brush x8",
            "600",
            "pro monthly through 2026-02-28, basic monthly from 2026-02-28",
        ),
        // 200 of pro's last period roll over, as pro states.
        (
            "2026-02-28",
            "wait",
            "700",
            "basic monthly through 2026-03-31",
        ),
        (
            "2026-03-31",
            "wait",
            "500",
            "basic monthly through 2026-04-30",
        ),
    ]);
}

#[test]
fn a_downgrade_of_a_yearly_plan_waits_for_the_year_while_the_months_renew() {
    let later = "pro yearly through 2027-01-31, basic yearly from 2027-01-31";
    check_changes(&[
        (
            "2026-01-31",
            "start pro yearly",
            "1000",
            "pro yearly through 2027-01-31",
        ),
        ("2026-03-10", "change basic", "1200", later),
        ("2026-03-31", "charge image brush x8", "800", later),
        ("2026-12-31", "wait", "1200", later),
        (
            "2027-01-31",
            "wait",
            "700",
            "basic yearly through 2028-01-31",
        ),
    ]);
}

#[test]
fn what_time_changes_is_an_operation_between_the_expiry_and_the_grant() {
    let mut scene = Scene::after(&["start pro monthly", "change basic"]);
    let from = scene.records.len();
    scene.reach(at("2026-02-15"));
    let expected = [
        "2026-02-01 expiry -1000",
        "2026-02-01 rollover_grant +200",
        "2026-02-01 subscription_change +0",
        "2026-02-01 period_grant +500",
    ];
    assert_eq!(scene.told_from(from), expected);
    let changed = &scene.ledger[from + 2];
    assert_eq!(
        (changed.caused_by, changed.recorded_at),
        (None, at("2026-02-15"))
    );
    let ids: Vec<_> = scene
        .records
        .iter()
        .map(|record| record.operation_id)
        .collect();
    assert!(
        !ids[..from + 2].contains(&ids[from + 2]),
        "its id is its own"
    );
}

#[test]
fn the_renewal_that_is_shown_is_of_the_plan_to_come() {
    let renews = |scene: &Scene| {
        let balance = scene.account.balance(&scene.catalogs, scene.now);
        balance.allowance.unwrap().renews_with
    };
    let scene = Scene::after(&["start pro monthly", "change basic"]);
    assert_eq!(renews(&scene), Some(credits(500)));
    let scene = Scene::after(&["start pro yearly", "change basic"]);
    assert_eq!(
        renews(&scene),
        Some(credits(1_000)),
        "next month is still pro's"
    );
    let scene = Scene::after(&["start basic monthly", "change pro"]);
    assert_eq!(renews(&scene), Some(credits(1_000)));
}

#[test]
fn the_last_change_asked_for_is_the_one_that_counts() {
    check_changes(&[
        (
            "2026-01-01",
            "start pro yearly",
            "1000",
            "pro yearly through 2027-01-01",
        ),
        (
            "",
            "change basic",
            "1000",
            "pro yearly through 2027-01-01, basic yearly from 2027-01-01",
        ),
        (
            "",
            "change solo monthly",
            "1000",
            "pro yearly through 2027-01-01, solo monthly from 2027-01-01",
        ),
        // Taken back: by asking for what is in force, with its interval or without.
        ("", "change pro", "1000", "pro yearly through 2027-01-01"),
        (
            "",
            "change pro",
            "AlreadyOnPlan { plan: pro, interval: Yearly }",
            "pro yearly through 2027-01-01",
        ),
        (
            "",
            "change pro monthly",
            "1000",
            "pro yearly through 2027-01-01, pro monthly from 2027-01-01",
        ),
        (
            "",
            "change pro yearly",
            "1000",
            "pro yearly through 2027-01-01",
        ),
    ]);
}

#[test]
fn an_upgrade_drops_what_was_scheduled() {
    check_changes(&[
        (
            "2026-01-01",
            "start basic monthly",
            "500",
            "basic monthly through 2026-02-01",
        ),
        (
            "",
            "change solo",
            "500",
            "basic monthly through 2026-02-01, solo monthly from 2026-02-01",
        ),
        ("", "change pro", "1000", "pro monthly through 2026-02-01"),
        (
            "2026-02-01",
            "wait",
            "1200",
            "pro monthly through 2026-03-01",
        ),
    ]);
}

#[test]
fn cancelling_drops_what_was_scheduled_and_nothing_changes_until_it_is_resumed() {
    check_changes(&[
        (
            "2026-01-01",
            "start pro monthly",
            "1000",
            "pro monthly through 2026-02-01",
        ),
        (
            "",
            "change basic",
            "1000",
            "pro monthly through 2026-02-01, basic monthly from 2026-02-01",
        ),
        ("", "cancel", "1000", "pro monthly through 2026-02-01"),
        (
            "",
            "change basic",
            "CancellationAlreadyScheduled…",
            "pro monthly through 2026-02-01",
        ),
        (
            "",
            "change pro",
            "CancellationAlreadyScheduled…",
            "pro monthly through 2026-02-01",
        ),
        ("", "resume", "1000", "pro monthly through 2026-02-01"),
        (
            "2026-02-01",
            "wait",
            "1200",
            "pro monthly through 2026-03-01",
        ),
    ]);
}

#[test]
fn a_plan_is_changed_only_by_who_has_one_and_only_to_one_that_is_sold() {
    check(&[
        ("2026-01-01", "change pro monthly", "NotSubscribed"),
        ("", "change pro", "NotSubscribed"),
        (
            "",
            "change none",
            "PlanUnknown { plan: none, known: [basic, pro, solo] }",
        ),
        ("", "start basic yearly", "500"),
        // Solo is paid monthly only, and without an interval the one in force is meant.
        (
            "",
            "change solo",
            "PlanUnknown { plan: solo, known: [basic, pro] }",
        ),
        (
            "",
            "change solo yearly",
            "PlanUnknown { plan: solo, known: [basic, pro] }",
        ),
        ("", "change solo monthly", "500"),
    ]);
}

#[test]
fn up_and_down_and_up_again_grants_no_more_than_the_best_plan() {
    check(&[
        ("2026-01-01", "start solo monthly", "100"),
        ("", "change basic", "500"),
        ("", "change solo", "500"),
        ("", "change basic", "500"),
        ("", "change pro", "1000"),
        ("", "change basic", "1000"),
        ("", "change pro", "1000"),
        ("", "change pro", "AlreadyOnPlan…"),
        ("", "change pro yearly", "1000"),
        ("", "change pro monthly", "1000"),
        ("", "charge image brush x8", "600"),
        ("", "change pro yearly", "600"),
    ]);
}

#[test]
fn a_plan_of_the_same_allowance_is_no_upgrade() {
    check_in(
        shop(|shop| {
            shop.plans
                .push(plan("twin", 500, &[BillingInterval::Monthly]))
        }),
        &[
            ("2026-01-01", "start basic monthly", "500"),
            ("", "change twin", "500"),
            ("", "charge image pen", "490"),
            ("2026-02-01", "wait", "500"),
            (
                "",
                "change twin",
                "AlreadyOnPlan { plan: twin, interval: Monthly }",
            ),
        ],
    );
}

#[test]
fn a_scheduled_change_happens_to_an_account_that_nobody_touched() {
    check_changes(&[
        (
            "2026-01-01",
            "start pro yearly",
            "1000",
            "pro yearly through 2027-01-01",
        ),
        (
            "",
            "change basic monthly",
            "1000",
            "pro yearly through 2027-01-01, basic monthly from 2027-01-01",
        ),
        (
            "2027-06-15",
            "wait",
            "500",
            "basic monthly through 2027-07-01",
        ),
    ]);
}
