//! The sweeper: does what is due on accounts that nobody touches, at its instant.
//!
//! A balance is right without it, because each touch of an account applies time first. The sweeper
//! makes the ledger say so at once, so that feeds show a renewal and holds end while nobody looks.
//!
//! 1. **Wait** until something is due: by the clock, for the earliest instant that the store or a
//!    commit told of ([`Alarm`](crate::writer::alarm::Alarm)). Besides, it looks now and then.
//! 2. **Find and load** the accounts with something due, a chunk at a time, in the order of the
//!    store's index. It keeps no list: what was done is due no more, so that a sweep which was killed
//!    midway goes on by beginning anew.
//! 3. **Decide**, purely, one step of each account; none of it is decided on top of another. An
//!    account that has an actor on this node is left to it.
//! 4. **Submit** behind what callers wait for. If an actor begins meanwhile, the fence tells which of
//!    the two was first, and what the other one decided is dropped.
//! 5. **Settle**: what was lost or has more to do is found again; what can't be done is put into
//!    quarantine and told of once.
//!
//! Where several nodes write to one database their sweepers share the work: 2 to 4 are one transaction
//! there, in which a chunk is claimed (`shared`).
//!
//! While the clock is not to be believed it does nothing.

mod chunk;
mod outcome;
mod shared;

#[cfg(test)]
mod tests;

use std::{
    pin::pin,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use futures_util::{Stream, StreamExt, stream};
use tokio::{
    sync::{Semaphore, watch},
    time::{Instant as Monotonic, sleep},
};
use tracing::{info, warn};

use self::{
    chunk::Chunk,
    outcome::{Rest, Swept},
};
use super::{
    node::{Node, Sweep},
    quarantine::Quarantine,
    registry::Registry,
};
use crate::{
    domain::time::Instant,
    store::{DueWindow, StoreError},
};

/// How many chunks are under way: one is written, one waits for that, one is decided.
const CHUNKS_IN_FLIGHT_MAX: usize = 3;
/// After so many pauses a database that can't be used, or a clock that is not believed, is tried
/// again: a second, by default.
const TRY_AGAIN_AFTER_PAUSES: u32 = 10;
/// How often it looks without being told: other nodes write too.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// The sweeper, from outside: to end it.
#[derive(Debug)]
pub struct Sweeping {
    stop: watch::Sender<bool>,
    in_flight: Arc<Semaphore>,
    in_flight_max: usize,
}

impl Sweeping {
    /// Takes on nothing more.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Waits until nothing of it is under way.
    pub async fn over(&self) {
        let all = u32::try_from(self.in_flight_max).unwrap_or(u32::MAX);
        // The semaphore is never closed.
        let _all = self.in_flight.acquire_many(all).await;
    }
}

/// A sweeper over the accounts of the registry's node, and the task that runs it until it is stopped
/// or its handle is dropped.
pub fn start(registry: Registry, sweep: Sweep) -> (Sweeping, impl Future<Output = ()> + Send) {
    let (sweeping, sweeper) = Sweeper::new(registry, sweep);
    (sweeping, sweeper.run())
}

struct Sweeper {
    registry: Registry,
    node: Arc<Node>,
    chunk_accounts: u64,
    pause: Duration,
    /// A place for each account under way; it is given back when that is over.
    in_flight: Arc<Semaphore>,
    stopped: watch::Receiver<bool>,
    quarantine: Mutex<Quarantine>,
}

/// The sweeper has nothing more to do on this node.
struct Ended;

impl Sweeper {
    fn new(registry: Registry, sweep: Sweep) -> (Sweeping, Sweeper) {
        let chunk_accounts = sweep.chunk_accounts.max(1);
        let in_flight_max = chunk_accounts.saturating_mul(CHUNKS_IN_FLIGHT_MAX);
        let in_flight = Arc::new(Semaphore::new(in_flight_max));
        let (stop, stopped) = watch::channel(false);
        let sweeper = Sweeper {
            node: Arc::clone(registry.node()),
            registry,
            chunk_accounts: chunk_accounts as u64,
            pause: sweep.pause,
            in_flight: Arc::clone(&in_flight),
            stopped,
            quarantine: Mutex::default(),
        };
        let sweeping = Sweeping {
            stop,
            in_flight,
            in_flight_max,
        };
        (sweeping, sweeper)
    }

    async fn run(self) {
        let mut stopped = self.stopped.clone();
        tokio::select! {
            biased;
            // An error means that its handle is gone.
            _stopped = stopped.wait_for(|stopped| *stopped) => {}
            Ended = self.go_on() => {}
        }
    }

    async fn go_on(&self) -> Ended {
        loop {
            let began = Monotonic::now();
            let swept = self.sweep().await;
            if swept.accounts > 0 {
                info!(
                    sweep.accounts = swept.accounts,
                    sweep.renewals = swept.renewals,
                    sweep.overtaken = swept.overtaken,
                    sweep.elsewhere = swept.elsewhere,
                    sweep.left_out = swept.left_out,
                    sweep.duration_ms = began.elapsed().as_millis(),
                    "swept"
                );
            }
            if self.node.writer.is_halted() {
                return Ended;
            }
            match swept.rest() {
                Rest::None => {}
                Rest::Pause => self.rest(1).await,
                Rest::Long => self.rest(TRY_AGAIN_AFTER_PAUSES).await,
                Rest::UntilDue => {
                    self.rest(1).await;
                    if let Err(error) = self.wait(swept.until).await {
                        warn!(error = %error, "what is due next could not be looked up");
                        self.rest(TRY_AGAIN_AFTER_PAUSES).await;
                    }
                }
            }
        }
    }

    async fn rest(&self, pauses: u32) {
        // Others get a turn in any case.
        tokio::task::yield_now().await;
        if !self.pause.is_zero() {
            sleep(self.pause * pauses).await;
        }
    }

    /// Does what is due by now.
    async fn sweep(&self) -> Swept {
        // What is committed from now on is not missed by whoever waits after this.
        self.node.writer.alarm().forget();
        if self.node.store.is_shared() {
            self.sweep_shared().await
        } else {
            self.sweep_alone().await
        }
    }

    async fn sweep_alone(&self) -> Swept {
        let mut swept = Swept::default();
        let chunks = self.chunks().map(|chunk| self.work_off(chunk));
        let mut chunks = pin!(chunks.buffer_unordered(CHUNKS_IN_FLIGHT_MAX));
        while let Some(outcome) = chunks.next().await {
            swept.add(outcome);
            if swept.is_stuck() {
                break;
            }
        }
        swept
    }

    /// What is due by now, read as fast as it is worked off.
    fn chunks(&self) -> impl Stream<Item = Chunk> + Send {
        stream::unfold(Some(None), async move |place| {
            let after = place?;
            let reading = self.node.clock.read();
            if !reading.trusted {
                return Some((Chunk::Unbelievable, None));
            }
            let store = &self.node.store;
            let window = DueWindow {
                before: reading.now,
                after,
                limit: self.chunk_accounts,
            };
            Some(match store.due_accounts(&window).await {
                Ok(accounts) => {
                    let last = accounts.last().map(|last| last.place);
                    let is_full = accounts.len() as u64 >= self.chunk_accounts;
                    let now = reading.now;
                    (Chunk::Due { accounts, now }, is_full.then_some(last))
                }
                Err(error) => (Chunk::Unread(error), None),
            })
        })
    }

    /// Waits until something is due after `until`.
    async fn wait(&self, until: Instant) -> Result<(), StoreError> {
        let alarm = self.node.writer.alarm();
        if let Some(due) = self.node.store.next_due_after(until).await? {
            alarm.expect(due);
        }
        let mut looks_again = pin!(sleep(LOOK_EVERY));
        loop {
            let due = async {
                match alarm.next() {
                    Some(due) => self.node.clock.reaches(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // What is due comes first. A wake-up that is not taken here is kept by the alarm,
                // and the next wait begins with it.
                biased;
                () = due => return Ok(()),
                () = &mut looks_again => return Ok(()),
                () = alarm.comes_sooner() => {}
            }
        }
    }

    fn quarantine(&self) -> MutexGuard<'_, Quarantine> {
        let quarantine = self.quarantine.lock();
        quarantine.expect("nothing panics while it holds the quarantine")
    }
}
