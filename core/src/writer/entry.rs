//! What waits for the writer, in the order of arrival.
//!
//! Owns what becomes of it where the writer halts before it came to it.

use super::{submission::Submission, turn::Turn};
use crate::error::LedgerError;

/// What waits for the writer.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are decided, and turns few"
)]
pub(super) enum Entry {
    Decided(Submission),
    Turn(Box<dyn Turn>),
}

impl Entry {
    /// The writer had halted before it came.
    pub(super) fn never_written(self) {
        match self {
            Entry::Decided(submission) => {
                if let Some((waiter, _)) = submission.waiter {
                    waiter.answer(Err(LedgerError::Unavailable));
                }
                submission.lineage.breaks();
            }
            Entry::Turn(turn) => turn.over(Some(LedgerError::Unavailable)),
        }
    }
}
