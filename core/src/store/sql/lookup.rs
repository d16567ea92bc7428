//! What a commit looks up: whose chains end where, and which ids and payments are known.
//!
//! Owns these statements, and the texts of them, each made once: it is built from the entities in the words of
//! the [`Engine`], and what is looked for is one JSON value, whatever its length, but for ids in a file: SQLite is
//! at hand and looks for each. It decides nothing.

use std::{
    collections::HashSet,
    sync::{LazyLock, OnceLock},
};

use credits_entity::{account, operation, payment, refusal};
use rusqlite::Row;
use sea_orm::{
    FromQueryResult, Order,
    sea_query::{
        Alias, Condition, Expr, ExprTrait, LockBehavior, LockType, Query, SelectStatement,
        SimpleExpr, UnionType,
    },
};
use serde_json::Value;
use uuid::Uuid;

use super::{
    engine::{Engine, hex},
    session::{Answer, Session},
};
use crate::{domain::ids::OperationId, store::StoreError};

/// What a commit must know of an account that is there.
#[derive(Debug, FromQueryResult)]
pub(super) struct Present {
    pub(super) id: i64,
    pub(super) external_id: String,
    pub(super) next_due_at_us: Option<i64>,
    /// Of its last operation; none before the first.
    pub(super) sequence: Option<i64>,
    pub(super) hash: Option<Vec<u8>>,
}

/// An id that was decided, and on which account.
#[derive(Debug, PartialEq, Eq, Hash, FromQueryResult)]
pub(super) struct Decided {
    pub(super) operation_id: Uuid,
    pub(super) account_id: i64,
}

/// The key of an account.
#[derive(Debug, FromQueryResult)]
pub(super) struct Key {
    pub(super) id: i64,
}

/// An account that was opened.
#[derive(Debug, FromQueryResult)]
pub(super) struct Opened {
    pub(super) id: i64,
    pub(super) external_id: String,
}

/// A payment that was used.
#[derive(Debug, FromQueryResult)]
pub(super) struct Used {
    pub(super) provider: String,
    pub(super) reference: String,
}

/// Reads a row by the names of its columns, as `FromQueryResult` does on SeaORM's connections.
macro_rules! answer {
    ($row:ident { $($column:ident),* }) => {
        impl Answer for $row {
            fn from_file(row: &Row<'_>) -> rusqlite::Result<$row> {
                Ok($row { $($column: row.get(stringify!($column))?,)* })
            }
        }
    };
}

answer!(Present {
    id,
    external_id,
    next_due_at_us,
    sequence,
    hash
});
answer!(Decided {
    operation_id,
    account_id
});
answer!(Key { id });
answer!(Opened { id, external_id });
answer!(Used {
    provider,
    reference
});

/// A statement whose only value is a list: its text is made once for each engine.
struct Text {
    sqlite: OnceLock<Made>,
    postgres: OnceLock<Made>,
    build: fn(Engine, &Value) -> SelectStatement,
}

/// A text, and how often the list is in it.
struct Made {
    text: String,
    places: usize,
}

impl Text {
    const fn of(build: fn(Engine, &Value) -> SelectStatement) -> Text {
        Text {
            sqlite: OnceLock::new(),
            postgres: OnceLock::new(),
            build,
        }
    }

    /// The rows that it finds for a list.
    async fn find<C: Session, T: Answer>(
        &self,
        session: &C,
        list: &Value,
    ) -> Result<Vec<T>, StoreError> {
        let Made { text, places } = self.made(session.engine());
        let list = sea_orm::Value::from(list.to_string());
        session.rows(text, vec![list; *places]).await
    }

    fn made(&self, engine: Engine) -> &Made {
        let made = match engine {
            Engine::Sqlite => &self.sqlite,
            Engine::Postgres => &self.postgres,
        };
        made.get_or_init(|| {
            let none = Value::Array(Vec::new());
            let statement = engine.build(&(self.build)(engine, &none));
            let values = statement.values.map_or_else(Vec::new, |values| values.0);
            let list = sea_orm::Value::from(none.to_string());
            assert!(
                values.iter().all(|value| *value == list),
                "only lists are values"
            );
            Made {
                text: statement.sql,
                places: values.len(),
            }
        })
    }
}

static LOCK: Text = Text::of(locked);
static PRESENT: Text = Text::of(found);
/// On a server.
static DECIDED: Text = Text::of(either);
static USED: Text = Text::of(paid);

/// As [`DECIDED`], in a file, of the one id that is its value twice.
static DECIDED_ALONE: LazyLock<String> = LazyLock::new(|| {
    let id = Expr::val(Uuid::nil());
    let accepted = Query::select()
        .from(operation::Entity)
        .columns([operation::Column::OperationId, operation::Column::AccountId])
        .and_where(Expr::col(operation::Column::OperationId).eq(id.clone()))
        .take();
    let refused = Query::select()
        .from(refusal::Entity)
        .columns([refusal::Column::OperationId, refusal::Column::AccountId])
        .and_where(Expr::col(refusal::Column::OperationId).eq(id))
        .take();
    Engine::Sqlite.build(&united(accepted, refused)).sql
});

fn united(mut one: SelectStatement, other: SelectStatement) -> SelectStatement {
    one.union(UnionType::All, other).take()
}

/// The keys of those of the accounts whose rows this transaction has locked against every other one, in
/// key order, none of them waited for: one that another transaction has is not among them. On SQLite,
/// where the one writer is alone, there is nothing to lock, and none is told.
///
/// The ends of the chains are read by a statement *after* this one: it sees all that was committed before
/// the locks were there.
pub(super) async fn lock<'a, C: Session>(
    session: &C,
    ids: impl Iterator<Item = &'a str>,
) -> Result<Option<HashSet<i64>>, StoreError> {
    if session.engine() == Engine::Sqlite {
        return Ok(None);
    }
    let ids = ids.map(Value::from).collect();
    let rows: Vec<Key> = LOCK.find(session, &ids).await?;
    Ok(Some(rows.into_iter().map(|row| row.id).collect()))
}

/// Those of the accounts that are there, each with the end of its chain: its last operation, which
/// its row may be behind.
pub(super) async fn present<'a, C: Session>(
    session: &C,
    ids: impl Iterator<Item = &'a str>,
) -> Result<Vec<Present>, StoreError> {
    let ids = ids.map(Value::from).collect();
    PRESENT.find(session, &ids).await
}

/// Those of the ids that were decided before, each with the key of an account that has it.
pub(super) async fn decided<C: Session>(
    session: &C,
    ids: &[OperationId],
) -> Result<Vec<Decided>, StoreError> {
    if session.engine() == Engine::Postgres {
        return DECIDED.find(session, &hex(ids)).await;
    }
    let mut found = Vec::new();
    for id in ids {
        let id = sea_orm::Value::from(id.0);
        found.extend(session.rows(&DECIDED_ALONE, vec![id.clone(), id]).await?);
    }
    Ok(found)
}

/// Those of the payments that were used before.
pub(super) async fn used<'a, C: Session>(
    session: &C,
    payments: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<Vec<Used>, StoreError> {
    let pairs = payments
        .map(|(provider, reference)| Value::from(vec![provider, reference]))
        .collect();
    USED.find(session, &pairs).await
}

fn of_account(column: account::Column) -> Expr {
    Expr::col((account::Entity, column))
}

fn locked(engine: Engine, ids: &Value) -> SelectStatement {
    let by_name = account::Column::ExternalId;
    engine
        .among(ids, engine.listed_text(), account::Entity, by_name)
        .expr(of_account(account::Column::Id))
        .order_by((account::Entity, account::Column::Id), Order::Asc)
        .lock_with_tables_behavior(
            LockType::NoKeyUpdate,
            [account::Entity],
            LockBehavior::SkipLocked,
        )
        .take()
}

fn found(engine: Engine, ids: &Value) -> SelectStatement {
    let last = |column: operation::Column| Expr::col((operation::Entity, column));
    let end = Query::select()
        .expr(Expr::col((Alias::new("each"), operation::Column::Sequence)).max())
        .from_as(operation::Entity, Alias::new("each"))
        .and_where(
            Expr::col((Alias::new("each"), operation::Column::AccountId))
                .eq(of_account(account::Column::Id)),
        )
        .take();
    let ends = Condition::all()
        .add(last(operation::Column::AccountId).eq(of_account(account::Column::Id)))
        .add(last(operation::Column::Sequence).eq(SimpleExpr::from(end)));
    let by_name = account::Column::ExternalId;
    engine
        .among(ids, engine.listed_text(), account::Entity, by_name)
        .expr(of_account(account::Column::Id))
        .expr(of_account(account::Column::ExternalId))
        .expr(of_account(account::Column::NextDueAtUs))
        .expr(last(operation::Column::Sequence))
        .expr(last(operation::Column::Hash))
        .left_join(operation::Entity, ends)
        .take()
}

fn either(engine: Engine, ids: &Value) -> SelectStatement {
    let accepted = engine
        .among(
            ids,
            engine.listed_id(),
            operation::Entity,
            operation::Column::OperationId,
        )
        .columns([operation::Column::OperationId, operation::Column::AccountId])
        .take();
    let refused = engine
        .among(
            ids,
            engine.listed_id(),
            refusal::Entity,
            refusal::Column::OperationId,
        )
        .columns([refusal::Column::OperationId, refusal::Column::AccountId])
        .take();
    united(accepted, refused)
}

fn paid(engine: Engine, pairs: &Value) -> SelectStatement {
    let payment = |column: payment::Column| Expr::col((payment::Entity, column));
    engine
        .listed(pairs, payment::Entity)
        .expr(payment(payment::Column::Provider))
        .expr(payment(payment::Column::Reference))
        .and_where(payment(payment::Column::Provider).eq(engine.part_text(0)))
        .and_where(payment(payment::Column::Reference).eq(engine.part_text(1)))
        .take()
}
