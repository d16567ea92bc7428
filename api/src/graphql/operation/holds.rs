//! Operations on holds.

use async_graphql::{Context, ID};
use credits_core::domain::{
    advice::Advisory as DomainAdvisory, credits, hold::Spend as DomainSpend, ids::HoldId,
    time::Instant,
};

use super::operation;
use crate::{
    error::Fault,
    graphql::{
        hold::{self, Hold},
        scalar::{Credits, DateTime},
        spend::Spend,
    },
};

operation! {
    /// Credits were set aside for a generation that will be processed.
    HoldPlaced { amount: credits::Credits, spend: DomainSpend, expires_at: Instant, advisories: Vec<DomainAdvisory> } told advisories {
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
        #[graphql(complexity = "hold::COST")]
        async fn hold(&self, ctx: &Context<'_>) -> Result<Option<Hold>, Fault> {
            hold::placed_by(ctx, &self.operation).await
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
        #[graphql(complexity = "hold::COST")]
        async fn hold(&self, ctx: &Context<'_>) -> Result<Option<Hold>, Fault> {
            hold::find(ctx, &self.operation.account, self.hold).await
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
        #[graphql(complexity = "hold::COST")]
        async fn hold(&self, ctx: &Context<'_>) -> Result<Option<Hold>, Fault> {
            hold::find(ctx, &self.operation.account, self.hold).await
        }
    }
}

operation! {
    /// A hold ended by itself, and what it set aside returned.
    HoldExpired { hold: HoldId } {
        /// The operation id of the reserve that placed the hold.
        async fn hold_id(&self) -> ID {
            self.hold.to_string().into()
        }

        /// The hold as it stands now.
        #[graphql(complexity = "hold::COST")]
        async fn hold(&self, ctx: &Context<'_>) -> Result<Option<Hold>, Fault> {
            hold::find(ctx, &self.operation.account, self.hold).await
        }
    }
}
