//! Insights and forecasts: what the ledger says of a period, read in bounded chunks.
//!
//! Owns which charges are looked at. What they say is the domain's.

use super::Ledger;
use crate::{
    actor::view::AccountView,
    domain::{
        credits::Credits,
        day::Day,
        event::Fact,
        forecast::{DAYS_MAX, DailyUse, Forecast},
        insights::{CHARGES_EXAMINED_MAX, Insights},
        outcome::Operation,
        time::Instant,
    },
    error::LedgerError,
};

/// The longest period looked at, in days: a year, and a month to compare it with.
pub const INSIGHT_DAYS_MAX: i32 = 400;
/// The most charges of which days are summed, the latest: 350 a day for a month.
const CHARGES_SUMMED_MAX: usize = 10_000;

/// A period's insights, with the charges that they count by their places.
#[derive(Clone, Debug)]
pub struct PeriodInsights {
    /// What was found.
    pub insights: Insights,
    /// The charges that were looked at, oldest first.
    pub charges: Vec<Operation>,
    /// Whether all charges of the period were looked at, not only the latest.
    pub complete: bool,
}

/// Why there are no insights.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InsightsError {
    /// The period ends before it begins.
    #[error("a period that begins on {from} can't end on {to}")]
    Backwards {
        /// Its first day.
        from: Day,
        /// Its last day.
        to: Day,
    },
    /// So many days are not looked at together.
    #[error("a period has {INSIGHT_DAYS_MAX} days at most, and this one has {days}")]
    TooLong {
        /// How many it has.
        days: i32,
    },
    /// The ledger can't be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Ledger {
    /// What an account's charges of the days `from` to `to`, both included, say about what to be careful
    /// with, at the prices in force now. Of more than [`CHARGES_EXAMINED_MAX`] the latest are looked at.
    pub async fn insights(
        &self,
        view: &AccountView,
        from: Day,
        to: Day,
    ) -> Result<PeriodInsights, InsightsError> {
        match from.days_to(to) {
            ..=0 => return Err(InsightsError::Backwards { from, to }),
            days if days > INSIGHT_DAYS_MAX => return Err(InsightsError::TooLong { days }),
            _ => {}
        }
        let max = CHARGES_EXAMINED_MAX;
        let (charges, more) = self.charges_in(view, from.start(), to.end(), max).await?;
        let now = view.balance.as_of;
        Ok(PeriodInsights {
            insights: Insights::of(&self.catalogs(), &charges, now),
            charges,
            complete: !more,
        })
    }

    /// What is to be expected of an account, from what it used on the last whole days: as many as there
    /// are since it was opened, and of more than [`CHARGES_SUMMED_MAX`] charges those days of which all
    /// are known.
    pub async fn forecast(&self, view: &AccountView) -> Result<Forecast, LedgerError> {
        let now = view.balance.as_of;
        let today = Day::of(now);
        let furthest = today.number() - i32::try_from(DAYS_MAX).unwrap_or(i32::MAX);
        let opened = Day::of(view.account.opened_at).next().unwrap_or(today);
        let mut first = Day::new(furthest).unwrap_or(Day::MIN).max(opened);
        let before_today = today
            .start()
            .saturating_sub(chrono::TimeDelta::microseconds(1));
        let (charges, more) = self
            .charges_in(view, first.start(), before_today, CHARGES_SUMMED_MAX)
            .await?;
        if let (true, Some(oldest)) = (more, charges.first()) {
            first = Day::of(oldest.event.at).next().unwrap_or(today);
        }
        let used = DailyUse::sum(first, today, charges.iter().filter_map(cost));
        let catalogs = self.catalogs();
        Ok(Forecast::of(&view.account, &catalogs, &used, now))
    }

    async fn charges_in(
        &self,
        view: &AccountView,
        from: Instant,
        until: Instant,
        max: usize,
    ) -> Result<(Vec<Operation>, bool), LedgerError> {
        let account = &view.account.id;
        let before = from.micros().checked_sub(1);
        let before = before.and_then(|before| Instant::from_micros(before).ok());
        let above = match before {
            Some(before) => self.position_at(account, before).await?,
            None => crate::domain::ids::Sequence::START,
        };
        let last = self.position_at(account, until).await?;
        self.charges_between(account, above, last, max).await
    }
}

fn cost(operation: &Operation) -> Option<(Instant, Credits)> {
    let Fact::Charge(charged) = &operation.event.fact else {
        return None;
    };
    Some((operation.event.at, charged.cost))
}
