//! The same policies as rules: what a page or a program reads where people read sentences.
//!
//! Owns which rule answers which heading. Each is a fact of the catalog or a constant that the domain
//! enforces, taken from where it is enforced.

use super::{Topic, cost_from};
use crate::domain::{
    catalog::{Action, Catalog, HOLD_TTL_HOURS_MAX, Pack, PacksWithoutPlan, Plan, Produces},
    credits::Credits,
    hold::{HOLDS_OPEN_MAX, LATE_SETTLE_DAYS},
    ids::ModelId,
};

/// The months of one credit period, on every billing interval.
pub const RENEWAL_MONTHS: u32 = 1;

/// One rule.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// These actions use credits, and whatever produces one of these always does.
    UsesCredits {
        /// The actions.
        actions: Vec<Action>,
        /// What can't be made for nothing.
        always: Vec<Produces>,
    },
    /// These actions use no credits, without any cap.
    Free {
        /// The actions.
        actions: Vec<Action>,
        /// What is never charged.
        always: Vec<Produces>,
    },
    /// A plan grants its allowance again by itself.
    Renewal {
        /// The plan.
        plan: Plan,
        /// How often, whatever the interval it is paid on.
        every_months: u32,
    },
    /// What becomes of the unused allowance of a plan: it ends, but for the plan's stated rollover.
    Rollover {
        /// The plan.
        plan: Plan,
    },
    /// A pack that can be bought beside a plan.
    Pack(Pack),
    /// What packs do without a plan.
    PacksWithoutPlan(PacksWithoutPlan),
    /// When credits are consumed.
    Consumption,
    /// Credits can be set aside until a request is processed.
    Hold {
        /// How long they are, if the reserve names no other time.
        ttl_minutes: u32,
        /// After how many hours a hold ends at the latest, extensions included.
        hours_max: u32,
        /// For how many days an expired one can still be settled, once.
        late_settle_days: u32,
        /// How many may be open at a time on one account.
        open_max: usize,
    },
    /// Credits are never given back or added by hand.
    NoRefund,
    /// What an action costs at least, by model, the cheapest first.
    Cost {
        /// The action.
        action: Action,
        /// The models with the cost of the cheapest request.
        models: Vec<ModelCost>,
    },
    /// How a price binds.
    Price {
        /// For how long a quote does.
        quote_ttl_minutes: u32,
        /// The most that one request may cost, if there is a ceiling.
        request_credits_max: Option<Credits>,
    },
    /// What to be careful with.
    Careful {
        /// Which case.
        about: Careful,
        /// What it costs at least and at most to begin with, where that can be told.
        costs: Option<(Credits, Credits)>,
        /// The most variations of one request, for [`Careful::Variations`].
        variations_max: Option<u32>,
    },
    /// A common question, answered.
    Question {
        /// Which question.
        asked: Question,
        /// The answer.
        answer: Answer,
    },
}

/// What the cheapest request for an action costs on a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelCost {
    /// The model.
    pub model: ModelId,
    /// Its name for people.
    pub name: String,
    /// The cost.
    pub from: Credits,
}

/// When to be careful.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Careful {
    /// Several results in one request: each is charged.
    Variations,
    /// Videos: they cost more than images in general.
    Videos,
    /// Another model for the same action.
    SwitchingModels,
    /// The same prompt again: each run is charged.
    RepeatingPrompts,
}

/// The common questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Does chatting use credits?
    ChatUsesCredits,
    /// Do credits renew automatically?
    RenewsAutomatically,
    /// Can unused credits roll over?
    RollsOver,
    /// Can credits be refunded?
    IsRefundable,
}

/// The answer to a common question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes.
    Yes,
    /// No.
    No,
    /// No, but for the plans that state it.
    WhereStated,
}

/// What a catalog and the domain say under a heading, as rules.
pub fn rules(topic: Topic, catalog: &Catalog) -> Vec<Rule> {
    match topic {
        Topic::WhatUses => vec![Rule::UsesCredits {
            actions: actions(catalog, |produces| !produces.is_free()),
            always: always(Produces::needs_price_above_zero),
        }],
        Topic::WhatDoesNot => vec![Rule::Free {
            actions: actions(catalog, Produces::is_free),
            always: always(Produces::is_free),
        }],
        Topic::HowItWorks => how_it_works(catalog),
        Topic::WhenConsumed => vec![
            Rule::Consumption,
            Rule::Hold {
                ttl_minutes: catalog.policy.hold_ttl_minutes,
                hours_max: HOLD_TTL_HOURS_MAX,
                late_settle_days: LATE_SETTLE_DAYS,
                open_max: HOLDS_OPEN_MAX,
            },
        ],
        Topic::WhyNoRefund => vec![Rule::NoRefund],
        Topic::CostByModel => {
            let priced = actions(catalog, |produces| !produces.is_free());
            let costs = priced.into_iter().map(|action| Rule::Cost {
                models: costs(catalog, &action),
                action,
            });
            let price = Rule::Price {
                quote_ttl_minutes: catalog.policy.quote_ttl_minutes,
                request_credits_max: catalog.policy.request_credits_max,
            };
            costs.chain([price]).collect()
        }
        Topic::BeCareful => be_careful(catalog),
        Topic::Questions => questions(catalog),
    }
}

/// The models that run an action for a price, with the cost of the cheapest request, cheapest first.
pub(super) fn costs(catalog: &Catalog, action: &Action) -> Vec<ModelCost> {
    let cost = |model: &crate::domain::catalog::Model| {
        let offer = model.action(&action.id)?;
        Some(ModelCost {
            from: cost_from(catalog, model, offer)?,
            model: model.id.clone(),
            name: model.name.clone(),
        })
    };
    let mut costs: Vec<ModelCost> = catalog.models.iter().filter_map(cost).collect();
    costs.sort_by(|one, other| (one.from, &one.name).cmp(&(other.from, &other.name)));
    costs
}

/// The most variations that one request may ask of any model.
pub(super) fn variations_max(catalog: &Catalog) -> u32 {
    let offers = catalog.models.iter().flat_map(|model| &model.actions);
    let most = offers.map(|offer| offer.variations.max).max();
    most.unwrap_or(1)
}

fn actions(catalog: &Catalog, wanted: impl Fn(Produces) -> bool) -> Vec<Action> {
    let wanted = catalog.actions.iter().filter(|one| wanted(one.produces));
    wanted.cloned().collect()
}

fn always(wanted: impl Fn(Produces) -> bool) -> Vec<Produces> {
    let all = [
        Produces::Image,
        Produces::Video,
        Produces::Audio,
        Produces::Text,
    ];
    all.into_iter().filter(|one| wanted(*one)).collect()
}

fn how_it_works(catalog: &Catalog) -> Vec<Rule> {
    let renewal = |plan: &Plan| Rule::Renewal {
        plan: plan.clone(),
        every_months: RENEWAL_MONTHS,
    };
    let rollover = |plan: &Plan| Rule::Rollover { plan: plan.clone() };
    let renewals = catalog.plans.iter().map(renewal);
    let rollovers = catalog.plans.iter().map(rollover);
    let packs = catalog.packs.iter().cloned().map(Rule::Pack);
    let without = Rule::PacksWithoutPlan(catalog.policy.packs_without_plan);
    renewals
        .chain(rollovers)
        .chain(packs)
        .chain([without, Rule::NoRefund])
        .collect()
}

fn be_careful(catalog: &Catalog) -> Vec<Rule> {
    let careful = |about, costs, variations_max| Rule::Careful {
        about,
        costs,
        variations_max,
    };
    let range = |costs: &[ModelCost]| Some((costs.first()?.from, costs.last()?.from));
    let priced = actions(catalog, |produces| !produces.is_free());
    let videos = actions(catalog, |produces| produces == Produces::Video);
    let mut of_videos: Vec<ModelCost> = videos
        .iter()
        .flat_map(|action| costs(catalog, action))
        .collect();
    of_videos.sort_by_key(|cost| cost.from);
    // The action on which the choice of the model matters most.
    let widest = priced
        .iter()
        .filter_map(|action| range(&costs(catalog, action)))
        .max_by_key(|(least, most)| most.saturating_sub(*least));
    vec![
        careful(Careful::Variations, None, Some(variations_max(catalog))),
        careful(Careful::Videos, range(&of_videos), None),
        careful(Careful::SwitchingModels, widest, None),
        careful(Careful::RepeatingPrompts, None, None),
    ]
}

fn questions(catalog: &Catalog) -> Vec<Rule> {
    let states_rollover = catalog.plans.iter().any(|plan| plan.rollover.is_some());
    let rolls_over = if states_rollover {
        Answer::WhereStated
    } else {
        Answer::No
    };
    let answers = [
        (Question::ChatUsesCredits, Answer::No),
        (Question::RenewsAutomatically, Answer::Yes),
        (Question::RollsOver, rolls_over),
        (Question::IsRefundable, Answer::No),
    ];
    let rule = |(asked, answer)| Rule::Question { asked, answer };
    answers.into_iter().map(rule).collect()
}
