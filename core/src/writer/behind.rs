//! What nobody waits for, behind what callers wait for.
//!
//! Owns how many of such submissions go into the next transaction: with callers about, few enough that
//! they hardly notice; without, as many as a transaction takes. A service that is asked for more than
//! it can do writes none of them, and loses nothing by it: what they would do is done at the next
//! touch of the account too.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant as Monotonic;

use super::{entry::Entry, submission::Submission};

/// The most of them beside callers' submissions. An account's renewal takes about as long as two
/// charges, so that these add a millisecond or so to a transaction.
const BESIDE_CALLERS_MAX: usize = 16;
/// For so long after a caller there is likely to be another one: a big group would make it wait.
const CALLERS_LAST: Duration = Duration::from_millis(50);

/// The submissions that give way, in the order of arrival.
#[derive(Debug, Default)]
pub(super) struct Behind {
    waiting: VecDeque<Submission>,
    caller_seen: Option<Monotonic>,
}

impl Behind {
    /// Puts one at the end.
    pub(super) fn push(&mut self, submission: Submission) {
        self.waiting.push_back(submission);
    }

    /// Whether none waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes note of callers among what has arrived.
    pub(super) fn heed(&mut self, arrived: &VecDeque<Entry>) {
        let is_call = |entry: &Entry| match entry {
            Entry::Decided(submission) => submission.waiter.is_some(),
            Entry::Turn(_) => true,
        };
        // What arrived last tells: callers come one after the other.
        if arrived.iter().rev().any(is_call) {
            self.caller_seen = Some(Monotonic::now());
        }
    }

    /// Adds what may go into the next transaction to the end of the queue that it is made from.
    pub(super) fn lend(&mut self, queue: &mut VecDeque<Submission>, submissions_max: usize) {
        if self.waiting.is_empty() {
            return;
        }
        let callers = self
            .caller_seen
            .is_some_and(|seen| seen.elapsed() < CALLERS_LAST);
        let share = share(queue.len(), callers, submissions_max).min(self.waiting.len());
        queue.extend(self.waiting.drain(..share));
    }

    /// All that waits, at the end.
    pub(super) fn end(&mut self) -> VecDeque<Submission> {
        std::mem::take(&mut self.waiting)
    }
}

/// How many go behind `queued` others into a transaction of at most `submissions_max`.
fn share(queued: usize, callers: bool, submissions_max: usize) -> usize {
    let room = submissions_max.saturating_sub(queued);
    if callers {
        room.min(BESIDE_CALLERS_MAX)
    } else {
        room
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::sync::Semaphore;

    use super::*;
    use crate::{
        domain::{command::Request, outcome::Outcome, refusal::Refusal},
        store::{
            AccountWork,
            memory::{Fault, FaultPoint, Faults, MemoryStore},
            tests::{Book, at, charge, id, subscribe},
        },
        writer::{
            Writer,
            submission::{CommittedState, Lineage, Settled, Waiter},
        },
    };

    #[test]
    fn callers_leave_little_room_and_nobody_all_of_it() {
        let table = [
            (0, false, 512, 512),
            (3, false, 512, 509),
            (0, true, 512, BESIDE_CALLERS_MAX),
            (64, true, 512, BESIDE_CALLERS_MAX),
            (509, true, 512, 3),
            (512, true, 512, 0),
            (9_000, true, 512, 0),
            (9_000, false, 512, 0),
        ];
        for (queued, callers, max, wanted) in table {
            let queue = format!("{queued} of {max}, callers: {callers}");
            assert_eq!(share(queued, callers, max), wanted, "{queue}");
        }
    }

    const OPENED: &str = "2026-01-05T09:00:00Z";
    const RENEWS: &str = "2026-02-05T09:00:00Z";
    /// Accounts that something is due on; one more is charged.
    const DUE: usize = 40;

    fn opened(number: usize) -> Book {
        let mut book = Book::new(&name(number));
        let first = 10 * number as u128;
        book.tell(OPENED, first, Request::OpenAccount).tell(
            OPENED,
            first + 1,
            subscribe("creator"),
        );
        book
    }

    fn name(number: usize) -> String {
        format!("account-{number}")
    }

    fn submission(before: CommittedState, work: AccountWork) -> Submission {
        Submission::of(work, Lineage::new(before, false))
    }

    /// Remembers at the beginning of each commit how many accounts had got further, the charged one
    /// last.
    #[derive(Debug, Default)]
    struct Progress {
        seen: Arc<Mutex<Vec<(usize, usize)>>>,
    }

    impl Faults for Progress {
        fn next(&self, point: FaultPoint) -> Fault {
            if point != FaultPoint::Statement(0) {
                return Fault::None;
            }
            let seen = Arc::clone(&self.seen);
            Fault::LoseFence(Box::new(move |store| {
                let further = |number: usize| {
                    let id = crate::store::tests::account(&name(number));
                    usize::from(store.read(&id).head.sequence.0 > 2)
                };
                let due = (0..DUE).map(further).sum();
                seen.lock().unwrap().push((due, further(DUE)));
            }))
        }
    }

    /// What was committed before each of the commits, with a call among them or without.
    async fn commits(with_a_call: bool) -> Vec<(usize, usize)> {
        let progress = Progress::default();
        let seen = Arc::clone(&progress.seen);
        let store = Arc::new(MemoryStore::with_faults(Arc::new(progress)));
        let (writer, task) = Writer::new(Arc::clone(&store) as _, 32);
        for number in 0..=DUE {
            let mut book = opened(number);
            assert_eq!(store.write(&[book.work()]).lost, []);
            let before = CommittedState {
                account: Arc::new(book.account.clone()),
                head: book.head,
            };
            if number < DUE {
                let work = book.pass(at(RENEWS)).work();
                writer.submit_behind(submission(before, work));
            } else if with_a_call {
                let work = book.tell(OPENED, 9_999, charge()).work();
                let mut call = submission(before, work);
                let place = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
                let (waiter, _answer) = Waiter::new(id(9_999), place);
                let answer = Settled {
                    outcome: Outcome::Refused(Arc::new(Refusal::NotSubscribed)),
                    replayed: false,
                };
                call.waiter = Some((waiter, answer));
                writer.submit(call);
            }
        }
        drop(writer);
        task.await;
        let seen = seen.lock().unwrap();
        seen.clone()
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_came_last_is_written_first_and_few_go_with_it() {
        let seen = commits(true).await;
        assert_eq!(seen[..2], [(0, 0), (BESIDE_CALLERS_MAX, 1)]);
        assert_eq!(commits(false).await, [(0, 0), (32, 0)]);
    }
}
