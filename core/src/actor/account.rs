//! The actor of one account: it serialises everything that touches it.
//!
//! A call is decided *synchronously*, at the `desk`, on top of all that was decided before, without
//! waiting for the disk; its caller is answered by the writer once it is kept. While the account is
//! loaded the actor takes up nothing else (`ctx.wait`), and while the writer has the desk for a turn
//! (`contention`) there is nothing to decide at, so that there is no await
//! between reading and changing its state. It never opens a transaction and never answers a success
//! itself.

mod showing;

#[cfg(test)]
mod tests;

use std::{collections::VecDeque, sync::Arc};

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use tokio::time::Instant as Monotonic;
use tracing::{debug, error};

use super::{
    catalogs,
    contention::{Contention, DeskTurn},
    desk::Desk,
    facts::{self, Facts, needs_facts},
    message::{Barrier, Execute, Overtaken, Passivate, View, Viewer},
    node::Node,
    pending::Pending,
};
use crate::{
    domain::ids::AccountId,
    error::LedgerError,
    store::{Loaded, StoreError},
    writer::submission::{CommittedState, Submission},
};

/// The most calls that wait in an actor's mailbox. The permits of the callers are the real bound.
const MAILBOX_MESSAGES_MAX: usize = 16_384;

/// What a caller is told to wait when too many wait for the writer already.
const LOOKS_RETRY_AFTER_MS: u64 = 200;

/// The actor of one account.
pub struct AccountActor {
    id: AccountId,
    node: Arc<Node>,
    /// None while the writer has it, for a turn.
    desk: Option<Desk>,
    contention: Contention,
    /// Calls that came during a turn, in the order of arrival.
    waiting: VecDeque<Pending>,
    viewers: Vec<Viewer>,
    /// Whether the account is being loaded.
    loading: bool,
}

impl AccountActor {
    /// An actor that knows nothing so far; it loads its account with the first message.
    pub fn new(id: AccountId, node: Arc<Node>) -> AccountActor {
        AccountActor {
            desk: Some(Desk::new(id.clone(), Arc::clone(&node))),
            id,
            node,
            contention: Contention::default(),
            waiting: VecDeque::new(),
            viewers: Vec::new(),
            loading: false,
        }
    }

    /// Whether all that was decided is over, and nobody waits.
    fn is_idle(&self) -> bool {
        let at_rest = self.desk.as_ref().is_some_and(Desk::is_idle);
        at_rest && self.waiting.is_empty() && self.viewers.is_empty()
    }

    fn submit(&self, decided: Vec<Submission>) {
        for submission in decided {
            self.node.writer.submit(submission);
        }
    }

    /// Loads the account and decides all that is pending, in the order of arrival. Until then
    /// nothing else is taken up.
    fn load(&mut self, ctx: &mut Context<AccountActor>) {
        let Some(desk) = self.desk.as_mut() else {
            return;
        };
        let after_loss = desk.forget();
        self.loading = true;
        if after_loss {
            debug!(account.id = %self.id, account.pending = desk.pending.len(), "deciding again");
        }
        let lookups = facts::lookups(
            desk.pending.iter().map(|one| one.command.as_ref()),
            after_loss,
        );
        let node = Arc::clone(&self.node);
        let id = self.id.clone();
        let loading = async move {
            let Loaded { account, head } = node.store.load(&id).await?;
            if catalogs::are_behind(&node.catalogs(), &account) {
                node.learn().await?;
            }
            let facts = Facts::gather(node.store.as_ref(), &account, lookups).await?;
            let account = Arc::new(account);
            Ok::<_, StoreError>((CommittedState { account, head }, facts))
        };
        ctx.wait(loading.into_actor(self).map(|loaded, actor, ctx| {
            actor.loading = false;
            match loaded {
                Ok((state, facts)) => actor.resume(state, facts, ctx),
                Err(error) => actor.give_up(&error),
            }
        }));
    }

    fn resume(&mut self, state: CommittedState, facts: Facts, ctx: &mut Context<AccountActor>) {
        if let Some(desk) = self.desk.as_mut() {
            let decided = desk.begin(state, facts);
            self.submit(decided);
        }
        self.watch(ctx);
        self.show_all(ctx);
    }

    fn give_up(&mut self, error: &StoreError) {
        error!(account.id = %self.id, error = %error, "an account can't be loaded");
        let told = LedgerError::from(error);
        for call in self.desk.iter_mut().flat_map(|desk| desk.pending.drain(..)) {
            call.waiter.answer(Err(told.clone()));
        }
        for viewer in self.viewers.drain(..) {
            // A viewer that has gone away asks again.
            let _gone = viewer.send(Err(told.clone()));
        }
    }

    /// Decides again as soon as a decision of the desk's lineage is lost: from what is loaded, or, if
    /// another node was faster, in turns for a while.
    fn watch(&self, ctx: &mut Context<AccountActor>) {
        let Some(deciding) = self.desk.as_ref().and_then(|desk| desk.deciding.as_ref()) else {
            return;
        };
        let lineage = deciding.lineage.clone();
        let watched = lineage.clone();
        let broke = async move { watched.broke().await };
        ctx.spawn(broke.into_actor(self).map(move |(), actor, ctx| {
            let Some(desk) = actor.desk.as_mut() else {
                return;
            };
            let current = desk.deciding.as_ref();
            if current.is_some_and(|deciding| deciding.lineage.is(&lineage)) {
                desk.trim_lost();
                if !lineage.has_failed() {
                    actor.contention.begins();
                }
                actor.go_on(ctx);
            }
        }));
    }

    /// Decides all that is pending anew, on what the database has.
    fn go_on(&mut self, ctx: &mut Context<AccountActor>) {
        let has_calls = self
            .desk
            .as_ref()
            .is_some_and(|desk| !desk.pending.is_empty());
        if has_calls && self.contention.lasts() {
            self.take_turn(ctx);
        } else {
            self.load(ctx);
        }
    }

    /// Lets the writer have the desk, to decide its calls while the account is locked.
    fn take_turn(&mut self, ctx: &mut Context<AccountActor>) {
        let Some(mut desk) = self.desk.take() else {
            return;
        };
        desk.forget();
        let (turn, over) = DeskTurn::new(desk);
        self.node.writer.take_turn(Box::new(turn));
        ctx.spawn(over.into_actor(self).map(|desk, actor, ctx| {
            // A writer that died took the desk and its callers along.
            let lost = |_| Desk::new(actor.id.clone(), Arc::clone(&actor.node));
            let desk = desk.unwrap_or_else(lost);
            actor.take_back(desk, ctx);
        }));
    }

    fn take_back(&mut self, mut desk: Desk, ctx: &mut Context<AccountActor>) {
        desk.trim();
        let undecided = desk.deciding.is_none();
        let lost = desk
            .deciding
            .as_ref()
            .is_none_or(|one| one.lineage.is_broken());
        if lost {
            desk.trim_lost();
        }
        desk.pending.append(&mut self.waiting);
        let again = lost || !desk.pending.is_empty();
        self.desk = Some(desk);
        if !lost {
            self.watch(ctx);
            self.show_all(ctx);
        }
        if undecided {
            // Whatever kept the turn from being decided, a load tells.
            self.load(ctx);
        } else if again {
            self.go_on(ctx);
        }
    }

    /// Takes a call up, once there is a state to decide on.
    fn accept(&mut self, call: Pending, ctx: &mut Context<AccountActor>) {
        let contended = self.contention.lasts();
        let Some(desk) = self.desk.as_mut() else {
            return self.waiting.push_back(call);
        };
        if desk.is_ready() && !contended {
            desk.trim();
            self.take_up(call, ctx);
        } else {
            desk.trim_lost();
            desk.pending.push_back(call);
            self.go_on(ctx);
        }
    }

    /// Decides a call, or looks up first what it needs to know.
    fn take_up(&mut self, call: Pending, ctx: &mut Context<AccountActor>) {
        let Some(desk) = self.desk.as_mut() else {
            return self.waiting.push_back(call);
        };
        let Some(deciding) = desk.deciding.as_mut() else {
            return call.waiter.answer(Err(LedgerError::Internal));
        };
        // What ended before this call is looked up, once it is kept.
        deciding.ended.clear();
        // Where no new refusal may be kept, an old one must still be found.
        let limited = desk.refusals.retry_after_ms(self.node.clock.read().now);
        if !needs_facts(&deciding.account, &call.command) && limited.is_none() {
            let decided = desk.decide(call, &Facts::default());
            return self.submit(decided);
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
        let account = Arc::clone(&deciding.account);
        let lookups = facts::lookups([call.command.as_ref()].into_iter(), true);
        let looking = async move {
            // If what was under way is lost, this call is decided again with all the others.
            let _lost = kept.await;
            Facts::gather(node.store.as_ref(), &account, lookups).await
        };
        let taking_up = looking.into_actor(self).map(move |facts, actor, ctx| {
            let is_current = |desk: &&mut Desk| {
                let current = desk.deciding.as_ref();
                current.is_some_and(|deciding| deciding.lineage.is(&lineage))
            };
            match (facts, actor.desk.as_mut().filter(is_current)) {
                (Ok(facts), Some(desk)) => {
                    let decided = desk.decide(call, &facts);
                    actor.submit(decided);
                }
                // It was loaded again meanwhile, and more may be under way than what was looked up.
                (Ok(_), None) => actor.accept(call, ctx),
                (Err(error), _) => call.waiter.answer(Err(LedgerError::from(&error))),
            }
        });
        ctx.wait(taking_up);
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
        self.look(reply, ctx);
    }
}

impl Handler<Barrier> for AccountActor {
    type Result = ();

    fn handle(&mut self, Barrier { done }: Barrier, _: &mut Context<AccountActor>) {
        let Some(desk) = self.desk.as_ref() else {
            // What a turn comes to is known when it is over: whoever asked looks again.
            return drop(done);
        };
        if let Some(deciding) = desk.deciding.as_ref() {
            let mut barrier: Submission = deciding.barrier();
            barrier.done = Some(done);
            self.node.writer.submit(barrier);
        } else {
            // Nothing is under way.
            done.tell();
        }
    }
}

impl Handler<Overtaken> for AccountActor {
    type Result = ();

    fn handle(&mut self, Overtaken { sequence }: Overtaken, _: &mut Context<AccountActor>) {
        // A turn begins with what the database has, and what is under way loses and is decided again.
        if let Some(desk) = self.desk.as_mut() {
            desk.trim();
            if desk.is_behind(sequence) && desk.is_idle() {
                desk.forget();
            }
        }
    }
}

impl Handler<Passivate> for AccountActor {
    type Result = bool;

    fn handle(&mut self, _: Passivate, ctx: &mut Context<AccountActor>) -> bool {
        if let Some(desk) = self.desk.as_mut() {
            desk.trim();
        }
        let idle = self.is_idle();
        if idle {
            ctx.stop();
        }
        idle
    }
}
