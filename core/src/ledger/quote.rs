//! Quotes: what a request costs this account now, sealed into an id that binds.

use std::sync::Arc;

use chrono::TimeDelta;

use super::Ledger;
use crate::{
    domain::{
        account::Account,
        advice::Advisory,
        catalog::{Alternative, Catalogs, Generation, Priced},
        credits::Credits,
        ids::{AccountId, CatalogVersion},
        quote::{QuoteTerms, request_hash},
        refusal::Refusal,
        time::Instant,
    },
    error::LedgerError,
};

/// What a request costs an account, and until when that binds.
#[derive(Clone, Debug, PartialEq)]
pub struct Quote {
    /// The id to be named in the spend.
    pub quote_id: String,
    /// The price.
    pub price: Priced,
    /// The catalog version of the price.
    pub catalog_version: CatalogVersion,
    /// Until when it binds, exclusive.
    pub expires_at: Instant,
    /// What the account could spend when it was asked.
    pub available: Credits,
    /// What it could make instead, if it can't pay this.
    pub alternatives: Vec<Alternative>,
    /// What there is to tell about it, as a spend of it would be told now.
    pub advisories: Vec<Arc<Advisory>>,
}

impl Ledger {
    /// What each of the requests costs the account now, in their order.
    pub async fn quotes(
        &self,
        account: &AccountId,
        requests: Vec<Generation>,
    ) -> Result<Vec<Result<Quote, Refusal>>, LedgerError> {
        let view = self.view(account).await?;
        let view = view.ok_or(LedgerError::AccountUnknown)?;
        let catalogs = self.catalogs();
        let quote = |request: &Generation| {
            self.quote(&view.account, &catalogs, request, view.balance.as_of)
        };
        Ok(requests.iter().map(quote).collect())
    }

    fn quote(
        &self,
        account: &Account,
        catalogs: &Catalogs,
        request: &Generation,
        now: Instant,
    ) -> Result<Quote, Refusal> {
        let published = catalogs.terms_at(now);
        let price = published.catalog.price(request)?;
        let minutes = i64::from(published.catalog.policy.quote_ttl_minutes);
        let expires_at = now.saturating_add(TimeDelta::minutes(minutes));
        let available = account.available();
        let terms = QuoteTerms {
            request: request_hash(&account.id, request),
            catalog_version: published.version,
            cost: price.cost(),
            expires_at,
        };
        let alternatives = if price.cost() > available {
            published.catalog.alternatives(request, available)
        } else {
            Vec::new()
        };
        let advisories = match &price {
            Priced::Free => Vec::new(),
            Priced::Cost(price) => account.advise(catalogs, request, price, now),
        };
        Ok(Quote {
            quote_id: terms.seal(&self.keys.quotes[0]),
            price,
            catalog_version: published.version,
            expires_at,
            available,
            alternatives,
            advisories,
        })
    }
}
