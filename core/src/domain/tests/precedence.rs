//! Where two refusals hold, the earlier one is the answer.

use super::{
    scene::Scene,
    shop::{credits, shop},
    words::{at, generation, named},
};
use crate::domain::{
    catalog::Generation,
    command::{PriceGuard, Request},
    hold::HOLDS_OPEN_MAX,
    ids::CatalogVersion,
    quote::{QuoteGuard, QuoteTerms, request_hash},
};

/// What is wrong with a spend, in the order of precedence; each row adds one to those below it.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Wrong {
    Model,
    Action,
    Parameter,
    Again,
    Expired,
    Mismatch,
    Price,
    Ceiling,
    Repeat,
    Credits,
    Holds,
}

/// A reserve with everything wrong from `first` on.
fn answer(first: Wrong, also: fn(&mut Request)) -> String {
    let mut scene = Scene::new(
        shop(|shop| shop.policy.request_credits_max = Some(credits(100))),
        at("2026-01-01"),
    );
    scene.does("start basic monthly").unwrap();
    let holds = if first < Wrong::Holds { 1 } else { 0 };
    if first <= Wrong::Repeat {
        scene.does("reserve image brush ~fox").unwrap();
    }
    while scene.account.holds.len() < HOLDS_OPEN_MAX {
        scene.does("reserve sound sketch").unwrap();
    }
    for _ in 0..4 * holds {
        scene.does("charge image brush x2").unwrap();
    }
    let words: &[&str] = match first {
        Wrong::Model => &["dance", "nope", "x99"],
        Wrong::Action => &["video", "pen", "x99"],
        Wrong::Parameter => &["image", "brush", "x99"],
        Wrong::Again | Wrong::Expired | Wrong::Mismatch | Wrong::Price | Wrong::Ceiling => {
            &["image", "brush", "x3", "~fox"]
        }
        Wrong::Repeat => &["image", "brush", "x2", "~fox"],
        Wrong::Credits => &["image", "brush", "x2"],
        Wrong::Holds => &["image", "brush"],
    };
    if first == Wrong::Credits {
        scene.does("charge image brush").unwrap();
    }
    let wanted = Generation {
        regenerate_of: (first <= Wrong::Again).then_some(named("unknown")),
        ..generation(words)
    };
    let expires_at = if first <= Wrong::Expired {
        "2026-01-01"
    } else {
        "2026-01-02"
    };
    let quote = QuoteTerms {
        request: request_hash(&scene.account.id, &generation(&["image", "pen"])),
        catalog_version: CatalogVersion(1),
        cost: credits(10),
        expires_at: at(expires_at),
    };
    let mut request = Request::Reserve {
        generation: wanted,
        guard: PriceGuard {
            quote: if first <= Wrong::Mismatch {
                QuoteGuard::Quoted(quote)
            } else {
                QuoteGuard::None
            },
            cost_max: (first <= Wrong::Price).then_some(credits(1)),
            repeat_guard: true,
            ..PriceGuard::default()
        },
        ttl_minutes: None,
    };
    also(&mut request);
    let refusal = scene.asks(named("spend"), request).unwrap_err();
    let text = format!("{refusal:?}");
    text.split([' ', '(']).next().unwrap().to_owned()
}

#[test]
fn a_spend_is_refused_for_the_first_reason_of_the_list() {
    for (first, expected) in [
        (Wrong::Model, "ModelUnknown"),
        (Wrong::Action, "ActionNotOffered"),
        (Wrong::Parameter, "ParameterOutOfRange"),
        (Wrong::Again, "ChargeUnknown"),
        (Wrong::Expired, "QuoteExpired"),
        (Wrong::Mismatch, "QuoteMismatch"),
        (Wrong::Price, "PriceChanged"),
        (Wrong::Ceiling, "LimitExceeded"),
        (Wrong::Repeat, "LikelyRepeat"),
        (Wrong::Credits, "InsufficientCredits"),
        (Wrong::Holds, "TooManyHolds"),
    ] {
        assert_eq!(answer(first, |_| {}), expected);
    }
}

#[test]
fn a_holds_life_is_a_parameter_and_comes_before_the_quote() {
    let no_life = |request: &mut Request| {
        if let Request::Reserve { ttl_minutes, .. } = request {
            *ttl_minutes = Some(0);
        }
    };
    for first in [
        Wrong::Again,
        Wrong::Expired,
        Wrong::Mismatch,
        Wrong::Price,
        Wrong::Ceiling,
        Wrong::Repeat,
        Wrong::Credits,
    ] {
        assert_eq!(answer(first, no_life), "ParameterOutOfRange");
    }
    assert_eq!(answer(Wrong::Action, no_life), "ActionNotOffered");
}

#[test]
fn holds_and_billing_keep_their_order_too() {
    super::scene::check(&[
        ("2026-01-01", "start basic monthly", "500"),
        // A life out of range, of a hold that is not known.
        ("", "extend h9 0", "ParameterOutOfRange…"),
        ("", "reserve video reel as h1", "425, 75 held"),
        // Expired for too long, and for more than was held.
        ("2026-01-20", "settle h1 x8", "HoldExpired…"),
        ("", "reserve video reel as h2", "425, 75 held"),
        ("", "settle h2 x1", "425"),
        // Resolved, and for more than was held.
        ("", "settle h2 x8", "HoldAlreadyResolved…"),
        // An anchor out of range of a plan that is not known, on a plan already.
        (
            "",
            "start none monthly since 2027-01-01",
            "ParameterOutOfRange…",
        ),
        ("", "start none monthly", "PlanUnknown…"),
        ("", "start pro monthly", "AlreadySubscribed…"),
        // A plan that is not known, while a cancellation is scheduled; then the plan in force.
        ("", "cancel", "425"),
        ("", "change none", "PlanUnknown…"),
        ("", "change basic", "CancellationAlreadyScheduled…"),
        ("", "resume", "425"),
        ("", "change basic", "AlreadyOnPlan…"),
        ("", "buy boost with pay-1", "725"),
        // A pack that is not known, with a payment that was used.
        ("", "buy none with pay-1", "PackUnknown…"),
        ("", "buy boost with pay-1", "PaymentAlreadyUsed…"),
    ]);
}
