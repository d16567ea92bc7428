//! What a commit asks of the transaction that it writes in.
//!
//! Owns the words that the two kinds of them share: SeaORM's transactions, and the one on the connection that
//! writes to a [`file`](super::file). It builds nothing, and never begins or ends a transaction.

use rusqlite::Row;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement, Value};

use super::{ends::End, engine::Engine};
use crate::{domain::ids::AccountId, store::StoreError};

/// A row that a commit reads.
pub(super) trait Answer: FromQueryResult + Send {
    /// Reads it from a file's own connection.
    fn from_file(row: &Row<'_>) -> rusqlite::Result<Self>;
}

/// A transaction, as a commit uses it: statements by their text, which stays prepared, with their values.
pub(super) trait Session: Sync {
    /// The database that it speaks to.
    fn engine(&self) -> Engine;

    /// Changes rows.
    fn run(
        &self,
        text: &str,
        values: Vec<Value>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Reads rows.
    fn rows<T: Answer>(
        &self,
        text: &str,
        values: Vec<Value>,
    ) -> impl Future<Output = Result<Vec<T>, StoreError>> + Send;

    /// Where the chain of the account ends in this transaction, if that is known without a look.
    fn end(&self, _account: &AccountId) -> Option<End> {
        None
    }

    /// The transaction leaves the account so, if it commits.
    fn leave(&self, _account: &AccountId, _end: End) {}
}

impl<C: ConnectionTrait> Session for C {
    fn engine(&self) -> Engine {
        Engine::of(self)
    }

    async fn run(&self, text: &str, values: Vec<Value>) -> Result<(), StoreError> {
        self.execute_raw(statement(self, text, values)).await?;
        Ok(())
    }

    async fn rows<T: Answer>(&self, text: &str, values: Vec<Value>) -> Result<Vec<T>, StoreError> {
        let rows = self.query_all_raw(statement(self, text, values)).await?;
        let read = rows.iter().map(|row| T::from_query_result(row, ""));
        Ok(read.collect::<Result<_, DbErr>>()?)
    }
}

fn statement<C: ConnectionTrait>(connection: &C, text: &str, values: Vec<Value>) -> Statement {
    Statement::from_sql_and_values(connection.get_database_backend(), text, values)
}
