//! Accounts with something due are found, in order, and loaded as by themselves.

use super::{
    book::{Book, at, charge, purchase, reserve, subscribe},
    on_each_store,
    sqlite::File,
};
use crate::{
    domain::{
        command::Request,
        ids::{AccountId, PackId},
        time::Instant,
    },
    store::{DueAccount, DuePlace, DueWindow, Store},
};

/// The day of the month on which each account was opened, and so renews.
const DAYS: [(&str, &str); 4] = [
    ("dan", "2026-01-07T00:00:00Z"),
    ("ann", "2026-01-03T00:00:00Z"),
    ("cid", "2026-01-05T00:00:00Z"),
    ("bob", "2026-01-05T00:00:00Z"),
];

async fn furnished(store: &dyn Store) {
    for (number, (name, opened)) in (0_u128..).zip(DAYS) {
        let mut book = Book::new(name);
        book.tell(opened, 10 * number, Request::OpenAccount).tell(
            opened,
            10 * number + 1,
            subscribe("creator"),
        );
        store.commit(&[book.work()]).await.unwrap();
    }
}

async fn due(
    store: &dyn Store,
    before: &str,
    after: Option<DuePlace>,
    limit: u64,
) -> Vec<DueAccount> {
    let window = DueWindow {
        before: at(before),
        after,
        limit,
    };
    store.due_accounts(&window).await.unwrap()
}

fn names(due: &[DueAccount]) -> Vec<&'static str> {
    let name = |one: &DueAccount| one.loaded.as_ref().unwrap().account.id.as_str().to_owned();
    let known = |name: String| DAYS.iter().find(|(known, _)| *known == name).unwrap().0;
    due.iter().map(name).map(known).collect()
}

on_each_store!(
    they_come_in_the_order_in_which_they_are_due_and_go_on_after_a_place,
    the_next_instant_is_after_the_one_that_is_named,
    an_account_whose_row_is_behind_is_loaded_as_by_itself,
    a_renewal_is_committed_without_a_look_at_the_renewals_of_others
);

async fn they_come_in_the_order_in_which_they_are_due_and_go_on_after_a_place(store: &dyn Store) {
    furnished(store).await;
    let instants = [
        ("2026-02-02T23:59:59.999999Z", vec![]),
        ("2026-02-03T00:00:00Z", vec!["ann"]),
        ("2026-02-05T00:00:00Z", vec!["ann", "cid", "bob"]),
        ("2030-01-01T00:00:00Z", vec!["ann", "cid", "bob", "dan"]),
    ];
    for (before, wanted) in instants {
        let found = due(store, before, None, 9).await;
        assert_eq!(names(&found), wanted, "until {before}");
    }
    // In parts, of which two end between accounts of one instant.
    for limit in 1..=4 {
        let (mut seen, mut place) = (Vec::new(), None);
        // More often than there can be parts, the last ones empty.
        for _ in 0..=4 {
            let part = due(store, "2030-01-01T00:00:00Z", place, limit).await;
            assert!(part.len() as u64 <= limit);
            seen.extend(names(&part));
            place = part.last().map(|last| last.place).or(place);
        }
        assert_eq!(seen, ["ann", "cid", "bob", "dan"], "{limit} at a time");
    }
}

async fn the_next_instant_is_after_the_one_that_is_named(store: &dyn Store) {
    assert_eq!(
        store.next_due_after(Instant::default()).await.unwrap(),
        None
    );
    furnished(store).await;
    let table = [
        ("2026-01-01T00:00:00Z", Some("2026-02-03T00:00:00Z")),
        ("2026-02-02T23:59:59Z", Some("2026-02-03T00:00:00Z")),
        ("2026-02-03T00:00:00Z", Some("2026-02-05T00:00:00Z")),
        ("2026-02-07T00:00:00Z", None),
    ];
    for (after, wanted) in table {
        let next = store.next_due_after(at(after)).await.unwrap();
        assert_eq!(next, wanted.map(at), "after {after}");
    }
}

async fn an_account_whose_row_is_behind_is_loaded_as_by_itself(store: &dyn Store) {
    let mut book = Book::new("ann");
    book.tell(DAYS[1].1, 1, Request::OpenAccount)
        .tell(DAYS[1].1, 2, subscribe("studio"));
    store.commit(&[book.work()]).await.unwrap();
    furnished_others(store).await;
    for operation in 3..=20_u128 {
        book.tell(DAYS[1].1, operation, charge());
        store.commit(&[book.work()]).await.unwrap();
        let found = due(store, "2026-02-05T00:00:00Z", None, 9).await;
        let loaded = found[0].loaded.as_ref().unwrap();
        assert_eq!((&loaded.account, loaded.head), (&book.account, book.head));
        assert_eq!(names(&found), ["ann", "cid"]);
    }
}

async fn furnished_others(store: &dyn Store) {
    let (name, opened) = DAYS[2];
    let mut book = Book::new(name);
    book.tell(opened, 90, Request::OpenAccount)
        .tell(opened, 91, subscribe("creator"))
        .tell(opened, 92, charge());
    store.commit(&[book.work()]).await.unwrap();
}

/// Whatever moves the next due instant writes the row, also a plain charge: the index is what a sweep
/// sees.
#[tokio::test]
async fn the_index_always_says_what_the_account_is_due_next() {
    const OPENED: &str = "2026-01-03T00:00:00Z";
    /// The pack ends on the 3rd of April, the period on the 3rd of each month.
    const LATE: &str = "2026-04-02T12:00:00Z";
    let top_up = |reference: &str| match purchase(reference) {
        Request::PurchasePack { payment, .. } => Request::PurchasePack {
            pack: PackId::parse("top-up").unwrap(),
            quantity: 1,
            catalog_version: None,
            payment,
        },
        _ => unreachable!("it is a purchase"),
    };
    let file = File::new().await;
    let store = file.open().await;
    let mut book = Book::new("ann");
    // 90 days after the evening of the 2nd of January it is the 2nd of April.
    book.tell("2026-01-02T20:00:00Z", 1, Request::OpenAccount)
        .tell("2026-01-02T20:00:00Z", 2, top_up("pay-1"))
        .tell(OPENED, 3, subscribe("studio"));
    store.commit(&[book.work()]).await.unwrap();
    let mut moved_by_a_charge = 0;
    for operation in 4..=40_u128 {
        let before = book.account.next_due_at();
        let asks = if operation == 20 { reserve() } else { charge() };
        let is_charge = matches!(asks, Request::Charge { .. });
        book.tell(LATE, operation, asks);
        let work = book.work();
        let one = work.operations.len() == 1;
        store.commit(&[work]).await.unwrap();
        let due = book.account.next_due_at();
        moved_by_a_charge += usize::from(one && is_charge && due != before);
        let indexed = file.number("SELECT next_due_at_us FROM account").await;
        assert_eq!(Some(indexed), due.map(Instant::micros), "after {operation}");
    }
    assert_eq!(moved_by_a_charge, 1, "the charge that used the pack up");
}

#[tokio::test]
async fn an_account_that_makes_no_sense_does_not_hide_the_others() {
    let broken = [
        "UPDATE account SET snapshot = '{}' WHERE external_id = 'ann'",
        "UPDATE account SET held = 7 WHERE external_id = 'ann'",
        // Its row is further behind than it may be.
        "UPDATE account SET sequence = 1, snapshot = json_set(snapshot, '$.sequence', 1) \
         WHERE external_id = 'ann'",
    ];
    for statement in broken {
        let file = File::new().await;
        let store = file.open().await;
        furnished(&store).await;
        file.execute(statement).await;
        let mut found = due(&store, "2026-02-05T00:00:00Z", None, 9).await;
        assert!(found.remove(0).loaded.is_err(), "{statement}");
        assert_eq!(names(&found), ["cid", "bob"]);
    }
}

/// What time did on many accounts has one id: a commit must not look through all of them.
async fn a_renewal_is_committed_without_a_look_at_the_renewals_of_others(store: &dyn Store) {
    furnished(store).await;
    let due = due(store, "2030-01-01T00:00:00Z", None, 9).await;
    let mut books: Vec<Book> = due
        .into_iter()
        .map(|one| Book::of(one.loaded.unwrap()))
        .collect();
    for book in &mut books {
        let work = book.pass(at("2026-02-07T00:00:00Z")).work();
        assert_eq!(work.operations.len(), 2);
        assert_eq!(work.operation_ids().count(), 0, "no client gave one");
        assert_eq!(
            store.commit(&[work]).await.unwrap().lost,
            Vec::<AccountId>::new()
        );
    }
}
