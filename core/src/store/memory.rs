//! A store in memory, which fails on demand. For tests and simulations only.
//!
//! Owns the same promises as the store in a database: a batch is written whole or not at all, losers
//! excepted, and what was decided before wins. It keeps nothing beyond the process.

mod fault;
mod kept;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use async_trait::async_trait;

use self::kept::Kept;
use super::{
    AccountWindow, AccountWork, CommitError, Committed, DueAccount, DueDecision, DueWindow, Found,
    KeptCatalog, KeptHold, KeptPayment, Loaded, LockedDecision, Lookups, OperationFilter,
    SequenceWindow, Store, StoreError, Usage, UsageQuery, WithoutEffectPlace,
};
use crate::domain::{
    ids::{AccountId, CatalogVersion, HoldId, OperationId, Sequence},
    outcome::Decision,
    payment::{PaymentKey, PaymentUse},
    record::{OperationRecord, RefusalRecord},
    time::Instant,
};

pub use self::fault::{Fault, FaultPoint, Faults, Injected, NoFaults, Overtake};

/// The statements of a commit between its begin and its end, as they can fail one by one: the steps
/// 2 to 5 of the protocol.
pub const STATEMENTS: u32 = 4;

/// A store in memory.
#[derive(Debug)]
pub struct MemoryStore {
    kept: Mutex<Kept>,
    faults: Arc<dyn Faults>,
    /// Whether it says that others write to it as well.
    shared: bool,
}

impl Default for MemoryStore {
    fn default() -> MemoryStore {
        MemoryStore::new()
    }
}

impl MemoryStore {
    /// An empty store that never fails.
    pub fn new() -> MemoryStore {
        MemoryStore::with_faults(Arc::new(NoFaults))
    }

    /// An empty store that fails as `faults` says.
    pub fn with_faults(faults: Arc<dyn Faults>) -> MemoryStore {
        MemoryStore {
            kept: Mutex::default(),
            faults,
            shared: false,
        }
    }

    /// The same, as several nodes have it.
    #[must_use]
    pub fn shared(self) -> MemoryStore {
        MemoryStore {
            shared: true,
            ..self
        }
    }

    /// Writes as another node would: at once and without faults.
    pub fn write(&self, batch: &[AccountWork]) -> Committed {
        self.kept().write(batch)
    }

    /// Reads as another node would: at once and without faults.
    pub fn read(&self, account: &AccountId) -> Loaded {
        self.kept().load(account)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept
            .lock()
            .expect("nothing panics while it changes what is kept")
    }

    /// Lets the faults act at `point`.
    async fn pass(&self, point: FaultPoint) -> Result<(), Stopped> {
        match self.faults.next(point) {
            Fault::None => Ok(()),
            Fault::Fail => Err(Stopped::Failed),
            Fault::UnknownDone => Err(Stopped::UnknownDone),
            Fault::UnknownNotDone => Err(Stopped::UnknownNotDone),
            Fault::Delay(turns) => {
                for _ in 0..turns {
                    tokio::task::yield_now().await;
                }
                Ok(())
            }
            Fault::LoseFence(overtake) => {
                overtake(self);
                Ok(())
            }
        }
    }
}

impl MemoryStore {
    /// A transaction that can fail at each of its steps. `write` is what it does; where the fault
    /// undoes that, what was kept before is put back.
    async fn commit_with(
        &self,
        write: impl FnOnce(&mut Kept) -> Result<Committed, StoreError> + Send,
    ) -> Result<Committed, CommitError> {
        for statement in 0..STATEMENTS {
            if self.pass(FaultPoint::Statement(statement)).await.is_err() {
                return Err(CommitError::RolledBack(StoreError::Unavailable(injected())));
            }
        }
        let fault = self.pass(FaultPoint::Commit).await;
        let committed = {
            let mut kept = self.kept();
            let undone = matches!(fault, Err(Stopped::Failed | Stopped::UnknownNotDone));
            let before = undone.then(|| kept.clone());
            let committed = write(&mut kept);
            if let Some(before) = before {
                *kept = before;
            }
            committed.map_err(CommitError::RolledBack)?
        };
        match fault {
            Ok(()) => {}
            Err(Stopped::Failed) => {
                return Err(CommitError::RolledBack(StoreError::Unavailable(injected())));
            }
            Err(Stopped::UnknownDone | Stopped::UnknownNotDone) => {
                return Err(CommitError::Unknown(injected()));
            }
        }
        match self.pass(FaultPoint::AfterCommit).await {
            Ok(()) => Ok(committed),
            Err(Stopped::Failed | Stopped::UnknownDone | Stopped::UnknownNotDone) => {
                Err(CommitError::Unknown(injected()))
            }
        }
    }
}

/// What a fault made of a step.
enum Stopped {
    Failed,
    UnknownDone,
    UnknownNotDone,
}

fn injected() -> Box<Injected> {
    Box::new(Injected)
}

#[async_trait]
impl Store for MemoryStore {
    async fn load(&self, account: &AccountId) -> Result<Loaded, StoreError> {
        match self.pass(FaultPoint::Load).await {
            Ok(()) => Ok(self.kept().load(account)),
            Err(Stopped::Failed | Stopped::UnknownDone | Stopped::UnknownNotDone) => {
                Err(StoreError::Unavailable(injected()))
            }
        }
    }

    async fn look_up(&self, account: &AccountId, lookups: &Lookups) -> Result<Found, StoreError> {
        self.kept().look_up(account, lookups)
    }

    async fn decisions(
        &self,
        account: &AccountId,
        ids: &[OperationId],
    ) -> Result<HashMap<OperationId, Decision>, StoreError> {
        self.kept().decisions(account, ids)
    }

    async fn payment(&self, key: &PaymentKey) -> Result<Option<PaymentUse>, StoreError> {
        Ok(self.kept().payment(key))
    }

    async fn payments(
        &self,
        after: Option<&PaymentKey>,
        limit: u64,
    ) -> Result<Vec<KeptPayment>, StoreError> {
        Ok(self.kept().payments(after, limit))
    }

    async fn hold(
        &self,
        account: &AccountId,
        hold: HoldId,
    ) -> Result<Option<KeptHold>, StoreError> {
        self.kept().hold(account, hold)
    }

    async fn commit(&self, batch: &[AccountWork]) -> Result<Committed, CommitError> {
        self.commit_with(|kept| Ok(kept.write(batch))).await
    }

    /// Nobody else gets at what is kept while it is decided on: that is the lock.
    async fn commit_locked(
        &self,
        decision: &mut dyn LockedDecision,
    ) -> Result<Committed, CommitError> {
        self.commit_with(|kept| kept.decide(decision)).await
    }

    fn is_shared(&self) -> bool {
        self.shared
    }

    /// As [`Store::commit_locked`] here: nobody else gets at what is kept meanwhile.
    async fn commit_due(
        &self,
        window: &DueWindow,
        decision: &mut dyn DueDecision,
    ) -> Result<Committed, CommitError> {
        self.commit_with(|kept| Ok(kept.decide_due(window, decision)))
            .await
    }

    async fn resolve(&self, batch: &[AccountWork]) -> Result<Committed, StoreError> {
        Ok(self.kept().resolve(batch))
    }

    async fn positions(
        &self,
        accounts: &[AccountId],
    ) -> Result<Vec<(AccountId, Sequence)>, StoreError> {
        Ok(self.kept().positions(accounts))
    }

    async fn latest_catalog(&self) -> Result<Option<CatalogVersion>, StoreError> {
        Ok(self.kept().catalogs().last().map(|kept| kept.version))
    }

    async fn catalogs(&self) -> Result<Vec<KeptCatalog>, StoreError> {
        Ok(self.kept().catalogs())
    }

    async fn publish(&self, catalog: &KeptCatalog) -> Result<bool, StoreError> {
        Ok(self.kept().publish(catalog))
    }

    async fn operations(
        &self,
        account: &AccountId,
        filter: &OperationFilter,
        window: &SequenceWindow,
    ) -> Result<Vec<OperationRecord>, StoreError> {
        Ok(self.kept().operations(account, filter, window))
    }

    async fn operation_at(
        &self,
        account: &AccountId,
        at: Instant,
    ) -> Result<Option<OperationRecord>, StoreError> {
        Ok(self.kept().operation_at(account, at))
    }

    async fn usage(&self, account: &AccountId, query: &UsageQuery) -> Result<Usage, StoreError> {
        Ok(self.kept().usage(account, query)?)
    }

    async fn accounts(&self, window: &AccountWindow) -> Result<Vec<(i64, AccountId)>, StoreError> {
        Ok(self.kept().accounts(window))
    }

    async fn payments_without_effect(
        &self,
        after: Option<WithoutEffectPlace>,
        limit: u64,
    ) -> Result<Vec<(WithoutEffectPlace, OperationRecord)>, StoreError> {
        Ok(self.kept().payments_without_effect(after, limit))
    }

    async fn due_accounts(&self, window: &DueWindow) -> Result<Vec<DueAccount>, StoreError> {
        match self.pass(FaultPoint::Load).await {
            Ok(()) => Ok(self.kept().due_accounts(window)),
            Err(Stopped::Failed | Stopped::UnknownDone | Stopped::UnknownNotDone) => {
                Err(StoreError::Unavailable(injected()))
            }
        }
    }

    async fn next_due_after(&self, after: Instant) -> Result<Option<Instant>, StoreError> {
        Ok(self.kept().next_due_after(after))
    }

    async fn refusals(
        &self,
        account: &AccountId,
        limit: u64,
    ) -> Result<Vec<RefusalRecord>, StoreError> {
        Ok(self.kept().refusals(account, limit))
    }

    async fn forget_refusals(&self, before: Instant, limit: u64) -> Result<u64, StoreError> {
        Ok(self.kept().forget_refusals(before, limit))
    }
}
