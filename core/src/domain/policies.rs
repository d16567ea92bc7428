//! The policies under their headings, answered from a catalog.
//!
//! Owns what people are told about credits. Every sentence is either a rule that the domain enforces
//! or a fact of the catalog it was given, so that a page never shows a rule the service does not
//! follow. The headings are the specification's ("Credits & usage").

use super::{
    catalog::{
        Catalog, Generation, Model, ModelAction, PackLife, PacksWithoutPlan, Plan, Produces,
    },
    credits::Credits,
    ids::OptionId,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Which heading.
    pub topic: Topic,
    /// The heading, for people.
    pub heading: &'static str,
    /// The answer, for people.
    pub sentences: Vec<String>,
    /// Questions with their answers; empty but for [`Topic::Questions`].
    pub questions: Vec<(&'static str, String)>,
}

/// Every heading, answered from `catalog`.
pub fn policies(catalog: &Catalog) -> Vec<Policy> {
    use Topic::{
        BeCareful, CostByModel, HowItWorks, Questions, WhatDoesNot, WhatUses, WhenConsumed,
        WhyNoRefund,
    };
    vec![
        policy(WhatUses, "What uses credits", what_uses(catalog)),
        policy(
            WhatDoesNot,
            "What does not use credits",
            what_does_not(catalog),
        ),
        policy(HowItWorks, "How credits work", how_it_works(catalog)),
        policy(WhenConsumed, "When credits are consumed", when_consumed()),
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
    let ids = |options: &[super::catalog::PriceOption]| -> Vec<Option<OptionId>> {
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
                action: offer.action.clone(),
                model: Some(model.id.clone()),
                variations: offer.variations.min,
                seconds: offer.seconds.map(|range| range.min),
                resolution: resolution.clone(),
                quality: quality.clone(),
                project: None,
                regenerate_of: None,
                prompt_fingerprint: None,
                prompt_fingerprint_before: None,
            };
            catalog.price(&request).ok().map(|priced| priced.cost())
        })
    });
    costs.min()
}

fn policy(topic: Topic, heading: &'static str, sentences: Vec<String>) -> Policy {
    Policy {
        topic,
        heading,
        sentences,
        questions: Vec::new(),
    }
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
    sentences.push("Text is unlimited: there is no usage cap.".to_owned());
    sentences
}

fn how_it_works(catalog: &Catalog) -> Vec<String> {
    let mut sentences: Vec<String> = catalog
        .plans
        .iter()
        .map(|plan| format!("{} includes {} credits a month.", plan.name, plan.allowance))
        .collect();
    sentences
        .push("Included credits renew automatically every month, on yearly plans too.".to_owned());
    sentences.extend(catalog.packs.iter().map(pack));
    sentences.push(packs_without_plan(catalog).to_owned());
    sentences.extend(rollover(catalog));
    sentences.push("Credits cannot be manually refunded or re-added.".to_owned());
    sentences
}

fn pack(pack: &super::catalog::Pack) -> String {
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
        "{} adds {} credits that {life}{when}.",
        pack.name, pack.credits
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

fn rollover(catalog: &Catalog) -> Vec<String> {
    let stated: Vec<String> = catalog.plans.iter().filter_map(plan_rollover).collect();
    if stated.is_empty() {
        return vec!["Unused credits of a plan do not roll over.".to_owned()];
    }
    let rule = "Unused credits of a plan do not roll over, unless it is stated here.".to_owned();
    [rule].into_iter().chain(stated).collect()
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

fn when_consumed() -> Vec<String> {
    vec![
        "A generation consumes credits once its request is processed, even if the result is poor or not what was expected.".to_owned(),
        "To retry or regenerate is a new generation and consumes credits again.".to_owned(),
        "Credits set aside for a request that is not processed return: nothing was consumed.".to_owned(),
    ]
}

fn why_no_refund() -> Vec<String> {
    vec![
        "Image and video generation require significant computing resources; once a request is processed, they have been used.".to_owned(),
        "Credits enter an account only with a plan's month, a pack that was paid for, or a stated rollover.".to_owned(),
    ]
}

fn cost_by_model(catalog: &Catalog) -> Vec<String> {
    let mut sentences = vec!["Different models consume different amounts of credits.".to_owned()];
    for action in catalog
        .actions
        .iter()
        .filter(|action| !action.produces.is_free())
    {
        let mut priced: Vec<(Credits, &str)> = catalog
            .models
            .iter()
            .filter_map(|model| {
                let offer = model.action(&action.id)?;
                Some((cost_from(catalog, model, offer)?, model.name.as_str()))
            })
            .collect();
        priced.sort();
        sentences.extend(match priced.as_slice() {
            [] => None,
            [(cost, model)] => Some(format!(
                "{}: from {cost} credits with {model}.",
                action.name
            )),
            [(least, cheapest), .., (most, dearest)] => Some(format!(
                "{}: from {least} credits with {cheapest}, from {most} with {dearest}.",
                action.name
            )),
        });
    }
    sentences
}

fn be_careful(catalog: &Catalog) -> Vec<String> {
    let mut sentences = vec![
        "Every variation is charged: their price is added up, then rounded up once.".to_owned(),
    ];
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

fn counted(count: u32, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}
