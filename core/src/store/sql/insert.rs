//! The rows that a commit writes: the text of an INSERT is made once for each number of rows.
//!
//! Owns how many rows one call of the database carries, and those texts. They are built from the
//! entities; a call is then a known text with its values, which stays prepared in the connection. It
//! never begins or ends a transaction.
//!
//! On a server a call is a journey, so that it has many rows. SQLite is at hand, and copies each page that a
//! statement of several rows touches, to be able to take back that one: there each row has a call for itself.

use std::sync::OnceLock;

use credits_entity::{account, operation, payment, refusal, usage};
use sea_orm::{
    ColumnTrait, DbBackend, EntityTrait, IdenStatic, Iterable, Value,
    sea_query::{Alias, Expr, ExprTrait, OnConflict, Query},
};

use super::{
    engine::Engine,
    session::{Answer, Session},
};
use crate::store::StoreError;

/// The most rows in one statement: past it the time of a row no longer falls.
const ROWS_MAX: usize = 64;

/// Every INSERT of a commit.
#[derive(Debug)]
pub(super) struct Inserts {
    /// Accounts that are new. Answers with the keys of those that were not there.
    pub(super) open: Insert<account::Entity>,
    /// The new state of accounts that are there, whose next due instant is the same as before: its
    /// index is then not touched.
    pub(super) update: Insert<account::Entity>,
    /// The new state of accounts that are there, and when something is due next.
    pub(super) update_due: Insert<account::Entity>,
    /// Operations.
    pub(super) operations: Insert<operation::Entity>,
    /// Refusals.
    pub(super) refusals: Insert<refusal::Entity>,
    /// Payments.
    pub(super) payments: Insert<payment::Entity>,
    /// Sums of charges, added to those that are there.
    pub(super) usage: Insert<usage::Entity>,
}

impl Inserts {
    /// All of them, for that database.
    pub(super) fn new(backend: DbBackend) -> Inserts {
        use account::Column;
        let account = |left_out: &'static [Column]| {
            Column::iter().filter(move |column| {
                let named = |out: &Column| out.as_str() == column.as_str();
                !left_out.iter().any(named)
            })
        };
        let over = |columns: Vec<Column>| {
            let kept = |column: &Column| !matches!(column, Column::Id | Column::ExternalId);
            let changed: Vec<Column> = columns.into_iter().filter(kept).collect();
            OnConflict::column(Column::Id)
                .update_columns(changed)
                .to_owned()
        };
        let absent = OnConflict::column(Column::ExternalId)
            .do_nothing()
            .to_owned();
        let without_due: Vec<Column> = account(&[Column::NextDueAtUs]).collect();
        let whole: Vec<Column> = account(&[]).collect();
        Inserts {
            open: Insert::new(backend, account(&[Column::Id]))
                .on_conflict(absent)
                .returning([Column::Id, Column::ExternalId]),
            update: Insert::new(backend, without_due.clone()).on_conflict(over(without_due)),
            update_due: Insert::new(backend, whole.clone()).on_conflict(over(whole)),
            operations: Insert::new(backend, operation::Column::iter()),
            refusals: Insert::new(backend, refusal::Column::iter()),
            payments: Insert::new(backend, payment::Column::iter()),
            usage: Insert::new(backend, usage::Column::iter()).on_conflict(added()),
        }
    }
}

/// Sums of the same key are added up.
fn added() -> OnConflict {
    use usage::Column;
    let mut conflict = OnConflict::columns([
        Column::AccountId,
        Column::Day,
        Column::Model,
        Column::Action,
        Column::Project,
    ]);
    for sum in [
        Column::Charges,
        Column::Credits,
        Column::Variations,
        Column::Seconds,
    ] {
        let there = Expr::col((usage::Entity, sum));
        conflict.value(sum, there.add(Expr::col((Alias::new("excluded"), sum))));
    }
    conflict
}

/// The values of one row, in the order of the statement's columns.
pub(super) type Row = Vec<Value>;

/// An INSERT into one table, whatever the number of rows.
#[derive(Debug)]
pub(super) struct Insert<E: EntityTrait> {
    backend: DbBackend,
    columns: Vec<E::Column>,
    conflict: Option<OnConflict>,
    returning: Vec<E::Column>,
    texts: [OnceLock<String>; ROWS_MAX],
}

impl<E: EntityTrait> Insert<E> {
    fn new(backend: DbBackend, columns: impl IntoIterator<Item = E::Column>) -> Insert<E> {
        Insert {
            backend,
            columns: columns.into_iter().collect(),
            conflict: None,
            returning: Vec::new(),
            texts: [const { OnceLock::new() }; ROWS_MAX],
        }
    }

    fn on_conflict(self, conflict: OnConflict) -> Insert<E> {
        Insert {
            conflict: Some(conflict),
            ..self
        }
    }

    fn returning(self, columns: impl Into<Vec<E::Column>>) -> Insert<E> {
        Insert {
            returning: columns.into(),
            ..self
        }
    }

    /// One row, of which `value` tells what a column says.
    pub(super) fn row(&self, value: impl Fn(E::Column) -> Value) -> Row {
        self.columns.iter().map(|column| value(*column)).collect()
    }

    /// Where a column stands in a row.
    pub(super) fn place(&self, column: E::Column) -> usize {
        let name = column.as_str();
        let place = self.columns.iter().position(|one| one.as_str() == name);
        place.expect("it is asked for columns of this statement only")
    }

    /// Adds the rows.
    pub(super) async fn run<C: Session>(
        &self,
        session: &C,
        rows: Vec<Row>,
    ) -> Result<(), StoreError> {
        for (text, values) in self.calls(rows) {
            session.run(text, values).await?;
        }
        Ok(())
    }

    /// As [`Insert::run`], and what the database answers.
    pub(super) async fn query<C: Session, T: Answer>(
        &self,
        session: &C,
        rows: Vec<Row>,
    ) -> Result<Vec<T>, StoreError> {
        let mut answers = Vec::new();
        for (text, values) in self.calls(rows) {
            answers.extend(session.rows(text, values).await?);
        }
        Ok(answers)
    }

    fn calls(&self, rows: Vec<Row>) -> impl Iterator<Item = (&str, Vec<Value>)> {
        let rows_max = match Engine::from(self.backend) {
            Engine::Sqlite => 1,
            Engine::Postgres => ROWS_MAX,
        };
        let mut rows = rows.into_iter();
        std::iter::from_fn(move || {
            let mut values = rows.next()?;
            let mut count = 1;
            for row in rows.by_ref().take(rows_max - 1) {
                values.extend(row);
                count += 1;
            }
            Some((self.text(count), values))
        })
    }

    fn text(&self, rows: usize) -> &str {
        self.texts[rows - 1].get_or_init(|| self.statement(rows))
    }

    fn statement(&self, rows: usize) -> String {
        let mut insert = Query::insert();
        insert
            .into_table(E::default().table_ref())
            .columns(self.columns.iter().copied());
        for _ in 0..rows {
            // Any value: only its place is looked at.
            insert.values_panic(self.columns.iter().map(|column| {
                let place = Expr::val(0);
                column.save_as(place)
            }));
        }
        if let Some(conflict) = &self.conflict {
            insert.on_conflict(conflict.clone());
        }
        if !self.returning.is_empty() {
            insert.returning(Query::returning().columns(self.returning.iter().copied()));
        }
        self.backend.build(&insert).sql
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_has_a_place_for_each_column_of_each_row() {
        let inserts = Inserts::new(DbBackend::Sqlite);
        for rows in 1..=ROWS_MAX {
            let text = inserts.operations.text(rows);
            let columns = operation::Column::iter().count();
            assert_eq!(text.matches('?').count(), rows * columns);
        }
    }

    #[test]
    fn each_row_of_a_file_has_a_call_for_itself() {
        let inserts = Inserts::new(DbBackend::Sqlite);
        let rows = (0..3_i64).map(|row| inserts.refusals.row(|_| row.into()));
        assert_eq!(inserts.refusals.calls(rows.collect()).count(), 3);
    }

    #[test]
    fn rows_go_into_as_few_statements_as_can_be_and_keep_their_order() {
        let inserts = Inserts::new(DbBackend::Postgres);
        let rows = (0..150_i64).map(|row| inserts.refusals.row(|_| row.into()));
        let mut sizes = Vec::new();
        let mut seen = Vec::new();
        for (_, values) in inserts.refusals.calls(rows.collect()) {
            let columns = refusal::Column::iter().count();
            sizes.push(values.len() / columns);
            seen.extend(values.into_iter().step_by(columns));
        }
        assert_eq!(sizes, [64, 64, 22]);
        assert_eq!(seen, (0..150_i64).map(Value::from).collect::<Vec<_>>());
    }

    #[test]
    fn an_account_whose_due_instant_stays_leaves_its_index_alone() {
        let inserts = Inserts::new(DbBackend::Sqlite);
        assert!(!inserts.update.text(1).contains("next_due"));
        assert!(inserts.update_due.text(1).contains("\"next_due_at_us\" = "));
    }
}
