//! Usage: what an account was charged, summed.

use async_graphql::{Context, Enum, ID, SimpleObject};
use credits_core::{
    domain::{ids::AccountId, usage::UsageSums},
    ledger::{self, PeriodError, UsageError},
    store::{self, UsageDimension as Dimension},
};

use super::{
    access,
    fault::bad_input,
    page::list_cost,
    scalar::{Credits, Date, Sequence, int},
};
use crate::error::Fault;

/// The most things that charges are told apart by: a table, or a chart with a line for each of one.
const DIMENSIONS_MAX: usize = 2;
/// The rows that a report is counted as: a month by a few models. The sums are read in one statement,
/// and rows are small.
const ROWS_COUNTED: usize = 100;

/// What a report costs.
pub fn cost(child: usize) -> usize {
    list_cost(ROWS_COUNTED, child)
}

/// What the charges of a report are told apart by.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum UsageDimension {
    /// The day in UTC at which they count.
    Day,
    /// The model.
    Model,
    /// The action.
    Action,
    /// The project; charges without one are a row whose `project` is null.
    Project,
}

impl From<UsageDimension> for Dimension {
    fn from(dimension: UsageDimension) -> Dimension {
        match dimension {
            UsageDimension::Day => Dimension::Day,
            UsageDimension::Model => Dimension::Model,
            UsageDimension::Action => Dimension::Action,
            UsageDimension::Project => Dimension::Project,
        }
    }
}

/// What an account was charged in some days, summed from its ledger.
#[derive(SimpleObject)]
pub struct UsageReport {
    /// The first day that is in it.
    from: Date,
    /// The last day that is in it.
    to: Date,
    /// One row for each combination of what was asked `by` that has charges, in the order of `by`: days
    /// from the first on, ids by the alphabet, charges without a project first. Days and ids without
    /// charges have no row. All rows, at most 5,000: a report of more is `BAD_USER_INPUT`.
    rows: Vec<UsageRow>,
    /// The sums of all rows.
    totals: UsageTotals,
    /// The position up to which the ledger is summed: every charge up to it is in the report, and none
    /// after it.
    sequence: Sequence,
}

/// The sums of the charges that are alike in what was asked `by`.
#[derive(SimpleObject)]
pub struct UsageRow {
    /// The day in UTC; null unless asked by `DAY`.
    day: Option<Date>,
    /// The model, by its catalog id; null unless asked by `MODEL`.
    model: Option<ID>,
    /// The action, by its catalog id; null unless asked by `ACTION`.
    action: Option<ID>,
    /// The project, by the client's own id; null unless asked by `PROJECT`, and for charges without
    /// a project.
    project: Option<ID>,
    /// How many charges there are, each a generation that was processed.
    charges: i32,
    /// What they consumed, in credits.
    credits: Credits,
    /// How many results they paid for: a charge with four variations counts four.
    variations: i32,
    /// How long these results are together, in seconds; 0 for images.
    seconds: i32,
}

/// The sums of all charges of a report.
#[derive(SimpleObject)]
pub struct UsageTotals {
    /// How many charges there are.
    charges: i32,
    /// What they consumed, in credits.
    credits: Credits,
    /// How many results they paid for.
    variations: i32,
    /// How long these results are together, in seconds; 0 for images.
    seconds: i32,
}

impl From<UsageSums> for UsageTotals {
    fn from(sums: UsageSums) -> UsageTotals {
        UsageTotals {
            charges: int(sums.charges),
            credits: Credits::saturating(sums.credits),
            variations: int(sums.variations),
            seconds: int(sums.seconds),
        }
    }
}

impl From<store::UsageRow> for UsageRow {
    fn from(row: store::UsageRow) -> UsageRow {
        let UsageTotals {
            charges,
            credits,
            variations,
            seconds,
        } = row.sums.into();
        UsageRow {
            day: row.day.map(Date),
            model: row.model.map(|id| id.as_str().into()),
            action: row.action.map(|id| id.as_str().into()),
            project: row.project.map(|id| id.as_str().into()),
            charges,
            credits,
            variations,
            seconds,
        }
    }
}

impl From<UsageError> for Fault {
    fn from(error: UsageError) -> Fault {
        match error {
            UsageError::Period(error) => error.into(),
            UsageError::TooManyRows => sentence(&error),
            UsageError::Ledger(error) => error.into(),
        }
    }
}

impl From<PeriodError> for Fault {
    fn from(error: PeriodError) -> Fault {
        sentence(&error)
    }
}

/// An error of the client's as a sentence.
fn sentence(error: &dyn std::error::Error) -> Fault {
    let mut message = error.to_string();
    message[..1].make_ascii_uppercase();
    bad_input(message + ".")
}

/// The usage of an account, which the caller may read.
pub async fn report(
    ctx: &Context<'_>,
    account: &AccountId,
    (from, to): (Date, Date),
    by: &[UsageDimension],
) -> Result<UsageReport, Fault> {
    if by.len() > DIMENSIONS_MAX {
        let told = format!("Ask `by` {DIMENSIONS_MAX} dimensions at most.");
        return Err(bad_input(told));
    }
    if by.len() == 2 && by[0] == by[1] {
        return Err(bad_input("Ask `by` each dimension once."));
    }
    let by: Vec<Dimension> = by.iter().copied().map(Into::into).collect();
    let ledger = access::ledger(ctx);
    let report: ledger::UsageReport = ledger.usage(account, from.0, to.0, &by).await?;
    Ok(UsageReport {
        from,
        to,
        rows: report.rows.into_iter().map(UsageRow::from).collect(),
        totals: report.totals.into(),
        sequence: report.sequence.into(),
    })
}
