//! What is found in bad catalog files, as one table: an edit of a good file and the findings.

use super::EXAMPLE;
use crate::domain::catalog::{Catalog, CatalogRule, FINDINGS_MAX, PackLife, Ratio};

/// A small good catalog; the tables edit it. Lines count from 1.
const GOOD: &str = r#"[[actions]]
id = "draw"
name = "Draw"
produces = "image"

[[actions]]
id = "film"
name = "Film"
produces = "video"

[[actions]]
id = "chat"
name = "Chat"
produces = "text"

[[models]]
id = "pen"
name = "Pen"
tier = "basic"

[[models.actions]]
action = "draw"
price = "1.5"
per = "result"
variations = { max = 4 }
resolutions = [{ id = "hd", factor = 2 }]
default_resolution = "hd"

[[models]]
id = "reel"
name = "Reel"
tier = "advanced"

[[models.actions]]
action = "film"
price = 4
per = "second"
seconds = { min = 2, max = 10, default = 5 }

[[plans]]
id = "creator"
name = "Creator"
allowance = 1000
rollover = { max = 100, months = 1 }

[[plans.prices]]
interval = "monthly"
money = { amount_minor = 1900, currency = "USD" }

[[packs]]
id = "boost"
name = "Boost"
credits = 500
money = { amount_minor = 1200, currency = "USD" }
expires_after = { months = 12 }
"#;

/// The good file with one edit gives exactly these findings.
fn check(from: &str, to: &str, expected: &[&str]) {
    assert!(GOOD.contains(from), "{from:?} is in the good file");
    check_text(&GOOD.replacen(from, to, 1), expected);
}

fn check_text(text: &str, expected: &[&str]) {
    let found = match Catalog::parse(text, "c.toml") {
        Ok(parsed) => parsed.warnings,
        Err(findings) => findings,
    };
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found, expected, "of\n{text}");
}

#[test]
fn the_good_file_and_the_example_are_good() {
    check_text(GOOD, &[]);
    check_text(EXAMPLE, &[]);
}

#[test]
fn the_example_shows_the_features() {
    let catalog = Catalog::parse(EXAMPLE, "example.toml").unwrap().catalog;
    assert_eq!(catalog.actions.len(), 6);
    assert_eq!(catalog.models.len(), 8);
    let plans: Vec<_> = catalog
        .plans
        .iter()
        .map(|plan| (plan.id.as_str(), plan.allowance.get(), plan.prices.len()))
        .collect();
    assert_eq!(
        plans,
        [
            ("starter", 300, 2),
            ("creator", 1_000, 2),
            ("studio", 5_000, 2)
        ]
    );
    assert!(catalog.plans[2].rollover.is_some());
    let packs: Vec<_> = catalog
        .packs
        .iter()
        .map(|pack| (pack.id.as_str(), pack.expires_after))
        .collect();
    assert_eq!(
        packs,
        [
            ("top-up", Some(PackLife::Days(90))),
            ("boost", Some(PackLife::Months(12))),
            ("vault", None),
        ]
    );
    assert!(catalog.packs[0].sold_below.is_some());
}

#[test]
fn an_empty_file_is_an_empty_catalog() {
    let catalog = Catalog::parse("", "c.toml").unwrap().catalog;
    assert_eq!(
        (catalog.actions.len(), catalog.policy.past_due_days_max),
        (0, 30)
    );
}

#[test]
fn form() {
    check(
        "tier = \"basic\"",
        "tier = basic",
        &["c.toml:19: string values must be quoted, expected literal string"],
    );
    check(
        "name = \"Pen\"",
        "name = \"Pen\"\nname = \"Pen\"",
        &["c.toml:19: duplicate key"],
    );
    check(
        "name = \"Pen\"",
        "nme = \"Pen\"",
        &[
            "c.toml:16: models[0].name: is missing",
            "c.toml:18: models[0].nme: is not a key of the format; the keys here are id, name, \
             description, tier, actions",
        ],
    );
    check(
        "name = \"Pen\"",
        "name = \"\"",
        &["c.toml:18: models[0].name: must have 1 to 100 visible characters"],
    );
    check(
        "name = \"Pen\"",
        "name = 5",
        &["c.toml:18: models[0].name: must be a text in quotes, not of type integer"],
    );
    check(
        "id = \"pen\"",
        "id = \"Pen\"",
        &[
            "c.toml:17: models[0].id: `Pen` is not a model id: it must have 1 to 64 characters of a-z \
           0-9 - _ . and begin with a letter or digit",
        ],
    );
    check(
        "tier = \"basic\"",
        "tier = \"cheap\"",
        &["c.toml:19: models[0].tier: must be one of basic, standard, advanced, not `cheap`"],
    );
    check(
        "variations = { max = 4 }",
        "variations = 4",
        &["c.toml:25: models[0].actions[0].variations: must be a table, not of type integer"],
    );
    check_text(
        "actions = 5",
        &["c.toml:1: actions: must be a list of tables, not of type integer"],
    );
    check_text(
        "actions = [5]",
        &["c.toml:1: actions[0]: must be a table, not of type integer"],
    );
    check_text(
        "plan = []",
        &[
            "c.toml:1: plan: is not a key of the format; the keys here are actions, \
        models, plans, packs, policy, advice",
        ],
    );
}

#[test]
fn prices() {
    check(
        "price = \"1.5\"",
        "price = 0",
        &["c.toml:23: models[0].actions[0].price: must be above 0: `draw` produces image"],
    );
    check(
        "price = 4",
        "price = \"0.00\"",
        &["c.toml:36: models[1].actions[0].price: must be above 0: `film` produces video"],
    );
    check(
        "price = \"1.5\"",
        "price = 1.5",
        &[
            "c.toml:23: models[0].actions[0].price: must be exact, which 1.5 without quotes is not (it \
           is a binary float); write \"1.5\"",
        ],
    );
    check(
        "price = \"1.5\"",
        "price = \"-1\"",
        &[
            "c.toml:23: models[0].actions[0].price: must be a whole number, a decimal like \"12.5\" or a \
           fraction like \"1/3\", not \"-1\"",
        ],
    );
    check(
        "price = \"1.5\"",
        "price = \"1/0\"",
        &["c.toml:23: models[0].actions[0].price: must not divide by 0, not \"1/0\""],
    );
    check(
        "price = \"1.5\"\n",
        "",
        &[
            "c.toml:21: models[0].actions[0].price: has no price, so `draw` cannot run here: add `price` \
           or remove it",
        ],
    );
    check(
        "action = \"draw\"",
        "action = \"chat\"",
        &[
            "c.toml:2: actions[0].id: produces image and no model has a price for it: add it to a \
             model's actions",
            "c.toml:22: models[0].actions[0].action: `chat` produces text, which is unlimited: no model \
             prices it",
        ],
    );
    check(
        "action = \"draw\"",
        "action = \"paint\"",
        &[
            "c.toml:2: actions[0].id: produces image and no model has a price for it: add it to a \
             model's actions",
            "c.toml:22: models[0].actions[0].action: `paint` is not an action of this catalog",
        ],
    );
    check(
        "factor = 2",
        "factor = 0",
        &[
            "c.toml:26: models[0].actions[0].resolutions[0].factor: must be above 0: 1 leaves the price as \
           it is",
        ],
    );
    let too_large = "times the most variations and seconds and the largest factors is more than an \
                     account can hold, or has too many digits to be exact";
    let too_large = format!("c.toml:36: models[1].actions[0].price: {too_large}");
    check("price = 4", "price = \"900719925474100\"", &[&too_large]);
    check(
        "price = 4",
        "price = \"99.0000000000000001\"",
        &[&too_large],
    );
}

#[test]
fn references_ranges_and_defaults() {
    check(
        "id = \"reel\"",
        "id = \"pen\"",
        &["c.toml:30: models[1].id: `pen` is already the id of models[0], line 17"],
    );
    check(
        "max = 4 }",
        "min = 5, max = 4 }",
        &["c.toml:25: models[0].actions[0].variations.min: must be at most max, but 5 is above 4"],
    );
    check(
        "max = 4 }",
        "max = 0 }",
        &["c.toml:25: models[0].actions[0].variations.max: must be a whole number from 1 to 100"],
    );
    check(
        "default = 5",
        "default = 11",
        &[
            "c.toml:38: models[1].actions[0].seconds.default: must be from 2 to 10, the range it is the \
           default of",
        ],
    );
    check(
        "seconds = { min = 2, max = 10, default = 5 }\n",
        "",
        &["c.toml:34: models[1].actions[0].seconds: is missing, and the price is per second"],
    );
    check(
        "default_resolution = \"hd\"",
        "default_resolution = \"4k\"",
        &[
            "c.toml:27: models[0].actions[0].default_resolution: `4k` is not the id of any of the \
           resolutions",
        ],
    );
    check(
        "default_resolution = \"hd\"\n",
        "",
        &["c.toml:21: models[0].actions[0].default_resolution: is missing"],
    );
    check(
        "[{ id = \"hd\", factor = 2 }]\ndefault_resolution = \"hd\"",
        "[]",
        &[
            "c.toml:26: models[0].actions[0].resolutions: must not be an empty list: leave the key out \
           instead",
        ],
    );
}

#[test]
fn plans_and_packs() {
    check(
        "allowance = 1000",
        "allowance = 1_000_000_000_001",
        &["c.toml:43: plans[0].allowance: must be a whole number from 1 to 1000000000000"],
    );
    check(
        "months = 1 }",
        "months = 0 }",
        &["c.toml:44: plans[0].rollover.months: must be a whole number from 1 to 120"],
    );
    check(
        "[[plans.prices]]\ninterval = \"monthly\"\nmoney = { amount_minor = 1900, currency = \"USD\" }\n",
        "",
        &["c.toml:40: plans[0].prices: has no price, so nobody could start the plan"],
    );
    check(
        "[[packs]]",
        "[[plans.prices]]\ninterval = \"monthly\"\nmoney = { amount_minor = 1, currency = \"EUR\" }\n[[packs]]",
        &[
            "c.toml:51: plans[0].prices[1].interval: `monthly` is already the interval of \
           plans[0].prices[0], line 47",
        ],
    );
    check(
        "\"USD\"",
        "\"usd\"",
        &[
            "c.toml:48: plans[0].prices[0].money.currency: a currency must be three capital letters, such \
           as USD, not `usd`",
        ],
    );
    check(
        "amount_minor = 1200",
        "amount_minor = -1",
        &["c.toml:54: packs[0].money.amount_minor: must be a whole number from 0 to 1000000000000"],
    );
    check(
        "{ months = 12 }",
        "{ months = 12, days = 3 }",
        &["c.toml:55: packs[0].expires_after: must have exactly one of months and days"],
    );
    check_text(
        "[policy]\nhold_ttl_minutes = 1441\none_first = 1\n[advice]\nlarge_share_percent = 0\n",
        &[
            "c.toml:2: policy.hold_ttl_minutes: must be a whole number from 1 to 1440",
            "c.toml:3: policy.one_first: must be true or false, not of type integer",
            "c.toml:5: advice.large_share_percent: must be a whole number from 1 to 100",
        ],
    );
}

#[test]
fn all_findings_are_told_up_to_the_bound() {
    let text = GOOD
        .replacen("price = \"1.5\"", "price = 0", 1)
        .replacen("tier = \"advanced\"", "tier = \"x\"", 1)
        .replacen("credits = 500", "credits = 0", 1);
    let lines: Vec<usize> = Catalog::parse(&text, "c.toml")
        .unwrap_err()
        .iter()
        .map(|finding| finding.line)
        .collect();
    assert_eq!(lines, [23, 32, 53]);
    let many = "[[packs]]\n".repeat(200);
    assert_eq!(
        Catalog::parse(&many, "c.toml").unwrap_err().len(),
        FINDINGS_MAX
    );
    let more = Catalog::parse(&"[[packs]]\n".repeat(1_001), "c.toml").unwrap_err();
    assert_eq!(more[0].rule, CatalogRule::TooMany);
    let large = Catalog::parse(&" ".repeat(super::CATALOG_BYTES_MAX + 1), "c.toml").unwrap_err();
    assert_eq!(large[0].rule, CatalogRule::TooMany);
}

#[test]
fn warnings_name_both_sides() {
    check(
        "price = \"1.5\"",
        "price = 10",
        &[
            "c.toml:36: models[1].actions[0].price: in general a video uses more credits than an image, but \
           `film` on `reel` costs 20 and the image of `draw` on `pen` costs 20",
        ],
    );
    let dearer =
        "[[models.actions]]\naction = \"draw\"\nprice = \"2.5\"\nper = \"result\"\n\n[[plans]]";
    check(
        "[[plans]]",
        dearer,
        &[
            "c.toml:42: models[1].actions[1].price: in general a more advanced model uses more credits, but \
           `draw` costs 2.5 on the advanced model `reel` and 3 on the basic model `pen`",
        ],
    );
    check(
        "produces = \"text\"",
        "produces = \"audio\"",
        &["c.toml:12: actions[2].id: no model can run `chat`"],
    );
    assert!(CatalogRule::AdvancedCheaper.is_warning());
}

#[test]
fn audio_may_cost_nothing() {
    let text = GOOD
        .replacen("produces = \"image\"", "produces = \"audio\"", 1)
        .replacen("price = \"1.5\"", "price = 0", 1);
    let catalog = Catalog::parse(&text, "c.toml").unwrap().catalog;
    assert_eq!(catalog.models[0].actions[0].price, Ratio::ZERO);
}

#[test]
fn positions_count_characters_not_bytes() {
    let findings = Catalog::parse("# é\nadvice = { \"é\" = 1 }", "c.toml").unwrap_err();
    let place = (
        findings[0].line,
        findings[0].column,
        findings[0].field.as_str(),
    );
    assert_eq!(place, (2, 12, "advice.é"));
    let findings = Catalog::parse("advice = { \"é\" = 1, x = 1 }", "c.toml").unwrap_err();
    assert_eq!(findings[1].column, 21);
}

#[test]
fn when_credits_are_low_is_a_falling_list() {
    let at = "c.toml:2: advice.low_credits_percent";
    let table = [
        ("[20, 5]", None),
        ("[]", None),
        (
            "[5, 20]",
            Some("must fall: each percentage is below the one before it"),
        ),
        (
            "[20, 20]",
            Some("must fall: each percentage is below the one before it"),
        ),
        (
            "[100]",
            Some("must be a list of whole numbers from 1 to 99"),
        ),
        (
            "[20, 0]",
            Some("must be a list of whole numbers from 1 to 99"),
        ),
        (
            "[\"20\"]",
            Some("must be a list of whole numbers from 1 to 99"),
        ),
        (
            "[6, 5, 4, 3, 2, 1]",
            Some("must have at most 5 percentages"),
        ),
        (
            "20",
            Some("must be a list of whole numbers, not of type integer"),
        ),
    ];
    for (list, wrong) in table {
        let expected = wrong.map(|wrong| format!("{at}: {wrong}"));
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check_text(
            &format!("[advice]\nlow_credits_percent = {list}"),
            &expected,
        );
    }
    check_text(
        "[advice]\nlapses_soon_days = 29",
        &["c.toml:2: advice.lapses_soon_days: must be a whole number from 1 to 28"],
    );
}
