//! One chunk of a sweep: from accounts with something due to what became of them.
//!
//! Owns who does it: the account's actor, where it has one, else the sweeper itself. Deciding is
//! synchronous, without an await between the look at who has an actor and the last submission.

use std::{
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use actix::Addr;
use futures_util::{StreamExt, future::join, stream};
use tokio::{
    sync::oneshot,
    time::{Instant as Monotonic, timeout},
};
use tracing::{error, warn};

use super::{Sweeper, outcome::Swept};
use crate::{
    actor::{account::AccountActor, deciding::Deciding, message::View, quarantine::Verdict},
    domain::{account::Account, catalog::Catalogs, event::OperationKind, time::Instant},
    store::{DueAccount, Loaded, StoreError},
    writer::submission::{CommittedState, Lineage, Look, Submission},
};

/// How many actors are asked at once: their decisions stand among those of callers, so that they are
/// as few as go beside these.
const ACTORS_ASKED_MAX: usize = 16;

/// With more accounts than this failing, and none that can be written, it is the database.
const FAILED_ALONE_MAX: usize = 8;

/// What was read in one go.
pub(super) enum Chunk {
    /// Accounts with something due by then; none after them if there are fewer than asked for.
    Due {
        accounts: Vec<DueAccount>,
        now: Instant,
    },
    /// The database could not be read.
    Unread(StoreError),
    /// The clock is not to be believed.
    Unbelievable,
}

/// A step of what is due on an account without an actor.
pub(super) struct Decided {
    pub(super) key: i64,
    pub(super) submission: Submission,
    pub(super) renewals: u64,
    pub(super) has_more: bool,
    /// It failed before, and must not take others with it if it does again.
    pub(super) alone: bool,
}

/// An account that was decided on and submitted.
struct Submitted {
    key: i64,
    lineage: Lineage,
    kept: oneshot::Receiver<()>,
    renewals: u64,
    has_more: bool,
}

/// An account that has an actor.
struct Resident {
    key: i64,
    actor: Addr<AccountActor>,
    before: Account,
}

/// What became of one account.
pub(super) enum Fate {
    Done { renewals: u64, has_more: bool },
    Overtaken,
    Failed,
}

/// Who does what is due on the accounts of a chunk.
#[derive(Default)]
pub(super) struct Parts {
    submitted: Vec<Submitted>,
    residents: Vec<Resident>,
    left_out: u64,
    left: u64,
    elsewhere: u64,
}

impl Sweeper {
    /// Does what is due on the accounts of a chunk, and waits until that is over.
    pub(super) async fn work_off(&self, chunk: Chunk) -> Swept {
        let (accounts, now) = match chunk {
            Chunk::Due { accounts, now } => (accounts, now),
            Chunk::Unread(error) => {
                warn!(error = %error, "what is due could not be read");
                return Swept::stuck();
            }
            Chunk::Unbelievable => return Swept::stuck(),
        };
        let mut parts = Parts::default();
        self.decide(accounts, now, &mut parts, |parts, decided| {
            self.submit(decided, parts);
            ControlFlow::Continue(())
        });
        self.settle(parts, Vec::new(), now).await
    }

    /// Waits until all parts are over: what they came to, with the accounts whose fate is known.
    pub(super) async fn settle(
        &self,
        parts: Parts,
        mut fates: Vec<(i64, Fate)>,
        now: Instant,
    ) -> Swept {
        let Parts {
            submitted,
            residents,
            left_out,
            left,
            elsewhere,
        } = parts;
        let asked = stream::iter(residents)
            .map(|resident| self.ask(resident, now))
            .buffer_unordered(ACTORS_ASKED_MAX)
            .collect::<Vec<(i64, Fate)>>();
        let (kept, asked) = join(fates_of(submitted), asked).await;
        fates.extend(kept);
        fates.extend(asked);
        let mut swept = self.count(&fates);
        swept.left_out += left_out;
        swept.left += left;
        swept.elsewhere = elsewhere;
        swept.until = now;
        swept
    }

    /// Decides one step of each account without an actor, and gives it away at once, until there is no
    /// more room for it.
    pub(super) fn decide(
        &self,
        accounts: Vec<DueAccount>,
        now: Instant,
        parts: &mut Parts,
        mut keep: impl FnMut(&mut Parts, Decided) -> ControlFlow<()>,
    ) {
        let catalogs = self.node.catalogs();
        if *self.stopped.borrow() || catalogs.latest().is_none() {
            parts.left += accounts.len() as u64;
            return;
        }
        let mut loaded: Vec<(i64, Loaded)> = Vec::with_capacity(accounts.len());
        for DueAccount { place, loaded: due } in accounts {
            if self.quarantine().holds(place.key, Monotonic::now()) {
                parts.left_out += 1;
                continue;
            }
            match due {
                Ok(due) => loaded.push((place.key, due)),
                Err(corrupt) => {
                    self.put_away(place.key, true, &corrupt.to_string());
                    parts.left_out += 1;
                }
            }
        }
        let ids = loaded.iter().map(|(_, due)| &due.account.id);
        let actors = self.registry.residents_of(ids);
        let mut room = ControlFlow::Continue(());
        for ((key, due), actor) in loaded.into_iter().zip(actors) {
            match actor {
                Some(actor) => parts.residents.push(Resident {
                    key,
                    actor,
                    before: due.account,
                }),
                None if room.is_break() => parts.left += 1,
                None => {
                    if let Some(decided) = self.step(key, due, &catalogs, now, parts) {
                        room = keep(parts, decided);
                    }
                }
            }
        }
    }

    /// Decides one step of an account; none if there is nothing to write.
    fn step(
        &self,
        key: i64,
        due: Loaded,
        catalogs: &Catalogs,
        now: Instant,
        parts: &mut Parts,
    ) -> Option<Decided> {
        let alone = self.quarantine().knows(key);
        let id = due.account.id.clone();
        let decided = AssertUnwindSafe(|| step(due, alone, catalogs, now));
        let Ok((submission, has_more)) = catch_unwind(decided) else {
            // The hook has logged where.
            self.put_away(key, true, &format!("deciding what is due on {id} panicked"));
            parts.left_out += 1;
            return None;
        };
        let is_renewal = |kind: OperationKind| kind == OperationKind::PeriodGrant;
        let operations = submission.operations.iter();
        let renewals = operations.filter(|one| is_renewal(one.kind)).count() as u64;
        // If nothing is written, it was done between the two statements that read it.
        submission.writes().then_some(Decided {
            key,
            submission,
            renewals,
            has_more,
            alone,
        })
    }

    /// Submits what was decided, behind what callers wait for.
    pub(super) fn submit(&self, decided: Decided, parts: &mut Parts) {
        let Ok(place) = Arc::clone(&self.in_flight).try_acquire_owned() else {
            parts.left += 1;
            return;
        };
        let Decided {
            key,
            mut submission,
            renewals,
            has_more,
            ..
        } = decided;
        let (look, kept) = Look::new(place);
        submission.done = Some(look);
        parts.submitted.push(Submitted {
            key,
            lineage: submission.lineage.clone(),
            kept,
            renewals,
            has_more,
        });
        self.node.writer.submit_behind(submission);
    }

    /// Lets an account's actor do what is due, which it does before it shows the account.
    async fn ask(&self, resident: Resident, now: Instant) -> (i64, Fate) {
        let Resident { key, actor, before } = resident;
        let (reply, shown) = oneshot::channel();
        if actor.try_send(View { reply }).is_err() {
            // It is busy, which applies time too, or has just ended.
            return (key, Fate::Overtaken);
        }
        let fate = match timeout(self.node.limits.deadline, shown).await {
            Ok(Ok(Ok(Some(view)))) => {
                let after = &view.account;
                match after.next_due_at().filter(|due| *due <= now) {
                    Some(_) => Fate::Failed,
                    None => Fate::Done {
                        renewals: renewals_between(&before, after),
                        has_more: false,
                    },
                }
            }
            Ok(Ok(Ok(None) | Err(_))) => Fate::Failed,
            // It died under the question, or takes long: whoever is next finds it.
            Ok(Err(_)) | Err(_) => Fate::Overtaken,
        };
        (key, fate)
    }

    /// What the fates sum up to. Where none of many could be written it is the database that fails;
    /// otherwise it is the accounts, which are left out sooner or later.
    fn count(&self, fates: &[(i64, Fate)]) -> Swept {
        let mut swept = Swept::default();
        let mut failed = Vec::new();
        for (key, fate) in fates {
            match fate {
                Fate::Done { renewals, has_more } => {
                    swept.accounts += 1;
                    swept.renewals += renewals;
                    swept.left += u64::from(*has_more);
                    self.quarantine().remove(*key);
                }
                Fate::Overtaken => swept.overtaken += 1,
                Fate::Failed => failed.push(*key),
            }
        }
        // Nothing can be done now, whosever fault it is.
        swept.stuck = !failed.is_empty() && swept.accounts == 0;
        if swept.stuck && failed.len() > FAILED_ALONE_MAX {
            return swept;
        }
        for key in failed {
            match self.put_away(key, false, "it can't be written") {
                Verdict::TriedAgain => swept.left += 1,
                Verdict::LeftOut | Verdict::StillLeftOut => swept.left_out += 1,
            }
        }
        swept
    }

    fn put_away(&self, key: i64, hopeless: bool, why: &str) -> Verdict {
        let verdict = self.quarantine().add(key, hopeless, Monotonic::now());
        if verdict == Verdict::LeftOut {
            error!(
                account.key = key,
                error = why,
                "what is due on an account can't be done; it is left out"
            );
        }
        verdict
    }
}

impl Parts {
    /// Counts accounts that another node has.
    pub(super) fn pass(&mut self, accounts: u64) {
        self.elsewhere += accounts;
    }
}

impl Swept {
    pub(super) fn stuck() -> Swept {
        Swept {
            stuck: true,
            ..Swept::default()
        }
    }
}

/// One step of what is due, as a submission of a lineage of its own.
fn step(due: Loaded, alone: bool, catalogs: &Catalogs, now: Instant) -> (Submission, bool) {
    let state = CommittedState {
        account: Arc::new(due.account),
        head: due.head,
    };
    let mut deciding = Deciding::new(state, alone);
    let (open, has_more) = deciding.step(catalogs, now);
    (deciding.close(open), has_more)
}

/// What became of each: waits until all of it is over. Most are told of in groups, so that few of these
/// wait at all.
async fn fates_of(submitted: Vec<Submitted>) -> Vec<(i64, Fate)> {
    let mut fates = Vec::with_capacity(submitted.len());
    for one in submitted {
        let fate = match one.kept.await {
            Ok(()) => Fate::Done {
                renewals: one.renewals,
                has_more: one.has_more,
            },
            Err(_) if one.lineage.has_failed() => Fate::Failed,
            Err(_) => Fate::Overtaken,
        };
        fates.push((one.key, fate));
    }
    fates
}

/// How many periods of one subscription were granted between two states.
fn renewals_between(before: &Account, after: &Account) -> u64 {
    let (Some(before), Some(after)) = (&before.subscription, &after.subscription) else {
        return 0;
    };
    let same = before.id == after.id;
    u64::from(after.period.saturating_sub(before.period)) * u64::from(same)
}
