//! What holds whatever billing reports, in whatever order, and however long it is silent.

use std::collections::HashMap;

use proptest::prelude::*;

use super::{
    scene::Scene,
    shop::{credits, shop},
    words::at,
};
use crate::domain::{
    account::Account,
    catalog::{PacksWithoutPlan, RolloverTerms},
    event::{Fact, OperationKind},
    lot::Origin,
    time::Instant,
};

/// One thing that happens some days after the one before.
#[derive(Clone, Debug)]
struct Step {
    days: i64,
    asked: String,
}

fn report() -> impl Strategy<Value = String> {
    let outcome = prop_oneof![
        4 => Just("paid"),
        4 => Just("failed"),
        3 => Just("disputed"),
        1 => Just("won"),
        1 => Just("lost"),
        1 => Just("refunded"),
    ];
    (outcome, 0..6_u8).prop_map(|(outcome, pay)| format!("{outcome} pay-{pay}"))
}

fn step() -> impl Strategy<Value = Step> {
    let interval = prop_oneof![Just("monthly"), Just("yearly")];
    let asked = prop_oneof![
        8 => report(),
        1 => interval.prop_map(|interval| format!("start pro {interval}")),
        1 => Just("cancel".to_owned()),
        1 => (0..6_u8).prop_map(|pay| format!("buy spark with pay-{pay}")),
        2 => Just("charge image brush".to_owned()),
        2 => (0..4_u8).prop_map(|hold| format!("reserve image pen for 1440 as h{hold}")),
        1 => (0..4_u8).prop_map(|hold| format!("release h{hold}")),
    ];
    (0..24_i64, asked).prop_map(|(days, asked)| Step { days, asked })
}

/// Lives of an account on a plan that rolls over, where a payment may be late for half a year.
fn life() -> impl Strategy<Value = (bool, u32, Vec<Step>)> {
    let days_max = prop_oneof![Just(10_u32), Just(180)];
    (
        any::<bool>(),
        days_max,
        proptest::collection::vec(step(), 1..40),
    )
}

fn begin(usable: bool, days_max: u32) -> Scene {
    let shop = shop(|shop| {
        shop.policy.past_due_days_max = days_max;
        if usable {
            shop.policy.packs_without_plan = PacksWithoutPlan::Usable;
        }
        shop.plans[1].rollover = Some(RolloverTerms {
            max: credits(200),
            months: 2,
        });
    });
    let mut scene = Scene::new(shop, at("2026-01-31"));
    scene.does("start pro monthly").unwrap();
    scene
}

impl Step {
    /// A payment is reported as made or due just now. Refusals are as good as acceptances here.
    fn run(&self, scene: &mut Scene) {
        let later = scene.now.micros() + self.days * 86_400_000_000;
        scene.reach(Instant::from_micros(later).unwrap());
        let name = self.asked.split_once(" as ").map(|(_, name)| name);
        if name.is_some_and(|name| scene.was_asked(name)) {
            return;
        }
        let is_report = self.asked.contains("pay-") && !self.asked.starts_with("buy");
        let asked = match is_report {
            true => format!("{} at {}", self.asked, scene.now),
            false => self.asked.clone(),
        };
        drop(scene.does(&asked));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reports_add_nothing_but_each_period_once((usable, days_max, steps) in life()) {
        let mut scene = begin(usable, days_max);
        for step in &steps {
            step.run(&mut scene);
            let totals = scene.account.totals;
            let balance = scene.account.balance(&scene.catalogs, scene.now);
            let there = [balance.available, balance.held, balance.frozen].map(|one| one.get());
            let gone = totals.consumed + totals.expired + totals.revoked;
            let entered = totals.plan + totals.rollover + totals.packs;
            prop_assert_eq!(there.iter().sum::<i64>() + gone, entered);
        }
        scene.reach(at("2029-01-01"));
        let mut granted: HashMap<_, i64> = HashMap::new();
        for event in &scene.ledger {
            let Some(lot) = event.fact.new_lot() else { continue };
            match &lot.origin {
                Origin::Plan { subscription, period, .. } => {
                    let sum = granted.entry((*subscription, *period)).or_default();
                    *sum += lot.granted.get();
                    prop_assert!(*sum <= 1_000, "a period is granted twice");
                }
                Origin::Rollover { .. } => prop_assert!(event.caused_by.is_none()),
                Origin::Pack { .. } => {
                    prop_assert_eq!(event.fact.kind(), OperationKind::PackPurchase);
                }
            }
        }
    }

    #[test]
    fn what_was_reported_replays_and_time_alone_leaves_it((usable, days_max, steps) in life()) {
        let mut scene = begin(usable, days_max);
        for step in &steps {
            step.run(&mut scene);
            let account = &scene.account;
            let terms = account.reported_terms.iter().count();
            prop_assert!(terms <= 4 * (account.lots.len() + 2), "bounded");
            let subscription = account.subscription.as_ref();
            if let Some(past_due) = subscription.and_then(|one| one.payments.past_due) {
                prop_assert!(past_due.since <= scene.now && past_due.lapses_at > scene.now);
            }
            for lot in account.lots.iter().filter(|lot| !matches!(lot.terms.origin, Origin::Pack { .. })) {
                let freezes = account.reported_terms.freezes(&lot.terms.origin);
                prop_assert_eq!(lot.freezes, freezes, "what is not paid for can't be spent");
            }
        }
        let id = scene.account.id.clone();
        prop_assert_eq!(&Account::replay(id, &scene.ledger), &scene.account);
        let kept = serde_json::to_string(&scene.account).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Account>(&kept).unwrap(), &scene.account);
        let before = scene.account.lots.clone();
        scene.reach(at("2029-01-01"));
        // What was revoked or frozen does not come back by waiting.
        for lot in &before {
            let left = scene.account.lot(lot.id);
            prop_assert!(left.is_none_or(|left| left.remaining <= lot.remaining || !lot.held.is_zero()));
        }
        let after = |event: &&crate::domain::event::Event| matches!(event.fact, Fact::Revocation(_));
        for event in scene.ledger.iter().filter(after) {
            prop_assert!(event.postings.iter().all(|one| one.available == -one.revoked.get() && one.held == 0));
        }
    }
}
