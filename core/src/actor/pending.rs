//! What an actor has taken up and not yet seen answered.
//!
//! Owns the ticket that says whether a call was taken up at all, and the calls themselves, kept so
//! that they can be decided again in the order of their arrival.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use crate::{
    domain::{
        command::{Command, ContentHash},
        outcome::Decision,
    },
    writer::submission::Waiter,
};

const WAITING: u8 = 0;
const TAKEN_UP: u8 = 1;
const GIVEN_UP: u8 = 2;

/// Whether a call was taken up by its actor or given up by its caller: whichever comes first.
#[derive(Clone, Debug, Default)]
pub struct Ticket(Arc<AtomicU8>);

impl Ticket {
    /// The actor takes the call up; `false` if its caller gave it up before.
    pub fn take_up(&self) -> bool {
        self.moves_to(TAKEN_UP)
    }

    /// The caller gives the call up; `false` if the actor took it up before, so that only its
    /// operation id tells what became of it.
    pub fn give_up(&self) -> bool {
        self.moves_to(GIVEN_UP)
    }

    fn moves_to(&self, state: u8) -> bool {
        self.0
            .compare_exchange(WAITING, state, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}

/// A call that the actor has taken up.
#[derive(Clone, Debug)]
pub struct Pending {
    /// What is asked.
    pub command: Arc<Command>,
    /// The hash of its content.
    pub content: ContentHash,
    /// Until when it may be decided, again if need be.
    pub deadline: tokio::time::Instant,
    /// Who waits.
    pub waiter: Waiter,
    /// What it was decided to be, on top of what is not yet in the database.
    pub decided: Option<Decision>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_taken_up_or_given_up_but_never_both() {
        let taken = Ticket::default();
        assert!(taken.clone().take_up());
        assert!(!taken.give_up() && !taken.take_up());
        let given = Ticket::default();
        assert!(given.clone().give_up());
        assert!(!given.take_up() && !given.give_up());
    }
}
