//! Which answers about payments are decisions: "not known yet" is decided anew when it is sent again,
//! and a payment is recorded by one operation.

use super::{OPENED, Stage, ann};
use crate::{
    clock::Clock,
    domain::{
        command::Request, event::OperationKind, ids::OperationId, outcome::Outcome,
        payment::PaymentOutcome, refusal::Refusal,
    },
    ledger::Answer,
    store::tests::{at, id, purchase, report, subscribe},
};

async fn stage() -> Stage {
    Stage::set(Clock::manual(at(OPENED), 0.0)).await
}

async fn refused(stage: &Stage, number: u128, request: Request) -> (Refusal, bool) {
    match stage.asks(number, request).await.unwrap() {
        Answer::Decided {
            outcome: Outcome::Refused(refusal),
            replayed,
        } => (refusal.as_ref().clone(), replayed),
        other => panic!("it is refused: {other:?}"),
    }
}

async fn decided(stage: &Stage, number: u128) -> bool {
    let outcome = stage.ledger.outcome(&ann(), id(number)).await.unwrap();
    outcome.is_some()
}

/// A report that is refused until another call was accepted, and then accepted under its own id.
async fn is_decided_anew(stage: &Stage, (number, early): (u128, Request), then: (u128, Request)) {
    for _ in 0..2 {
        let (refusal, replayed) = refused(stage, number, early.clone()).await;
        assert!(!replayed, "{refusal:?}");
        assert!(!decided(stage, number).await, "{refusal:?}");
    }
    stage.does(then.0, then.1).await;
    stage.does(number, early.clone()).await;
    let again = stage.asks(number, early).await.unwrap();
    assert!(matches!(again, Answer::Decided { replayed: true, .. }));
}

#[actix::test]
async fn what_is_not_known_yet_is_decided_anew_under_the_same_id() {
    use PaymentOutcome::{DisputeLost, DisputeWon, Disputed, Failed, Paid, Refunded};
    let stage = stage().await;
    let pack = |outcome| report("pay-1", outcome, OPENED);
    is_decided_anew(&stage, (10, pack(Refunded)), (11, purchase("pay-1"))).await;
    let term = |outcome| report("pay-2", outcome, OPENED);
    is_decided_anew(&stage, (12, term(Disputed)), (13, term(Paid))).await;
    stage.does(14, term(DisputeWon)).await;
    is_decided_anew(&stage, (15, term(DisputeLost)), (16, term(Disputed))).await;
    let again = |outcome| report("pay-3", outcome, OPENED);
    stage.does(17, again(Failed)).await;
    is_decided_anew(&stage, (18, again(Refunded)), (19, again(Paid))).await;
}

#[actix::test]
async fn a_payment_before_its_plan_or_its_period_is_decided_anew() {
    let clock = Clock::manual(at(OPENED), 0.0);
    let stage = Stage::set(clock.clone()).await;
    let later = report("pay-1", PaymentOutcome::Failed, "2026-02-28T10:00:00Z");
    let (refusal, _) = refused(&stage, 10, later.clone()).await;
    assert!(matches!(refusal, Refusal::PaymentOutsideTerms { .. }));
    stage.does(11, Request::CancelSubscription).await;
    clock.set(at("2026-02-28T10:00:00Z"));
    let (refusal, _) = refused(&stage, 10, later.clone()).await;
    assert_eq!(refusal, Refusal::NotSubscribed);
    assert!(!decided(&stage, 10).await);
    stage.does(12, subscribe("creator")).await;
    let failed = stage.does(10, later).await;
    assert_eq!(failed.event.fact.kind(), OperationKind::PaymentReport);
    // Of any other command, the same refusal is a decision.
    let (refusal, _) = refused(&stage, 13, Request::ResumeSubscription).await;
    assert_eq!(refusal, Refusal::NoCancellationScheduled);
    assert!(decided(&stage, 13).await);
}

#[actix::test]
async fn an_id_that_was_answered_is_used_and_a_payment_is_recorded_once() {
    let stage = stage().await;
    let paid = report("pay-2", PaymentOutcome::Paid, OPENED);
    stage.does(10, purchase("pay-1")).await;
    stage.does(11, paid.clone()).await;
    let by: Option<OperationId> = Some(id(10));
    for (number, request) in [(12, purchase("pay-1")), (13, paid)] {
        let (refusal, replayed) = refused(&stage, number, request.clone()).await;
        match &refusal {
            Refusal::PaymentAlreadyUsed { operation_id, .. } => assert_eq!(*operation_id, by),
            Refusal::PaymentOutcomeOutOfOrder { standing, .. } => {
                assert_eq!(*standing, PaymentOutcome::Paid);
            }
            other => panic!("another refusal: {other:?}"),
        }
        assert!(!replayed && decided(&stage, number).await);
        let again = refused(&stage, number, request).await;
        assert_eq!(again, (refusal, true));
        let other = refused(&stage, number, Request::CancelSubscription).await;
        assert!(matches!(other.0, Refusal::OperationIdReused { .. }));
    }
}
