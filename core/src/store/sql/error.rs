//! What a database error means to the writer: nothing was changed, unless COMMIT itself failed.
//!
//! Owns which of SQLite's codes say that a transaction is rolled back already. It never reads an
//! error's text.

use sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{self, error::DatabaseError as _, sqlite::SqliteError},
};

use super::super::StoreError;

/// SQLite's code for a full disk; extended codes have it in their low byte.
const SQLITE_FULL: i32 = 13;

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
    let (DbErr::Conn(cause) | DbErr::Exec(cause) | DbErr::Query(cause)) = error else {
        return None;
    };
    let RuntimeErr::SqlxError(cause) = cause else {
        return None;
    };
    let sqlx::Error::Database(cause) = cause.as_ref() else {
        return None;
    };
    // Other databases have codes of their own, some of which are numbers as well.
    let cause = cause.try_downcast_ref::<SqliteError>()?;
    cause.code()?.parse().ok()
}
