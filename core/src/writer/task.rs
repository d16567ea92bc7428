//! The task of one lane: it takes in what is submitted, writes it, and tells what became of it.
//!
//! Owns steps 2 to 6 of the protocol.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use tokio::sync::{mpsc, watch};
use tracing::{debug, error, warn};

use super::{
    batch::{Batch, Party},
    behind::Behind,
    entry::Entry,
    submission::Submission,
    telling::{Audience, drop_undecided, fail, leave_unknown, tell},
    turn::{Locked, Turn},
};
use crate::{
    error::LedgerError,
    store::{AccountWork, CommitError, Committed, Store, StoreError},
};

/// After so many accounts failed alone in a row, it is the database that fails, not an account.
const FAILURES_ALONE_MAX: usize = 3;
/// How long the writer waits before it asks again what became of an unknown COMMIT.
const RESOLVE_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// What one lane runs.
pub(super) struct Task {
    pub(super) store: Arc<dyn Store>,
    pub(super) submissions_max: usize,
    pub(super) submitted: mpsc::UnboundedReceiver<Entry>,
    pub(super) deferred: mpsc::UnboundedReceiver<Submission>,
    pub(super) behind: Behind,
    pub(super) halt: Arc<watch::Sender<bool>>,
    pub(super) audience: Audience,
}

/// The writer can't go on.
struct Halt;

impl Task {
    pub(super) async fn run(mut self) {
        let mut arrived = VecDeque::new();
        let mut queue = VecDeque::new();
        while self.fill(&mut arrived, &mut queue).await {
            let step = if queue.is_empty() {
                match arrived.pop_front() {
                    Some(Entry::Turn(turn)) => self.take(turn).await,
                    Some(Entry::Decided(_)) | None => Ok(()),
                }
            } else {
                let (batch, lost) = Batch::close(&mut queue, self.submissions_max);
                lost.iter().for_each(|one| one.lineage.breaks());
                self.write(batch).await
            };
            if let Err(Halt) = step {
                arrived.extend(queue.into_iter().map(Entry::Decided));
                self.halt(arrived).await;
                return;
            }
        }
    }

    /// Takes in all that is submitted, up to the next turn into the queue; waits if there is nothing
    /// to do.
    async fn fill(
        &mut self,
        arrived: &mut VecDeque<Entry>,
        queue: &mut VecDeque<Submission>,
    ) -> bool {
        if arrived.is_empty() && queue.is_empty() && self.behind.is_empty() {
            tokio::select! {
                biased;
                first = self.submitted.recv() => match first {
                    Some(first) => arrived.push_back(first),
                    // Every handle is gone: what was submitted by them is written all the same.
                    None if self.deferred.is_empty() => return false,
                    None => {}
                },
                Some(first) = self.deferred.recv() => self.behind.push(first),
            }
        }
        while let Ok(next) = self.submitted.try_recv() {
            arrived.push_back(next);
        }
        while let Ok(next) = self.deferred.try_recv() {
            self.behind.push(next);
        }
        self.behind.heed(arrived);
        while let Some(next) = arrived.pop_front() {
            match next {
                Entry::Decided(submission) => queue.push_back(submission),
                Entry::Turn(_) => {
                    arrived.push_front(next);
                    break;
                }
            }
        }
        if arrived.is_empty() {
            self.behind.lend(queue, self.submissions_max);
        }
        true
    }

    /// Decides and writes a turn.
    async fn take(&self, mut turn: Box<dyn Turn>) -> Result<(), Halt> {
        let mut locked = Locked::new(turn.as_mut());
        let committed = self.store.commit_locked(&mut locked).await;
        let (works, parties, panicked) = locked.end();
        let failed = match committed {
            Ok(committed) => {
                tell(parties, &committed, &self.audience);
                panicked.then_some(LedgerError::Internal)
            }
            Err(CommitError::RolledBack(error)) => {
                error!(account.id = %turn.account(), error = %error, "a contended account can't be written");
                let told = LedgerError::from(&error);
                parties.into_iter().for_each(|party| fail(party, &told));
                Some(told)
            }
            Err(CommitError::Unknown(error)) => {
                error!(error = %error, "the outcome of a COMMIT is unknown");
                if let Err(Halt) = self.resolve(&works, parties).await {
                    turn.over(Some(LedgerError::Unavailable));
                    return Err(Halt);
                }
                None
            }
        };
        turn.over(failed);
        Ok(())
    }

    async fn write(&self, batch: Batch) -> Result<(), Halt> {
        if batch.is_empty() {
            return Ok(());
        }
        let size = batch.len();
        let (works, parties) = batch.split();
        match self.commit(&works).await {
            Ok(committed) => {
                debug!(batch.size = size, batch.accounts = works.len(), "committed");
                tell(parties, &committed, &self.audience);
                Ok(())
            }
            Err(CommitError::RolledBack(error)) => {
                warn!(error = %error, batch.size = size, "a batch was rolled back; trying each account alone");
                self.write_alone(&works, parties).await
            }
            Err(CommitError::Unknown(error)) => {
                error!(error = %error, batch.size = size, "the outcome of a COMMIT is unknown");
                self.resolve(&works, parties).await
            }
        }
    }

    async fn commit(&self, works: &[AccountWork]) -> Result<Committed, CommitError> {
        match works {
            [] => Ok(Committed::default()),
            works => self.store.commit(works).await,
        }
    }

    async fn write_alone(&self, works: &[AccountWork], parties: Vec<Party>) -> Result<(), Halt> {
        let mut failures_in_a_row = 0;
        let mut parties = parties.into_iter();
        while let Some(party) = parties.next() {
            if failures_in_a_row >= FAILURES_ALONE_MAX {
                fail(party, &LedgerError::Unavailable);
                continue;
            }
            let work = party.work.map_or(&[][..], |place| &works[place..=place]);
            match self.commit(work).await {
                Ok(committed) => {
                    failures_in_a_row = 0;
                    tell(vec![party], &committed, &self.audience);
                }
                Err(CommitError::RolledBack(error)) => {
                    failures_in_a_row += 1;
                    error!(account.id = %party.account, error = %error, "an account can't be written");
                    fail(party, &LedgerError::from(&error));
                }
                Err(CommitError::Unknown(error)) => {
                    error!(error = %error, "the outcome of a COMMIT is unknown");
                    if let Err(Halt) = self.resolve(work, vec![party]).await {
                        // These were rolled back, and are not tried again.
                        parties.for_each(|party| fail(party, &LedgerError::Unavailable));
                        return Err(Halt);
                    }
                }
            }
        }
        Ok(())
    }

    /// Asks until the database tells: the writer can't go on before it knows.
    async fn resolve(&self, works: &[AccountWork], parties: Vec<Party>) -> Result<(), Halt> {
        loop {
            match self.store.resolve(works).await {
                Ok(committed) => {
                    tell(parties, &committed, &self.audience);
                    return Ok(());
                }
                Err(StoreError::RestartNeeded) => {
                    parties.into_iter().for_each(leave_unknown);
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
    async fn halt(mut self, arrived: VecDeque<Entry>) {
        // Nobody may be listening: the handles see it when they ask.
        self.halt.send_replace(true);
        self.submitted.close();
        self.deferred.close();
        arrived.into_iter().for_each(drop_undecided);
        let behind = self.behind.end().into_iter().map(Entry::Decided);
        behind.for_each(Entry::never_written);
        while let Some(submission) = self.deferred.recv().await {
            Entry::Decided(submission).never_written();
        }
        while let Some(entry) = self.submitted.recv().await {
            drop_undecided(entry);
        }
    }
}
