//! Faults for the store in memory: what can go wrong with a database, on demand.
//!
//! Owns the places where it can and the ways it does. Which of them and when is the test's.

use std::fmt;

use super::MemoryStore;

/// A place where something can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultPoint {
    /// Before an account, or those that have something due, are loaded.
    Load,
    /// Before a statement of a commit, 0 for the first; nothing is written so far.
    Statement(u32),
    /// At the COMMIT itself.
    Commit,
    /// After the COMMIT, before its answer.
    AfterCommit,
}

/// What another node does meanwhile, by [`MemoryStore::read`] and [`MemoryStore::write`].
pub type Overtake = Box<dyn FnOnce(&MemoryStore) + Send>;

/// What goes wrong.
pub enum Fault {
    /// Nothing.
    None,
    /// An error that tells that nothing was done. After the COMMIT it comes as one that leaves the
    /// outcome unknown.
    Fail,
    /// At the COMMIT: an error, though all was written. Elsewhere the same as [`Fault::Fail`].
    UnknownDone,
    /// At the COMMIT: the same error, and nothing was written. Elsewhere the same as [`Fault::Fail`].
    UnknownNotDone,
    /// It takes so many turns of the scheduler.
    Delay(u32),
    /// Another node is faster, which up to the COMMIT makes accounts lose that it wrote.
    LoseFence(Overtake),
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::None => f.write_str("None"),
            Fault::Fail => f.write_str("Fail"),
            Fault::UnknownDone => f.write_str("UnknownDone"),
            Fault::UnknownNotDone => f.write_str("UnknownNotDone"),
            Fault::Delay(turns) => f.debug_tuple("Delay").field(turns).finish(),
            Fault::LoseFence(_) => f.write_str("LoseFence"),
        }
    }
}

/// Decides what goes wrong.
pub trait Faults: fmt::Debug + Send + Sync {
    /// What goes wrong at `point` this time.
    fn next(&self, point: FaultPoint) -> Fault;
}

/// Nothing ever goes wrong.
#[derive(Clone, Copy, Debug)]
pub struct NoFaults;

impl Faults for NoFaults {
    fn next(&self, _point: FaultPoint) -> Fault {
        Fault::None
    }
}

/// The error that a fault is seen as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fault was injected")]
pub struct Injected;
