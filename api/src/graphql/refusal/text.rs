//! What a refusal says to developers: its code and the input field; its sentence is in `message`.

use credits_core::domain::{
    catalog::Parameter,
    refusal::{Limit, Limited, Refusal},
};

use super::{Said, UserError, UserErrorCode, message::message};

/// What a refusal says.
pub(super) fn said(refusal: &Refusal) -> Said {
    Said {
        code: code(refusal),
        message: message(refusal),
        field: field(refusal).map(|field| vec!["input".to_owned(), field.to_owned()]),
    }
}

impl UserError {
    /// The sentence for developers.
    pub fn text(&self) -> &str {
        match self {
            UserError::InsufficientCredits(error) => &error.message,
            UserError::ModelUnknown(error) => &error.message,
            UserError::ActionNotOffered(error) => &error.message,
            UserError::ParameterOutOfRange(error) => &error.message,
            UserError::QuoteExpired(error) => &error.message,
            UserError::PriceChanged(error) => &error.message,
            UserError::LimitExceeded(error) => &error.message,
            UserError::LikelyRepeat(error) => &error.message,
            UserError::HoldAlreadyResolved(error) => &error.message,
            UserError::HoldHasExpired(error) => &error.message,
            UserError::SettleExceedsHold(error) => &error.message,
            UserError::TooManyHolds(error) => &error.message,
            UserError::AccountAlreadyExists(error) => &error.message,
            UserError::PlanUnknown(error) => &error.message,
            UserError::PackUnknown(error) => &error.message,
            UserError::AlreadySubscribed(error) => &error.message,
            UserError::CancellationAlreadyScheduled(error) => &error.message,
            UserError::PaymentAlreadyUsed(error) => &error.message,
            UserError::PaymentOutcomeOutOfOrder(error) => &error.message,
            UserError::PaymentOutsideTerms(error) => &error.message,
            UserError::CatalogInvalid(error) => &error.message,
            UserError::AlreadyOnPlan(error) => &error.message,
            UserError::GenericUserError(error) => &error.message,
        }
    }
}

fn code(refusal: &Refusal) -> UserErrorCode {
    match refusal {
        Refusal::OperationIdReused { .. } => UserErrorCode::OperationIdReused,
        Refusal::ModelUnknown { .. } => UserErrorCode::ModelUnknown,
        Refusal::ActionNotOffered { .. } => UserErrorCode::ActionNotOffered,
        Refusal::ParameterOutOfRange { .. } => UserErrorCode::ParameterOutOfRange,
        Refusal::QuoteExpired { .. } => UserErrorCode::QuoteExpired,
        Refusal::QuoteMismatch => UserErrorCode::QuoteMismatch,
        Refusal::PriceChanged { .. } => UserErrorCode::PriceChanged,
        Refusal::LimitExceeded { .. } => UserErrorCode::LimitExceeded,
        Refusal::LikelyRepeat(_) => UserErrorCode::LikelyRepeat,
        Refusal::InsufficientCredits(_) => UserErrorCode::InsufficientCredits,
        Refusal::HoldUnknown { .. } => UserErrorCode::HoldUnknown,
        Refusal::HoldAlreadyResolved { .. } => UserErrorCode::HoldAlreadyResolved,
        Refusal::HoldExpired { .. } => UserErrorCode::HoldExpired,
        Refusal::SettleExceedsHold { .. } => UserErrorCode::SettleExceedsHold,
        Refusal::TooManyHolds { .. } => UserErrorCode::TooManyHolds,
        Refusal::AccountAlreadyExists { .. } => UserErrorCode::AccountAlreadyExists,
        Refusal::PlanUnknown { .. } => UserErrorCode::PlanUnknown,
        Refusal::PackUnknown { .. } => UserErrorCode::PackUnknown,
        Refusal::AlreadySubscribed { .. } => UserErrorCode::AlreadySubscribed,
        Refusal::NotSubscribed => UserErrorCode::NotSubscribed,
        Refusal::CancellationAlreadyScheduled { .. } => UserErrorCode::CancellationAlreadyScheduled,
        Refusal::NoCancellationScheduled => UserErrorCode::NoCancellationScheduled,
        Refusal::PaymentAlreadyUsed { .. } => UserErrorCode::PaymentAlreadyUsed,
        Refusal::AlreadyOnPlan { .. } => UserErrorCode::AlreadyOnPlan,
        Refusal::PaymentUnknown { .. } => UserErrorCode::PaymentUnknown,
        Refusal::PaymentOutcomeOutOfOrder { .. } => UserErrorCode::PaymentOutcomeOutOfOrder,
        Refusal::PaymentOutsideTerms { .. } => UserErrorCode::PaymentOutsideTerms,
        Refusal::ChargeUnknown { .. } => UserErrorCode::ChargeUnknown,
    }
}

fn field(refusal: &Refusal) -> Option<&'static str> {
    match refusal {
        Refusal::OperationIdReused { .. } => Some("operationId"),
        Refusal::ModelUnknown { .. } => Some("model"),
        Refusal::ActionNotOffered { .. } => Some("action"),
        Refusal::ParameterOutOfRange { parameter, .. } => Some(parameter_field(*parameter)),
        Refusal::QuoteExpired { .. } | Refusal::QuoteMismatch => Some("quoteId"),
        Refusal::PriceChanged { .. } => Some("maxCost"),
        Refusal::HoldUnknown { .. }
        | Refusal::HoldAlreadyResolved { .. }
        | Refusal::HoldExpired { .. } => Some("holdId"),
        Refusal::PlanUnknown { .. } | Refusal::AlreadyOnPlan { .. } => Some("planId"),
        Refusal::PackUnknown { .. } => Some("packId"),
        Refusal::AccountAlreadyExists { .. } => Some("accountId"),
        Refusal::PaymentAlreadyUsed { .. }
        | Refusal::PaymentUnknown { .. }
        | Refusal::PaymentOutsideTerms { .. } => Some("payment"),
        Refusal::PaymentOutcomeOutOfOrder { .. } => Some("outcome"),
        Refusal::LimitExceeded {
            limit: Limit::Variations,
            ..
        } => Some("confirmVariations"),
        Refusal::LimitExceeded {
            limit: Limit::ProjectCeilings,
            ..
        } => Some("projectCreditsMax"),
        Refusal::LikelyRepeat(_) => Some("acknowledgeRepeat"),
        Refusal::ChargeUnknown { again: true, .. } => Some("regenerateOf"),
        Refusal::ChargeUnknown { again: false, .. } => Some("chargeId"),
        Refusal::LimitExceeded { .. }
        | Refusal::InsufficientCredits(_)
        | Refusal::SettleExceedsHold { .. }
        | Refusal::TooManyHolds { .. }
        | Refusal::AlreadySubscribed { .. }
        | Refusal::NotSubscribed
        | Refusal::CancellationAlreadyScheduled { .. }
        | Refusal::NoCancellationScheduled => None,
    }
}

pub(super) fn parameter_field(parameter: Limited) -> &'static str {
    match parameter {
        Limited::Generation(Parameter::Model) => "model",
        Limited::Generation(Parameter::Variations) => "variations",
        Limited::Generation(Parameter::Seconds) => "seconds",
        Limited::Generation(Parameter::Resolution) => "resolution",
        Limited::Generation(Parameter::Quality) => "quality",
        Limited::Quantity => "quantity",
        Limited::Anchor => "anchor",
        Limited::TtlMinutes => "ttlMinutes",
    }
}
