//! From a parsed mutation to its payload.
//!
//! Owns what all payloads have in common. A mutation has one input and one payload; what is refused
//! is data in it, what can't be served is a fault.

use std::sync::Arc;

use async_graphql::{Context, ID};
use credits_core::{
    domain::{
        catalog::Generation,
        command::{Command, Request},
        ids::{AccountId, OperationId},
        outcome::{Accepted, Outcome},
        payment::PaymentReport,
    },
    ledger::Answer,
};

use super::{
    access, account::Account, balance::Balance, hold::Hold, operation::Operation,
    refusal::UserError, standing,
};
use crate::{auth::Scope, error::Fault};

/// Who calls for which account, of a mutation that spends nothing new.
pub struct Call {
    operation_id: ID,
    account_id: Option<ID>,
    scope: Scope,
}

impl Call {
    /// A call with this id on the account named, or on the token's own, that needs `scope`.
    pub fn new(operation_id: ID, account_id: Option<ID>, scope: Scope) -> Call {
        Call {
            operation_id,
            account_id,
            scope,
        }
    }

    /// Asks the ledger.
    pub async fn execute(self, ctx: &Context<'_>, request: Request) -> Result<Decided, Fault> {
        let account = access::account(ctx, self.scope, self.account_id.as_ref())?;
        let operation_id = OperationId::parse(&self.operation_id)?;
        execute(ctx, account, operation_id, request).await
    }
}

/// Whether a generation makes text: unlimited, it needs a token and nothing else, and asks no
/// account.
pub fn is_free(ctx: &Context<'_>, generation: &Generation) -> Result<bool, Fault> {
    access::caller(ctx)?;
    Ok(access::catalog(ctx).catalog.is_free(generation))
}

/// Asks the ledger to decide.
pub async fn execute(
    ctx: &Context<'_>,
    account: AccountId,
    operation_id: OperationId,
    request: Request,
) -> Result<Decided, Fault> {
    let command = Command {
        operation_id,
        request,
    };
    match access::ledger(ctx).execute(&account, command).await? {
        Answer::Free => Ok(Decided::free()),
        Answer::Decided { outcome, replayed } => Ok(Decided {
            account: Some(account),
            outcome: Some(outcome),
            replayed,
        }),
    }
}

/// What a mutation was decided to be.
pub struct Decided {
    account: Option<AccountId>,
    /// The decision; none for what is free.
    pub outcome: Option<Outcome>,
    /// Whether it was decided by an earlier call.
    pub replayed: bool,
}

impl Decided {
    /// The answer to what uses no credits.
    pub fn free() -> Decided {
        Decided {
            account: None,
            outcome: None,
            replayed: false,
        }
    }

    /// The "yes", if it is one.
    pub fn accepted(&self) -> Option<&Arc<Accepted>> {
        match self.outcome.as_ref()? {
            Outcome::Accepted(accepted) => Some(accepted),
            Outcome::Refused(_) => None,
        }
    }

    /// The report of a payment, if it is one that was accepted.
    pub fn report(&self) -> Option<&PaymentReport> {
        self.accepted()?.operation.event.fact.report()
    }

    /// The operation, if it was accepted.
    pub fn operation(&self) -> Option<Operation> {
        Some(Arc::clone(&self.accepted()?.operation).into())
    }

    /// The balance as of the operation, if it was accepted.
    pub fn balance(&self) -> Option<Balance> {
        Some(Balance::from(&self.accepted()?.balance))
    }

    /// Why it was refused, if it was.
    pub fn user_errors(&self) -> Vec<UserError> {
        match &self.outcome {
            Some(Outcome::Refused(refusal)) => vec![UserError::from(refusal.as_ref())],
            Some(Outcome::Accepted(_)) | None => Vec::new(),
        }
    }

    /// The account as it stands now; none for what is free.
    pub async fn account(&self, ctx: &Context<'_>) -> Result<Option<Account>, Fault> {
        match &self.account {
            // In a box: the future of every field of a payload would be as large.
            Some(account) => Box::pin(Account::load(ctx, account)).await,
            None => Ok(None),
        }
    }

    /// The hold that the operation placed, changed or resolved, as it stands now.
    pub async fn hold(&self, ctx: &Context<'_>) -> Result<Option<Hold>, Fault> {
        let Some(accepted) = self.accepted() else {
            return Ok(None);
        };
        let operation = &accepted.operation;
        match (operation.event.fact.hold(), self.replayed) {
            (Some(hold), _) => standing::find(ctx, &operation.account, hold).await,
            (None, true) => standing::placed_by(ctx, operation).await,
            (None, false) => Ok(Hold::placed(operation)),
        }
    }
}

/// Defines the payload of a mutation: what all have in common, and the fields of its own.
macro_rules! payload {
    ($(#[$doc:meta])* $name:ident { $($fields:tt)* }) => {
        $(#[$doc])*
        pub struct $name {
            decided: $crate::graphql::execute::Decided,
        }

        impl From<$crate::graphql::execute::Decided> for $name {
            fn from(decided: $crate::graphql::execute::Decided) -> $name {
                $name { decided }
            }
        }

        $(#[$doc])*
        #[async_graphql::Object]
        impl $name {
            /// The operation; null if it was refused.
            async fn operation(&self) -> Option<$crate::graphql::operation::Operation> {
                self.decided.operation()
            }

            /// The account as it stands now; null if there is none.
            async fn account(
                &self,
                ctx: &async_graphql::Context<'_>,
            ) -> Result<Option<$crate::graphql::account::Account>, $crate::error::Fault> {
                self.decided.account(ctx).await
            }

            /// The balance as of the operation's sequence, so that a client can drop the echo from
            /// its feed; null if it was refused.
            async fn balance(&self) -> Option<$crate::graphql::balance::Balance> {
                self.decided.balance()
            }

            /// Whether an earlier call with the same operation id and content was answered so: this
            /// one changed nothing.
            async fn replayed(&self) -> bool {
                self.decided.replayed
            }

            /// Why it was refused, with the numbers; empty if it was accepted.
            async fn user_errors(&self) -> Vec<$crate::graphql::refusal::UserError> {
                self.decided.user_errors()
            }

            /// The root, for what else is to be read after the mutation.
            async fn query(&self) -> $crate::graphql::query::Query {
                $crate::graphql::query::Query
            }

            $($fields)*
        }
    };
}
pub(super) use payload;
