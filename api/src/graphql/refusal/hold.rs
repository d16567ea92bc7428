//! Refusals about holds, with their numbers.

use async_graphql::ID;
use credits_core::domain::refusal::Refusal;

use super::{Said, UserError, user_error};
use crate::graphql::{
    hold::{HoldState, state_of},
    scalar::{Credits, DateTime},
};

user_error! {
    /// The hold was resolved before.
    HoldAlreadyResolved {
        /// The operation id of the reserve that placed it.
        hold_id: ID,
        /// How it ended; never `OPEN`.
        resolution: HoldState,
        /// When it ended.
        resolved_at: DateTime,
        /// What was consumed, in credits; null if nothing was.
        cost: Option<Credits>,
    }
}

user_error! {
    /// The hold has ended by itself: what it set aside returned. It can't be released or extended; it
    /// can be settled once, until `settleUntil`.
    HoldHasExpired {
        /// The operation id of the reserve that placed it.
        hold_id: ID,
        /// When it ended.
        expired_at: DateTime,
        /// Until when it can still be settled, exclusive.
        settle_until: DateTime,
    }
}

user_error! {
    /// What ran costs more than was set aside.
    SettleExceedsHold {
        /// What was set aside, in credits.
        held: Credits,
        /// What it costs, in credits.
        cost: Credits,
    }
}

user_error! {
    /// The account has as many open holds as it may.
    TooManyHolds {
        /// How many it may have.
        max: u32,
    }
}

/// The refusal with its numbers, or what was said if it is of another group.
pub(super) fn user_error(refusal: &Refusal, said: Said) -> Result<UserError, Said> {
    Ok(match refusal {
        Refusal::HoldAlreadyResolved {
            hold,
            resolution,
            at,
        } => {
            let (state, cost) = state_of(*resolution);
            let hold = hold.to_string().into();
            HoldAlreadyResolved::new(said, hold, state, (*at).into(), cost).into()
        }
        Refusal::HoldExpired {
            hold,
            expired_at,
            settle_until,
        } => {
            let hold = hold.to_string().into();
            HoldHasExpired::new(said, hold, (*expired_at).into(), (*settle_until).into()).into()
        }
        Refusal::SettleExceedsHold { held, cost } => {
            SettleExceedsHold::new(said, (*held).into(), (*cost).into()).into()
        }
        Refusal::TooManyHolds { max } => TooManyHolds::new(said, *max).into(),
        Refusal::OperationIdReused { .. }
        | Refusal::ModelUnknown { .. }
        | Refusal::ActionNotOffered { .. }
        | Refusal::ParameterOutOfRange { .. }
        | Refusal::QuoteExpired { .. }
        | Refusal::QuoteMismatch
        | Refusal::PriceChanged { .. }
        | Refusal::LimitExceeded { .. }
        | Refusal::LikelyRepeat(_)
        | Refusal::InsufficientCredits(_)
        | Refusal::HoldUnknown { .. }
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
