//! What holds whatever is asked and whatever time passes.

use std::collections::HashMap;

use proptest::prelude::*;

use super::{
    random::{Step, begin, catalogs, steps},
    scene::Scene,
    words::at,
};
use crate::domain::{
    account::{Account, Totals},
    credits::Credits,
    event::{Event, Fact, OperationKind, SubscriptionEvent},
    hold::ExpiredHold,
    ids::{LotId, Sequence},
    lot::Origin,
    posting::Posting,
    record::CHAIN_START,
    time::{Instant, period_start},
};

fn live(catalogs: crate::domain::catalog::Catalogs, steps: &[Step]) -> Scene {
    let mut scene = begin(catalogs);
    for step in steps {
        step.run(&mut scene);
    }
    scene
}

/// Every credit that entered is there, or was consumed, expired or revoked.
fn check_conservation(account: &Account) {
    let Totals {
        plan,
        rollover,
        packs,
        consumed,
        expired,
        revoked,
    } = account.totals;
    let there: i64 = account
        .lots
        .iter()
        .map(|lot| lot.remaining.get() + lot.held.get())
        .sum();
    assert_eq!(
        plan + rollover + packs - consumed - expired - revoked,
        there
    );
    let held: Credits = account.holds.iter().map(|hold| hold.amount).sum();
    assert_eq!(account.held(), held);
}

/// What each lot began with, and what became of it.
fn lots(ledger: &[Event]) -> HashMap<LotId, (i64, i64)> {
    let mut lots: HashMap<LotId, (i64, i64)> = HashMap::new();
    for posting in ledger.iter().flat_map(|event| &event.postings) {
        let (available, held) = lots.entry(posting.lot).or_default();
        let ended = posting.consumed.get() + posting.expired.get() + posting.revoked.get();
        assert_eq!(
            posting.available + posting.held,
            posting.granted.get() - ended
        );
        *available += posting.available;
        *held += posting.held;
        assert!(
            *available >= 0 && *held >= 0,
            "lot {} is overdrawn",
            posting.lot
        );
    }
    lots
}

/// What time did after `after`, told in the same way whenever it was looked at: without when it was
/// recorded, and with holds that ended one after the other in one event.
fn together(after: Sequence, events: &[Event]) -> Vec<Event> {
    let places = places(after, events);
    let mut told: Vec<Event> = Vec::new();
    for event in events {
        let mut event = Event {
            recorded_at: event.at,
            ..event.clone()
        };
        for posting in &mut event.postings {
            posting.lot = places(posting.lot);
        }
        if let Fact::Expiry { lot } = &mut event.fact {
            *lot = places(*lot);
        }
        if event.fact.kind() == OperationKind::HoldExpired {
            event = spread(
                told.pop_if(|last| last.fact.kind() == event.fact.kind()),
                event,
            );
        }
        told.push(event);
    }
    told
}

/// The ends of holds of one event after those of the one before, if there was one. What was set aside
/// is told by the postings.
fn spread(before: Option<Event>, next: Event) -> Event {
    let ends = before.iter().flat_map(Event::hold_ends);
    let expired = ends.chain(next.hold_ends()).map(|end| ExpiredHold {
        hold: end.hold,
        amount: Credits::ZERO,
        at: end.at,
    });
    let holds: Vec<ExpiredHold> = expired.collect();
    let mut postings = before.map_or_else(Vec::new, |before| before.postings);
    for posting in next.postings {
        Posting::add(&mut postings, posting);
    }
    postings.sort_by_key(|posting| posting.lot);
    Event {
        fact: Fact::HoldExpired {
            hold: holds[0].hold,
            holds,
        },
        postings,
        ..next
    }
}

/// The position at which a lot that time made would be, if holds that end one after the other always
/// were one event.
fn places(after: Sequence, events: &[Event]) -> impl Fn(LotId) -> LotId {
    let mut place = after;
    let mut places = HashMap::new();
    let mut expired = false;
    for (event, sequence) in events.iter().zip(after.0 + 1..) {
        let expires = event.fact.kind() == OperationKind::HoldExpired;
        if !(expires && expired) {
            place = place.next();
        }
        expired = expires;
        places.insert(Sequence(sequence), place);
    }
    move |lot| places.get(&lot).copied().unwrap_or(lot)
}

/// An account in which lots have those positions, and no time has passed.
fn stands(mut account: Account, after: Sequence, events: &[Event]) -> Account {
    let places = places(after, events);
    account.sequence = places(account.sequence);
    account.time = Instant::default();
    for lot in &mut account.lots {
        lot.id = places(lot.id);
    }
    account
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_credit_is_lost_or_made_and_none_is_spent_twice(catalogs in catalogs(), steps in steps()) {
        let mut scene = begin(catalogs);
        for step in &steps {
            step.run(&mut scene);
            check_conservation(&scene.account);
            let balance = scene.account.balance(&scene.catalogs, scene.now);
            let parts = [balance.available, balance.frozen, balance.held].map(|one| one.get());
            let there: i64 = scene.account.lots.iter().map(|lot| lot.remaining.get() + lot.held.get()).sum();
            prop_assert_eq!(parts.iter().sum::<i64>(), there);
            let allowance = balance.allowance.map_or(0, |usage| usage.remaining.get());
            prop_assert_eq!(
                allowance + balance.rollover.get() + balance.packs.get(),
                balance.available.get()
            );
        }
        let left: HashMap<LotId, (i64, i64)> =
            scene.account.lots.iter().map(|lot| (lot.id, (lot.remaining.get(), lot.held.get()))).collect();
        let mut posted = lots(&scene.ledger);
        posted.retain(|_, there| *there != (0, 0));
        prop_assert_eq!(posted, left);
    }

    #[test]
    fn the_ledger_replays_to_the_state_through_every_form_it_is_kept_in(
        catalogs in catalogs(), steps in steps(),
    ) {
        let scene = live(catalogs, &steps);
        let id = scene.account.id.clone();
        prop_assert_eq!(&Account::replay(id.clone(), &scene.ledger), &scene.account);
        let snapshot = serde_json::to_string(&scene.account).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Account>(&snapshot).unwrap(), &scene.account);
        let kept: Vec<Event> = scene.records.iter().map(|record| record.event().unwrap()).collect();
        prop_assert_eq!(&kept, &scene.ledger);
        let (mut previous, mut available) = (CHAIN_START, 0);
        for (record, place) in scene.records.iter().zip(1..) {
            prop_assert_eq!(record.sequence, Sequence(place));
            prop_assert_eq!(record.previous, previous);
            prop_assert_eq!(record.hash, record.computed_hash());
            available += record.change;
            prop_assert_eq!(record.available_after.get(), available);
            previous = record.hash;
        }
        prop_assert_eq!(scene.account.sequence, scene.records.last().unwrap().sequence);
        // A snapshot taken anywhere leads to the same state.
        let (before, after) = scene.ledger.split_at(scene.ledger.len() / 2);
        let snapshot = serde_json::to_string(&Account::replay(id, before)).unwrap();
        let mut account: Account = serde_json::from_str(&snapshot).unwrap();
        after.iter().for_each(|event| account.apply(event));
        prop_assert_eq!(account, scene.account);
    }

    #[test]
    fn what_time_does_is_independent_of_when_somebody_looks(
        catalogs in catalogs(), steps in steps(), cuts in proptest::collection::vec(0..1_000_i64, 0..30),
    ) {
        let scene = live(catalogs, &steps);
        let (from, days) = (scene.now.micros(), 800);
        let micros_a_cut = days * 86_400_000_000 / 1_000;
        let mut cuts = cuts;
        cuts.sort_unstable();
        let advance = |cuts: &[i64]| {
            let mut account = scene.account.clone();
            let mut events = Vec::new();
            for cut in cuts.iter().chain([&1_000]) {
                let now = Instant::from_micros(from + cut * micros_a_cut).unwrap();
                let due = account.due(&scene.catalogs, now);
                assert!(!due.more);
                for event in due.events {
                    assert_eq!(event.recorded_at, now);
                    account.apply(&event);
                    events.push(event);
                }
            }
            (events, account)
        };
        let (at_once, one) = advance(&[]);
        let (in_steps, other) = advance(&cuts);
        let after = scene.account.sequence;
        prop_assert_eq!(together(after, &at_once), together(after, &in_steps));
        prop_assert_eq!(stands(one, after, &at_once), stands(other, after, &in_steps));
        for pair in at_once.windows(2) {
            prop_assert!(pair[0].at <= pair[1].at);
        }
    }

    #[test]
    fn deciding_changes_nothing_and_depends_on_its_arguments_only(
        catalogs in catalogs(), steps in steps(),
    ) {
        let mut scene = begin(catalogs);
        for step in &steps {
            let now = Instant::from_micros(scene.now.micros() + step.wait_micros).unwrap();
            scene.reach(now);
            let (command, known) = scene.command(&step.asked);
            let content = command.request.content();
            let before = scene.account.clone();
            let decide = || before.decide(&scene.catalogs, &command, content, &known, now);
            let decided = decide();
            prop_assert_eq!(&decided, &decide());
            prop_assert_eq!(&scene.account, &before);
            step.run(&mut scene);
        }
    }

    #[test]
    fn a_charge_costs_its_price_and_takes_exactly_that(catalogs in catalogs(), steps in steps()) {
        let scene = live(catalogs, &steps);
        for (event, record) in scene.ledger.iter().zip(&scene.records) {
            let consumed: Credits = event.postings.iter().map(|posting| posting.consumed).sum();
            let mut cost = Credits::ZERO;
            if let Fact::Charge(charge) = &event.fact {
                cost = charge.cost;
                prop_assert_eq!(charge.spend.terms.cost().unwrap(), cost);
            }
            if let Fact::HoldPlaced { amount, spend, .. } = &event.fact {
                prop_assert_eq!(spend.terms.cost().unwrap(), *amount);
                let held: i64 = event.postings.iter().map(|posting| posting.held).sum();
                prop_assert_eq!(held, amount.get());
            }
            prop_assert_eq!(consumed, cost);
            prop_assert_eq!(record.consumed, cost);
        }
    }

    #[test]
    fn credits_enter_only_by_a_period_a_paid_pack_or_stated_rollover(
        catalogs in catalogs(), steps in steps(),
    ) {
        let scene = live(catalogs, &steps);
        let mut payments = Vec::new();
        for (event, place) in scene.ledger.iter().zip(1..) {
            let entered: Credits = event.postings.iter().map(|posting| posting.granted).sum();
            let Some(lot) = event.fact.new_lot() else {
                prop_assert!(entered.is_zero(), "{:?} adds credits", event.fact);
                continue;
            };
            prop_assert_eq!(entered, lot.granted);
            prop_assert!(event.postings.iter().all(|posting| posting.lot == Sequence(place)));
            let source = (event.fact.kind(), &lot.origin, event.caused_by.is_some());
            match source {
                (
                    OperationKind::SubscriptionChange | OperationKind::PaymentReport,
                    Origin::Plan { .. },
                    true,
                )
                | (OperationKind::PeriodGrant, Origin::Plan { .. }, false) => {}
                (OperationKind::RolloverGrant, Origin::Rollover { plan, .. }, false) => {
                    let (_, terms) = scene.catalogs.plan_terms(plan, event.at).unwrap();
                    prop_assert!(lot.granted <= terms.rollover.unwrap().max);
                }
                (OperationKind::PackPurchase, Origin::Pack { pack, quantity }, true) => {
                    let version = scene.catalogs.version(event.catalog_version).unwrap();
                    let offered = version.catalog.pack(pack).unwrap().credits;
                    prop_assert_eq!(lot.granted, offered.checked_mul(*quantity).unwrap());
                    let Fact::PackPurchase { payment, .. } = &event.fact else { unreachable!() };
                    prop_assert!(!payments.contains(&payment.key), "a payment is used once");
                    payments.push(payment.key.clone());
                }
                other => prop_assert!(false, "{:?} adds credits", other),
            }
        }
    }

    #[test]
    fn a_period_begins_with_its_plans_allowance_and_periods_never_overlap(
        catalogs in catalogs(), steps in steps(),
    ) {
        let mut scene = live(catalogs, &steps);
        scene.reach(at("2032-01-01"));
        let mut anchor = Instant::default();
        let mut ended = Instant::default();
        for event in &scene.ledger {
            if let Fact::SubscriptionChange { change: SubscriptionEvent::Started { anchor: new, .. }, .. } =
                &event.fact
            {
                anchor = *new;
            }
            let Some(lot) = event.fact.new_lot() else { continue };
            let Origin::Plan { plan, period, .. } = &lot.origin else { continue };
            if matches!(&event.fact, Fact::SubscriptionChange { change: SubscriptionEvent::Changed { .. }, .. }) {
                // What a better plan has more ends with the period that it was granted in.
                prop_assert_eq!(lot.expires_at, Some(ended));
                continue;
            }
            let (_, terms) = scene.catalogs.plan_terms(plan, event.at).unwrap();
            prop_assert_eq!(lot.granted, terms.allowance);
            let begins = period_start(anchor, *period);
            prop_assert!(begins >= ended, "a period from {} began before {}", begins, ended);
            prop_assert!((begins..period_start(anchor, period + 1)).contains(&event.at));
            ended = lot.expires_at.unwrap();
            prop_assert_eq!(ended, period_start(anchor, period + 1));
        }
    }

    #[test]
    fn an_operation_shows_the_change_that_it_made(catalogs in catalogs(), steps in steps()) {
        let scene = live(catalogs, &steps);
        let mut account = Account::unopened(scene.account.id.clone());
        for (event, record) in scene.ledger.iter().zip(&scene.records) {
            let before = account.clone();
            account.apply(event);
            let usable = |lot: LotId| {
                let lot = before.lot(lot).or(account.lot(lot));
                lot.is_none_or(|lot| lot.freezes.is_empty())
            };
            let moved = event.postings.iter().filter(|posting| usable(posting.lot));
            let change: i64 = moved.map(|posting| posting.available).sum();
            // A plan that starts or ends, and a payment that is reported, also thaw or freeze.
            let thaws = [OperationKind::SubscriptionChange, OperationKind::PaymentReport];
            if !thaws.contains(&event.fact.kind()) {
                prop_assert_eq!(record.change, change, "{:?}", event.fact);
            }
        }
    }
}
