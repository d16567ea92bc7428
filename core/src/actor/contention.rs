//! Contention: another node writes to the same account.
//!
//! Owns for how long an account counts as contended after a loss, and the turn in which its calls are
//! then decided: the actor gives its whole [`Desk`] to the writer and gets it back when the turn is
//! over. The writer never learns what a desk is.

use std::{sync::Arc, time::Duration};

use tokio::{sync::oneshot, time::Instant as Monotonic};

use super::{
    catalogs,
    desk::Desk,
    facts::{self, Facts},
};
use crate::{
    domain::ids::AccountId,
    error::LedgerError,
    store::{Found, Loaded, Lookups},
    writer::{
        submission::{CommittedState, Submission},
        turn::Turn,
    },
};

/// For so long after a loss an account is contended: about the time in which a balancer sends an
/// account's calls to two nodes while routes change.
const CONTENDED_FOR: Duration = Duration::from_secs(1);

/// Until when an account is contended.
#[derive(Debug, Default)]
pub(super) struct Contention(Option<Monotonic>);

impl Contention {
    /// A decision was lost just now.
    pub(super) fn begins(&mut self) {
        self.0 = Some(Monotonic::now() + CONTENDED_FOR);
    }

    /// Whether it still lasts.
    pub(super) fn lasts(&mut self) -> bool {
        self.0.take_if(|until| Monotonic::now() >= *until);
        self.0.is_some()
    }
}

/// A desk on its way through the writer.
#[derive(Debug)]
pub(super) struct DeskTurn {
    desk: Desk,
    back: oneshot::Sender<Desk>,
}

impl DeskTurn {
    /// The turn, and where the desk comes back.
    pub(super) fn new(desk: Desk) -> (DeskTurn, oneshot::Receiver<Desk>) {
        let (back, over) = oneshot::channel();
        (DeskTurn { desk, back }, over)
    }
}

impl Turn for DeskTurn {
    fn account(&self) -> &AccountId {
        &self.desk.id
    }

    fn lookups(&self) -> Lookups {
        facts::lookups(
            self.desk.pending.iter().map(|call| call.command.as_ref()),
            true,
        )
    }

    fn decide(&mut self, loaded: Loaded, found: Found) -> Vec<Submission> {
        if catalogs::are_behind(&self.desk.node.catalogs(), &loaded.account) {
            // Nothing is decided: the account is loaded first, which learns what is missing.
            return Vec::new();
        }
        let state = CommittedState {
            account: Arc::new(loaded.account),
            head: loaded.head,
        };
        self.desk.begin(state, Facts::of(found))
    }

    fn over(self: Box<Self>, failed: Option<LedgerError>) {
        let DeskTurn { desk, back } = *self;
        if let Some(error) = failed {
            for call in &desk.pending {
                call.waiter.answer(Err(error.clone()));
            }
        }
        // An actor that died meanwhile is replaced, and its callers ask again.
        let _gone = back.send(desk);
    }
}
