//! The balance at another instant: the past as it was recorded, the future as it then comes.

use super::{OPENED, Stage};
use crate::{
    clock::Clock,
    domain::{balance::Balance, time::Instant},
    ledger::BalanceAtError,
    store::tests::{at, charge, purchase, reserve},
};

async fn told(stage: &Stage, instant: &str) -> Balance {
    let view = stage.view().await;
    let balance = stage.ledger.balance_at(&view, at(instant)).await;
    balance.unwrap_or_else(|error| panic!("{instant}: {error}"))
}

/// The same balance at another position.
fn at_position_of(balance: &Balance, other: &Balance) -> Balance {
    Balance {
        sequence: other.sequence,
        ..balance.clone()
    }
}

#[actix::test]
async fn the_past_is_what_was_shown_then() {
    let clock = Clock::manual(at(OPENED), 0.0);
    let stage = Stage::set(clock.clone()).await;
    let mut shown = Vec::new();
    for (number, (now, request)) in (3..).zip([
        ("2026-01-31T11:00:00Z", charge()),
        ("2026-02-27T00:00:00Z", purchase("pay-1")),
        // Two idle months: what time did is recorded with the charge.
        ("2026-04-29T12:00:00Z", charge()),
        ("2026-04-29T12:00:00Z", reserve()),
        // The hold expired at 13:00, and the next period has begun.
        ("2026-05-01T00:00:00Z", charge()),
    ]) {
        clock.set(at(now));
        // What was to be seen just before, at an instant at which nothing was recorded.
        let before = stage.view().await.balance;
        stage.does(number, request).await;
        shown.extend([before, stage.view().await.balance]);
    }
    clock.set(at("2026-05-20T00:00:00Z"));
    for (place, balance) in shown.iter().enumerate() {
        let last_of_its_instant = shown.iter().rfind(|one| one.as_of == balance.as_of);
        let then = told(&stage, &balance.as_of.to_string()).await;
        assert_eq!(Some(&then), last_of_its_instant, "{place}");
    }
    // A renewal that was found late counts from its own instant.
    for (instant, start) in [
        ("2026-02-28T09:59:59.999999Z", "2026-01-31T10:00:00Z"),
        ("2026-02-28T10:00:00Z", "2026-02-28T10:00:00Z"),
        ("2026-03-31T09:59:59.999999Z", "2026-02-28T10:00:00Z"),
        ("2026-03-31T10:00:00Z", "2026-03-31T10:00:00Z"),
    ] {
        let balance = told(&stage, instant).await;
        assert_eq!(balance.as_of, at(instant));
        assert_eq!(
            balance.allowance.unwrap().period_start,
            at(start),
            "{instant}"
        );
    }
}

#[actix::test]
async fn between_the_ends_of_holds_that_expired_together_each_has_its_own() {
    let clock = Clock::manual(at(OPENED), 0.0);
    let stage = Stage::set(clock.clone()).await;
    for (number, now) in (3..).zip(["2026-01-31T11:00:00Z", "2026-01-31T11:10:00Z"]) {
        clock.set(at(now));
        stage.does(number, reserve()).await;
    }
    let instants = [
        "2026-01-31T11:59:59.999999Z",
        "2026-01-31T12:00:00Z",
        "2026-01-31T12:09:59.999999Z",
        "2026-01-31T12:10:00Z",
    ];
    let mut foretold = Vec::new();
    for instant in instants {
        foretold.push(told(&stage, instant).await);
    }
    clock.set(at("2026-02-01T00:00:00Z"));
    stage.does(5, charge()).await;
    for (instant, foretold) in instants.iter().zip(&foretold) {
        let past = told(&stage, instant).await;
        assert_eq!(at_position_of(foretold, &past), past, "{instant}");
    }
    let held: Vec<i64> = foretold.iter().map(|balance| balance.held.get()).collect();
    assert_eq!(held, [40, 20, 20, 0]);
}

#[actix::test]
async fn the_future_is_what_then_comes() {
    let clock = Clock::manual(at(OPENED), 0.0);
    let stage = Stage::set(clock.clone()).await;
    stage.does(3, purchase("pay-1")).await;
    stage.does(4, reserve()).await;
    let now = stage.view().await.balance;
    let instants = [
        OPENED,
        // The hold expires.
        "2026-01-31T10:59:59.999999Z",
        "2026-01-31T11:00:00Z",
        "2026-02-28T09:59:59.999999Z",
        "2026-02-28T10:00:00Z",
        "2028-02-29T10:00:00Z",
        // The last that can be told now.
        "2036-01-31T10:00:00Z",
    ];
    let mut future = Vec::new();
    for instant in instants {
        let balance = told(&stage, instant).await;
        // The position that is known: what will come after it is in no ledger.
        assert_eq!(
            (balance.sequence, balance.as_of),
            (now.sequence, at(instant))
        );
        future.push(balance);
    }
    assert_eq!(future[0], now);
    assert_eq!(stage.view().await.balance, now, "to look changes nothing");
    for (instant, balance) in instants.iter().zip(&future) {
        clock.set(at(instant));
        let then = stage.view().await.balance;
        assert_eq!(at_position_of(balance, &then), then, "{instant}");
        assert_eq!(told(&stage, instant).await, then, "{instant}");
    }
}

#[actix::test]
async fn there_is_nothing_before_the_account_nor_beyond_ten_years() {
    let stage = Stage::set(Clock::manual(at(OPENED), 0.0)).await;
    let view = stage.view().await;
    let error = |instant: &'static str| stage.ledger.balance_at(&view, at(instant));
    let opened_at = at(OPENED);
    for before in ["1970-01-01T00:00:00Z", "2026-01-31T09:59:59.999999Z"] {
        let told = error(before).await;
        assert_eq!(told, Err(BalanceAtError::BeforeOpened { opened_at }));
    }
    let ends_at = at("2036-01-31T10:00:00Z");
    for beyond in ["2036-01-31T10:00:00.000001Z", &Instant::MAX.to_string()] {
        let told = stage.ledger.balance_at(&view, at(beyond)).await;
        assert_eq!(told, Err(BalanceAtError::TooFarAhead { ends_at }));
    }
}
