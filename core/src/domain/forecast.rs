//! The forecast: how long what there is lasts, if it is used as it was of late.
//!
//! Owns the rules by which that is told, and how little is too little to tell it from. It is made of
//! sums of days and of the account's lots, and never asks what time it is.
//!
//! The pace is the mean of the days. Since no two weeks are alike, the range comes from all runs of
//! seven days in a row: the upper quartile of their sums gives the earliest end, the lower quartile the
//! latest. Lots are used in burn order, and what ends by itself ends.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::{
    account::{Account, HandsOn},
    catalog::Catalogs,
    credits::Credits,
    day::{DAY_MICROS, Day},
    lot::{Lot, Origin},
    time::Instant,
    usage::UsageSums,
};

/// The most days looked at, today not among them: four weeks.
pub const DAYS_MAX: u32 = 28;
/// The fewest days to tell a pace from: a week has working days and others.
pub const DAYS_MIN: u32 = 7;
/// The fewest charges to tell a pace from: fewer are single events.
pub const CHARGES_MIN: u64 = 5;
/// The days of which the range is made.
const WEEK: usize = 7;
/// No further is told: what lasts longer than ten years does not run out by any pace of a month.
const AHEAD: TimeDelta = TimeDelta::days(3_653);

/// What was used on the last whole days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DailyUse {
    /// The last day.
    pub until: Day,
    /// What was used on each day, oldest first; days without a charge are 0.
    pub days: Vec<Credits>,
    /// How many charges that were.
    pub charges: u64,
}

impl DailyUse {
    /// What was used from the day `first` until the day before `today`, by the `sums` of days; a day
    /// without charges has none.
    pub fn of_sums(
        first: Day,
        today: Day,
        sums: impl IntoIterator<Item = (Day, UsageSums)>,
    ) -> DailyUse {
        let count = usize::try_from(first.days_to(today) - 1).unwrap_or(0);
        let mut used = DailyUse {
            until: Day::new(today.number() - 1).unwrap_or(Day::MIN),
            days: vec![Credits::ZERO; count],
            charges: 0,
        };
        for (day, sums) in sums {
            let place = usize::try_from(first.days_to(day) - 1);
            let day = place.ok().and_then(|place| used.days.get_mut(place));
            if let Some(day) = day {
                *day = Credits::new(sums.credits).unwrap_or(Credits::MAX);
                used.charges += u64::try_from(sums.charges).unwrap_or(0);
            }
        }
        used
    }

    /// The first day; meaningless of no days.
    fn first(&self) -> Day {
        let before = i32::try_from(self.days.len()).unwrap_or(0) - 1;
        Day::new(self.until.number() - before).unwrap_or(Day::MIN)
    }
}

/// What is to be expected, or that nothing can be told.
#[derive(Clone, Debug, PartialEq)]
pub enum Forecast {
    /// By the pace of late.
    Expected(Expected),
    /// There is too little to tell a pace from.
    NotEnoughData {
        /// How many whole days there are to look at.
        days: u32,
        /// How many charges those have.
        charges: u64,
    },
}

/// What is to be expected by the pace of late.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected {
    /// The first day looked at.
    pub from: Day,
    /// The last day looked at.
    pub until: Day,
    /// How many days these are.
    pub days: u32,
    /// How many charges they have.
    pub charges: u64,
    /// What those used.
    pub credits: Credits,
    /// When nothing is left at the earliest: if each week is like the upper quartile of those looked at.
    /// None if not before the next allowance.
    pub earliest: Option<Instant>,
    /// When nothing is left at the latest: if each week is like the lower quartile. None if not before
    /// the next allowance, or never.
    pub latest: Option<Instant>,
    /// When the next allowance comes; none if none does.
    pub renews_at: Option<Instant>,
    /// What lapses at the end of the period if it is used at the mean pace, without what rolls over.
    pub lapsing: Option<Lapsing>,
}

/// Credits likely to lapse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lapsing {
    /// When the period ends.
    pub at: Instant,
    /// How many would lapse; 0 if all are used.
    pub amount: Credits,
    /// How many would roll over, as the plan states.
    pub rolls_over: Credits,
}

/// Credits over a time.
#[derive(Clone, Copy, Debug)]
struct Pace {
    credits: i64,
    micros: i64,
}

impl Pace {
    fn over(credits: i64, days: usize) -> Pace {
        let days = i64::try_from(days).expect("a forecast looks at a month at most");
        Pace {
            credits,
            micros: days * DAY_MICROS,
        }
    }

    /// The whole credits used in `micros`, rounded down.
    fn used_floor(self, micros: i64) -> i64 {
        let used = i128::from(self.credits) * i128::from(micros.max(0)) / i128::from(self.micros);
        i64::try_from(used).unwrap_or(i64::MAX)
    }

    /// The time in which `credits` are used, rounded down to microseconds; none if never.
    fn time_floor(self, credits: i64) -> Option<i64> {
        if self.credits == 0 {
            return None;
        }
        let time = i128::from(credits) * i128::from(self.micros) / i128::from(self.credits);
        Some(i64::try_from(time).unwrap_or(i64::MAX))
    }
}

impl Forecast {
    /// What is to be expected of `account` at `now`, if it goes on as on the days in `used`.
    pub fn of(account: &Account, catalogs: &Catalogs, used: &DailyUse, now: Instant) -> Forecast {
        let days = u32::try_from(used.days.len()).unwrap_or(u32::MAX);
        if days < DAYS_MIN || used.charges < CHARGES_MIN {
            return Forecast::NotEnoughData {
                days,
                charges: used.charges,
            };
        }
        let credits = used.days.iter().fold(Credits::ZERO, |sum, day| {
            sum.checked_add(*day).unwrap_or(Credits::MAX)
        });
        let (lower, upper) = weekly_quartiles(&used.days);
        let subscription = account.subscription.as_ref();
        let renewal = subscription
            .filter(|subscription| subscription.renews())
            .map(|subscription| subscription.period_end());
        let ends = |weekly: i64| {
            let at = empty_at(account, Pace::over(weekly, WEEK), now)?;
            (at < renewal.unwrap_or(Instant::MAX)).then_some(at)
        };
        let mean = Pace::over(credits.get(), used.days.len());
        Forecast::Expected(Expected {
            from: used.first(),
            until: used.until,
            days,
            charges: used.charges,
            credits,
            earliest: ends(upper),
            latest: ends(lower),
            renews_at: renewal,
            lapsing: subscription.map(|subscription| {
                lapsing(account, catalogs, mean, now, subscription.period_end())
            }),
        })
    }
}

/// The lower and the upper quartile of the sums of all seven days in a row, by nearest rank.
fn weekly_quartiles(days: &[Credits]) -> (i64, i64) {
    let mut sums: Vec<i64> = days
        .windows(WEEK)
        .map(|week| week.iter().map(|day| day.get()).sum())
        .collect();
    sums.sort_unstable();
    let last = sums.len().saturating_sub(1);
    let rank = |quarters: usize| sums.get((last * quarters).div_ceil(4)).copied();
    // The lower one is rounded down, so that the range is never narrower than the quartiles.
    let lower = sums.get(last / 4).copied();
    (lower.unwrap_or(0), rank(3).unwrap_or(0))
}

/// When nothing is left of what there is now; none if some of it never ends and is not used up within
/// ten years.
fn empty_at(account: &Account, pace: Pace, now: Instant) -> Option<Instant> {
    let limit = now.saturating_add(AHEAD);
    let mut at = now;
    for lot in account.live_lots() {
        let lasts = pace.time_floor(lot.remaining.get());
        let used_up = lasts.map(|micros| at.saturating_add(TimeDelta::microseconds(micros)));
        at = match (used_up, lot.terms.expires_at) {
            (Some(used_up), Some(ends)) => used_up.min(ends.max(at)),
            (Some(used_up), None) => used_up,
            (None, Some(ends)) => ends.max(at),
            (None, None) => return None,
        };
    }
    (at < limit).then_some(at)
}

/// What is left at `end` of lots that end by then, and what of it rolls over.
fn lapsing(
    account: &Account,
    catalogs: &Catalogs,
    pace: Pace,
    now: Instant,
    end: Instant,
) -> Lapsing {
    let mut used = pace.used_floor(end.since(now).num_microseconds().unwrap_or(0));
    let mut lapses = 0;
    let mut allowance: BTreeMap<HandsOn<'_>, i64> = BTreeMap::new();
    let by_then = |lot: &&Lot| lot.terms.expires_at.is_some_and(|ends| ends <= end);
    for lot in account.live_lots().filter(by_then) {
        let taken = used.min(lot.remaining.get());
        used -= taken;
        let left = lot.remaining.get() - taken;
        match &lot.terms.origin {
            Origin::Rollover { .. } => lapses += left,
            // A pack that ends is no matter of the renewal.
            origin => {
                if let Some(period) = account.hands_on(origin) {
                    *allowance.entry(period).or_default() += left;
                }
            }
        }
    }
    let kept = allowance.iter().map(|(period, unused)| {
        let max = catalogs.rollover_max(period.plan, end);
        max.get().min(*unused)
    });
    let rolls_over: i64 = kept.sum();
    let allowance: i64 = allowance.values().sum();
    let whole = |amount: i64| Credits::new(amount).expect("it is part of what is there");
    Lapsing {
        at: end,
        amount: whole(lapses + allowance - rolls_over),
        rolls_over: whole(rolls_over),
    }
}
