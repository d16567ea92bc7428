//! Choosing: which models run a request, and what can be made with what is there.

use super::Ledger;
use crate::{
    domain::{
        affordable::{Affordable, Until},
        catalog::{Generation, PriceTerms},
        event::{Fact, OperationKind},
        ids::AccountId,
        outcome::Operation,
        recent::ATTEMPTS_MAX,
        recommend::{Recommendations, Sort},
    },
    error::LedgerError,
    ledger::AccountView,
    store::{OperationFilter, SequenceWindow},
};

/// How many charges are looked through for an account's usual requests: as many as it remembers.
const CHARGES_MAX: usize = ATTEMPTS_MAX;

/// What an account can make with what it can spend now.
#[derive(Clone, Debug, PartialEq)]
pub struct WhatCanBeMade {
    /// How many of its usual request, for each action of each model.
    pub requests: Vec<Affordable>,
    /// Until when it holds by itself; none if nothing will change it.
    pub until: Option<Until>,
}

impl Ledger {
    /// The models that can run the request on the account now. A request that no model of the catalog
    /// offers has none.
    pub async fn recommend(
        &self,
        account: &AccountId,
        request: &Generation,
        sort: Sort,
    ) -> Result<Recommendations, LedgerError> {
        let view = self.view(account).await?;
        let view = view.ok_or(LedgerError::AccountUnknown)?;
        let now = view.balance.as_of;
        let catalogs = self.catalogs();
        Ok(view.account.recommend(&catalogs, request, sort, now))
    }

    /// What the account can make with what `view` shows of it. Its usual requests are read from its
    /// last charges: they are too much to be kept with each of them.
    pub async fn what_can_be_made(&self, view: &AccountView) -> Result<WhatCanBeMade, LedgerError> {
        let account = &view.account;
        let charges = self.last_charges(view).await?;
        Ok(WhatCanBeMade {
            requests: account.affordable(&self.catalogs(), &charges, view.balance.as_of),
            until: account.affordable_until(),
        })
    }

    /// The terms of the last charges, the newest first.
    async fn last_charges(&self, view: &AccountView) -> Result<Vec<PriceTerms>, LedgerError> {
        let remembered = view.account.recent.attempts();
        let sequences: Vec<_> = remembered.rev().map(|attempt| attempt.sequence).collect();
        if sequences.is_empty() {
            return Ok(Vec::new());
        }
        let filter = OperationFilter {
            kinds: vec![OperationKind::Charge],
            sequences,
            ..OperationFilter::default()
        };
        let window = SequenceWindow {
            above: None,
            below: None,
            newest_first: true,
            limit: CHARGES_MAX as u64,
        };
        let found = self.operations(&view.account.id, &filter, &window).await?;
        let terms = |operation: Operation| match &operation.event.fact {
            Fact::Charge(charged) => Some(charged.spend.terms.clone()),
            _ => None,
        };
        Ok(found.into_iter().filter_map(terms).collect())
    }
}
