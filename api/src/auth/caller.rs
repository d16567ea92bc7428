//! The caller, as resolvers see it.
//!
//! Owns the rule which account a request may name. It never answers a client itself: whether a
//! foreign account is null or an error is the field's decision.

use std::sync::Arc;

use credits_core::domain::ids::AccountId;

use super::scope::{Scope, Scopes};
use crate::error::{Fault, FaultCode};

/// Who asks: `None` without a token. In the data of every request.
pub type Viewer = Option<Caller>;

/// The bearer of a good token. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The token's own account, if its subject can name one.
    pub account: Option<AccountId>,
    /// The token's subject.
    pub subject: Arc<str>,
    /// What the token allows.
    pub scopes: Scopes,
    /// From when on the token is no good any more, in seconds since 1970: a connection that outlasts
    /// its token ends then.
    pub expires_s: i64,
}

/// Why an account is not the caller's to act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No account was named, and the token's subject is none.
    #[error("the token's subject is not an account: name one in accountId")]
    NoOwnAccount,
    /// The account is another's and the token has no `accounts:*`.
    #[error("there is no such account")]
    Foreign,
}

impl From<Denied> for Fault {
    fn from(denied: Denied) -> Fault {
        let code = match denied {
            Denied::NoOwnAccount => FaultCode::BadUserInput,
            // An unknown account answers the same, so that nobody learns which exist.
            Denied::Foreign => FaultCode::NotFound,
        };
        Fault::new(code, denied.to_string())
    }
}

impl Caller {
    /// Fails with `FORBIDDEN` if the token lacks the scope.
    pub fn require(&self, scope: Scope) -> Result<(), Fault> {
        if self.scopes.has(scope) {
            return Ok(());
        }
        let message = format!("The token lacks the scope {scope}.");
        Err(Fault::new(FaultCode::Forbidden, message))
    }

    /// The account a request is about: the token's own unless another is named, and another only
    /// with `accounts:*`.
    pub fn account(&self, requested: Option<&AccountId>) -> Result<AccountId, Denied> {
        match (requested, &self.account) {
            (None, Some(own)) => Ok(own.clone()),
            (None, None) => Err(Denied::NoOwnAccount),
            (Some(requested), Some(own)) if requested == own => Ok(own.clone()),
            (Some(requested), _) if self.scopes.has(Scope::AccountsAny) => Ok(requested.clone()),
            (Some(_), _) => Err(Denied::Foreign),
        }
    }
}

/// The caller, or `UNAUTHENTICATED` without a token.
pub fn caller(viewer: &Viewer) -> Result<&Caller, Fault> {
    viewer
        .as_ref()
        .ok_or_else(|| Fault::new(FaultCode::Unauthenticated, "This needs a token."))
}
