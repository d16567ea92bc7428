//! The order in which reports and other events arrive does not matter: reports of several payments, and
//! each pair of events of a subscription's life, with redelivery.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{
    scene::Scene,
    shop::{credits, shop},
    words::at,
};
use crate::domain::{
    catalog::RolloverTerms,
    lot::{Freezes, Origin},
    time::Instant,
};

/// What must not depend on an order: all but positions in the ledger and instants of reports.
#[derive(Debug, PartialEq)]
struct State {
    balance: [i64; 3],
    lots: BTreeSet<(Option<Instant>, u8, i64, i64, Freezes, bool)>,
    past_due: Option<u32>,
    withheld: bool,
    subscribed: bool,
}

fn state(scene: &Scene) -> State {
    let account = &scene.account;
    let balance = account.balance(&scene.catalogs, scene.now);
    let payments = account.subscription.as_ref().map(|one| one.payments);
    let lots = account.lots.iter().map(|lot| {
        let kind = match lot.terms.origin {
            Origin::Plan { .. } => 0,
            Origin::Rollover { .. } => 1,
            Origin::Pack { .. } => 2,
        };
        let amounts = (lot.remaining.get(), lot.held.get());
        let expires_at = lot.terms.expires_at;
        (
            expires_at,
            kind,
            amounts.0,
            amounts.1,
            lot.freezes,
            lot.revoked,
        )
    });
    State {
        balance: [balance.available, balance.held, balance.frozen].map(|one| one.get()),
        lots: lots.collect(),
        past_due: payments.and_then(|one| one.past_due.map(|past_due| past_due.term.first)),
        withheld: payments.is_some_and(|one| one.withheld_for.is_some()),
        subscribed: payments.is_some(),
    }
}

/// The reports of one payment, in the only order in which they are possible.
const LIVES: [&[&str]; 9] = [
    &["paid"],
    &["failed"],
    &["failed", "paid"],
    &["paid", "disputed"],
    &["paid", "disputed", "won"],
    &["paid", "disputed", "won", "disputed"],
    &["failed", "paid", "refunded"],
    &["paid", "refunded"],
    &["paid", "disputed", "lost"],
];

/// A payment: which of the lives it has, and the term that it is of, 0 or 1.
type Life = (usize, usize);

/// The reports in an order in which each payment's own stay in theirs. `lots` decides between payments.
fn ordered(lives: &[Life], draws: &[u8]) -> Vec<(usize, &'static str)> {
    let mut next = vec![0; lives.len()];
    let mut reports = Vec::new();
    let mut draws = draws.iter().cycle();
    loop {
        let left: Vec<usize> = (0..lives.len())
            .filter(|one| next[*one] < LIVES[lives[*one].0].len())
            .collect();
        // What was revoked never returns, so a payment is taken back when no other one is to come
        // (`core/README.md`, rule 11).
        let ends = |one: &usize| {
            let report = LIVES[lives[*one].0][next[*one]];
            matches!(report, "refunded" | "lost")
        };
        let (last, first): (Vec<usize>, Vec<usize>) = left.into_iter().partition(ends);
        let possible = if first.is_empty() { last } else { first };
        if possible.is_empty() {
            return reports;
        }
        let draw = usize::from(*draws.next().unwrap());
        let one = possible[draw % possible.len()];
        reports.push((one, LIVES[lives[one].0][next[one]]));
        next[one] += 1;
    }
}

/// A plan whose unused allowance rolls over for two months, in its second period. `withheld`: the first
/// one has failed, so that the second one began without its allowance.
fn begin(withheld: bool) -> Scene {
    let catalogs = shop(|shop| {
        shop.policy.past_due_days_max = 90;
        shop.plans[1].rollover = Some(RolloverTerms {
            max: credits(200),
            months: 2,
        });
    });
    let mut scene = Scene::new(catalogs, at("2026-01-15"));
    scene.check(&[
        ("2026-01-15", "start pro monthly", "1000"),
        ("", "charge image brush", "950"),
    ]);
    if withheld {
        scene.check(&[("2026-02-01", "failed base at 2026-01-15", "0, 950 frozen")]);
    }
    scene.reach(at("2026-02-15"));
    scene
}

/// Reports in that order, each so many minutes after the one before.
fn report(withheld: bool, reports: &[(usize, &str)], lives: &[Life], minutes: i64) -> Scene {
    let mut scene = begin(withheld);
    let paid_at = ["2026-01-16", "2026-02-16"];
    scene.reach(at("2026-02-20"));
    if !withheld {
        scene.does("reserve image brush for 1440 as h1").unwrap();
    }
    for (one, outcome) in reports {
        let later = scene.now.micros() + minutes * 60_000_000;
        scene.reach(Instant::from_micros(later).unwrap());
        let due = paid_at[lives[*one].1];
        let asked = match one {
            0 if withheld && *outcome == "failed" => continue,
            0 if withheld => format!("{outcome} base"),
            one => format!("{outcome} pay-{one} at {due}"),
        };
        let answer = scene.does(&asked);
        assert!(answer.is_ok(), "{asked}: {answer:?}");
    }
    scene
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reports_of_two_terms_give_one_state_in_any_order(
        mut lives in proptest::collection::vec((0..LIVES.len(), 0..2_usize), 3),
        orders in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 12), 8),
        withheld in any::<bool>(),
        minutes in 0..2_i64,
    ) {
        if withheld {
            // The payment that failed before, which may be paid now.
            lives[0] = ([1, 2, 6][lives[0].0 % 3], 0);
        }
        let run = |draws: &[u8]| {
            let reports = ordered(&lives, draws);
            (report(withheld, &reports, &lives, minutes), reports)
        };
        let (first, in_order) = run(&[0]);
        for draws in &orders {
            let (mut other, reports) = run(draws);
            prop_assert_eq!(state(&other), state(&first), "{:?}\n{:?}", reports, in_order);
            let mut first = first.clone();
            for scene in [&mut other, &mut first] {
                scene.reach(at("2026-03-15"));
            }
            prop_assert_eq!(state(&other), state(&first), "later: {:?}\n{:?}", reports, in_order);
        }
    }
}

/// Delivers the events until none of them is accepted any more, as a provider does: what is stored is
/// not decided again.
fn deliver(mut scene: Scene, events: &[&str]) -> Scene {
    let mut decided = BTreeSet::new();
    loop {
        let before = decided.len();
        for event in events {
            if decided.contains(event) {
                continue;
            }
            let (command, _) = scene.command(event);
            match scene.does(event) {
                Err(refusal) if !refusal.is_decision(&command.request) => {}
                Ok(_) | Err(_) => {
                    decided.insert(*event);
                }
            }
        }
        if decided.len() == before {
            return scene;
        }
    }
}

const START: &str = "start basic monthly";
const PAID: &str = "paid pay-1 at 2026-01-15";
const DISPUTED: &str = "disputed pay-1";
const CANCEL: &str = "cancel";
const CHANGE: &str = "change pro";
const EVENTS: [&str; 11] = [
    START,
    PAID,
    "failed pay-2 at 2026-01-15",
    "refunded pay-1",
    DISPUTED,
    "won pay-1",
    "lost pay-1",
    "buy boost with pay-3",
    "refunded pay-3",
    CANCEL,
    CHANGE,
];

/// Whether a pair has an order that means something: commands of a person, and two ends of one dispute.
fn in_order(one: &str, other: &str) -> bool {
    let asked = |event| [CANCEL, CHANGE].contains(&event);
    let dispute = |event| ["won pay-1", "lost pay-1"].contains(&event);
    let person = |one, other| asked(one) && (asked(other) || other == START);
    person(one, other) || person(other, one) || dispute(one) && dispute(other)
}

#[test]
fn each_pair_of_events_gives_one_balance_in_both_orders() {
    for (place, one) in EVENTS.iter().enumerate() {
        for other in &EVENTS[..place] {
            if in_order(one, other) {
                continue;
            }
            let pair = [*one, *other];
            let of_it = |event: &str| pair.contains(&event);
            let mut scene = Scene::new(shop(|_| {}), at("2026-01-15"));
            let about = |event: &str| pair.iter().any(|one| one.starts_with(event));
            // What must have happened before, so that both can happen.
            let ends = about("won") || about("lost");
            let paid = !of_it(PAID) && !of_it(START);
            for (needed, event) in [
                (!of_it(START), START),
                (paid, PAID),
                (ends && paid && !of_it(DISPUTED), DISPUTED),
                (
                    about("refunded pay-3") && !about("buy"),
                    "buy boost with pay-3",
                ),
            ] {
                if needed {
                    scene.does(event).unwrap();
                }
            }
            let ways = [[pair[0], pair[1]], [pair[1], pair[0]]];
            let [mut one, mut other] = ways.map(|events| deliver(scene.clone(), &events));
            for later in ["2026-01-15", "2026-02-15"] {
                one.reach(at(later));
                other.reach(at(later));
                let (mut left, mut right) = (state(&one), state(&other));
                if of_it(CHANGE) && (about("refunded pay-1") || about("lost")) {
                    // What an upgrade adds after the refund waits frozen for a payment (rule 13).
                    left.balance[2] = 0;
                    right.balance[2] = 0;
                    left.lots.clear();
                    right.lots.clear();
                }
                assert_eq!(left, right, "{pair:?} at {later}");
            }
        }
    }
}
