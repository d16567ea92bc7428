//! Telling what became of a batch: its callers, those who watch, and whoever waits for what is due.
//!
//! Owns in which order they are told. It is called after COMMIT, and only then, or once it is known
//! that nothing is committed.

use std::sync::Arc;

use tracing::debug;

use super::{alarm::Alarm, batch::Party, entry::Entry};
use crate::{error::LedgerError, feed::Feeds, store::Committed};

/// Those who learn of every commit.
#[derive(Clone, Debug, Default)]
pub(super) struct Audience {
    /// Who watches accounts.
    pub(super) feeds: Feeds,
    /// Who waits for what is due next.
    pub(super) alarm: Alarm,
}

/// Answers the winners in order, and breaks the lineages of the losers.
pub(super) fn tell(parties: Vec<Party>, committed: &Committed, audience: &Audience) {
    for party in parties {
        if committed.lost.contains(&party.account) {
            // On its own at this target, so that an operator can count how far nodes are in each other's way.
            debug!(account.id = %party.account, account.calls = party.callers.len(), "lost to another writer");
            party.lineage.breaks();
        } else {
            win(party, audience);
        }
    }
}

fn win(party: Party, audience: &Audience) {
    let shown = Arc::clone(&party.state.account);
    let wrote = party.work.is_some();
    // Readers see the last state before any caller is answered, so that a caller reads its own write.
    party.lineage.commits(party.state, wrote);
    for caller in party.callers {
        if let Some((waiter, answer)) = caller.waiter {
            waiter.answer(Ok(answer));
        }
        if let Some(done) = caller.done {
            done.tell();
        }
    }
    if wrote {
        audience.alarm.is_committed(shown.next_due_at());
        audience.feeds.publish(&party.account, shown);
    }
}

/// Callers are told before the lineage breaks: then their actor decides again what is not answered.
pub(super) fn fail(party: Party, error: &LedgerError) {
    for (waiter, _) in party.callers.into_iter().filter_map(|caller| caller.waiter) {
        waiter.answer(Err(error.clone()));
    }
    party.lineage.fails();
}

/// As [`fail`]: what is decided again might be answered as never decided.
pub(super) fn leave_unknown(party: Party) {
    for (waiter, _) in party.callers.into_iter().filter_map(|caller| caller.waiter) {
        waiter.answer_unknown();
    }
    party.lineage.breaks();
}

/// What was decided after an unknown COMMIT was never sent to the database. The repetition of an
/// operation that is unknown is unknown too.
pub(super) fn drop_undecided(entry: Entry) {
    if let Entry::Decided(submission) = &entry
        && !submission.writes()
        && let Some((waiter, _)) = &submission.waiter
    {
        waiter.answer_unknown();
    }
    entry.never_written();
}
