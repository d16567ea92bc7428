//! A node whose clock steps decides nothing until it agrees again: a step of a year forward would
//! grant twelve periods for good.

use std::sync::Arc;

use chrono::TimeDelta;

use super::{OPENED, Stage, ann};
use crate::{
    clock::{Clock, Hands},
    domain::{catalog::EXAMPLE, command::Request, event::OperationKind},
    error::LedgerError,
    ledger::{Answer, PublishError},
    store::{
        memory::MemoryStore,
        tests::{at, charge, id},
    },
};

const YEAR: TimeDelta = TimeDelta::days(365);
const TOO_FAR: TimeDelta = TimeDelta::milliseconds(1_001);

#[actix::test]
async fn a_step_grants_nothing_and_every_command_waits_until_the_clock_agrees() {
    for step in [YEAR, TOO_FAR, -TOO_FAR, -YEAR] {
        let hands = Hands::at(at(OPENED));
        let stage = Stage::set(hands.clock()).await;
        stage.does(3, charge()).await;
        let (before, ledger) = (stage.view().await, stage.operations().await);

        hands.step(step);
        assert!(!stage.ledger.clock().trusted, "{step}");
        for (number, request) in [(10, charge()), (11, Request::CancelSubscription)] {
            let told = stage.asks(number, request).await;
            assert_eq!(told, Err(LedgerError::Unavailable), "{step}");
        }
        let published = stage.ledger.publish_catalog(EXAMPLE.to_owned(), None).await;
        let refused = published.unwrap_err();
        assert!(
            matches!(refused, PublishError::Ledger(LedgerError::Unavailable)),
            "{refused:?}"
        );
        // Nothing was decided, so that the same ids may be used again.
        assert_eq!(stage.ledger.outcome(&ann(), id(10)).await.unwrap(), None);
        // Reads go on, at the time that it really is.
        let shown = stage.view().await;
        assert_eq!(
            (&shown.account, &shown.balance),
            (&before.account, &before.balance)
        );
        assert_eq!(stage.operations().await, ledger);
        // What was decided before is still answered.
        let again = stage.asks(3, charge()).await.unwrap();
        assert!(matches!(again, Answer::Decided { replayed: true, .. }));

        hands.step(-step);
        assert!(stage.ledger.clock().trusted);
        let charged = stage.does(10, charge()).await;
        assert_eq!(charged.event.at, at(OPENED));
        assert_eq!(charged.sequence, before.account.sequence.next());
    }
}

#[actix::test]
async fn what_becomes_due_meanwhile_is_made_up_for_at_its_own_instant() {
    let hands = Hands::at(at(OPENED));
    let stage = Stage::set(hands.clock()).await;
    let begun = stage.operations().await.len();
    hands.step(YEAR);
    hands.pass(TimeDelta::days(30));
    // Time has passed a renewal; the view ends just before it, and nothing is written.
    let shown = stage.view().await;
    assert_eq!(shown.balance.as_of, at("2026-02-28T09:59:59.999999Z"));
    assert_eq!(stage.operations().await.len(), begun);
    // What it is by now can be told all the same.
    let now = stage.ledger.now();
    assert_eq!(now, at("2026-03-02T10:00:00Z"));
    let told = stage.ledger.balance_at(&shown, now).await.unwrap();
    let allowance = told.allowance.unwrap();
    assert_eq!(allowance.period_start, at("2026-02-28T10:00:00Z"));

    hands.step(-YEAR);
    stage.view().await;
    let made_up: Vec<_> = stage.operations().await.split_off(begun);
    let told: Vec<_> = made_up
        .iter()
        .map(|one| (one.event.fact.kind(), one.event.at, one.event.recorded_at))
        .collect();
    let (due, seen) = (at("2026-02-28T10:00:00Z"), now);
    let expected =
        [OperationKind::Expiry, OperationKind::PeriodGrant].map(|kind| (kind, due, seen));
    assert_eq!(told, expected, "one period, not thirteen");
}

#[actix::test]
async fn a_clock_set_back_a_little_takes_no_account_back() {
    let hands = Hands::at(at(OPENED));
    let stage = Stage::set(hands.clock()).await;
    // The first renewal has been seen; then the clock is corrected to just before it.
    hands.pass(TimeDelta::days(28));
    let renewed = stage.view().await;
    hands.step(TimeDelta::milliseconds(-900));
    assert!(stage.ledger.clock().trusted);
    let due = at("2026-02-28T10:00:00Z");
    assert!(stage.ledger.now() < due);
    let shown = stage.view().await;
    assert_eq!(shown.account, renewed.account);
    assert_eq!(shown.balance.as_of, due);
    let charged = stage.does(3, charge()).await;
    assert_eq!((charged.event.at, charged.event.recorded_at), (due, due));
    let operations = stage.operations().await;
    let instants: Vec<_> = operations.iter().map(|one| one.event.at).collect();
    assert_eq!(instants, [at(OPENED), at(OPENED), due, due, due]);
}

#[actix::test]
async fn a_node_that_starts_with_a_clock_in_the_past_goes_on_from_the_accounts_time() {
    let store = Arc::new(MemoryStore::new());
    let clock = Clock::manual(at(OPENED), 0.0);
    let stage = Stage::furnished(Arc::clone(&store), clock).await;
    stage.does(3, charge()).await;
    let before = stage.view().await;
    let slow = Stage::over(store, Clock::manual(at("2025-01-31T10:00:00Z"), 0.0)).await;
    let shown = slow.view().await;
    assert_eq!(
        (&shown.account, &shown.balance),
        (&before.account, &before.balance)
    );
    assert_eq!(slow.does(4, charge()).await.event.at, at(OPENED));
}
