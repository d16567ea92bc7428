//! The faults of the store in memory do what they say, so that tests can build on them.

use std::sync::{Arc, Mutex};

use super::book::{Book, account, charge, subscribe};
use crate::{
    domain::command::Request,
    store::{
        CommitError, Store, StoreError,
        memory::{Fault, FaultPoint, Faults, MemoryStore},
    },
};

const OPENED: &str = "2026-01-05T09:00:00Z";

/// One fault, once.
#[derive(Debug)]
struct Once(FaultPoint, Mutex<Fault>);

impl Faults for Once {
    fn next(&self, point: FaultPoint) -> Fault {
        if point == self.0 {
            std::mem::replace(&mut *self.1.lock().unwrap(), Fault::None)
        } else {
            Fault::None
        }
    }
}

fn failing(point: FaultPoint, fault: Fault) -> MemoryStore {
    MemoryStore::with_faults(Arc::new(Once(point, Mutex::new(fault))))
}

fn ann() -> Book {
    let mut book = Book::new("ann");
    book.tell(OPENED, 1, Request::OpenAccount)
        .tell(OPENED, 2, subscribe("creator"));
    book
}

async fn is_open(store: &MemoryStore) -> bool {
    store.load(&account("ann")).await.unwrap().account.is_open()
}

#[tokio::test]
async fn a_failed_commit_wrote_nothing() {
    for point in [
        FaultPoint::Statement(0),
        FaultPoint::Statement(3),
        FaultPoint::Commit,
    ] {
        let store = failing(point, Fault::Fail);
        let work = ann().work();
        let failed = store.commit(std::slice::from_ref(&work)).await;
        assert!(
            matches!(failed, Err(CommitError::RolledBack(_))),
            "{point:?}"
        );
        assert!(!is_open(&store).await);
        assert_eq!(store.commit(&[work]).await.unwrap().lost, []);
    }
}

#[tokio::test]
async fn an_unknown_commit_is_resolved_to_what_happened() {
    for (point, fault, done) in [
        (FaultPoint::Commit, Fault::UnknownDone, true),
        (FaultPoint::Commit, Fault::UnknownNotDone, false),
        (FaultPoint::AfterCommit, Fault::Fail, true),
    ] {
        let store = failing(point, fault);
        let batch = [ann().work()];
        let unknown = store.commit(&batch).await;
        assert!(matches!(unknown, Err(CommitError::Unknown(_))));
        assert_eq!(is_open(&store).await, done);
        let lost = store.resolve(&batch).await.unwrap().lost;
        assert_eq!(lost.is_empty(), done);
    }
}

#[tokio::test]
async fn another_node_can_be_faster() {
    let overtake = Box::new(|store: &MemoryStore| {
        let mut there = Book::of(store.read(&account("ann")));
        there.tell(OPENED, 9, charge());
        store.write(&[there.work()]);
    });
    let store = failing(FaultPoint::Commit, Fault::LoseFence(overtake));
    let mut book = ann();
    store.write(&[book.work()]);
    book.tell(OPENED, 3, charge());
    assert_eq!(
        store.commit(&[book.work()]).await.unwrap().lost,
        [account("ann")]
    );
}

#[tokio::test]
async fn a_load_fails_once_or_takes_its_time() {
    let store = failing(FaultPoint::Load, Fault::Fail);
    let failed = store.load(&account("ann")).await;
    assert!(matches!(failed, Err(StoreError::Unavailable(_))));
    assert!(!is_open(&store).await);
    let slow = failing(FaultPoint::Load, Fault::Delay(3));
    assert!(!is_open(&slow).await);
}
