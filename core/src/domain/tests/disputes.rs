//! What becomes of credits whose payment is disputed, lost or given back.

use super::{
    scene::{Scene, check, check_in},
    shop::{credits, shop},
    words::at,
};
use crate::domain::catalog::RolloverTerms;

#[test]
fn a_disputed_pack_is_frozen_until_the_dispute_is_won() {
    check(&[
        ("2026-01-01", "start basic monthly", "500"),
        ("", "buy boost with pay-1", "800"),
        ("", "buy spark with pay-2", "900"),
        ("2026-01-10", "disputed pay-1", "600, 300 frozen"),
        // Nothing is added: what was there is there again.
        ("2026-01-20", "won pay-1", "900"),
        ("", "disputed pay-2", "800, 100 frozen"),
        // Its end does not move.
        ("2026-01-31", "wait", "800"),
        ("", "won pay-2", "800"),
    ]);
}

#[test]
fn what_is_unused_of_a_pack_ends_with_its_payment_and_what_is_used_is_no_debt() {
    let mut scene = Scene::new(shop(|_| {}), at("2026-01-01"));
    scene.check(&[
        ("2026-01-01", "start solo monthly", "100"),
        ("", "buy boost with pay-1", "400"),
        ("", "buy boost with pay-2", "700"),
        ("", "charge image brush x4", "500"),
        ("", "refunded pay-1", "300"),
        ("", "disputed pay-2", "0, 300 frozen"),
        ("", "lost pay-2", "0"),
        ("2026-02-01", "wait", "100"),
    ]);
    assert_eq!(scene.account.totals.revoked, 500);
    assert_eq!(scene.account.totals.consumed, 200);
}

#[test]
fn what_a_hold_set_aside_stays_with_it_and_what_returns_is_revoked() {
    let mut scene = Scene::new(shop(|_| {}), at("2026-01-01"));
    scene.check(&[
        ("2026-01-01", "start solo monthly", "100"),
        ("", "charge image brush x2", "0"),
        ("", "buy boost with pay-1", "300"),
        ("", "reserve image brush as h1", "250, 50 held"),
        ("", "reserve image pen x8 as h2", "170, 130 held"),
        ("", "reserve image brush as h3", "120, 180 held"),
        ("", "refunded pay-1", "0, 180 held"),
        ("", "settle h1", "0, 130 held"),
        ("", "settle h2 x3", "0, 50 held"),
        ("2026-01-02", "wait", "0"),
    ]);
    let totals = scene.account.totals;
    assert_eq!((totals.consumed, totals.revoked), (100 + 80, 220));
    assert_eq!(scene.account.lots, []);
}

#[test]
fn reports_follow_the_table() {
    const REPORTS: [&str; 6] = ["paid", "failed", "disputed", "won", "lost", "refunded"];
    // How a pack's payment came to stand as it does, and what may follow.
    for (before, standing, possible) in [
        (&[][..], "Paid", &["disputed", "refunded"][..]),
        (&["disputed"], "Disputed", &["won", "lost", "refunded"]),
        (
            &["disputed", "won"],
            "DisputeWon",
            &["disputed", "refunded"],
        ),
        (
            &["disputed", "won", "disputed"],
            "Disputed",
            &["won", "lost", "refunded"],
        ),
        (&["disputed", "lost"], "DisputeLost", &[]),
        (&["disputed", "refunded"], "Refunded", &[]),
        (&["refunded"], "Refunded", &[]),
    ] {
        for report in REPORTS {
            let mut scene = Scene::after(&["start basic monthly", "buy boost with pay-1"]);
            for told in before {
                scene.does(&format!("{told} pay-1")).unwrap();
            }
            let answer = scene.answer(&format!("{report} pay-1"));
            let refused = format!(
                "PaymentOutcomeOutOfOrder {{ payment: PaymentKey {{ provider: \"bank\", \
                 reference: \"pay-1\" }}, standing: {standing}, outcome: "
            );
            let is_refused = answer.starts_with(&refused);
            let may_follow = possible.contains(&report);
            assert_eq!(is_refused, !may_follow, "{before:?} {report}: {answer}");
        }
    }
    for report in ["failed", "disputed", "won", "lost", "refunded"] {
        let mut scene = Scene::after(&["start basic monthly", "failed pay-1"]);
        let answer = scene.answer(&format!("{report} pay-1"));
        let refused = answer.contains("OutOfOrder") && answer.contains("standing: Failed");
        assert!(refused, "{report}: {answer}");
    }
}

#[test]
fn nothing_is_known_of_a_payment_that_nobody_reported() {
    for report in ["disputed", "won", "lost", "refunded"] {
        check(&[(
            "2026-01-01",
            &format!("{report} pay-1"),
            "PaymentUnknown { payment: PaymentKey { provider: \"bank\", reference: \"pay-1\" } }",
        )]);
    }
}

#[test]
fn a_payment_belongs_to_one_account_and_one_purpose() {
    let mut scene = Scene::after(&["start basic monthly", "paid pay-1"]);
    scene.used_elsewhere("pay-9");
    scene.check(&[
        ("", "paid pay-9", "PaymentAlreadyUsed…"),
        ("", "refunded pay-9", "PaymentAlreadyUsed…"),
        ("", "buy boost with pay-1", "PaymentAlreadyUsed…"),
    ]);
}

#[test]
fn a_disputed_term_brings_frozen_credits_until_the_dispute_is_won() {
    check(&[
        ("2026-01-01", "start basic yearly", "500"),
        ("", "paid pay-1", "500"),
        ("2026-01-20", "disputed pay-1", "0, 500 frozen"),
        ("2026-02-01", "wait", "0, 500 frozen"),
        ("2026-02-20", "won pay-1", "500"),
        ("2026-03-01", "wait", "500"),
    ]);
}

#[test]
fn a_term_that_was_paid_twice_is_frozen_only_while_both_payments_are_in_dispute() {
    check(&[
        ("2026-01-01", "start basic yearly", "500"),
        ("", "paid pay-1", "500"),
        ("", "paid pay-2", "500"),
        ("2026-01-20", "disputed pay-1", "500"),
        ("2026-02-01", "wait", "500"),
        ("", "disputed pay-2", "0, 500 frozen"),
        ("2026-03-01", "wait", "0, 500 frozen"),
        ("", "won pay-1", "500"),
        ("2026-03-20", "lost pay-2", "500"),
        ("2026-04-01", "wait", "500"),
        ("", "disputed pay-1", "0, 500 frozen"),
        ("", "refunded pay-1", "0"),
        ("2026-05-01", "wait", "0"),
    ]);
}

#[test]
fn a_term_that_was_paid_twice_ends_with_the_last_of_its_payments() {
    let mut scene = Scene::new(shop(|_| {}), at("2026-01-01"));
    scene.check(&[
        ("2026-01-01", "start basic yearly", "500"),
        ("", "paid pay-1", "500"),
        ("", "paid pay-2", "500"),
        ("2026-01-20", "reserve image brush as h1", "450, 50 held"),
        ("", "refunded pay-1", "450, 50 held"),
        // What returns is not lost: its term is paid for.
        ("", "release h1", "500"),
        ("2026-02-01", "wait", "500"),
        // Given back while the other one is in dispute: it waits for how that ends.
        ("", "paid pay-3", "500"),
        ("", "disputed pay-2", "500"),
        ("", "refunded pay-3", "0, 500 frozen"),
        ("2026-03-01", "wait", "0, 500 frozen"),
        ("2026-03-20", "lost pay-2", "0"),
        ("2026-04-01", "wait", "0"),
        // What was taken back is not granted twice; what comes is paid for again.
        ("", "paid pay-4 at 2026-04-01", "500"),
    ]);
    assert_eq!(scene.account.totals.revoked, 500);
    assert_eq!(scene.account.totals.plan, 4 * 500);
}

#[test]
fn a_month_paid_for_as_such_is_kept_when_the_year_around_it_is_taken_back() {
    check(&[
        ("2026-01-01", "start basic monthly", "500"),
        ("", "paid pay-1", "500"),
        ("", "change basic yearly", "500"),
        ("", "paid pay-2", "500"),
        ("2026-01-20", "refunded pay-2", "500"),
        // Of the year, only the month was paid for.
        ("2026-02-01", "wait", "0"),
    ]);
    check(&[
        ("2026-01-01", "start basic monthly", "500"),
        ("", "paid pay-1", "500"),
        ("", "change basic yearly", "500"),
        ("", "paid pay-2", "500"),
        ("2026-01-20", "refunded pay-2", "500"),
        ("", "refunded pay-1", "0"),
        ("2026-02-01", "wait", "0"),
    ]);
    check(&[
        ("2026-01-01", "start basic monthly", "500"),
        ("", "paid pay-1", "500"),
        ("", "change basic yearly", "500"),
        ("", "paid pay-2", "500"),
        ("2026-01-20", "refunded pay-1", "500"),
        ("2026-02-01", "wait", "500"),
    ]);
}

#[test]
fn a_term_taken_back_brings_nothing_more_until_another_payment_does() {
    let mut scene = Scene::new(shop(|_| {}), at("2026-01-01"));
    scene.check(&[
        ("2026-01-01", "start basic yearly", "500"),
        ("", "paid pay-1", "500"),
        ("", "charge image brush", "450"),
        ("2026-01-20", "refunded pay-1", "0"),
        ("2026-02-01", "wait", "0"),
    ]);
    let usage = scene.account.balance(&scene.catalogs, scene.now).allowance;
    assert_eq!(usage.unwrap().renews_at, None);
    scene.check(&[
        ("2026-02-10", "paid pay-2 at 2026-02-10", "500"),
        ("2026-03-01", "wait", "500"),
    ]);
    assert_eq!(scene.account.totals.plan, 3 * 500);
}

#[test]
fn a_refunded_month_leaves_the_plan_past_due_until_a_month_is_paid() {
    let mut scene = Scene::new(shop(|_| {}), at("2026-01-01"));
    scene.check(&[
        ("2026-01-01", "start basic monthly", "500"),
        ("", "paid pay-1", "500"),
        ("2026-01-20", "refunded pay-1", "0"),
    ]);
    let past_due = scene
        .account
        .subscription
        .clone()
        .unwrap()
        .payments
        .past_due;
    let past_due = past_due.unwrap();
    let told = (past_due.since, past_due.lapses_at, past_due.term.first);
    assert_eq!(told, (at("2026-01-20"), at("2026-02-19"), 0));
    let mut lapses = scene.clone();
    lapses.check(&[("2026-02-19", "start basic monthly", "500")]);
    scene.check(&[
        ("2026-02-01", "wait", "0"),
        ("", "paid pay-2 at 2026-02-01", "500"),
        ("2026-03-01", "wait", "500"),
    ]);
}

#[test]
fn what_is_revoked_was_not_used() {
    let mut scene = Scene::after(&["start basic monthly", "paid pay-1", "charge image brush"]);
    scene.check(&[("", "reserve image brush as h1", "400, 50 held")]);
    scene.check(&[("", "refunded pay-1", "0, 50 held")]);
    let usage = |scene: &Scene| {
        let usage = scene.account.balance(&scene.catalogs, scene.now).allowance;
        let usage = usage.unwrap();
        [usage.granted, usage.used, usage.held, usage.remaining].map(|one| one.get())
    };
    assert_eq!(usage(&scene), [100, 50, 50, 0]);
    scene.check(&[("", "release h1", "0")]);
    assert_eq!(usage(&scene), [50, 50, 0, 0]);
}

#[test]
fn frozen_allowance_rolls_over_frozen() {
    let year = |shop: &mut crate::domain::catalog::Catalog| {
        shop.policy.past_due_days_max = 300;
        shop.plans[1].rollover = Some(RolloverTerms {
            max: credits(200),
            months: 3,
        });
    };
    check_in(
        shop(year),
        &[
            ("2026-01-01", "start pro yearly", "1000"),
            ("2026-01-02", "failed pay-1", "0, 1000 frozen"),
            ("2026-02-01", "wait", "0, 200 frozen"),
            ("2026-03-01", "wait", "0, 200 frozen"),
            ("2026-03-05", "paid pay-1 at 2026-03-05", "1200"),
            ("", "disputed pay-1", "0, 1200 frozen"),
            ("2026-04-01", "wait", "0, 1400 frozen"),
            ("2026-05-01", "won pay-1", "1400"),
            ("", "refunded pay-1", "0"),
        ],
    );
}
