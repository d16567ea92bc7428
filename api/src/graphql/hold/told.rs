//! What a hold was told when it was placed.
//!
//! The account's state does not keep it: where only that was read, the ledger is asked.

use std::sync::Arc;

use async_graphql::{ComplexObject, Context};
use credits_core::domain::{
    advice as domain,
    event::Fact,
    ids::{AccountId, HoldId},
};

use super::Hold;
use crate::{
    error::Fault,
    graphql::{
        access,
        advisory::{self, Advisory},
        standing,
    },
};

/// Which hold it is, and what it was told, if that was read.
#[derive(Clone)]
pub(super) struct Told {
    account: AccountId,
    hold: HoldId,
    advisories: Option<Arc<[Arc<domain::Advisory>]>>,
}

impl Told {
    /// What is still to be read.
    pub(super) fn unread(account: AccountId, hold: HoldId) -> Told {
        Told {
            account,
            hold,
            advisories: None,
        }
    }

    /// Keeps what was read.
    pub(super) fn read(&mut self, advisories: &[Arc<domain::Advisory>]) {
        self.advisories = Some(advisories.into());
    }
}

#[ComplexObject]
impl Hold {
    /// What there was to tell about it when it was placed; the same for ever.
    #[graphql(complexity = "standing::COST + advisory::cost(child_complexity)")]
    async fn advisories(&self, ctx: &Context<'_>) -> Result<Vec<Advisory>, Fault> {
        let Told {
            account,
            hold,
            advisories,
        } = &self.told;
        if let Some(advisories) = advisories {
            return Ok(Advisory::all(account, advisories));
        }
        // The hold is committed, so that nothing under way is to be waited for.
        let placed = access::ledger(ctx).operation(account, *hold).await?;
        if let Some(placed) = placed
            && let Fact::HoldPlaced { advisories, .. } = &placed.event.fact
        {
            return Ok(Advisory::all(account, advisories));
        }
        Ok(Vec::new())
    }
}
