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

/// Makes three tests of each function: one on an empty store in memory, one on an empty SQLite file, and
/// one on an empty PostgreSQL database.
macro_rules! on_each_store {
    ($($name:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test]
            async fn $name() {
                super::$name(&$crate::store::memory::MemoryStore::new()).await;
            })*
        }

        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                let file = $crate::store::tests::File::new().await;
                super::$name(&file.open().await).await;
            })*
        }

        mod on_postgres {
            $(#[tokio::test]
            #[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
            async fn $name() {
                let url = $crate::store::tests::postgres::database().await;
                super::$name(&$crate::store::tests::postgres::connect(&url).await).await;
            })*
        }
    };
}

pub(crate) use on_each_store;

pub(crate) use self::{
    book::{
        Book, account, at, catalogs, charge, id, purchase, report, reserve, subscribe, too_dear,
    },
    sqlite::File,
};
