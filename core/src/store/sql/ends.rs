//! The ends of chains, as the batches of one connection left them.
//!
//! A batch need not read again what the batch before wrote, and most of what a charge would read is that:
//! its account's row and its last operation, two pages that nothing else of the charge touches. What is
//! known here holds for as long as no other connection has written to the file, which the file itself tells
//! in each transaction (`PRAGMA data_version`). Owns what is known, and when it is known no more. It never
//! reads the database.

use std::collections::HashMap;

use crate::domain::{ids::AccountId, record::Head};

/// Accounts whose ends are known, at most, but for a batch that is larger: some 200 bytes each. Before a batch
/// that could bring more, all are forgotten.
const KNOWN_MAX: usize = 32_768;

/// Where the chain of an account ends, and what a commit must know of its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// The account's key.
    pub(super) key: i64,
    /// When something is due on it, as its row says.
    pub(super) next_due_at_us: Option<i64>,
    /// Its last operation.
    pub(super) head: Head,
}

/// What is known.
#[derive(Debug, Default)]
pub(super) struct Ends {
    /// What the file said when it was learnt.
    version: Option<i64>,
    known: HashMap<AccountId, End>,
    /// What the transaction under way leaves, if it commits.
    left: Vec<(AccountId, End)>,
}

impl Ends {
    /// A transaction has begun, and the file says that it is at that version: at another one than before
    /// if another connection has written.
    pub(super) fn begin(&mut self, version: i64) {
        if self.version != Some(version) {
            self.known.clear();
        }
        self.version = Some(version);
        self.left.clear();
    }

    /// Where that chain ends.
    pub(super) fn get(&self, account: &AccountId) -> Option<End> {
        self.known.get(account).copied()
    }

    /// The transaction leaves the account so.
    pub(super) fn leave(&mut self, account: AccountId, end: End) {
        self.left.push((account, end));
    }

    /// The transaction is in the database.
    pub(super) fn committed(&mut self) {
        if self.known.len() + self.left.len() > KNOWN_MAX {
            self.known.clear();
        }
        self.known.extend(self.left.drain(..));
    }

    /// Nobody can tell what is in the database.
    pub(super) fn forget(&mut self) {
        *self = Ends::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::ids::Sequence, store::tests::account};

    fn end(sequence: i64) -> End {
        let head = Head {
            sequence: Sequence(sequence),
            hash: [1; 32],
        };
        End {
            key: 7,
            next_due_at_us: None,
            head,
        }
    }

    /// Knows the end of `ann`, at version 1.
    fn knowing() -> Ends {
        let mut ends = Ends::default();
        ends.begin(1);
        ends.leave(account("ann"), end(3));
        ends.committed();
        ends
    }

    #[test]
    fn what_a_batch_left_is_known_once_it_is_committed() {
        let mut ends = knowing();
        ends.begin(1);
        ends.leave(account("ann"), end(4));
        assert_eq!(ends.get(&account("ann")), Some(end(3)));
        // It was rolled back.
        ends.begin(1);
        ends.committed();
        assert_eq!(ends.get(&account("ann")), Some(end(3)));
        ends.leave(account("ann"), end(4));
        ends.committed();
        assert_eq!(ends.get(&account("ann")), Some(end(4)));
    }

    #[test]
    fn nothing_is_known_once_another_connection_has_written() {
        let mut ends = knowing();
        ends.begin(2);
        assert_eq!(ends.get(&account("ann")), None);
    }

    #[test]
    fn nothing_is_known_after_an_unknown_commit() {
        let mut ends = knowing();
        ends.forget();
        ends.begin(1);
        assert_eq!(ends.get(&account("ann")), None);
    }

    #[test]
    fn no_more_is_known_than_there_is_room_for() {
        let mut ends = knowing();
        for number in 0..KNOWN_MAX {
            ends.leave(account(&format!("account-{number}")), end(1));
            ends.committed();
            assert!(ends.known.len() <= KNOWN_MAX);
        }
        assert_eq!(ends.get(&account("ann")), None);
        let last = account(&format!("account-{}", KNOWN_MAX - 1));
        assert_eq!(ends.get(&last), Some(end(1)));
    }
}
