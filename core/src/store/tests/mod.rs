//! Tests of the stores: one table of promises that every store must keep, and what only a file has.

mod book;
mod faults;
mod locked;
mod past;
mod promises;
mod sqlite;
mod usage;

pub(crate) use self::{
    book::{Book, account, at, charge, id, purchase, reserve, subscribe, too_dear},
    sqlite::File,
};
