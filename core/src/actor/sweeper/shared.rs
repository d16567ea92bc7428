//! A chunk of a sweep over a database that several nodes write to.
//!
//! Owns that no other node does the same: the accounts are claimed, decided on and written in one
//! transaction, and whoever else looks meanwhile passes them over and finds those after them. A claim is
//! the locks of that transaction, so that it ends with the node that made it, and what that node did not
//! do is found by the others. Nothing but the work of the slower one depends on it: who writes is told by
//! the fence, as ever.
//!
//! Accounts with an actor on this node are left to it, once the claim is over. A chunk that can't be
//! written goes the way of a node that is alone, behind what callers wait for and each account by itself
//! if need be, so that one of them keeps nobody from anything.

use std::{ops::ControlFlow, sync::Arc};

use tracing::warn;

use super::{
    Sweeper,
    chunk::{Decided, Fate, Parts},
    outcome::Swept,
};
use crate::{
    domain::time::Instant,
    store::{AccountWork, CommitError, Committed, DueClaim, DueDecision, DuePlace, DueWindow},
    writer::submission::{Lineage, Submission},
};

/// The most accounts in a claim: charges on them wait for it, and what is not in it is left to other
/// nodes.
const CLAIM_ACCOUNTS_MAX: u64 = 128;
/// With so many operations nothing more is decided in a claim: an account may have twenty years of
/// renewals to do.
const CLAIM_OPERATIONS_MAX: usize = 2_048;

/// A claim, from what was found to what is to be written.
struct Claim<'s> {
    sweeper: &'s Sweeper,
    now: Instant,
    limit: u64,
    works: Vec<AccountWork>,
    /// What the works are, in their order.
    steps: Vec<Step>,
    /// What is not written in the claim, but after it.
    apart: Vec<Decided>,
    parts: Parts,
    operations: usize,
    /// Whether anything was found out at all.
    is_made: bool,
    /// Where it goes on.
    next: Option<DuePlace>,
}

/// What one work of a claim does.
struct Step {
    key: i64,
    lineage: Lineage,
    renewals: u64,
    has_more: bool,
}

impl Sweeper {
    /// Does what is due by now and no other node has.
    pub(super) async fn sweep_shared(&self) -> Swept {
        let mut swept = Swept::default();
        let mut after = None;
        loop {
            let (chunk, next) = self.share(after).await;
            swept.add(chunk);
            match next {
                Some(place) if !swept.is_stuck() => after = Some(place),
                Some(_) | None => return swept,
            }
        }
    }

    /// Does what is due on the next accounts that no other node has, and tells after which it goes on.
    async fn share(&self, after: Option<DuePlace>) -> (Swept, Option<DuePlace>) {
        let reading = self.node.clock.read();
        if !reading.trusted {
            return (Swept::stuck(), None);
        }
        // What becomes due is granted by the terms of that instant, whoever published them.
        if let Err(error) = self.node.learn().await {
            warn!(error = %error, "what others published could not be read");
            return (Swept::stuck(), None);
        }
        let window = DueWindow {
            before: reading.now,
            after,
            limit: self.chunk_accounts.min(CLAIM_ACCOUNTS_MAX),
        };
        // The semaphore is never closed; a sweeper that ends waits for it.
        let place = Arc::clone(&self.in_flight).acquire_owned().await;
        let mut claim = Claim::new(self, &window);
        let committed = self.node.store.commit_due(&window, &mut claim).await;
        drop(place);
        let next = claim.next;
        (self.end(claim, committed).await, next)
    }

    /// What a claim came to, together with what is done after it.
    async fn end(&self, mut claim: Claim<'_>, committed: Result<Committed, CommitError>) -> Swept {
        let apart = std::mem::take(&mut claim.apart);
        for decided in apart {
            self.submit(decided, &mut claim.parts);
        }
        let fates = match committed {
            Ok(committed) => self.fates(&claim, &committed),
            Err(CommitError::RolledBack(error)) if !claim.is_made => {
                warn!(error = %error, "what is due could not be read");
                return Swept::stuck();
            }
            Err(CommitError::RolledBack(error)) => {
                warn!(error = %error, sweep.accounts = claim.works.len(), "a claim was rolled back; going on without");
                self.submit_all(&mut claim);
                Vec::new()
            }
            Err(CommitError::Unknown(error)) => {
                // Nobody waits for an answer: what is not done is found again.
                warn!(error = %error, "the outcome of a COMMIT is unknown");
                let overtaken = |step: &Step| (step.key, Fate::Overtaken);
                claim.steps.iter().map(overtaken).collect()
            }
        };
        self.settle(claim.parts, fates, claim.now).await
    }

    /// What became of each work, which is shown to those who watch.
    fn fates(&self, claim: &Claim<'_>, committed: &Committed) -> Vec<(i64, Fate)> {
        let writer = &self.node.writer;
        let works = claim.works.iter().zip(&claim.steps);
        let fate = |(work, step): (&AccountWork, &Step)| {
            if committed.lost.contains(&work.account) {
                return (step.key, Fate::Overtaken);
            }
            if let Some(due) = work.after.next_due_at() {
                writer.alarm().expect(due);
            }
            writer
                .feeds()
                .publish(&work.account, Arc::clone(&work.after));
            let fate = Fate::Done {
                renewals: step.renewals,
                has_more: step.has_more,
            };
            (step.key, fate)
        };
        works.map(fate).collect()
    }

    /// Submits what a claim could not write.
    fn submit_all(&self, claim: &mut Claim<'_>) {
        let works = std::mem::take(&mut claim.works).into_iter();
        for (work, step) in works.zip(std::mem::take(&mut claim.steps)) {
            let decided = Decided {
                key: step.key,
                submission: Submission::of(work, step.lineage),
                renewals: step.renewals,
                has_more: step.has_more,
                alone: false,
            };
            self.submit(decided, &mut claim.parts);
        }
    }
}

impl<'s> Claim<'s> {
    fn new(sweeper: &'s Sweeper, window: &DueWindow) -> Claim<'s> {
        Claim {
            sweeper,
            now: window.before,
            limit: window.limit,
            works: Vec::new(),
            steps: Vec::new(),
            apart: Vec::new(),
            parts: Parts::default(),
            operations: 0,
            is_made: false,
            next: None,
        }
    }

    /// Takes a step into the claim, unless it has to be written by itself.
    fn take(&mut self, decided: Decided) -> ControlFlow<()> {
        if decided.alone {
            self.apart.push(decided);
            return ControlFlow::Continue(());
        }
        let Decided {
            key,
            submission,
            renewals,
            has_more,
            ..
        } = decided;
        self.operations += submission.operations.len();
        self.steps.push(Step {
            key,
            lineage: submission.lineage,
            renewals,
            has_more,
        });
        self.works.push(AccountWork {
            account: submission.account,
            base: submission.base,
            operations: submission.operations,
            usage: submission.usage,
            refusals: Vec::new(),
            payments: Vec::new(),
            after: submission.after,
        });
        if self.operations < CLAIM_OPERATIONS_MAX {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }
}

impl DueDecision for Claim<'_> {
    fn decide(&mut self, found: DueClaim) -> &[AccountWork] {
        self.is_made = true;
        let is_full = found.accounts.len() as u64 >= self.limit;
        let last = found.accounts.iter().map(|account| account.place).max();
        self.next = last.filter(|_| is_full);
        let mut parts = Parts::default();
        parts.pass(found.elsewhere);
        let sweeper = self.sweeper;
        sweeper.decide(found.accounts, self.now, &mut parts, |_, decided| {
            self.take(decided)
        });
        self.parts = parts;
        &self.works
    }
}
