//! A sound ledger has no findings, and each kind of damage to a database has its own.

use std::collections::HashMap;

use sea_orm::ConnectionTrait;

use super::{PAGE, Report, Rule, verify};
use crate::{
    domain::{
        command::Request,
        decide::Known,
        ids::{PlanId, Sequence},
        payment::{PaidFor, PaymentOutcome, PaymentUse},
        term::Term,
    },
    store::{
        Store,
        tests::{Book, File, at, charge, id, on_each_store, purchase, report, reserve, subscribe},
    },
};

/// Two accounts with all kinds of operations, over a year.
async fn fill(store: &dyn Store) -> u64 {
    let mut operations = 0;
    for name in ["ann", "bob"] {
        let mut book = Book::new(name);
        book.tell("2026-01-31T09:00:00Z", 1, Request::OpenAccount)
            .tell("2026-01-31T09:00:00Z", 2, subscribe("studio"))
            .tell("2026-01-31T09:01:00Z", 3, charge())
            .tell("2026-02-01T00:00:00Z", 4, purchase(name))
            .tell("2026-02-02T00:00:00Z", 5, reserve())
            .tell("2026-02-02T00:00:01Z", 6, reserve())
            .tell("2026-02-02T00:00:02Z", 7, reserve())
            .tell(
                "2026-02-02T00:01:00Z",
                8,
                Request::Settle {
                    hold: id(5),
                    actual: Default::default(),
                },
            )
            .tell("2026-02-02T00:02:00Z", 9, Request::Release { hold: id(6) })
            .tell("2026-02-02T00:03:00Z", 10, Request::OpenAccount)
            .tell("2026-08-01T00:00:00Z", 11, charge())
            .tell("2026-08-01T00:00:00Z", 12, Request::CancelSubscription)
            .pass(at("2027-01-01T00:00:00Z"));
        book.tell("2027-01-01T00:00:00Z", 19, subscribe("starter"));
        reports(&mut book, name);
        book.tell("2027-06-01T00:00:00Z", 13, subscribe("starter"))
            .tell("2027-06-01T00:00:00Z", 14, reserve())
            .tell("2027-06-01T00:01:00Z", 15, reserve())
            .pass(at("2027-06-02T00:00:00Z"))
            .tell("2027-06-02T00:00:00Z", 16, change("studio"))
            .tell("2027-06-03T00:00:00Z", 17, change("creator"))
            .pass(at("2028-07-02T00:00:00Z"));
        operations += u64::try_from(book.head.sequence.0).unwrap();
        assert_eq!(store.commit(&[book.work()]).await.unwrap().lost, []);
    }
    operations
}

fn change(plan: &str) -> Request {
    Request::ChangePlan {
        plan: PlanId::parse(plan).unwrap(),
        interval: None,
    }
}

/// A term that fails, is withheld and is paid later; a pack and a term that are taken back; a lapse.
fn reports(book: &mut Book, name: &str) {
    use PaymentOutcome::{Disputed, Failed, Paid, Refunded};
    let mut known: HashMap<String, PaymentUse> = HashMap::new();
    for (number, now, reference, outcome) in [
        (20, "2027-02-10T00:00:00Z", "term", Failed),
        (21, "2027-03-05T00:00:00Z", "term", Paid),
        (22, "2027-03-06T00:00:00Z", "term", Disputed),
        (23, "2027-03-07T00:00:00Z", "term", Refunded),
        (24, "2027-04-02T00:00:00Z", "last", Failed),
    ] {
        let reference = format!("{reference}-{name}");
        let before = Known {
            payment: known.get(&reference).cloned(),
            ..Known::default()
        };
        book.tell_knowing(now, number, report(&reference, outcome, now), &before);
        let paid_for = PaidFor::Term(Term {
            subscription: book.account.subscription.as_ref().unwrap().id,
            first: 1,
            months: 1,
        });
        let operation_id = before.payment.map_or(id(number), |used| used.operation_id);
        let used = PaymentUse {
            key: report(&reference, outcome, now)
                .payment()
                .unwrap()
                .key
                .clone(),
            account: book.account.id.clone(),
            operation_id,
            paid_for,
            last: Some(outcome),
        };
        known.insert(reference, used);
    }
    book.pass(at("2027-06-01T00:00:00Z"));
    assert_eq!(book.account.subscription, None);
}

/// Where the first report of a term's payment is in each account's ledger.
const TERM_FAILED: Option<Sequence> = Some(Sequence(45));

/// A finding without its words.
type Found = (Rule, Option<Sequence>);

fn rules(report: &Report) -> Vec<Found> {
    report
        .findings
        .iter()
        .map(|finding| (finding.rule, finding.sequence))
        .collect()
}

/// An account with so many operations.
fn long(name: &str, length: u64) -> Book {
    const AT: &str = "2026-01-31T09:00:00Z";
    let mut book = Book::new(name);
    book.tell(AT, 1, Request::OpenAccount)
        .tell(AT, 2, subscribe("studio"));
    let begun = u64::try_from(book.head.sequence.0).unwrap();
    for number in 0..u128::from(length - begun) {
        let request = if number % 2 == 0 {
            reserve()
        } else {
            let hold = id(99 + number);
            Request::Release { hold }
        };
        book.tell(AT, 100 + number, request);
    }
    assert_eq!(u64::try_from(book.head.sequence.0), Ok(length));
    book
}

on_each_store!(
    a_ledger_is_proved_to_its_end_whether_its_last_page_is_full_or_not,
    a_sound_ledger_has_no_findings
);

async fn a_ledger_is_proved_to_its_end_whether_its_last_page_is_full_or_not(store: &dyn Store) {
    for length in [PAGE, PAGE + 1] {
        let mut book = long(&format!("of-{length}"), length);
        assert_eq!(store.commit(&[book.work()]).await.unwrap().lost, []);
    }
    let report = verify(store).await.unwrap();
    assert_eq!(rules(&report), []);
    assert_eq!(report.operations, 2 * PAGE + 1);
}

async fn a_sound_ledger_has_no_findings(store: &dyn Store) {
    let operations = fill(store).await;
    let report = verify(store).await.unwrap();
    assert!(report.is_clean(), "{:#?}", report.findings);
    assert_eq!((report.accounts, report.operations), (2, operations));
}

#[tokio::test]
async fn it_runs_beside_the_writer() {
    let file = File::new().await;
    let store = file.open().await;
    fill(&store).await;
    assert!(verify(&file.open_to_read().await).await.unwrap().is_clean());
}

/// Damages a database as someone with full access could, and tells what is found then.
async fn after(damage: &str) -> Vec<Found> {
    let file = File::new().await;
    let store = file.open().await;
    fill(&store).await;
    let raw = file.raw().await;
    for trigger in [
        "operation_update",
        "operation_delete",
        "operation_replace",
        "account_delete",
        "payment_update",
        "payment_delete",
        "payment_replace",
    ] {
        raw.execute_unprepared(&format!("DROP TRIGGER {trigger}"))
            .await
            .unwrap();
    }
    raw.execute_unprepared(&format!("PRAGMA foreign_keys = OFF; {damage}"))
        .await
        .unwrap();
    rules(&verify(&file.open_to_read().await).await.unwrap())
}

#[tokio::test]
async fn each_damage_is_found() {
    let third = Some(Sequence(3));
    let fourth = Some(Sequence(4));
    let cases: [(&str, &[Found]); 21] = [
        (
            "UPDATE operation SET consumed = consumed + 1 WHERE account_id = 1 AND sequence = 3",
            &[(Rule::Hash, third), (Rule::Columns, third)],
        ),
        (
            "UPDATE operation SET at_us = at_us + 1 WHERE account_id = 1 AND sequence = 1",
            &[(Rule::Hash, Some(Sequence(1))), (Rule::Snapshot, None)],
        ),
        (
            "UPDATE operation SET previous = zeroblob(32) WHERE account_id = 1 AND sequence = 3",
            &[(Rule::Chain, third), (Rule::Hash, third)],
        ),
        (
            "DELETE FROM operation WHERE account_id = 1 AND sequence = 3",
            &[
                (Rule::Sequence, fourth),
                (Rule::Chain, fourth),
                (Rule::Lot, None),
            ],
        ),
        (
            "UPDATE operation SET held_after = 1 WHERE account_id = 1 AND sequence = 3",
            &[
                (Rule::Hash, third),
                (Rule::Balance, third),
                (Rule::Balance, third),
            ],
        ),
        (
            "UPDATE operation SET postings = replace(postings, '-', '-9') \
             WHERE account_id = 1 AND sequence = 3",
            &[(Rule::Hash, third), (Rule::Conservation, third)],
        ),
        (
            "UPDATE operation SET fact = 'x' WHERE account_id = 1 AND sequence = 3",
            &[(Rule::Hash, third), (Rule::Row, third)],
        ),
        (
            "UPDATE operation SET payment = '[\"a\",\"b\"]' WHERE account_id = 1 AND sequence = 3",
            &[(Rule::Columns, third)],
        ),
        (
            "UPDATE operation SET granted = 9 WHERE account_id = 1 AND sequence = 4",
            &[(Rule::Row, None)],
        ),
        (
            "DELETE FROM operation WHERE account_id = 1 AND sequence = \
             (SELECT max(sequence) FROM operation WHERE account_id = 1)",
            &[
                (Rule::Head, None),
                (Rule::Lot, None),
                (Rule::Snapshot, None),
            ],
        ),
        (
            "UPDATE usage SET credits = credits + 1 WHERE account_id = 1",
            &[(Rule::Usage, None)],
        ),
        (
            "DELETE FROM usage WHERE account_id = 1",
            &[(Rule::Usage, None)],
        ),
        (
            "INSERT INTO usage VALUES (1, 2, 'model', 'action', '', 1, 0, 0, 0)",
            &[(Rule::Usage, None)],
        ),
        (
            "DELETE FROM payment WHERE account_id = 1 AND pack IS NOT NULL",
            &[(Rule::Payment, fourth)],
        ),
        (
            "UPDATE payment SET quantity = quantity + 1 WHERE account_id = 1 AND pack IS NOT NULL",
            &[(Rule::Payment, fourth)],
        ),
        (
            "UPDATE payment SET first_period = 7 WHERE account_id = 1 AND pack IS NULL",
            &[(Rule::Payment, TERM_FAILED)],
        ),
        (
            // A term of Ann's is Bob's.
            "UPDATE payment SET account_id = 2 WHERE account_id = 1 AND pack IS NULL",
            &[(Rule::Payment, TERM_FAILED), (Rule::Payment, None)],
        ),
        (
            "INSERT INTO payment SELECT provider, reference || '+', account_id, operation_id, pack, quantity, \
             subscription, first_period, months FROM payment WHERE account_id = 1",
            &[(Rule::Payment, None)],
        ),
        (
            "UPDATE account SET available = available + 1 WHERE id = 1",
            &[(Rule::Row, None)],
        ),
        (
            "UPDATE account SET snapshot = json_set(snapshot, '$.totals.expired', 0) WHERE id = 1",
            &[(Rule::Snapshot, None)],
        ),
        (
            "INSERT INTO refusal SELECT operation_id, 1, content, at_us, after_sequence, \
             (SELECT refusal FROM refusal LIMIT 1) FROM \
             (SELECT operation_id, content, at_us, sequence AS after_sequence FROM operation \
             WHERE account_id = 1 AND sequence = 3)",
            &[(Rule::OperationId, third)],
        ),
    ];
    for (damage, expected) in cases {
        let found = after(damage).await;
        for finding in expected {
            assert!(
                found.contains(finding),
                "{damage}: {finding:?} is not in {found:?}"
            );
        }
        assert!(found.len() < 40, "{damage}: {found:?}");
    }
}

/// The columns of a row can be made to agree with each other; the ledger still tells.
#[tokio::test]
async fn an_account_set_back_to_an_older_state_is_found() {
    let file = File::new().await;
    let store = file.open().await;
    let mut book = Book::new("ann");
    book.tell("2026-01-31T09:00:00Z", 1, Request::OpenAccount);
    store.commit(&[book.work()]).await.unwrap();
    let raw = file.raw().await;
    raw.execute_unprepared("CREATE TABLE old AS SELECT * FROM account")
        .await
        .unwrap();
    book.tell("2026-01-31T09:00:00Z", 2, subscribe("studio"));
    store.commit(&[book.work()]).await.unwrap();
    raw.execute_unprepared("UPDATE account SET (sequence, head_hash, standing, available, held, \
         opened_at_us, next_due_at_us, snapshot) = (SELECT sequence, head_hash, standing, available, \
         held, opened_at_us, next_due_at_us, snapshot FROM old)")
        .await
        .unwrap();
    let report = verify(&store).await.unwrap();
    assert_eq!(rules(&report), [(Rule::Row, None)]);
}
