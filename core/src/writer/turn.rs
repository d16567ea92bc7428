//! A turn: calls on one account that are decided while the account is locked.
//!
//! Where other nodes write to the same account, a decision made in memory has often lost by the time
//! it is written. For a while after a loss an actor hands its calls to the writer instead, which lets
//! them be decided inside the transaction, after the account's row is locked. Owns that exchange. It
//! never decides.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

use super::{
    batch::{Group, Party},
    submission::Submission,
};
use crate::{
    domain::ids::AccountId,
    error::LedgerError,
    store::{AccountWork, Found, Loaded, LockedDecision, Lookups},
};

/// Calls on one account that wait to be decided.
pub trait Turn: fmt::Debug + Send {
    /// The account.
    fn account(&self) -> &AccountId;

    /// What the calls need to know.
    fn lookups(&self) -> Lookups;

    /// Decides them on what the database has: the decisions, each on top of the one before.
    fn decide(&mut self, loaded: Loaded, found: Found) -> Vec<Submission>;

    /// It is over. The callers of what was decided were answered, or their lineage was broken; calls
    /// that were not decided are to be answered with `failed`, if there is such an error.
    fn over(self: Box<Self>, failed: Option<LedgerError>);
}

/// A turn in its transaction.
pub(super) struct Locked<'t> {
    turn: &'t mut dyn Turn,
    works: Vec<AccountWork>,
    party: Option<Party>,
    panicked: bool,
}

impl<'t> Locked<'t> {
    pub(super) fn new(turn: &'t mut dyn Turn) -> Locked<'t> {
        Locked {
            turn,
            works: Vec::new(),
            party: None,
            panicked: false,
        }
    }

    /// What was to be written, who waits for it, and whether deciding panicked.
    pub(super) fn end(self) -> (Vec<AccountWork>, Vec<Party>, bool) {
        (self.works, self.party.into_iter().collect(), self.panicked)
    }
}

impl LockedDecision for Locked<'_> {
    fn account(&self) -> &AccountId {
        self.turn.account()
    }

    fn lookups(&self) -> Lookups {
        self.turn.lookups()
    }

    /// A panic is the account's: it must not take the writer with it. The hook has logged it.
    fn decide(&mut self, loaded: Loaded, found: Found) -> Option<&AccountWork> {
        let turn = &mut self.turn;
        let decided = catch_unwind(AssertUnwindSafe(|| turn.decide(loaded, found)));
        self.panicked = decided.is_err();
        let group = Group {
            account: self.turn.account().clone(),
            submissions: decided.unwrap_or_default(),
        };
        let (work, party) = group.split(0)?;
        self.works.extend(work);
        self.party = Some(party);
        self.works.first()
    }
}
