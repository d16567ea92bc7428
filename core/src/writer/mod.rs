//! The writer: one transaction for all that was decided while the last one committed.
//!
//! The protocol, and why it is this one:
//!
//! 1. **Queue.** Actors submit what they decided, each submission on top of the one before. The queue
//!    holds no more than the permits that callers took, so it needs no bound of its own.
//! 2. **Close.** When the last transaction is over, all that waits becomes a batch
//!    ([`close`](batch::Batch::close)).
//!    There is no timer: an idle service commits a single charge at once, a busy one in groups.
//! 3. **Write.** One transaction. Accounts whose chain ended elsewhere, or whose operation ids or
//!    payments are known already, have lost and nothing of them is written.
//! 4. **Tell.** After COMMIT, and only then, winners' callers are answered, in order, and then those
//!    who watch the account see its new state. A loser's lineage is broken: all that was decided on it
//!    is dropped, and its actor decides again.
//! 5. **A failed transaction** was rolled back. Each account is tried once alone; those that fail
//!    alone are answered `Unavailable` and stay alone until they succeed.
//! 6. **An error at COMMIT** is an unknown outcome, never "not charged". It is resolved by asking the
//!    database once the old transaction is over. Where only a restart can tell, callers get
//!    `UnknownOutcome` and the writer halts.
//! 7. **A contended account.** For a while after a loss its calls are not decided in memory: the actor
//!    hands them over as a [`Turn`], which is decided in a transaction of its own, after the account's
//!    row is locked. A turn keeps its place among what was submitted.
//! 8. **Lanes.** Where the database writes several transactions at once, there are several such queues,
//!    each with its own transaction; an account's submissions are always in the same one.
//! 9. **What nobody waits for**, such as what a sweep found due, stands behind the calls: few of
//!    it go into a transaction while there are calls, whole groups while there are none.
//!
//! What would silently break it: answering before COMMIT, retrying a batch after an unknown COMMIT,
//! or writing for an account whose fence was not checked in the same transaction.

pub mod alarm;
pub mod batch;
mod behind;
mod entry;
pub mod submission;
mod task;
mod telling;
pub mod turn;

#[cfg(test)]
mod tests;

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use futures_util::future::select_all;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use self::{
    alarm::Alarm,
    behind::Behind,
    entry::Entry,
    submission::{Look, Submission},
    task::Task,
    telling::Audience,
    turn::Turn,
};
use crate::{domain::ids::AccountId, feed::Feeds, store::Store};

/// The most looks that wait for the writer. They write nothing and hold no permit of a caller, so that
/// without a bound they would pile up while the database does not answer.
const LOOKS_MAX: usize = 8_192;

/// Where actors submit. Cloning gives the same writer.
#[derive(Clone, Debug)]
pub struct Writer {
    lanes: Arc<[Lane]>,
    looks: Arc<Semaphore>,
    halted: watch::Receiver<bool>,
    audience: Audience,
}

/// One of the queues.
#[derive(Debug)]
struct Lane {
    queue: mpsc::UnboundedSender<Entry>,
    behind: mpsc::UnboundedSender<Submission>,
}

impl Writer {
    /// A writer into `store`, of one lane, and the task that runs it until every handle is gone.
    pub fn new(
        store: Arc<dyn Store>,
        submissions_max: usize,
    ) -> (Writer, impl Future<Output = ()> + Send) {
        let (writer, mut tasks) = Writer::with_lanes(store, submissions_max, 1);
        (writer, tasks.pop().expect("there is one lane"))
    }

    /// A writer of so many lanes, at least one, and the tasks that run them until every handle is gone.
    pub fn with_lanes(
        store: Arc<dyn Store>,
        submissions_max: usize,
        lanes: usize,
    ) -> (Writer, Vec<impl Future<Output = ()> + Send>) {
        let (halt, halted) = watch::channel(false);
        let halt = Arc::new(halt);
        let audience = Audience::default();
        let lane = |_| {
            let (queue, submitted) = mpsc::unbounded_channel();
            let (behind, deferred) = mpsc::unbounded_channel();
            let task = Task {
                store: Arc::clone(&store),
                // A batch of none would never get anywhere.
                submissions_max: submissions_max.max(1),
                submitted,
                deferred,
                behind: Behind::default(),
                halt: Arc::clone(&halt),
                audience: audience.clone(),
            };
            (Lane { queue, behind }, task.run())
        };
        let (lanes, tasks): (Vec<_>, Vec<_>) = (0..lanes.max(1)).map(lane).unzip();
        let writer = Writer {
            lanes: lanes.into(),
            looks: Arc::new(Semaphore::new(LOOKS_MAX)),
            halted,
            audience,
        };
        (writer, tasks)
    }

    /// The lane of an account: the same one for as long as the process lives.
    fn lane(&self, account: &AccountId) -> &Lane {
        let mut hasher = DefaultHasher::new();
        account.hash(&mut hasher);
        let count = self.lanes.len() as u64;
        &self.lanes[(hasher.finish() % count) as usize]
    }

    /// A look that can be submitted, and where it is told; none if too many wait.
    pub fn look(&self) -> Option<(Look, oneshot::Receiver<()>)> {
        let place = Arc::clone(&self.looks).try_acquire_owned();
        place.ok().map(Look::new)
    }

    /// Submits decisions. What is submitted to a writer that has halted is never written, and its
    /// caller gets `Unavailable`.
    pub fn submit(&self, submission: Submission) {
        let lane = self.lane(&submission.account);
        if let Err(refused) = lane.queue.send(Entry::Decided(submission)) {
            refused.0.never_written();
        }
    }

    /// Submits decisions that nobody waits for, which give way to those of callers. How many of them
    /// wait is for whoever submits them to bound; none may be decided on top of another one.
    pub fn submit_behind(&self, submission: Submission) {
        let lane = self.lane(&submission.account);
        if let Err(refused) = lane.behind.send(submission) {
            Entry::Decided(refused.0).never_written();
        }
    }

    /// Hands calls over that are to be decided while their account is locked. A writer that has
    /// halted gives them back at once.
    pub fn take_turn(&self, turn: Box<dyn Turn>) {
        let lane = self.lane(turn.account());
        if let Err(refused) = lane.queue.send(Entry::Turn(turn)) {
            refused.0.never_written();
        }
    }

    /// Where what it commits can be watched.
    pub fn feeds(&self) -> &Feeds {
        &self.audience.feeds
    }

    /// When something is due next on what it commits.
    pub fn alarm(&self) -> &Alarm {
        &self.audience.alarm
    }

    /// Whether the writer has halted, because only a restart can tell what became of a COMMIT, or
    /// because its task died.
    pub fn is_halted(&self) -> bool {
        *self.halted.borrow() || self.lanes.iter().any(|lane| lane.queue.is_closed())
    }

    /// Waits until the writer halts.
    pub async fn halted(&self) {
        let mut halted = self.halted.clone();
        // A task ends in an orderly way only once every handle is gone, and this is one: it has halted,
        // or died.
        let ended = self.lanes.iter().map(|lane| Box::pin(lane.queue.closed()));
        tokio::select! {
            _ = halted.wait_for(|halted| *halted) => {}
            _ = select_all(ended) => {}
        }
    }
}
