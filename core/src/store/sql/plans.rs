//! Every statement finds its rows by an index, however large the tables grow.

use std::sync::{Arc, Mutex};

use sea_orm::{ConnectionTrait, Statement, metric::Info};

use crate::{
    domain::{command::Request, day::Day, event::OperationKind, ids::Sequence},
    store::{
        AccountStanding, AccountWindow, DuePlace, DueWindow, OperationFilter, SequenceWindow,
        Store, UsageDimension, UsageQuery,
        tests::{Book, File, at, charge, id, postgres, purchase, reserve, subscribe},
    },
};

const OPENED: &str = "2026-01-05T09:00:00Z";

/// Uses all of the store that runs with every call.
async fn use_all(store: &dyn Store) {
    let mut book = Book::new("ann");
    book.tell(OPENED, 1, Request::OpenAccount);
    store.commit(&[book.work()]).await.unwrap();
    book.tell(OPENED, 2, subscribe("creator"))
        .tell(OPENED, 3, charge())
        .tell(OPENED, 4, purchase("pay-1"))
        .tell(OPENED, 5, reserve())
        .tell(OPENED, 6, Request::Release { hold: id(5) })
        .tell(OPENED, 7, Request::OpenAccount);
    let work = book.work();
    store.commit(std::slice::from_ref(&work)).await.unwrap();
    let ann = &book.account.id;
    store.load(ann).await.unwrap();
    store.decisions(ann, &[id(3), id(7)]).await.unwrap();
    store.payment(&work.payments[0].key).await.unwrap();
    store.hold(ann, id(5)).await.unwrap();
    store.operation_at(ann, at(OPENED)).await.unwrap();
    store.refusals(ann, 9).await.unwrap();
    let window = SequenceWindow {
        above: Some(Sequence(1)),
        below: Some(Sequence(9)),
        newest_first: true,
        limit: 9,
    };
    let of_hold = OperationFilter {
        holds: vec![id(5)],
        ..OperationFilter::default()
    };
    let reported = purchase("pay-1").payment().unwrap().key.clone();
    store.payment(&reported).await.unwrap();
    let of_chain = OperationFilter {
        kinds: vec![OperationKind::Charge],
        chain: Some(id(3)),
        ..OperationFilter::default()
    };
    let some = OperationFilter {
        sequences: vec![Sequence(2), Sequence(3)],
        ..OperationFilter::default()
    };
    for filter in [OperationFilter::default(), of_hold, some] {
        store.operations(ann, &filter, &window).await.unwrap();
    }
    let whole = SequenceWindow {
        above: None,
        below: None,
        ..window
    };
    store.operations(ann, &of_chain, &whole).await.unwrap();
    let accounts = AccountWindow {
        standings: vec![AccountStanding::Active],
        above: Some(0),
        limit: 9,
        ..AccountWindow::default()
    };
    store.accounts(&accounts).await.unwrap();
    store.payments_without_effect(None, 9).await.unwrap();
    for after in [None, Some(DuePlace { at_us: 0, key: 0 })] {
        let window = DueWindow {
            before: at("2027-01-01T00:00:00Z"),
            after,
            limit: 9,
        };
        assert_eq!(store.due_accounts(&window).await.unwrap().len(), 1);
    }
    store.next_due_after(at(OPENED)).await.unwrap().unwrap();
    for by in [vec![], vec![UsageDimension::Day, UsageDimension::Project]] {
        let usage = UsageQuery::of_days(Day::MIN, Day::MAX, &by);
        store.usage(ann, &usage).await.unwrap();
    }
}

#[tokio::test]
async fn no_statement_reads_a_whole_table() {
    let file = File::new().await;
    let store = file.open().await;
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let writing = store.writing.as_ref().unwrap();
    for pool in [&store.readers, &writing.pool] {
        let seen = Arc::clone(&seen);
        pool.watch(move |info| {
            seen.lock().unwrap().push(info.statement.sql.clone());
        });
    }
    use_all(&store).await;
    let raw = file.raw().await;
    let mut seen = std::mem::take(&mut *seen.lock().unwrap());
    let batches = store.asked_of_file().await;
    assert!(batches.len() > 10, "{batches:#?}");
    seen.extend(batches);
    assert!(seen.len() > 30, "{seen:#?}");
    let mut of_chain = 0;
    for sql in &seen {
        let explain = format!("EXPLAIN QUERY PLAN {sql}");
        let asked = Statement::from_string(raw.get_database_backend(), explain);
        for step in raw.query_all_raw(asked).await.unwrap() {
            let step: String = step.try_get_by("detail").unwrap();
            let scan = ["account", "operation", "refusal", "payment", "usage"]
                .iter()
                .any(|table| step.starts_with(&format!("SCAN {table}")));
            of_chain += usize::from(
                step.contains("INDEX operation_chain_account (chain=? AND account_id=?"),
            );
            // Sums that are grouped another way than the table is sorted are few.
            let sorts = step.contains("TEMP B-TREE") && !sql.contains("counted_to");
            assert!(!scan && !sorts, "{sql}\n{step}");
        }
    }
    assert_eq!(of_chain, 1, "the attempts of a chain are found by its root");
}

/// Nobody has counted the rows of a new table, and it was empty when the first plans were made.
#[tokio::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn no_statement_reads_a_whole_table_of_a_server() {
    let url = postgres::database().await;
    let store = postgres::connect(&url).await;
    use_all(&store).await;
    store.close().await;
    let read = "SELECT relname FROM pg_stat_user_tables WHERE seq_scan > 0 \
                AND relname NOT IN ('catalog', 'seaql_migrations')";
    let raw = postgres::raw(&url).await;
    let asked = Statement::from_string(raw.get_database_backend(), read);
    let whole = raw.query_all_raw(asked).await.unwrap();
    let whole: Vec<String> = whole
        .iter()
        .map(|row| row.try_get_by_index(0).unwrap())
        .collect();
    assert_eq!(whole, Vec::<String>::new());
}

/// A server that has not counted yet takes each table and each account for small: even so, none of them is
/// walked through to find what one of its columns finds.
#[tokio::test]
#[cfg_attr(not(require_all), ignore = "needs PostgreSQL")]
async fn ids_are_not_looked_for_among_all_that_a_hot_account_has() {
    const CHARGES: u128 = 40;
    let url = postgres::database().await;
    let store = postgres::connect(&url).await;
    let mut book = Book::new("ann");
    book.tell(OPENED, 1, Request::OpenAccount)
        .tell(OPENED, 2, subscribe("creator"));
    for number in 0..CHARGES {
        book.tell(OPENED, 3 + number, charge());
    }
    book.tell(OPENED, 3 + CHARGES, reserve());
    store.commit(&[book.work()]).await.unwrap();
    let seen: Arc<Mutex<Vec<Statement>>> = Arc::default();
    let writing = store.writing.as_ref().unwrap();
    for pool in [&store.readers, &writing.pool] {
        let seen = Arc::clone(&seen);
        pool.watch(move |info: &Info| seen.lock().unwrap().push(info.statement.clone()));
    }
    let ids = [id(3), id(4), id(5)];
    let found = store.decisions(&book.account.id, &ids).await.unwrap();
    assert_eq!(found.len(), ids.len());
    let hold = id(3 + CHARGES);
    let kept = store.hold(&book.account.id, hold).await.unwrap();
    assert!(kept.is_some());
    book.tell(OPENED, 4 + CHARGES, charge());
    store.commit(&[book.work()]).await.unwrap();
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    let reader = store.readers.get();
    let mut looked_at = 0;
    for statement in seen {
        if !statement.sql.starts_with("SELECT") {
            continue;
        }
        let explain = Statement {
            sql: format!("EXPLAIN {}", statement.sql),
            ..statement
        };
        let steps = reader.query_all_raw(explain).await.unwrap();
        let steps: Vec<String> = steps
            .iter()
            .map(|step| step.try_get_by_index(0).unwrap())
            .collect();
        let plan = steps.join("\n");
        for (step, next) in steps
            .iter()
            .zip(steps.iter().skip(1).chain([&String::new()]))
        {
            if !step.contains("Index Scan") && !step.contains("Index Only Scan") {
                continue;
            }
            looked_at += 1;
            assert!(next.contains("Index Cond"), "{plan}");
            let of_account = step.contains("using operation_pkey") && !next.contains("sequence");
            assert!(!of_account, "{plan}");
        }
    }
    assert!(looked_at > 5, "{looked_at}");
}
