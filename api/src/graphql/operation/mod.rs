//! Operations: the entries of an account's ledger.
//!
//! Owns the interface, what all kinds have in common, and which kind an event is. A kind with a noun
//! of its own stands there ([`super::charge`]).

mod entered;
mod holds;
mod kept;
mod outcome;
mod posting;
mod reported;
mod standing;

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Interface};
use credits_core::{
    domain::{event::Fact, ids::AccountId, outcome as domain},
    store::OperationFilter,
};

pub use entered::{Expiry, PackPurchase, Payment, PeriodGrant, RolloverGrant};
pub use holds::{ExpiredHold, HoldExpired, HoldExtended, HoldPlaced, HoldReleased};
pub use kept::ChargeKept;
pub use outcome::{OperationOutcome, OutcomeStatus};
pub use posting::Posting;
pub use reported::{PaidTerm, PaymentReport, Revocation};
pub use standing::{
    AccountOpened, SubscriptionChange, SubscriptionChangeKind, SubscriptionEndReason,
};

use super::{
    access,
    charge::Charge,
    node::Node,
    page::{Page, connection},
    preferences::PreferencesChange,
    scalar::{Credits, DateTime, Sequence, SignedCredits},
};
use crate::error::Fault;

/// One entry of an account's ledger: a command that was accepted, or one thing that time did. It
/// never changes.
#[derive(Clone, Interface)]
#[expect(
    clippy::duplicated_attributes,
    reason = "fields of an interface that have the same type repeat it"
)]
#[graphql(
    field(name = "id", ty = "ID", desc = "The operation's opaque id."),
    field(
        name = "operation_id",
        ty = "Option<ID>",
        desc = "The id that the client gave, a UUID; null for what time did."
    ),
    field(
        name = "sequence",
        ty = "Sequence",
        desc = "Its position in the account's ledger, without gaps."
    ),
    field(
        name = "kind",
        ty = "OperationKind",
        desc = "What kind of operation it is."
    ),
    field(
        name = "at",
        ty = "DateTime",
        desc = "When it counts: when it was asked for, or when it became due."
    ),
    field(
        name = "recorded_at",
        ty = "DateTime",
        desc = "When it was decided; for what time did it may be later than `at`."
    ),
    field(
        name = "change",
        ty = "SignedCredits",
        desc = "By how much what can be spent changed, in credits."
    ),
    field(
        name = "available_after",
        ty = "Credits",
        desc = "What could be spent right after it, in credits."
    ),
    field(
        name = "held_after",
        ty = "Credits",
        desc = "What open holds had set aside right after it, in credits."
    ),
    field(
        name = "postings",
        ty = "Vec<Posting>",
        desc = "How it moved each lot that it touched; empty if it touched none."
    )
)]
pub enum Operation {
    /// The account was opened.
    AccountOpened(AccountOpened),
    /// Credits were consumed.
    Charge(Charge),
    /// A pack was added.
    PackPurchase(PackPurchase),
    /// A period's allowance was granted.
    PeriodGrant(PeriodGrant),
    /// Unused allowance rolled over.
    RolloverGrant(RolloverGrant),
    /// Unused credits ended.
    Expiry(Expiry),
    /// The subscription changed.
    SubscriptionChange(SubscriptionChange),
    /// Credits were set aside.
    HoldPlaced(HoldPlaced),
    /// A hold was extended.
    HoldExtended(HoldExtended),
    /// A hold was released.
    HoldReleased(HoldReleased),
    /// Holds ended by themselves.
    HoldExpired(HoldExpired),
    /// A payment was reported.
    PaymentReport(PaymentReport),
    /// What was unused of what a payment brought ended with it.
    Revocation(Revocation),
    /// The owner set preferences.
    PreferencesChange(PreferencesChange),
    /// An attempt was marked as kept, or its mark was taken back.
    ChargeKept(ChargeKept),
}

connection!(Operation, OperationConnection, OperationEdge);

/// The kinds of operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "credits_core::domain::event::OperationKind")]
pub enum OperationKind {
    /// The account was opened.
    AccountOpened,
    /// The subscription started, was changed, was cancelled, was resumed or ended, or began a period
    /// that is not paid for.
    SubscriptionChange,
    /// A new period began and its allowance was granted.
    PeriodGrant,
    /// Unused allowance rolled over, as the plan states.
    RolloverGrant,
    /// A pack that was paid for was added.
    PackPurchase,
    /// Credits were consumed.
    Charge,
    /// Credits were set aside.
    HoldPlaced,
    /// A hold ends later than before.
    HoldExtended,
    /// A hold was given up, and what it set aside returned.
    HoldReleased,
    /// Holds ended by themselves, and what they set aside returned.
    HoldExpired,
    /// What was unused of a lot ended with it.
    Expiry,
    /// Billing reported how a payment stands.
    PaymentReport,
    /// A payment was taken back, and what was unused of what it brought ended.
    Revocation,
    /// The owner set preferences: ceilings and guards.
    PreferencesChange,
    /// Of several attempts one was marked as kept, or its mark was taken back.
    ChargeKept,
}

/// Defines one kind of operation as an object: what all kinds have in common, what this kind knows,
/// and the fields that show it. What a spend was `told` is a field by itself: its cost is named here, where
/// async-graphql finds it.
macro_rules! operation {
    (
        $(#[$doc:meta])*
        $name:ident { $($part:ident: $kind:ty),* }
        $(told $told:ident $(. $inner:ident)? $(, behind $behind:ident)?)?
        { $($fields:tt)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name {
            operation: std::sync::Arc<credits_core::domain::outcome::Operation>,
            $($part: $kind,)*
        }

        impl $name {
            /// One operation of this kind with what its event says.
            pub fn new(
                operation: std::sync::Arc<credits_core::domain::outcome::Operation>,
                $($part: $kind,)*
            ) -> $name {
                $name { operation, $($part,)* }
            }
        }

        $(#[$doc])*
        #[async_graphql::Object]
        impl $name {
            /// The operation's opaque id.
            pub async fn id(&self) -> async_graphql::ID {
                let account = self.operation.account.clone();
                $crate::graphql::node::NodeId::Operation(account, self.operation.sequence).into()
            }

            /// The id that the client gave, a UUID; null for what time did.
            pub async fn operation_id(&self) -> Option<async_graphql::ID> {
                let cause = self.operation.event.caused_by?;
                Some(cause.operation_id.to_string().into())
            }

            /// Its position in the account's ledger, without gaps.
            pub async fn sequence(&self) -> $crate::graphql::scalar::Sequence {
                self.operation.sequence.into()
            }

            /// What kind of operation it is.
            pub async fn kind(&self) -> $crate::graphql::operation::OperationKind {
                self.operation.event.fact.kind().into()
            }

            /// When it counts: when it was asked for, or when it became due.
            pub async fn at(&self) -> $crate::graphql::scalar::DateTime {
                self.operation.event.at.into()
            }

            /// When it was decided; for what time did it may be later than `at`.
            pub async fn recorded_at(&self) -> $crate::graphql::scalar::DateTime {
                self.operation.event.recorded_at.into()
            }

            /// By how much what can be spent changed, in credits.
            pub async fn change(&self) -> $crate::graphql::scalar::SignedCredits {
                self.operation.change.into()
            }

            /// What could be spent right after it, in credits.
            pub async fn available_after(&self) -> $crate::graphql::scalar::Credits {
                self.operation.available_after.into()
            }

            /// What open holds had set aside right after it, in credits.
            pub async fn held_after(&self) -> $crate::graphql::scalar::Credits {
                self.operation.held_after.into()
            }

            /// How it moved each lot that it touched; empty if it touched none.
            pub async fn postings(&self) -> Vec<$crate::graphql::operation::Posting> {
                $crate::graphql::operation::Posting::all(&self.operation)
            }

            $(
                /// What there was to tell about it when it was decided; the same for ever. A settlement is
                /// told nothing: what there was to tell was told when its hold was placed.
                #[graphql(complexity = "crate::graphql::advisory::cost(child_complexity)")]
                async fn advisories(&self) -> Vec<$crate::graphql::advisory::Advisory> {
                    $crate::graphql::advisory::Advisory::shown(
                        &self.operation.account,
                        &self.$told$(.$inner)?,
                        false $(|| self.$behind)?,
                    )
                }
            )?

            $($fields)*
        }
    };
}
pub(super) use operation;

impl From<domain::Operation> for Operation {
    fn from(operation: domain::Operation) -> Operation {
        Arc::new(operation).into()
    }
}

impl From<Arc<domain::Operation>> for Operation {
    fn from(of: Arc<domain::Operation>) -> Operation {
        match of.event.fact.clone() {
            Fact::AccountOpened => AccountOpened::new(of).into(),
            Fact::SubscriptionChange { change, lot } => {
                SubscriptionChange::new(of, change, lot).into()
            }
            Fact::PeriodGrant { period, lot, .. } => PeriodGrant::new(of, period, lot).into(),
            Fact::RolloverGrant { lot, .. } => RolloverGrant::new(of, lot).into(),
            Fact::PackPurchase {
                pack,
                quantity,
                payment,
                lot,
                frozen,
            } => PackPurchase::new(of, pack, quantity, payment, lot, frozen).into(),
            Fact::Charge(charged) => Charge::new(of, charged, false).into(),
            Fact::HoldPlaced {
                amount,
                spend,
                expires_at,
                advisories,
            } => HoldPlaced::new(of, amount, spend, expires_at, advisories).into(),
            Fact::HoldExtended { hold, expires_at } => {
                HoldExtended::new(of, hold, expires_at).into()
            }
            Fact::HoldReleased { hold } => HoldReleased::new(of, hold).into(),
            Fact::HoldExpired { hold, holds } => HoldExpired::new(of, hold, holds).into(),
            Fact::Expiry { lot } => Expiry::new(of, lot).into(),
            Fact::PaymentReport { report, lot } => PaymentReport::new(of, report, lot).into(),
            Fact::Revocation(report) => Revocation::new(of, report).into(),
            Fact::PreferencesChange { preferences } => {
                PreferencesChange::new(of, preferences).into()
            }
            Fact::ChargeKept { charge, kept, .. } => ChargeKept::new(of, charge, kept).into(),
        }
    }
}

impl From<Operation> for Node {
    fn from(operation: Operation) -> Node {
        match operation {
            Operation::AccountOpened(operation) => operation.into(),
            Operation::Charge(operation) => operation.into(),
            Operation::PackPurchase(operation) => operation.into(),
            Operation::PeriodGrant(operation) => operation.into(),
            Operation::RolloverGrant(operation) => operation.into(),
            Operation::Expiry(operation) => operation.into(),
            Operation::SubscriptionChange(operation) => operation.into(),
            Operation::HoldPlaced(operation) => operation.into(),
            Operation::HoldExtended(operation) => operation.into(),
            Operation::HoldReleased(operation) => operation.into(),
            Operation::HoldExpired(operation) => operation.into(),
            Operation::PaymentReport(operation) => operation.into(),
            Operation::Revocation(operation) => operation.into(),
            Operation::PreferencesChange(operation) => operation.into(),
            Operation::ChargeKept(operation) => operation.into(),
        }
    }
}

/// A page of an account's ledger.
pub async fn page(
    ctx: &Context<'_>,
    account: &AccountId,
    filter: &OperationFilter,
    page: &Page,
) -> Result<OperationConnection, Fault> {
    let found = access::ledger(ctx)
        .operations(account, filter, &page.sequences())
        .await?;
    let keyed = |found: domain::Operation| (found.sequence.0, Operation::from(found));
    Ok(page.cut(found.into_iter().map(keyed).collect()).into())
}
