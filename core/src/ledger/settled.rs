//! What became of an operation, once nothing more can change it.
//!
//! Waits for what is under way. It never decides and never writes.

use std::time::Duration;

use actix::{Addr, dev::SendError};
use tokio::{
    sync::oneshot,
    time::{Instant as Monotonic, timeout_at},
};

use super::{Ledger, OVERLOADED_RETRY_AFTER_MS};
use crate::{
    actor::{account::AccountActor, message::Barrier},
    domain::{
        ids::{AccountId, OperationId},
        outcome::Outcome,
    },
    error::LedgerError,
    writer::submission::{Look, Submission},
};

/// How long a look at an operation waits before it looks again at what is decided anew.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(5);

impl Ledger {
    /// What became of an operation: the definitive answer, after waiting for what is under way. None
    /// means that the id was not decided so far.
    pub async fn outcome(
        &self,
        account: &AccountId,
        id: OperationId,
    ) -> Result<Option<Outcome>, LedgerError> {
        let deadline = Monotonic::now() + self.node.limits.deadline;
        let settled = timeout_at(deadline, self.settled(account)).await;
        settled.unwrap_or(Err(LedgerError::Unavailable))?;
        let decisions = self.node.store.decisions(account, &[id]).await;
        let mut decisions = decisions.map_err(|error| self.report(&error))?;
        Ok(decisions.remove(&id).map(|decision| decision.outcome))
    }

    /// Waits until all that was decided on the account is over: in the database, or lost for good.
    async fn settled(&self, account: &AccountId) -> Result<(), LedgerError> {
        while let Some(address) = self.registry.resident(account)
            && !self.is_kept(&address).await?
        {
            // A writer that has halted keeps nothing more: only a restart tells.
            if self.is_halted() {
                return Err(LedgerError::Unavailable);
            }
            tokio::time::sleep(LOOK_AGAIN_AFTER).await;
        }
        // What an actor that died or stopped had submitted can still be under way.
        let (look, over) = self.look()?;
        let behind = Submission::behind_all(account, look);
        self.node.writer.submit(behind);
        over.await.map_err(|_| LedgerError::Unavailable)
    }

    /// Whether all that the actor has decided is in the database; `false` if some of it was lost and
    /// is decided again.
    async fn is_kept(&self, address: &Addr<AccountActor>) -> Result<bool, LedgerError> {
        let (done, kept) = self.look()?;
        match address.try_send(Barrier { done }) {
            Ok(()) => Ok(kept.await.is_ok()),
            Err(SendError::Full(_)) => Ok(false),
            Err(SendError::Closed(_)) => Ok(true),
        }
    }

    fn look(&self) -> Result<(Look, oneshot::Receiver<()>), LedgerError> {
        let retry_after_ms = OVERLOADED_RETRY_AFTER_MS;
        let look = self.node.writer.look();
        look.ok_or(LedgerError::Overloaded { retry_after_ms })
    }
}
