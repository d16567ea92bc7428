//! What a store tells of a payment: what it is for, and how it stands.

use super::{
    book::{Book, account, charge, id, purchase, report, subscribe},
    on_each_store,
};
use crate::{
    domain::{
        command::Request,
        decide::Known,
        ids::{OperationId, Sequence},
        payment::{PaidFor, PaymentOutcome},
        term::Term,
    },
    store::{Lookups, Store},
};

const OPENED: &str = "2026-01-05T09:00:00Z";
const LATER: &str = "2026-01-05T09:10:00Z";

fn ann() -> Book {
    let mut book = Book::new("ann");
    book.tell(OPENED, 1, Request::OpenAccount)
        .tell(OPENED, 2, subscribe("creator"))
        .tell(OPENED, 3, charge())
        .tell(OPENED, 4, purchase("pay-1"));
    book
}

async fn commits(store: &dyn Store, book: &mut Book) {
    assert_eq!(store.commit(&[book.work()]).await.unwrap().lost, []);
}

/// Reports with what the store knows of the payment, and commits.
async fn reports(store: &dyn Store, book: &mut Book, number: u128, request: Request) {
    let key = request.payment().unwrap().key.clone();
    let known = Known {
        payment: store.payment(&key).await.unwrap(),
        ..Known::default()
    };
    book.tell_knowing(LATER, number, request, &known);
    commits(store, book).await;
}

on_each_store!(
    how_a_payment_stands_is_told_by_its_last_report,
    a_payment_reported_on_another_account_loses
);

async fn how_a_payment_stands_is_told_by_its_last_report(store: &dyn Store) {
    let mut book = ann();
    commits(store, &mut book).await;
    let told = async |reference: &str| {
        let key = purchase(reference).payment().unwrap().key.clone();
        let used = store.payment(&key).await.unwrap().unwrap();
        // The operations that an answer may repeat are found with it.
        let lookups = Lookups {
            payments: vec![key],
            ..Lookups::default()
        };
        let found = store.look_up(&account("ann"), &lookups).await.unwrap();
        let mut decided: Vec<OperationId> = found.decisions.into_keys().collect();
        decided.sort();
        (used.paid_for.clone(), used.standing(), decided)
    };
    let (pack, standing, decided) = told("pay-1").await;
    assert!(matches!(
        pack,
        PaidFor::Pack {
            quantity: 1,
            lot: Sequence(4),
            ..
        }
    ));
    assert_eq!((standing, decided), (PaymentOutcome::Paid, vec![id(4)]));
    for (number, outcome) in [
        (5, PaymentOutcome::Disputed),
        (6, PaymentOutcome::DisputeWon),
    ] {
        reports(store, &mut book, number, report("pay-1", outcome, OPENED)).await;
        let known = told("pay-1").await;
        assert_eq!(known, (pack.clone(), outcome, vec![id(4), id(number)]));
    }
    let term = PaidFor::Term(Term {
        subscription: Sequence(2),
        first: 0,
        months: 1,
    });
    let failed = report("pay-2", PaymentOutcome::Failed, LATER);
    reports(store, &mut book, 7, failed).await;
    let known = told("pay-2").await;
    assert_eq!(known, (term.clone(), PaymentOutcome::Failed, vec![id(7)]));
    let paid = report("pay-2", PaymentOutcome::Paid, LATER);
    reports(store, &mut book, 8, paid).await;
    let known = told("pay-2").await;
    assert_eq!(known, (term, PaymentOutcome::Paid, vec![id(7), id(8)]));
    let loaded = store.load(&account("ann")).await.unwrap();
    assert_eq!(loaded.account, book.account);
}

async fn a_payment_reported_on_another_account_loses(store: &dyn Store) {
    let mut ann = ann();
    let mut bob = Book::new("bob");
    bob.tell(OPENED, 1, Request::OpenAccount)
        .tell(OPENED, 2, subscribe("creator"));
    commits(store, &mut bob).await;
    ann.tell(LATER, 5, report("pay-2", PaymentOutcome::Failed, LATER));
    commits(store, &mut ann).await;
    bob.tell(LATER, 5, report("pay-2", PaymentOutcome::Paid, LATER));
    let lost = store.commit(&[bob.work()]).await.unwrap().lost;
    assert_eq!(lost, [account("bob")]);
}
