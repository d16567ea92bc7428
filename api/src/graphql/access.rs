//! Who may do what: the one place where a resolver asks.
//!
//! Owns which fault a missing token, a missing scope and a foreign account are, and how a resolver
//! reaches the ledger. It never reads a token: the edge has.

use std::sync::Arc;

use async_graphql::{Context, ID};
use credits_core::{
    domain::{catalog::PublishedCatalog, ids::AccountId},
    ledger::Ledger,
};

use crate::{
    auth::{self, Caller, Denied, Scope, Viewer},
    error::{Fault, FaultCode},
};

/// The ledger that the schema was built over.
pub fn ledger<'c>(ctx: &Context<'c>) -> &'c Ledger {
    ctx.data_unchecked::<Ledger>()
}

/// The catalog in force now.
pub fn catalog(ctx: &Context<'_>) -> Arc<PublishedCatalog> {
    let ledger = ledger(ctx);
    Arc::clone(ledger.catalogs().terms_at(ledger.now()))
}

/// Who asks; a fault without a token.
pub fn caller<'c>(ctx: &Context<'c>) -> Result<&'c Caller, Fault> {
    static NOBODY: Viewer = None;
    auth::caller(ctx.data_opt::<Viewer>().unwrap_or(&NOBODY))
}

/// Who asks, if the token has `scope`; a fault otherwise.
pub fn require<'c>(ctx: &Context<'c>, scope: Scope) -> Result<&'c Caller, Fault> {
    let caller = caller(ctx)?;
    caller.require(scope)?;
    Ok(caller)
}

/// The account to act on with `scope`: the one named, or the token's own. One that is not the
/// caller's is a fault that an unknown one is too.
pub fn account(ctx: &Context<'_>, scope: Scope, named: Option<&ID>) -> Result<AccountId, Fault> {
    let caller = require(ctx, scope)?;
    let named = named.map(|id| AccountId::parse(id)).transpose()?;
    caller
        .account(named.as_ref())
        .map_err(|denied| match denied {
            Denied::NoOwnAccount => Fault::from(denied),
            Denied::Foreign => not_found(),
        })
}

/// The account to show with `scope`, as [`account`] finds it; none if it is not the caller's.
pub fn readable(
    ctx: &Context<'_>,
    scope: Scope,
    named: Option<&ID>,
) -> Result<Option<AccountId>, Fault> {
    match account(ctx, scope, named) {
        Ok(account) => Ok(Some(account)),
        Err(fault) if fault.code == FaultCode::NotFound => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// The fault for an account that does not exist or is not the caller's: nobody learns which.
pub fn not_found() -> Fault {
    Fault::new(
        FaultCode::NotFound,
        "There is no such account: name another as accountId, or open it with openAccount.",
    )
}
