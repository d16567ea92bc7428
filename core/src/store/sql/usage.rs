//! Usage, from the sums that are kept and the few operations after them, in one statement, so that
//! it sees one state of the database.
//!
//! What it reads of the sums are an account's rows of the days that are wanted, however many charges
//! they sum; of the ledger fewer operations than a group has. Owns that statement. It never writes.

use credits_entity::{operation, usage};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, IdenStatic, Order, QueryResult,
    sea_query::{Asterisk, Expr, ExprTrait, Func, Query, SelectStatement, SimpleExpr, UnionType},
};

use super::{
    convert::usage::{self as rows, NO_PROJECT},
    engine::Engine,
    read::key_of,
};
use crate::{
    domain::{
        day::DAY_MICROS,
        event::{Fact, OperationKind},
        ids::{AccountId, Sequence},
        usage::USAGE_GROUP,
    },
    store::{StoreError, Usage, UsageDimension, UsageQuery, UsageRow, usage::grouped},
};

/// The sums, in the order in which every part has them.
const SUMS: [usage::Column; 4] = [
    usage::Column::Charges,
    usage::Column::Credits,
    usage::Column::Variations,
    usage::Column::Seconds,
];
/// The column with the last position that is counted; 0 in all rows but one.
const COUNTED_TO: &str = "counted_to";
/// No account has so many rows, and every database takes the number.
const LIMIT_MAX: u64 = u32::MAX as u64;
/// The column with what a charge of the tail says of itself; NULL in sums.
const FACT: &str = "fact";

/// The usage of an account.
pub(super) async fn usage<C: ConnectionTrait>(
    connection: &C,
    account: &AccountId,
    query: &UsageQuery,
) -> Result<Usage, StoreError> {
    let mut sequence = Sequence::START;
    let mut rows = Vec::new();
    let statement = statement(Engine::of(connection), account, query);
    for row in connection.query_all(&statement).await? {
        sequence = sequence.max(Sequence(row.try_get_by(COUNTED_TO)?));
        rows.extend(read(account, query, &row)?);
    }
    Ok(Usage {
        rows: grouped(rows, query),
        sequence,
    })
}

/// A row; none if no charge is in it.
fn read(
    account: &AccountId,
    query: &UsageQuery,
    row: &QueryResult,
) -> Result<Option<UsageRow>, StoreError> {
    let sum = |column: usage::Column| row.try_get_by::<i64, _>(column.as_str());
    let [charges, credits, variations, seconds] = SUMS;
    if sum(charges)? == 0 {
        return Ok(None);
    }
    let mut read = UsageRow::default();
    read.sums.charges = sum(charges)?;
    read.sums.credits = sum(credits)?;
    (read.sums.variations, read.sums.seconds) = match row.try_get_by(FACT)? {
        Some(fact) => results(fact),
        None => (sum(variations)?, sum(seconds)?),
    };
    for dimension in &query.by {
        let name = column(*dimension).as_str();
        match dimension {
            UsageDimension::Day => read.day = Some(rows::day(account, row.try_get_by(name)?)?),
            UsageDimension::Model => {
                read.model = Some(rows::model(account, row.try_get_by(name)?)?);
            }
            UsageDimension::Action => {
                read.action = Some(rows::action(account, row.try_get_by(name)?)?);
            }
            UsageDimension::Project => {
                read.project = rows::project(account, row.try_get_by(name)?)?;
            }
        }
    }
    Ok(Some(read))
}

/// How many results a charge of the tail paid for, and how long they are together. A row that is damaged
/// counts as a charge of nothing: what is wrong with it is told by whoever reads the ledger.
fn results(fact: String) -> (i64, i64) {
    match serde_json::from_str(&fact) {
        Ok(Fact::Charge(charge)) => charge.spend.terms.results(),
        Ok(_) | Err(_) => (0, 0),
    }
}

fn column(dimension: UsageDimension) -> usage::Column {
    match dimension {
        UsageDimension::Day => usage::Column::Day,
        UsageDimension::Model => usage::Column::Model,
        UsageDimension::Action => usage::Column::Action,
        UsageDimension::Project => usage::Column::Project,
    }
}

/// The parts one after the other. What a row of the first and one of the second have in common is added
/// up by whoever reads them: to group both once more takes the database longer than all else.
fn statement(engine: Engine, account: &AccountId, query: &UsageQuery) -> SelectStatement {
    let mut first = Query::select();
    first.expr(Expr::col(Asterisk));
    first.from_subquery(kept(engine, account, query), "kept");
    first
        .union(UnionType::All, tail(account, query))
        .union(UnionType::All, end(account, query));
    first
}

/// Selects what is told apart.
fn by(
    select: &mut SelectStatement,
    query: &UsageQuery,
    value: impl Fn(usage::Column) -> SimpleExpr,
) {
    for dimension in &query.by {
        let column = column(*dimension);
        select.expr_as(value(column), column);
    }
}

/// The sums that are kept, grouped: where days lead, in the order of the table.
fn kept(engine: Engine, account: &AccountId, query: &UsageQuery) -> SelectStatement {
    use usage::Column;
    let mut kept = Query::select();
    kept.from(usage::Entity)
        .and_where(Expr::col(Column::AccountId).eq(key_of(account)))
        .and_where(Expr::col(Column::Day).between(query.from.number(), query.to.number()))
        .cond_where(wanted(
            query,
            Column::Project,
            Column::Model,
            Column::Action,
        ));
    by(&mut kept, query, Expr::col);
    for sum in SUMS {
        let added = engine.sum(Expr::col(sum));
        // Without groups there is always a row, of nothing if there is nothing.
        kept.expr_as(Func::coalesce([added, Expr::val(0)]), sum);
    }
    kept.expr_as(Expr::val(0), COUNTED_TO)
        .expr_as(Expr::val(None::<String>), FACT);
    for dimension in &query.by {
        let column = column(*dimension);
        kept.group_by_col(column).order_by(column, Order::Asc);
    }
    if let Some(limit) = query.limit {
        // The first rows of all are among the first of these and those of the tail.
        kept.limit(Ord::min(limit, LIMIT_MAX));
    }
    kept
}

/// The charges after the last whole group, one a row.
fn tail(account: &AccountId, query: &UsageQuery) -> SelectStatement {
    use operation::Column;
    let whole = last(account).div(USAGE_GROUP).mul(USAGE_GROUP);
    let mut tail = Query::select();
    tail.from(operation::Entity)
        .and_where(Expr::col(Column::AccountId).eq(key_of(account)))
        .and_where(Expr::col(Column::Sequence).gt(whole))
        .and_where(Column::Kind.eq(OperationKind::Charge.as_str()))
        .and_where(
            Expr::col(Column::AtUs).between(query.from.start().micros(), query.to.end().micros()),
        )
        .cond_where(wanted(
            query,
            Column::Project,
            Column::Model,
            Column::Action,
        ));
    by(&mut tail, query, |column| match column {
        usage::Column::Day => Expr::col(Column::AtUs).div(DAY_MICROS),
        usage::Column::Project => {
            Func::coalesce([Expr::col(Column::Project), Expr::val(NO_PROJECT)]).into()
        }
        // The other columns have the same names.
        other => Expr::col(other),
    });
    let values = [
        Expr::val(1),
        Expr::col(Column::Consumed),
        Expr::val(0),
        Expr::val(0),
        Expr::val(0),
        Expr::col(Column::Fact),
    ];
    for value in values {
        tail.expr(value);
    }
    tail
}

/// A row with no charge at all, which tells where the ledger ends.
fn end(account: &AccountId, query: &UsageQuery) -> SelectStatement {
    let mut end = Query::select();
    by(&mut end, query, |column| match column {
        usage::Column::Day => Expr::val(0),
        _ => Expr::val(NO_PROJECT),
    });
    for _ in SUMS {
        end.expr(Expr::val(0));
    }
    end.expr(Func::coalesce([last(account), Expr::val(0)]))
        .expr(Expr::val(None::<String>));
    end
}

/// The position of an account's last operation; NULL before the first.
fn last(account: &AccountId) -> SimpleExpr {
    let last = Query::select()
        .expr(Expr::col(operation::Column::Sequence).max())
        .from(operation::Entity)
        .and_where(Expr::col(operation::Column::AccountId).eq(key_of(account)))
        .take();
    SimpleExpr::from(last)
}

fn wanted<C: ColumnTrait>(query: &UsageQuery, project: C, model: C, action: C) -> Condition {
    let project_id = query.project.as_ref().map(|id| id.as_str());
    let model_id = query.model.as_ref().map(|id| id.as_str());
    let action_id = query.action.as_ref().map(|id| id.as_str());
    let is = |column: C, id: Option<&str>| id.map(|id| Expr::col(column).eq(id));
    Condition::all()
        .add_option(is(project, project_id))
        .add_option(is(model, model_id))
        .add_option(is(action, action_id))
}
