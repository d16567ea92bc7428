//! Tests of the stores: one table of promises that every store must keep, and what only a file has.

mod book;
mod due;
mod faults;
mod locked;
mod past;
mod payments;
pub(crate) mod postgres;
mod promises;
mod sqlite;
mod usage;

pub(crate) use self::{
    book::{
        Book, account, at, catalogs, charge, id, purchase, report, reserve, subscribe, too_dear,
    },
    sqlite::File,
};
