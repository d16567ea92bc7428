//! Watching an account: what is committed, as it is committed.
//!
//! Owns when a watcher looks: when the writer has shown a new state, and when time makes something
//! due on an account that nobody touches. Following the ledger is the same, and reads what there is
//! from a position on, so that it misses nothing however slow its reader is. It never shows what is
//! not committed.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::{Ledger, OVERLOADED_RETRY_AFTER_MS};
use crate::{
    actor::view::AccountView,
    domain::{
        account::Account,
        ids::{AccountId, Sequence},
        outcome::{Accepted, Operation},
        time::Instant,
    },
    error::LedgerError,
    feed::Feed,
    store::{OperationFilter, SequenceWindow},
};

/// The most watchers that look at once at what became due: a month's first instant must not load
/// every watched account at the same time. The others wait their turn.
pub(super) const DUE_LOOKS_MAX: usize = 32;
/// How long a watcher waits before it looks again at what is due and could not be committed, or reads
/// again what could not be read.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// For so long after something became due it is left to the sweeper, where there is one: it does it in
/// groups, and watchers one by one.
const SWEEPER_GETS: Duration = Duration::from_secs(5);
/// How many operations are read at once. Fifty followers on one socket hold as many each, so that a
/// reader that is cut off had less than a megabyte.
const OPERATIONS_READ_MAX: u64 = 16;
/// How often a read that failed is tried again, a second apart: a database that is out of reach for
/// longer is told.
const READS_TRIED_MAX: usize = 30;

/// A watched account, at the latest state that its watcher took note of.
pub struct Watch {
    ledger: Ledger,
    feed: Feed,
    state: Arc<Account>,
}

impl Ledger {
    /// Watches an account from its present committed state on, of at least that position if it has come
    /// so far; none if it was never opened.
    pub async fn watch(
        &self,
        account: &AccountId,
        at_least: Sequence,
    ) -> Result<Option<Watch>, LedgerError> {
        let feed = self.node.writer.feeds().watch(account);
        let mut feed = feed.ok_or(LedgerError::Overloaded {
            retry_after_ms: OVERLOADED_RETRY_AFTER_MS,
        })?;
        let view = self.view_at(account, at_least).await?;
        Ok(view.map(|view| Watch {
            ledger: self.clone(),
            state: feed.share(view.account),
            feed,
        }))
    }

    /// How many watch accounts now.
    pub fn watchers(&self) -> usize {
        self.node.writer.feeds().watchers()
    }
}

impl Watch {
    /// The position of the state.
    pub fn sequence(&self) -> Sequence {
        self.state.sequence
    }

    /// The state and its balance.
    pub fn view(&self) -> AccountView {
        let account = Arc::clone(&self.state);
        AccountView::of(account, &self.ledger.catalogs(), self.ledger.now())
    }

    /// Waits until something is committed after the state, and takes note of the latest. What time
    /// makes due is committed first, as by any other look.
    pub async fn changed(&mut self) {
        let before = self.sequence();
        loop {
            if let Some(latest) = self.feed.latest() {
                self.take(latest);
            }
            if self.sequence() > before {
                return;
            }
            let due = due(&self.ledger, self.state.next_due_at());
            tokio::select! {
                () = self.feed.changed() => {}
                () = due => self.look().await,
            }
        }
    }

    /// The ledger that is watched.
    pub(super) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The state that its watcher took note of.
    pub(super) fn state(&self) -> &Account {
        &self.state
    }

    /// A few operations after `position`, without gaps, each with the balance right after it; there is at least
    /// one where the state is beyond it. Tries for long if the ledger can't be read.
    pub(super) async fn read_on(&self, position: Sequence) -> Result<Vec<Accepted>, LedgerError> {
        let window = SequenceWindow {
            above: Some(position),
            below: None,
            newest_first: false,
            limit: OPERATIONS_READ_MAX,
        };
        let account = &self.state.id;
        let all = OperationFilter::default();
        let mut tried = 0;
        let read = loop {
            tried += 1;
            match self.ledger.accepted(account, &all, &window).await {
                Err(LedgerError::Unavailable) if tried < READS_TRIED_MAX => {
                    tokio::time::sleep(LOOK_AGAIN_AFTER).await;
                }
                read => break read?,
            }
        };
        // The state that was shown is committed, so that what leads to it must be there.
        let mut expected = position;
        let contiguous = read.iter().all(|accepted| {
            expected = expected.next();
            accepted.operation.sequence == expected
        });
        let is_short = read.is_empty() && self.state.sequence > position;
        if is_short || !contiguous {
            tracing::error!(account.id = %account, operation.position = %position, "the ledger has a gap");
            return Err(LedgerError::Corrupt);
        }
        Ok(read)
    }

    /// The ledger after `position`, as far as it goes and then as it grows.
    pub fn operations_after(self, position: Sequence) -> Operations {
        Operations {
            watch: self,
            position,
            read: VecDeque::new(),
        }
    }

    /// Commits what is due by looking at the account. If that can't be done now, waits a little.
    async fn look(&mut self) {
        // The semaphore is never closed.
        let turn = Arc::clone(&self.ledger.due_looks).acquire_owned().await;
        let shown = self.feed.latest();
        if let Some(latest) = shown.filter(|latest| latest.sequence > self.sequence()) {
            return self.take(latest);
        }
        let account = &self.state.id;
        if let Ok(Some(view)) = self.ledger.view(account).await
            && view.account.sequence > self.sequence()
        {
            return self.take(view.account);
        }
        drop(turn);
        tokio::time::sleep(LOOK_AGAIN_AFTER).await;
    }

    fn take(&mut self, latest: Arc<Account>) {
        if latest.sequence > self.sequence() {
            self.state = latest;
        }
    }
}

/// Waits until the clock reaches what is due next, for ever if nothing is.
async fn due(ledger: &Ledger, next: Option<Instant>) {
    match next {
        Some(instant) => {
            ledger.node.clock.reaches(instant).await;
            if ledger.sweeping.is_some() {
                tokio::time::sleep(SWEEPER_GETS).await;
            }
        }
        None => std::future::pending().await,
    }
}

/// An account's ledger from a position on, without gaps, and then live.
pub struct Operations {
    watch: Watch,
    position: Sequence,
    read: VecDeque<Operation>,
}

impl Operations {
    /// The next operation; waits until there is one. Fails if the ledger can't be read for long, or
    /// does not make sense.
    pub async fn next(&mut self) -> Result<Operation, LedgerError> {
        loop {
            if let Some(next) = self.read.pop_front() {
                self.position = next.sequence;
                return Ok(next);
            }
            if self.watch.sequence() > self.position {
                let read = self.watch.read_on(self.position).await?;
                self.read = read
                    .into_iter()
                    .map(|one| Arc::unwrap_or_clone(one.operation))
                    .collect();
            } else {
                self.watch.changed().await;
            }
        }
    }
}
