//! Decisions under the lock, on each store: they are made on what is there, and written with it.

use super::{
    book::{Book, account, charge, id, purchase, subscribe},
    on_each_store,
};
use crate::{
    domain::{
        command::Request,
        ids::{AccountId, OperationId},
    },
    store::{AccountWork, CommitError, Committed, Found, Loaded, LockedDecision, Lookups, Store},
};

const OPENED: &str = "2026-01-05T09:00:00Z";
const LATER: &str = "2026-01-05T09:10:00Z";

/// Decides one request on whatever is there, and keeps what it saw.
struct Late {
    account: AccountId,
    asks: Option<(u128, Request)>,
    ids: Vec<OperationId>,
    seen: Option<(Book, Found)>,
    work: Option<AccountWork>,
}

impl Late {
    fn new(name: &str, asks: Option<(u128, Request)>) -> Late {
        Late {
            account: account(name),
            asks,
            ids: Vec::new(),
            seen: None,
            work: None,
        }
    }
}

impl LockedDecision for Late {
    fn account(&self) -> &AccountId {
        &self.account
    }

    fn lookups(&self) -> Lookups {
        let asked = self.asks.as_ref().map(|(_, request)| request);
        let payment = asked.and_then(Request::payment);
        Lookups {
            ids: self.ids.clone(),
            payments: payment
                .map(|payment| payment.key.clone())
                .into_iter()
                .collect(),
            holds: Vec::new(),
        }
    }

    fn decide(&mut self, loaded: Loaded, found: Found) -> Option<&AccountWork> {
        let mut book = Book::of(loaded);
        self.seen = Some((book.clone(), found));
        let (operation, request) = self.asks.take()?;
        book.tell(LATER, operation, request);
        self.work = Some(book.work());
        self.work.as_ref()
    }
}

async fn opened(store: &dyn Store, name: &str) -> Book {
    let mut book = Book::new(name);
    book.tell(OPENED, 1, Request::OpenAccount)
        .tell(OPENED, 2, subscribe("creator"));
    store.commit(&[book.work()]).await.unwrap();
    book
}

on_each_store!(
    a_decision_under_the_lock_is_made_on_what_is_there_and_written,
    a_batch_loses_to_what_was_decided_under_the_lock,
    a_payment_used_elsewhere_loses_under_the_lock_too,
    nothing_to_write_leaves_all_as_it_was
);

async fn a_decision_under_the_lock_is_made_on_what_is_there_and_written(store: &dyn Store) {
    let book = opened(store, "ann").await;
    let mut late = Late::new("ann", Some((9, charge())));
    late.ids = vec![id(2), id(9)];
    let committed = store.commit_locked(&mut late).await.unwrap();
    assert_eq!(committed, Committed::default());
    let (seen, found) = late.seen.unwrap();
    assert_eq!((&seen.account, seen.head), (&book.account, book.head));
    assert_eq!(found.decisions.keys().collect::<Vec<_>>(), [&id(2)]);
    let loaded = store.load(&account("ann")).await.unwrap();
    assert_eq!(loaded.head, late.work.unwrap().head());
}

/// It went past the batches, which must see it all the same.
async fn a_batch_loses_to_what_was_decided_under_the_lock(store: &dyn Store) {
    let mut book = opened(store, "ann").await;
    let mut late = Late::new("ann", Some((9, charge())));
    store.commit_locked(&mut late).await.unwrap();
    book.tell(LATER, 10, charge());
    let committed = store.commit(&[book.work()]).await.unwrap();
    assert_eq!(committed.lost, [account("ann")]);
    let mut book = Book::of(store.load(&account("ann")).await.unwrap());
    book.tell(LATER, 10, charge());
    let committed = store.commit(&[book.work()]).await.unwrap();
    assert_eq!(committed, Committed::default());
}

async fn a_payment_used_elsewhere_loses_under_the_lock_too(store: &dyn Store) {
    let mut ann = opened(store, "ann").await;
    ann.tell(LATER, 20, purchase("pay-1"));
    store.commit(&[ann.work()]).await.unwrap();
    let bob = opened(store, "bob").await;
    let mut late = Late::new("bob", Some((21, purchase("pay-1"))));
    let committed = store.commit_locked(&mut late).await.unwrap();
    assert_eq!(committed.lost, [account("bob")]);
    let loaded = store.load(&account("bob")).await.unwrap();
    assert_eq!(loaded.head, bob.head);
}

async fn nothing_to_write_leaves_all_as_it_was(store: &dyn Store) {
    let book = opened(store, "ann").await;
    let mut late = Late::new("ann", None);
    let committed: Result<Committed, CommitError> = store.commit_locked(&mut late).await;
    assert_eq!(committed.unwrap(), Committed::default());
    assert!(late.seen.is_some());
    let loaded = store.load(&account("ann")).await.unwrap();
    assert_eq!((loaded.account, loaded.head), (book.account, book.head));
}
