//! What a database error means to the writer: nothing was changed, unless COMMIT itself failed.
//!
//! Owns which of SQLite's codes say that a transaction is rolled back already, and which errors that a
//! connection is lost. It never reads an error's text.

use sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{self, error::DatabaseError as _, sqlite::SqliteError},
};

use super::super::{CommitError, StoreError};

/// SQLite's code for a full disk; extended codes have it in their low byte.
const SQLITE_FULL: i32 = 13;

/// PostgreSQL's codes of what ends a session: its administrator, and the crash of another one.
const SERVER_ENDS: [&str; 2] = ["57P01", "57P02"];

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> StoreError {
        StoreError::Unavailable(Box::new(error))
    }
}

/// Whether the disk, or what the database may take of it, is full: SQLite has then rolled back.
pub(super) fn is_full(error: &DbErr) -> bool {
    sqlite_code(error).is_some_and(|code| code & 0xff == SQLITE_FULL)
}

fn sqlite_code(error: &DbErr) -> Option<i32> {
    let sqlx::Error::Database(cause) = driver(error)? else {
        return None;
    };
    // Other databases have codes of their own, some of which are numbers as well.
    let cause = cause.try_downcast_ref::<SqliteError>()?;
    cause.code()?.parse().ok()
}

/// Whether the connection that was called on is gone, which says nothing of others.
pub(super) fn is_lost(error: &StoreError) -> bool {
    let StoreError::Unavailable(cause) = error else {
        return false;
    };
    match cause.downcast_ref::<DbErr>() {
        // One that can't be made is another matter: waiting for it took its time already.
        Some(DbErr::Conn(_)) | None => false,
        Some(error) => match driver(error) {
            Some(sqlx::Error::Io(_)) => true,
            Some(sqlx::Error::Database(cause)) => {
                let code = cause.code();
                code.is_some_and(|code| SERVER_ENDS.contains(&code.as_ref()))
            }
            _ => false,
        },
    }
}

/// What the driver says of it.
fn driver(error: &DbErr) -> Option<&sqlx::Error> {
    let (DbErr::Conn(cause) | DbErr::Exec(cause) | DbErr::Query(cause)) = error else {
        return None;
    };
    match cause {
        RuntimeErr::SqlxError(cause) => Some(cause),
        RuntimeErr::Internal(_) => None,
    }
}

/// A write was asked of a store that was opened to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store was opened to read only")]
pub(super) struct OpenedReadOnly;

/// A write was asked of a store that was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store is closed")]
struct Closed;

pub(super) fn closed() -> CommitError {
    CommitError::RolledBack(StoreError::Unavailable(Box::new(Closed)))
}
