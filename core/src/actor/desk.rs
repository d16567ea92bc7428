//! The desk of one account: the calls that wait, and what they are decided with.
//!
//! Owns what an actor's decisions are made of: the account in memory, the calls not yet answered, and
//! the ids under way. All of it is synchronous; what it decides goes out as submissions, in order. It
//! never waits, loads or answers a success.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use tokio::time::Instant as Monotonic;

use super::{
    deciding::{Deciding, Ruling},
    facts::Facts,
    node::Node,
    pending::Pending,
    rate::RefusalRate,
};
use crate::{
    domain::{
        command::{Command, Request},
        ids::{AccountId, OperationId, Sequence},
        outcome::{Decision, Outcome},
        regeneration::Earlier,
    },
    error::LedgerError,
    writer::submission::{CommittedState, Settled, Submission},
};

/// The desk of one account.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) id: AccountId,
    pub(super) node: Arc<Node>,
    /// The account, once it was loaded.
    pub(super) deciding: Option<Deciding>,
    /// The calls that were taken up and not seen answered, in the order of arrival.
    pub(super) pending: VecDeque<Pending>,
    pub(super) refusals: RefusalRate,
    in_flight: HashMap<OperationId, Decision>,
    failed_alone: bool,
}

impl Desk {
    pub(super) fn new(id: AccountId, node: Arc<Node>) -> Desk {
        Desk {
            id,
            node,
            deciding: None,
            pending: VecDeque::new(),
            refusals: RefusalRate::default(),
            in_flight: HashMap::new(),
            failed_alone: false,
        }
    }

    /// Forgets calls that were answered; their decisions are in the database now.
    pub(super) fn trim(&mut self) {
        while self
            .pending
            .front()
            .is_some_and(|one| one.waiter.is_answered())
        {
            let answered = self.pending.pop_front().expect("it was just looked at");
            // A repetition, and what is not stored, left nothing under its id.
            let Some(decision) = answered.decided else {
                continue;
            };
            let id = answered.command.operation_id;
            self.in_flight.remove(&id);
            if answered.waiter.is_kept() {
                self.node.recent.insert(&self.id, id, decision);
            }
        }
    }

    /// Forgets calls that were answered before their lineage broke.
    pub(super) fn trim_lost(&mut self) {
        self.pending.retain(|one| !one.waiter.is_answered());
    }

    /// Whether there is a state to decide on. That an account is not open is never taken from memory:
    /// another node may have opened it, and what is answered "unknown" meets no fence.
    pub(super) fn is_ready(&self) -> bool {
        let ready = self.deciding.as_ref();
        ready.is_some_and(|deciding| !deciding.lineage.is_broken() && deciding.account.is_open())
    }

    /// Whether all that was decided is over.
    pub(super) fn is_idle(&self) -> bool {
        let kept = self.deciding.as_ref().is_none_or(|deciding| {
            let lineage = &deciding.lineage;
            lineage.is_broken() || lineage.committed().head == deciding.head
        });
        kept && self.pending.is_empty()
    }

    /// Whether the state is of a position before that one.
    pub(super) fn is_behind(&self, sequence: Sequence) -> bool {
        let deciding = self.deciding.as_ref();
        deciding.is_some_and(|deciding| deciding.lineage.committed().head.sequence < sequence)
    }

    /// Drops the state, which ends its lineage; `true` if it was one on which decisions had been made.
    pub(super) fn forget(&mut self) -> bool {
        self.in_flight.clear();
        for one in &mut self.pending {
            one.decided = None;
        }
        let Some(before) = self.deciding.take() else {
            return false;
        };
        self.failed_alone |= before.lineage.has_failed();
        before.lineage.breaks();
        before.account.is_open()
    }

    /// Goes on from what the database has, and decides all that is pending, in the order of arrival.
    pub(super) fn begin(&mut self, state: CommittedState, mut facts: Facts) -> Vec<Submission> {
        let alone = std::mem::take(&mut self.failed_alone);
        self.deciding = Some(Deciding::new(state, alone));
        let mut decided = Vec::new();
        for call in std::mem::take(&mut self.pending) {
            if call.waiter.is_answered() {
                continue;
            }
            decided.extend(self.decide(call, &facts));
            if let Some(call) = self.pending.back()
                && let Some(decision) = &call.decided
            {
                facts.learn(&call.command, decision);
            }
        }
        decided
    }

    /// Decides a call on what there is. If that is lost meanwhile, the writer drops the decision and
    /// the call is decided again with all the others.
    pub(super) fn decide(&mut self, mut call: Pending, facts: &Facts) -> Vec<Submission> {
        let Some(deciding) = self.deciding.as_ref() else {
            call.waiter.answer(Err(LedgerError::Internal));
            return Vec::new();
        };
        if let Some(answer) = self.earlier_answer(&call, facts) {
            let mut barrier = deciding.barrier();
            barrier.waiter = Some((call.waiter.clone(), answer));
            self.pending.push_back(call);
            return vec![barrier];
        }
        let mut submissions = Vec::with_capacity(1);
        match self.decide_new(&call, facts, &mut submissions) {
            Ok(decision) => {
                if decision.is_stored(&call.command.request) {
                    let id = call.command.operation_id;
                    self.in_flight.insert(id, decision.clone());
                    call.decided = Some(decision);
                }
                self.pending.push_back(call);
            }
            Err(told) => call.waiter.answer(Err(told)),
        }
        submissions
    }

    /// The answer of a call whose id was decided before.
    fn earlier_answer(&self, call: &Pending, facts: &Facts) -> Option<Settled> {
        let id = call.command.operation_id;
        let decision = self.in_flight.get(&id).or_else(|| facts.decision(id));
        let decision = decision.cloned();
        let decision = decision.or_else(|| self.node.recent.get(&self.id, id))?;
        Some(Settled {
            outcome: decision.repeat(id, &call.content),
            replayed: decision.content == call.content,
        })
    }

    /// What the command names of what was generated before: under way, or kept.
    fn earlier(&self, command: &Command, facts: &Facts) -> Option<Earlier> {
        let id = command.request.earlier()?;
        let decision = self.in_flight.get(&id).or_else(|| facts.decision(id))?;
        match &decision.outcome {
            Outcome::Accepted(accepted) => Earlier::of(id, &accepted.operation.event.fact),
            Outcome::Refused(_) => None,
        }
    }

    fn decide_new(
        &mut self,
        call: &Pending,
        facts: &Facts,
        submissions: &mut Vec<Submission>,
    ) -> Result<Decision, LedgerError> {
        let deciding = self.deciding.as_mut().ok_or(LedgerError::Internal)?;
        let reading = self.node.clock.read();
        if !reading.trusted || Monotonic::now() >= call.deadline {
            return Err(LedgerError::Unavailable);
        }
        let opens = matches!(call.command.request, Request::OpenAccount);
        if !deciding.account.is_open() && !opens {
            return Err(LedgerError::AccountUnknown);
        }
        let now = reading.now;
        let catalogs = self.node.catalogs();
        let (steps, open) = deciding.advance(&catalogs, now);
        submissions.extend(steps);
        let mut known = facts.known(&call.command);
        known.earlier = self.earlier(&call.command, facts);
        let deciding = self.deciding.as_mut().ok_or(LedgerError::Internal)?;
        match deciding.rule(open, &catalogs, &call.command, call.content, known, now) {
            Ruling::Decided(decision, mut submission) => {
                if submission.refusal.is_some() {
                    // Only what would be refused has to wait: a client in a loop must not keep a
                    // job from being settled, or a pack from being bought.
                    if let Some(retry_after_ms) = self.refusals.retry_after_ms(now) {
                        submission.refusal = None;
                        submissions.push(submission);
                        return Err(LedgerError::RateLimited { retry_after_ms });
                    }
                    self.refusals.count(now);
                }
                let answer = Settled {
                    outcome: decision.outcome.clone(),
                    replayed: false,
                };
                submission.waiter = Some((call.waiter.clone(), answer));
                submissions.push(submission);
                Ok(decision)
            }
            // The catalog changed between the caller's look at it and this one.
            Ruling::Free(submission) => {
                submissions.push(submission);
                Err(LedgerError::Unavailable)
            }
        }
    }
}
