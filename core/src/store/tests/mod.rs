//! Tests of the stores: one table of promises that every store must keep, and what only a file has.

mod book;
mod claims;
mod due;
mod faults;
mod locked;
mod past;
mod payments;
pub(crate) mod postgres;
mod promises;
mod sqlite;
mod usage;

/// A store of each kind that is to be had, without rows; the file goes with whoever holds it.
pub(crate) async fn stores() -> (File, Vec<Box<dyn Store>>) {
    let file = File::new().await;
    let sqlite = file.open().await;
    let mut stores: Vec<Box<dyn Store>> = vec![Box::new(MemoryStore::new()), Box::new(sqlite)];
    if let Some(url) = postgres::database().await {
        stores.push(Box::new(postgres::connect(&url).await));
    }
    (file, stores)
}

use crate::store::{Store, memory::MemoryStore};

pub(crate) use self::{
    book::{
        Book, account, at, catalogs, charge, id, purchase, report, reserve, subscribe, too_dear,
    },
    sqlite::File,
};
