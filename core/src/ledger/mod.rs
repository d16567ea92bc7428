//! The ledger: the only handle that the API sees.
//!
//! Owns the way of a call into the service and back: a permit, the account's actor, a deadline, the
//! answer. It never decides, and it never touches a database but for history.

mod balance_at;
mod chain;
mod charges;
mod choose;
mod explain;
mod fingerprint;
mod foresight;
mod history;
mod housekeeping;
mod neighbours;
mod notices;
mod publish;
mod quote;
mod settled;
mod usage;
mod watch;

#[cfg(test)]
mod tests;

use std::sync::{
    Arc, RwLock,
    atomic::{AtomicBool, Ordering},
};

use actix::{Arbiter, dev::SendError};
use tokio::{
    sync::{Semaphore, oneshot},
    time::{Instant as Monotonic, timeout_at},
};
use tracing::error;

pub use self::{
    balance_at::BalanceAtError,
    chain::Chain,
    charges::{ChargeFilter, Charges, EXAMINED_MAX},
    choose::WhatCanBeMade,
    explain::{Explanation, LotDrawn},
    fingerprint::{Prompt, PromptKey},
    foresight::{InsightsError, PeriodInsights},
    notices::{NOTICE_DAYS, NOTICE_OPERATIONS_MAX, Notices},
    publish::{PublishError, Published},
    quote::Quote,
    usage::{PeriodError, USAGE_ROWS_MAX, UsageError, UsageReport, check_period},
    watch::{Operations, Watch},
};
pub use crate::actor::{
    catalogs::load as published_catalogs,
    node::{Limits, Sweep},
    view::AccountView,
};
use crate::{
    actor::{
        catalogs,
        message::{Execute, View},
        node::Node,
        pending::Ticket,
        recent::RecentDecisions,
        registry::Registry,
        sweeper::{self, Sweeping},
    },
    clock::{Clock, Reading},
    domain::{
        catalog::{Catalogs, Generation},
        command::{Command, Request},
        ids::{AccountId, CatalogVersion},
        outcome::Outcome,
        quote::{QuoteGuard, QuoteKey},
        time::Instant,
    },
    error::LedgerError,
    store::{Store, StoreError},
    writer::{
        Writer,
        submission::{Settled, Waiter},
    },
};

/// How often a call goes to a new actor if the one before died under it.
const ACTORS_TRIED_MAX: usize = 3;
/// What a caller is told to wait when too much is under way.
const OVERLOADED_RETRY_AFTER_MS: u64 = 50;

/// The keys that nodes share. They never leave the process.
#[derive(Clone)]
pub struct Keys {
    /// The keys that seal quotes, the one in use first. A second one is still recognised.
    pub quotes: Vec<QuoteKey>,
    /// The keys under which prompts are hashed, the one in use first. A repeat of what was hashed under
    /// the second one is still seen.
    pub prompts: Vec<PromptKey>,
}

/// The credits service. Cloning gives the same one.
#[derive(Clone)]
pub struct Ledger {
    node: Arc<Node>,
    registry: Registry,
    under_way: Arc<Semaphore>,
    closed: Arc<AtomicBool>,
    keys: Arc<Keys>,
    due_looks: Arc<Semaphore>,
    /// None where nobody sweeps.
    sweeping: Option<Arc<Sweeping>>,
    /// The latest catalog that was published here.
    published: Arc<tokio::sync::watch::Sender<CatalogVersion>>,
}

/// What a command was answered with.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A text action: it costs nothing, and nothing was recorded.
    Free,
    /// It was decided, now or, if `replayed`, before.
    Decided {
        /// Yes or no.
        outcome: Outcome,
        /// Whether the same command had been decided before.
        replayed: bool,
    },
}

impl Ledger {
    /// Starts the writer and the actors' threads over `store`. The threads end with the process, or
    /// when nothing uses the ledger any more.
    pub async fn start(
        store: Arc<dyn Store>,
        clock: Clock,
        limits: Limits,
        keys: Keys,
    ) -> Result<Ledger, StoreError> {
        let catalogs = catalogs::load(store.as_ref()).await?;
        let latest = catalogs.latest().map(|latest| latest.version);
        let most = limits.batch_operations_max;
        let (writer, tasks) = Writer::with_lanes(Arc::clone(&store), most, limits.writers);
        tasks.into_iter().for_each(|task| run(&limits, task));
        let node = Arc::new(Node {
            store,
            writer,
            clock,
            catalogs: RwLock::new(catalogs),
            recent: RecentDecisions::new(limits.recent_decisions_max),
            limits,
        });
        let registry = Registry::new(Arc::clone(&node));
        run(&node.limits, housekeeping::keep(registry.downgrade()));
        let published = latest.unwrap_or(CatalogVersion(0));
        let published = Arc::new(tokio::sync::watch::Sender::new(published));
        if let Some(news) = node.store.neighbours() {
            let heed = neighbours::heed(registry.downgrade(), news, Arc::clone(&published));
            run(&node.limits, heed);
        }
        let sweeping = node.limits.sweep.map(|sweep| {
            let (sweeping, task) = sweeper::start(registry.clone(), sweep);
            run(&node.limits, task);
            Arc::new(sweeping)
        });
        Ok(Ledger {
            registry,
            under_way: Arc::new(Semaphore::new(node.limits.operations_under_way_max)),
            closed: Arc::new(AtomicBool::new(false)),
            keys: Arc::new(keys),
            due_looks: Arc::new(Semaphore::new(watch::DUE_LOOKS_MAX)),
            sweeping,
            published,
            node,
        })
    }

    /// What the clock says, and whether it can be decided by.
    pub fn clock(&self) -> Reading {
        self.node.clock.read()
    }

    /// The time.
    pub fn now(&self) -> Instant {
        self.clock().now
    }

    /// The catalogs as published now.
    pub fn catalogs(&self) -> Catalogs {
        self.node.catalogs()
    }

    /// Decides a command, exactly once for its operation id. An answer means that the decision, and
    /// all it was made on, is in the database.
    pub async fn execute(
        &self,
        account: &AccountId,
        command: Command,
    ) -> Result<Answer, LedgerError> {
        self.learn_for(&command.request).await?;
        if self.is_free(&command.request) {
            return Ok(Answer::Free);
        }
        if self.closed.load(Ordering::Acquire) || self.node.writer.is_halted() {
            return Err(LedgerError::Unavailable);
        }
        if self.catalogs().latest().is_none() {
            return Err(LedgerError::Unavailable);
        }
        let command = Arc::new(command);
        let deadline = Monotonic::now() + self.node.limits.deadline;
        let mut taken_up = false;
        for _ in 0..ACTORS_TRIED_MAX {
            let ticket = Ticket::default();
            match self.try_execute(account, &command, deadline, &ticket).await {
                Ok(Ok(Settled { outcome, replayed })) => {
                    return Ok(Answer::Decided { outcome, replayed });
                }
                // What became of an earlier try is not known by this one.
                Ok(Err(_)) if taken_up => break,
                Ok(Err(error)) => return Err(error),
                Err(ActorGone) => taken_up |= !ticket.give_up(),
            }
        }
        error!(account.id = %account, operation.id = %command.operation_id, "actors died under a command");
        Err(if taken_up {
            LedgerError::UnknownOutcome {
                operation_id: command.operation_id,
            }
        } else {
            LedgerError::Unavailable
        })
    }

    async fn try_execute(
        &self,
        account: &AccountId,
        command: &Arc<Command>,
        deadline: Monotonic,
        ticket: &Ticket,
    ) -> Result<Result<Settled, LedgerError>, ActorGone> {
        let overloaded = LedgerError::Overloaded {
            retry_after_ms: OVERLOADED_RETRY_AFTER_MS,
        };
        let Ok(permit) = Arc::clone(&self.under_way).try_acquire_owned() else {
            return Ok(Err(overloaded));
        };
        let address = match self.registry.find(account) {
            Ok(address) => address,
            Err(error) => return Ok(Err(error)),
        };
        let (waiter, answer) = Waiter::new(command.operation_id, permit);
        let call = Execute {
            command: Arc::clone(command),
            content: command.request.content(),
            deadline,
            ticket: ticket.clone(),
            waiter,
        };
        match address.try_send(call) {
            Ok(()) => {}
            Err(SendError::Full(_)) => return Ok(Err(overloaded)),
            Err(SendError::Closed(_)) => return Err(ActorGone),
        }
        match timeout_at(deadline, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(ActorGone),
            Err(_) if ticket.give_up() => Ok(Err(LedgerError::Unavailable)),
            Err(_) => Ok(Err(LedgerError::UnknownOutcome {
                operation_id: command.operation_id,
            })),
        }
    }

    /// Where other nodes publish too, learns what the request names and no catalog known here has.
    async fn learn_for(&self, request: &Request) -> Result<(), LedgerError> {
        if !self.node.store.is_shared() || !catalogs::lack(&self.catalogs(), request, self.now()) {
            return Ok(());
        }
        let learnt = self.node.learn().await;
        learnt.map_err(|error| self.report(&error)).map(drop)
    }

    /// Whether a request asks for a text action, which needs no account and no database.
    fn is_free(&self, request: &Request) -> bool {
        let generation: &Generation = match request {
            Request::Charge { generation, .. } | Request::Reserve { generation, .. } => generation,
            Request::OpenAccount
            | Request::StartSubscription { .. }
            | Request::CancelSubscription
            | Request::ResumeSubscription
            | Request::PurchasePack { .. }
            | Request::ExtendHold { .. }
            | Request::Settle { .. }
            | Request::Release { .. }
            | Request::ChangePlan { .. }
            | Request::ReportPayment { .. }
            | Request::SetPreferences { .. }
            | Request::MarkKept { .. } => return false,
        };
        let catalogs = self.catalogs();
        let in_force = catalogs.in_force(self.now()).or(catalogs.latest());
        in_force.is_some_and(|published| published.catalog.is_free(generation))
    }

    /// The account as it is committed, with what became due committed first; none if it was never
    /// opened. If the database can't be written, the last committed state with its instant.
    pub async fn view(&self, account: &AccountId) -> Result<Option<AccountView>, LedgerError> {
        let deadline = Monotonic::now() + self.node.limits.deadline;
        for _ in 0..ACTORS_TRIED_MAX {
            let (reply, answer) = oneshot::channel();
            let address = self.registry.find(account)?;
            if let Err(SendError::Full(_)) = address.try_send(View { reply }) {
                return Err(LedgerError::Overloaded {
                    retry_after_ms: OVERLOADED_RETRY_AFTER_MS,
                });
            }
            match timeout_at(deadline, answer).await {
                Ok(Ok(view)) => return view,
                Ok(Err(_)) => {}
                Err(_) => return Err(LedgerError::Unavailable),
            }
        }
        Err(LedgerError::Unavailable)
    }

    /// Opens a quote's id, for a spend that carries one.
    pub fn quote_guard(&self, id: Option<&str>) -> QuoteGuard {
        id.map_or(QuoteGuard::None, |id| {
            QuoteGuard::open(id, &self.keys.quotes)
        })
    }

    /// Takes on no more commands; those under way go on. Reads go on.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.sweeping.iter().for_each(|sweeping| sweeping.stop());
    }

    /// Waits until nothing is under way.
    pub async fn drained(&self) {
        let all = self.node.limits.operations_under_way_max;
        let all = u32::try_from(all).unwrap_or(u32::MAX);
        // The semaphore is never closed.
        let _all = self.under_way.acquire_many(all).await;
        if let Some(sweeping) = &self.sweeping {
            sweeping.over().await;
        }
    }

    /// Waits until only a restart can tell what became of a COMMIT: the process has to stop.
    pub async fn halted(&self) {
        self.node.writer.halted().await;
    }

    /// Whether only a restart can tell what became of a COMMIT.
    pub fn is_halted(&self) -> bool {
        self.node.writer.is_halted()
    }

    /// How many accounts are in memory.
    pub fn accounts_resident(&self) -> usize {
        self.registry.len()
    }

    fn report(&self, error: &StoreError) -> LedgerError {
        error!(error = %error, "the database could not be read");
        LedgerError::from(error)
    }
}

/// Runs a task on a thread of its own, which ends with it, or on this one if there are to be none.
fn run(limits: &Limits, task: impl Future<Output = ()> + Send + 'static) {
    if limits.arbiters == 0 {
        Arbiter::current().spawn(task);
    } else {
        Arbiter::new().spawn(async move {
            task.await;
            Arbiter::current().stop();
        });
    }
}

/// The actor stopped or died before it answered.
struct ActorGone;
