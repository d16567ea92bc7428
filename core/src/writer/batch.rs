//! Which submissions go into one transaction: pure.
//!
//! Owns how a queue becomes a batch: in arrival order, bounded, the work of an account folded into
//! one, no payment twice. A batch writes what its members would write one at a time.
//!
//! What is folded into one is of one lineage: an actor that replaced another one decided on a chain of
//! its own, and only the fence can tell which of the two is right.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use super::submission::{CommittedState, Lineage, Look, Settled, Submission, Waiter};
use crate::{
    domain::{ids::AccountId, payment::PaymentKey, usage::UsageTally},
    store::AccountWork,
};

/// Submissions that go into one transaction, grouped by account.
#[derive(Debug, Default)]
pub struct Batch {
    /// The accounts in the order of their first submission, each with its submissions in order.
    pub groups: Vec<Group>,
}

/// The submissions of one account.
#[derive(Debug)]
pub struct Group {
    /// The account.
    pub account: AccountId,
    /// Its submissions, each decided on the one before.
    pub submissions: Vec<Submission>,
}

impl Batch {
    /// Takes from the front of `queue` what goes into the next transaction: at most
    /// `submissions_max`, nothing of a lineage that is broken (those come back in the second list),
    /// and of an account that has to be alone nothing but its own. What has to wait keeps its order.
    pub fn close(
        queue: &mut VecDeque<Submission>,
        submissions_max: usize,
    ) -> (Batch, Vec<Submission>) {
        let mut closing = Closing::default();
        let mut lost = Vec::new();
        let mut waiting = VecDeque::new();
        while let Some(next) = queue.pop_front() {
            if next.lineage.is_broken() {
                lost.push(next);
            } else if closing.size >= submissions_max {
                waiting.push_back(next);
                break;
            } else if closing.admits(&next) {
                closing.take(next);
            } else {
                closing.behind.insert(next.account.clone());
                waiting.push_back(next);
            }
        }
        waiting.append(queue);
        *queue = waiting;
        (closing.batch, lost)
    }

    /// Takes it apart: what the transaction writes, and who waits for it.
    pub fn split(self) -> (Vec<AccountWork>, Vec<Party>) {
        let mut works = Vec::with_capacity(self.groups.len());
        let parties = self.groups.into_iter().filter_map(|group| {
            let (work, party) = group.split(works.len())?;
            works.extend(work);
            Some(party)
        });
        let parties = parties.collect();
        (works, parties)
    }

    /// How many submissions it has.
    pub fn len(&self) -> usize {
        self.groups
            .iter()
            .map(|group| group.submissions.len())
            .sum()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }
}

#[derive(Default)]
struct Closing {
    batch: Batch,
    size: usize,
    places: HashMap<AccountId, usize>,
    payments: HashSet<PaymentKey>,
    /// Accounts of which a submission has to wait, so that those after it wait too.
    behind: HashSet<AccountId>,
    /// The one account in the batch, where it has to be alone.
    alone: Option<AccountId>,
}

impl Closing {
    fn admits(&self, next: &Submission) -> bool {
        let company = match &self.alone {
            Some(alone) => *alone == next.account,
            None if next.lineage.is_alone() => {
                self.batch.is_empty()
                    || (self.batch.groups.len() == 1 && self.places.contains_key(&next.account))
            }
            None => true,
        };
        let fresh_payment = next
            .payment
            .as_ref()
            .is_none_or(|payment| !self.payments.contains(&payment.key));
        company && fresh_payment && self.continues(next) && !self.behind.contains(&next.account)
    }

    /// Whether what the batch has of the account, if anything, is of the same lineage.
    fn continues(&self, next: &Submission) -> bool {
        let place = self.places.get(&next.account);
        let first = place.and_then(|place| self.batch.groups[*place].submissions.first());
        first.is_none_or(|first| first.lineage.is(&next.lineage))
    }

    fn take(&mut self, next: Submission) {
        self.size += 1;
        if next.lineage.is_alone() {
            self.alone = Some(next.account.clone());
        }
        if let Some(payment) = &next.payment {
            self.payments.insert(payment.key.clone());
        }
        match self.places.get(&next.account) {
            Some(place) => self.batch.groups[*place].submissions.push(next),
            None => {
                self.places
                    .insert(next.account.clone(), self.batch.groups.len());
                self.batch.groups.push(Group {
                    account: next.account.clone(),
                    submissions: vec![next],
                });
            }
        }
    }
}

/// Those who wait for the decisions on one account, without what is written of them.
#[derive(Debug)]
pub struct Party {
    /// The account.
    pub account: AccountId,
    /// What the decisions were made on top of.
    pub lineage: Lineage,
    /// The state after them.
    pub state: CommittedState,
    /// The place of its work among those of the batch; none if it has nothing to write.
    pub work: Option<usize>,
    /// Who waits for each decision, in order.
    pub callers: Vec<Caller>,
}

/// Who waits for one decision.
#[derive(Debug)]
pub struct Caller {
    /// Who waits, and the answer once it is in the database.
    pub waiter: Option<(Waiter, Settled)>,
    /// Told once it is in the database.
    pub done: Option<Look>,
}

impl Group {
    /// Folds the submissions into one work, to stand in `place`, and a party; none without any.
    pub(super) fn split(self, place: usize) -> Option<(Option<AccountWork>, Party)> {
        let last = self.submissions.last()?;
        let first = self.submissions.first()?;
        let writes = self.submissions.iter().any(Submission::writes);
        let mut work = AccountWork {
            account: self.account.clone(),
            base: first.base,
            operations: Vec::with_capacity(self.submissions.len()),
            usage: UsageTally::default(),
            refusals: Vec::new(),
            payments: Vec::new(),
            after: Arc::clone(&last.after),
        };
        let mut party = Party {
            account: self.account,
            lineage: last.lineage.clone(),
            state: last.state(),
            work: writes.then_some(place),
            callers: Vec::with_capacity(self.submissions.len()),
        };
        for submission in self.submissions {
            work.operations.extend(submission.operations);
            work.usage.merge(&submission.usage);
            work.refusals.extend(submission.refusal);
            work.payments.extend(submission.payment);
            party.callers.push(Caller {
                waiter: submission.waiter,
                done: submission.done,
            });
        }
        Some((writes.then_some(work), party))
    }
}
