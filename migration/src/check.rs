//! What a column may hold, said to the database: the conditions that several tables share.
//!
//! Owns their wording. The numbers are copies: a released step must not change with the code.

use sea_orm_migration::prelude::*;

/// 2^53 - 1, the largest amount of credits.
const CREDITS_MAX: i64 = (1 << 53) - 1;
/// The end of the year 9999, in microseconds since 1970.
const INSTANT_MAX_US: i64 = 253_402_300_799_999_999;

/// The column is an amount of credits.
pub(crate) fn credits(column: impl IntoIden) -> Expr {
    Expr::col(column.into_iden()).between(0, CREDITS_MAX)
}

/// The column is a change of an amount of credits.
pub(crate) fn credits_change(column: impl IntoIden) -> Expr {
    Expr::col(column.into_iden()).between(-CREDITS_MAX, CREDITS_MAX)
}

/// The column is an instant between 1970 and 9999. An absent one passes, as a CHECK has it.
pub(crate) fn instant(column: impl IntoIden) -> Expr {
    Expr::col(column.into_iden()).between(0, INSTANT_MAX_US)
}

/// The column has so many bytes. An absent one passes, as a CHECK has it.
pub(crate) fn bytes(column: impl IntoIden, length: i32) -> Expr {
    Expr::expr(Func::cust("length").arg(Expr::col(column.into_iden()))).eq(length)
}

/// The column is one of these texts, the most frequent ones first: they are compared in turn. For an `IN` of
/// more than two SQLite would build a table of all of them for each row.
pub(crate) fn one_of(column: impl IntoIden, texts: &[&str]) -> Expr {
    let column = column.into_iden();
    let is = |text: &&str| Expr::col(column.clone()).eq(*text);
    let either = texts.iter().map(is).reduce(Expr::or);
    either.expect("a column is one of several texts")
}
