//! The database of the simulation: the store in memory, as one node sees it.
//!
//! Owns what goes wrong: failed statements, failed and unknown COMMITs, reads that fail, panic or
//! take long, and the death of a node in the middle of whatever it was doing.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use credits_core::{
    domain::{
        ids::{AccountId, CatalogVersion, HoldId, OperationId, Sequence},
        outcome::Decision,
        payment::{PaymentKey, PaymentUse},
        record::{OperationRecord, RefusalRecord},
        time::Instant,
    },
    store::{
        AccountWindow, AccountWork, CommitError, Committed, DueAccount, DueDecision, DueWindow,
        Found, KeptCatalog, KeptHold, KeptPayment, Loaded, LockedDecision, Lookups,
        OperationFilter, SequenceWindow, Store, StoreError, Usage, UsageQuery, WithoutEffectPlace,
        memory::{Fault, FaultPoint, Faults, Injected, MemoryStore},
    },
};
use tokio_util::sync::CancellationToken;

use crate::chance::Chance;

/// How often, in a thousand, each thing goes wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weather {
    pub statement_fails: u64,
    pub commit_fails: u64,
    pub unknown_done: u64,
    pub unknown_not_done: u64,
    pub restart_needed: u64,
    pub resolve_fails: u64,
    pub read_fails: u64,
    pub load_panics: u64,
    pub delays: u64,
}

/// What all nodes share.
#[derive(Debug)]
pub struct Disk {
    pub memory: MemoryStore,
    /// How many turns of contended accounts were begun.
    pub turns: AtomicU64,
    /// Whether sweepers have to share what is due.
    pub shared: AtomicBool,
    climate: Arc<Climate>,
}

#[derive(Debug)]
struct Climate {
    weather: Weather,
    chance: Chance,
    calm: AtomicBool,
}

impl Climate {
    fn happens(&self, in_a_thousand: u64) -> bool {
        !self.calm.load(Ordering::Relaxed) && self.chance.happens(in_a_thousand)
    }

    /// Takes some virtual time now and then. Other delays are turns of the scheduler, during which
    /// time stands still.
    async fn take_time(&self) {
        if self.happens(self.weather.delays / 8) {
            tokio::time::sleep(Duration::from_millis(1 + self.chance.below(6))).await;
        }
    }
}

impl Disk {
    pub fn new(weather: Weather, chance: Chance) -> Arc<Disk> {
        let climate = Arc::new(Climate {
            weather,
            chance,
            calm: AtomicBool::new(true),
        });
        Arc::new(Disk {
            memory: MemoryStore::with_faults(Arc::new(Forecast(Arc::clone(&climate)))),
            turns: AtomicU64::new(0),
            shared: AtomicBool::new(false),
            climate,
        })
    }

    /// Lets things go wrong from now on, or no more.
    pub fn set_calm(&self, calm: bool) {
        self.climate.calm.store(calm, Ordering::Relaxed);
    }
}

#[derive(Debug)]
struct Forecast(Arc<Climate>);

impl Faults for Forecast {
    fn next(&self, point: FaultPoint) -> Fault {
        let Climate {
            weather, chance, ..
        } = self.0.as_ref();
        match point {
            FaultPoint::Statement(_) if self.0.happens(weather.statement_fails) => Fault::Fail,
            FaultPoint::Commit if self.0.happens(weather.commit_fails) => Fault::Fail,
            FaultPoint::Commit if self.0.happens(weather.unknown_done) => Fault::UnknownDone,
            FaultPoint::Commit if self.0.happens(weather.unknown_not_done) => Fault::UnknownNotDone,
            FaultPoint::AfterCommit if self.0.happens(weather.unknown_done) => Fault::Fail,
            FaultPoint::Load
            | FaultPoint::Statement(_)
            | FaultPoint::Commit
            | FaultPoint::AfterCommit => {
                if self.0.happens(weather.delays) {
                    Fault::Delay(1 + u32::try_from(chance.below(12)).unwrap())
                } else {
                    Fault::None
                }
            }
        }
    }
}

/// The database as one node sees it, as long as the node lives.
#[derive(Debug)]
pub struct Connection {
    disk: Arc<Disk>,
    dead: CancellationToken,
}

impl Connection {
    pub fn new(disk: Arc<Disk>, dead: CancellationToken) -> Connection {
        Connection { disk, dead }
    }

    /// Runs a call of a node; if the node dies, the call stops where it is and never ends.
    async fn alive<T>(&self, call: impl Future<Output = T>) -> T {
        let call = std::pin::pin!(call);
        let died = std::pin::pin!(self.dead.cancelled());
        match futures_util::future::select(died, call).await {
            futures_util::future::Either::Right((result, _)) => result,
            futures_util::future::Either::Left(_) => std::future::pending().await,
        }
    }

    /// Commits, which may take some milliseconds before and after it is done.
    async fn write(
        &self,
        commit: impl Future<Output = Result<Committed, CommitError>>,
    ) -> Result<Committed, CommitError> {
        self.alive(async {
            self.disk.climate.take_time().await;
            let committed = commit.await;
            self.disk.climate.take_time().await;
            committed
        })
        .await
    }

    async fn read<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let weather = &self.disk.climate.weather;
        if self.disk.climate.happens(weather.delays) {
            for _ in 0..1 + self.disk.climate.chance.below(6) {
                tokio::task::yield_now().await;
            }
        }
        self.disk.climate.take_time().await;
        if self.disk.climate.happens(weather.read_fails) {
            return Err(StoreError::Unavailable(Box::new(Injected)));
        }
        self.alive(call).await
    }
}

#[async_trait]
impl Store for Connection {
    async fn load(&self, account: &AccountId) -> Result<Loaded, StoreError> {
        let climate = &self.disk.climate;
        // Only actors load: the panic kills an actor.
        assert!(
            !climate.happens(climate.weather.load_panics),
            "an injected panic"
        );
        self.read(self.disk.memory.load(account)).await
    }

    async fn look_up(&self, account: &AccountId, lookups: &Lookups) -> Result<Found, StoreError> {
        self.read(self.disk.memory.look_up(account, lookups)).await
    }

    async fn decisions(
        &self,
        account: &AccountId,
        ids: &[OperationId],
    ) -> Result<HashMap<OperationId, Decision>, StoreError> {
        self.read(self.disk.memory.decisions(account, ids)).await
    }

    async fn payment(&self, key: &PaymentKey) -> Result<Option<PaymentUse>, StoreError> {
        self.read(self.disk.memory.payment(key)).await
    }

    async fn payments(
        &self,
        after: Option<&PaymentKey>,
        limit: u64,
    ) -> Result<Vec<KeptPayment>, StoreError> {
        self.disk.memory.payments(after, limit).await
    }

    async fn hold(
        &self,
        account: &AccountId,
        hold: HoldId,
    ) -> Result<Option<KeptHold>, StoreError> {
        self.read(self.disk.memory.hold(account, hold)).await
    }

    async fn commit(&self, batch: &[AccountWork]) -> Result<Committed, CommitError> {
        self.write(self.disk.memory.commit(batch)).await
    }

    async fn commit_locked(
        &self,
        decision: &mut dyn LockedDecision,
    ) -> Result<Committed, CommitError> {
        self.disk.turns.fetch_add(1, Ordering::Relaxed);
        self.write(self.disk.memory.commit_locked(decision)).await
    }

    fn is_shared(&self) -> bool {
        self.disk.shared.load(Ordering::Relaxed)
    }

    async fn commit_due(
        &self,
        window: &DueWindow,
        decision: &mut dyn DueDecision,
    ) -> Result<Committed, CommitError> {
        self.write(self.disk.memory.commit_due(window, decision))
            .await
    }

    async fn resolve(&self, batch: &[AccountWork]) -> Result<Committed, StoreError> {
        let climate = &self.disk.climate;
        if climate.happens(climate.weather.restart_needed) {
            return Err(StoreError::RestartNeeded);
        }
        if climate.happens(climate.weather.resolve_fails) {
            return Err(StoreError::Unavailable(Box::new(Injected)));
        }
        self.alive(self.disk.memory.resolve(batch)).await
    }

    async fn positions(
        &self,
        accounts: &[AccountId],
    ) -> Result<Vec<(AccountId, Sequence)>, StoreError> {
        self.disk.memory.positions(accounts).await
    }

    async fn latest_catalog(&self) -> Result<Option<CatalogVersion>, StoreError> {
        self.disk.memory.latest_catalog().await
    }

    async fn catalogs(&self) -> Result<Vec<KeptCatalog>, StoreError> {
        self.disk.memory.catalogs().await
    }

    async fn publish(&self, catalog: &KeptCatalog) -> Result<bool, StoreError> {
        self.disk.memory.publish(catalog).await
    }

    async fn operations(
        &self,
        account: &AccountId,
        filter: &OperationFilter,
        window: &SequenceWindow,
    ) -> Result<Vec<OperationRecord>, StoreError> {
        self.disk.memory.operations(account, filter, window).await
    }

    async fn operation_at(
        &self,
        account: &AccountId,
        at: Instant,
    ) -> Result<Option<OperationRecord>, StoreError> {
        self.disk.memory.operation_at(account, at).await
    }

    async fn usage(&self, account: &AccountId, query: &UsageQuery) -> Result<Usage, StoreError> {
        self.read(self.disk.memory.usage(account, query)).await
    }

    async fn accounts(&self, window: &AccountWindow) -> Result<Vec<(i64, AccountId)>, StoreError> {
        self.disk.memory.accounts(window).await
    }

    async fn payments_without_effect(
        &self,
        after: Option<WithoutEffectPlace>,
        limit: u64,
    ) -> Result<Vec<(WithoutEffectPlace, OperationRecord)>, StoreError> {
        let found = self.disk.memory.payments_without_effect(after, limit);
        self.read(found).await
    }

    async fn due_accounts(&self, window: &DueWindow) -> Result<Vec<DueAccount>, StoreError> {
        self.read(self.disk.memory.due_accounts(window)).await
    }

    async fn next_due_after(&self, after: Instant) -> Result<Option<Instant>, StoreError> {
        self.read(self.disk.memory.next_due_after(after)).await
    }

    async fn refusals(
        &self,
        account: &AccountId,
        limit: u64,
    ) -> Result<Vec<RefusalRecord>, StoreError> {
        self.disk.memory.refusals(account, limit).await
    }

    /// Nothing is forgotten here, however far the clock jumps: every refusal is asked for again.
    /// That old ones are forgotten is tried on the stores themselves.
    async fn forget_refusals(&self, _: Instant, _: u64) -> Result<u64, StoreError> {
        Ok(0)
    }
}
