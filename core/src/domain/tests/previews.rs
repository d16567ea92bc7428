//! What a change would do, told before it is asked for.

use super::{
    scene::{Scene, brief},
    shop::shop,
    words::at,
};
use crate::domain::{
    catalog::{BillingInterval, PacksWithoutPlan},
    ids::PlanId,
    lot::{LotTerms, Origin},
    preview::{Fate, PlanChange, PlanChangePreview},
};

fn to(plan: &str, interval: Option<BillingInterval>) -> PlanChange {
    PlanChange::To {
        plan: PlanId::parse(plan).unwrap(),
        interval,
    }
}

fn named(origin: &Origin) -> String {
    match origin {
        Origin::Plan { plan, .. } => plan.to_string(),
        Origin::Rollover { plan, .. } => format!("{plan}'s rest"),
        Origin::Pack { pack, .. } => pack.to_string(),
    }
}

fn grant(lot: Option<&LotTerms>) -> String {
    lot.map_or("none".to_owned(), |lot| {
        let (from, until) = (brief(lot.effective_at), brief(lot.expires_at.unwrap()));
        format!(
            "{} of {} from {from} to {until}",
            lot.granted,
            named(&lot.origin)
        )
    })
}

/// The preview, a line for each thing it tells.
fn told(scene: &Scene, preview: &PlanChangePreview) -> Vec<String> {
    let mut lines = vec![format!("acts {}", brief(preview.acts_at))];
    if let Some(change) = &preview.scheduled {
        let interval = change.interval.word();
        lines.push(format!(
            "scheduled {} {interval} {}",
            change.plan,
            brief(change.at)
        ));
    }
    if preview.granted.is_some() {
        lines.push(format!("granted {}", grant(preview.granted.as_ref())));
    }
    for (lot, (id, fate)) in scene.account.lots.iter().zip(&preview.lots) {
        assert_eq!(lot.id, *id);
        let (amount, origin) = (lot.remaining, named(&lot.terms.origin));
        lines.push(match fate {
            Fate::Kept => format!("kept {amount} of {origin}"),
            Fate::Frozen => format!("frozen {amount} of {origin}"),
            Fate::Expired => {
                let end = brief(lot.terms.expires_at.unwrap());
                format!("ends {amount} of {origin} {end}")
            }
        });
    }
    if !preview.rolls_over.is_zero() {
        lines.push(format!("rolls over {}", preview.rolls_over));
    }
    lines.push(format!("next {}", grant(preview.next_renewal.as_ref())));
    if preview.renewal_after != preview.next_renewal {
        lines.push(format!("then {}", grant(preview.renewal_after.as_ref())));
    }
    lines
}

fn check(scene: &Scene, change: &PlanChange, expected: &[&str]) {
    let preview = scene.account.preview(&scene.catalogs, change, scene.now);
    let preview = preview.unwrap_or_else(|refusal| panic!("{change:?}: {refusal:?}"));
    assert_eq!(told(scene, &preview), expected, "{change:?}");
}

/// An account with all kinds of lots, in the middle of February.
fn rich(start: &str) -> Scene {
    let mut scene = Scene::after(&[start, "buy boost", "buy spark"]);
    scene.reach(at("2026-02-10"));
    scene
}

#[test]
fn an_upgrade_keeps_everything_and_tells_what_it_adds() {
    let scene = Scene::after(&["start basic monthly", "charge image brush", "buy boost"]);
    check(
        &scene,
        &to("pro", None),
        &[
            "acts 2026-01-01",
            "granted 500 of pro from 2026-01-01 to 2026-02-01",
            "kept 450 of basic",
            "kept 300 of boost",
            "next 1000 of pro from 2026-02-01 to 2026-03-01",
        ],
    );
}

#[test]
fn a_downgrade_tells_what_ends_until_it_acts_and_what_rolls_over() {
    check(
        &rich("start pro monthly"),
        &to("basic", None),
        &[
            "acts 2026-03-01",
            "scheduled basic monthly 2026-03-01",
            "ends 1000 of pro 2026-03-01",
            "ends 200 of pro's rest 2026-03-01",
            "kept 300 of boost",
            "rolls over 200",
            "next 500 of basic from 2026-03-01 to 2026-04-01",
        ],
    );
}

#[test]
fn a_downgrade_of_a_yearly_plan_tells_the_next_month_and_the_month_it_acts() {
    let monthly = to("basic", Some(BillingInterval::Monthly));
    check(
        &rich("start pro yearly"),
        &monthly,
        &[
            "acts 2027-01-01",
            "scheduled basic monthly 2027-01-01",
            "ends 1000 of pro 2026-03-01",
            "ends 200 of pro's rest 2026-03-01",
            "kept 300 of boost",
            "rolls over 200",
            "next 1000 of pro from 2026-03-01 to 2026-04-01",
            "then 500 of basic from 2027-01-01 to 2027-02-01",
        ],
    );
}

#[test]
fn an_interval_alone_grants_nothing() {
    let scene = Scene::after(&["start basic monthly"]);
    check(
        &scene,
        &to("basic", Some(BillingInterval::Yearly)),
        &[
            "acts 2026-01-01",
            "kept 500 of basic",
            "next 500 of basic from 2026-02-01 to 2026-03-01",
        ],
    );
}

#[test]
fn leaving_the_plan_freezes_packs_or_not_as_the_catalog_says() {
    let mut scene = Scene::after(&["start basic monthly", "buy boost", "buy spark"]);
    scene.reach(at("2026-01-10"));
    check(
        &scene,
        &PlanChange::ToNone,
        &[
            "acts 2026-02-01",
            "ends 100 of spark 2026-01-31",
            "ends 500 of basic 2026-02-01",
            "frozen 300 of boost",
            "next none",
        ],
    );
    let usable = shop(|shop| shop.policy.packs_without_plan = PacksWithoutPlan::Usable);
    let mut scene = Scene::new(usable, at("2026-01-01"));
    scene.check(&[("", "start basic monthly", "500"), ("", "buy boost", "800")]);
    check(
        &scene,
        &PlanChange::ToNone,
        &[
            "acts 2026-02-01",
            "ends 500 of basic 2026-02-01",
            "kept 300 of boost",
            "next none",
        ],
    );
}

#[test]
fn taking_a_change_back_brings_the_old_renewal_back() {
    let scene = Scene::after(&["start pro monthly", "change basic"]);
    check(
        &scene,
        &to("pro", None),
        &[
            "acts 2026-01-01",
            "kept 1000 of pro",
            "next 1000 of pro from 2026-02-01 to 2026-03-01",
        ],
    );
}

#[test]
fn what_would_be_refused_is_told_as_the_refusal() {
    let refused = |asked: &[&str], change: PlanChange| {
        let scene = Scene::after(asked);
        let preview = scene.account.preview(&scene.catalogs, &change, scene.now);
        format!("{:?}", preview.unwrap_err())
    };
    let on_basic = ["start basic monthly"];
    assert_eq!(refused(&[], to("pro", None)), "NotSubscribed");
    assert_eq!(refused(&[], PlanChange::ToNone), "NotSubscribed");
    assert_eq!(
        refused(&on_basic, to("basic", None)),
        "AlreadyOnPlan { plan: basic, interval: Monthly }"
    );
    assert_eq!(
        refused(&on_basic, to("none", None)),
        "PlanUnknown { plan: none, known: [basic, pro, solo] }"
    );
    for change in [to("pro", None), PlanChange::ToNone] {
        let cancelled = refused(&["start basic monthly", "cancel"], change);
        assert!(
            cancelled.starts_with("CancellationAlreadyScheduled"),
            "{cancelled}"
        );
    }
}
