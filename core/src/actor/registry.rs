//! Which actors there are: at most one for each account of this node.
//!
//! Owns starting, finding and sending to sleep. An actor that died of a panic is noticed by whoever
//! asks it next, and replaced. It never decides and never loads: actors do.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, Mutex, MutexGuard, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use actix::{Actor, Addr, Arbiter, ArbiterHandle, MailboxError};
use tokio::time::Instant as Monotonic;
use tracing::debug;

use super::{account::AccountActor, message::Passivate, node::Node};
use crate::{domain::ids::AccountId, error::LedgerError};

/// When the node is full, one in so many accounts is sent to sleep at a time, the longest idle first.
const EVICTED_PART: usize = 16;
/// How long an actor may take to say whether it stops; one that takes longer is busy.
const PASSIVATE_WITHIN: Duration = Duration::from_millis(200);
/// What a caller is told to wait when no account is idle.
const FULL_RETRY_AFTER_MS: u64 = 200;

/// The actors of this node. Cloning gives the same registry.
#[derive(Clone, Debug)]
pub struct Registry(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    node: Arc<Node>,
    arbiters: Vec<ArbiterHandle>,
    hasher: RandomState,
    began: Monotonic,
    /// How often an actor was asked for.
    uses: AtomicU64,
    /// Whether room is being made: it takes a sort of all, so that one at a time is enough.
    making_room: AtomicBool,
    residents: Mutex<HashMap<AccountId, Resident>>,
}

#[derive(Debug)]
struct Resident {
    address: Addr<AccountActor>,
    used_ms: AtomicU64,
    /// The number of its last use, which orders what happens within a millisecond.
    used: AtomicU64,
}

/// The threads end with the registry, and with them the actors: nobody can reach them any more.
impl Drop for Shared {
    fn drop(&mut self) {
        if self.node.limits.arbiters > 0 {
            for arbiter in &self.arbiters {
                arbiter.stop();
            }
        }
    }
}

/// A registry that does not keep its threads alive.
#[derive(Clone, Debug)]
pub struct WeakRegistry(Weak<Shared>);

impl WeakRegistry {
    /// The registry, if somebody still uses it.
    pub fn upgrade(&self) -> Option<Registry> {
        self.0.upgrade().map(Registry)
    }
}

impl Registry {
    /// The same registry, without keeping its threads alive.
    pub fn downgrade(&self) -> WeakRegistry {
        WeakRegistry(Arc::downgrade(&self.0))
    }

    /// A registry without actors; they will run on threads of their own, or all on this one if there
    /// are to be none.
    pub fn new(node: Arc<Node>) -> Registry {
        let arbiters = match node.limits.arbiters {
            0 => vec![Arbiter::current()],
            count => (0..count).map(|_| Arbiter::new().handle()).collect(),
        };
        Registry(Arc::new(Shared {
            node,
            arbiters,
            hasher: RandomState::new(),
            began: Monotonic::now(),
            uses: AtomicU64::new(0),
            making_room: AtomicBool::new(false),
            residents: Mutex::new(HashMap::new()),
        }))
    }

    /// The account's actor, started if there is none. A node that is full of busy accounts takes on
    /// no other.
    pub fn find(&self, account: &AccountId) -> Result<Addr<AccountActor>, LedgerError> {
        let now_ms = self.now_ms();
        let use_number = self.0.uses.fetch_add(1, Ordering::Relaxed);
        let mut residents = self.residents();
        if let Some(resident) = residents.get(account)
            && resident.address.connected()
        {
            resident.used_ms.store(now_ms, Ordering::Relaxed);
            resident.used.store(use_number, Ordering::Relaxed);
            return Ok(resident.address.clone());
        }
        let residents_max = self.0.node.limits.accounts_resident_max;
        if residents.len() >= residents_max && !self.0.making_room.swap(true, Ordering::AcqRel) {
            self.make_room(&residents);
        }
        if residents.len() > residents_max + residents_max / EVICTED_PART {
            return Err(LedgerError::Overloaded {
                retry_after_ms: FULL_RETRY_AFTER_MS,
            });
        }
        let address = self.start(account.clone());
        let resident = Resident {
            address: address.clone(),
            used_ms: AtomicU64::new(now_ms),
            used: AtomicU64::new(use_number),
        };
        residents.insert(account.clone(), resident);
        Ok(address)
    }

    /// The account's actor, if there is one.
    pub fn resident(&self, account: &AccountId) -> Option<Addr<AccountActor>> {
        let residents = self.residents();
        let resident = residents.get(account)?;
        resident
            .address
            .connected()
            .then(|| resident.address.clone())
    }

    /// The actors of these accounts, for each the one that there is; looked up at once.
    pub fn residents_of<'a>(
        &self,
        accounts: impl Iterator<Item = &'a AccountId>,
    ) -> Vec<Option<Addr<AccountActor>>> {
        let residents = self.residents();
        let address = |account| {
            let resident: &Resident = residents.get(account)?;
            let connected = resident.address.connected();
            connected.then(|| resident.address.clone())
        };
        accounts.map(address).collect()
    }

    /// The accounts in memory.
    pub fn accounts(&self) -> Vec<AccountId> {
        self.residents().keys().cloned().collect()
    }

    /// What its actors share.
    pub fn node(&self) -> &Arc<Node> {
        &self.0.node
    }

    /// How many accounts are in memory.
    pub fn len(&self) -> usize {
        self.residents().len()
    }

    /// Whether no account is in memory.
    pub fn is_empty(&self) -> bool {
        self.residents().is_empty()
    }

    /// Sends to sleep what has been idle for long, the longest idle first, and forgets what has died.
    pub fn passivate_idle(&self) {
        let idle_after = self.0.node.limits.idle_after.as_millis();
        let idle_after = u64::try_from(idle_after).unwrap_or(u64::MAX);
        let now_ms = self.now_ms();
        let mut idle: Vec<(u64, AccountId)> = {
            let residents = self.residents();
            let idle = residents.iter().filter(|(_, resident)| {
                let used_ms = resident.used_ms.load(Ordering::Relaxed);
                now_ms.saturating_sub(used_ms) >= idle_after || !resident.address.connected()
            });
            let by_use = |(account, resident): (&AccountId, &Resident)| {
                (resident.used.load(Ordering::Relaxed), account.clone())
            };
            idle.map(by_use).collect()
        };
        idle.sort_unstable();
        self.passivate(idle.into_iter().map(|(_, account)| account).collect());
    }

    fn make_room(&self, residents: &HashMap<AccountId, Resident>) {
        let mut by_use: Vec<(u64, &AccountId)> = residents
            .iter()
            .map(|(account, resident)| (resident.used.load(Ordering::Relaxed), account))
            .collect();
        by_use.sort_unstable();
        let leaving = residents.len() / EVICTED_PART + 1;
        let longest_idle = by_use.into_iter().take(leaving);
        self.passivate(longest_idle.map(|(_, account)| account.clone()).collect());
    }

    /// Asks each to stop. One that does is removed only after it has stopped deciding, so that there
    /// are never two; one that is busy stays.
    fn passivate(&self, accounts: Vec<AccountId>) {
        if accounts.is_empty() {
            return;
        }
        let registry = self.clone();
        let passivating = async move {
            let asked = accounts.len();
            for account in accounts {
                registry.passivate_one(&account).await;
            }
            debug!(
                actors.asked = asked,
                actors.resident = registry.len(),
                "passivated"
            );
            registry.0.making_room.store(false, Ordering::Release);
        };
        // The first arbiter outlives the registry's users; if it is gone, so are the actors.
        let _stopping = self.0.arbiters[0].spawn(passivating);
    }

    async fn passivate_one(&self, account: &AccountId) {
        let Some(address) = self
            .residents()
            .get(account)
            .map(|resident| resident.address.clone())
        else {
            return;
        };
        let asked = address.send(Passivate).timeout(PASSIVATE_WITHIN).await;
        let stopped = match asked {
            Ok(stopped) => stopped,
            // If it stops after all, whoever asks next finds it dead.
            Err(MailboxError::Timeout) => false,
            // A dead actor is forgotten like one that stopped.
            Err(MailboxError::Closed) => true,
        };
        if stopped {
            let mut residents = self.residents();
            if residents
                .get(account)
                .is_some_and(|resident| resident.address == address)
            {
                residents.remove(account);
            }
        }
    }

    fn start(&self, account: AccountId) -> Addr<AccountActor> {
        let arbiters = &self.0.arbiters;
        let place = self.0.hasher.hash_one(&account) % arbiters.len() as u64;
        let place = usize::try_from(place).expect("it is less than the number of arbiters");
        let node = Arc::clone(&self.0.node);
        AccountActor::start_in_arbiter(&arbiters[place], move |_| AccountActor::new(account, node))
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.0.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn residents(&self) -> MutexGuard<'_, HashMap<AccountId, Resident>> {
        let residents = self.0.residents.lock();
        residents.expect("nothing panics while it holds the registry")
    }
}
