//! What an actor hands to the writer: decisions made on top of one another, and who waits for them.
//!
//! Owns the lineage that ties an actor's decisions together: once one of them is lost, all that was
//! decided on top of it is lost too.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::{Notify, OwnedSemaphorePermit, oneshot};

use crate::{
    domain::{
        account::Account,
        ids::{AccountId, OperationId},
        outcome::Outcome,
        payment::PaymentUse,
        record::{Head, OperationRecord, RefusalRecord},
        usage::UsageTally,
    },
    error::LedgerError,
    store::AccountWork,
};

/// What a command was answered with.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// Yes or no.
    pub outcome: Outcome,
    /// Whether the same command had been decided before.
    pub replayed: bool,
}

/// A caller that waits. The first answer counts; cloning gives the same caller. It keeps its place
/// among the operations under way until it is answered.
#[derive(Clone, Debug)]
pub struct Waiter {
    operation_id: OperationId,
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Debug)]
enum Waiting {
    Yet(Place),
    Answered { kept: bool },
}

#[derive(Debug)]
struct Place {
    reply: oneshot::Sender<Result<Settled, LedgerError>>,
    _permit: OwnedSemaphorePermit,
}

impl Waiter {
    /// The caller of an operation and where its answer will arrive.
    pub fn new(
        operation_id: OperationId,
        permit: OwnedSemaphorePermit,
    ) -> (Waiter, oneshot::Receiver<Result<Settled, LedgerError>>) {
        let (reply, answer) = oneshot::channel();
        let place = Place {
            reply,
            _permit: permit,
        };
        let waiter = Waiter {
            operation_id,
            waiting: Arc::new(Mutex::new(Waiting::Yet(place))),
        };
        (waiter, answer)
    }

    /// Answers that only the operation id will tell.
    pub fn answer_unknown(&self) {
        let operation_id = self.operation_id;
        self.answer(Err(LedgerError::UnknownOutcome { operation_id }));
    }

    /// Answers, unless that was done before.
    pub fn answer(&self, answer: Result<Settled, LedgerError>) {
        let kept = answer.is_ok();
        let mut waiting = self.lock();
        if matches!(*waiting, Waiting::Answered { .. }) {
            return;
        }
        let before = std::mem::replace(&mut *waiting, Waiting::Answered { kept });
        drop(waiting);
        if let Waiting::Yet(place) = before {
            // A caller that has gone away will ask by its operation id.
            let _gone = place.reply.send(answer);
        }
    }

    /// Whether it was answered.
    pub fn is_answered(&self) -> bool {
        matches!(*self.lock(), Waiting::Answered { .. })
    }

    /// Whether it was answered with a decision that is in the database.
    pub fn is_kept(&self) -> bool {
        matches!(*self.lock(), Waiting::Answered { kept: true })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting
            .lock()
            .expect("nothing panics while it holds a waiter")
    }
}

/// The last state of an account that is known to be in the database. Cloning is cheap.
#[derive(Clone, Debug, PartialEq)]
pub struct CommittedState {
    /// The state.
    pub account: Arc<Account>,
    /// The end of its chain.
    pub head: Head,
}

/// One actor's decisions since it last loaded its account. Cloning gives the same lineage.
#[derive(Clone, Debug)]
pub struct Lineage(Arc<LineageState>);

#[derive(Debug)]
struct LineageState {
    broken: AtomicBool,
    broke: Notify,
    failed: AtomicBool,
    alone: AtomicBool,
    committed: Mutex<CommittedState>,
}

impl Lineage {
    /// Begins with what was loaded. `alone`: its account failed before, and must not take others
    /// with it again.
    pub fn new(loaded: CommittedState, alone: bool) -> Lineage {
        Lineage(Arc::new(LineageState {
            broken: AtomicBool::new(false),
            broke: Notify::new(),
            failed: AtomicBool::new(false),
            alone: AtomicBool::new(alone),
            committed: Mutex::new(loaded),
        }))
    }

    /// Whether one of its decisions was lost.
    pub fn is_broken(&self) -> bool {
        self.0.broken.load(Ordering::Acquire)
    }

    /// Whether its decisions are written in transactions of their own.
    pub fn is_alone(&self) -> bool {
        self.0.alone.load(Ordering::Acquire)
    }

    /// Tells that one of its decisions was lost.
    pub fn breaks(&self) {
        self.0.broken.store(true, Ordering::Release);
        self.0.broke.notify_one();
    }

    /// Tells that one of its decisions could not be written, even alone.
    pub fn fails(&self) {
        self.0.failed.store(true, Ordering::Release);
        self.breaks();
    }

    /// Whether one of its decisions could not be written, even alone.
    pub fn has_failed(&self) -> bool {
        self.0.failed.load(Ordering::Acquire)
    }

    /// Waits until one of its decisions is lost.
    pub async fn broke(&self) {
        self.0.broke.notified().await;
    }

    /// Whether both are the same lineage.
    pub fn is(&self, other: &Lineage) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The last state that is known to be in the database.
    pub fn committed(&self) -> CommittedState {
        self.lock().clone()
    }

    /// Tells that `state` is in the database. If that was `written` now, its account can be written
    /// and need not be alone any more.
    pub fn commits(&self, state: CommittedState, written: bool) {
        if written {
            self.0.alone.store(false, Ordering::Release);
        }
        *self.lock() = state;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, CommittedState> {
        let committed = self.0.committed.lock();
        committed.expect("nothing panics while it holds a lineage's state")
    }
}

/// Somebody who looks at an account and waits until all that was decided on it is in the database.
/// It keeps its place among those who look until it is told or dropped.
#[derive(Debug)]
pub struct Look {
    tell: oneshot::Sender<()>,
    _place: OwnedSemaphorePermit,
}

impl Look {
    /// A look and where it is told.
    pub fn new(place: OwnedSemaphorePermit) -> (Look, oneshot::Receiver<()>) {
        let (tell, told) = oneshot::channel();
        let look = Look {
            tell,
            _place: place,
        };
        (look, told)
    }

    /// Tells that it is there.
    pub fn tell(self) {
        // Whoever asked may have gone away; nothing depends on it.
        let _gone = self.tell.send(());
    }
}

/// Decisions of one actor, made in one go, on top of `base`. Without operations and refusal it
/// writes nothing and is answered once all it was decided on is in the database.
#[derive(Debug)]
pub struct Submission {
    /// The account.
    pub account: AccountId,
    /// What it was decided on top of.
    pub lineage: Lineage,
    /// The end of the chain that it was decided on.
    pub base: Head,
    /// The operations, contiguous from `base`.
    pub operations: Vec<OperationRecord>,
    /// The sums of the groups that the operations end.
    pub usage: UsageTally,
    /// The refusal, if the command was refused.
    pub refusal: Option<RefusalRecord>,
    /// The payment that became known by the operations.
    pub payment: Option<PaymentUse>,
    /// The state after the operations.
    pub after: Arc<Account>,
    /// Who waits, and the answer once it is in the database; none for what nobody waits for.
    pub waiter: Option<(Waiter, Settled)>,
    /// Told once it is in the database, or dropped if it never will be.
    pub done: Option<Look>,
}

impl Submission {
    /// What was decided that nobody asked for: no refusal, no payment, and nobody who waits.
    pub fn of(work: AccountWork, lineage: Lineage) -> Submission {
        Submission {
            account: work.account,
            lineage,
            base: work.base,
            operations: work.operations,
            usage: work.usage,
            refusal: None,
            payment: None,
            after: work.after,
            waiter: None,
            done: None,
        }
    }

    /// Writes nothing, and is over once all that was submitted of the account before is: whoever
    /// decided it, and whether it was written or lost.
    pub fn behind_all(account: &AccountId, look: Look) -> Submission {
        let nothing = CommittedState {
            account: Arc::new(Account::unopened(account.clone())),
            head: Head::START,
        };
        Submission {
            account: account.clone(),
            base: nothing.head,
            operations: Vec::new(),
            usage: UsageTally::default(),
            refusal: None,
            payment: None,
            after: nothing.account.clone(),
            lineage: Lineage::new(nothing, false),
            waiter: None,
            done: Some(look),
        }
    }

    /// Whether it has something to write.
    pub fn writes(&self) -> bool {
        !self.operations.is_empty() || self.refusal.is_some()
    }

    /// The state after it and the end of its chain.
    pub fn state(&self) -> CommittedState {
        let last = self.operations.last();
        CommittedState {
            account: Arc::clone(&self.after),
            head: last.map_or(self.base, OperationRecord::head),
        }
    }
}
