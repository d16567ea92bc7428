//! Reading the product's own rules; what a file leaves out keeps its default.

use super::{Entry, Reported};
use crate::domain::{
    catalog::{
        finding::CatalogRule,
        policy::{AdviceThresholds, HOLD_TTL_HOURS_MAX, PacksWithoutPlan, PolicySettings},
    },
    credits::CREDITS_MAX,
};

/// The longest that a payment may be past due, in days: after a year it is no delay.
const PAST_DUE_DAYS_MAX: u32 = 365;
/// The longest that a quote may bind, in minutes: a day; a price list is not a promise for weeks.
const QUOTE_TTL_MINUTES_MAX: u32 = 24 * 60;
/// The longest window for repeated prompts, in minutes: a day.
const REPEAT_WINDOW_MINUTES_MAX: u32 = 24 * 60;
/// The longest time ahead that a notice tells of, in days: a period has 28 or more.
const NOTICE_DAYS_MAX: u32 = 28;
/// The most steps at which credits are low: each is a notice, and more would be noise.
const LOW_THRESHOLDS_MAX: usize = 5;
/// The largest count that a threshold may ask for: beyond it the advice would never be given.
const THRESHOLD_MAX: u32 = 1_000;

const PACKS_WITHOUT_PLAN: [(&str, PacksWithoutPlan); 2] = [
    ("frozen", PacksWithoutPlan::Frozen),
    ("usable", PacksWithoutPlan::Usable),
];

pub(super) fn policy(root: &Entry<'_>) -> Result<PolicySettings, Reported> {
    let default = PolicySettings::default();
    let Some(entry) = root.optional("policy", Entry::table)? else {
        return Ok(default);
    };
    entry.only(&[
        "packs_without_plan",
        "past_due_days_max",
        "quote_ttl_minutes",
        "hold_ttl_minutes",
        "request_credits_max",
        "day_credits_max",
        "repeat_guard",
        "one_first",
    ]);
    let number = |key, max| entry.optional(key, |entry, key| entry.number(key, 1..=max));
    let packs_without_plan = entry.optional("packs_without_plan", |entry, key| {
        entry.word(key, &PACKS_WITHOUT_PLAN)
    });
    let past_due_days_max = number("past_due_days_max", PAST_DUE_DAYS_MAX);
    let quote_ttl_minutes = number("quote_ttl_minutes", QUOTE_TTL_MINUTES_MAX);
    let hold_ttl_minutes = number("hold_ttl_minutes", HOLD_TTL_HOURS_MAX * 60);
    let ceiling = |key| entry.optional(key, |entry, key| entry.credits(key, 1..=CREDITS_MAX));
    let request_credits_max = ceiling("request_credits_max");
    let day_credits_max = ceiling("day_credits_max");
    let repeat_guard = entry.optional("repeat_guard", Entry::switch);
    let one_first = entry.optional("one_first", Entry::switch);
    Ok(PolicySettings {
        packs_without_plan: packs_without_plan?.unwrap_or(default.packs_without_plan),
        past_due_days_max: past_due_days_max?.unwrap_or(default.past_due_days_max),
        quote_ttl_minutes: quote_ttl_minutes?.unwrap_or(default.quote_ttl_minutes),
        hold_ttl_minutes: hold_ttl_minutes?.unwrap_or(default.hold_ttl_minutes),
        request_credits_max: request_credits_max?,
        day_credits_max: day_credits_max?,
        repeat_guard: repeat_guard?.unwrap_or(default.repeat_guard),
        one_first: one_first?.unwrap_or(default.one_first),
    })
}

pub(super) fn advice(root: &Entry<'_>) -> Result<AdviceThresholds, Reported> {
    let default = AdviceThresholds::default();
    let Some(entry) = root.optional("advice", Entry::table)? else {
        return Ok(default);
    };
    entry.only(&[
        "repeat_window_minutes",
        "repeat_count",
        "large_share_percent",
        "expiring_soon_days",
        "many_variations",
        "low_credits_percent",
        "renews_soon_days",
        "lapses_soon_days",
        "pack_expiring_days",
    ]);
    let number = |key, min, max| entry.optional(key, |entry, key| entry.number(key, min..=max));
    let repeat_window_minutes = number("repeat_window_minutes", 1, REPEAT_WINDOW_MINUTES_MAX);
    let repeat_count = number("repeat_count", 2, THRESHOLD_MAX);
    let large_share_percent = number("large_share_percent", 1, 100);
    let expiring_soon_days = number("expiring_soon_days", 1, PAST_DUE_DAYS_MAX);
    let many_variations = number("many_variations", 2, THRESHOLD_MAX);
    let low_credits_percent = entry.optional("low_credits_percent", falling_percents);
    // Told of a month's end within the month before it.
    let days = |key| number(key, 1, NOTICE_DAYS_MAX);
    let renews_soon_days = days("renews_soon_days");
    let lapses_soon_days = days("lapses_soon_days");
    let pack_expiring_days = days("pack_expiring_days");
    Ok(AdviceThresholds {
        repeat_window_minutes: repeat_window_minutes?.unwrap_or(default.repeat_window_minutes),
        repeat_count: repeat_count?.unwrap_or(default.repeat_count),
        large_share_percent: large_share_percent?.unwrap_or(default.large_share_percent),
        expiring_soon_days: expiring_soon_days?.unwrap_or(default.expiring_soon_days),
        many_variations: many_variations?.unwrap_or(default.many_variations),
        low_credits_percent: low_credits_percent?.unwrap_or(default.low_credits_percent),
        renews_soon_days: renews_soon_days?.unwrap_or(default.renews_soon_days),
        lapses_soon_days: lapses_soon_days?.unwrap_or(default.lapses_soon_days),
        pack_expiring_days: pack_expiring_days?.unwrap_or(default.pack_expiring_days),
    })
}

/// Percentages from 1 to 99, each below the one before it; none at all gives no such notice.
fn falling_percents(entry: &Entry<'_>, key: &str) -> Result<Vec<u32>, Reported> {
    let percents = entry.integers(key, 1..=99)?;
    if percents.len() > LOW_THRESHOLDS_MAX {
        let message = format!("must have at most {LOW_THRESHOLDS_MAX} percentages");
        return Err(entry.wrong(key, CatalogRule::TooMany, message));
    }
    if !percents.is_sorted_by(|one, next| one > next) {
        let message = "must fall: each percentage is below the one before it";
        return Err(entry.wrong(key, CatalogRule::OutOfRange, message));
    }
    let whole = |percent: &i64| u32::try_from(*percent).expect("a percentage is below 100");
    Ok(percents.iter().map(whole).collect())
}
