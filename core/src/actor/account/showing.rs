//! Showing an account to those who look at it: as it is committed, and with what is due committed
//! first.
//!
//! Owns who waits to see it. It never decides anything but what time does.

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};

use super::AccountActor;
use crate::{
    actor::{message::Viewer, view::view},
    domain::account::Account,
    error::LedgerError,
};

impl AccountActor {
    pub(super) fn show_all(&mut self, ctx: &mut Context<AccountActor>) {
        for viewer in std::mem::take(&mut self.viewers) {
            self.show(viewer, ctx);
        }
    }

    /// Answers a viewer, once what is due is committed.
    fn show(&mut self, viewer: Viewer, ctx: &mut Context<AccountActor>) {
        let desk = self.desk.as_mut();
        let Some(deciding) = desk.and_then(|desk| desk.deciding.as_mut()) else {
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
        let waiting = kept.into_actor(self).map(move |kept, actor, ctx| {
            let overtaken = kept.is_err() && !lineage.has_failed();
            if overtaken && !viewer.is_closed() && !actor.node.writer.is_halted() {
                // Somebody else was faster, a sweep for one: readers must not see less than others.
                return actor.look(viewer, ctx);
            }
            // If it can't be written, the last committed balance is shown with its instant.
            let shown = view(&actor.node, &lineage.committed(), reading.now);
            let _gone = viewer.send(Ok(shown));
        });
        ctx.spawn(waiting);
    }

    /// Answers a viewer, once there is a state to show.
    pub(super) fn look(&mut self, viewer: Viewer, ctx: &mut Context<AccountActor>) {
        let Some(desk) = self.desk.as_mut() else {
            return self.viewers.push(viewer);
        };
        if desk.is_ready() {
            desk.trim();
            self.show(viewer, ctx);
        } else {
            desk.trim_lost();
            self.viewers.push(viewer);
            // What is loaded already is shown to it at the end. A second load beside the first would
            // begin on it twice, and answer what was decided in between though it was lost.
            if !self.loading {
                self.go_on(ctx);
            }
        }
    }
}
