//! What holds of plan changes, whatever is asked and whenever: no sequence of them adds credits that one
//! plan would not have given, none takes any away, and what is previewed is what then happens.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{
    random::{Step, begin, catalogs, changed_plan},
    scene::Scene,
    words::at,
};
use crate::domain::{
    account::Account,
    event::{Event, Fact, SubscriptionEvent},
    ids::{PlanId, Sequence},
    lot::{LotTerms, Origin},
    preview::{Fate, PlanChange, PlanChangePreview},
    refusal::Refusal,
    time::Instant,
};

const DAY: i64 = 86_400_000_000;

/// A life of plans: many changes in few periods, with spends, packs and lapses in between.
fn plan_steps() -> impl Strategy<Value = Vec<Step>> {
    let plan = prop_oneof![Just("basic"), Just("pro"), Just("solo")];
    let interval = prop_oneof![Just("monthly"), Just("yearly")];
    let asked = prop_oneof![
        8 => changed_plan(),
        3 => (plan, interval).prop_map(|(plan, interval)| format!("start {plan} {interval}")),
        2 => Just("lapse".to_owned()),
        1 => Just("cancel".to_owned()),
        1 => Just("resume".to_owned()),
        2 => (1..9_u32).prop_map(|count| format!("charge image pen x{count}")),
        1 => (1..9_u32).prop_map(|count| format!("reserve image pen x{count} for 1440")),
        1 => prop_oneof![Just("buy boost".to_owned()), Just("buy spark".to_owned())],
    ];
    let wait = prop_oneof![
        5 => Just(0),
        4 => 0..10 * DAY,
        2 => (0..40_i64).prop_map(|days| days * DAY),
        1 => 0..400 * DAY,
    ];
    let step = (wait, asked).prop_map(|(wait_micros, asked)| Step { wait_micros, asked });
    proptest::collection::vec(step, 1..40)
}

fn run(step: &Step, scene: &mut Scene) {
    if step.asked != "lapse" {
        return step.run(scene);
    }
    let later = scene.now.micros() + step.wait_micros;
    scene.now = Instant::from_micros(later).unwrap();
    scene.reach(scene.now);
    if scene.account.subscription.is_some() {
        scene.lapse();
    }
}

/// The plan that an event puts in force.
fn put_in_force(event: &Event) -> Option<&PlanId> {
    let Fact::SubscriptionChange { change, .. } = &event.fact else {
        return None;
    };
    match change {
        SubscriptionEvent::Started { plan, .. } | SubscriptionEvent::Changed { plan, .. } => {
            Some(plan)
        }
        SubscriptionEvent::CancellationScheduled { .. }
        | SubscriptionEvent::Resumed
        | SubscriptionEvent::Ended { .. }
        | SubscriptionEvent::ChangeScheduled(_)
        | SubscriptionEvent::ChangeWithdrawn
        | SubscriptionEvent::PeriodWithheld { .. } => None,
    }
}

/// By period, what was granted in it and the best allowance of the plans that were in force in it, each
/// by the terms of the instant at which it came to be.
fn periods(scene: &Scene) -> BTreeMap<(Sequence, Instant), (i64, i64)> {
    let mut account = Account::unopened(scene.account.id.clone());
    let mut periods: BTreeMap<(Sequence, Instant), (i64, i64)> = BTreeMap::new();
    for event in &scene.ledger {
        let before = account.subscription.take();
        account.subscription.clone_from(&before);
        account.apply(event);
        let Some(now) = &account.subscription else {
            continue;
        };
        let (granted, best) = periods.entry((now.id, now.period_end())).or_default();
        if let Some(LotTerms {
            origin: Origin::Plan { .. },
            granted: added,
            ..
        }) = event.fact.new_lot()
        {
            *granted += added.get();
        }
        // What time puts in force at the end of a period counts with the grant that follows.
        let other = put_in_force(event).filter(|_| event.caused_by.is_some());
        let other = other.filter(|plan| before.is_none_or(|before| before.plan != **plan));
        let renewed = matches!(event.fact, Fact::PeriodGrant { .. }).then_some(&now.plan);
        if let Some(plan) = other.or(renewed) {
            let (_, terms) = scene.catalogs.plan_terms(plan, event.at).unwrap();
            *best = (*best).max(terms.allowance.get());
        }
    }
    periods
}

/// What the words of a change ask to preview, if they ask for one.
fn change(scene: &Scene, asked: &str) -> Option<PlanChange> {
    let (command, _) = scene.command(asked);
    match command.request {
        crate::domain::command::Request::ChangePlan { plan, interval } => {
            Some(PlanChange::To { plan, interval })
        }
        crate::domain::command::Request::CancelSubscription => Some(PlanChange::ToNone),
        _ => None,
    }
}

/// Lets happen what was previewed, and compares.
fn check_preview(scene: &mut Scene, asked: &str, foreseen: Result<PlanChangePreview, Refusal>) {
    let before = scene.account.lots.clone();
    let decided = scene.does(asked);
    let preview = match (foreseen, decided) {
        (Err(foreseen), Err(refusal)) => return assert_eq!(foreseen, refusal),
        (Ok(preview), Ok(Some(event))) => {
            assert_eq!(preview.granted.as_ref(), event.fact.new_lot());
            preview
        }
        (foreseen, decided) => panic!("{asked}: {foreseen:?} was foreseen, {decided:?} happened"),
    };
    let subscription = scene.account.subscription.as_ref().unwrap();
    assert_eq!(preview.scheduled, subscription.scheduled);
    let places: Vec<_> = before.iter().map(|lot| lot.id).collect();
    let foretold: Vec<_> = preview.lots.iter().map(|(lot, _)| *lot).collect();
    assert_eq!(foretold, places);

    let (from, sequence, current) = (
        scene.ledger.len(),
        scene.account.sequence,
        subscription.period,
    );
    let (of, until) = (subscription.id, subscription.period_end());
    scene.reach(preview.acts_at.max(scene.now));
    for (lot, (_, fate)) in before.iter().zip(&preview.lots) {
        let later = scene.account.lot(lot.id);
        let left = later.is_some_and(|lot| !lot.remaining.is_zero());
        match fate {
            Fate::Kept => {
                assert!(later.is_none_or(|lot| lot.is_live()));
                assert!(
                    left || lot.remaining.is_zero(),
                    "lot {} was to be kept",
                    lot.id
                );
            }
            Fate::Frozen => assert!(later.is_some_and(|lot| !lot.is_live())),
            Fate::Expired => assert!(!left, "lot {} was to end", lot.id),
        }
    }
    let rolled = |event: &&Event| match event.fact.new_lot().map(|lot| &lot.origin) {
        Some(Origin::Rollover {
            subscription,
            period,
            ..
        }) => (*subscription, *period) == (of, current),
        _ => false,
    };
    let rolled = scene.ledger[from..].iter().filter(rolled);
    let rolled: i64 = rolled
        .map(|event| event.fact.new_lot().unwrap().granted.get())
        .sum();
    assert_eq!(preview.rolls_over.get(), rolled);

    let end = scene
        .account
        .subscription
        .as_ref()
        .map(|one| one.period_end());
    scene.reach(end.into_iter().chain([until, scene.now]).max().unwrap());
    let grants = |from: usize, since: Instant| {
        let mut later = scene.ledger[from..]
            .iter()
            .filter(|event| event.at >= since);
        later.find_map(|event| match &event.fact {
            Fact::PeriodGrant { lot, .. } => Some(lot.clone()),
            _ => None,
        })
    };
    assert!(usize::try_from(sequence.0).unwrap() == from);
    assert_eq!(preview.next_renewal, grants(from, Instant::default()));
    assert_eq!(preview.renewal_after, grants(from, preview.acts_at));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_grants_of_a_period_are_exactly_the_best_plan_touched_in_it(
        catalogs in catalogs(), steps in plan_steps(),
    ) {
        let mut scene = begin(catalogs);
        for step in &steps {
            run(step, &mut scene);
        }
        scene.now = at("2032-01-01");
        scene.reach(scene.now);
        for (period, (granted, best)) in periods(&scene) {
            prop_assert_eq!(granted, best, "{:?}", period);
        }
    }

    #[test]
    fn a_change_takes_nothing_and_adds_only_to_the_running_period(
        catalogs in catalogs(), steps in plan_steps(),
    ) {
        let mut scene = begin(catalogs);
        for step in &steps {
            run(step, &mut scene);
        }
        scene.now = at("2029-01-01");
        scene.reach(scene.now);
        let mut account = Account::unopened(scene.account.id.clone());
        for (event, record) in scene.ledger.iter().zip(&scene.records) {
            let before = account.clone();
            account.apply(event);
            let Fact::SubscriptionChange { change, lot } = &event.fact else { continue };
            if matches!(change, SubscriptionEvent::Ended { .. }) { continue }
            prop_assert!(record.change >= 0, "{:?}", change);
            prop_assert_eq!(account.held(), before.held());
            let (then, now) = (&before.totals, &account.totals);
            let gone = |totals: &crate::domain::account::Totals| {
                (totals.consumed, totals.expired, totals.revoked, totals.packs, totals.rollover)
            };
            prop_assert_eq!(gone(then), gone(now));
            let added = lot.as_ref().map_or(0, |lot| lot.granted.get());
            prop_assert_eq!(now.plan - then.plan, added);
            if let Some(lot) = lot {
                prop_assert!(event.caused_by.is_some(), "time grants periods only");
                let running = account.subscription.as_ref().unwrap();
                prop_assert_eq!(lot.expires_at, Some(running.period_end()));
            }
            // What is used of the running period is what it was: the allowance and its rest grow alike.
            let used = |account: &Account| {
                let usage = account.allowance_usage(&scene.catalogs, event.at);
                usage.map(|usage| usage.used)
            };
            if let SubscriptionEvent::Changed { .. } = change {
                prop_assert_eq!(used(&account), used(&before));
            }
        }
        prop_assert_eq!(Account::replay(account.id.clone(), &scene.ledger), scene.account);
    }

    #[test]
    fn what_a_preview_says_is_what_happens(catalogs in catalogs(), steps in plan_steps(), last in changed_plan(), cancel in 0..5_u8) {
        let mut scene = begin(catalogs);
        for step in &steps {
            run(step, &mut scene);
        }
        let asked = if cancel == 0 { "cancel".to_owned() } else { last };
        let wanted = change(&scene, &asked).unwrap();
        let untouched = scene.account.clone();
        let foreseen = scene.account.preview(&scene.catalogs, &wanted, scene.now);
        prop_assert_eq!(&untouched, &scene.account);
        check_preview(&mut scene, &asked, foreseen);
    }
}
