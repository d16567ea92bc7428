//! Forecasts: how long what there is lasts, by stated rules.

use proptest::prelude::*;

use super::{
    scene::{Scene, brief},
    shop::credits,
    words::at,
};
use crate::domain::{
    day::Day,
    forecast::{DailyUse, Expected, Forecast},
    usage::UsageSums,
};

/// Days that end before the first day of an account.
fn used(days: &[i64], charges: u64) -> DailyUse {
    DailyUse {
        until: Day::parse("2025-12-31").unwrap(),
        days: days.iter().copied().map(credits).collect(),
        charges,
    }
}

fn forecast(asked: &[&str], used: &DailyUse) -> Forecast {
    let scene = Scene::after(asked);
    Forecast::of(&scene.account, &scene.catalogs, used, scene.now)
}

fn told(asked: &[&str], days: &[i64]) -> String {
    let Forecast::Expected(expected) = forecast(asked, &used(days, 10)) else {
        return "not enough".to_owned();
    };
    let end = |at: Option<_>| at.map_or("no".to_owned(), brief);
    let mut text = format!(
        "{} in {}, out {} to {}",
        expected.credits,
        expected.days,
        end(expected.earliest),
        end(expected.latest)
    );
    if let Some(lapsing) = expected.lapsing {
        text += &format!(", {} lapse on {}", lapsing.amount, brief(lapsing.at));
        if !lapsing.rolls_over.is_zero() {
            text += &format!(" and {} roll over", lapsing.rolls_over);
        }
    }
    text
}

#[test]
fn what_there_is_lasts_as_long_as_the_pace_says() {
    let table: &[(&[&str], &[i64], &str)] = &[
        // Every day alike: both ends are the same.
        (
            &["start basic monthly"],
            &[50; 7],
            "350 in 7, out 2026-01-11 to 2026-01-11, 0 lapse on 2026-02-01",
        ),
        // It lasts beyond the renewal; 31 days use 310 of 500.
        (
            &["start basic monthly"],
            &[10; 14],
            "140 in 14, out no to no, 190 lapse on 2026-02-01",
        ),
        // 200 of what is unused roll over.
        (
            &["start pro monthly"],
            &[10; 14],
            "140 in 14, out no to no, 490 lapse on 2026-02-01 and 200 roll over",
        ),
        // A quiet week and a busy one: sums of seven days from 0 to 700, quartiles 100 and 600.
        (
            &["start basic monthly"],
            &[0, 0, 0, 0, 0, 0, 0, 100, 100, 100, 100, 100, 100, 100],
            "700 in 14, out 2026-01-06T20:00:00Z to no, 0 lapse on 2026-02-01",
        ),
        // Nothing renews: what ends, ends, and the pack that never does is used after it.
        (
            &["start basic monthly", "buy boost", "cancel"],
            &[10; 7],
            "70 in 7, out 2026-03-03 to 2026-03-03, 190 lapse on 2026-02-01",
        ),
        (
            &["start basic monthly", "cancel"],
            &[1; 7],
            "7 in 7, out 2026-02-01 to 2026-02-01, 469 lapse on 2026-02-01",
        ),
        // A month without any use runs out of nothing.
        (
            &["start basic monthly"],
            &[0; 28],
            "0 in 28, out no to no, 500 lapse on 2026-02-01",
        ),
        (&["start basic monthly"], &[50; 6], "not enough"),
    ];
    for (asked, days, expected) in table {
        assert_eq!(told(asked, days), *expected, "{asked:?} {days:?}");
    }
}

#[test]
fn too_little_to_tell_from_says_how_little() {
    let table = [(7, 5, true), (7, 4, false), (6, 100, false), (0, 0, false)];
    for (days, charges, enough) in table {
        let used = used(&vec![5; days], charges);
        let told = forecast(&["start basic monthly"], &used);
        let few = Forecast::NotEnoughData {
            days: u32::try_from(days).unwrap(),
            charges,
        };
        assert_eq!(told != few, enough, "{days} days, {charges} charges");
        assert_eq!(matches!(told, Forecast::Expected(_)), enough);
    }
}

fn expected(days: &[i64]) -> Expected {
    match forecast(&["start basic monthly", "cancel"], &used(days, 10)) {
        Forecast::Expected(expected) => expected,
        Forecast::NotEnoughData { .. } => panic!("{days:?} are enough"),
    }
}

proptest! {
    #[test]
    fn the_range_holds_what_the_mean_of_even_days_says(days in prop::collection::vec(0_i64..200, 7..29)) {
        let told = expected(&days);
        let (earliest, latest) = (told.earliest.unwrap(), told.latest.unwrap());
        prop_assert!(earliest <= latest);
        prop_assert!(earliest > at("2026-01-01") && latest <= at("2026-02-01"));
        // Who uses more is out earlier.
        let more: Vec<i64> = days.iter().map(|day| day + 1).collect();
        let sooner = expected(&more);
        prop_assert!(sooner.earliest.unwrap() <= earliest && sooner.latest.unwrap() <= latest);
        prop_assert!(sooner.lapsing.unwrap().amount <= told.lapsing.unwrap().amount);
        prop_assert_eq!(expected(&days), told);
    }
}

#[test]
fn days_without_a_charge_count_and_today_does_not() {
    let day = |text| Day::parse(text).unwrap();
    let sums = |charges, credits| UsageSums {
        charges,
        credits,
        ..UsageSums::default()
    };
    let days = [
        (day("2026-01-01"), sums(1, 1)),
        (day("2026-01-02"), sums(1, 2)),
        (day("2026-01-04"), sums(2, 7)),
        (day("2026-01-05"), sums(1, 5)),
    ];
    let used = DailyUse::of_sums(day("2026-01-02"), day("2026-01-05"), days);
    assert_eq!(used.days, [credits(2), credits(0), credits(7)]);
    assert_eq!((used.until, used.charges), (day("2026-01-04"), 3));
    let none = DailyUse::of_sums(day("2026-01-05"), day("2026-01-05"), days);
    assert_eq!((none.days.len(), none.charges), (0, 0));
}
