//! Refusals of what billing reports and of catalogs, with their numbers.

use async_graphql::ID;
use credits_core::domain::{catalog::Finding, refusal::Refusal};

use super::{Said, UserError, UserErrorCode, user_error};
use crate::graphql::{
    payment::PaymentOutcome,
    scalar::{DateTime, int},
    subscription::BillingInterval,
};

user_error! {
    /// The account is open already.
    AccountAlreadyExists {
        /// Since when.
        opened_at: DateTime,
    }
}

user_error! {
    /// No such plan is in the catalog with that billing interval.
    PlanUnknown {
        /// The plan that was named.
        plan_id: ID,
        /// The plans that can be started with that interval, by their catalog ids.
        known: Vec<ID>,
    }
}

user_error! {
    /// No such pack is in that catalog version.
    PackUnknown {
        /// The pack that was named.
        pack_id: ID,
        /// The packs that there are, by their catalog ids.
        known: Vec<ID>,
    }
}

user_error! {
    /// The account is on a plan already.
    AlreadySubscribed {
        /// The plan, by its catalog id.
        plan_id: ID,
        /// When it ends, if it is cancelled; null if it goes on.
        cancel_at: Option<DateTime>,
    }
}

user_error! {
    /// The subscription is cancelled already.
    CancellationAlreadyScheduled {
        /// When it ends.
        cancel_at: DateTime,
    }
}

user_error! {
    /// The payment was recorded before. A payment is recorded once, for ever, across all accounts.
    PaymentAlreadyUsed {
        /// Who took the payment.
        provider: String,
        /// The provider's own id of the payment.
        reference: String,
        /// The operation that recorded it, if it is one of this account; null otherwise.
        operation_id: Option<ID>,
    }
}

user_error! {
    /// The account is on that plan and billing interval already, and no change is scheduled that could
    /// be taken back.
    AlreadyOnPlan {
        /// The plan, by its catalog id.
        plan_id: ID,
        /// How often it is paid.
        billing_interval: BillingInterval,
    }
}

user_error! {
    /// The report can't follow the last report of the payment.
    PaymentOutcomeOutOfOrder {
        /// Who took the payment.
        provider: String,
        /// The provider's own id of the payment.
        reference: String,
        /// How the payment stands: the last that was reported of it, or `PAID` for one that bought a
        /// pack.
        standing: PaymentOutcome,
        /// What was reported now.
        outcome: PaymentOutcome,
    }
}

user_error! {
    /// The payment is of no term of the subscription, or of one that has not begun.
    PaymentOutsideTerms {
        /// When it was paid, or was due.
        paid_at: DateTime,
        /// The earliest possible instant.
        from: DateTime,
        /// The end of the possible instants, exclusive: the end of the current term.
        until: DateTime,
    }
}

user_error! {
    /// One mistake in a catalog. Nothing was published.
    CatalogInvalid {
        /// The line, counted from 1.
        line: i32,
        /// The column in characters, counted from 1.
        column: i32,
        /// The path to the entry, such as `models[2].actions[0].price`; empty for the file itself.
        entry: String,
    }
}

impl From<Finding> for CatalogInvalid {
    fn from(finding: Finding) -> CatalogInvalid {
        let said = Said {
            code: UserErrorCode::CatalogInvalid,
            message: finding.to_string(),
            field: Some(vec!["input".to_owned(), "source".to_owned()]),
        };
        CatalogInvalid::new(said, int(finding.line), int(finding.column), finding.field)
    }
}

/// The refusal with its numbers, or what was said if it is of another group.
pub(super) fn user_error(refusal: &Refusal, said: Said) -> Result<UserError, Said> {
    Ok(match refusal {
        Refusal::AccountAlreadyExists { opened_at } => {
            AccountAlreadyExists::new(said, (*opened_at).into()).into()
        }
        Refusal::PlanUnknown { plan, known } => {
            let known = known.iter().map(|plan| plan.as_str().into()).collect();
            PlanUnknown::new(said, plan.as_str().into(), known).into()
        }
        Refusal::PackUnknown { pack, known } => {
            let known = known.iter().map(|pack| pack.as_str().into()).collect();
            PackUnknown::new(said, pack.as_str().into(), known).into()
        }
        Refusal::AlreadySubscribed { plan, cancel_at } => {
            AlreadySubscribed::new(said, plan.as_str().into(), cancel_at.map(DateTime::from)).into()
        }
        Refusal::CancellationAlreadyScheduled { cancel_at } => {
            CancellationAlreadyScheduled::new(said, (*cancel_at).into()).into()
        }
        Refusal::PaymentAlreadyUsed {
            payment,
            operation_id,
        } => {
            let provider = payment.provider.clone();
            let used_by = operation_id.map(|id| id.to_string().into());
            PaymentAlreadyUsed::new(said, provider, payment.reference.clone(), used_by).into()
        }
        Refusal::AlreadyOnPlan { plan, interval } => {
            AlreadyOnPlan::new(said, plan.as_str().into(), (*interval).into()).into()
        }
        Refusal::PaymentOutcomeOutOfOrder {
            payment,
            standing,
            outcome,
        } => {
            let (provider, reference) = (payment.provider.clone(), payment.reference.clone());
            let (standing, outcome) = ((*standing).into(), (*outcome).into());
            PaymentOutcomeOutOfOrder::new(said, provider, reference, standing, outcome).into()
        }
        Refusal::PaymentOutsideTerms {
            paid_at,
            from,
            until,
        } => {
            let [paid_at, from, until] = [paid_at, from, until].map(|at| (*at).into());
            PaymentOutsideTerms::new(said, paid_at, from, until).into()
        }
        Refusal::OperationIdReused { .. }
        | Refusal::ModelUnknown { .. }
        | Refusal::ActionNotOffered { .. }
        | Refusal::ParameterOutOfRange { .. }
        | Refusal::QuoteExpired { .. }
        | Refusal::QuoteMismatch
        | Refusal::PriceChanged { .. }
        | Refusal::LimitExceeded { .. }
        | Refusal::LikelyRepeat(_)
        | Refusal::ChargeUnknown { .. }
        | Refusal::InsufficientCredits(_)
        | Refusal::HoldUnknown { .. }
        | Refusal::HoldAlreadyResolved { .. }
        | Refusal::HoldExpired { .. }
        | Refusal::SettleExceedsHold { .. }
        | Refusal::TooManyHolds { .. }
        | Refusal::NotSubscribed
        | Refusal::NoCancellationScheduled
        | Refusal::PaymentUnknown { .. } => return Err(said),
    })
}
