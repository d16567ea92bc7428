//! Corner cases of plans and payments that an independent model of the rules had found.

use super::{
    scene::{Scene, check_in},
    shop::{catalog, credits, published},
    words::at,
};
use crate::domain::{
    catalog::{BillingInterval, Catalog, Catalogs, Plan, RolloverTerms},
    ids::PlanId,
    lot::Origin,
    payment::PaymentEffect,
    time::Instant,
};

/// `p100`, `p250r` (90 roll over for a month), `p600r2` (200 for two months) and `p1000m`, which is sold
/// by the month only. A plan lapses after ten days.
fn plans() -> Catalogs {
    let plan = |id: &str, allowance, rollover: Option<(i64, u32)>| Plan {
        id: PlanId::parse(id).unwrap(),
        allowance: credits(allowance),
        rollover: rollover.map(|(max, months)| RolloverTerms {
            max: credits(max),
            months,
        }),
        ..catalog().plans[0].clone()
    };
    let monthly = Plan {
        prices: catalog().plans[2].prices.clone(),
        ..plan("p1000m", 1_000, None)
    };
    let mut shop: Catalog = catalog();
    shop.policy.past_due_days_max = 10;
    shop.plans = vec![
        plan("p100", 100, None),
        plan("p250r", 250, Some((90, 1))),
        plan("p600r2", 600, Some((200, 2))),
        monthly,
    ];
    published([(Instant::default(), shop)])
}

fn scene(start: &str) -> Scene {
    Scene::new(plans(), at(start))
}

/// What the last operation says that its report did.
fn effect(scene: &Scene) -> PaymentEffect {
    let last = scene.ledger.last().unwrap();
    last.fact.report().unwrap().effect
}

#[test]
fn a_failure_of_a_new_term_does_not_thaw_what_an_older_one_left_unpaid() {
    let mut scene = scene("2026-01-05");
    scene.check(&[
        ("2026-01-05", "start p600r2 monthly", "600"),
        ("2026-02-01", "failed pay-1 at 2026-01-05", "0, 600 frozen"),
        // It rolls over frozen, and the next period is withheld.
        ("2026-02-05", "wait", "0, 200 frozen"),
        ("2026-02-11", "wait", "0, 200 frozen"),
        ("2026-02-20", "start p600r2 monthly", "600, 200 frozen"),
        // Of the 600 another 200 roll over: they are paid for, and those before them are not.
        ("2026-03-05", "wait", "800, 200 frozen"),
        (
            "2026-03-06",
            "failed pay-2 at 2026-03-05",
            "200, 800 frozen",
        ),
        ("", "paid pay-2", "800, 200 frozen"),
        // Its own payment thaws it.
        ("", "paid pay-1", "1000"),
    ]);
}

#[test]
fn a_payment_of_another_plan_does_not_thaw_what_was_never_paid() {
    let mut scene = scene("2026-01-05");
    scene.check(&[
        ("2026-01-05", "start p600r2 monthly", "600"),
        ("2026-02-01", "failed pay-1 at 2026-01-05", "0, 600 frozen"),
        ("2026-03-05", "wait", "0, 200 frozen"),
        ("2026-03-06", "start p100 monthly", "100, 200 frozen"),
        ("", "paid pay-2 at 2026-03-06", "100, 200 frozen"),
        ("", "failed pay-3 at 2026-03-06", "100, 200 frozen"),
    ]);
}

#[test]
fn nothing_rolls_over_of_a_plan_that_has_lapsed_or_gave_way_to_one_without_rollover() {
    check_in(
        plans(),
        &[
            ("2026-01-05", "start p600r2 monthly", "600"),
            ("2026-01-10", "change p1000m", "1000"),
            ("2026-02-05", "wait", "1000"),
        ],
    );
    let lapsed = || {
        let mut scene = scene("2026-01-05");
        scene.check(&[
            ("2026-01-05", "start p600r2 monthly", "600"),
            ("2026-01-06", "failed pay-1 at 2026-01-05", "0, 600 frozen"),
            ("2026-01-16", "paid pay-1 at 2026-01-05", "600"),
        ]);
        scene
    };
    lapsed().check(&[("2026-02-05", "wait", "0")]);
    lapsed().check(&[
        ("2026-01-20", "start p1000m monthly", "1000"),
        ("2026-02-05", "wait", "1000"),
    ]);
}

#[test]
fn a_period_rolls_over_once_by_the_plan_in_force() {
    check_in(
        plans(),
        &[
            ("2026-01-05", "start p250r monthly", "250"),
            ("2026-01-06", "failed pay-1 at 2026-01-05", "0, 250 frozen"),
            ("2026-01-20", "start p600r2 monthly", "600"),
            ("2026-02-05", "wait", "800"),
        ],
    );
    check_in(
        plans(),
        &[
            ("2026-01-05", "start p250r monthly", "250"),
            ("2026-01-06", "change p600r2", "600"),
            ("2026-01-07", "failed pay-1 at 2026-01-05", "0, 600 frozen"),
            // Lapsed on the 17th: neither 90 nor 200.
            ("2026-02-05", "wait", "0"),
        ],
    );
}

#[test]
fn a_rollover_ends_with_a_period_of_the_anchor_after_a_cancellation_too() {
    let mut scene = scene("2026-01-31");
    scene.check(&[
        ("2026-01-31", "start p250r monthly", "250"),
        ("", "cancel", "250"),
        ("2026-02-28", "wait", "90"),
    ]);
    let rolled = scene.account.lots.iter().find_map(|lot| {
        let rolled = matches!(lot.terms.origin, Origin::Rollover { .. });
        rolled.then_some(lot.terms.expires_at).flatten()
    });
    assert_eq!(rolled, Some(at("2026-03-31")));
}

#[test]
fn an_upgrade_after_a_refund_waits_for_a_payment() {
    let mut scene = scene("2026-01-05");
    scene.check(&[
        ("2026-01-05", "start p100 monthly", "100"),
        ("", "paid pay-1 at 2026-01-05", "100"),
        ("", "refunded pay-1", "0"),
        ("2026-01-06", "change p1000m", "0, 900 frozen"),
    ]);
    let subscription = scene.account.subscription.as_ref().unwrap();
    let past_due = subscription.payments.past_due.unwrap();
    assert_eq!((past_due.since, past_due.term.first), (at("2026-01-05"), 0));
    // What was revoked does not return with the payment.
    scene.check(&[("", "paid pay-2 at 2026-01-06", "900")]);
}

#[test]
fn an_upgrade_in_a_withheld_period_adds_nothing_until_a_payment_grants_it() {
    check_in(
        plans(),
        &[
            ("2026-01-05", "start p100 monthly", "100"),
            ("", "paid pay-1 at 2026-01-05", "100"),
            ("2026-01-30", "refunded pay-1", "0"),
            ("2026-02-05", "wait", "0"),
            ("2026-02-06", "change p1000m", "0"),
            ("", "paid pay-2 at 2026-02-05", "1000"),
        ],
    );
}

#[test]
fn a_second_reference_that_failed_late_does_not_freeze_a_paid_term() {
    let reports = ["failed a", "failed b", "paid b"];
    for order in [[0, 1, 2], [1, 0, 2], [1, 2, 0]] {
        let mut scene = scene("2026-01-05");
        scene.check(&[("2026-01-05", "start p600r2 monthly", "600")]);
        for report in order {
            let paid_at = ["2026-01-05T13:04:00Z", "2026-01-05T12:30:00Z"];
            let paid_at = paid_at[usize::from(report > 0)];
            let asked = format!("{} at {paid_at}", reports[report]);
            scene.does(&asked).unwrap();
        }
        assert_eq!(scene.answer("wait"), "600", "{order:?}");
        let subscription = scene.account.subscription.unwrap();
        assert_eq!(subscription.payments.past_due, None, "{order:?}");
    }
}

#[test]
fn a_plan_is_never_in_force_in_an_interval_in_which_it_is_not_sold() {
    let mut scene = scene("2026-01-05");
    scene.check(&[
        ("2026-01-05", "start p100 yearly", "100"),
        // It waits for the end of the year: now it would be in force by the year.
        ("2026-01-06", "change p1000m monthly", "100"),
        ("", "change p1000m", "PlanUnknown…"),
        ("2027-01-04", "wait", "100"),
        ("2027-01-05", "wait", "1000"),
    ]);
    let subscription = scene.account.subscription.as_ref().unwrap();
    assert_eq!(subscription.interval, BillingInterval::Monthly);
    scene.check(&[("", "change p1000m yearly", "PlanUnknown…")]);
}

#[test]
fn a_report_says_what_happened_to_credits() {
    let mut scene = scene("2026-01-05");
    scene.check(&[("2026-01-05", "start p100 monthly", "100")]);
    for (when, asked, balance, said) in [
        ("2026-01-05", "paid a", "100", PaymentEffect::AlreadyPaid),
        ("", "failed b", "100", PaymentEffect::AlreadyPaid),
        ("", "disputed a", "0, 100 frozen", PaymentEffect::Frozen),
        ("", "won a", "100", PaymentEffect::Unfrozen),
        ("", "refunded a", "0", PaymentEffect::Revoked),
        ("2026-01-08", "paid b", "0", PaymentEffect::NothingLeft),
        (
            "2026-02-05",
            "failed c",
            "0, 100 frozen",
            PaymentEffect::Frozen,
        ),
        ("", "failed d", "0, 100 frozen", PaymentEffect::Frozen),
        ("2026-02-06", "paid d", "100", PaymentEffect::Unfrozen),
        (
            "2026-03-05",
            "failed e",
            "0, 100 frozen",
            PaymentEffect::Frozen,
        ),
        ("2026-03-20", "paid e", "100", PaymentEffect::Unfrozen),
    ] {
        let paid_at = if when.is_empty() { scene.now } else { at(when) };
        let asked = format!("{asked} at {paid_at}");
        scene.check(&[(when, &asked, balance)]);
        assert_eq!(effect(&scene), said, "{asked}");
    }
    // It lapsed on the 15th; the period of its credits has ended.
    let mut ended = scene.clone();
    ended.check(&[("2026-04-06", "disputed e", "0")]);
    assert_eq!(effect(&ended), PaymentEffect::SubscriptionEnded);
}

#[test]
fn a_payment_that_comes_after_the_lapse_and_changes_nothing_says_so() {
    let mut scene = scene("2026-01-05");
    scene.check(&[
        ("2026-01-05", "start p100 monthly", "100"),
        ("2026-01-30", "failed pay-1 at 2026-01-05", "0, 100 frozen"),
        // A new reference is not known yet what it is for.
        ("2026-02-20", "paid pay-2 at 2026-02-20", "NotSubscribed"),
        ("", "paid pay-1", "0"),
    ]);
    assert_eq!(effect(&scene), PaymentEffect::SubscriptionEnded);
    let listed = |scene: &Scene| {
        let last = scene.ledger.last().unwrap().fact.report().unwrap();
        last.is_without_effect()
    };
    assert!(listed(&scene));
    scene.check(&[("", "refunded pay-1", "0")]);
    assert!(!listed(&scene), "money that was given back is not missing");
}

#[test]
fn a_withheld_period_is_granted_once_its_payment_says_so() {
    let mut scene = scene("2026-01-05");
    scene.check(&[
        ("2026-01-05", "start p100 monthly", "100"),
        ("2026-01-30", "failed pay-1 at 2026-01-05", "0, 100 frozen"),
        ("2026-02-05", "wait", "0"),
        ("", "paid pay-2 at 2026-02-05", "100"),
    ]);
    assert_eq!(effect(&scene), PaymentEffect::Granted);
    // The month before it stays unpaid, and nothing of it is left.
    scene.check(&[("", "paid pay-1", "100")]);
    assert_eq!(effect(&scene), PaymentEffect::NothingLeft);
}

#[test]
fn a_start_counts_no_failure_before_it_and_every_report_after_it() {
    let mut scene = scene("2026-01-05");
    scene.check(&[
        ("2026-01-05", "start p600r2 yearly", "600"),
        ("", "charge image brush", "550"),
        ("2026-03-10", "failed pay-1 at 2026-01-05", "0, 1000 frozen"),
        ("2026-03-20", "wait", "0, 1000 frozen"),
        // Lapsed; the start goes on with March. What rolled over into it was never paid.
        ("2026-03-21", "start p600r2 monthly", "600, 400 frozen"),
        ("", "failed pay-2 at 2026-03-21", "0, 1000 frozen"),
        ("2026-03-22", "paid pay-1", "1000"),
        // The year is given back: March has another payment, which failed, and nothing pays for it.
        ("2026-03-23", "refunded pay-1", "0"),
        ("2026-03-24", "paid pay-2", "0"),
        // The year that was given back pays for April neither; its own payment does.
        ("2026-04-05", "wait", "0, 600 frozen"),
        ("", "paid pay-3 at 2026-04-05", "600"),
    ]);
}

#[test]
fn a_late_failure_of_a_term_before_the_start_leaves_the_plan_active() {
    let mut scene = scene("2026-01-05");
    scene.check(&[
        ("2026-01-05", "start p600r2 monthly", "600"),
        (
            "2026-02-06",
            "failed pay-1 at 2026-02-05",
            "200, 600 frozen",
        ),
        ("2026-02-20", "start p600r2 monthly", "800"),
        // It freezes what rolled over of its own month, and no more.
        (
            "2026-02-21",
            "failed pay-2 at 2026-01-05",
            "600, 200 frozen",
        ),
        ("2026-03-05", "wait", "800, 200 frozen"),
    ]);
}

#[test]
fn a_plan_is_past_due_since_the_report_that_left_its_latest_term_unpaid() {
    let mut scene = scene("2026-01-05");
    scene.check(&[("2026-01-05", "start p100 monthly", "100")]);
    for (when, asked, since) in [
        ("2026-01-06", "failed a", Some("2026-01-06")),
        // Another try that fails moves nothing.
        ("2026-01-07", "failed b", Some("2026-01-06")),
        ("2026-01-08", "paid c", None),
        ("2026-01-09", "refunded c", Some("2026-01-09")),
        ("2026-01-10", "failed d", Some("2026-01-09")),
        ("2026-01-11", "paid a", None),
        ("2026-01-12", "disputed a", None),
        ("2026-01-13", "lost a", Some("2026-01-13")),
        // The next term has its own.
        ("2026-02-05", "start p100 monthly", None),
        ("2026-02-06", "failed e", Some("2026-02-06")),
    ] {
        scene.now = at(when);
        let is_report = !asked.starts_with("start");
        let asked = match is_report {
            true => format!("{asked} at {}", scene.now),
            false => asked.to_owned(),
        };
        scene.does(&asked).unwrap();
        let subscription = scene.account.subscription.as_ref().unwrap();
        let past_due = subscription.payments.past_due.map(|one| one.since);
        assert_eq!(past_due, since.map(at), "{asked}");
    }
    let mut terms = Scene::after(&["start basic monthly"]);
    terms.check(&[
        ("2026-01-20", "failed a at 2026-01-01", "0, 500 frozen"),
        ("2026-02-01", "failed b at 2026-02-01", "0"),
    ]);
    let subscription = terms.account.subscription.as_ref().unwrap();
    let since = subscription.payments.past_due.map(|one| one.since);
    assert_eq!(since, Some(at("2026-02-01")));
}

#[test]
fn a_payment_of_a_term_before_a_change_of_plan_is_of_that_term() {
    let mut scene = scene("2026-01-05");
    scene.check(&[
        ("2026-01-05", "start p250r monthly", "250"),
        // It acts with the end of the month, of which 90 roll over.
        ("2026-03-01", "change p100 monthly", "340"),
        ("2026-03-05", "wait", "190"),
        // Nothing is left of the month of January.
        ("2026-03-06", "failed pay-1 at 2026-01-05", "190"),
        ("2026-03-06", "failed pay-2 at 2026-02-05", "100, 90 frozen"),
        ("2026-03-07", "paid pay-2 at 2026-02-05", "190"),
    ]);
}
