//! Changing a plan: more acts now, less with the end of what is paid for, and a period is granted the
//! best plan touched in it, once.

use super::{
    scene::{Scene, brief, check, check_in},
    shop::{catalog, credits, plan, published, shop},
    words::at,
};
use crate::domain::{
    account::Account, catalog::BillingInterval, event::SubscriptionEvent, lot::Freeze,
    subscription::Subscription,
};

/// Plan, interval, end of the paid term, and what is scheduled.
fn told(scene: &Scene) -> String {
    let Some(subscription) = &scene.account.subscription else {
        return "none".to_owned();
    };
    let interval = subscription.interval.word();
    let through = brief(subscription.paid_through());
    let mut text = format!("{} {interval} through {through}", subscription.plan);
    if let Some(change) = &subscription.scheduled {
        let interval = change.interval.word();
        text += &format!(", {} {interval} from {}", change.plan, brief(change.at));
    }
    text
}

/// Rows of when, what is asked, the answer, and the subscription after it.
fn check_told(scene: &mut Scene, rows: &[(&str, &str, &str, &str)]) {
    for (when, asked, answer, expected) in rows {
        scene.check(&[(when, asked, answer)]);
        assert_eq!(told(scene), *expected, "{when} {asked}");
    }
}

fn check_changes(rows: &[(&str, &str, &str, &str)]) {
    check_told(&mut Scene::new(shop(|_| {}), at(rows[0].0)), rows);
}

#[test]
fn an_upgrade_acts_now_and_grants_the_difference_until_the_period_ends() {
    check_changes(&[
        (
            "2026-01-31",
            "start basic monthly",
            "500",
            "basic monthly through 2026-02-28",
        ),
        (
            "2026-02-10",
            "charge image brush x8",
            "100",
            "basic monthly through 2026-02-28",
        ),
        // 500 more, not 1,000 more; the period and its anchor stay.
        ("", "change pro", "600", "pro monthly through 2026-02-28"),
        (
            "2026-02-28",
            "wait",
            "1200",
            "pro monthly through 2026-03-31",
        ),
    ]);
}

#[test]
fn an_upgrade_is_one_operation_with_its_lot() {
    let mut scene = Scene::after(&["start basic monthly"]);
    let from = scene.records.len();
    scene.check(&[("2026-01-10", "change pro", "1000")]);
    assert_eq!(
        scene.told_from(from),
        ["2026-01-10 subscription_change +500"]
    );
    let lots = &scene.account.lots;
    assert_eq!(lots[1].terms.granted, credits(500));
    assert_eq!(lots[1].terms.expires_at, Some(at("2026-02-01")));
    let balance = scene.account.balance(&scene.catalogs, scene.now);
    let allowance = balance.allowance.unwrap();
    assert_eq!(
        (allowance.granted, allowance.remaining),
        (credits(1_000), credits(1_000))
    );
}

#[test]
fn a_downgrade_acts_when_the_paid_term_ends_and_takes_nothing() {
    check_changes(&[
        (
            "2026-01-31",
            "start pro monthly",
            "1000",
            "pro monthly through 2026-02-28",
        ),
        (
            "2026-02-10",
            "change basic",
            "1000",
            "pro monthly through 2026-02-28, basic monthly from 2026-02-28",
        ),
        (
            "2026-02-27T23:59:59.999999Z",
            "charge image brush x8",
            "600",
            "pro monthly through 2026-02-28, basic monthly from 2026-02-28",
        ),
        // 200 of pro's last period roll over, as pro states.
        (
            "2026-02-28",
            "wait",
            "700",
            "basic monthly through 2026-03-31",
        ),
        (
            "2026-03-31",
            "wait",
            "500",
            "basic monthly through 2026-04-30",
        ),
    ]);
}

#[test]
fn a_downgrade_of_a_yearly_plan_waits_for_the_year_while_the_months_renew() {
    let later = "pro yearly through 2027-01-31, basic yearly from 2027-01-31";
    check_changes(&[
        (
            "2026-01-31",
            "start pro yearly",
            "1000",
            "pro yearly through 2027-01-31",
        ),
        ("2026-03-10", "change basic", "1200", later),
        ("2026-03-31", "charge image brush x8", "800", later),
        ("2026-12-31", "wait", "1200", later),
        (
            "2027-01-31",
            "wait",
            "700",
            "basic yearly through 2028-01-31",
        ),
    ]);
}

#[test]
fn what_time_changes_is_an_operation_between_the_expiry_and_the_grant() {
    let mut scene = Scene::after(&["start pro monthly", "change basic"]);
    let from = scene.records.len();
    scene.reach(at("2026-02-15"));
    let expected = [
        "2026-02-01 expiry -1000",
        "2026-02-01 rollover_grant +200",
        "2026-02-01 subscription_change +0",
        "2026-02-01 period_grant +500",
    ];
    assert_eq!(scene.told_from(from), expected);
    let changed = &scene.ledger[from + 2];
    assert_eq!(
        (changed.caused_by, changed.recorded_at),
        (None, at("2026-02-15"))
    );
    let ids: Vec<_> = scene
        .records
        .iter()
        .map(|record| record.operation_id)
        .collect();
    assert!(
        !ids[..from + 2].contains(&ids[from + 2]),
        "its id is its own"
    );
}

#[test]
fn the_renewal_that_is_shown_is_of_the_plan_to_come() {
    let renews = |scene: &Scene| {
        let balance = scene.account.balance(&scene.catalogs, scene.now);
        balance.allowance.unwrap().renews_with
    };
    let scene = Scene::after(&["start pro monthly", "change basic"]);
    assert_eq!(renews(&scene), Some(credits(500)));
    let scene = Scene::after(&["start pro yearly", "change basic"]);
    assert_eq!(
        renews(&scene),
        Some(credits(1_000)),
        "next month is still pro's"
    );
    let scene = Scene::after(&["start basic monthly", "change pro"]);
    assert_eq!(renews(&scene), Some(credits(1_000)));
}

#[test]
fn a_longer_interval_begins_now_from_the_start_of_the_period_and_grants_nothing() {
    check_changes(&[
        (
            "2026-01-31",
            "start basic monthly",
            "500",
            "basic monthly through 2026-02-28",
        ),
        (
            "2026-03-10",
            "charge image pen",
            "490",
            "basic monthly through 2026-03-31",
        ),
        // The period began on Feb 28, and the anchor is still a 31st.
        (
            "",
            "change basic yearly",
            "490",
            "basic yearly through 2027-02-28",
        ),
        (
            "2026-03-31",
            "wait",
            "500",
            "basic yearly through 2027-02-28",
        ),
        (
            "2027-02-27",
            "wait",
            "500",
            "basic yearly through 2027-02-28",
        ),
        (
            "2027-02-28",
            "wait",
            "500",
            "basic yearly through 2028-02-29",
        ),
        (
            "2028-02-29",
            "cancel",
            "500",
            "basic yearly through 2029-02-28",
        ),
        (
            "2029-02-27",
            "wait",
            "500",
            "basic yearly through 2029-02-28",
        ),
        ("2029-02-28", "wait", "0", "none"),
    ]);
}

#[test]
fn a_shorter_interval_begins_when_the_paid_year_ends() {
    let later = "basic yearly through 2027-01-31, basic monthly from 2027-01-31";
    check_changes(&[
        (
            "2026-01-31",
            "start basic yearly",
            "500",
            "basic yearly through 2027-01-31",
        ),
        ("2026-03-10", "change basic monthly", "500", later),
        ("2026-12-31", "wait", "500", later),
        (
            "2027-01-31",
            "wait",
            "500",
            "basic monthly through 2027-02-28",
        ),
        (
            "2027-03-10",
            "change basic yearly",
            "500",
            "basic yearly through 2028-02-29",
        ),
    ]);
}

#[test]
fn an_upgrade_takes_a_longer_interval_along_and_leaves_a_shorter_one_for_the_end_of_the_year() {
    check_changes(&[
        (
            "2026-01-31",
            "start basic monthly",
            "500",
            "basic monthly through 2026-02-28",
        ),
        (
            "2026-03-05",
            "change pro yearly",
            "1000",
            "pro yearly through 2027-02-28",
        ),
    ]);
    let later = "pro yearly through 2027-01-31, pro monthly from 2027-01-31";
    check_changes(&[
        (
            "2026-01-31",
            "start basic yearly",
            "500",
            "basic yearly through 2027-01-31",
        ),
        ("2026-03-05", "change pro monthly", "1000", later),
        ("2027-01-30", "wait", "1200", later),
        (
            "2027-01-31",
            "wait",
            "1200",
            "pro monthly through 2027-02-28",
        ),
    ]);
}

#[test]
fn a_downgrade_takes_any_interval_along_when_it_acts() {
    check_changes(&[
        (
            "2026-01-31",
            "start pro monthly",
            "1000",
            "pro monthly through 2026-02-28",
        ),
        (
            "",
            "change basic yearly",
            "1000",
            "pro monthly through 2026-02-28, basic yearly from 2026-02-28",
        ),
        (
            "2026-02-28",
            "wait",
            "700",
            "basic yearly through 2027-02-28",
        ),
    ]);
    check_changes(&[
        (
            "2026-01-31",
            "start pro yearly",
            "1000",
            "pro yearly through 2027-01-31",
        ),
        (
            "",
            "change solo monthly",
            "1000",
            "pro yearly through 2027-01-31, solo monthly from 2027-01-31",
        ),
        (
            "2027-01-31",
            "wait",
            "300",
            "solo monthly through 2027-02-28",
        ),
    ]);
}

#[test]
fn the_last_change_asked_for_is_the_one_that_counts() {
    check_changes(&[
        (
            "2026-01-01",
            "start pro yearly",
            "1000",
            "pro yearly through 2027-01-01",
        ),
        (
            "",
            "change basic",
            "1000",
            "pro yearly through 2027-01-01, basic yearly from 2027-01-01",
        ),
        (
            "",
            "change solo monthly",
            "1000",
            "pro yearly through 2027-01-01, solo monthly from 2027-01-01",
        ),
        // Taken back: by asking for what is in force, with its interval or without.
        ("", "change pro", "1000", "pro yearly through 2027-01-01"),
        (
            "",
            "change pro",
            "AlreadyOnPlan { plan: pro, interval: Yearly }",
            "pro yearly through 2027-01-01",
        ),
        (
            "",
            "change pro monthly",
            "1000",
            "pro yearly through 2027-01-01, pro monthly from 2027-01-01",
        ),
        (
            "",
            "change pro yearly",
            "1000",
            "pro yearly through 2027-01-01",
        ),
    ]);
}

#[test]
fn an_upgrade_drops_what_was_scheduled() {
    check_changes(&[
        (
            "2026-01-01",
            "start basic monthly",
            "500",
            "basic monthly through 2026-02-01",
        ),
        (
            "",
            "change solo",
            "500",
            "basic monthly through 2026-02-01, solo monthly from 2026-02-01",
        ),
        ("", "change pro", "1000", "pro monthly through 2026-02-01"),
        (
            "2026-02-01",
            "wait",
            "1200",
            "pro monthly through 2026-03-01",
        ),
    ]);
}

#[test]
fn cancelling_drops_what_was_scheduled_and_nothing_changes_until_it_is_resumed() {
    check_changes(&[
        (
            "2026-01-01",
            "start pro monthly",
            "1000",
            "pro monthly through 2026-02-01",
        ),
        (
            "",
            "change basic",
            "1000",
            "pro monthly through 2026-02-01, basic monthly from 2026-02-01",
        ),
        ("", "cancel", "1000", "pro monthly through 2026-02-01"),
        (
            "",
            "change basic",
            "CancellationAlreadyScheduled…",
            "pro monthly through 2026-02-01",
        ),
        (
            "",
            "change pro",
            "CancellationAlreadyScheduled…",
            "pro monthly through 2026-02-01",
        ),
        ("", "resume", "1000", "pro monthly through 2026-02-01"),
        (
            "2026-02-01",
            "wait",
            "1200",
            "pro monthly through 2026-03-01",
        ),
    ]);
}

#[test]
fn a_plan_is_changed_only_by_who_has_one_and_only_to_one_that_is_sold() {
    check(&[
        ("2026-01-01", "change pro monthly", "NotSubscribed"),
        ("", "change pro", "NotSubscribed"),
        (
            "",
            "change none",
            "PlanUnknown { plan: none, known: [basic, pro, solo] }",
        ),
        ("", "start basic yearly", "500"),
        // Solo is paid monthly only, and without an interval the one in force is meant.
        (
            "",
            "change solo",
            "PlanUnknown { plan: solo, known: [basic, pro] }",
        ),
        (
            "",
            "change solo yearly",
            "PlanUnknown { plan: solo, known: [basic, pro] }",
        ),
        ("", "change solo monthly", "500"),
    ]);
}

#[test]
fn up_and_down_and_up_again_grants_no_more_than_the_best_plan() {
    check(&[
        ("2026-01-01", "start solo monthly", "100"),
        ("", "change basic", "500"),
        ("", "change solo", "500"),
        ("", "change basic", "500"),
        ("", "change pro", "1000"),
        ("", "change basic", "1000"),
        ("", "change pro", "1000"),
        ("", "change pro", "AlreadyOnPlan…"),
        ("", "change pro yearly", "1000"),
        ("", "change pro monthly", "1000"),
        ("", "charge image brush x8", "600"),
        ("", "change pro yearly", "600"),
    ]);
}

#[test]
fn a_plan_of_the_same_allowance_is_no_upgrade() {
    check_in(
        shop(|shop| {
            shop.plans
                .push(plan("twin", 500, &[BillingInterval::Monthly]))
        }),
        &[
            ("2026-01-01", "start basic monthly", "500"),
            ("", "change twin", "500"),
            ("", "charge image pen", "490"),
            ("2026-02-01", "wait", "500"),
            (
                "",
                "change twin",
                "AlreadyOnPlan { plan: twin, interval: Monthly }",
            ),
        ],
    );
}

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

#[test]
fn a_scheduled_change_happens_to_an_account_that_nobody_touched() {
    check_changes(&[
        (
            "2026-01-01",
            "start pro yearly",
            "1000",
            "pro yearly through 2027-01-01",
        ),
        (
            "",
            "change basic monthly",
            "1000",
            "pro yearly through 2027-01-01, basic monthly from 2027-01-01",
        ),
        (
            "2027-06-15",
            "wait",
            "500",
            "basic monthly through 2027-07-01",
        ),
    ]);
}

#[test]
fn a_start_within_a_period_that_was_granted_goes_on_with_it() {
    let mut scene = Scene::new(shop(|_| {}), at("2026-01-31"));
    check_told(
        &mut scene,
        &[
            (
                "2026-01-31",
                "start basic monthly",
                "500",
                "basic monthly through 2026-02-28",
            ),
            (
                "",
                "charge image brush x8",
                "100",
                "basic monthly through 2026-02-28",
            ),
            (
                "2026-03-10",
                "wait",
                "500",
                "basic monthly through 2026-03-31",
            ),
            (
                "",
                "charge image brush x8",
                "100",
                "basic monthly through 2026-03-31",
            ),
            ("2026-03-20", "lapse", "100", "none"),
            // The same plan again grants nothing, a better one what it has more; the anchor stays.
            (
                "2026-03-25",
                "start basic monthly",
                "100",
                "basic monthly through 2026-03-31",
            ),
            ("2026-03-26", "lapse", "100", "none"),
            (
                "2026-03-27",
                "start pro yearly",
                "600",
                "pro yearly through 2027-02-28",
            ),
            ("2026-03-28", "lapse", "600", "none"),
            (
                "2026-03-29",
                "start basic monthly",
                "600",
                "basic monthly through 2026-03-31",
            ),
            (
                "2026-03-30",
                "change pro",
                "600",
                "pro monthly through 2026-03-31",
            ),
            (
                "2026-03-31",
                "wait",
                "1200",
                "pro monthly through 2026-04-30",
            ),
        ],
    );
    let subscription = scene.account.subscription.unwrap();
    assert_eq!((subscription.id.0, subscription.period), (2, 2));
}

#[test]
fn a_period_that_goes_on_shows_its_whole_allowance() {
    let mut scene = Scene::after(&["start basic monthly", "charge image brush"]);
    scene.check(&[
        ("2026-01-20", "lapse", "450"),
        ("", "start pro monthly", "950"),
    ]);
    let allowance = scene
        .account
        .balance(&scene.catalogs, scene.now)
        .allowance
        .unwrap();
    let shown = (allowance.granted, allowance.used, allowance.remaining);
    assert_eq!(shown, (credits(1_000), credits(50), credits(950)));
}

#[test]
fn what_was_frozen_of_a_period_that_goes_on_thaws_with_it() {
    let mut scene = Scene::after(&["start basic monthly", "buy boost"]);
    for lot in &mut scene.account.lots {
        lot.freezes = lot.freezes.with(Freeze::PastDue);
    }
    scene.check(&[
        ("2026-01-20", "lapse", "0, 800 frozen"),
        // The pack has no part in it: whoever froze it thaws it.
        ("", "start basic monthly", "500, 300 frozen"),
    ]);
}

#[test]
fn no_other_anchor_is_possible_within_a_granted_period_or_across_its_end() {
    let lapsed = || {
        let mut scene = Scene::after(&["start basic monthly"]);
        scene.check(&[("2026-01-20", "lapse", "500")]);
        scene
    };
    lapsed().check(&[
        (
            "2026-01-25",
            "start basic monthly since 2026-01-22",
            "ParameterOutOfRange { parameter: Anchor, given: \"2026-01-22T00:00:00Z\", \
             min: Some(1767225600), max: Some(1767225600), allowed: [] }",
        ),
        ("", "start basic monthly since 2026-01-01", "500"),
    ]);
    lapsed().check(&[
        // January was granted until its end, though the plan ended on the 20th.
        (
            "2026-02-10",
            "start basic monthly since 2026-01-25",
            "ParameterOutOfRange { parameter: Anchor, given: \"2026-01-25T00:00:00Z\", \
             min: Some(1769904000), max: Some(1770681600), allowed: [] }",
        ),
        ("", "start basic monthly since 2026-02-01", "500"),
    ]);
    lapsed().check(&[("2026-02-01", "start basic monthly", "500")]);
}

#[test]
fn what_was_kept_before_plans_could_change_is_still_read() {
    let subscription = r#"{"id":2,"plan":"pro","interval":"YEARLY","anchor":1769853600000000,
        "period":13,"granted":1000}"#;
    let subscription: Subscription = serde_json::from_str(subscription).unwrap();
    assert_eq!(
        (subscription.term_from, &subscription.scheduled),
        (0, &None)
    );
    assert_eq!(brief(subscription.paid_through()), "2028-01-31T10:00:00Z");
    let started =
        r#"{"started":{"plan":"pro","interval":"YEARLY","anchor":1769853600000000,"period":0}}"#;
    let event: SubscriptionEvent = serde_json::from_str(started).unwrap();
    assert_eq!(
        serde_json::to_string(&event).unwrap(),
        started,
        "and written as before"
    );
    let account = r#"{"id":"anna","sequence":9,"opened_at":0,"time":5,"lots":[],"plan_ended_at":5,
        "totals":{"plan":0,"rollover":0,"packs":0,"consumed":0,"expired":0,"revoked":0}}"#;
    let account: Account = serde_json::from_str(account).unwrap();
    assert_eq!(account.broken_period, None);
}
