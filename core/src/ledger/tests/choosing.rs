//! Attempts, their chains and their explanations, and what can be made, as callers of the ledger see them.

use super::{OPENED, Stage, ann};
use crate::{
    clock::Clock,
    domain::{
        affordable::Basis,
        command::Request,
        event::Fact,
        ids::{CatalogVersion, OperationId},
        lot::Origin,
        outcome::{Operation, Outcome},
        refusal::Refusal,
        regeneration::CHAIN_ATTEMPTS_MAX,
    },
    ledger::{Answer, Chain},
    store::tests::{at, charge, id, purchase, reserve},
};

/// A request that does the operation of that number again.
fn again(request: Request, of: u128) -> Request {
    let regenerate_of = Some(id(of));
    match request {
        Request::Charge {
            mut generation,
            guard,
        } => {
            generation.regenerate_of = regenerate_of;
            Request::Charge { generation, guard }
        }
        Request::Reserve {
            mut generation,
            guard,
            ttl_minutes,
        } => {
            generation.regenerate_of = regenerate_of;
            Request::Reserve {
                generation,
                guard,
                ttl_minutes,
            }
        }
        other => panic!("{other:?} generates nothing"),
    }
}

/// A charge for a longer video, whose cost does not divide a plan's allowance.
fn longer() -> Request {
    match charge() {
        Request::Charge {
            mut generation,
            guard,
        } => {
            (generation.variations, generation.seconds) = (1, Some(7));
            Request::Charge { generation, guard }
        }
        other => panic!("{other:?} is no charge"),
    }
}

fn settle(hold: u128) -> Request {
    Request::Settle {
        hold: id(hold),
        actual: crate::domain::catalog::ActualRun::default(),
    }
}

fn keep(charge: u128, kept: bool) -> Request {
    Request::MarkKept {
        charge: id(charge),
        kept,
    }
}

fn ids(operations: &[Operation]) -> Vec<OperationId> {
    let id = |operation: &Operation| operation.event.caused_by.unwrap().operation_id;
    operations.iter().map(id).collect()
}

async fn chain(stage: &Stage, charge: &Operation) -> Chain {
    stage.ledger.chain(charge).await.unwrap().unwrap()
}

async fn refused(stage: &Stage, number: u128, request: Request) -> Refusal {
    match stage.asks(number, request).await.unwrap() {
        Answer::Decided {
            outcome: Outcome::Refused(refusal),
            ..
        } => refusal.as_ref().clone(),
        other => panic!("it is refused: {other:?}"),
    }
}

#[actix::test]
async fn a_chain_is_the_same_from_each_of_its_attempts() {
    let stage = Stage::set(Clock::manual(at(OPENED), 0.0)).await;
    let first = stage.does(3, charge()).await;
    let apart = stage.does(4, charge()).await;
    let second = stage.does(5, again(charge(), 3)).await;
    stage.does(6, again(reserve(), 5)).await;
    let third = stage.does(7, settle(6)).await;
    for charge in [&first, &second, &third] {
        let found = chain(&stage, charge).await;
        assert_eq!(ids(&found.attempts), [id(3), id(5), id(7)]);
        assert!(!found.more);
        assert_eq!(found.keeper, None);
    }
    assert_eq!(ids(&chain(&stage, &apart).await.attempts), [id(4)]);
    for (number, mark, kept) in [
        (8, keep(3, true), Some(3)),
        (9, keep(7, true), Some(7)),
        (10, keep(3, false), Some(7)),
        (11, keep(7, false), None),
    ] {
        stage.does(number, mark).await;
        let found = chain(&stage, &second).await;
        let keeper: Vec<OperationId> = ids(found.keeper.as_slice());
        let expected: Vec<OperationId> = kept.map(id).into_iter().collect();
        assert_eq!(keeper, expected, "after {number}");
        assert_eq!(found.attempts.len(), 3, "a mark is no attempt");
    }
}

#[actix::test]
async fn a_chain_that_begins_with_a_reserve_shows_its_charge_once_it_is_settled() {
    let stage = Stage::set(Clock::manual(at(OPENED), 0.0)).await;
    stage.does(3, reserve()).await;
    let second = stage.does(4, again(charge(), 3)).await;
    assert_eq!(ids(&chain(&stage, &second).await.attempts), [id(4)]);
    let settled = stage.does(5, settle(3)).await;
    for charge in [&second, &settled] {
        let mut found = ids(&chain(&stage, charge).await.attempts);
        found.sort_unstable_by_key(|id| id.0);
        assert_eq!(found, [id(4), id(5)]);
    }
}

#[actix::test]
async fn what_is_done_again_must_be_an_attempt_of_the_account_and_is_judged_once() {
    let stage = Stage::set(Clock::manual(at(OPENED), 0.0)).await;
    let before = stage.view().await.balance;
    for (number, request) in [
        // An id that nobody used, and one that did something else.
        (3, again(charge(), 99)),
        (4, again(reserve(), 2)),
        (5, keep(99, true)),
    ] {
        let charge = request.earlier().unwrap();
        for _ in 0..2 {
            let refusal = refused(&stage, number, request.clone()).await;
            let again = number < 5;
            assert_eq!(refusal, Refusal::ChargeUnknown { charge, again });
        }
    }
    // What was refused is no attempt either.
    let refusal = refused(&stage, 6, again(charge(), 3)).await;
    assert_eq!(
        refusal,
        Refusal::ChargeUnknown {
            charge: id(3),
            again: true,
        }
    );
    let after = stage.view().await.balance;
    assert_eq!(before.available, after.available);
    assert_eq!(before.sequence, after.sequence);
}

#[actix::test]
async fn an_attempt_that_is_still_under_way_can_be_done_again() {
    let stage = Stage::set(Clock::manual(at(OPENED), 0.0)).await;
    // Both are asked before either is answered.
    let both = tokio::join!(stage.asks(3, charge()), stage.asks(4, again(charge(), 3)),);
    let accepted = |answer: Answer| match answer {
        Answer::Decided {
            outcome: Outcome::Accepted(accepted),
            ..
        } => accepted.operation.as_ref().clone(),
        other => panic!("it is accepted: {other:?}"),
    };
    let (first, second) = (accepted(both.0.unwrap()), accepted(both.1.unwrap()));
    for charge in [&first, &second] {
        assert_eq!(ids(&chain(&stage, charge).await.attempts), [id(3), id(4)]);
    }
}

#[actix::test]
async fn no_more_attempts_are_shown_than_people_look_through() {
    let clock = Clock::manual(at(OPENED), 0.0);
    let stage = Stage::set(clock).await;
    for bought in 0..40 {
        stage
            .does(1_000 + bought, purchase(&format!("pay-{bought}")))
            .await;
    }
    let root = stage.does(3, charge()).await;
    let last = CHAIN_ATTEMPTS_MAX as u128 + 3;
    for number in 4..=last {
        stage.does(number, again(charge(), number - 1)).await;
    }
    stage.does(500, keep(last, true)).await;
    let found = chain(&stage, &root).await;
    assert_eq!(found.attempts.len(), CHAIN_ATTEMPTS_MAX);
    assert!(found.more);
    assert_eq!(
        ids(found.keeper.as_slice()),
        [id(last)],
        "it need not be shown"
    );
}

#[actix::test]
async fn a_charge_is_explained_from_the_ledger_alone_whatever_became_of_its_lots() {
    let clock = Clock::manual(at(OPENED), 0.0);
    let stage = Stage::set(clock.clone()).await;
    stage.does(3, purchase("pay-1")).await;
    // At last more than the plan's period has left, so that the pack is drawn too.
    let mut number = 10;
    let drawn = loop {
        number += 1;
        let charge = stage.does(number, longer()).await;
        if charge.event.postings.len() == 2 {
            break charge;
        }
    };
    clock.set(at("2026-01-31T11:00:00Z"));
    stage.does(500, reserve()).await;
    clock.set(at("2026-01-31T11:30:00Z"));
    let settled = stage.does(501, settle(500)).await;
    // Two years later neither lot is there any more.
    clock.set(at("2028-02-01T00:00:00Z"));
    stage.view().await;

    let told = stage.ledger.explain(&drawn).await.unwrap().unwrap();
    let origins: Vec<bool> = told
        .lots
        .iter()
        .map(|lot| matches!(lot.terms.origin, Origin::Plan { .. }))
        .collect();
    assert_eq!(origins, [true, false], "the plan's credits go first");
    let amounts: Vec<i64> = told.lots.iter().map(|lot| lot.amount.get()).collect();
    let Fact::Charge(charged) = &drawn.event.fact else {
        panic!("it is a charge");
    };
    assert_eq!((amounts, charged.cost.get()), (vec![20, 8], 28));
    assert_eq!(
        told.lots[0].terms.expires_at,
        Some(at("2026-02-28T10:00:00Z"))
    );
    assert_eq!(told.reserved_at, None);
    assert_eq!(told.catalog.unwrap().version, CatalogVersion(1));
    assert_eq!(told.advisories, charged.advisories);

    let told = stage.ledger.explain(&settled).await.unwrap().unwrap();
    assert_eq!(told.reserved_at, Some(at("2026-01-31T11:00:00Z")));
    let no_charge = stage.operations().await.remove(0);
    assert!(stage.ledger.explain(&no_charge).await.unwrap().is_none());
    assert!(stage.ledger.chain(&no_charge).await.unwrap().is_none());
}

#[actix::test]
async fn why_a_charge_is_final_is_told_in_the_words_of_the_policies() {
    let stage = Stage::set(Clock::manual(at(OPENED), 0.0)).await;
    let charged = stage.does(3, charge()).await;
    let why = stage
        .ledger
        .explain(&charged)
        .await
        .unwrap()
        .unwrap()
        .why_final;
    assert_eq!(
        why[0],
        "The request was processed: that consumed the credits."
    );
    for said in [
        "To retry or regenerate is a new generation and consumes credits again.",
        "This is expected and no mistake.",
        "Image and video generation require significant computing resources; once a request is processed, they have been used.",
    ] {
        assert!(why.iter().any(|sentence| sentence == said), "{why:#?}");
    }
}

#[actix::test]
async fn usual_requests_are_those_of_the_last_charges() {
    let stage = Stage::set(Clock::manual(at(OPENED), 0.0)).await;
    let made = |stage| async move {
        let Stage { ledger } = stage;
        let view = ledger.view(&ann()).await.unwrap().unwrap();
        let made = ledger.what_can_be_made(&view).await.unwrap();
        let usual = |one: &&crate::domain::affordable::Affordable| one.basis == Basis::Usual;
        (
            made.requests.iter().filter(usual).count(),
            made,
            Stage { ledger },
        )
    };
    let (usual, _, stage) = made(stage).await;
    assert_eq!(usual, 0);
    let Fact::Charge(charged) = stage.does(3, charge()).await.event.fact else {
        panic!("it is a charge");
    };
    let (usual, made, _) = made(stage).await;
    assert_eq!(usual, 1);
    let like_the_last = made.requests.iter().find(|one| one.basis == Basis::Usual);
    assert_eq!(like_the_last.unwrap().price.terms, charged.spend.terms);
}
