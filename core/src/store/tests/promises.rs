//! What every store promises, tried on each of them.

use super::{
    book::{Book, account, at, charge, id, purchase, reserve, subscribe, too_dear},
    on_each_store,
};
use crate::{
    domain::{
        command::Request,
        decide::Known,
        event::{Cause, OperationKind},
        hold::Resolution,
        ids::{AccountId, CatalogVersion, Sequence},
        outcome::Outcome,
        record::Head,
    },
    store::{
        AccountStanding, AccountWindow, KeptCatalog, KeptHold, OperationFilter, SequenceWindow,
        Store,
    },
};

const OPENED: &str = "2026-01-05T09:00:00Z";
const LATER: &str = "2026-01-05T09:10:00Z";

on_each_store!(
    what_is_committed_is_loaded,
    an_account_that_nobody_opened_is_unopened,
    work_decided_on_another_head_loses,
    a_known_operation_id_loses,
    a_refused_id_is_known,
    a_used_payment_loses_on_any_account,
    an_account_opened_twice_loses_once,
    losers_do_not_take_winners_along,
    refusals_of_an_unopened_account_are_kept,
    old_refusals_are_forgotten_and_their_ids_free,
    many_accounts_at_once,
    time_does_the_same_on_two_accounts,
    a_hold_is_found_open_settled_expired_and_settled_late,
    pages_of_a_ledger,
    pages_of_accounts,
    catalogs_are_published_once,
);

async fn commits(store: &dyn Store, book: &mut Book) {
    assert_eq!(lost(store, &mut [book]).await, []);
}

async fn lost(store: &dyn Store, books: &mut [&mut Book]) -> Vec<AccountId> {
    let batch: Vec<_> = books.iter_mut().map(|book| book.work()).collect();
    store.commit(&batch).await.unwrap().lost
}

/// An account with a plan and a charge, committed.
async fn opened(store: &dyn Store, name: &str, ids: u128) -> Book {
    let mut book = Book::new(name);
    book.tell(OPENED, ids, Request::OpenAccount)
        .tell(OPENED, ids + 1, subscribe("creator"))
        .tell(OPENED, ids + 2, charge());
    commits(store, &mut book).await;
    book
}

async fn is_as(store: &dyn Store, book: &Book) {
    let loaded = store.load(&book.account.id).await.unwrap();
    assert_eq!(loaded.account, book.account);
    assert_eq!(loaded.head, book.head);
}

async fn what_is_committed_is_loaded(store: &dyn Store) {
    let mut book = opened(store, "ann", 1).await;
    is_as(store, &book).await;
    book.tell(LATER, 9, reserve()).tell(LATER, 10, too_dear());
    let work = book.work();
    assert_eq!(work.refusals.len(), 1);
    store.commit(std::slice::from_ref(&work)).await.unwrap();
    is_as(store, &book).await;
    let ann = account("ann");
    let decisions = store
        .decisions(&ann, &[id(9), id(10), id(99)])
        .await
        .unwrap();
    assert_eq!(decisions.len(), 2);
    let accepted = Outcome::Accepted(work.operations[0].accepted().unwrap().into());
    assert_eq!(decisions[&id(9)].outcome, accepted);
    let refused = &work.refusals[0];
    assert_eq!(decisions[&id(10)].content, refused.content);
    assert_eq!(
        decisions[&id(10)].outcome,
        Outcome::Refused(refused.refusal.clone().into())
    );
    assert_eq!(store.refusals(&ann, 5).await.unwrap(), work.refusals);
}

async fn an_account_that_nobody_opened_is_unopened(store: &dyn Store) {
    let loaded = store.load(&account("nobody")).await.unwrap();
    assert!(!loaded.account.is_open());
    assert_eq!(loaded.head, Head::START);
    let nobody = account("nobody");
    assert!(store.decisions(&nobody, &[id(1)]).await.unwrap().is_empty());
    assert_eq!(store.hold(&nobody, id(1)).await.unwrap(), None);
    assert_eq!(store.operation_at(&nobody, at(OPENED)).await.unwrap(), None);
}

async fn work_decided_on_another_head_loses(store: &dyn Store) {
    let mut here = opened(store, "ann", 1).await;
    let mut there = here.clone();
    here.tell(LATER, 10, charge());
    there.tell(LATER, 11, charge());
    commits(store, &mut there).await;
    assert_eq!(lost(store, &mut [&mut here]).await, [account("ann")]);
    is_as(store, &there).await;
    // The same position again, with another hash.
    assert_eq!(here.head.sequence, there.head.sequence);
    here.tell(LATER, 12, charge());
    assert_eq!(lost(store, &mut [&mut here]).await, [account("ann")]);
    is_as(store, &there).await;
}

async fn a_known_operation_id_loses(store: &dyn Store) {
    let mut book = opened(store, "ann", 1).await;
    let before = book.clone();
    book.tell(LATER, 3, charge());
    assert_eq!(lost(store, &mut [&mut book]).await, [account("ann")]);
    is_as(store, &before).await;
    // On another account the same id is another operation.
    let other = opened(store, "bob", 1).await;
    is_as(store, &other).await;
}

async fn a_refused_id_is_known(store: &dyn Store) {
    let mut book = opened(store, "ann", 1).await;
    book.tell(LATER, 10, too_dear());
    commits(store, &mut book).await;
    let before = book.clone();
    book.tell(LATER, 10, charge());
    assert_eq!(lost(store, &mut [&mut book]).await, [account("ann")]);
    let mut again = before.clone();
    again.tell(LATER, 10, too_dear());
    assert_eq!(lost(store, &mut [&mut again]).await, [account("ann")]);
    is_as(store, &before).await;
}

async fn old_refusals_are_forgotten_and_their_ids_free(store: &dyn Store) {
    let mut book = opened(store, "ann", 1).await;
    book.tell(LATER, 10, too_dear()).tell(LATER, 11, too_dear());
    commits(store, &mut book).await;
    let later = at(LATER);
    let after = later.saturating_add(chrono::TimeDelta::microseconds(1));
    assert_eq!(store.forget_refusals(later, 9).await.unwrap(), 0);
    assert_eq!(store.forget_refusals(after, 1).await.unwrap(), 1);
    assert_eq!(store.forget_refusals(after, 9).await.unwrap(), 1);
    assert_eq!(store.refusals(&account("ann"), 5).await.unwrap(), []);
    book.tell(LATER, 10, charge());
    commits(store, &mut book).await;
}

async fn a_used_payment_loses_on_any_account(store: &dyn Store) {
    let mut ann = opened(store, "ann", 1).await;
    let mut bob = opened(store, "bob", 1).await;
    ann.tell(LATER, 20, purchase("pay-1"));
    commits(store, &mut ann).await;
    let before = bob.clone();
    bob.tell(LATER, 20, purchase("pay-1"));
    assert_eq!(lost(store, &mut [&mut bob]).await, [account("bob")]);
    is_as(store, &before).await;
    let mut new = Book::new("cyd");
    new.tell(LATER, 1, Request::OpenAccount)
        .tell(LATER, 2, purchase("pay-1"));
    let key = new.clone().work().payments[0].key.clone();
    assert_eq!(lost(store, &mut [&mut new]).await, [account("cyd")]);
    assert!(!store.load(&account("cyd")).await.unwrap().account.is_open());
    let used = store.payment(&key).await.unwrap().unwrap();
    assert_eq!((used.account, used.operation_id), (account("ann"), id(20)));
}

async fn an_account_opened_twice_loses_once(store: &dyn Store) {
    let first = opened(store, "ann", 1).await;
    let mut second = Book::new("ann");
    second.tell(OPENED, 7, Request::OpenAccount);
    assert_eq!(lost(store, &mut [&mut second]).await, [account("ann")]);
    is_as(store, &first).await;
}

async fn losers_do_not_take_winners_along(store: &dyn Store) {
    let mut ann = opened(store, "ann", 1).await;
    let mut bob = opened(store, "bob", 1).await;
    let mut stale = ann.clone();
    ann.tell(LATER, 10, charge());
    commits(store, &mut ann).await;
    stale.tell(LATER, 11, charge());
    bob.tell(LATER, 10, charge());
    let mut dan = Book::new("dan");
    dan.tell(LATER, 1, Request::OpenAccount);
    let losers = lost(store, &mut [&mut dan, &mut stale, &mut bob]).await;
    assert_eq!(losers, [account("ann")]);
    for book in [&ann, &bob, &dan] {
        is_as(store, book).await;
    }
}

async fn refusals_of_an_unopened_account_are_kept(store: &dyn Store) {
    let mut book = Book::new("ann");
    book.tell(OPENED, 1, charge());
    commits(store, &mut book).await;
    is_as(store, &book).await;
    assert_eq!(store.refusals(&account("ann"), 5).await.unwrap().len(), 1);
    let none = store
        .accounts(&AccountWindow {
            limit: 9,
            ..AccountWindow::default()
        })
        .await;
    assert_eq!(none.unwrap(), []);
    book.tell(OPENED, 2, Request::OpenAccount);
    commits(store, &mut book).await;
    is_as(store, &book).await;
}

async fn many_accounts_at_once(store: &dyn Store) {
    let mut books: Vec<Book> = (0..150)
        .map(|n| Book::new(&format!("account-{n}")))
        .collect();
    for book in &mut books {
        book.tell(OPENED, 1, Request::OpenAccount)
            .tell(OPENED, 2, subscribe("starter"));
    }
    assert_eq!(
        lost(store, &mut books.iter_mut().collect::<Vec<_>>()).await,
        []
    );
    for (n, book) in (3..).zip(&mut books) {
        book.tell(LATER, n, charge());
    }
    assert_eq!(
        lost(store, &mut books.iter_mut().collect::<Vec<_>>()).await,
        []
    );
    for book in &books {
        is_as(store, book).await;
    }
}

/// What time does has ids derived from the position, which are the same on every account.
async fn time_does_the_same_on_two_accounts(store: &dyn Store) {
    for name in ["ann", "bob"] {
        let mut book = opened(store, name, 1).await;
        book.pass(at("2026-03-20T00:00:00Z"));
        let work = book.work();
        assert!(
            work.operations
                .iter()
                .all(|record| record.content.is_none())
        );
        assert_eq!(
            store
                .commit(std::slice::from_ref(&work))
                .await
                .unwrap()
                .lost,
            []
        );
        is_as(store, &book).await;
        let derived = work.operations[0].operation_id;
        let decisions = store.decisions(&account(name), &[derived]).await.unwrap();
        assert_eq!(decisions[&derived].content, [0; 32]);
    }
}

async fn a_hold_is_found_open_settled_expired_and_settled_late(store: &dyn Store) {
    let ann = account("ann");
    let mut book = opened(store, "ann", 1).await;
    for hold in 10..14 {
        book.tell(LATER, hold, reserve());
    }
    commits(store, &mut book).await;
    let open = book.account.hold(id(10)).unwrap().clone();
    assert_eq!(
        store.hold(&ann, id(10)).await.unwrap(),
        Some(KeptHold::Open(open.clone()))
    );
    assert_eq!(
        store.hold(&ann, id(3)).await.unwrap(),
        None,
        "a charge is no hold"
    );

    let actual = Default::default();
    book.tell(
        LATER,
        20,
        Request::Settle {
            hold: id(10),
            actual,
        },
    );
    book.tell(LATER, 21, Request::Release { hold: id(11) });
    book.pass(at("2026-01-05T12:00:00Z"));
    commits(store, &mut book).await;
    let cost = open.amount;
    for (hold, ended) in [
        (10, Resolution::Settled { cost }),
        (11, Resolution::Released),
        // Both of what expired together, of which the ledger's index names the first.
        (12, Resolution::Expired),
        (13, Resolution::Expired),
    ] {
        let Some(KeptHold::Resolved(resolved)) = store.hold(&ann, id(hold)).await.unwrap() else {
            panic!("hold {hold} has ended");
        };
        assert_eq!((resolved.id, resolved.resolution), (id(hold), ended));
        assert_eq!(
            (resolved.amount, &resolved.spend),
            (open.amount, &open.spend)
        );
    }

    let Some(KeptHold::Resolved(expired)) = store.hold(&ann, id(12)).await.unwrap() else {
        panic!("hold 12 has expired");
    };
    let known = Known {
        hold: Some(expired),
        ..Known::default()
    };
    let late = Request::Settle {
        hold: id(12),
        actual,
    };
    book.tell_knowing("2026-01-06T00:00:00Z", 22, late, &known);
    commits(store, &mut book).await;
    let Some(KeptHold::Resolved(late)) = store.hold(&ann, id(12)).await.unwrap() else {
        panic!("hold 12 was settled");
    };
    assert_eq!(late.resolution, Resolution::SettledLate { cost });
}

async fn pages_of_a_ledger(store: &dyn Store) {
    let ann = account("ann");
    let mut book = opened(store, "ann", 1).await;
    for charged in 10..15 {
        book.tell(LATER, charged, charge());
    }
    book.tell(LATER, 15, reserve());
    book.tell(LATER, 16, Request::Release { hold: id(15) });
    let ledger = book.clone().work().operations;
    commits(store, &mut book).await;
    let page = |above, below, newest_first, limit| SequenceWindow {
        above,
        below,
        newest_first,
        limit,
    };
    let all = OperationFilter::default();
    let charges = OperationFilter {
        kinds: vec![OperationKind::Charge],
        model: ledger[0].model.clone(),
        action: ledger[0].action.clone(),
        ..OperationFilter::default()
    };
    let of_hold = OperationFilter {
        holds: vec![id(15)],
        ..OperationFilter::default()
    };
    let at_position = |n| Some(Sequence(n));
    for (filter, window, expected) in [
        (&all, page(None, None, true, 2), vec![10, 9]),
        (
            &all,
            page(at_position(3), at_position(6), false, 9),
            vec![4, 5],
        ),
        (
            &charges,
            page(at_position(4), None, true, 9),
            vec![8, 7, 6, 5],
        ),
        (&of_hold, page(None, None, false, 9), vec![10]),
    ] {
        let found = store.operations(&ann, filter, &window).await.unwrap();
        let positions: Vec<i64> = found.iter().map(|record| record.sequence.0).collect();
        assert_eq!(positions, expected, "{filter:?} {window:?}");
    }
    let first = page(at_position(3), None, false, 9);
    assert_eq!(store.operations(&ann, &all, &first).await.unwrap(), ledger);
    let then = store
        .operation_at(&ann, at("2026-01-05T09:05:00Z"))
        .await
        .unwrap();
    assert_eq!(then.map(|record| record.sequence), at_position(3));
    let before = store
        .operation_at(&ann, at("2026-01-01T00:00:00Z"))
        .await
        .unwrap();
    assert_eq!(before, None);
}

async fn pages_of_accounts(store: &dyn Store) {
    for name in ["ann", "bob", "cyd"] {
        opened(store, name, 1).await;
    }
    let mut bob = Book::of(store.load(&account("bob")).await.unwrap());
    bob.tell(LATER, 9, Request::CancelSubscription);
    commits(store, &mut bob).await;
    let window = AccountWindow {
        newest_first: true,
        limit: 2,
        ..AccountWindow::default()
    };
    let newest = store.accounts(&window).await.unwrap();
    let names = |page: &[(i64, AccountId)]| -> Vec<String> {
        page.iter().map(|(_, id)| id.to_string()).collect()
    };
    assert_eq!(names(&newest), ["cyd", "bob"]);
    let next = AccountWindow {
        below: Some(newest[1].0),
        ..window.clone()
    };
    assert_eq!(names(&store.accounts(&next).await.unwrap()), ["ann"]);
    let active = AccountWindow {
        standings: vec![AccountStanding::Active],
        newest_first: false,
        ..window.clone()
    };
    assert_eq!(
        names(&store.accounts(&active).await.unwrap()),
        ["ann", "cyd"]
    );
    let cancelling = AccountWindow {
        standings: vec![AccountStanding::Cancelling, AccountStanding::Unsubscribed],
        ..window
    };
    assert_eq!(names(&store.accounts(&cancelling).await.unwrap()), ["bob"]);
}

async fn catalogs_are_published_once(store: &dyn Store) {
    let kept = |version: i32, source: &str| KeptCatalog {
        cause: None,
        version: CatalogVersion(version),
        effective_at: at(OPENED),
        published_at: at(OPENED),
        hash: blake3::hash(source.as_bytes()).into(),
        source: source.to_owned(),
    };
    assert!(store.publish(&kept(2, "two")).await.unwrap());
    assert!(store.publish(&kept(1, "one")).await.unwrap());
    assert!(!store.publish(&kept(2, "another")).await.unwrap());
    let called = |version: i32| KeptCatalog {
        cause: Some(Cause {
            operation_id: id(7),
            content: [7; 32],
        }),
        ..kept(version, "three")
    };
    assert!(store.publish(&called(3)).await.unwrap());
    assert!(!store.publish(&called(4)).await.unwrap());
    assert_eq!(
        store.catalogs().await.unwrap(),
        [kept(1, "one"), kept(2, "two"), called(3)]
    );
}
