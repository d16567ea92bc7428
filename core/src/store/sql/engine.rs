//! What SQLite and PostgreSQL say in other words.
//!
//! Owns every difference of their SQL: nothing else in the store asks which one it speaks to, but for how
//! connections are opened, what becomes of an unknown COMMIT, whether there is a row to lock, and how much one
//! statement of a commit is for. It runs nothing.

use sea_orm::{
    ConnectionTrait, DbBackend, Statement, StatementBuilder,
    sea_query::{
        Alias, Expr, ExprTrait, Func, FunctionCall, IntoColumnRef, IntoIden, Query,
        SelectStatement, SimpleExpr,
    },
};
use serde_json::Value;

use crate::domain::ids::OperationId;

/// The database that is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    /// One file, one process that writes.
    Sqlite,
    /// A server, many nodes.
    Postgres,
}

/// How listed values are called in a statement.
const LISTED: &str = "listed";

impl Engine {
    /// The one at the other end.
    pub(super) fn of<C: ConnectionTrait>(connection: &C) -> Engine {
        Engine::from(connection.get_database_backend())
    }

    /// A statement of this engine.
    pub(super) fn build(self, statement: &impl StatementBuilder) -> Statement {
        match self {
            Engine::Sqlite => DbBackend::Sqlite.build(statement),
            Engine::Postgres => DbBackend::Postgres.build(statement),
        }
    }

    /// Whether a column of operation ids is one of these. A list is one JSON parameter, whatever its length,
    /// so that the statement stays prepared.
    pub(super) fn is_listed_id(
        self,
        column: impl IntoColumnRef,
        ids: &[OperationId],
    ) -> SimpleExpr {
        let list = self.list(&hex(ids), self.listed_id());
        match self {
            Engine::Sqlite => Expr::col(column).in_subquery(list),
            Engine::Postgres => is_in_array(Expr::col(column), list),
        }
    }

    /// Whether a column is that account, where another one finds the few rows that come into question. A server
    /// that takes an account for as small as most would look through all it has, which may be a million: it
    /// is said in words that no index answers.
    pub(super) fn is_account(self, column: impl IntoColumnRef, account: SimpleExpr) -> SimpleExpr {
        match self {
            Engine::Sqlite => Expr::col(column).eq(account),
            Engine::Postgres => Expr::col(column).add(0).eq(account),
        }
    }

    /// The rows of `table` whose `column` is one of a JSON list, of which `listed` is the value at hand.
    ///
    /// SQLite goes from the few values to the column's index by a cross join, and builds no set of them as
    /// for an `IN`. PostgreSQL may go the other way in a join, from each row of a table that it takes for
    /// small to the list: there the list is an array, which is looked for in the index.
    pub(super) fn among<T: IntoIden + Copy>(
        self,
        values: &Value,
        listed: SimpleExpr,
        table: T,
        column: impl IntoIden,
    ) -> SelectStatement {
        let column = Expr::col((table.into_iden(), column.into_iden()));
        match self {
            Engine::Sqlite => self
                .listed(values, table)
                .and_where(column.eq(listed))
                .take(),
            Engine::Postgres => Query::select()
                .from(table.into_iden())
                .and_where(is_in_array(column, self.list(values, listed)))
                .take(),
        }
    }

    /// Each value of a JSON list with `table`, to be restricted to the rows whose columns equal what is
    /// listed; sea-query writes the cross join without `ON`.
    pub(super) fn listed(self, values: &Value, table: impl IntoIden) -> SelectStatement {
        Query::select()
            .from_function(self.each(values), LISTED)
            .cross_join(table.into_iden())
            .take()
    }

    /// The listed value at hand, a text.
    pub(super) fn listed_text(self) -> SimpleExpr {
        match self {
            Engine::Sqlite => value(),
            Engine::Postgres => Expr::cust_with_exprs("$1 #>> '{}'", [value()]),
        }
    }

    /// The listed value at hand, an id as [`hex`] writes it.
    pub(super) fn listed_id(self) -> SimpleExpr {
        match self {
            Engine::Sqlite => Func::cust("unhex").arg(value()).into(),
            Engine::Postgres => self.listed_text().cast_as("uuid"),
        }
    }

    /// A text in the listed pair at hand.
    pub(super) fn part_text(self, place: usize) -> SimpleExpr {
        match self {
            Engine::Sqlite => {
                let path = format!("'$[{place}]'");
                Func::cust("json_extract")
                    .arg(value())
                    .arg(Expr::cust(path))
                    .into()
            }
            Engine::Postgres => Expr::cust_with_exprs(format!("$1 ->> {place}"), [value()]),
        }
    }

    /// A number in the listed pair at hand.
    pub(super) fn part_number(self, place: usize) -> SimpleExpr {
        match self {
            Engine::Sqlite => self.part_text(place),
            Engine::Postgres => self.part_text(place).cast_as("bigint"),
        }
    }

    /// A sum of whole numbers, as a whole number: on PostgreSQL it would be a NUMERIC.
    pub(super) fn sum(self, column: SimpleExpr) -> SimpleExpr {
        match self {
            Engine::Sqlite => column.sum(),
            Engine::Postgres => column.sum().cast_as("bigint"),
        }
    }

    fn list(self, values: &Value, listed: SimpleExpr) -> SelectStatement {
        Query::select()
            .expr(listed)
            .from_function(self.each(values), LISTED)
            .take()
    }

    fn each(self, values: &Value) -> FunctionCall {
        let list = values.to_string();
        match self {
            Engine::Sqlite => Func::cust("json_each").arg(list),
            Engine::Postgres => {
                Func::cust("jsonb_array_elements").arg(Expr::val(list).cast_as("jsonb"))
            }
        }
    }
}

impl From<DbBackend> for Engine {
    fn from(backend: DbBackend) -> Engine {
        match backend {
            DbBackend::Postgres => Engine::Postgres,
            _ => Engine::Sqlite,
        }
    }
}

fn is_in_array(column: Expr, list: SelectStatement) -> SimpleExpr {
    Expr::cust_with_exprs("$1 = ANY(ARRAY($2))", [column, SimpleExpr::from(list)])
}

/// Ids as they are listed.
pub(super) fn hex(ids: &[OperationId]) -> Value {
    ids.iter().map(|id| id.0.simple().to_string()).collect()
}

/// The value at hand of those listed.
fn value() -> Expr {
    Expr::col((Alias::new(LISTED), Alias::new("value")))
}
