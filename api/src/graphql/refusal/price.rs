//! Refusals of a price or for want of credits, with their numbers.

use async_graphql::{Enum, ID};
use credits_core::domain::{
    catalog::Parameter,
    refusal::{Limit, Limited, Refusal, Shortfall},
};

use super::{Said, UserError, user_error};
use crate::graphql::{
    offer::PackOffer,
    price::Alternative,
    scalar::{Credits, DateTime, SignedCredits},
};

user_error! {
    /// There are too few credits, with what would help.
    InsufficientCredits {
        /// What the request costs, in credits.
        needed: Credits,
        /// What can be spent, in credits.
        available: Credits,
        /// What open holds set aside, in credits.
        held: Credits,
        /// What is there and can't be used for now, in credits.
        frozen: Credits,
        /// How many credits are missing.
        short_by: Credits,
        /// When the next allowance comes by itself; null if none comes.
        renews_at: Option<DateTime>,
        /// How many credits the next allowance has; null if none comes.
        renews_with: Option<Credits>,
        /// The packs on offer to the account.
        packs: Vec<PackOffer>,
        /// The same request on other models, then with fewer variations, that the account can pay.
        alternatives: Vec<Alternative>,
    }
}

user_error! {
    /// No such model is in the catalog, or none was named.
    ModelUnknown {
        /// The model that was named; null if none was.
        model: Option<ID>,
        /// Models that run the action, by their catalog ids; at most 20.
        known: Vec<ID>,
    }
}

user_error! {
    /// The action is not in the catalog, or the model has no price for it.
    ActionNotOffered {
        /// The action that was named.
        action: ID,
        /// The model that was named; null if the action is unknown.
        model: Option<ID>,
        /// Models that run the action, by their catalog ids; at most 20.
        offered_by: Vec<ID>,
    }
}

user_error! {
    /// A parameter is outside what is possible.
    ParameterOutOfRange {
        /// Which parameter.
        parameter: RefusedParameter,
        /// What was given, as text.
        given: String,
        /// The least possible value, for an anchor in seconds since 1970; null where there is none.
        min: Option<SignedCredits>,
        /// The greatest possible value, for an anchor in seconds since 1970; null where there is none.
        max: Option<SignedCredits>,
        /// The possible ids, for a resolution or quality; empty for numbers.
        allowed: Vec<ID>,
    }
}

user_error! {
    /// The quote no longer binds.
    QuoteExpired {
        /// When it ended.
        expired_at: DateTime,
        /// What the request costs now, in credits.
        cost: Credits,
    }
}

user_error! {
    /// The request costs more than `maxCost`.
    PriceChanged {
        /// What it costs, in credits.
        cost: Credits,
        /// The most that the caller would pay, in credits.
        max_cost: Credits,
        /// The catalog version of the price.
        catalog_version: i32,
    }
}

user_error! {
    /// A ceiling is in the way.
    LimitExceeded {
        /// Which ceiling.
        limit: RefusedLimit,
        /// Its height: credits, lots, results or projects, as `limit` says.
        max: Credits,
        /// What was asked, in the same unit.
        asked: Credits,
        /// What was used under it before, in the same unit; 0 where a limit looks at one request alone.
        used: Credits,
    }
}

/// A parameter that has a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum RefusedParameter {
    /// The model.
    Model,
    /// The number of results.
    Variations,
    /// The seconds of each result.
    Seconds,
    /// The resolution.
    Resolution,
    /// The quality.
    Quality,
    /// The number of packs.
    Quantity,
    /// The anchor of a subscription, in Unix seconds.
    Anchor,
    /// The life of a hold, in minutes.
    TtlMinutes,
}

/// A ceiling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "credits_core::domain::refusal::Limit")]
pub enum RefusedLimit {
    /// The credits of one request.
    RequestCredits,
    /// The lots of an account with something left.
    Lots,
    /// The credits of a UTC day, what open holds set aside included.
    DayCredits,
    /// The credits of the project since it has a ceiling, what its open holds set aside included.
    ProjectCredits,
    /// The results of one request, where one comes first: say how many in `confirmVariations`.
    Variations,
    /// The projects of an account with a ceiling.
    ProjectCeilings,
}

impl From<Limited> for RefusedParameter {
    fn from(limited: Limited) -> RefusedParameter {
        match limited {
            Limited::Generation(Parameter::Model) => RefusedParameter::Model,
            Limited::Generation(Parameter::Variations) => RefusedParameter::Variations,
            Limited::Generation(Parameter::Seconds) => RefusedParameter::Seconds,
            Limited::Generation(Parameter::Resolution) => RefusedParameter::Resolution,
            Limited::Generation(Parameter::Quality) => RefusedParameter::Quality,
            Limited::Quantity => RefusedParameter::Quantity,
            Limited::Anchor => RefusedParameter::Anchor,
            Limited::TtlMinutes => RefusedParameter::TtlMinutes,
        }
    }
}

/// The refusal with its numbers, or what was said if it is of another group.
pub(super) fn user_error(refusal: &Refusal, said: Said) -> Result<UserError, Said> {
    Ok(match refusal {
        Refusal::InsufficientCredits(shortfall) => insufficient(shortfall, said).into(),
        Refusal::ModelUnknown { model, known } => {
            ModelUnknown::new(said, model.as_ref().map(id), ids(known)).into()
        }
        Refusal::ActionNotOffered {
            action,
            model,
            offered_by,
        } => {
            ActionNotOffered::new(said, id(action), model.as_ref().map(id), ids(offered_by)).into()
        }
        Refusal::ParameterOutOfRange {
            parameter,
            given,
            min,
            max,
            allowed,
        } => {
            let bound = |bound: &Option<i64>| bound.map(SignedCredits::from);
            let parameter = RefusedParameter::from(*parameter);
            let given = given.clone();
            ParameterOutOfRange::new(said, parameter, given, bound(min), bound(max), ids(allowed))
                .into()
        }
        Refusal::QuoteExpired { expired_at, cost } => {
            QuoteExpired::new(said, (*expired_at).into(), (*cost).into()).into()
        }
        Refusal::PriceChanged {
            cost,
            cost_max,
            catalog_version,
        } => PriceChanged::new(said, (*cost).into(), (*cost_max).into(), catalog_version.0).into(),
        Refusal::LimitExceeded {
            limit,
            max,
            asked,
            used,
        } => limited(*limit, [*max, *asked, *used], said).into(),
        Refusal::OperationIdReused { .. }
        | Refusal::QuoteMismatch
        | Refusal::LikelyRepeat(_)
        | Refusal::HoldUnknown { .. }
        | Refusal::HoldAlreadyResolved { .. }
        | Refusal::HoldExpired { .. }
        | Refusal::SettleExceedsHold { .. }
        | Refusal::TooManyHolds { .. }
        | Refusal::AccountAlreadyExists { .. }
        | Refusal::PlanUnknown { .. }
        | Refusal::PackUnknown { .. }
        | Refusal::AlreadySubscribed { .. }
        | Refusal::NotSubscribed
        | Refusal::CancellationAlreadyScheduled { .. }
        | Refusal::NoCancellationScheduled
        | Refusal::AlreadyOnPlan { .. }
        | Refusal::PaymentAlreadyUsed { .. }
        | Refusal::PaymentUnknown { .. }
        | Refusal::PaymentOutcomeOutOfOrder { .. }
        | Refusal::PaymentOutsideTerms { .. }
        | Refusal::ChargeUnknown { .. } => return Err(said),
    })
}

fn limited(limit: Limit, [max, asked, used]: [i64; 3], said: Said) -> LimitExceeded {
    let number = Credits::saturating;
    LimitExceeded::new(said, limit.into(), number(max), number(asked), number(used))
}

fn insufficient(shortfall: &Shortfall, said: Said) -> InsufficientCredits {
    InsufficientCredits::new(
        said,
        shortfall.needed.into(),
        shortfall.available.into(),
        shortfall.held.into(),
        shortfall.frozen.into(),
        shortfall.short_by().into(),
        shortfall.renews_at.map(DateTime::from),
        shortfall.renews_with.map(Credits::from),
        shortfall.packs.iter().map(PackOffer::from).collect(),
        shortfall
            .alternatives
            .iter()
            .map(Alternative::from)
            .collect(),
    )
}

fn id(id: &impl ToString) -> ID {
    ID(id.to_string())
}

fn ids<T: ToString>(list: &[T]) -> Vec<ID> {
    list.iter().map(id).collect()
}
