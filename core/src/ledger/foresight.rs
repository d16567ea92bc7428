//! Insights and forecasts: what the ledger says of a period, read in bounded chunks.
//!
//! Owns which charges are looked at: of insights the charges themselves, of a forecast the sums of days.
//! What they say is the domain's.

use super::{
    Ledger,
    usage::{PeriodError, check_period},
};
use crate::{
    actor::view::AccountView,
    domain::{
        day::Day,
        forecast::{DAYS_MAX, DailyUse, Forecast},
        insights::{CHARGES_EXAMINED_MAX, Insights},
        outcome::Operation,
        time::Instant,
    },
    error::LedgerError,
    store::{UsageDimension, UsageQuery},
};

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
    /// It is no period that is looked at together.
    #[error(transparent)]
    Period(#[from] PeriodError),
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
        check_period(from, to)?;
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
    /// are since it was opened.
    pub async fn forecast(&self, view: &AccountView) -> Result<Forecast, LedgerError> {
        let now = view.balance.as_of;
        let today = Day::of(now);
        let furthest = today.number() - i32::try_from(DAYS_MAX).unwrap_or(i32::MAX);
        let opened = Day::of(view.account.opened_at).next().unwrap_or(today);
        let first = Day::new(furthest).unwrap_or(Day::MIN).max(opened);
        let query = UsageQuery::of_days(first, today, &[UsageDimension::Day]);
        let sums = self.node.store.usage(&view.account.id, &query).await;
        let sums = sums.map_err(|error| self.report(&error))?.rows.into_iter();
        let of_days = sums.filter_map(|row| Some((row.day?, row.sums)));
        let used = DailyUse::of_sums(first, today, of_days);
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
        let (above, below) = self.positions(account, from, until).await?;
        self.charges_between(account, above, below, max).await
    }
}
