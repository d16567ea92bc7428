//! What SQLite and PostgreSQL say in other words.
//!
//! Owns every difference of their SQL: nothing else in the store asks which one it speaks to, but for how
//! connections are opened and what becomes of an unknown COMMIT. It runs nothing.

use sea_orm::{
    ConnectionTrait, DbBackend,
    sea_query::{
        Alias, Expr, ExprTrait, Func, FunctionCall, IntoIden, Query, SelectStatement, SimpleExpr,
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

    /// Operation ids as a list to compare with a column of them. A list is one JSON parameter, whatever
    /// its length, so that the statement stays prepared.
    pub(super) fn id_list(self, ids: &[OperationId]) -> SelectStatement {
        Query::select()
            .expr(self.listed_id())
            .from_function(self.each(&hex(ids)), LISTED)
            .take()
    }

    /// Each value of a JSON list with `table`, to be restricted to the rows whose columns equal what is
    /// listed. The cross join makes SQLite go from the few values to the table's index, and no set of
    /// them is built as for an `IN`; sea-query writes it without `ON`.
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

/// Ids as they are listed.
pub(super) fn hex(ids: &[OperationId]) -> Value {
    ids.iter().map(|id| id.0.simple().to_string()).collect()
}

/// The value at hand of those listed.
fn value() -> Expr {
    Expr::col((Alias::new(LISTED), Alias::new("value")))
}
