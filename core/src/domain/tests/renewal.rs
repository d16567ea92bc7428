//! Credits renew automatically, and monthly on yearly plans too.

use super::{
    scene::{Scene, brief, check, check_in},
    shop::{catalog, credits, published, shop},
    words::at,
};
use crate::domain::{due::INSTANTS_A_STEP_MAX, event::Fact, time::period_at};

/// The instants of the first grants of a subscription that started at its anchor.
fn check_periods(anchor: &str, interval: &str, expected: &[&str]) {
    let mut scene = Scene::new(shop(|_| {}), at(anchor));
    scene.does(&format!("start basic {interval}")).unwrap();
    let from = scene.records.len();
    let last = expected.last().unwrap();
    scene.reach(at(last));
    let granted: Vec<String> = scene.ledger[from..]
        .iter()
        .filter(|event| matches!(event.fact, Fact::PeriodGrant { .. }))
        .map(|event| brief(event.at))
        .collect();
    assert_eq!(granted, expected, "{anchor} {interval}");
}

#[test]
fn periods_are_counted_from_the_anchor() {
    for interval in ["monthly", "yearly"] {
        let check = |anchor, expected| check_periods(anchor, interval, expected);
        check("2026-01-01", &["2026-02-01", "2026-03-01", "2026-04-01"]);
        check("2026-01-28", &["2026-02-28", "2026-03-28"]);
        check("2026-01-29", &["2026-02-28", "2026-03-29", "2026-04-29"]);
        check("2026-01-30", &["2026-02-28", "2026-03-30", "2026-04-30"]);
        check(
            "2026-01-31",
            &["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"],
        );
        check("2028-01-31", &["2028-02-29", "2028-03-31"]);
        check("2027-12-31", &["2028-01-31", "2028-02-29"]);
        check("2028-02-29", &["2028-03-29", "2028-04-29"]);
        check("2027-11-30", &["2027-12-30", "2028-01-30", "2028-02-29"]);
    }
}

#[test]
fn a_leap_day_anchor_comes_back_to_its_day() {
    let anchor = at("2028-02-29");
    for (instant, period) in [
        ("2028-02-29", 0),
        ("2029-02-27", 11),
        ("2029-02-28", 12),
        ("2029-03-28", 12),
        ("2029-03-29", 13),
        ("2032-02-28", 47),
        ("2032-02-29", 48),
    ] {
        assert_eq!(period_at(anchor, at(instant)), period, "{instant}");
    }
}

#[test]
fn a_yearly_plan_has_its_allowance_every_month() {
    check(&[
        ("2026-01-31", "start basic yearly", "500"),
        ("", "charge image brush x8", "100"),
        ("2026-02-28", "wait", "500"),
        ("", "charge image brush", "450"),
        ("2026-03-31", "wait", "500"),
        ("2027-01-31", "wait", "500"),
    ]);
}

#[test]
fn a_period_ends_before_its_last_instant() {
    check(&[
        ("2026-01-15 09:30", "start basic monthly", "500"),
        ("", "charge image brush", "450"),
        ("2026-02-15T09:29:59.999999Z", "charge image brush", "400"),
        ("2026-02-15 09:30", "charge image brush", "450"),
    ]);
}

#[test]
fn unused_credits_do_not_roll_over() {
    check(&[
        ("2026-01-01", "start basic monthly", "500"),
        ("2026-02-01", "wait", "500"),
        ("2026-03-01", "wait", "500"),
    ]);
}

#[test]
fn an_account_nobody_touched_is_right_at_the_first_touch() {
    let mut scene = Scene::after(&["start basic yearly"]);
    let from = scene.records.len();
    scene.check(&[("2027-03-05", "charge image pen", "490")]);
    let months = [
        "2026-02-01",
        "2026-03-01",
        "2026-04-01",
        "2026-05-01",
        "2026-06-01",
        "2026-07-01",
        "2026-08-01",
        "2026-09-01",
        "2026-10-01",
        "2026-11-01",
        "2026-12-01",
        "2027-01-01",
        "2027-02-01",
        "2027-03-01",
    ];
    let mut expected: Vec<String> = Vec::new();
    for month in months {
        expected.push(format!("{month} expiry -500"));
        expected.push(format!("{month} period_grant +500"));
    }
    expected.push("2027-03-05 charge -10".to_owned());
    assert_eq!(scene.told_from(from), expected);
    for event in &scene.ledger[from..] {
        assert_eq!(event.recorded_at, at("2027-03-05"));
    }
}

#[test]
fn a_very_long_absence_takes_several_steps() {
    let mut scene = Scene::after(&["start basic monthly"]);
    // 241 periods later: one more than a step takes.
    let now = at("2046-02-01");
    let first = scene.account.due(&scene.catalogs, now);
    assert_eq!(
        (first.events.len(), first.more),
        (2 * INSTANTS_A_STEP_MAX, true)
    );
    for event in &first.events {
        scene.account.apply(event);
    }
    let second = scene.account.due(&scene.catalogs, now);
    assert_eq!((second.events.len(), second.more), (2, false));
    assert_eq!(second.events[1].at, now);
}

#[test]
fn exactly_as_many_instants_as_a_step_takes_leave_no_more() {
    let scene = Scene::after(&["start basic monthly"]);
    let due = scene.account.due(&scene.catalogs, at("2046-01-01"));
    assert_eq!(
        (due.events.len(), due.more),
        (2 * INSTANTS_A_STEP_MAX, false)
    );
}

#[test]
fn terms_are_those_in_force_when_a_period_begins() {
    let mut richer = catalog();
    richer.plans[0].allowance = credits(700);
    let mut without = catalog();
    without.plans.remove(0);
    let catalogs = published([
        (at("1970-01-01"), catalog()),
        (at("2026-03-01"), richer),
        (at("2026-04-01"), without),
    ]);
    check_in(
        catalogs,
        &[
            ("2026-01-01", "start basic monthly", "500"),
            ("2026-02-01", "wait", "500"),
            ("2026-02-28", "wait", "500"),
            ("2026-03-01", "wait", "700"),
            // The plan is no longer sold; who has it keeps it, at its last terms.
            ("2026-04-01", "wait", "700"),
            ("2026-05-01", "wait", "700"),
        ],
    );
}

#[test]
fn time_never_goes_back() {
    check(&[
        ("2026-01-01", "start basic monthly", "500"),
        ("2026-02-01", "charge image pen", "490"),
        ("2026-01-10", "charge image pen", "480"),
        ("2026-02-01", "wait", "480"),
    ]);
}

#[test]
fn a_plan_without_an_allowance_renews_nothing() {
    check_in(
        shop(|shop| shop.plans[0].allowance = credits(0)),
        &[
            ("2026-01-01", "start basic monthly", "0"),
            ("2026-04-01", "wait", "0"),
        ],
    );
}
