//! What a store returns of a payment: what it is for, and its last report.

use super::{
    book::{Book, account, charge, id, purchase, report, subscribe},
    on_each_store,
};
use crate::{
    domain::{
        command::Request,
        decide::Known,
        ids::{PackId, Sequence},
        payment::{PaidFor, PaymentOutcome},
        term::Term,
    },
    store::Store,
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
    a_payment_reported_on_another_account_loses,
    a_payment_without_effect_is_listed_until_it_is_given_back
);

async fn how_a_payment_stands_is_told_by_its_last_report(store: &dyn Store) {
    let mut book = ann();
    commits(store, &mut book).await;
    let known = async |reference: &str| {
        let key = purchase(reference).payment().unwrap().key.clone();
        let used = store.payment(&key).await.unwrap().unwrap();
        (used.operation_id, used.paid_for, used.last)
    };
    let (used_by, pack, never) = known("pay-1").await;
    let bought = PaidFor::Pack {
        pack: PackId::parse("boost").unwrap(),
        quantity: 1,
        lot: Sequence(4),
    };
    assert_eq!((used_by, &pack, never), (id(4), &bought, None));
    for (number, outcome) in [
        (5, PaymentOutcome::Disputed),
        (6, PaymentOutcome::DisputeWon),
    ] {
        reports(store, &mut book, number, report("pay-1", outcome, OPENED)).await;
        let expected = (id(4), pack.clone(), Some(outcome));
        assert_eq!(known("pay-1").await, expected);
    }
    let term = PaidFor::Term(Term {
        subscription: Sequence(2),
        first: 0,
        months: 1,
    });
    for (number, outcome) in [(7, PaymentOutcome::Failed), (8, PaymentOutcome::Paid)] {
        reports(store, &mut book, number, report("pay-2", outcome, LATER)).await;
        let expected = (id(7), term.clone(), Some(outcome));
        assert_eq!(known("pay-2").await, expected);
    }
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

async fn a_payment_without_effect_is_listed_until_it_is_given_back(store: &dyn Store) {
    use PaymentOutcome::{Failed, Paid, Refunded};
    const LAPSED: &str = "2026-03-10T00:00:00Z";
    for name in ["ann", "bob", "cat"] {
        let mut book = Book::new(name);
        let payment = |outcome| report(name, outcome, OPENED);
        book.tell(OPENED, 1, Request::OpenAccount)
            .tell(OPENED, 2, subscribe("creator"))
            .tell(LATER, 3, payment(Failed));
        commits(store, &mut book).await;
        let mut reported = vec![(4, Paid)];
        if name == "bob" {
            reported.push((5, Refunded));
        }
        for (number, outcome) in reported {
            let known = Known {
                payment: store
                    .payment(&payment(outcome).payment().unwrap().key)
                    .await
                    .unwrap(),
                ..Known::default()
            };
            book.tell_knowing(LAPSED, number, payment(outcome), &known);
            commits(store, &mut book).await;
        }
    }
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = store.payments_without_effect(after, 1).await.unwrap();
        let Some((place, record)) = page.into_iter().next() else {
            break;
        };
        assert_eq!(record.operation_id, id(4));
        found.push(record.account);
        after = Some(place);
    }
    assert_eq!(found, [account("ann"), account("cat")]);
}
