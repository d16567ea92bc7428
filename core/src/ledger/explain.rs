//! Explanations: a charge of any age, told from the ledger alone.

use std::{collections::HashMap, sync::Arc};

use super::Ledger;
use crate::{
    domain::{
        advice::Advisory,
        catalog::PublishedCatalog,
        credits::Credits,
        event::{Charged, Fact},
        ids::LotId,
        lot::LotTerms,
        outcome::Operation,
        time::Instant,
    },
    error::LedgerError,
};

/// How a charge came about.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The catalog that the price came from; none if its version is not known here.
    pub catalog: Option<Arc<PublishedCatalog>>,
    /// What each lot gave, in the order in which they were used.
    pub lots: Vec<LotDrawn>,
    /// When the credits were set aside; none for a charge in one step.
    pub reserved_at: Option<Instant>,
    /// What there was to tell when the request was asked for: at the reserve, if there was one.
    pub advisories: Vec<Arc<Advisory>>,
    /// Why it is final, in sentences.
    pub why_final: Vec<String>,
}

/// What one lot gave to a charge.
#[derive(Clone, Debug, PartialEq)]
pub struct LotDrawn {
    /// The lot.
    pub lot: LotId,
    /// Its origin and its end.
    pub terms: LotTerms,
    /// How much was consumed of it.
    pub amount: Credits,
}

impl Ledger {
    /// How a charge came about; none for what is no charge.
    pub async fn explain(&self, charge: &Operation) -> Result<Option<Explanation>, LedgerError> {
        let Fact::Charge(charged) = &charge.event.fact else {
            return Ok(None);
        };
        let version = charge.event.catalog_version;
        if self.catalogs().version(version).is_none() {
            let learnt = self.node.learn().await;
            learnt.map_err(|error| self.report(&error))?;
        }
        let catalogs = self.catalogs();
        let catalog = catalogs.version(version).cloned();
        let decided_by = catalog
            .as_ref()
            .unwrap_or(catalogs.terms_at(charge.event.at));
        let (reserved_at, advisories) = self.asked(charge, charged).await?;
        Ok(Some(Explanation {
            why_final: charged.why_final(&decided_by.catalog),
            lots: self.lots_drawn(charge).await?,
            catalog,
            reserved_at,
            advisories,
        }))
    }

    /// When the request was set aside for, if it was, and what was told when it was asked for.
    async fn asked(
        &self,
        charge: &Operation,
        charged: &Charged,
    ) -> Result<(Option<Instant>, Vec<Arc<Advisory>>), LedgerError> {
        let Some(hold) = charged.hold else {
            return Ok((None, charged.advisories.clone()));
        };
        let placed = self.operation(&charge.account, hold).await?;
        Ok(placed.map_or((None, Vec::new()), |placed| {
            let told = match placed.event.fact {
                Fact::HoldPlaced { advisories, .. } => advisories,
                _ => Vec::new(),
            };
            (Some(placed.event.at), told)
        }))
    }

    /// The lots that a charge drew: each is made by the operation at the position that names it.
    async fn lots_drawn(&self, charge: &Operation) -> Result<Vec<LotDrawn>, LedgerError> {
        let drawn = charge.event.postings.iter();
        let drawn = drawn.filter(|posting| !posting.consumed.is_zero());
        let amounts: Vec<(LotId, Credits)> = drawn
            .map(|posting| (posting.lot, posting.consumed))
            .collect();
        let lots = amounts.iter().map(|(lot, _)| *lot);
        let terms = self.lot_terms(&charge.account, lots).await?;
        let terms: HashMap<LotId, LotTerms> = terms.into_iter().collect();
        let told = |(lot, amount): (LotId, Credits)| {
            Some(LotDrawn {
                lot,
                terms: terms.get(&lot)?.clone(),
                amount,
            })
        };
        Ok(amounts.into_iter().filter_map(told).collect())
    }
}
