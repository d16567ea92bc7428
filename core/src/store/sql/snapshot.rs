//! Snapshots: when an account's row is written, and how far it may stay behind its ledger.
//!
//! The ledger is the truth, and the row a summary of it. A plain charge changes nothing that accounts
//! are found by, so it need not write the row as well: most of a commit is the pages it touches, and
//! the row's is one of them. Owns that rule, and how a row that is behind is brought up to date. It
//! affects what loading costs, never what is loaded.

use crate::{
    domain::{
        event::OperationKind,
        record::{CorruptRecord, OperationRecord},
    },
    store::{AccountWork, Loaded},
};

/// The row is written at the latest where the account's sequence passes a multiple of this. Loading
/// applies fewer operations than that, which takes less time than reading them.
pub(super) const SNAPSHOT_EVERY: i64 = 16;

/// Whether the work has to write the account's row.
pub(super) fn is_due(work: &AccountWork) -> bool {
    let part = |sequence: i64| sequence / SNAPSHOT_EVERY;
    part(work.base.sequence.0) != part(work.head().sequence.0)
        || !work.operations.iter().all(is_plain)
}

fn is_plain(record: &OperationRecord) -> bool {
    record.kind == OperationKind::Charge && record.hold.is_none()
}

/// What the row says, brought up to date by the operations after it; none if it is further behind
/// than a row may be.
pub(super) fn catch_up(
    row: Loaded,
    after: &[OperationRecord],
) -> Result<Option<Loaded>, CorruptRecord> {
    let passes = |record: &OperationRecord| {
        record.sequence.0 / SNAPSHOT_EVERY != row.head.sequence.0 / SNAPSHOT_EVERY
    };
    if after
        .iter()
        .any(|record| passes(record) || !is_plain(record))
    {
        return Ok(None);
    }
    let Loaded {
        mut account,
        mut head,
    } = row;
    for record in after {
        account.apply(&record.event()?);
        head = record.head();
    }
    Ok(Some(Loaded { account, head }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::command::Request,
        store::{
            Store,
            tests::{Book, File, account, charge, purchase, reserve, subscribe},
        },
    };

    const OPENED: &str = "2026-01-05T09:00:00Z";

    /// How far the row of `ann` has got.
    async fn row(file: &File) -> i64 {
        file.number("SELECT sequence FROM account").await
    }

    #[tokio::test]
    async fn a_row_is_at_most_fifteen_charges_behind_and_loads_the_same() {
        let (file, store, mut book) = File::with_ann().await;
        for operation in 3..=40_u128 {
            book.tell(OPENED, operation, charge());
            store.commit(&[book.work()]).await.unwrap();
            let sequence = book.head.sequence.0;
            let passed = sequence - sequence % SNAPSHOT_EVERY;
            assert_eq!(row(&file).await, passed.max(2), "after {sequence}");
            let loaded = store.load(&account("ann")).await.unwrap();
            assert_eq!((&loaded.account, loaded.head), (&book.account, book.head));
        }
    }

    #[tokio::test]
    async fn whatever_is_no_plain_charge_writes_the_row() {
        for asks in [reserve(), purchase("pay-1"), Request::CancelSubscription] {
            let file = File::new().await;
            let store = file.open().await;
            let mut book = Book::new("ann");
            book.tell(OPENED, 1, Request::OpenAccount)
                .tell(OPENED, 2, subscribe("studio"))
                .tell(OPENED, 3, charge());
            store.commit(&[book.work()]).await.unwrap();
            book.tell(OPENED, 4, asks);
            store.commit(&[book.work()]).await.unwrap();
            assert_eq!(row(&file).await, 4);
        }
    }

    #[tokio::test]
    async fn a_row_that_is_further_behind_is_corrupt() {
        for last in [reserve(), charge()] {
            let (file, store, mut book) = File::with_ann().await;
            let raw = "CREATE TABLE old AS SELECT * FROM account";
            file.execute(raw).await;
            for operation in 3..16_u128 {
                book.tell(OPENED, operation, charge());
            }
            book.tell(OPENED, 16, last);
            store.commit(&[book.work()]).await.unwrap();
            file.execute(
                "UPDATE account SET (sequence, head_hash, available, held, next_due_at_us, snapshot) \
                 = (SELECT sequence, head_hash, available, held, next_due_at_us, snapshot FROM old)",
            )
            .await;
            let loaded = store.load(&account("ann")).await;
            assert!(matches!(loaded, Err(crate::store::StoreError::Corrupt(_))));
        }
    }
}
