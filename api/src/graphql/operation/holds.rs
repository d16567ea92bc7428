//! Operations on holds.

use std::sync::Arc;

use async_graphql::{Context, ID, SimpleObject};
use credits_core::domain::{
    advice::Advisory as DomainAdvisory,
    credits,
    hold::{self as domain, Spend as DomainSpend},
    ids::HoldId,
    time::Instant,
};

use super::operation;
use crate::{
    error::Fault,
    graphql::{
        hold::Hold,
        scalar::{Credits, DateTime},
        spend::Spend,
        standing,
    },
};

operation! {
    /// Credits were set aside for a generation that will be processed.
    HoldPlaced { amount: credits::Credits, spend: DomainSpend, expires_at: Instant, advisories: Vec<Arc<DomainAdvisory>> } told advisories {
        /// How many credits were set aside.
        async fn amount(&self) -> Credits {
            self.amount.into()
        }

        /// What they were set aside for, with the price it was judged at.
        async fn spend(&self) -> Spend {
            Spend::from(&self.spend)
        }

        /// When the hold was to end by itself, before any extension.
        async fn expires_at(&self) -> DateTime {
            self.expires_at.into()
        }

        /// The hold as it stands now.
        #[graphql(complexity = "standing::COST")]
        async fn hold(&self, ctx: &Context<'_>) -> Result<Option<Hold>, Fault> {
            standing::placed_by(ctx, &self.operation).await
        }
    }
}

operation! {
    /// A hold ends later than before.
    HoldExtended { hold: HoldId, expires_at: Instant } {
        /// The operation id of the reserve that placed the hold.
        async fn hold_id(&self) -> ID {
            self.hold.to_string().into()
        }

        /// When the hold ends by itself from now on.
        async fn expires_at(&self) -> DateTime {
            self.expires_at.into()
        }

        /// The hold as it stands now.
        #[graphql(complexity = "standing::COST")]
        async fn hold(&self, ctx: &Context<'_>) -> Result<Option<Hold>, Fault> {
            standing::find(ctx, &self.operation.account, self.hold).await
        }
    }
}

operation! {
    /// A hold was given up: nothing was processed, and what it set aside returned.
    HoldReleased { hold: HoldId } {
        /// The operation id of the reserve that placed the hold.
        async fn hold_id(&self) -> ID {
            self.hold.to_string().into()
        }

        /// The hold as it stands now.
        #[graphql(complexity = "standing::COST")]
        async fn hold(&self, ctx: &Context<'_>) -> Result<Option<Hold>, Fault> {
            standing::find(ctx, &self.operation.account, self.hold).await
        }
    }
}

/// One of the holds that ended by themselves in one operation.
#[derive(Clone, SimpleObject)]
pub struct ExpiredHold {
    /// The operation id of the reserve that placed the hold.
    pub hold_id: ID,
    /// How many credits it had set aside: they returned, except to what ended meanwhile.
    pub amount: Credits,
    /// When it ended, not after the operation's `at`. It can be settled late for 7 days from then.
    pub expired_at: DateTime,
}

impl From<&domain::ExpiredHold> for ExpiredHold {
    fn from(expired: &domain::ExpiredHold) -> ExpiredHold {
        ExpiredHold {
            hold_id: expired.hold.to_string().into(),
            amount: expired.amount.into(),
            expired_at: expired.at.into(),
        }
    }
}

operation! {
    /// Holds ended by themselves, and what they set aside returned. Holds that ended one after the
    /// other, with nothing else due in between, are one operation: `holds` has them all.
    HoldExpired { hold: HoldId, holds: Vec<domain::ExpiredHold> } {
        /// The operation id of the reserve that placed the hold; of the first, if several ended.
        async fn hold_id(&self) -> ID {
            self.hold.to_string().into()
        }

        /// All the holds that ended, each with its own instant, in that order: 1 to 256.
        async fn holds(&self) -> Vec<ExpiredHold> {
            if !self.holds.is_empty() {
                return self.holds.iter().map(ExpiredHold::from).collect();
            }
            let held = self.operation.event.postings.iter().map(|posting| -posting.held);
            vec![ExpiredHold {
                hold_id: self.hold.to_string().into(),
                amount: Credits::saturating(held.sum()),
                expired_at: self.operation.event.at.into(),
            }]
        }

        /// The hold as it stands now; the first, if several ended.
        #[graphql(complexity = "standing::COST")]
        async fn hold(&self, ctx: &Context<'_>) -> Result<Option<Hold>, Fault> {
            standing::find(ctx, &self.operation.account, self.hold).await
        }
    }
}
