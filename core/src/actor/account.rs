//! The actor of one account: it serialises everything that touches it.
//!
//! A call is decided *synchronously*, on top of all that was decided before, without waiting for the
//! disk; its caller is answered by the writer once it is kept. While the account is loaded, or
//! decided again after a loss, the actor takes up nothing else (`ctx.wait`), so that there is no
//! await between reading and changing its state. It never opens a transaction and never answers a
//! success itself.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use tokio::time::Instant as Monotonic;
use tracing::{debug, error};

use super::{
    deciding::{Deciding, Ruling},
    facts::{Facts, needs_facts},
    message::{Barrier, Execute, Passivate, View, Viewer},
    node::Node,
    pending::Pending,
    rate::RefusalRate,
    view::view,
};
use crate::{
    domain::{
        account::Account,
        command::{Command, Request},
        ids::{AccountId, OperationId},
        outcome::{Decision, Outcome},
    },
    error::LedgerError,
    store::StoreError,
    writer::submission::{CommittedState, Lineage, Settled, Submission},
};

/// The most calls that wait in an actor's mailbox. The permits of the callers are the real bound.
const MAILBOX_MESSAGES_MAX: usize = 16_384;

/// What a caller is told to wait when too many wait for the writer already.
const LOOKS_RETRY_AFTER_MS: u64 = 200;

/// The actor of one account.
pub struct AccountActor {
    id: AccountId,
    node: Arc<Node>,
    deciding: Option<Deciding>,
    pending: VecDeque<Pending>,
    in_flight: HashMap<OperationId, Decision>,
    viewers: Vec<Viewer>,
    refusals: RefusalRate,
    failed_alone: bool,
}

impl AccountActor {
    /// An actor that knows nothing so far; it loads its account with the first message.
    pub fn new(id: AccountId, node: Arc<Node>) -> AccountActor {
        AccountActor {
            id,
            node,
            deciding: None,
            pending: VecDeque::new(),
            in_flight: HashMap::new(),
            viewers: Vec::new(),
            refusals: RefusalRate::default(),
            failed_alone: false,
        }
    }

    /// Forgets calls that were answered; their decisions are in the database now.
    fn trim(&mut self) {
        while self
            .pending
            .front()
            .is_some_and(|one| one.waiter.is_answered())
        {
            let answered = self.pending.pop_front().expect("it was just looked at");
            let id = answered.command.operation_id;
            self.in_flight.remove(&id);
            if let Some(decision) = answered.decided.filter(|_| answered.waiter.is_kept()) {
                self.node.recent.insert(&self.id, id, decision);
            }
        }
    }

    /// Whether there is a state to decide on. That an account is not open is never taken from memory:
    /// another node may have opened it, and what is answered "unknown" meets no fence.
    fn is_ready(&self) -> bool {
        let ready = self.deciding.as_ref();
        ready.is_some_and(|deciding| !deciding.lineage.is_broken() && deciding.account.is_open())
    }

    /// Whether all that was decided is over.
    fn is_idle(&self) -> bool {
        let kept = self.deciding.as_ref().is_none_or(|deciding| {
            let lineage = &deciding.lineage;
            lineage.is_broken() || lineage.committed().head == deciding.head
        });
        kept && self.pending.is_empty() && self.viewers.is_empty()
    }

    /// Loads the account and decides all that is pending, in the order of arrival. Until then
    /// nothing else is taken up.
    fn load(&mut self, ctx: &mut Context<AccountActor>) {
        let after_loss = self.forget();
        let node = Arc::clone(&self.node);
        let id = self.id.clone();
        let commands: Vec<Command> = self.pending.iter().map(|one| one.command.clone()).collect();
        let loading = async move {
            let loaded = node.store.load(&id).await?;
            let store = node.store.as_ref();
            let facts = Facts::gather(store, &loaded.account, &commands, after_loss).await?;
            let state = CommittedState {
                account: loaded.account,
                head: loaded.head,
            };
            Ok::<_, StoreError>((state, facts))
        };
        ctx.wait(
            loading
                .into_actor(self)
                .map(|loaded, actor, ctx| match loaded {
                    Ok((state, facts)) => actor.resume(state, &facts, ctx),
                    Err(error) => actor.give_up(&error),
                }),
        );
    }

    /// Drops the state; `true` if it was one on which decisions had been made.
    fn forget(&mut self) -> bool {
        self.in_flight.clear();
        for one in &mut self.pending {
            one.decided = None;
        }
        match self.deciding.take() {
            Some(unopened) if !unopened.account.is_open() => {
                // Nothing was decided on it. This ends its watch.
                unopened.lineage.breaks();
                false
            }
            Some(lost) => {
                self.failed_alone |= lost.lineage.has_failed();
                debug!(account.id = %self.id, account.pending = self.pending.len(), "deciding again");
                true
            }
            None => false,
        }
    }

    fn resume(&mut self, state: CommittedState, facts: &Facts, ctx: &mut Context<AccountActor>) {
        let deciding = Deciding::new(state, std::mem::take(&mut self.failed_alone));
        self.watch(deciding.lineage.clone(), ctx);
        self.deciding = Some(deciding);
        let again = std::mem::take(&mut self.pending);
        for call in again {
            if !call.waiter.is_answered() {
                self.decide(call, facts);
            }
        }
        for viewer in std::mem::take(&mut self.viewers) {
            self.show(viewer, ctx);
        }
    }

    fn give_up(&mut self, error: &StoreError) {
        error!(account.id = %self.id, error = %error, "an account can't be loaded");
        let told = LedgerError::from(error);
        for call in self.pending.drain(..) {
            call.waiter.answer(Err(told.clone()));
        }
        for viewer in self.viewers.drain(..) {
            // A viewer that has gone away asks again.
            let _gone = viewer.send(Err(told.clone()));
        }
    }

    /// Loads again as soon as a decision of this lineage is lost.
    fn watch(&self, lineage: Lineage, ctx: &mut Context<AccountActor>) {
        let watched = lineage.clone();
        let broke = async move { watched.broke().await };
        ctx.spawn(broke.into_actor(self).map(move |(), actor, ctx| {
            let current = actor.deciding.as_ref();
            if current.is_some_and(|deciding| deciding.lineage.is(&lineage)) {
                actor.trim_lost();
                actor.load(ctx);
            }
        }));
    }

    /// Forgets calls that were answered before their lineage broke.
    fn trim_lost(&mut self) {
        self.pending.retain(|one| !one.waiter.is_answered());
    }

    /// Takes a call up, once there is a state to decide on.
    fn accept(&mut self, call: Pending, ctx: &mut Context<AccountActor>) {
        if self.is_ready() {
            self.trim();
            self.take_up(call, ctx);
        } else {
            self.trim_lost();
            self.pending.push_back(call);
            self.load(ctx);
        }
    }

    /// Decides a call, or looks up first what it needs to know.
    fn take_up(&mut self, call: Pending, ctx: &mut Context<AccountActor>) {
        let Some(deciding) = self.deciding.as_mut() else {
            return call.waiter.answer(Err(LedgerError::Internal));
        };
        // What ended before this call is looked up, once it is kept.
        deciding.ended.clear();
        // Where no new refusal may be kept, an old one must still be found.
        let limited = self.refusals.retry_after_ms(self.node.clock.read().now);
        if !needs_facts(&deciding.account, &call.command) && limited.is_none() {
            return self.decide(call, &Facts::default());
        }
        // What is still under way could be what the look-up would miss: wait for it first.
        let Some((look, kept)) = self.node.writer.look() else {
            let retry_after_ms = LOOKS_RETRY_AFTER_MS;
            let overloaded = LedgerError::Overloaded { retry_after_ms };
            return call.waiter.answer(Err(overloaded));
        };
        let mut barrier = deciding.barrier();
        barrier.done = Some(look);
        self.node.writer.submit(barrier);
        let lineage = deciding.lineage.clone();
        let node = Arc::clone(&self.node);
        let account = deciding.account.clone();
        let command = call.command.clone();
        let looking = async move {
            // If what was under way is lost, this call is decided again with all the others.
            let _lost = kept.await;
            Facts::gather(node.store.as_ref(), &account, &[command], true).await
        };
        let taking_up = looking.into_actor(self).map(move |facts, actor, ctx| {
            let current = actor.deciding.as_ref();
            let current = current.is_some_and(|deciding| deciding.lineage.is(&lineage));
            match facts {
                Ok(facts) if current => actor.decide(call, &facts),
                // It was loaded again meanwhile, and more may be under way than what was looked up.
                Ok(_) => actor.accept(call, ctx),
                Err(error) => call.waiter.answer(Err(LedgerError::from(&error))),
            }
        });
        ctx.wait(taking_up);
    }

    /// The answer of a call whose id, or whose payment, was decided before.
    fn earlier_answer(&self, call: &Pending, facts: &Facts) -> Option<Settled> {
        let id = call.command.operation_id;
        let decision = self.in_flight.get(&id).or_else(|| facts.decision(id));
        let decision = decision.cloned();
        match decision.or_else(|| self.node.recent.get(&self.id, id)) {
            Some(decision) => Some(Settled {
                outcome: decision.repeat(id, &call.content),
                replayed: decision.content == call.content,
            }),
            None => Some(Settled {
                outcome: facts.purchase_before(&self.id, &call.command)?,
                replayed: true,
            }),
        }
    }

    /// Decides a call on what there is. If that is lost meanwhile, the writer drops the decision and
    /// the call is decided again with all the others.
    fn decide(&mut self, mut call: Pending, facts: &Facts) {
        let Some(deciding) = self.deciding.as_ref() else {
            return call.waiter.answer(Err(LedgerError::Internal));
        };
        if let Some(answer) = self.earlier_answer(&call, facts) {
            let mut barrier = deciding.barrier();
            barrier.waiter = Some((call.waiter.clone(), answer));
            self.node.writer.submit(barrier);
            return self.pending.push_back(call);
        }
        match self.decide_new(&call, facts) {
            Ok(decision) => {
                self.in_flight
                    .insert(call.command.operation_id, decision.clone());
                call.decided = Some(decision);
                self.pending.push_back(call);
            }
            Err(told) => call.waiter.answer(Err(told)),
        }
    }

    fn decide_new(&mut self, call: &Pending, facts: &Facts) -> Result<Decision, LedgerError> {
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
        for step in steps {
            self.node.writer.submit(step);
        }
        let known = facts.known(&call.command);
        match deciding.rule(open, &catalogs, &call.command, call.content, known, now) {
            Ruling::Decided(decision, mut submission) => {
                if matches!(decision.outcome, Outcome::Refused(_)) {
                    // Only what would be refused has to wait: a client in a loop must not keep a
                    // job from being settled, or a pack from being bought.
                    if let Some(retry_after_ms) = self.refusals.retry_after_ms(now) {
                        submission.refusal = None;
                        self.node.writer.submit(submission);
                        return Err(LedgerError::RateLimited { retry_after_ms });
                    }
                    self.refusals.count(now);
                }
                let answer = Settled {
                    outcome: decision.outcome.clone(),
                    replayed: false,
                };
                submission.waiter = Some((call.waiter.clone(), answer));
                self.node.writer.submit(submission);
                Ok(decision)
            }
            // The catalog changed between the caller's look at it and this one.
            Ruling::Free(submission) => {
                self.node.writer.submit(submission);
                Err(LedgerError::Unavailable)
            }
        }
    }

    /// Answers a viewer, once what is due is committed.
    fn show(&mut self, viewer: Viewer, ctx: &mut Context<AccountActor>) {
        let Some(deciding) = self.deciding.as_mut() else {
            // A viewer that has gone away asks again.
            let _gone = viewer.send(Err(LedgerError::Internal));
            return;
        };
        let reading = self.node.clock.read();
        let lineage = deciding.lineage.clone();
        let committed = lineage.committed();
        let is_due =
            |account: &Account| account.next_due_at().is_some_and(|due| due <= reading.now);
        if !reading.trusted || !is_due(&committed.account) {
            let _gone = viewer.send(Ok(view(&self.node, &committed, reading.now)));
            return;
        }
        let Some((look, kept)) = self.node.writer.look() else {
            let _gone = viewer.send(Ok(view(&self.node, &committed, reading.now)));
            return;
        };
        let (steps, open) = deciding.advance(&self.node.catalogs(), reading.now);
        for step in steps {
            self.node.writer.submit(step);
        }
        let mut last = deciding.close(open);
        last.done = Some(look);
        self.node.writer.submit(last);
        let node = Arc::clone(&self.node);
        let waiting = async move {
            // If it can't be written, the last committed balance is shown with its instant.
            let _lost = kept.await;
            let _gone = viewer.send(Ok(view(&node, &lineage.committed(), reading.now)));
        };
        ctx.spawn(waiting.into_actor(self));
    }
}

impl Actor for AccountActor {
    type Context = Context<AccountActor>;

    fn started(&mut self, ctx: &mut Context<AccountActor>) {
        ctx.set_mailbox_capacity(MAILBOX_MESSAGES_MAX);
    }
}

impl Handler<Execute> for AccountActor {
    type Result = ();

    fn handle(&mut self, call: Execute, ctx: &mut Context<AccountActor>) {
        if Monotonic::now() >= call.deadline || !call.ticket.take_up() {
            return call.waiter.answer(Err(LedgerError::Unavailable));
        }
        let call = Pending {
            command: call.command,
            content: call.content,
            deadline: call.deadline,
            waiter: call.waiter,
            decided: None,
        };
        self.accept(call, ctx);
    }
}

impl Handler<View> for AccountActor {
    type Result = ();

    fn handle(&mut self, View { reply }: View, ctx: &mut Context<AccountActor>) {
        if self.is_ready() {
            self.trim();
            self.show(reply, ctx);
        } else {
            self.trim_lost();
            self.viewers.push(reply);
            self.load(ctx);
        }
    }
}

impl Handler<Barrier> for AccountActor {
    type Result = ();

    fn handle(&mut self, Barrier { done }: Barrier, _: &mut Context<AccountActor>) {
        if let Some(deciding) = self.deciding.as_ref() {
            let mut barrier: Submission = deciding.barrier();
            barrier.done = Some(done);
            self.node.writer.submit(barrier);
        } else {
            // Nothing is under way.
            done.tell();
        }
    }
}

impl Handler<Passivate> for AccountActor {
    type Result = bool;

    fn handle(&mut self, _: Passivate, ctx: &mut Context<AccountActor>) -> bool {
        self.trim();
        let idle = self.is_idle();
        if idle {
            ctx.stop();
        }
        idle
    }
}
