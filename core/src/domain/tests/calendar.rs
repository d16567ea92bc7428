//! When credits renew, read like a calendar: anchors at the end of a month, leap years, the turn of the
//! year, the very boundary.
//!
//! Period `n` starts at the anchor and `n` months, at the anchor's time of day, on its day or, where
//! the month has none, on its last. It holds from its start on and until the next one's start,
//! which is no part of it. What dateutil says of 219,146 anchors is compared in
//! `tests/tests/oracle.rs`.

use chrono::TimeDelta;

use super::{
    scene::{Scene, brief, check, check_in},
    shop::{credits, shop},
    words::at,
};
use crate::domain::{
    catalog::BillingInterval,
    credits::Credits,
    event::OperationKind,
    ids::{PlanId, Sequence},
    subscription::Subscription,
    term::TermPayments,
    time::{Instant, period_at, period_start},
};

const MICROSECOND: TimeDelta = TimeDelta::microseconds(1);

/// The days on which the first periods after an anchor start, and that each is the one it says from
/// its first microsecond to its last.
fn check_starts(anchor: &str, starts: &[&str]) {
    let anchor = at(anchor);
    for (number, start) in (1..).zip(starts) {
        let begins = period_start(anchor, number);
        assert_eq!(brief(begins), *start, "period {number} of {anchor}");
        let just_before = begins.saturating_sub(MICROSECOND);
        assert_eq!(period_at(anchor, just_before), number - 1, "{just_before}");
        assert_eq!(period_at(anchor, begins), number, "{begins}");
    }
}

#[test]
fn a_day_that_a_month_lacks_becomes_its_last_and_comes_back() {
    let table = [
        // (anchor, February, March, April, May)
        ("2026-01-28", "2026-02-28", "2026-03-28", "2026-04-28"),
        ("2026-01-29", "2026-02-28", "2026-03-29", "2026-04-29"),
        ("2026-01-30", "2026-02-28", "2026-03-30", "2026-04-30"),
        ("2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"),
        // A leap year has a 29th of February.
        ("2028-01-28", "2028-02-28", "2028-03-28", "2028-04-28"),
        ("2028-01-29", "2028-02-29", "2028-03-29", "2028-04-29"),
        ("2028-01-30", "2028-02-29", "2028-03-30", "2028-04-30"),
        ("2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"),
        // Of the years that end a century, one in four is a leap year.
        ("2100-01-31", "2100-02-28", "2100-03-31", "2100-04-30"),
        ("2400-01-31", "2400-02-29", "2400-03-31", "2400-04-30"),
    ];
    for (anchor, february, march, april) in table {
        check_starts(anchor, &[february, march, april]);
    }
}

#[test]
fn the_31st_visits_the_last_day_of_every_month() {
    check_starts(
        "2027-12-31",
        &[
            "2028-01-31",
            "2028-02-29",
            "2028-03-31",
            "2028-04-30",
            "2028-05-31",
            "2028-06-30",
            "2028-07-31",
            "2028-08-31",
            "2028-09-30",
            "2028-10-31",
            "2028-11-30",
            "2028-12-31",
            "2029-01-31",
            "2029-02-28",
        ],
    );
}

#[test]
fn an_anchor_at_the_end_of_a_short_month_does_not_drift_to_its_end() {
    // Who begins on the 28th of February renews on the 28th, not on the last day.
    check_starts("2026-02-28", &["2026-03-28", "2026-04-28", "2026-05-28"]);
    check_starts("2028-02-29", &["2028-03-29", "2028-04-29", "2028-05-29"]);
    check_starts("2026-04-30", &["2026-05-30", "2026-06-30", "2026-07-30"]);
}

#[test]
fn the_time_of_day_is_kept_to_the_microsecond() {
    let table = [
        (
            "2026-12-31T23:59:59.999999Z",
            "2027-01-31T23:59:59.999999Z",
            "2027-02-28T23:59:59.999999Z",
        ),
        (
            "2026-12-31T00:00:00.000001Z",
            "2027-01-31T00:00:00.000001Z",
            "2027-02-28T00:00:00.000001Z",
        ),
        (
            "2027-12-30T12:34:56.789012Z",
            "2028-01-30T12:34:56.789012Z",
            "2028-02-29T12:34:56.789012Z",
        ),
    ];
    for (anchor, first, second) in table {
        check_starts(anchor, &[first, second]);
    }
    // An anchor is an instant: the day it has elsewhere does not matter.
    check_starts(
        "2026-01-31T23:30:00-02:00",
        &["2026-03-01T01:30:00Z", "2026-04-01T01:30:00Z"],
    );
}

#[test]
fn before_the_anchor_is_the_first_period() {
    let anchor = at("2026-01-31");
    for before in ["1970-01-01", "2025-12-31", "2026-01-30T23:59:59.999999Z"] {
        assert_eq!(period_at(anchor, at(before)), 0, "{before}");
    }
    assert_eq!(period_at(anchor, anchor), 0);
}

#[test]
fn the_end_of_the_calendar_is_an_end_and_no_error() {
    let last = at("9999-12-31");
    assert_eq!(period_start(last, 1), Instant::MAX);
    assert_eq!(period_start(at("2026-01-31"), u32::MAX), Instant::MAX);
    assert_eq!(period_at(last, Instant::MAX), 0);
    let first = Instant::default();
    assert_eq!(period_at(first, Instant::MAX), 8_030 * 12 - 1);
    assert_eq!(first.minus_months(1), first);
    // The last period of all has no next one, however late it is.
    let mut scene = Scene::new(shop(|_| {}), at("9999-12-01"));
    scene.does("start basic monthly").unwrap();
    scene.reach(Instant::MAX);
    assert_eq!(scene.account.available(), credits(500));
}

#[test]
fn a_charge_at_the_very_boundary_belongs_to_the_period_that_begins() {
    // The allowance of January pays until its last microsecond; February's from its first.
    check(&[
        ("2026-01-31 10:00", "start basic monthly", "500"),
        ("2026-02-28T09:59:59.999999Z", "charge image brush", "450"),
        ("2026-02-28T10:00:00Z", "charge image brush", "450"),
        ("2026-03-31T09:59:59.999999Z", "charge image brush", "400"),
        ("2026-03-31T10:00:00.000001Z", "charge image brush", "450"),
    ]);
}

#[test]
fn the_year_turns_like_any_month() {
    check(&[
        ("2026-12-31 23:59", "start basic monthly", "500"),
        ("2027-01-01", "charge image brush", "450"),
        ("2027-01-31T23:58:59.999999Z", "charge image brush", "400"),
        ("2027-01-31 23:59", "charge image brush", "450"),
        ("2027-02-28 23:59", "wait", "500"),
        ("", "charge image brush", "450"),
        ("2027-03-01", "charge image brush", "400"),
        ("2027-12-31T23:58:59.999999Z", "wait", "500"),
        ("", "charge image brush", "450"),
        ("2027-12-31 23:59", "wait", "500"),
    ]);
}

#[test]
fn on_leap_day_a_plan_of_the_29th_renews_on_the_29th() {
    check(&[
        ("2027-12-29", "start basic monthly", "500"),
        ("2028-02-28", "charge image brush", "450"),
        ("2028-02-29", "charge image brush", "450"),
        ("2028-03-28", "charge image brush", "400"),
        ("2028-03-29", "charge image brush", "450"),
        // A year later February has no 29th, and the plan renews a day before March.
        ("2029-02-27T23:59:59.999999Z", "wait", "500"),
        ("", "charge image brush", "450"),
        ("2029-02-28", "charge image brush", "450"),
        ("2029-03-01", "charge image brush", "400"),
    ]);
}

#[test]
fn fourteen_idle_months_are_fourteen_renewals_at_their_own_instants() {
    let mut scene = Scene::new(shop(|_| {}), at("2026-12-31 08:00"));
    scene.does("start pro monthly").unwrap();
    let from = scene.records.len();
    // The first touch is a charge at the very instant at which the 14th period begins.
    scene.check(&[("2028-02-29 08:00", "charge image pen", "1190")]);
    let of = |wanted: OperationKind| -> Vec<String> {
        let records = scene.records[from..].iter();
        let wanted = records.filter(|record| record.kind == wanted);
        wanted.map(|record| brief(record.at)).collect()
    };
    let days = [
        "2027-01-31",
        "2027-02-28",
        "2027-03-31",
        "2027-04-30",
        "2027-05-31",
        "2027-06-30",
        "2027-07-31",
        "2027-08-31",
        "2027-09-30",
        "2027-10-31",
        "2027-11-30",
        "2027-12-31",
        "2028-01-31",
        "2028-02-29",
    ];
    let instants = days.map(|day| format!("{day}T08:00:00Z"));
    assert_eq!(of(OperationKind::PeriodGrant), instants);
    assert_eq!(of(OperationKind::RolloverGrant), instants);
    assert_eq!(of(OperationKind::Charge), instants[13..]);
    // Every allowance ended with its period, and what rolled over of the one before.
    let expired: i64 = scene.records[from..]
        .iter()
        .filter(|record| record.kind == OperationKind::Expiry)
        .map(|record| record.change)
        .sum();
    assert_eq!(expired, -(14 * 1_000 + 13 * 200));
}

#[test]
fn an_idle_year_in_which_the_plan_was_to_end_has_the_renewals_until_then() {
    let mut scene = Scene::new(shop(|_| {}), at("2026-01-31"));
    scene.does("start basic yearly").unwrap();
    scene.does("cancel").unwrap();
    let from = scene.records.len();
    scene.check(&[("2027-03-31", "wait", "0")]);
    let grants = scene.records[from..]
        .iter()
        .filter(|record| record.kind == OperationKind::PeriodGrant);
    assert_eq!(
        grants.count(),
        11,
        "the first month was granted at the start"
    );
    let last = scene.told_from(scene.records.len() - 2);
    let ended = [
        "2027-01-31 expiry -500",
        "2027-01-31 subscription_change +0",
    ];
    assert_eq!(last, ended);
}

#[test]
fn yearly_billing_renews_credits_monthly_and_the_plan_yearly() {
    let yearly = |anchor: &str, period| Subscription {
        id: Sequence(2),
        plan: PlanId::parse("basic").unwrap(),
        interval: BillingInterval::Yearly,
        anchor: at(anchor),
        period,
        granted: credits(500),
        cancel_at: None,
        term_from: 0,
        started_in: 0,
        scheduled: None,
        payments: TermPayments::default(),
    };
    let table = [
        // (anchor, period, when it ends, until when the plan is paid)
        ("2026-01-31", 0, "2026-02-28", "2027-01-31"),
        ("2026-01-31", 11, "2027-01-31", "2027-01-31"),
        ("2026-01-31", 12, "2027-02-28", "2028-01-31"),
        ("2028-02-29", 0, "2028-03-29", "2029-02-28"),
        ("2028-02-29", 11, "2029-02-28", "2029-02-28"),
        ("2028-02-29", 12, "2029-03-29", "2030-02-28"),
        ("2028-02-29", 36, "2031-03-29", "2032-02-29"),
        ("2026-12-31", 1, "2027-02-28", "2027-12-31"),
    ];
    for (anchor, period, ends, paid) in table {
        let plan = yearly(anchor, period);
        let told = (brief(plan.period_end()), brief(plan.paid_through()));
        assert_eq!(
            told,
            (ends.to_owned(), paid.to_owned()),
            "{anchor} {period}"
        );
    }
    check(&[
        ("2028-02-29", "start basic yearly", "500"),
        ("", "charge image brush x8", "100"),
        ("2028-03-29", "wait", "500"),
        ("2029-01-29", "cancel", "500"),
        // The last month of the paid year is granted, and ends with it.
        ("2029-02-27T23:59:59.999999Z", "charge image brush", "450"),
        ("2029-02-28", "wait", "0"),
    ]);
}

#[test]
fn a_pack_and_a_hold_end_at_their_instant_and_not_before() {
    check(&[
        ("2026-01-31 12:00", "start basic monthly", "500"),
        ("", "buy spark", "600"),
        ("", "reserve video reel for 60 as h1", "525, 75 held"),
        ("2026-01-31T12:59:59.999999Z", "wait", "525, 75 held"),
        ("2026-01-31 13:00", "wait", "600"),
        // 30 days after it was bought: two days after the first renewal.
        ("2026-03-02T11:59:59.999999Z", "wait", "600"),
        ("2026-03-02 12:00", "wait", "500"),
    ]);
}

#[test]
fn a_hold_that_ends_with_the_period_does_not_outlast_its_credits() {
    // The hold, its lot and the period end at one instant: nothing of January is left in February.
    check_in(
        shop(|shop| shop.plans[0].allowance = credits(100)),
        &[
            ("2026-01-31 12:00", "start basic monthly", "100"),
            (
                "2026-02-28 11:00",
                "reserve video reel for 60 as h1",
                "25, 75 held",
            ),
            ("2026-02-28T11:59:59.999999Z", "wait", "25, 75 held"),
            ("2026-02-28 12:00", "wait", "100"),
        ],
    );
}

#[test]
fn nothing_is_due_a_microsecond_before_and_all_of_it_is_at_its_instant() {
    let mut scene = Scene::new(shop(|_| {}), at("2026-01-31 10:00"));
    scene.does("start basic monthly").unwrap();
    let due = scene.account.next_due_at().unwrap();
    assert_eq!(due, at("2026-02-28 10:00"));
    let just_before = due.saturating_sub(MICROSECOND);
    assert_eq!(scene.account.due(&scene.catalogs, just_before).events, []);
    let events = scene.account.due(&scene.catalogs, due).events;
    let instants: Vec<Instant> = events.iter().map(|event| event.at).collect();
    assert_eq!(instants, [due, due]);
    scene.reach(due);
    assert_eq!(scene.account.available(), Credits::new(500).unwrap());
}
