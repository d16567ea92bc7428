//! The past: the last operation at any instant, on each of the stores.

use chrono::TimeDelta;

use super::{
    book::{Book, account, at, charge, subscribe},
    on_each_store,
};
use crate::{
    domain::{command::Request, record::OperationRecord, time::Instant},
    store::Store,
};

const MICROSECOND: TimeDelta = TimeDelta::microseconds(1);

/// A ledger in which many operations count at one instant, and in which time did much by itself.
fn ledger(book: &mut Book) -> Vec<OperationRecord> {
    let opened = "2026-01-05T09:00:00Z";
    book.tell(opened, 1, Request::OpenAccount)
        .tell(opened, 2, subscribe("creator"));
    for charged in 3..9 {
        book.tell(opened, charged, charge());
    }
    // 14 months later: what time did is recorded now, and counts at its own instants.
    book.tell("2027-03-20T12:00:00Z", 9, charge());
    for charged in 10..14 {
        book.tell("2027-03-20T12:00:01Z", charged, charge());
    }
    book.clone().work().operations
}

async fn the_last_operation_at_any_instant(store: &dyn Store) {
    let mut book = Book::new("ann");
    let ledger = ledger(&mut book);
    assert!(ledger.len() > 30, "{} operations", ledger.len());
    store.commit(&[book.work()]).await.unwrap();
    let edges = ledger
        .iter()
        .flat_map(|one| [one.at, one.at.saturating_sub(MICROSECOND)]);
    for instant in edges.chain([Instant::default(), Instant::MAX]) {
        let expected = ledger.iter().rfind(|record| record.at <= instant);
        let found = store.operation_at(&account("ann"), instant).await.unwrap();
        assert_eq!(found.as_ref(), expected, "{instant}");
    }
    let bob = account("bob");
    let nobody = store.operation_at(&bob, at("2026-06-01T00:00:00Z")).await;
    assert_eq!(nobody.unwrap(), None);
}

on_each_store!(the_last_operation_at_any_instant);
