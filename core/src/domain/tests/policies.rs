//! What users are told: every line of the specification, as text and as rules, from the catalog.

use super::shop::{catalog, credits};
use crate::domain::{
    catalog::{Catalog, PackLife, PacksWithoutPlan, Produces},
    policies::{Answer, Careful, Policy, Question, Rule, Topic, policies},
};

/// The lines of the specification (`credits-and-usage.txt`, beside this file) with where each is answered, and by which words.
/// Lines that lead to other pages have no topic and no words.
const LINES: [(&str, Option<Topic>, &str); 55] = {
    use Topic::*;
    [
        ("Credits & usage", None, ""),
        (
            "Credits are used in ChatNow to power image and video generation in Creative Studio.",
            Some(WhatUses),
            "These use credits: image, edit, video",
        ),
        ("What uses credits", Some(WhatUses), "What uses credits"),
        (
            "Credits are consumed when you generate:",
            Some(WhatUses),
            "These use credits",
        ),
        ("Images from text", Some(WhatUses), "image"),
        ("Edited images (image-to-image)", Some(WhatUses), "edit"),
        (
            "Videos from text or images",
            Some(WhatUses),
            "video, animate",
        ),
        (
            "Any action that produces an image or video uses credits.",
            Some(WhatUses),
            "Any action that produces an image or video uses credits.",
        ),
        (
            "What does not use credits",
            Some(WhatDoesNot),
            "What does not use credits",
        ),
        (
            "Using the AI Assistant (Chat) does not consume credits.",
            Some(WhatDoesNot),
            "These use no credits: chat.",
        ),
        (
            "Text-based chat is unlimited",
            Some(WhatDoesNot),
            "Text is unlimited",
        ),
        (
            "You can send as many messages as you want",
            Some(WhatDoesNot),
            "Send as many messages as you want.",
        ),
        (
            "There is no usage cap for conversations",
            Some(WhatDoesNot),
            "there is no usage cap for conversations",
        ),
        (
            "Credits are only used for image and video generation in Creative Studio.",
            Some(WhatUses),
            "These use credits: ",
        ),
        ("How credits work", Some(HowItWorks), "How credits work"),
        (
            "Credits are included with your subscription and renew automatically depending on your subscription plan.",
            Some(HowItWorks),
            "basic includes 500 credits a month.",
        ),
        (
            "Credits renew monthly for yearly plans",
            Some(HowItWorks),
            "renew automatically every month, on yearly plans too.",
        ),
        (
            "You can purchase additional credit packs if you use up your allowance",
            Some(HowItWorks),
            "topup adds 50 credits that do not expire, on offer once fewer than 20 credits of the allowance are left.",
        ),
        (
            "Unused credits do not roll over, unless explicitly stated otherwise.",
            Some(HowItWorks),
            "do not roll over, unless it is stated here. pro rolls over up to 200 unused credits of a month, which then last 1 month.",
        ),
        (
            "Credits cannot be manually refunded or re-added.",
            Some(HowItWorks),
            "Credits cannot be manually refunded or re-added.",
        ),
        (
            "When credits are consumed",
            Some(WhenConsumed),
            "When credits are consumed",
        ),
        (
            "A generation attempt consumes credits once the request is processed, even if:",
            Some(WhenConsumed),
            "consumes credits once its request is processed, even if",
        ),
        (
            "The result is poor",
            Some(WhenConsumed),
            "the result is poor",
        ),
        (
            "The output doesn\u{2019}t match expectations",
            Some(WhenConsumed),
            "not what was expected",
        ),
        (
            "You retry, or regenerate",
            Some(WhenConsumed),
            "To retry or regenerate is a new generation",
        ),
        (
            "This behaviour is expected and not considered a bug.",
            Some(WhenConsumed),
            "This is expected and no mistake.",
        ),
        (
            "Why credits can\u{2019}t be refunded",
            Some(WhyNoRefund),
            "Why credits can't be refunded",
        ),
        (
            "Image and video generation require significant computing resources. Once a generation request is processed, those resources have already been used.",
            Some(WhyNoRefund),
            "require significant computing resources; once a request is processed, they have been used.",
        ),
        (
            "Being aware of this helps avoid unnecessary retries and wasted credits.",
            Some(WhyNoRefund),
            "helps to avoid unnecessary retries and wasted credits.",
        ),
        (
            "Credit usage varies by model",
            Some(CostByModel),
            "Credit usage varies by model",
        ),
        (
            "Different models consume different amounts of credits.",
            Some(CostByModel),
            "Different models consume different amounts of credits.",
        ),
        (
            "In general:",
            Some(CostByModel),
            "Credit usage varies by model",
        ),
        (
            "Image generation uses fewer credits than video generation",
            Some(CostByModel),
            "Image generation uses fewer credits than video generation: from 4 an image, from 15 a video.",
        ),
        (
            "Video generation uses significantly more credits than images",
            Some(CostByModel),
            "from 4 an image, from 15 a video.",
        ),
        (
            "More advanced models may consume more credits per generation",
            Some(CostByModel),
            "image: from 4 credits with sketch, from 50 with brush.",
        ),
        (
            "To get the best balance between quality and efficiency, choosing the right model is important.",
            Some(CostByModel),
            "Choosing the right model matters: a quote tells what a request costs on each, and its price binds for 15 minutes.",
        ),
        (
            "To learn more about model recommendations and best practices, see Image and video generations.",
            None,
            "",
        ),
        (
            "When to be careful with credits",
            Some(BeCareful),
            "When to be careful with credits",
        ),
        (
            "Be especially mindful of credit usage when:",
            Some(BeCareful),
            "When to be careful with credits",
        ),
        (
            "Generating multiple variations at once",
            Some(BeCareful),
            "Every variation is charged, of up to 8 in a request",
        ),
        (
            "Working with videos",
            Some(BeCareful),
            "Be mindful when working with videos.",
        ),
        (
            "Switching models mid-project",
            Some(BeCareful),
            "compare before switching mid-project.",
        ),
        (
            "Retrying the same prompt repeatedly",
            Some(BeCareful),
            "The same prompt again costs again.",
        ),
        (
            "Small adjustments to prompts or models can help reduce wasted credits.",
            Some(BeCareful),
            "Small adjustments to prompts or models can help",
        ),
        ("Common questions", Some(Questions), "Common questions"),
        (
            "Does chatting use credits?",
            Some(Questions),
            "Does chatting use credits?",
        ),
        (
            "No. Chat and text conversations are unlimited.",
            Some(Questions),
            "No. Chat and text conversations are unlimited.",
        ),
        (
            "Do credits renew automatically?",
            Some(Questions),
            "Do credits renew automatically?",
        ),
        (
            "Yes. Credits included with your subscription renew automatically.",
            Some(Questions),
            "Yes. Credits included with a plan renew automatically",
        ),
        (
            "Can unused credits roll over?",
            Some(Questions),
            "Can unused credits roll over?",
        ),
        (
            "No. Unused credits do not roll over unless explicitly stated otherwise.",
            Some(Questions),
            "No, unless it is stated: pro rolls over up to 200",
        ),
        (
            "Can credits be refunded?",
            Some(Questions),
            "Can credits be refunded?",
        ),
        (
            "No. Credits cannot be refunded once used.",
            Some(Questions),
            "No. Credits cannot be refunded once used.",
        ),
        ("What next?", None, ""),
        (
            "Learn how to improve results and reduce wasted credits in Image and video generations, or explore other tools like Chat and Playground.",
            None,
            "",
        ),
    ]
};

fn answered(catalog: &Catalog, topic: Topic) -> Policy {
    let mut all = policies(catalog).into_iter();
    let found = all.find(|policy| policy.topic == topic);
    found.expect("every heading is answered")
}

/// All that people read under a heading.
fn told(policy: &Policy) -> String {
    let mut told = vec![policy.heading.to_owned(), policy.sentences.join(" ")];
    for (question, answer) in &policy.questions {
        told.extend([(*question).to_owned(), answer.clone()]);
    }
    told.join("\n")
}

#[test]
fn every_line_of_the_specification_is_answered_under_its_heading() {
    let specification = include_str!("credits-and-usage.txt").lines();
    let lines = LINES.iter().map(|(line, _, _)| *line);
    assert!(lines.eq(specification), "all lines, in their order");
    for (line, topic, words) in LINES {
        let Some(topic) = topic else { continue };
        let policy = answered(&catalog(), topic);
        let told = told(&policy);
        assert!(!words.is_empty(), "{line}: any text has no words");
        assert!(told.contains(words), "{line}\n  {words}\nis not in\n{told}");
        assert!(!policy.rules.is_empty(), "{line}: {topic:?} has no rule");
    }
}

#[test]
fn a_plan_with_rollover_answers_differently_from_one_without() {
    let stated = catalog();
    let mut none = catalog();
    none.plans[1].rollover = None;
    let rules = |catalog: &Catalog| -> Vec<(String, Option<(i64, u32)>)> {
        let rules = answered(catalog, Topic::HowItWorks).rules.into_iter();
        let rollover = |rule| match rule {
            Rule::Rollover { plan } => {
                let terms = plan.rollover.map(|terms| (terms.max.get(), terms.months));
                Some((plan.name, terms))
            }
            _ => None,
        };
        rules.filter_map(rollover).collect()
    };
    let plan = |name: &str, terms| (name.to_owned(), terms);
    assert_eq!(
        rules(&stated),
        [
            plan("basic", None),
            plan("pro", Some((200, 1))),
            plan("solo", None)
        ]
    );
    assert_eq!(
        rules(&none),
        [plan("basic", None), plan("pro", None), plan("solo", None)]
    );

    let text = |catalog: &Catalog| told(&answered(catalog, Topic::HowItWorks));
    let sentence = "pro rolls over up to 200 unused credits of a month";
    let otherwise = "Unused credits of basic do not roll over.";
    assert!(text(&stated).contains(sentence) && text(&stated).contains(otherwise));
    assert!(!text(&none).contains("rolls over"));
    assert!(text(&none).contains("Unused credits of a plan do not roll over."));

    let answer = |catalog: &Catalog| {
        let policy = answered(catalog, Topic::Questions);
        let rules = policy.rules.iter().find_map(|rule| match rule {
            Rule::Question {
                asked: Question::RollsOver,
                answer,
            } => Some(*answer),
            _ => None,
        });
        (rules.unwrap(), policy.questions[2].1.clone())
    };
    let (rule, text) = answer(&stated);
    assert_eq!(rule, Answer::WhereStated);
    assert!(text.starts_with("No, unless it is stated: pro rolls over"));
    let no = "No. Unused credits do not roll over.".to_owned();
    assert_eq!(answer(&none), (Answer::No, no));
}

#[test]
fn what_uses_credits_and_what_does_not_are_told_apart() {
    let uses = answered(&catalog(), Topic::WhatUses).rules;
    let Some(Rule::UsesCredits { actions, always }) = uses.first() else {
        panic!("{uses:?}");
    };
    let names: Vec<&str> = actions.iter().map(|action| action.id.as_str()).collect();
    assert_eq!(names, ["image", "edit", "video", "animate", "sound"]);
    assert_eq!(always, &[Produces::Image, Produces::Video]);
    let free = answered(&catalog(), Topic::WhatDoesNot).rules;
    let Some(Rule::Free { actions, always }) = free.first() else {
        panic!("{free:?}");
    };
    assert_eq!((actions.len(), actions[0].id.as_str()), (1, "chat"));
    assert_eq!(always, &[Produces::Text]);
}

#[test]
fn the_rules_follow_the_catalog() {
    let mut changed = catalog();
    changed.policy.packs_without_plan = PacksWithoutPlan::Usable;
    changed.policy.hold_ttl_minutes = 5;
    changed.policy.quote_ttl_minutes = 3;
    changed.policy.request_credits_max = Some(credits(900));
    changed.packs.truncate(1);
    changed.packs[0].expires_after = Some(PackLife::Days(7));

    let how = answered(&changed, Topic::HowItWorks);
    assert!(
        how.rules
            .contains(&Rule::PacksWithoutPlan(PacksWithoutPlan::Usable))
    );
    let packs = how
        .rules
        .iter()
        .filter(|rule| matches!(rule, Rule::Pack(_)));
    assert_eq!(
        packs.collect::<Vec<_>>(),
        [&Rule::Pack(changed.packs[0].clone())]
    );
    assert!(told(&how).contains("boost adds 300 credits that last 7 days."));
    let when = answered(&changed, Topic::WhenConsumed);
    let hold = Rule::Hold {
        ttl_minutes: 5,
        hours_max: 24,
        late_settle_days: 7,
        open_max: 256,
    };
    assert_eq!(when.rules, [Rule::Consumption, hold]);
    assert!(told(&when).contains("for 5 minutes unless told and 24 hours at most"));
    let cost = answered(&changed, Topic::CostByModel);
    let price = Rule::Price {
        quote_ttl_minutes: 3,
        request_credits_max: Some(credits(900)),
    };
    assert_eq!(cost.rules.last(), Some(&price));
    assert!(told(&cost).contains("its price binds for 3 minutes"));
}

#[test]
fn costs_are_told_by_model_cheapest_first() {
    let rules = answered(&catalog(), Topic::CostByModel).rules;
    let Some(Rule::Cost { action, models }) = rules.first() else {
        panic!("{rules:?}");
    };
    let costs: Vec<_> = models
        .iter()
        .map(|cost| (cost.model.as_str(), cost.from.get()))
        .collect();
    assert_eq!(action.id.as_str(), "image");
    assert_eq!(costs, [("sketch", 4), ("pen", 10), ("brush", 50)]);
    let careful: Vec<_> = answered(&catalog(), Topic::BeCareful)
        .rules
        .into_iter()
        .map(|rule| match rule {
            Rule::Careful {
                about,
                costs,
                variations_max,
            } => {
                let costs = costs.map(|(least, most)| (least.get(), most.get()));
                (about, costs, variations_max)
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [
        (Careful::Variations, None, Some(8)),
        (Careful::Videos, Some((15, 15)), None),
        (Careful::SwitchingModels, Some((4, 50)), None),
        (Careful::RepeatingPrompts, None, None),
    ];
    assert_eq!(careful, expected);
}

#[test]
fn a_catalog_in_which_videos_are_as_cheap_as_images_is_not_told_otherwise() {
    let mut cheap = catalog();
    for action in &mut cheap.models[3].actions {
        action.price = "1".parse().unwrap();
    }
    let told = told(&answered(&cheap, Topic::CostByModel));
    assert!(!told.contains("fewer credits than video"), "{told}");
}
