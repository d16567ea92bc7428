//! Charges of an account by what they were for, however rare such charges are.
//!
//! There is no index by project, model or action: each charge would have to write it. Instead the sums
//! of [`usage`](crate::domain::usage) tell on which days there are such charges, which is where the
//! ledger is looked at, a bounded part of it for a page. Owns that bound. It never reads more to
//! fill a page: it tells how far it looked.

use chrono::TimeDelta;

use super::Ledger;
use crate::{
    domain::{
        day::Day,
        event::OperationKind,
        ids::{AccountId, ActionId, ModelId, ProjectId, Sequence},
        outcome::Operation,
        time::Instant,
    },
    error::LedgerError,
    store::{OperationFilter, SequenceWindow, UsageDimension, UsageQuery},
};

/// The most operations that one page looks at: some ten milliseconds.
pub const EXAMINED_MAX: i64 = 10_000;
/// Beyond every ledger.
const POSITION_MAX: i64 = 1 << 53;
/// The least time between two instants.
const MICROSECOND: TimeDelta = TimeDelta::microseconds(1);

/// Which charges of an account are wanted; none of these: all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChargeFilter {
    /// Of this project.
    pub project: Option<ProjectId>,
    /// On this model.
    pub model: Option<ModelId>,
    /// For this action.
    pub action: Option<ActionId>,
    /// That count at this instant or after it.
    pub from: Option<Instant>,
    /// That count before this instant.
    pub to: Option<Instant>,
}

/// A part of an account's charges.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Charges {
    /// The charges, in the window's order.
    pub operations: Vec<Operation>,
    /// The last position that was looked at, where there may be more of them beyond it, though fewer
    /// were found than wanted.
    pub looked_until: Option<Sequence>,
}

impl ChargeFilter {
    fn is_rare(&self) -> bool {
        self.project.is_some() || self.model.is_some() || self.action.is_some()
    }
}

impl Ledger {
    /// Charges of an account, in the window's order.
    pub async fn charges(
        &self,
        account: &AccountId,
        filter: &ChargeFilter,
        window: &SequenceWindow,
    ) -> Result<Charges, LedgerError> {
        self.charges_within(account, filter, window, EXAMINED_MAX)
            .await
    }

    /// As [`Ledger::charges`], looking at so many operations at most where few may be wanted.
    pub(super) async fn charges_within(
        &self,
        account: &AccountId,
        filter: &ChargeFilter,
        window: &SequenceWindow,
        examined_max: i64,
    ) -> Result<Charges, LedgerError> {
        // What a client sends as a cursor may be any number.
        let bound = |position: Sequence| Sequence(position.0.clamp(0, POSITION_MAX));
        let mut window = SequenceWindow {
            above: window.above.map(bound),
            below: window.below.map(bound),
            ..*window
        };
        if let Some(from) = filter.from {
            self.begin_at(account, from, &mut window).await?;
        }
        if let Some(to) = filter.to {
            self.end_before(account, to, &mut window).await?;
        }
        if filter.is_rare() && !self.narrow(account, filter, &mut window).await? {
            return Ok(Charges::default());
        }
        let cut = filter.is_rare() && self.shorten(account, &mut window, examined_max).await?;
        let wanted = OperationFilter {
            kinds: vec![OperationKind::Charge],
            project: filter.project.clone(),
            model: filter.model.clone(),
            action: filter.action.clone(),
            ..OperationFilter::default()
        };
        let operations = self.operations(account, &wanted, &window).await?;
        let full = operations.len() as u64 >= window.limit;
        let edge = if window.newest_first {
            window.above.map(Sequence::next)
        } else {
            window.below.map(|below| Sequence(below.0 - 1))
        };
        Ok(Charges {
            looked_until: edge.filter(|_| cut && !full),
            operations,
        })
    }

    /// The positions after which and before which operations count from `from` to `to`, both included:
    /// in a ledger their order is that of their instants.
    pub async fn positions(
        &self,
        account: &AccountId,
        from: Instant,
        to: Instant,
    ) -> Result<(Sequence, Sequence), LedgerError> {
        let above = self.last_before(account, from).await?;
        let below = self.position_at(account, to).await?.next();
        Ok((above, below))
    }

    /// Restricts the window to what counts at `from` or after it.
    async fn begin_at(
        &self,
        account: &AccountId,
        from: Instant,
        window: &mut SequenceWindow,
    ) -> Result<(), LedgerError> {
        let before = self.last_before(account, from).await?;
        window.above = window.above.max(Some(before));
        Ok(())
    }

    /// Restricts the window to what counts before `to`.
    async fn end_before(
        &self,
        account: &AccountId,
        to: Instant,
        window: &mut SequenceWindow,
    ) -> Result<(), LedgerError> {
        let after = self.last_before(account, to).await?.next();
        window.below = Some(window.below.map_or(after, |below| below.min(after)));
        Ok(())
    }

    /// Restricts the window to days on which there are such charges; whether there are any.
    async fn narrow(
        &self,
        account: &AccountId,
        filter: &ChargeFilter,
        window: &mut SequenceWindow,
    ) -> Result<bool, LedgerError> {
        let from = match window.above {
            Some(above) => self.day_at(account, above.next()).await?,
            None => None,
        };
        let to = match window.below {
            Some(below) => self.day_at(account, Sequence(below.0 - 1)).await?,
            None => None,
        };
        let query = UsageQuery {
            project: filter.project.clone(),
            model: filter.model.clone(),
            action: filter.action.clone(),
            ..UsageQuery::of_days(
                from.unwrap_or(Day::MIN),
                to.unwrap_or(Day::MAX),
                &[UsageDimension::Day],
            )
        };
        let found = self.node.store.usage(account, &query).await;
        let days = found.map_err(|error| self.report(&error))?.rows;
        let first = days.first().and_then(|row| row.day);
        let last = days.last().and_then(|row| row.day);
        let Some((first, last)) = first.zip(last) else {
            return Ok(false);
        };
        self.begin_at(account, first.start(), window).await?;
        let after = last.next().map(Day::start);
        if let Some(after) = after {
            self.end_before(account, after, window).await?;
        }
        Ok(true)
    }

    /// Restricts the window to what a page looks at; whether that is not all of it.
    async fn shorten(
        &self,
        account: &AccountId,
        window: &mut SequenceWindow,
        examined_max: i64,
    ) -> Result<bool, LedgerError> {
        let above = window.above.unwrap_or(Sequence::START).0;
        let below = match window.below {
            Some(below) => below.0,
            None => self.position_at(account, Instant::MAX).await?.next().0,
        };
        if below - above - 1 <= examined_max {
            return Ok(false);
        }
        if window.newest_first {
            window.above = Some(Sequence(below - 1 - examined_max));
        } else {
            window.below = Some(Sequence(above + 1 + examined_max));
        }
        Ok(true)
    }

    /// The position of the last operation that counts before `at`; 0 if there is none.
    async fn last_before(&self, account: &AccountId, at: Instant) -> Result<Sequence, LedgerError> {
        if at == Instant::default() {
            return Ok(Sequence::START);
        }
        self.position_at(account, at.saturating_sub(MICROSECOND))
            .await
    }

    /// The day of the operation at a position; none if there is no such operation.
    async fn day_at(
        &self,
        account: &AccountId,
        sequence: Sequence,
    ) -> Result<Option<Day>, LedgerError> {
        let window = SequenceWindow {
            above: Some(Sequence(sequence.0 - 1)),
            below: Some(sequence.next()),
            newest_first: false,
            limit: 1,
        };
        let all = OperationFilter::default();
        let found = self.operations(account, &all, &window).await?;
        Ok(found.first().map(|operation| Day::of(operation.event.at)))
    }
}
