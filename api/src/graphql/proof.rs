//! The proof that no credit entered but by the rules.

use async_graphql::{Context, ID, SimpleObject};
use credits_core::{domain::credits, ledger::AccountView};

use super::{
    access,
    scalar::{Credits, DateTime, Sequence},
};
use crate::{auth::Scope, error::Fault};

/// Every credit of an account by where it came from and where it went, since it was opened. There is
/// no other way for credits to enter: nobody adds or refunds any.
#[derive(SimpleObject)]
pub struct PolicyProof {
    /// The client's own id of the account.
    pub account_id: ID,
    /// Granted by a plan's periods, in credits.
    pub plan: Credits,
    /// Granted by stated rollover, in credits.
    pub rollover: Credits,
    /// Granted with packs that were paid for, in credits.
    pub packs: Credits,
    /// `plan`, `rollover` and `packs` together.
    pub granted: Credits,
    /// Used, in credits.
    pub consumed: Credits,
    /// Ended unused, in credits; what rolled over counts here and in `rollover`.
    pub expired: Credits,
    /// Ended because their payment did, in credits.
    pub revoked: Credits,
    /// What is left in all lots, frozen ones included, without what is held, in credits.
    pub balance: Credits,
    /// What open holds set aside, in credits.
    pub held: Credits,
    /// Whether `granted` less `consumed`, `expired` and `revoked` is `balance` and `held` together.
    pub balanced: bool,
    /// The position in the ledger that this is true of.
    pub sequence: Sequence,
    /// The instant at which it was true.
    pub as_of: DateTime,
}

impl From<&AccountView> for PolicyProof {
    fn from(view: &AccountView) -> PolicyProof {
        let account = &view.account;
        let totals = &account.totals;
        let left: credits::Credits = account.lots.iter().map(|lot| lot.remaining).sum();
        let held = account.held();
        let granted = totals.plan + totals.rollover + totals.packs;
        let gone = totals.consumed + totals.expired + totals.revoked;
        PolicyProof {
            account_id: account.id.as_str().into(),
            plan: Credits::saturating(totals.plan),
            rollover: Credits::saturating(totals.rollover),
            packs: Credits::saturating(totals.packs),
            granted: Credits::saturating(granted),
            consumed: Credits::saturating(totals.consumed),
            expired: Credits::saturating(totals.expired),
            revoked: Credits::saturating(totals.revoked),
            balance: left.into(),
            held: held.into(),
            balanced: granted - gone == left.get() + held.get(),
            sequence: account.sequence.into(),
            as_of: view.balance.as_of.into(),
        }
    }
}

/// The proof of one account.
pub async fn proof(ctx: &Context<'_>, account_id: Option<&ID>) -> Result<PolicyProof, Fault> {
    let account = access::account(ctx, Scope::CreditsRead, account_id)?;
    let view = access::ledger(ctx).view(&account).await?;
    view.map(|view| PolicyProof::from(&view))
        .ok_or_else(access::not_found)
}
