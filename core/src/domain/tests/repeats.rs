//! The same call again: what makes it the same, and what it is answered.

use std::sync::Arc;

use super::{
    scene::Scene,
    shop::credits,
    words::{generation, named, payment},
};
use crate::domain::{
    catalog::{ActualRun, BillingInterval, Generation, PromptFingerprint},
    command::{PriceGuard, Request},
    ids::{CatalogVersion, OptionId, PackId, PlanId, ProjectId},
    outcome::{Decision, Outcome},
    preferences::{Change, PreferencesChange},
    quote::QuoteGuard,
    refusal::Refusal,
    time::Instant,
};

fn wanted() -> Generation {
    Generation {
        resolution: Some(OptionId::parse("hd").unwrap()),
        quality: Some(OptionId::parse("fine").unwrap()),
        regenerate_of: Some(named("before")),
        prompt_fingerprint: Some(PromptFingerprint([1; 32])),
        ..generation(&["video", "reel", "x2", "5s", "#film"])
    }
}

fn charge(change: impl FnOnce(&mut Generation, &mut PriceGuard)) -> Request {
    let (mut generation, mut guard) = (wanted(), PriceGuard::default());
    change(&mut generation, &mut guard);
    Request::Charge { generation, guard }
}

#[test]
fn the_fingerprint_the_quote_and_the_guards_are_no_content() {
    let content = charge(|_, _| {}).content();
    for same in [
        charge(|generation, _| generation.prompt_fingerprint = None),
        charge(|_, guard| guard.quote = QuoteGuard::Unrecognised),
        charge(|_, guard| guard.cost_max = Some(credits(7))),
        charge(|_, guard| guard.acknowledge_repeat = true),
        charge(|_, guard| guard.repeat_guard = true),
        charge(|_, guard| guard.variations_confirmed = Some(2)),
    ] {
        assert_eq!(same.content(), content);
    }
}

fn film() -> ProjectId {
    ProjectId::parse("film").unwrap()
}

/// All contents must differ from each other.
fn check_all_differ(requests: Vec<Request>) {
    for (at, one) in requests.iter().enumerate() {
        for other in &requests[..at] {
            assert_ne!(one.content(), other.content(), "{one:?}\n{other:?}");
        }
    }
}

#[test]
fn everything_else_of_a_spend_is_content() {
    let reserve = |ttl_minutes| Request::Reserve {
        generation: wanted(),
        guard: PriceGuard::default(),
        ttl_minutes,
    };
    let other = OptionId::parse("other").unwrap();
    check_all_differ(vec![
        charge(|_, _| {}),
        charge(|one, _| one.action = generation(&["animate"]).action),
        charge(|one, _| one.model = None),
        charge(|one, _| one.model = generation(&["video", "pen"]).model),
        charge(|one, _| one.variations = 3),
        charge(|one, _| one.seconds = None),
        charge(|one, _| one.seconds = Some(2)),
        charge(|one, _| one.resolution = None),
        charge(|one, _| one.resolution = Some(other.clone())),
        charge(|one, _| one.quality = None),
        charge(|one, _| one.quality = Some(other.clone())),
        charge(|one, _| std::mem::swap(&mut one.resolution, &mut one.quality)),
        charge(|one, _| one.project = None),
        charge(|one, _| one.regenerate_of = None),
        charge(|one, _| one.regenerate_of = Some(named("other"))),
        reserve(None),
        reserve(Some(1)),
        reserve(Some(2)),
    ]);
}

#[test]
fn everything_of_the_other_requests_is_content() {
    let start = |plan: &str, interval, anchor: Option<i64>| Request::StartSubscription {
        plan: PlanId::parse(plan).unwrap(),
        interval,
        anchor: anchor.map(|micros| Instant::from_micros(micros).unwrap()),
    };
    let buy = |pack: &str, quantity, version: Option<i32>, reference: &str| Request::PurchasePack {
        pack: PackId::parse(pack).unwrap(),
        quantity,
        catalog_version: version.map(CatalogVersion),
        payment: payment(reference),
    };
    let paid = |change: fn(&mut crate::domain::payment::Payment)| {
        let mut payment = payment("pay-1");
        change(&mut payment);
        let pack = PackId::parse("boost").unwrap();
        Request::PurchasePack {
            pack,
            quantity: 1,
            catalog_version: None,
            payment,
        }
    };
    let change = |plan: &str, interval| Request::ChangePlan {
        plan: PlanId::parse(plan).unwrap(),
        interval,
    };
    let settle = |name, variations, seconds| Request::Settle {
        hold: named(name),
        actual: ActualRun {
            variations,
            seconds,
        },
    };
    let extend = |name, ttl_minutes| Request::ExtendHold {
        hold: named(name),
        ttl_minutes,
    };
    let keep = |name, kept| Request::MarkKept {
        charge: named(name),
        kept,
    };
    let set = |change: fn(&mut PreferencesChange)| {
        let mut wanted = PreferencesChange::default();
        change(&mut wanted);
        Request::SetPreferences { change: wanted }
    };
    check_all_differ(vec![
        Request::OpenAccount,
        Request::CancelSubscription,
        Request::ResumeSubscription,
        start("basic", BillingInterval::Monthly, None),
        start("basic", BillingInterval::Yearly, None),
        start("basic", BillingInterval::Monthly, Some(0)),
        start("basic", BillingInterval::Monthly, Some(1)),
        start("pro", BillingInterval::Monthly, None),
        buy("boost", 1, None, "pay-1"),
        buy("spark", 1, None, "pay-1"),
        buy("boost", 2, None, "pay-1"),
        buy("boost", 1, Some(1), "pay-1"),
        buy("boost", 1, None, "pay-2"),
        paid(|payment| payment.key.provider = "other".to_owned()),
        paid(|payment| payment.amount.amount_minor += 1),
        paid(|payment| payment.amount.currency = "EUR".parse().unwrap()),
        paid(|payment| payment.paid_at = Instant::default()),
        extend("h1", 1),
        extend("h1", 2),
        extend("h2", 1),
        change("basic", None),
        change("basic", Some(BillingInterval::Monthly)),
        change("basic", Some(BillingInterval::Yearly)),
        change("pro", None),
        settle("h1", None, None),
        settle("h1", Some(1), None),
        settle("h1", None, Some(1)),
        settle("h2", None, None),
        Request::Release { hold: named("h1") },
        Request::Release { hold: named("h2") },
        set(|_| {}),
        set(|all| all.repeat_guard = Change::Reset),
        set(|all| all.repeat_guard = Change::Set(false)),
        set(|all| all.repeat_guard = Change::Set(true)),
        set(|all| all.one_first = Change::Set(true)),
        set(|all| all.request_credits_max = Change::Set(credits(1))),
        set(|all| all.day_credits_max = Change::Reset),
        set(|all| all.day_credits_max = Change::Set(credits(1))),
        set(|all| all.project_credits_max = Change::Reset),
        set(|all| all.project_credits_max = Change::Set(Vec::new())),
        set(|all| all.project_credits_max = Change::Set(vec![(film(), None)])),
        set(|all| all.project_credits_max = Change::Set(vec![(film(), Some(credits(1)))])),
        keep("c1", true),
        keep("c1", false),
        keep("c2", true),
    ]);
}

#[test]
fn the_same_call_has_the_same_answer_for_ever_and_another_one_none() {
    let mut scene = Scene::after(&["start basic monthly"]);
    let request = charge(|one, _| {
        (one.resolution, one.quality, one.regenerate_of) = (None, None, None);
    });
    let content = request.content();
    scene.asks(named("op"), request).unwrap();
    let accepted = scene.records.last().unwrap().accepted().unwrap();
    let yes = Outcome::Accepted(Arc::new(accepted));
    let no = Outcome::Refused(Arc::new(Refusal::NotSubscribed));
    for outcome in [yes, no] {
        let decision = Decision {
            content,
            outcome: outcome.clone(),
        };
        assert_eq!(decision.repeat(named("op"), &content), outcome);
        let other = charge(|one, _| one.variations = 1).content();
        let reused = Refusal::OperationIdReused {
            operation_id: named("op"),
        };
        let refused = Outcome::Refused(Arc::new(reused));
        assert_eq!(decision.repeat(named("op"), &other), refused);
    }
}
