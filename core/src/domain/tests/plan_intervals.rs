//! Changing the billing interval: it keeps the anchor and grants nothing; a year that is paid goes on.

use super::{plan_changes::check_changes, scene::Scene, shop::shop, words::at};
use crate::domain::{catalog::BillingInterval, subscription::Subscription};

#[test]
fn a_longer_interval_begins_now_from_the_start_of_the_period_and_grants_nothing() {
    check_changes(&[
        (
            "2026-01-31",
            "start basic monthly",
            "500",
            "basic monthly through 2026-02-28",
        ),
        (
            "2026-03-10",
            "charge image pen",
            "490",
            "basic monthly through 2026-03-31",
        ),
        // The period began on Feb 28, and the anchor is still a 31st.
        (
            "",
            "change basic yearly",
            "490",
            "basic yearly through 2027-02-28",
        ),
        (
            "2026-03-31",
            "wait",
            "500",
            "basic yearly through 2027-02-28",
        ),
        (
            "2027-02-27",
            "wait",
            "500",
            "basic yearly through 2027-02-28",
        ),
        (
            "2027-02-28",
            "wait",
            "500",
            "basic yearly through 2028-02-29",
        ),
        (
            "2028-02-29",
            "cancel",
            "500",
            "basic yearly through 2029-02-28",
        ),
        (
            "2029-02-27",
            "wait",
            "500",
            "basic yearly through 2029-02-28",
        ),
        ("2029-02-28", "wait", "0", "none"),
    ]);
}

#[test]
fn a_shorter_interval_begins_when_the_paid_year_ends() {
    let later = "basic yearly through 2027-01-31, basic monthly from 2027-01-31";
    check_changes(&[
        (
            "2026-01-31",
            "start basic yearly",
            "500",
            "basic yearly through 2027-01-31",
        ),
        ("2026-03-10", "change basic monthly", "500", later),
        ("2026-12-31", "wait", "500", later),
        (
            "2027-01-31",
            "wait",
            "500",
            "basic monthly through 2027-02-28",
        ),
        (
            "2027-03-10",
            "change basic yearly",
            "500",
            "basic yearly through 2028-02-29",
        ),
    ]);
}

#[test]
fn an_upgrade_takes_a_longer_interval_along_and_leaves_a_shorter_one_for_the_end_of_the_year() {
    check_changes(&[
        (
            "2026-01-31",
            "start basic monthly",
            "500",
            "basic monthly through 2026-02-28",
        ),
        (
            "2026-03-05",
            "change pro yearly",
            "1000",
            "pro yearly through 2027-02-28",
        ),
    ]);
    let later = "pro yearly through 2027-01-31, pro monthly from 2027-01-31";
    check_changes(&[
        (
            "2026-01-31",
            "start basic yearly",
            "500",
            "basic yearly through 2027-01-31",
        ),
        ("2026-03-05", "change pro monthly", "1000", later),
        ("2027-01-30", "wait", "1200", later),
        (
            "2027-01-31",
            "wait",
            "1200",
            "pro monthly through 2027-02-28",
        ),
    ]);
}

#[test]
fn a_downgrade_takes_any_interval_along_when_it_acts() {
    check_changes(&[
        (
            "2026-01-31",
            "start pro monthly",
            "1000",
            "pro monthly through 2026-02-28",
        ),
        (
            "",
            "change basic yearly",
            "1000",
            "pro monthly through 2026-02-28, basic yearly from 2026-02-28",
        ),
        (
            "2026-02-28",
            "wait",
            "700",
            "basic yearly through 2027-02-28",
        ),
    ]);
    check_changes(&[
        (
            "2026-01-31",
            "start pro yearly",
            "1000",
            "pro yearly through 2027-01-31",
        ),
        (
            "",
            "change solo monthly",
            "1000",
            "pro yearly through 2027-01-31, solo monthly from 2027-01-31",
        ),
        (
            "2027-01-31",
            "wait",
            "300",
            "solo monthly through 2027-02-28",
        ),
    ]);
}

#[test]
fn a_term_is_as_long_as_its_payment_paid_for() {
    let subscription = |interval, term_from| {
        let scene = Scene::after(&["start basic monthly"]);
        let started = scene.account.subscription.unwrap();
        Subscription {
            interval,
            term_from,
            ..started
        }
    };
    use BillingInterval::{Monthly, Yearly};
    let table = [
        // (paid how often, since which period; a period, its term's first one, the term's months)
        ((Monthly, 0), (7, 7, 1)),
        ((Yearly, 0), (11, 0, 12)),
        ((Yearly, 0), (12, 12, 12)),
        // Two months were paid one by one, and then years.
        ((Yearly, 2), (1, 1, 1)),
        ((Yearly, 2), (2, 2, 12)),
        ((Yearly, 2), (13, 2, 12)),
        ((Yearly, 2), (14, 14, 12)),
        // A year that ended with its 14th period, and then months.
        ((Monthly, 14), (13, 2, 12)),
        ((Monthly, 14), (2, 2, 12)),
        ((Monthly, 14), (14, 14, 1)),
        ((Monthly, 14), (15, 15, 1)),
    ];
    for ((interval, term_from), (period, first, months)) in table {
        let term = subscription(interval, term_from).term_of(period);
        let told = (term.first, term.months);
        assert_eq!(
            told,
            (first, months),
            "{interval:?} from {term_from}: {period}"
        );
    }
}

#[test]
fn a_failed_month_of_a_plan_that_is_paid_by_the_year_since_is_that_month_alone() {
    let mut scene = Scene::new(shop(|_| {}), at("2026-01-15"));
    scene.check(&[
        ("2026-01-15", "start basic monthly", "500"),
        ("2026-02-20", "change basic yearly", "500"),
        // The month before the year is over, and nothing of it is left.
        ("2026-02-21", "failed pay-1 at 2026-01-15", "500"),
    ]);
    let unpaid = |scene: &Scene| {
        let past_due = scene.account.subscription.as_ref()?.payments.past_due?;
        Some((past_due.term.first, past_due.term.months))
    };
    assert_eq!(unpaid(&scene), Some((0, 1)));
    scene.check(&[("2026-02-22", "paid pay-1 at 2026-02-22", "500")]);
    assert_eq!(unpaid(&scene), None);
}
