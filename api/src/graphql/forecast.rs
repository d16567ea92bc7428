//! The forecast: how long what there is lasts.

use async_graphql::{Enum, SimpleObject, Union};
use credits_core::domain::forecast as domain;

use super::scalar::{Credits, Date, DateTime, int};

/// How long what there is lasts, or that it can't be told.
#[derive(Union)]
pub enum Forecast {
    /// By the pace of late.
    Usage(UsageForecast),
    /// Too little to tell from.
    NotEnoughData(NotEnoughData),
}

/// What is to be expected if credits go on being used as on the days looked at: the last 28 whole days
/// in UTC, today not among them, or as many as there are since the account was opened. An expectation,
/// never a promise.
#[derive(SimpleObject)]
pub struct UsageForecast {
    /// How fast credits are used.
    pub pace: UsagePace,
    /// When nothing will be left.
    pub run_out: RunOut,
    /// What will lapse unused at the end of the period, at the mean pace; null without a plan.
    pub lapsing: Option<LikelyToLapse>,
}

/// How fast credits were used.
#[derive(SimpleObject)]
pub struct UsagePace {
    /// The first day looked at, in UTC.
    pub from: Date,
    /// The last day looked at, in UTC, included.
    pub to: Date,
    /// How many days these are, 7 to 28.
    pub days: i32,
    /// How many charges they have, at least 5.
    pub charges: i32,
    /// What these used, in credits.
    pub credits: Credits,
    /// The mean: credits a day. A fraction, for display; `credits` and `days` are exact.
    pub credits_per_day: f64,
}

/// When nothing will be left, as a range. All sums of seven days in a row are looked at: `earliest` is
/// by their upper quartile, `latest` by the lower one. Lots are used in burn order, and what ends by
/// itself ends.
#[derive(SimpleObject)]
pub struct RunOut {
    /// The earliest instant to be expected; null if not before the next allowance.
    pub earliest: Option<DateTime>,
    /// The latest instant to be expected; null if not before the next allowance, or never.
    pub latest: Option<DateTime>,
    /// When the next allowance comes, which both are before; null if none does.
    pub renews_at: Option<DateTime>,
}

/// Credits that will lapse unused at the end of the period, if they are used at the mean pace.
#[derive(SimpleObject)]
pub struct LikelyToLapse {
    /// When the period ends.
    pub at: DateTime,
    /// How many will lapse, without what rolls over; 0 if all will be used.
    pub credits: Credits,
    /// How many will roll over; 0 unless the plan states it.
    pub rolls_over: Credits,
}

/// Why there is no forecast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum NoForecastCode {
    /// There are fewer days or charges than a pace can be told from.
    NotEnoughData,
}

/// There is too little to tell a pace from.
#[derive(SimpleObject)]
pub struct NotEnoughData {
    /// Why there is no forecast.
    pub code: NoForecastCode,
    /// The same for people.
    pub message: String,
    /// How many whole days there are to look at.
    pub days: i32,
    /// How many are needed.
    pub days_needed: i32,
    /// How many charges these days have.
    pub charges: i32,
    /// How many are needed.
    pub charges_needed: i32,
}

impl From<domain::Forecast> for Forecast {
    fn from(forecast: domain::Forecast) -> Forecast {
        match forecast {
            domain::Forecast::Expected(expected) => Forecast::Usage(expected.into()),
            domain::Forecast::NotEnoughData { days, charges } => {
                Forecast::NotEnoughData(NotEnoughData::new(days, charges))
            }
        }
    }
}

impl From<domain::Expected> for UsageForecast {
    fn from(expected: domain::Expected) -> UsageForecast {
        // Credits are below 2^53, which a float carries.
        let credits_per_day = expected.credits.get() as f64 / f64::from(expected.days);
        UsageForecast {
            pace: UsagePace {
                from: expected.from.into(),
                to: expected.until.into(),
                days: int(expected.days),
                charges: int(expected.charges),
                credits: expected.credits.into(),
                credits_per_day,
            },
            run_out: RunOut {
                earliest: expected.earliest.map(DateTime::from),
                latest: expected.latest.map(DateTime::from),
                renews_at: expected.renews_at.map(DateTime::from),
            },
            lapsing: expected.lapsing.map(|lapsing| LikelyToLapse {
                at: lapsing.at.into(),
                credits: lapsing.amount.into(),
                rolls_over: lapsing.rolls_over.into(),
            }),
        }
    }
}

impl NotEnoughData {
    fn new(days: u32, charges: u64) -> NotEnoughData {
        let (days_needed, charges_needed) = (domain::DAYS_MIN, domain::CHARGES_MIN);
        NotEnoughData {
            code: NoForecastCode::NotEnoughData,
            message: format!(
                "A pace is told from {days_needed} whole days with {charges_needed} charges; there \
                 are {days} with {charges}."
            ),
            days: int(days),
            days_needed: int(days_needed),
            charges: int(charges),
            charges_needed: int(charges_needed),
        }
    }
}
