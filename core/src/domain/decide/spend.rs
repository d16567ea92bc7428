//! Charge and reserve: what a generation costs, and whether the account can pay it.
//!
//! Owns the guards in their precedence: model and parameters, what is done again, quote, price, then the
//! ceilings and the repeat guard of [`super::care`], credits, holds.

use std::sync::Arc;

use chrono::TimeDelta;

use super::{Case, Verdict};
use crate::domain::{
    advice::Advisory,
    catalog::{Generation, HOLD_TTL_HOURS_MAX, Price, Priced, PublishedCatalog},
    command::PriceGuard,
    credits::Credits,
    event::{Charged, Fact},
    hold::{Draw, HOLDS_OPEN_MAX, Spend},
    ids::OperationId,
    posting::Posting,
    quote::{QuoteGuard, QuoteTerms, request_hash},
    refusal::{Limited, Refusal, Shortfall},
};

impl Case<'_> {
    pub(super) fn charge(
        &self,
        generation: &Generation,
        guard: &PriceGuard,
    ) -> Result<Option<Verdict>, Refusal> {
        let Some((price, published)) = self.price(generation, &guard.quote)? else {
            return Ok(None);
        };
        let chain = self.chain(generation)?;
        self.check_price(&price, published, generation, guard)?;
        let draws = self.draw(price.cost, Some(generation))?;
        let advisories = self.advise(generation, &price);
        let postings = draws
            .iter()
            .map(|draw| Posting::consumed(draw.lot, draw.amount))
            .collect();
        let fact = Fact::Charge(Arc::new(Charged {
            cost: price.cost,
            spend: spend(generation, price, published, chain),
            hold: None,
            late: false,
            advisories,
        }));
        Ok(Some(Verdict {
            fact,
            postings,
            catalog_version: published.version,
        }))
    }

    pub(super) fn reserve(
        &self,
        generation: &Generation,
        guard: &PriceGuard,
        ttl_minutes: Option<u32>,
    ) -> Result<Option<Verdict>, Refusal> {
        let Some((price, published)) = self.price(generation, &guard.quote)? else {
            return Ok(None);
        };
        let policy = &self.catalogs.terms_at(self.at).catalog.policy;
        let ttl_minutes = ttl_minutes.unwrap_or(policy.hold_ttl_minutes);
        check_ttl(ttl_minutes)?;
        let chain = self.chain(generation)?;
        self.check_price(&price, published, generation, guard)?;
        let draws = self.draw(price.cost, Some(generation))?;
        if self.account.holds.len() >= HOLDS_OPEN_MAX {
            let max = u32::try_from(HOLDS_OPEN_MAX).expect("a small constant");
            return Err(Refusal::TooManyHolds { max });
        }
        let advisories = self.advise(generation, &price);
        let postings = draws
            .iter()
            .map(|draw| Posting::held(draw.lot, draw.amount))
            .collect();
        let fact = Fact::HoldPlaced {
            amount: price.cost,
            spend: spend(generation, price, published, chain),
            expires_at: self
                .at
                .saturating_add(TimeDelta::minutes(i64::from(ttl_minutes))),
            advisories,
        };
        Ok(Some(Verdict {
            fact,
            postings,
            catalog_version: published.version,
        }))
    }

    /// What there is to tell about the request, by the catalog in force.
    fn advise(&self, generation: &Generation, price: &Price) -> Vec<Arc<Advisory>> {
        self.account
            .advise(self.catalogs, generation, price, self.at)
    }

    /// The price that binds, with the catalog it comes from; none for a free action. A quote pins
    /// the catalog version it was made by; all else is judged now.
    pub(super) fn price(
        &self,
        generation: &Generation,
        quote: &QuoteGuard,
    ) -> Result<Option<(Price, &PublishedCatalog)>, Refusal> {
        let in_force = self.catalogs.terms_at(self.at);
        let published = match quote {
            QuoteGuard::Quoted(quote) if self.binds(quote, generation) => self
                .catalogs
                .version(quote.catalog_version)
                .unwrap_or(in_force),
            QuoteGuard::Quoted(_) | QuoteGuard::None | QuoteGuard::Unrecognised => in_force,
        };
        match published.catalog.price(generation)? {
            Priced::Free => Ok(None),
            Priced::Cost(price) => Ok(Some((price, published))),
        }
    }

    /// Whether the price is what the caller expects, under the ceilings, and no likely repeat.
    pub(super) fn check_price(
        &self,
        price: &Price,
        published: &PublishedCatalog,
        generation: &Generation,
        guard: &PriceGuard,
    ) -> Result<(), Refusal> {
        self.check_quote(&guard.quote, generation, price.cost)?;
        if let Some(cost_max) = guard.cost_max.filter(|max| price.cost > *max) {
            return Err(Refusal::PriceChanged {
                cost: price.cost,
                cost_max,
                catalog_version: published.version,
            });
        }
        self.check_ceilings(price, generation, guard)?;
        self.check_repeat(&price.terms.model, generation, guard)
    }

    fn binds(&self, quote: &QuoteTerms, generation: &Generation) -> bool {
        quote.request == request_hash(&self.account.id, generation) && self.at < quote.expires_at
    }

    fn check_quote(
        &self,
        quote: &QuoteGuard,
        generation: &Generation,
        cost: Credits,
    ) -> Result<(), Refusal> {
        match quote {
            QuoteGuard::None => Ok(()),
            QuoteGuard::Quoted(quote) if self.at >= quote.expires_at => {
                Err(Refusal::QuoteExpired {
                    expired_at: quote.expires_at,
                    cost,
                })
            }
            // The cost differs only where the catalog version that it names is not known here: then
            // nobody may pay another price than the one that was quoted.
            QuoteGuard::Quoted(quote) if self.binds(quote, generation) && quote.cost == cost => {
                Ok(())
            }
            QuoteGuard::Quoted(_) | QuoteGuard::Unrecognised => Err(Refusal::QuoteMismatch),
        }
    }

    /// Takes `cost` from live lots in burn order, all or nothing. `generation` is what alternatives
    /// are looked for.
    pub(super) fn draw(
        &self,
        cost: Credits,
        generation: Option<&Generation>,
    ) -> Result<Vec<Draw>, Refusal> {
        let mut left = cost;
        let mut draws = Vec::new();
        for lot in self.account.live_lots() {
            if left.is_zero() {
                break;
            }
            let amount = left.min(lot.remaining);
            if !amount.is_zero() {
                left = left.saturating_sub(amount);
                draws.push(Draw {
                    lot: lot.id,
                    amount,
                });
            }
        }
        if left.is_zero() {
            Ok(draws)
        } else {
            Err(self.shortfall(cost, generation))
        }
    }

    fn shortfall(&self, needed: Credits, generation: Option<&Generation>) -> Refusal {
        let account = self.account;
        let usage = account.allowance_usage(self.catalogs, self.at);
        let available = account.available();
        let catalog = &self.catalogs.terms_at(self.at).catalog;
        Refusal::InsufficientCredits(Box::new(Shortfall {
            needed,
            available,
            held: account.held(),
            frozen: account.frozen(),
            renews_at: usage.as_ref().and_then(|usage| usage.renews_at),
            renews_with: usage.as_ref().and_then(|usage| usage.renews_with),
            packs: account
                .pack_offers(self.catalogs, self.at)
                .into_iter()
                .filter(|offer| offer.closed.is_none())
                .collect(),
            alternatives: generation
                .map(|generation| catalog.alternatives(generation, available))
                .unwrap_or_default(),
        }))
    }
}

/// A hold's life must be between a minute and a day.
pub(super) fn check_ttl(ttl_minutes: u32) -> Result<(), Refusal> {
    let max = HOLD_TTL_HOURS_MAX * 60;
    if (1..=max).contains(&ttl_minutes) {
        return Ok(());
    }
    Err(Refusal::ParameterOutOfRange {
        parameter: Limited::TtlMinutes,
        given: ttl_minutes.to_string(),
        min: Some(1),
        max: Some(i64::from(max)),
        allowed: Vec::new(),
    })
}

fn spend(
    generation: &Generation,
    price: Price,
    published: &PublishedCatalog,
    chain: Option<OperationId>,
) -> Spend {
    Spend {
        terms: price.terms,
        catalog_version: published.version,
        project: generation.project.clone(),
        regenerate_of: generation.regenerate_of,
        chain,
        fingerprint: generation.prompt_fingerprint,
    }
}
