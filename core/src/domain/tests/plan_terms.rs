//! By which terms a changed plan counts: those of the catalog in force at each instant, whatever was
//! removed or re-priced since.

use super::{
    plan_changes::check_told,
    scene::{Scene, check_in},
    shop::{catalog, credits, published, shop},
    words::at,
};

#[test]
fn one_period_rolls_over_once_by_the_plan_in_force_at_its_end() {
    // Two plans that each hand on 200: one period still hands on 200.
    check_in(
        shop(|shop| shop.plans[0].rollover = shop.plans[1].rollover),
        &[
            ("2026-01-01", "start basic monthly", "500"),
            ("", "change pro", "1000"),
            ("2026-02-01", "wait", "1200"),
        ],
    );
    // What basic granted counts as unused of pro, once pro is in force.
    check_in(
        shop(|shop| shop.plans[1].rollover.as_mut().unwrap().max = credits(800)),
        &[
            ("2026-01-01", "start basic monthly", "500"),
            ("", "change pro", "1000"),
            ("2026-02-01", "wait", "1800"),
        ],
    );
}

#[test]
fn terms_are_those_of_the_catalog_in_force_when_a_change_is_asked_for() {
    let mut dearer = catalog();
    dearer.plans[0].allowance = credits(1_500);
    let mut poorer = catalog();
    poorer.plans[0].allowance = credits(300);
    poorer.plans[1].allowance = credits(400);
    // Basic has more than pro now: pro is the downgrade, though this period was granted 500.
    check_in(
        published([(at("1970-01-01"), catalog()), (at("2026-01-10"), dearer)]),
        &[
            ("2026-01-01", "start basic monthly", "500"),
            ("2026-01-10", "change pro", "500"),
            ("2026-02-01", "wait", "1000"),
            ("2026-02-02", "change basic", "1500"),
        ],
    );
    // Pro has more than basic, but less than the period was granted: nothing to add, and no lot.
    let mut scene = Scene::new(
        published([(at("1970-01-01"), catalog()), (at("2026-01-10"), poorer)]),
        at("2026-01-01"),
    );
    check_told(
        &mut scene,
        &[
            (
                "2026-01-01",
                "start basic monthly",
                "500",
                "basic monthly through 2026-02-01",
            ),
            (
                "2026-01-10",
                "change pro",
                "500",
                "pro monthly through 2026-02-01",
            ),
        ],
    );
    assert_eq!(scene.account.lots.len(), 1);
    scene.check(&[("2026-02-01", "wait", "600")]);
}

#[test]
fn a_plan_that_was_removed_can_be_left_and_kept() {
    let mut without = catalog();
    without.plans.remove(0);
    let catalogs = published([(at("1970-01-01"), catalog()), (at("2026-01-10"), without)]);
    let mut scene = Scene::new(catalogs.clone(), at("2026-01-01"));
    scene.check(&[
        ("2026-01-01", "start basic monthly", "500"),
        (
            "2026-01-10",
            "change basic",
            "AlreadyOnPlan { plan: basic, interval: Monthly }",
        ),
        (
            "",
            "change basic yearly",
            "PlanUnknown { plan: basic, known: [pro] }",
        ),
        ("", "change solo", "500"),
        // Kept after all, though nobody else can buy it.
        ("", "change basic", "500"),
        ("2026-02-01", "wait", "500"),
        ("", "change pro", "1000"),
        (
            "",
            "change basic",
            "PlanUnknown { plan: basic, known: [pro, solo] }",
        ),
    ]);
}

#[test]
fn a_plan_that_was_scheduled_and_then_removed_comes_by_its_last_terms() {
    let mut richer = catalog();
    richer.plans[0].allowance = credits(700);
    let mut without = catalog();
    without.plans.remove(0);
    let catalogs = published([
        (at("1970-01-01"), catalog()),
        (at("2026-01-10"), richer),
        (at("2026-01-20"), without),
    ]);
    check_in(
        catalogs,
        &[
            ("2026-01-01", "start pro monthly", "1000"),
            ("", "change basic", "1000"),
            ("2026-02-01", "wait", "900"),
            ("2026-03-01", "wait", "700"),
        ],
    );
}

#[test]
fn a_re_priced_plan_counts_from_the_next_period_on() {
    let mut richer = catalog();
    richer.plans[1].allowance = credits(1_200);
    let catalogs = published([(at("1970-01-01"), catalog()), (at("2026-01-20"), richer)]);
    check_in(
        catalogs,
        &[
            ("2026-01-01", "start pro monthly", "1000"),
            ("2026-01-25", "change pro yearly", "1000"),
            ("2026-02-01", "wait", "1400"),
        ],
    );
}
