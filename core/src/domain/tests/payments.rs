//! What becomes of credits when billing reports that a plan was paid, or was not.

use super::{
    scene::{Scene, brief, check, check_in},
    shop::{catalog, credits, published, shop},
    words::at,
};
use crate::domain::{
    catalog::PacksWithoutPlan,
    event::{Fact, SubscriptionEvent},
    lot::Freeze,
    subscription::EndReason,
    time::Instant,
};

#[test]
fn renewal_needs_no_report_and_a_report_that_all_is_paid_changes_nothing() {
    check(&[
        ("2026-01-15", "start basic monthly", "500"),
        ("", "charge image brush", "450"),
        ("", "paid pay-1 at 2026-01-15", "450"),
        ("2026-02-15", "wait", "500"),
        ("2026-03-20", "paid pay-2 at 2026-02-15", "500"),
        ("", "paid pay-3 at 2026-03-15", "500"),
    ]);
}

#[test]
fn a_larger_plan_is_not_granted_before_the_period_is_paid_for_and_then_once() {
    let mut scene = Scene::new(
        shop(|shop| shop.policy.past_due_days_max = 90),
        at("2026-01-15"),
    );
    scene.check(&[
        ("2026-01-15", "start basic monthly", "500"),
        // In the term that failed: what the plan has more is as frozen as the rest.
        ("2026-01-16", "failed pay-1 at 2026-01-15", "0, 500 frozen"),
        ("", "change pro", "0, 1000 frozen"),
        ("2026-01-17", "paid pay-1 at 2026-01-17", "1000"),
        // In a period that was withheld: nothing, until it is paid for.
        ("2026-02-14", "change basic", "1000"),
        // The 200 that rolled over are of a month that was paid for.
        (
            "2026-02-15",
            "failed pay-2 at 2026-02-15",
            "200, 500 frozen",
        ),
        ("2026-03-15", "wait", "0"),
        ("2026-03-16", "change pro", "0"),
        ("2026-03-17", "paid pay-2 at 2026-03-17", "1000"),
        ("2026-04-15", "wait", "1200"),
    ]);
}

#[test]
fn a_plan_that_starts_again_in_a_withheld_period_is_granted_once() {
    let mut scene = Scene::new(
        shop(|shop| shop.policy.past_due_days_max = 20),
        at("2026-01-15"),
    );
    scene.check(&[
        ("2026-01-15", "start basic monthly", "500"),
        ("2026-02-01", "failed pay-1 at 2026-01-15", "0, 500 frozen"),
        ("2026-02-15", "wait", "0"),
        // It lapsed on the 21st, within the period that was withheld.
        ("2026-02-25", "start basic monthly", "500"),
        ("2026-02-26", "paid pay-1 at 2026-02-26", "500"),
        ("2026-03-15", "wait", "500"),
    ]);
    assert_eq!(scene.account.totals.plan, 3 * 500);
}

#[test]
fn a_failed_payment_freezes_the_allowance_and_leaves_packs() {
    check(&[
        ("2026-01-15", "start basic monthly", "500"),
        ("", "buy boost", "800"),
        ("2026-02-15", "charge image brush", "750"),
        (
            "2026-02-16",
            "failed pay-1 at 2026-02-15",
            "300, 450 frozen",
        ),
        ("", "charge image brush", "250, 450 frozen"),
        ("2026-02-20", "paid pay-1 at 2026-02-20", "700"),
        ("2026-03-15", "wait", "750"),
    ]);
}

#[test]
fn while_past_due_no_period_is_granted_and_missed_ones_never_are() {
    let mut scene = Scene::new(
        shop(|shop| shop.policy.past_due_days_max = 90),
        at("2026-01-15"),
    );
    scene.check(&[
        ("2026-01-15", "start basic monthly", "500"),
        ("2026-02-16", "failed pay-1 at 2026-02-15", "0, 500 frozen"),
        ("2026-03-15", "wait", "0"),
        ("2026-04-20", "wait", "0"),
        ("2026-04-21", "paid pay-1 at 2026-04-21", "500"),
        ("", "charge image brush", "450"),
        ("2026-05-15", "wait", "500"),
    ]);
    assert_eq!(scene.account.totals.plan, 4 * 500);
    assert_eq!(
        scene.told_from(5),
        [
            "2026-03-15 expiry +0",
            "2026-03-15 subscription_change +0",
            "2026-04-15 subscription_change +0",
            "2026-04-21 payment_report +500",
            "2026-04-21 charge -50",
            "2026-05-15 expiry -450",
            "2026-05-15 period_grant +500",
        ]
        .map(str::to_owned)
    );
}

#[test]
fn the_current_period_is_granted_once_whatever_is_reported() {
    // The plan grows while the period runs, which fills up nothing that was granted.
    let mut grown = catalog();
    grown.plans[0].allowance = credits(900);
    let catalogs = published([(Instant::default(), catalog()), (at("2026-03-17"), grown)]);
    let mut scene = Scene::new(catalogs, at("2026-01-15"));
    scene.check(&[
        ("2026-01-15", "start basic monthly", "500"),
        ("2026-02-16", "failed pay-1 at 2026-02-15", "0, 500 frozen"),
        ("2026-03-15", "wait", "0"),
        ("", "paid pay-2 at 2026-03-15", "500"),
        ("", "charge image brush x8", "100"),
        // The period is paid, so what fails beside that payment changes nothing.
        ("2026-03-16", "failed pay-3 at 2026-03-16", "100"),
        ("2026-03-17", "paid pay-3 at 2026-03-17", "100"),
        ("", "paid pay-4 at 2026-03-17", "100"),
        ("2026-03-18", "failed pay-5 at 2026-03-18", "100"),
        ("", "paid pay-6 at 2026-03-18", "100"),
    ]);
    let grants = |fact: &Fact| matches!(fact, Fact::PaymentReport { lot: Some(_), .. });
    let granting = scene.ledger.iter().filter(|event| grants(&event.fact));
    assert_eq!(granting.count(), 1);
}

#[test]
fn an_allowance_not_paid_for_ends_with_its_period() {
    check(&[
        ("2026-01-15", "start basic monthly", "500"),
        ("2026-01-16", "failed pay-1 at 2026-01-15", "0, 500 frozen"),
        ("2026-02-14T23:59:59.999999Z", "wait", "0, 500 frozen"),
        // The lapse, thirty days after the report, is later than the end of the period.
        ("2026-02-15", "wait", "0"),
    ]);
}

#[test]
fn a_subscription_that_is_past_due_too_long_lapses() {
    let mut scene = Scene::new(shop(|_| {}), at("2026-01-15"));
    scene.check(&[
        ("2026-01-15", "start basic monthly", "500"),
        ("", "buy boost", "800"),
        (
            "2026-02-16",
            "failed pay-1 at 2026-02-15",
            "300, 500 frozen",
        ),
        ("2026-03-17", "start basic monthly", "AlreadySubscribed…"),
        ("2026-03-17T23:59:59.999999Z", "wait", "300"),
        // Thirty days after it was reported, at the very instant; looked at a week later.
        ("2026-03-25", "wait", "0, 300 frozen"),
        ("", "start pro monthly", "1300"),
    ]);
    assert_eq!(scene.account.plan_ended_at, Some(at("2026-03-18")));
    let ended = scene.ledger.iter().find_map(|event| match &event.fact {
        Fact::SubscriptionChange {
            change: SubscriptionEvent::Ended { reason, .. },
            ..
        } => Some((*reason, event.at, event.recorded_at)),
        _ => None,
    });
    let (at_instant, seen) = (at("2026-03-18"), at("2026-03-25"));
    assert_eq!(ended, Some((EndReason::PastDue, at_instant, seen)));
}

#[test]
fn a_lapse_leaves_packs_usable_where_the_product_says_so() {
    let usable = |shop: &mut crate::domain::catalog::Catalog| {
        shop.policy.packs_without_plan = PacksWithoutPlan::Usable;
        shop.policy.past_due_days_max = 1;
    };
    check_in(
        shop(usable),
        &[
            ("2026-01-15", "start basic monthly", "500"),
            ("", "buy boost", "800"),
            (
                "2026-01-16",
                "failed pay-1 at 2026-01-15",
                "300, 500 frozen",
            ),
            ("2026-01-17", "wait", "300, 500 frozen"),
            // A start goes on with the period in which the plan lapsed: it is paid for, not granted twice.
            ("2026-01-20", "start basic monthly", "800"),
            ("2026-02-15", "wait", "800"),
        ],
    );
}

#[test]
fn how_long_a_payment_may_be_past_due_is_fixed_when_it_fails() {
    let mut later = catalog();
    later.policy.past_due_days_max = 1;
    let catalogs = published([(Instant::default(), catalog()), (at("2026-02-20"), later)]);
    check_in(
        catalogs,
        &[
            ("2026-01-15", "start basic monthly", "500"),
            ("2026-02-16", "failed pay-1 at 2026-02-15", "0, 500 frozen"),
            ("2026-03-10", "paid pay-1 at 2026-03-10", "500"),
            ("2026-03-16", "failed pay-2 at 2026-03-15", "0, 500 frozen"),
            ("2026-03-17", "start basic monthly", "500"),
        ],
    );
}

#[test]
fn a_plan_that_was_cancelled_ends_as_it_would_have_while_past_due() {
    check(&[
        ("2026-01-15", "start basic monthly", "500"),
        ("2026-02-16", "failed pay-1 at 2026-02-15", "0, 500 frozen"),
        ("", "cancel", "0, 500 frozen"),
        ("2026-03-15", "resume", "NotSubscribed"),
        ("", "start basic monthly", "500"),
    ]);
}

#[test]
fn what_is_left_of_a_term_is_thawed_by_its_payment_after_the_lapse_too() {
    check_in(
        shop(|shop| shop.policy.past_due_days_max = 3),
        &[
            ("2026-01-15", "start basic monthly", "500"),
            ("2026-02-16", "failed pay-1 at 2026-02-15", "0, 500 frozen"),
            ("2026-02-20", "wait", "0, 500 frozen"),
            ("", "paid pay-2 at 2026-02-20", "NotSubscribed"),
            ("", "paid pay-1 at 2026-02-20", "500"),
            ("2026-03-15", "wait", "0"),
        ],
    );
}

#[test]
fn a_yearly_term_is_past_due_until_it_is_paid() {
    check(&[
        ("2026-01-15", "start basic yearly", "500"),
        ("2026-01-20", "failed pay-1 at 2026-01-15", "0, 500 frozen"),
        ("2026-02-15", "wait", "0"),
        // Paid in the second month of the term: that one is granted, the first was.
        ("2026-02-18", "paid pay-1 at 2026-02-18", "500"),
        ("2026-03-15", "wait", "500"),
    ]);
}

#[test]
fn reports_that_overtook_each_other_do_no_harm() {
    check(&[
        ("2026-01-15", "start basic monthly", "500"),
        // The first try failed, the second came through, and the news of the first comes last.
        ("2026-02-17", "paid try-2 at 2026-02-16", "500"),
        ("", "failed try-1 at 2026-02-15", "500"),
        // That the last term was paid says nothing of this one.
        ("2026-03-16", "failed pay-3 at 2026-03-15", "0, 500 frozen"),
        ("", "paid pay-2 at 2026-02-20", "0, 500 frozen"),
        ("", "paid pay-4 at 2026-03-16", "500"),
    ]);
}

#[test]
fn of_two_terms_that_failed_the_later_one_is_to_be_paid() {
    check_in(
        shop(|shop| shop.policy.past_due_days_max = 90),
        &[
            ("2026-01-15", "start basic monthly", "500"),
            ("2026-02-16", "failed pay-1 at 2026-02-15", "0, 500 frozen"),
            ("2026-03-16", "failed pay-2 at 2026-03-15", "0"),
            // It grants the period that was withheld for its term, which has failed since.
            ("2026-03-17", "paid pay-1 at 2026-03-17", "0, 500 frozen"),
            ("2026-03-18", "paid pay-2 at 2026-03-18", "500"),
        ],
    );
}

#[test]
fn a_payment_of_no_term_is_refused() {
    check(&[
        ("2026-01-15", "paid pay-1 at 2026-01-15", "NotSubscribed"),
        ("", "start basic monthly", "500"),
        // People pay first, and are put on the plan then.
        ("", "paid pay-1 at 2026-01-14", "500"),
        (
            "",
            "paid pay-2 at 2026-01-13",
            "PaymentOutsideTerms { paid_at: 2026-01-13T00:00:00Z, from: 2026-01-14T00:00:00Z, \
             until: 2026-02-15T00:00:00Z }",
        ),
        ("", "paid pay-2 at 2026-02-15", "PaymentOutsideTerms…"),
        // A report may be as late as one likes, and concerns the credits of its own term alone.
        ("2026-04-20", "paid pay-2 at 2026-03-14", "500"),
        ("", "failed pay-3 at 2026-03-15", "500"),
        // It is of the latest term that was reported, so no period is granted until a payment is.
        ("2026-05-15", "wait", "0"),
        ("", "paid pay-4 at 2026-05-15", "500"),
    ]);
}

#[test]
fn a_failure_of_the_plan_before_does_not_freeze_the_new_one() {
    check(&[
        ("2026-01-15", "start basic monthly", "500"),
        ("", "cancel", "500"),
        ("2026-02-15", "start pro monthly", "1000"),
        (
            "",
            "failed pay-1 at 2026-02-14T23:00:00Z",
            "PaymentOutsideTerms…",
        ),
    ]);
}

#[test]
fn nothing_rolls_over_after_a_lapse() {
    check_in(
        shop(|shop| shop.policy.past_due_days_max = 3),
        &[
            ("2026-01-01", "start pro monthly", "1000"),
            ("2026-01-02", "failed pay-1", "0, 1000 frozen"),
            ("2026-01-05", "wait", "0, 1000 frozen"),
            ("2026-02-01", "wait", "0"),
        ],
    );
}

#[test]
fn a_plan_that_goes_on_with_the_period_it_lapsed_in_has_it_paid_for() {
    let mut scene = Scene::after(&["start basic monthly", "failed pay-1"]);
    let mut before = scene.account.clone();
    let subscription = before.subscription.clone().unwrap();
    let started = |anchor: Instant| {
        let change = SubscriptionEvent::Started {
            plan: subscription.plan.clone(),
            interval: subscription.interval,
            anchor,
            period: 0,
            continues: (anchor == subscription.anchor).then_some(subscription.id),
        };
        crate::domain::event::Event {
            fact: Fact::SubscriptionChange { change, lot: None },
            ..scene.ledger[0].clone()
        }
    };
    before.subscription = None;
    for (anchor, freezes) in [
        (subscription.anchor, vec![]),
        (at("2026-01-02"), vec![Freeze::PastDue]),
    ] {
        let mut account = before.clone();
        account.apply(&started(anchor));
        let left: Vec<Freeze> = account.lots[0].freezes.iter().collect();
        assert_eq!(left, freezes, "a period from {}", brief(anchor));
    }
    scene.reach(at("2026-03-01"));
    assert_eq!(scene.account.subscription, None);
}
