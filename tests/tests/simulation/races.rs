//! Races with a known end: as many win as can be paid, whatever the order.

use std::sync::Arc;

use credits_core::{
    clock::Clock,
    domain::{
        catalog::{BillingInterval, Money},
        command::{Command, PriceGuard, Request},
        event::OperationKind,
        ids::{OperationId, PackId, PlanId},
        outcome::Outcome,
        payment::{Payment, PaymentKey, PaymentOutcome},
    },
    ledger::{Answer, Ledger, Limits},
    store::{
        OperationFilter, SequenceWindow, Store,
        memory::{Fault, FaultPoint, Faults, MemoryStore},
    },
};
use futures_util::future::join_all;

use crate::{
    in_system,
    traffic::generation,
    world::{account, catalog, keys, start},
};

fn id(number: u128) -> OperationId {
    OperationId(uuid::Uuid::from_u128(number))
}

async fn node(store: &Arc<dyn Store>) -> Ledger {
    let limits = Limits {
        arbiters: 0,
        ..Limits::default()
    };
    let clock = Clock::manual(start(), 0.0);
    let ledger = Ledger::start(Arc::clone(store), clock, limits, keys())
        .await
        .unwrap();
    ledger.publish_catalog(catalog(), None).await.unwrap();
    ledger
}

async fn tell(ledger: &Ledger, number: u128, request: Request) -> bool {
    let command = Command {
        operation_id: id(number),
        request,
    };
    let answer = ledger.execute(&account(0), command).await.unwrap();
    matches!(
        answer,
        Answer::Decided {
            outcome: Outcome::Accepted(_),
            ..
        }
    )
}

/// Opens the account and gives it so many allowances of 300 and packs of 100.
async fn fund(ledger: &Ledger, packs: u32) {
    assert!(tell(ledger, 1, Request::OpenAccount).await);
    let plan = Request::StartSubscription {
        plan: PlanId::parse("starter").unwrap(),
        interval: BillingInterval::Monthly,
        anchor: None,
    };
    assert!(tell(ledger, 2, plan).await);
    let pack = Request::PurchasePack {
        pack: PackId::parse("top-up").unwrap(),
        quantity: packs,
        catalog_version: None,
        payment: payment(),
    };
    assert!(tell(ledger, 3, pack).await);
}

fn payment() -> Payment {
    Payment {
        key: PaymentKey {
            provider: "stripe".to_owned(),
            reference: "fund".to_owned(),
        },
        amount: Money {
            amount_minor: 300,
            currency: "USD".to_owned().try_into().unwrap(),
        },
        paid_at: start(),
    }
}

/// 75 credits: ten videos of 7.5 credits a second would be dearer, so it is ten seconds of one.
fn seventy_five(hold: bool) -> Request {
    let generation = generation("image-to-video", "reel", 1, Some(10));
    let guard = PriceGuard::default();
    if hold {
        Request::Reserve {
            generation,
            guard,
            ttl_minutes: None,
        }
    } else {
        Request::Charge { generation, guard }
    }
}

#[test]
fn twenty_concurrent_holds_of_75_on_500_give_exactly_6() {
    in_system(async {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let ledger = node(&store).await;
        fund(&ledger, 2).await;
        let holds = (0..20).map(|number| tell(&ledger, 100 + number, seventy_five(true)));
        let accepted = join_all(holds).await.into_iter().filter(|yes| *yes).count();
        assert_eq!(accepted, 6);
        let view = ledger.view(&account(0)).await.unwrap().unwrap();
        assert_eq!(
            (view.balance.available.get(), view.balance.held.get()),
            (50, 450)
        );
    });
}

#[test]
fn two_nodes_charge_one_account_exactly_as_often_as_it_can_pay() {
    in_system(async {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let (one, two) = (node(&store).await, node(&store).await);
        fund(&one, 9).await;
        let charges = (0..60).map(|number| {
            let ledger = if number % 2 == 0 { &one } else { &two };
            tell(ledger, 100 + number, seventy_five(false))
        });
        let accepted = join_all(charges)
            .await
            .into_iter()
            .filter(|yes| *yes)
            .count();
        assert_eq!(accepted, 16);
        let last = tell(&one, 200, seventy_five(false)).await;
        assert!(!last, "1,200 credits pay 16 times 75");
    });
}

/// Every commit takes its time, so that nodes get in each other's way.
#[derive(Debug)]
struct Slow;

impl Faults for Slow {
    fn next(&self, point: FaultPoint) -> Fault {
        match point {
            FaultPoint::Statement(0) => Fault::Delay(50),
            FaultPoint::Statement(_)
            | FaultPoint::Load
            | FaultPoint::Commit
            | FaultPoint::AfterCommit => Fault::None,
        }
    }
}

/// Two nodes lose to each other, and decide what waits meanwhile again, all at once.
#[test]
fn a_payment_reported_often_on_two_nodes_is_reported_once() {
    in_system(async {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::with_faults(Arc::new(Slow)));
        let (one, two) = (node(&store).await, node(&store).await);
        fund(&one, 90).await;
        for (round, outcome) in [PaymentOutcome::Disputed, PaymentOutcome::Refunded]
            .into_iter()
            .enumerate()
        {
            let calls = (0..60).map(|number| {
                // The reports reach a node that has lost, and wait there together.
                let (ledger, request) = match number {
                    0..40 => ([&one, &two][number % 2], seventy_five(false)),
                    _ => {
                        let payment = payment();
                        (&two, Request::ReportPayment { payment, outcome })
                    }
                };
                let is_report = request.payment().is_some();
                let id = u128::try_from(1_000 * (round + 1) + number).unwrap();
                async move { (is_report, tell(ledger, id, request).await) }
            });
            let told = join_all(calls).await;
            let accepted = told.iter().filter(|(report, yes)| *report && *yes);
            assert_eq!(accepted.count(), 1, "{outcome:?}");
        }
        let reports = OperationFilter {
            kinds: vec![OperationKind::PaymentReport, OperationKind::Revocation],
            ..OperationFilter::default()
        };
        let window = SequenceWindow {
            above: None,
            below: None,
            newest_first: false,
            limit: 99,
        };
        let kept = store.operations(&account(0), &reports, &window).await;
        let kinds: Vec<OperationKind> = kept.unwrap().iter().map(|one| one.kind).collect();
        assert_eq!(
            kinds,
            [OperationKind::PaymentReport, OperationKind::Revocation]
        );
    });
}

#[test]
fn a_node_that_was_asked_too_early_learns_that_the_account_was_opened_elsewhere() {
    in_system(async {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let (one, two) = (node(&store).await, node(&store).await);
        let charge = Command {
            operation_id: id(9),
            request: seventy_five(false),
        };
        assert!(two.execute(&account(0), charge.clone()).await.is_err());
        assert!(two.view(&account(0)).await.unwrap().is_none());
        fund(&one, 1).await;
        assert!(two.view(&account(0)).await.unwrap().is_some());
        assert!(tell(&two, 9, charge.request).await);
    });
}
