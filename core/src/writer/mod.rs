//! The writer: one transaction for all that was decided while the last one committed.
//!
//! The protocol, and why it is this one:
//!
//! 1. **Queue.** Actors submit what they decided, each submission on top of the one before. The queue
//!    holds no more than the permits that callers took, so it needs no bound of its own.
//! 2. **Close.** When the last transaction is over, all that waits becomes a batch ([`Batch::close`]).
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
//!
//! What would silently break it: answering before COMMIT, retrying a batch after an unknown COMMIT,
//! or writing for an account whose fence was not checked in the same transaction.

pub mod batch;
pub mod submission;

#[cfg(test)]
mod tests;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tracing::{debug, error, warn};

use self::{
    batch::{Batch, Group},
    submission::{CommittedState, Look, Submission},
};
use crate::{
    error::LedgerError,
    feed::Feeds,
    store::{AccountWork, CommitError, Committed, Store, StoreError},
};

/// After so many accounts failed alone in a row, it is the database that fails, not an account.
const FAILURES_ALONE_MAX: usize = 3;
/// The most looks that wait for the writer. They write nothing and hold no permit of a caller, so that
/// without a bound they would pile up while the database does not answer.
const LOOKS_MAX: usize = 8_192;
/// How long the writer waits before it asks again what became of an unknown COMMIT.
const RESOLVE_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Where actors submit. Cloning gives the same writer.
#[derive(Clone, Debug)]
pub struct Writer {
    queue: mpsc::UnboundedSender<Submission>,
    looks: Arc<Semaphore>,
    halted: watch::Receiver<bool>,
    feeds: Feeds,
}

impl Writer {
    /// A writer into `store`, and the task that runs it until every handle is gone.
    pub fn new(
        store: Arc<dyn Store>,
        submissions_max: usize,
    ) -> (Writer, impl Future<Output = ()> + Send) {
        let (queue, submitted) = mpsc::unbounded_channel();
        let (halt, halted) = watch::channel(false);
        let feeds = Feeds::default();
        let task = Task {
            store,
            // A batch of none would never get anywhere.
            submissions_max: submissions_max.max(1),
            submitted,
            halt,
            feeds: feeds.clone(),
        };
        let looks = Arc::new(Semaphore::new(LOOKS_MAX));
        let writer = Writer {
            queue,
            looks,
            halted,
            feeds,
        };
        (writer, task.run())
    }

    /// A look that can be submitted, and where it is told; none if too many wait.
    pub fn look(&self) -> Option<(Look, oneshot::Receiver<()>)> {
        let place = Arc::clone(&self.looks).try_acquire_owned();
        place.ok().map(Look::new)
    }

    /// Submits decisions. What is submitted to a writer that has halted is never written, and its
    /// caller gets `Unavailable`.
    pub fn submit(&self, submission: Submission) {
        if let Err(refused) = self.queue.send(submission) {
            let submission = refused.0;
            submission.lineage.breaks();
            if let Some((waiter, _)) = submission.waiter {
                waiter.answer(Err(LedgerError::Unavailable));
            }
        }
    }

    /// Where what it commits can be watched.
    pub fn feeds(&self) -> &Feeds {
        &self.feeds
    }

    /// Whether the writer has halted, because only a restart can tell what became of a COMMIT, or
    /// because its task died.
    pub fn is_halted(&self) -> bool {
        *self.halted.borrow() || self.queue.is_closed()
    }

    /// Waits until the writer halts.
    pub async fn halted(&self) {
        let mut halted = self.halted.clone();
        // An error means that the task died: it ends in an orderly way only once every handle is
        // gone, and this is one.
        let _died = halted.wait_for(|halted| *halted).await.is_err();
    }
}

struct Task {
    store: Arc<dyn Store>,
    submissions_max: usize,
    submitted: mpsc::UnboundedReceiver<Submission>,
    halt: watch::Sender<bool>,
    feeds: Feeds,
}

/// The writer can't go on.
struct Halt;

impl Task {
    async fn run(mut self) {
        let mut queue = VecDeque::new();
        while self.fill(&mut queue).await {
            let (batch, lost) = Batch::close(&mut queue, self.submissions_max);
            lost.into_iter().for_each(lose);
            if let Err(Halt) = self.write(batch).await {
                self.halt(queue).await;
                return;
            }
        }
    }

    /// Takes in all that is submitted; waits if there is nothing to do.
    async fn fill(&mut self, queue: &mut VecDeque<Submission>) -> bool {
        if queue.is_empty() {
            match self.submitted.recv().await {
                Some(first) => queue.push_back(first),
                None => return false,
            }
        }
        while let Ok(next) = self.submitted.try_recv() {
            queue.push_back(next);
        }
        true
    }

    async fn write(&self, batch: Batch) -> Result<(), Halt> {
        if batch.is_empty() {
            return Ok(());
        }
        let work = batch.work();
        match self.commit(&work).await {
            Ok(committed) => {
                debug!(
                    batch.size = batch.len(),
                    batch.accounts = work.len(),
                    "committed"
                );
                tell(batch, &committed, &self.feeds);
                Ok(())
            }
            Err(CommitError::RolledBack(error)) => self.write_alone(batch, &error).await,
            Err(CommitError::Unknown(error)) => {
                error!(error = %error, batch.size = batch.len(), "the outcome of a COMMIT is unknown");
                self.resolve(batch, &work).await
            }
        }
    }

    async fn commit(&self, work: &[AccountWork]) -> Result<Committed, CommitError> {
        if work.is_empty() {
            return Ok(Committed::default());
        }
        self.store.commit(work).await
    }

    async fn write_alone(&self, batch: Batch, error: &StoreError) -> Result<(), Halt> {
        warn!(error = %error, batch.size = batch.len(), "a batch was rolled back; trying each account alone");
        let mut failures_in_a_row = 0;
        let mut groups = batch.groups.into_iter();
        while let Some(group) = groups.next() {
            if failures_in_a_row >= FAILURES_ALONE_MAX {
                fail(group, &LedgerError::Unavailable);
                continue;
            }
            let alone = Batch {
                groups: vec![group],
            };
            let work = alone.work();
            match self.commit(&work).await {
                Ok(committed) => {
                    failures_in_a_row = 0;
                    tell(alone, &committed, &self.feeds);
                }
                Err(CommitError::RolledBack(error)) => {
                    failures_in_a_row += 1;
                    let told = LedgerError::from(&error);
                    for group in alone.groups {
                        error!(account.id = %group.account, error = %error, "an account can't be written");
                        fail(group, &told);
                    }
                }
                Err(CommitError::Unknown(error)) => {
                    error!(error = %error, "the outcome of a COMMIT is unknown");
                    if let Err(Halt) = self.resolve(alone, &work).await {
                        // These were rolled back, and are not tried again.
                        groups.for_each(|group| fail(group, &LedgerError::Unavailable));
                        return Err(Halt);
                    }
                }
            }
        }
        Ok(())
    }

    /// Asks until the database tells: the writer can't go on before it knows.
    async fn resolve(&self, batch: Batch, work: &[AccountWork]) -> Result<(), Halt> {
        loop {
            match self.store.resolve(work).await {
                Ok(committed) => {
                    tell(batch, &committed, &self.feeds);
                    return Ok(());
                }
                Err(StoreError::RestartNeeded) => {
                    batch.groups.into_iter().for_each(leave_unknown);
                    return Err(Halt);
                }
                Err(error @ (StoreError::Unavailable(_) | StoreError::Corrupt(_))) => {
                    warn!(error = %error, "an unknown COMMIT could not be resolved so far");
                    tokio::time::sleep(RESOLVE_AGAIN_AFTER).await;
                }
            }
        }
    }

    /// Nothing more is written; what was decided on the unknown is unknown too.
    async fn halt(mut self, queue: VecDeque<Submission>) {
        // Nobody may be listening: the handles see it when they ask.
        self.halt.send_replace(true);
        self.submitted.close();
        queue.into_iter().for_each(drop_undecided);
        while let Some(submission) = self.submitted.recv().await {
            drop_undecided(submission);
        }
    }
}

/// Answers the winners in order, and breaks the lineages of the losers.
fn tell(batch: Batch, committed: &Committed, feeds: &Feeds) {
    for group in batch.groups {
        if committed.lost.contains(&group.account) {
            group.submissions.into_iter().for_each(lose);
        } else {
            win(group, feeds);
        }
    }
}

fn win(group: Group, feeds: &Feeds) {
    // Readers see the last state before any caller is answered, so that a caller reads its own write.
    if let Some(last) = group.submissions.last() {
        let head = last
            .operations
            .last()
            .map_or(last.base, |record| record.head());
        let state = CommittedState {
            account: last.after.clone(),
            head,
        };
        let written = group.submissions.iter().any(Submission::writes);
        last.lineage.commits(state, written);
    }
    let operated = |submission: &Submission| !submission.operations.is_empty();
    let shown = match group.submissions.last() {
        Some(last)
            if group.submissions.iter().any(operated) && feeds.is_watched(&group.account) =>
        {
            Some(Arc::new(last.after.clone()))
        }
        Some(_) | None => None,
    };
    for submission in group.submissions {
        if let Some((waiter, answer)) = submission.waiter {
            waiter.answer(Ok(answer));
        }
        if let Some(done) = submission.done {
            done.tell();
        }
    }
    if let Some(state) = shown {
        feeds.publish(&group.account, state);
    }
}

fn lose(submission: Submission) {
    submission.lineage.breaks();
}

fn fail(group: Group, error: &LedgerError) {
    for submission in group.submissions {
        submission.lineage.fails();
        if let Some((waiter, _)) = submission.waiter {
            waiter.answer(Err(error.clone()));
        }
    }
}

/// Callers are told before the lineage breaks: then their actor decides again, and might answer that
/// nothing was decided.
fn leave_unknown(group: Group) {
    for submission in &group.submissions {
        if let Some((waiter, _)) = &submission.waiter {
            waiter.answer_unknown();
        }
    }
    group.submissions.into_iter().for_each(lose);
}

/// What was decided after an unknown COMMIT was never sent to the database. The repetition of an
/// operation that is unknown is unknown too.
fn drop_undecided(submission: Submission) {
    if let Some((waiter, _)) = &submission.waiter {
        if submission.writes() {
            waiter.answer(Err(LedgerError::Unavailable));
        } else {
            waiter.answer_unknown();
        }
    }
    lose(submission);
}
