//! What requests cost, as tables over the built-in example.

use std::sync::Arc;

use proptest::prelude::*;

use super::{
    ActualRun, Catalog, CatalogOutOfOrder, Catalogs, EXAMPLE, Generation, PriceRefusal, Priced,
    PromptFingerprint, PublishedCatalog, Ratio,
};
use crate::domain::{
    credits::Credits,
    ids::{ActionId, CatalogVersion, ModelId, OptionId, PlanId},
    time::Instant,
};

fn example() -> Catalog {
    Catalog::parse(EXAMPLE, "example.toml").unwrap().catalog
}

/// A request as `action model xN Ns @resolution quality=…`; an absent part is not asked for.
fn request(text: &str) -> Generation {
    let mut words = text.split(' ');
    let action = ActionId::parse(words.next().unwrap()).unwrap();
    let mut request = Generation::of(action, None);
    for word in words {
        if let Some(id) = word.strip_prefix('@') {
            request.resolution = Some(OptionId::parse(id).unwrap());
        } else if let Some(id) = word.strip_prefix("quality=") {
            request.quality = Some(OptionId::parse(id).unwrap());
        } else if let Some(count) = word.strip_prefix('x') {
            request.variations = count.parse().unwrap();
        } else if let Some(seconds) = word.strip_suffix('s').and_then(|word| word.parse().ok()) {
            request.seconds = Some(seconds);
        } else {
            request.model = Some(ModelId::parse(word).unwrap());
        }
    }
    request
}

fn check(text: &str, expected: &str) {
    let found = match example().price(&request(text)) {
        Ok(Priced::Free) => "free".to_owned(),
        Ok(Priced::Cost(price)) => price.cost.to_string(),
        Err(refusal) => serde_json::to_string(&refusal).unwrap(),
    };
    assert_eq!(found, expected, "{text}");
}

#[test]
fn costs() {
    // Text is free whatever else the request says.
    check("chat", "free");
    check("chat no-such-model x999 5s @8k", "free");
    // Rounded up once: 4 x 1.5 is 6, not 4 x 2.
    check("text-to-image sketch", "2");
    check("text-to-image sketch x4", "6");
    check("text-to-image sketch x3", "5");
    // Thirds: 1/3, 2/3 and 3/3 are 1 credit, 4/3 are 2.
    check("upscale glance", "1");
    check("upscale glance x3", "1");
    check("upscale glance x4", "2");
    // Per second, with the default length and a chosen one.
    check("text-to-video drift", "20");
    check("text-to-video drift x2 10s", "80");
    check("image-to-video drift 3s", "11");
    // A flat price takes no account of seconds.
    check("image-to-video cinema 5s", "90");
    // Factors: 20 x 2 x 5 x 1.75 x 1.5.
    check("text-to-video cinema x2 @1080p quality=high", "525");
    check("text-to-image canvas @2048 quality=draft", "3");
    check("text-to-image glance @512", "2");
}

#[test]
fn refusals() {
    check(
        "text-to-video",
        r#"{"rule":"MODEL_UNKNOWN","model":null,"known":["drift","reel","cinema"]}"#,
    );
    check(
        "upscale nope",
        r#"{"rule":"MODEL_UNKNOWN","model":"nope","known":["glance","lens","atelier"]}"#,
    );
    check(
        "sing nope",
        r#"{"rule":"MODEL_UNKNOWN","model":"nope","known":[]}"#,
    );
    check(
        "sing sketch",
        r#"{"rule":"ACTION_UNKNOWN","action":"sing"}"#,
    );
    check("sing", r#"{"rule":"ACTION_UNKNOWN","action":"sing"}"#);
    check(
        "upscale sketch x99",
        r#"{"rule":"ACTION_NOT_OFFERED","model":"sketch","action":"upscale","offered_by":["glance","lens","atelier"]}"#,
    );
    let out_of_range = |parameter, given, min, max, allowed| {
        format!(
            r#"{{"rule":"PARAMETER_OUT_OF_RANGE","parameter":"{parameter}","given":"{given}","min":{min},"max":{max},"allowed":{allowed}}}"#
        )
    };
    for (text, parameter, given, min, max, allowed) in [
        ("text-to-image sketch x0", "VARIATIONS", "0", "1", "8", "[]"),
        ("text-to-image sketch x9", "VARIATIONS", "9", "1", "8", "[]"),
        (
            "text-to-image sketch 5s",
            "SECONDS",
            "5",
            "null",
            "null",
            "[]",
        ),
        ("text-to-video drift 11s", "SECONDS", "11", "3", "10", "[]"),
        ("text-to-video drift 0s", "SECONDS", "0", "3", "10", "[]"),
        (
            "text-to-video drift @4k",
            "RESOLUTION",
            "4k",
            "null",
            "null",
            "[]",
        ),
        (
            "text-to-video reel @4k",
            "RESOLUTION",
            "4k",
            "null",
            "null",
            r#"["720p","1080p"]"#,
        ),
        (
            "text-to-image atelier quality=draft",
            "QUALITY",
            "draft",
            "null",
            "null",
            r#"["standard","high"]"#,
        ),
    ] {
        check(text, &out_of_range(parameter, given, min, max, allowed));
    }
}

#[test]
fn a_hold_prices_what_really_ran_without_the_catalog() {
    let priced = example()
        .price(&request("text-to-video cinema x2 10s @1080p"))
        .unwrap();
    let Priced::Cost(price) = priced else {
        panic!("a video has a price")
    };
    assert_eq!(price.cost.get(), 700);
    let stored = serde_json::to_string(&price).unwrap();
    assert_eq!(
        stored,
        r#"{"cost":700,"terms":{"model":"cinema","action":"text-to-video","produces":"VIDEO","unit":"PER_SECOND","unit_price":"20","variations":2,"seconds":10,"resolution":["1080p","1.75"],"quality":["standard","1"]}}"#
    );
    let price: super::Price = serde_json::from_str(&stored).unwrap();
    let reprice = |variations, seconds| {
        let actual = ActualRun {
            variations,
            seconds,
        };
        price.terms.reprice(&actual).map(|price| price.cost.get())
    };
    assert_eq!(reprice(None, None), Ok(700));
    assert_eq!(reprice(Some(1), None), Ok(350));
    // Below the smallest request: a part of it failed.
    assert_eq!(reprice(Some(1), Some(1)), Ok(35));
    for (variations, seconds) in [
        (Some(0), None),
        (Some(3), None),
        (None, Some(0)),
        (None, Some(11)),
    ] {
        let refused = reprice(variations, seconds);
        assert!(
            matches!(refused, Err(PriceRefusal::ParameterOutOfRange { .. })),
            "{refused:?}"
        );
    }
    let Ok(Priced::Cost(image)) = example().price(&request("upscale glance")) else {
        panic!("an image has a price")
    };
    let seconds = ActualRun {
        variations: None,
        seconds: Some(1),
    };
    assert!(
        image.terms.reprice(&seconds).is_err(),
        "an image has no seconds"
    );
}

#[test]
fn lines_show_each_step_and_the_rounding() {
    let lines = |text| {
        let Ok(Priced::Cost(price)) = example().price(&request(text)) else {
            panic!("{text} has a price")
        };
        let lines = price.terms.lines();
        let last = lines.last().unwrap();
        assert_eq!(
            last.amount,
            Ratio::from(price.cost),
            "the last line is the cost"
        );
        lines
            .iter()
            .map(|line| {
                let factor = line
                    .factor
                    .map_or("-".to_owned(), |factor| factor.to_string());
                format!("{:?} {} {} {}", line.kind, factor, line.amount, line.label)
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(
        lines("upscale glance x4"),
        [
            "UnitPrice 1/3 1/3 upscale on glance, per image",
            "Variations 4 4/3 Variations",
            "RoundedUp - 2 Rounded up to whole credits",
        ]
    );
    assert_eq!(
        lines("text-to-video cinema 4s @1080p quality=high"),
        [
            "UnitPrice 20 20 text-to-video on cinema, per second",
            "Variations 1 20 Variations",
            "Seconds 4 80 Seconds",
            "Resolution 1.75 140 Resolution 1080p",
            "Quality 1.5 210 Quality high",
        ]
    );
}

#[test]
fn alternatives_are_the_same_request_elsewhere_then_fewer() {
    let check = |text, affordable, expected: &[&str]| {
        let affordable = Credits::new(affordable).unwrap();
        let found: Vec<String> = example()
            .alternatives(&request(text), affordable)
            .into_iter()
            .map(|alternative| {
                let changes = alternative.changed.into_iter();
                let changes =
                    changes.map(|one| format!(" {:?} {} -> {}", one.parameter, one.from, one.to));
                format!(
                    "{} {}:{}",
                    alternative.model,
                    alternative.cost,
                    changes.collect::<String>()
                )
            })
            .collect();
        assert_eq!(found, expected, "{text} with {affordable}");
    };
    check(
        "text-to-image atelier x4",
        25,
        &[
            "sketch 6: Model atelier -> sketch Resolution 1024 -> none Quality standard -> none",
            "glance 8: Model atelier -> glance Quality standard -> none",
            "canvas 16: Model atelier -> canvas",
            "atelier 20: Variations 4 -> 2",
        ],
    );
    check(
        "text-to-image atelier x4",
        7,
        &["sketch 6: Model atelier -> sketch Resolution 1024 -> none Quality standard -> none"],
    );
    // A resolution that was asked for is kept, so models without it cannot run the request.
    check(
        "text-to-video cinema @1080p",
        174,
        &["reel 60: Model cinema -> reel Quality standard -> none"],
    );
    check(
        "text-to-video drift x2",
        39,
        &["drift 20: Variations 2 -> 1"],
    );
    check("text-to-video drift x2", 19, &[]);
    check("chat", 0, &[]);
    check("text-to-video drift x99", 500, &[]);
}

#[test]
fn alternatives_are_cheapest_first_and_few() {
    let mut catalog = example();
    let glance = catalog.models[1].clone();
    assert_eq!(glance.id.as_str(), "glance");
    for (number, price) in [9_u32, 3, 7, 1, 8, 2].into_iter().enumerate() {
        let mut model = glance.clone();
        model.id = ModelId::parse(&format!("copy-{number}")).unwrap();
        model.actions[0].price = Ratio::whole(price);
        catalog.models.push(model);
    }
    let found = catalog.alternatives(
        &request("text-to-image atelier x2"),
        Credits::new(19).unwrap(),
    );
    let costs: Vec<i64> = found.iter().map(|one| one.cost.get()).collect();
    // The last is the asked model with one variation.
    assert_eq!(costs, [2, 3, 4, 4, 10]);
}

#[test]
fn the_catalog_in_force_is_the_last_that_counts() {
    let at = |micros| Instant::from_micros(micros).unwrap();
    let published = |version, effective_at, text: &str| {
        let catalog = Catalog::parse(text, "c.toml").unwrap().catalog;
        PublishedCatalog::new(
            CatalogVersion(version),
            at(effective_at),
            Arc::from(text),
            catalog,
        )
    };
    let plan = |allowance| {
        format!(
            "[[plans]]\nid = \"p\"\nname = \"P\"\nallowance = {allowance}\n[[plans.prices]]\n\
             interval = \"monthly\"\nmoney = {{ amount_minor = 1, currency = \"USD\" }}\n"
        )
    };
    let catalogs = Catalogs::default()
        .with(published(1, 10, &plan(100)))
        .and_then(|catalogs| catalogs.with(published(2, 20, &plan(200))))
        .and_then(|catalogs| catalogs.with(published(3, 20, &plan(300))))
        .and_then(|catalogs| catalogs.with(published(5, 30, "")))
        .unwrap();
    let id = PlanId::parse("p").unwrap();
    for (micros, version, allowance) in [
        (9, None, None),
        (10, Some(1), Some((1, 100))),
        (19, Some(1), Some((1, 100))),
        (20, Some(3), Some((3, 300))),
        // Removed in version 5: the terms stay those of the last that had it.
        (30, Some(5), Some((3, 300))),
    ] {
        let in_force = catalogs.in_force(at(micros)).map(|one| one.version.0);
        assert_eq!(in_force, version, "at {micros}");
        let terms = catalogs.plan_terms(&id, at(micros));
        let terms = terms.map(|(one, plan)| (one.version.0, plan.allowance.get()));
        assert_eq!(terms, allowance, "at {micros}");
    }
    assert_eq!(
        catalogs
            .version(CatalogVersion(2))
            .map(|one| one.effective_at),
        Some(at(20))
    );
    assert_eq!(catalogs.version(CatalogVersion(4)), None);
    for late in [published(5, 40, ""), published(6, 29, "")] {
        assert!(matches!(catalogs.with(late), Err(CatalogOutOfOrder { .. })));
    }
}

#[test]
fn ratios() {
    for (text, shown) in [
        ("0", "0"),
        ("007", "7"),
        ("12.50", "12.5"),
        ("0.001", "0.001"),
        ("2/4", "0.5"),
        ("1/3", "1/3"),
        ("1/1024", "0.0009765625"),
        ("9223372036854775807", "9223372036854775807"),
    ] {
        assert_eq!(text.parse::<Ratio>().unwrap().to_string(), shown, "{text}");
    }
    for wrong in [
        "",
        ".5",
        "5.",
        "-1",
        "+1",
        "1e3",
        "1/0",
        "1/-2",
        "1.5/2",
        "9223372036854775808",
        "½",
    ] {
        assert!(wrong.parse::<Ratio>().is_err(), "{wrong}");
    }
    let ceil = |text: &str| {
        text.parse::<Ratio>()
            .unwrap()
            .ceil_credits()
            .map(Credits::get)
    };
    assert_eq!(ceil("0"), Some(0));
    assert_eq!(ceil("1/1000000"), Some(1));
    assert_eq!(ceil("2"), Some(2));
    assert_eq!(ceil("9007199254740990.5"), Some((1 << 53) - 1));
    assert_eq!(ceil("9007199254740991.5"), None);
}

#[test]
fn fingerprints_are_64_digits() {
    let text = format!("\"{}\"", "0a".repeat(32));
    let fingerprint: PromptFingerprint = serde_json::from_str(&text).unwrap();
    assert_eq!(fingerprint, PromptFingerprint([10; 32]));
    assert_eq!(serde_json::to_string(&fingerprint).unwrap(), text);
    assert!(serde_json::from_str::<PromptFingerprint>("\"0a\"").is_err());
}

#[test]
fn a_request_costs_on_a_model_what_it_costs_when_it_names_it() {
    let catalog = example();
    let mut priced = 0;
    for text in [
        "text-to-image x3",
        "text-to-image x999",
        "text-to-video 10s",
        "image-to-video sketch",
        "upscale x4",
        "chat",
        "no-such-action",
    ] {
        for model in &catalog.models {
            let named = Generation {
                model: Some(model.id.clone()),
                ..request(text)
            };
            let price = match catalog.price(&named) {
                Ok(Priced::Cost(price)) => Some(price),
                Ok(Priced::Free) | Err(_) => None,
            };
            priced += usize::from(price.is_some());
            let on_model = catalog.price_on(model, &request(text));
            assert_eq!(on_model, price, "{text} on {}", model.id);
        }
    }
    assert!(priced > 8);
}

proptest! {
    #[test]
    fn a_ratio_reads_back_as_shown(numerator in 0..=i64::MAX, denominator in 1..=i64::MAX, scale in 0_u32..=18) {
        for denominator in [denominator, 10_i64.pow(scale), 1 << scale] {
            let ratio = Ratio::new(numerator.into(), denominator.into()).unwrap();
            prop_assert_eq!(ratio.to_string().parse::<Ratio>(), Ok(ratio));
        }
    }

    #[test]
    fn fewer_variations_are_the_most_that_fit(asked in 1_u32..=8, affordable in 0_i64..=14) {
        let catalog = example();
        let cost = |variations: u32| {
            let request = Generation { variations, ..request("text-to-image sketch") };
            catalog.price(&request).unwrap().cost()
        };
        let affordable = Credits::new(affordable).unwrap();
        let expected = (1..asked).rev().find(|fewer| cost(*fewer) <= affordable);
        let offered = catalog
            .alternatives(&Generation { variations: asked, ..request("text-to-image sketch") }, affordable)
            .into_iter()
            .find(|alternative| alternative.model.as_str() == "sketch");
        if cost(asked) > affordable {
            prop_assert_eq!(offered.map(|one| one.cost), expected.map(cost));
        } else {
            prop_assert!(offered.is_none());
        }
    }
}
