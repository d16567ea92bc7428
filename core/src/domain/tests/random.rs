//! Random shops and random lives of an account, for the properties.

use proptest::prelude::*;

use super::{
    scene::Scene,
    shop::{catalog, credits, published},
    words::at,
};
use crate::domain::{
    catalog::{Catalog, Catalogs, PackLife, PacksWithoutPlan, RolloverTerms},
    time::Instant,
};

const HOUR: i64 = 3_600_000_000;

/// One thing that is asked some time after the one before.
#[derive(Clone, Debug)]
pub struct Step {
    pub wait_micros: i64,
    pub asked: String,
}

fn rollover() -> impl Strategy<Value = Option<RolloverTerms>> {
    let terms = (1..400_i64, 1..4_u32).prop_map(|(max, months)| RolloverTerms {
        max: credits(max),
        months,
    });
    proptest::option::of(terms)
}

fn life() -> impl Strategy<Value = Option<PackLife>> {
    prop_oneof![
        Just(None),
        (1..90_u32).prop_map(|days| Some(PackLife::Days(days))),
        (1..4_u32).prop_map(|months| Some(PackLife::Months(months))),
    ]
}

fn a_catalog() -> impl Strategy<Value = Catalog> {
    let allowances = (0..600_i64, 0..600_i64, 0..600_i64);
    let lives = (life(), life());
    (allowances, rollover(), lives, any::<bool>()).prop_map(
        |(allowances, rollover, lives, frozen)| {
            let mut shop = catalog();
            let amounts = [allowances.0, allowances.1, allowances.2];
            for (plan, amount) in shop.plans.iter_mut().zip(amounts) {
                plan.allowance = credits(amount);
            }
            shop.plans[1].rollover = rollover;
            shop.packs[0].expires_after = lives.0;
            shop.packs[1].expires_after = lives.1;
            shop.policy.packs_without_plan = if frozen {
                PacksWithoutPlan::Frozen
            } else {
                PacksWithoutPlan::Usable
            };
            shop
        },
    )
}

/// Two catalogs, the second from some day of 2026 on.
pub fn catalogs() -> impl Strategy<Value = Catalogs> {
    (a_catalog(), a_catalog(), 0..365_i64).prop_map(|(first, second, day)| {
        let begin = at("2026-01-01").micros();
        let later = Instant::from_micros(begin + day * 24 * HOUR).unwrap();
        published([(Instant::default(), first), (later, second)])
    })
}

/// Time steps fall on instants at which things become due as well as beside them.
fn wait() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => Just(0),
        3 => 0..2 * HOUR,
        2 => (0..10_i64).prop_map(|days| days * 24 * HOUR),
        1 => 0..100 * 24 * HOUR,
    ]
}

pub fn changed_plan() -> impl Strategy<Value = String> {
    let plan = prop_oneof![Just("basic"), Just("pro"), Just("solo")];
    let interval = prop_oneof![Just(""), Just(" monthly"), Just(" yearly")];
    (plan, interval).prop_map(|(plan, interval)| format!("change {plan}{interval}"))
}

fn asked() -> impl Strategy<Value = String> {
    let plan = prop_oneof![Just("basic"), Just("pro"), Just("solo")];
    let interval = prop_oneof![Just("monthly"), Just("yearly")];
    let since = prop_oneof![
        Just(""),
        Just(" since 2025-12-31"),
        Just(" since 2026-02-28")
    ];
    let pack = prop_oneof![Just("boost"), Just("spark"), Just("topup")];
    let spend = prop_oneof![
        (1..9_u32).prop_map(|count| format!("image pen x{count}")),
        (1..9_u32).prop_map(|count| format!("image sketch x{count}")),
        (1..4_u32, 1..15_u32).prop_map(|(count, length)| format!("video reel x{count} {length}s")),
        Just("sound sketch".to_owned()),
        Just("chat".to_owned()),
    ];
    let hold = 0..6_u8;
    prop_oneof![
        2 => (plan, interval, since)
            .prop_map(|(plan, interval, since)| format!("start {plan} {interval}{since}")),
        3 => changed_plan(),
        1 => Just("cancel".to_owned()),
        1 => Just("resume".to_owned()),
        2 => (pack, 1..3_u32, 0..9_u8)
            .prop_map(|(pack, count, pay)| format!("buy {pack} x{count} with pay-{pay}")),
        4 => spend.clone().prop_map(|spend| format!("charge {spend}")),
        4 => (spend, 1..1441_u32, hold.clone())
            .prop_map(|(spend, minutes, hold)| format!("reserve {spend} for {minutes} as h{hold}")),
        3 => (hold.clone(), 1..9_u32).prop_map(|(hold, count)| format!("settle h{hold} x{count}")),
        2 => hold.clone().prop_map(|hold| format!("settle h{hold}")),
        2 => hold.clone().prop_map(|hold| format!("release h{hold}")),
        1 => (hold, 1..1441_u32).prop_map(|(hold, minutes)| format!("extend h{hold} {minutes}")),
        4 => report(),
    ]
}

/// A report of a payment of a pack or of a term.
fn report() -> impl Strategy<Value = String> {
    let outcome = prop_oneof![
        3 => Just("paid"),
        3 => Just("failed"),
        2 => Just("disputed"),
        1 => Just("won"),
        1 => Just("lost"),
        1 => Just("refunded"),
    ];
    let month = prop_oneof![2 => Just(1), 2 => Just(2), 1 => 3..9_u32];
    (outcome, prop_oneof![0..9_u8, 20..30_u8], month, 1..28_u32).prop_map(
        |(outcome, pay, month, day)| format!("{outcome} pay-{pay} at 2026-{month:02}-{day:02}"),
    )
}

/// What is asked in the life of an account.
pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (wait(), asked()).prop_map(|(wait_micros, asked)| Step { wait_micros, asked });
    proptest::collection::vec(step, 1..40)
}

/// An account that begins in January 2026, on a plan.
pub fn begin(catalogs: Catalogs) -> Scene {
    let mut scene = Scene::new(catalogs, at("2026-01-30 12:00"));
    scene.does("start pro monthly").unwrap();
    scene
}

impl Step {
    /// Moves the clock and asks. An id is asked once, as the index of ids would have it.
    pub fn run(&self, scene: &mut Scene) {
        let later = scene.now.micros() + self.wait_micros;
        scene.now = Instant::from_micros(later).unwrap();
        scene.reach(scene.now);
        let name = self.asked.split_once(" as ").map(|(_, name)| name);
        if !name.is_some_and(|name| scene.was_asked(name)) {
            // Refusals are as good as acceptances here.
            drop(scene.does(&self.asked));
        }
    }
}
