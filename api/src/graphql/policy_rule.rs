//! The rules behind the policies' sentences, one type a rule.

use async_graphql::{Enum, ID, SimpleObject, Union};
use credits_core::domain::policies as domain;

use super::{
    catalog::{Action, Pack, PacksWithoutPlan, Plan, Produces},
    lot::LotOrigin,
    scalar::Credits,
};

/// One rule of the product, for programs: what `text` says for people, with the numbers of the
/// catalog in force or of the service itself. Select what you need by type and ignore the others:
/// there may be more later.
#[derive(Clone, Union)]
pub enum PolicyRule {
    /// What uses credits.
    PricedActions(PricedActionsRule),
    /// What uses none.
    FreeActions(FreeActionsRule),
    /// How a plan renews.
    Renewal(RenewalRule),
    /// What becomes of a plan's unused allowance.
    Rollover(RolloverRule),
    /// A pack.
    Pack(PackRule),
    /// Packs without a plan.
    PacksWithoutPlan(PacksWithoutPlanRule),
    /// When credits are consumed.
    Consumption(ConsumptionRule),
    /// Credits set aside.
    Hold(HoldRule),
    /// No refunds.
    Refund(RefundRule),
    /// What an action costs by model.
    ModelCost(ModelCostRule),
    /// How a price binds.
    Price(PriceRule),
    /// What to be careful with.
    Careful(CarefulRule),
    /// A common question.
    Answer(AnswerRule),
}

/// These actions use credits.
#[derive(Clone, SimpleObject)]
pub struct PricedActionsRule {
    /// The actions of the catalog.
    pub actions: Vec<Action>,
    /// Any action that produces one of these uses credits, whichever the catalog adds.
    pub always: Vec<Produces>,
}

/// These actions use no credits, right also at a balance of 0 and without a plan.
#[derive(Clone, SimpleObject)]
pub struct FreeActionsRule {
    /// The actions of the catalog.
    pub actions: Vec<Action>,
    /// Any action that produces one of these is free.
    pub always: Vec<Produces>,
    /// Whether there is no cap on their use: always true.
    pub unlimited: bool,
}

/// A plan grants its allowance again by itself.
#[derive(Clone, SimpleObject)]
pub struct RenewalRule {
    /// The plan.
    pub plan: Plan,
    /// How many credits each time.
    pub allowance: Credits,
    /// How often, in months: 1 on every billing interval, yearly plans too.
    pub every_months: u32,
}

/// What becomes of the allowance of a plan that is unused when its month ends: there is one such rule
/// for each plan.
#[derive(Clone, SimpleObject)]
pub struct RolloverRule {
    /// The plan.
    pub plan: Plan,
    /// Whether any of it rolls over.
    pub rolls_over: bool,
    /// The most credits of one month that do; 0 if none do.
    pub max: Credits,
    /// How many months they last then; null if none roll over.
    pub months: Option<u32>,
}

/// A pack that can be bought beside a plan. Whether it is on offer to an account now is told by
/// `packOffers`.
#[derive(Clone, SimpleObject)]
pub struct PackRule {
    /// The pack, with how long its credits last and when it is on offer.
    pub pack: Pack,
}

/// What the credits of packs do while an account has no plan.
#[derive(Clone, SimpleObject)]
pub struct PacksWithoutPlanRule {
    /// Whether they wait or can be used.
    pub packs_without_plan: PacksWithoutPlan,
}

/// When a generation consumes credits.
#[derive(Clone, SimpleObject)]
pub struct ConsumptionRule {
    /// Whether they are consumed once the request is processed: always true.
    pub once_processed: bool,
    /// Whether it depends on how good the result is: always false.
    pub depends_on_result: bool,
    /// Whether to retry or regenerate consumes credits again: always true.
    pub retries_consume: bool,
}

/// Credits can be set aside until a request is processed: `reserve`, then `settle` or `release`.
#[derive(Clone, SimpleObject)]
pub struct HoldRule {
    /// How many minutes a hold lasts if the reserve names no other time.
    pub ttl_minutes: u32,
    /// How many hours after the reserve a hold ends at the latest, extensions included.
    pub hours_max: u32,
    /// For how many days after a hold has expired it can still be settled, once.
    pub late_settle_days: u32,
    /// How many holds of one account may be open at a time.
    pub open_max: usize,
}

/// Credits are never refunded or added by hand.
#[derive(Clone, SimpleObject)]
pub struct RefundRule {
    /// Whether used credits are refunded: always false.
    pub refundable: bool,
    /// Whether credits are added by hand: always false.
    pub added_by_hand: bool,
    /// The only ways in which credits enter an account.
    pub origins: Vec<LotOrigin>,
}

/// What an action costs by model.
#[derive(Clone, SimpleObject)]
pub struct ModelCostRule {
    /// The action.
    pub action: Action,
    /// The models that run it, the cheapest first.
    pub models: Vec<ModelCost>,
}

/// What an action costs on a model.
#[derive(Clone, SimpleObject)]
pub struct ModelCost {
    /// The model's id in requests.
    pub model: ID,
    /// Its name for people.
    pub name: String,
    /// The cost of the cheapest request, in credits.
    pub from: Credits,
}

/// How a price binds.
#[derive(Clone, SimpleObject)]
pub struct PriceRule {
    /// For how many minutes a quote does.
    pub quote_ttl_minutes: u32,
    /// The most credits that one request may cost; null if there is no ceiling.
    pub request_credits_max: Option<Credits>,
}

/// What to be careful with, and what it costs.
#[derive(Clone, SimpleObject)]
pub struct CarefulRule {
    /// Which case.
    pub about: CarefulAbout,
    /// The cost of the cheapest request on the cheapest model, in credits: of a video, or of the action
    /// on which models differ most; null for other cases.
    pub cost_from: Option<Credits>,
    /// The cost of the cheapest request on the dearest model, in credits, of the same; null likewise.
    pub cost_to: Option<Credits>,
    /// The most variations that one request may ask for; null but for `VARIATIONS`.
    pub variations_max: Option<u32>,
}

/// When to be careful with credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "credits_core::domain::policies::Careful")]
pub enum CarefulAbout {
    /// Several results in one request: each is charged.
    Variations,
    /// Videos: they use significantly more credits than images in general.
    Videos,
    /// Another model in the middle of a project: its price may be another.
    SwitchingModels,
    /// The same prompt again: each run is charged.
    RepeatingPrompts,
}

/// A common question, answered.
#[derive(Clone, SimpleObject)]
pub struct AnswerRule {
    /// Which question; `questions` of the same policy has it and its answer for people, in this order.
    pub asked: PolicyQuestionKind,
    /// The answer.
    pub answer: PolicyAnswer,
}

/// The common questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "credits_core::domain::policies::Question")]
pub enum PolicyQuestionKind {
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "credits_core::domain::policies::Answer")]
pub enum PolicyAnswer {
    /// Yes.
    Yes,
    /// No.
    No,
    /// No, but for the plans that state it: see their `RolloverRule`.
    WhereStated,
}

impl From<domain::Rule> for PolicyRule {
    fn from(rule: domain::Rule) -> PolicyRule {
        use domain::Rule;
        match rule {
            Rule::UsesCredits { actions, always } => PolicyRule::PricedActions(PricedActionsRule {
                actions: actions.iter().map(Action::from).collect(),
                always: always.into_iter().map(Produces::from).collect(),
            }),
            Rule::Free { actions, always } => PolicyRule::FreeActions(FreeActionsRule {
                actions: actions.iter().map(Action::from).collect(),
                always: always.into_iter().map(Produces::from).collect(),
                unlimited: true,
            }),
            Rule::Renewal { plan, every_months } => PolicyRule::Renewal(RenewalRule {
                plan: Plan::from(&plan),
                allowance: plan.allowance.into(),
                every_months,
            }),
            Rule::Rollover { plan } => PolicyRule::Rollover(RolloverRule::from(plan)),
            Rule::Pack(pack) => PolicyRule::Pack(PackRule {
                pack: Pack::from(&pack),
            }),
            Rule::PacksWithoutPlan(state) => PolicyRule::PacksWithoutPlan(PacksWithoutPlanRule {
                packs_without_plan: state.into(),
            }),
            Rule::Consumption => PolicyRule::Consumption(ConsumptionRule::service()),
            Rule::Hold {
                ttl_minutes,
                hours_max,
                late_settle_days,
                open_max,
            } => PolicyRule::Hold(HoldRule {
                ttl_minutes,
                hours_max,
                late_settle_days,
                open_max,
            }),
            Rule::NoRefund => PolicyRule::Refund(RefundRule::service()),
            Rule::Cost { action, models } => PolicyRule::ModelCost(ModelCostRule {
                action: Action::from(&action),
                models: models.into_iter().map(Into::into).collect(),
            }),
            Rule::Price {
                quote_ttl_minutes,
                request_credits_max,
            } => PolicyRule::Price(PriceRule {
                quote_ttl_minutes,
                request_credits_max: request_credits_max.map(Credits::from),
            }),
            Rule::Careful {
                about,
                costs,
                variations_max,
            } => PolicyRule::Careful(CarefulRule {
                about: about.into(),
                cost_from: costs.map(|(least, _)| least.into()),
                cost_to: costs.map(|(_, most)| most.into()),
                variations_max,
            }),
            Rule::Question { asked, answer } => PolicyRule::Answer(AnswerRule {
                asked: asked.into(),
                answer: answer.into(),
            }),
        }
    }
}

impl ConsumptionRule {
    /// The service's own, the same in every catalog.
    fn service() -> ConsumptionRule {
        ConsumptionRule {
            once_processed: true,
            depends_on_result: false,
            retries_consume: true,
        }
    }
}

impl RefundRule {
    /// The service's own, the same in every catalog.
    fn service() -> RefundRule {
        RefundRule {
            refundable: false,
            added_by_hand: false,
            origins: vec![LotOrigin::Plan, LotOrigin::Rollover, LotOrigin::Pack],
        }
    }
}

impl From<credits_core::domain::catalog::Plan> for RolloverRule {
    fn from(plan: credits_core::domain::catalog::Plan) -> RolloverRule {
        let max = plan.rollover.map(|terms| Credits::from(terms.max));
        RolloverRule {
            rolls_over: plan.rollover.is_some(),
            max: max.unwrap_or(Credits::saturating(0)),
            months: plan.rollover.map(|terms| terms.months),
            plan: Plan::from(&plan),
        }
    }
}

impl From<domain::ModelCost> for ModelCost {
    fn from(cost: domain::ModelCost) -> ModelCost {
        ModelCost {
            model: ID::from(cost.model.as_str()),
            name: cost.name,
            from: cost.from.into(),
        }
    }
}
