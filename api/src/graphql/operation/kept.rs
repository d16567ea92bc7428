//! Operations that tell which of several attempts is kept.

use async_graphql::{Context, ID};
use credits_core::domain::ids::OperationId;

use super::operation;
use crate::{
    error::Fault,
    graphql::{access, charge::Charge, standing},
};

operation! {
    /// Of several attempts, one was marked as the one whose result is kept, or its mark was taken back.
    /// No credits moved.
    ChargeKept { marked: OperationId, kept: bool } {
        /// The charge, by its operation id.
        async fn charge_id(&self) -> ID {
            self.marked.to_string().into()
        }

        /// The charge.
        #[graphql(complexity = "standing::COST")]
        async fn charge(&self, ctx: &Context<'_>) -> Result<Option<Charge>, Fault> {
            let account = &self.operation.account;
            let found = access::ledger(ctx).operation(account, self.marked).await?;
            Ok(found.and_then(Charge::of))
        }

        /// Whether it was marked; false if its mark was taken back.
        async fn kept(&self) -> bool {
            self.kept
        }
    }
}
