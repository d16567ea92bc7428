//! The policies under their headings, answered from a catalog.
//!
//! Owns what people are told about credits. Every sentence is either a rule that the domain enforces
//! or a fact of the catalog it was given, so that a page never shows a rule the service does not
//! follow. The headings are the specification's ("Credits & usage").

mod rule;

pub use rule::{Answer, Careful, ModelCost, Question, RENEWAL_MONTHS, Rule};

use super::{
    catalog::{
        Catalog, Generation, HOLD_TTL_HOURS_MAX, Model, ModelAction, Pack, PackLife,
        PacksWithoutPlan, Plan, PriceOption, Produces,
    },
    credits::Credits,
    hold::LATE_SETTLE_DAYS,
    ids::OptionId,
    wording::{counted, in_credits},
};

/// The headings, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// What uses credits.
    WhatUses,
    /// What does not use credits.
    WhatDoesNot,
    /// How credits work.
    HowItWorks,
    /// When credits are consumed.
    WhenConsumed,
    /// Why credits can't be refunded.
    WhyNoRefund,
    /// How credit usage varies by model.
    CostByModel,
    /// When to be careful with credits.
    BeCareful,
    /// Common questions.
    Questions,
}

/// One heading with its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Which heading.
    pub topic: Topic,
    /// The heading, for people.
    pub heading: &'static str,
    /// The answer, for people.
    pub sentences: Vec<String>,
    /// Questions with their answers; empty but for [`Topic::Questions`].
    pub questions: Vec<(&'static str, String)>,
    /// The same for programs: at least one rule.
    pub rules: Vec<Rule>,
}

/// Every heading, answered from `catalog`.
pub fn policies(catalog: &Catalog) -> Vec<Policy> {
    use Topic::{
        BeCareful, CostByModel, HowItWorks, Questions, WhatDoesNot, WhatUses, WhenConsumed,
        WhyNoRefund,
    };
    let policy = |topic, heading, sentences| Policy {
        topic,
        heading,
        sentences,
        questions: Vec::new(),
        rules: rule::rules(topic, catalog),
    };
    vec![
        policy(WhatUses, "What uses credits", what_uses(catalog)),
        policy(
            WhatDoesNot,
            "What does not use credits",
            what_does_not(catalog),
        ),
        policy(HowItWorks, "How credits work", how_it_works(catalog)),
        policy(
            WhenConsumed,
            "When credits are consumed",
            when_consumed(catalog),
        ),
        policy(
            WhyNoRefund,
            "Why credits can't be refunded",
            why_no_refund(),
        ),
        policy(
            CostByModel,
            "Credit usage varies by model",
            cost_by_model(catalog),
        ),
        policy(
            BeCareful,
            "When to be careful with credits",
            be_careful(catalog),
        ),
        Policy {
            questions: questions(catalog),
            ..policy(Questions, "Common questions", Vec::new())
        },
    ]
}

/// What the cheapest request for an action of a model costs; none if it has no price.
pub fn cost_from(catalog: &Catalog, model: &Model, offer: &ModelAction) -> Option<Credits> {
    let ids = |options: &[PriceOption]| -> Vec<Option<OptionId>> {
        if options.is_empty() {
            vec![None]
        } else {
            options
                .iter()
                .map(|option| Some(option.id.clone()))
                .collect()
        }
    };
    let qualities = ids(&offer.qualities);
    let costs = ids(&offer.resolutions).into_iter().flat_map(|resolution| {
        qualities.iter().filter_map(move |quality| {
            let request = Generation {
                variations: offer.variations.min,
                seconds: offer.seconds.map(|range| range.min),
                resolution: resolution.clone(),
                quality: quality.clone(),
                ..Generation::of(offer.action.clone(), Some(model.id.clone()))
            };
            catalog.price(&request).ok().map(|priced| priced.cost())
        })
    });
    costs.min()
}

fn what_uses(catalog: &Catalog) -> Vec<String> {
    let uses = |produces: Produces| !produces.is_free();
    let mut sentences = vec![format!(
        "These use credits: {}.",
        names(
            catalog
                .actions
                .iter()
                .filter(|action| uses(action.produces))
                .map(|action| &action.name)
        )
    )];
    sentences.push("Any action that produces an image or video uses credits.".to_owned());
    sentences
}

fn what_does_not(catalog: &Catalog) -> Vec<String> {
    let free: Vec<&String> = catalog
        .actions
        .iter()
        .filter(|action| action.produces.is_free())
        .map(|action| &action.name)
        .collect();
    let mut sentences = Vec::new();
    if !free.is_empty() {
        sentences.push(format!("These use no credits: {}.", names(free)));
    }
    sentences.push("Text is unlimited: there is no usage cap for conversations.".to_owned());
    sentences.push("Send as many messages as you want.".to_owned());
    sentences
}

fn how_it_works(catalog: &Catalog) -> Vec<String> {
    let mut sentences: Vec<String> = catalog
        .plans
        .iter()
        .map(|plan| {
            let allowance = in_credits(plan.allowance);
            format!("{} includes {allowance} a month.", plan.name)
        })
        .collect();
    sentences
        .push("Included credits renew automatically every month, on yearly plans too.".to_owned());
    sentences.extend(catalog.packs.iter().map(pack));
    sentences.push(packs_without_plan(catalog).to_owned());
    sentences.extend(rollover(catalog));
    sentences.push(past_due(catalog));
    sentences.push("Credits cannot be manually refunded or re-added.".to_owned());
    sentences
}

fn pack(pack: &Pack) -> String {
    let life = match pack.expires_after {
        None => "do not expire".to_owned(),
        Some(PackLife::Months(months)) => format!("last {}", counted(months, "month")),
        Some(PackLife::Days(days)) => format!("last {}", counted(days, "day")),
    };
    let when = match pack.sold_below {
        None => String::new(),
        Some(below) => {
            format!(", on offer once fewer than {below} credits of the allowance are left")
        }
    };
    format!(
        "{} adds {} that {life}{when}.",
        pack.name,
        in_credits(pack.credits)
    )
}

fn packs_without_plan(catalog: &Catalog) -> &'static str {
    match catalog.policy.packs_without_plan {
        PacksWithoutPlan::Frozen => {
            "Without a plan, the credits of packs wait until a plan starts; their expiry does not move."
        }
        PacksWithoutPlan::Usable => "The credits of packs can be used without a plan.",
    }
}

fn past_due(catalog: &Catalog) -> String {
    format!(
        "While a payment for a plan is past due, its included credits wait and none are added, and the plan ends after {}; packs can be used until then.",
        counted(catalog.policy.past_due_days_max, "day")
    )
}

fn rollover(catalog: &Catalog) -> Vec<String> {
    let stated: Vec<String> = catalog.plans.iter().filter_map(plan_rollover).collect();
    if stated.is_empty() {
        return vec!["Unused credits of a plan do not roll over.".to_owned()];
    }
    let rule = "Unused credits of a plan do not roll over, unless it is stated here.".to_owned();
    let none = catalog.plans.iter().filter(|plan| plan.rollover.is_none());
    let none = none.map(|plan| format!("Unused credits of {} do not roll over.", plan.name));
    [rule].into_iter().chain(stated).chain(none).collect()
}

fn plan_rollover(plan: &Plan) -> Option<String> {
    let terms = plan.rollover?;
    Some(format!(
        "{} rolls over up to {} unused credits of a month, which then last {}.",
        plan.name,
        terms.max,
        counted(terms.months, "month")
    ))
}

fn when_consumed(catalog: &Catalog) -> Vec<String> {
    vec![
        "A generation consumes credits once its request is processed, even if the result is poor or not what was expected.".to_owned(),
        "To retry or regenerate is a new generation and consumes credits again.".to_owned(),
        "This is expected and no mistake.".to_owned(),
        format!(
            "Until then credits can be set aside, for {} unless told and {HOLD_TTL_HOURS_MAX} hours at most; for a request that is not processed they return: nothing was consumed.",
            counted(catalog.policy.hold_ttl_minutes, "minute")
        ),
        format!(
            "A request that was processed after that is charged late, within {LATE_SETTLE_DAYS} days, at the price it was set aside for."
        ),
    ]
}

fn why_no_refund() -> Vec<String> {
    vec![
        "Image and video generation require significant computing resources; once a request is processed, they have been used.".to_owned(),
        "Knowing this helps to avoid unnecessary retries and wasted credits.".to_owned(),
        "Credits enter an account only with a plan's month, a pack that was paid for, or a stated rollover.".to_owned(),
    ]
}

fn cost_by_model(catalog: &Catalog) -> Vec<String> {
    let mut sentences = vec!["Different models consume different amounts of credits.".to_owned()];
    sentences.extend(in_general(catalog));
    for action in catalog
        .actions
        .iter()
        .filter(|action| !action.produces.is_free())
    {
        sentences.extend(match rule::costs(catalog, action).as_slice() {
            [] => None,
            [only] => Some(format!(
                "{}: from {} with {}.",
                action.name,
                in_credits(only.from),
                only.name
            )),
            [least, .., most] => Some(format!(
                "{}: from {} with {}, from {} with {}.",
                action.name,
                in_credits(least.from),
                least.name,
                most.from,
                most.name
            )),
        });
    }
    sentences.push(format!(
        "Choosing the right model matters: a quote tells what a request costs on each, and its price binds for {}.",
        counted(catalog.policy.quote_ttl_minutes, "minute")
    ));
    sentences
}

/// What the prices of the catalog say of the spec's "in general", if they say it.
fn in_general(catalog: &Catalog) -> Option<String> {
    let cheapest = |produces: Produces| {
        let actions = catalog
            .actions
            .iter()
            .filter(|one| one.produces == produces);
        let costs = actions.flat_map(|action| rule::costs(catalog, action));
        costs.map(|cost| cost.from).min()
    };
    let (image, video) = (cheapest(Produces::Image)?, cheapest(Produces::Video)?);
    let fewer = "Image generation uses fewer credits than video generation";
    (image < video).then(|| format!("{fewer}: from {image} an image, from {video} a video."))
}

fn be_careful(catalog: &Catalog) -> Vec<String> {
    let mut sentences = vec![format!(
        "Every variation is charged, of up to {} in a request: their price is added up, then rounded up once.",
        rule::variations_max(catalog)
    )];
    let video = catalog
        .actions
        .iter()
        .any(|action| action.produces == Produces::Video);
    if video {
        sentences.push("Be mindful when working with videos.".to_owned());
    }
    sentences.push(
        "Another model may have another price: compare before switching mid-project.".to_owned(),
    );
    sentences.push("The same prompt again costs again.".to_owned());
    sentences
        .push("Small adjustments to prompts or models can help to waste fewer credits.".to_owned());
    sentences
}

fn questions(catalog: &Catalog) -> Vec<(&'static str, String)> {
    vec![
        (
            "Does chatting use credits?",
            "No. Chat and text conversations are unlimited.".to_owned(),
        ),
        (
            "Do credits renew automatically?",
            "Yes. Credits included with a plan renew automatically every month.".to_owned(),
        ),
        ("Can unused credits roll over?", rollover_answer(catalog)),
        (
            "Can credits be refunded?",
            "No. Credits cannot be refunded once used.".to_owned(),
        ),
    ]
}

fn rollover_answer(catalog: &Catalog) -> String {
    let stated: Vec<String> = catalog.plans.iter().filter_map(plan_rollover).collect();
    if stated.is_empty() {
        "No. Unused credits do not roll over.".to_owned()
    } else {
        format!("No, unless it is stated: {}", stated.join(" "))
    }
}

fn names<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
    names.join(", ")
}
