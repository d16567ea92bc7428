//! Regenerating: a generation that does an earlier one again, and the chain that they make.
//!
//! Owns which chain an attempt belongs to: the one of what it does again, and so on to the *root*, which
//! does nothing again. A chain is named by its root: the operation id of the reserve if there was one,
//! else of the charge. Each attempt costs as any other, and says the root itself, so that a chain is
//! found without going from one attempt to the next.

use std::collections::HashSet;

use super::{event::Fact, ids::OperationId};

/// The most attempts of a chain that are shown. Nobody looks through more, and each is a row to read.
pub const CHAIN_ATTEMPTS_MAX: usize = 100;

/// The most marks of a chain that are looked through for the one that counts, newest first. A person who
/// compares attempts changes their mind a few times, not more often than there are attempts shown.
pub const CHAIN_MARKS_MAX: usize = 100;

/// An operation of the account that a command names, as an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// The id that it is named by.
    pub operation_id: OperationId,
    /// The root of its chain.
    pub chain: OperationId,
    /// Whether it is a charge, and not a reserve.
    pub charged: bool,
}

impl Earlier {
    /// The operation as an attempt: a charge or a reserve; none for any other.
    pub fn of(operation_id: OperationId, fact: &Fact) -> Option<Earlier> {
        let spend = fact.spend()?;
        let root = fact.hold().unwrap_or(operation_id);
        Some(Earlier {
            operation_id,
            chain: spend.chain.unwrap_or(root),
            charged: matches!(fact, Fact::Charge(_)),
        })
    }
}

impl Fact {
    /// The root of the chain that it is found by: of a charge that does another one again, and of a mark.
    pub fn chain(&self) -> Option<OperationId> {
        if let Fact::ChargeKept { chain, .. } = self {
            return Some(*chain);
        }
        let Fact::Charge(charge) = self else {
            return None;
        };
        charge.spend.chain
    }

    /// The charge that it marks as kept, or whose mark it takes back.
    pub fn kept(&self) -> Option<OperationId> {
        let Fact::ChargeKept { charge, .. } = self else {
            return None;
        };
        Some(*charge)
    }
}

/// The charge that is kept of a chain, by its marks, the newest first: the last one that was marked,
/// unless that mark was taken back.
pub fn keeper(marks: impl IntoIterator<Item = (OperationId, bool)>) -> Option<OperationId> {
    let mut taken_back = HashSet::new();
    for (charge, kept) in marks {
        if kept {
            return (!taken_back.contains(&charge)).then_some(charge);
        }
        taken_back.insert(charge);
    }
    None
}
