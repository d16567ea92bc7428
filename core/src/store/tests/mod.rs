//! Tests of the stores: one table of promises that every store must keep, and what only a file has.

mod book;
mod due;
mod faults;
mod locked;
mod promises;
mod sqlite;

pub(crate) use self::{
    book::{Book, account, at, catalogs, charge, id, purchase, reserve, subscribe, too_dear},
    sqlite::File,
};
