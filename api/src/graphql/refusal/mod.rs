//! Refusals as clients see them: data, with the numbers to act on.
//!
//! Owns the interface and which type a refusal is. The words are in `text` and `message`, the types with their
//! numbers in `price`, `hold` and `billing`.

mod billing;
mod hold;
mod message;
mod price;
mod repeat;
mod text;

use async_graphql::{Enum, Interface, SimpleObject};
use credits_core::domain::refusal::Refusal;

pub use billing::{
    AccountAlreadyExists, AlreadyOnPlan, AlreadySubscribed, CancellationAlreadyScheduled,
    CatalogInvalid, PackUnknown, PaymentAlreadyUsed, PaymentOutcomeOutOfOrder, PaymentOutsideTerms,
    PlanUnknown,
};
pub use hold::{HoldAlreadyResolved, HoldHasExpired, SettleExceedsHold, TooManyHolds};
pub use price::{
    ActionNotOffered, InsufficientCredits, LimitExceeded, ModelUnknown, ParameterOutOfRange,
    PriceChanged, QuoteExpired, RefusedLimit, RefusedParameter,
};
pub use repeat::LikelyRepeat;

/// A business "no". Nothing changed; the same call never succeeds later, a new attempt is a new
/// operation id.
#[derive(Clone, Interface)]
#[graphql(
    field(name = "code", ty = "UserErrorCode", desc = "Which rule refused it."),
    field(
        name = "message",
        ty = "String",
        desc = "A sentence for developers, with the numbers; not for matching."
    ),
    field(
        name = "field",
        ty = "Option<Vec<String>>",
        desc = "The path to the input field that it is about; null if it is about none."
    )
)]
pub enum UserError {
    /// Too few credits.
    InsufficientCredits(InsufficientCredits),
    /// No such model.
    ModelUnknown(ModelUnknown),
    /// The model does not run the action.
    ActionNotOffered(ActionNotOffered),
    /// A parameter outside its range.
    ParameterOutOfRange(ParameterOutOfRange),
    /// A quote that no longer binds.
    QuoteExpired(QuoteExpired),
    /// A higher price than the caller would pay.
    PriceChanged(PriceChanged),
    /// A ceiling.
    LimitExceeded(LimitExceeded),
    /// The same prompt again.
    LikelyRepeat(LikelyRepeat),
    /// A hold that was resolved before.
    HoldAlreadyResolved(HoldAlreadyResolved),
    /// A hold that has ended by itself.
    HoldHasExpired(HoldHasExpired),
    /// More than was set aside.
    SettleExceedsHold(SettleExceedsHold),
    /// Too many open holds.
    TooManyHolds(TooManyHolds),
    /// An account that is open already.
    AccountAlreadyExists(AccountAlreadyExists),
    /// No such plan.
    PlanUnknown(PlanUnknown),
    /// No such pack.
    PackUnknown(PackUnknown),
    /// A plan already.
    AlreadySubscribed(AlreadySubscribed),
    /// A cancellation already.
    CancellationAlreadyScheduled(CancellationAlreadyScheduled),
    /// A payment that was used for something else.
    PaymentAlreadyUsed(PaymentAlreadyUsed),
    /// A report of a payment that can't follow the one before.
    PaymentOutcomeOutOfOrder(PaymentOutcomeOutOfOrder),
    /// A payment of no term that it could be reported for.
    PaymentOutsideTerms(PaymentOutsideTerms),
    /// A catalog with a mistake.
    CatalogInvalid(CatalogInvalid),
    /// The plan that the account is on.
    AlreadyOnPlan(AlreadyOnPlan),
    /// A refusal without numbers.
    GenericUserError(GenericUserError),
}

/// The rules that refuse. The order of these values has no meaning: of several rules that a call breaks,
/// one is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum UserErrorCode {
    /// The operation id was used for a call with other content.
    OperationIdReused,
    /// No such model is in the catalog, or none was named.
    ModelUnknown,
    /// The action is not in the catalog, or the model has no price for it.
    ActionNotOffered,
    /// A parameter is outside what is possible.
    ParameterOutOfRange,
    /// The quote no longer binds.
    QuoteExpired,
    /// The quote is for another request or account, or not of this service.
    QuoteMismatch,
    /// The request costs more than `maxCost`.
    PriceChanged,
    /// A ceiling is in the way.
    LimitExceeded,
    /// The same prompt ran, or is about to, on the same model just before, and the repeat guard is on.
    LikelyRepeat,
    /// There are too few credits.
    InsufficientCredits,
    /// No such hold was placed on the account.
    HoldUnknown,
    /// The hold was resolved before.
    HoldAlreadyResolved,
    /// The hold has ended by itself.
    HoldExpired,
    /// What ran costs more than was set aside.
    SettleExceedsHold,
    /// The account has as many open holds as it may.
    TooManyHolds,
    /// The account is open already.
    AccountAlreadyExists,
    /// No such plan is in the catalog with that billing interval.
    PlanUnknown,
    /// No such pack is in that catalog version.
    PackUnknown,
    /// The account is on a plan already.
    AlreadySubscribed,
    /// The account is on no plan. As an answer to `reportPayment` it is not stored.
    NotSubscribed,
    /// The subscription is cancelled already.
    CancellationAlreadyScheduled,
    /// The subscription is not cancelled.
    NoCancellationScheduled,
    /// The payment was recorded before, by another operation or on another account.
    PaymentAlreadyUsed,
    /// The catalog breaks a rule.
    CatalogInvalid,
    /// The catalog would count before now, or before one that was published already.
    CatalogOutOfOrder,
    /// The account is on that plan and billing interval already, and no change is scheduled.
    AlreadyOnPlan,
    /// The payment is not known yet, so it can't be disputed or taken back. The refusal is not stored.
    PaymentUnknown,
    /// The report can't follow the last report of the payment. Where a missing report may come later, the
    /// refusal is not stored.
    PaymentOutcomeOutOfOrder,
    /// The payment is of no term of the subscription, or of one that has not begun. The refusal is not
    /// stored.
    PaymentOutsideTerms,
    /// No charge or reserve of the account has the id that is to be made again or kept. On a spend it is
    /// judged after the parameters and before the quote.
    ChargeUnknown,
}

/// A refusal whose code says all there is.
#[derive(Clone, SimpleObject)]
pub struct GenericUserError {
    /// Which rule refused it.
    #[graphql(owned)]
    pub code: UserErrorCode,
    /// A sentence for developers; not for matching.
    pub message: String,
    /// The path to the input field that it is about; null if it is about none.
    #[graphql(owned)]
    pub field: Option<Vec<String>>,
}

/// What every refusal says.
struct Said {
    code: UserErrorCode,
    message: String,
    field: Option<Vec<String>>,
}

/// Defines one kind of refusal: what all kinds say, and the numbers of this one.
macro_rules! user_error {
    (
        $(#[$doc:meta])*
        $name:ident { $($(#[$about:meta])* $part:ident: $kind:ty,)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, async_graphql::SimpleObject)]
        pub struct $name {
            /// Which rule refused it.
            #[graphql(owned)]
            pub code: $crate::graphql::refusal::UserErrorCode,
            /// A sentence for developers, with the numbers; not for matching.
            pub message: String,
            /// The path to the input field that it is about; null if it is about none.
            #[graphql(owned)]
            pub field: Option<Vec<String>>,
            $($(#[$about])* pub $part: $kind,)*
        }

        impl $name {
            #[allow(
                clippy::too_many_arguments,
                reason = "one for each number; most kinds have few, so that nothing can be expected"
            )]
            pub(super) fn new(
                said: $crate::graphql::refusal::Said,
                $($part: $kind,)*
            ) -> $name {
                $name {
                    code: said.code,
                    message: said.message,
                    field: said.field,
                    $($part,)*
                }
            }
        }
    };
}
use user_error;

impl From<Said> for GenericUserError {
    fn from(said: Said) -> GenericUserError {
        GenericUserError {
            code: said.code,
            message: said.message,
            field: said.field,
        }
    }
}

impl From<&Refusal> for UserError {
    fn from(refusal: &Refusal) -> UserError {
        let said = text::said(refusal);
        price::user_error(refusal, said)
            .or_else(|said| repeat::user_error(refusal, said))
            .or_else(|said| hold::user_error(refusal, said))
            .or_else(|said| billing::user_error(refusal, said))
            .unwrap_or_else(|said| UserError::GenericUserError(said.into()))
    }
}
