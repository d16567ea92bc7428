//! An account in memory, as it would be once all that was decided is in the database.
//!
//! Owns the synchronous part of a call: apply time, decide, apply, seal. Nothing here awaits.

use crate::{
    domain::{
        account::Account,
        balance::Balance,
        catalog::Catalogs,
        command::{Command, ContentHash},
        decide::Known,
        event::Event,
        ids::Sequence,
        outcome::{Accepted, Decision, Operation, Outcome},
        payment::PaymentUse,
        record::{Head, OperationRecord, RefusalRecord},
        refusal::Refusal,
        time::Instant,
    },
    writer::submission::{CommittedState, Lineage, Submission},
};
use std::sync::Arc;

/// An account in memory, with all that was decided so far.
#[derive(Debug)]
pub(super) struct Deciding {
    /// The state.
    pub account: Account,
    /// The end of its chain.
    pub head: Head,
    /// What ties its decisions together.
    pub lineage: Lineage,
}

/// What a command came to.
pub(super) enum Ruling {
    /// A decision, to be kept and then answered.
    Decided(Decision, Submission),
    /// It costs nothing and leaves no trace.
    Free,
}

impl Deciding {
    /// Begins with what the database has.
    pub fn new(loaded: CommittedState, alone: bool) -> Deciding {
        Deciding {
            account: loaded.account.clone(),
            head: loaded.head,
            lineage: Lineage::new(loaded, alone),
        }
    }

    /// A submission that writes nothing: it is answered once all that was decided is kept.
    pub fn barrier(&self) -> Submission {
        self.submission(self.head, Vec::new())
    }

    fn submission(&self, base: Head, operations: Vec<OperationRecord>) -> Submission {
        Submission {
            account: self.account.id.clone(),
            lineage: self.lineage.clone(),
            base,
            operations,
            refusal: None,
            payment: None,
            after: self.account.clone(),
            waiter: None,
            done: None,
        }
    }

    /// Applies what became due until `now`, in as many submissions as it takes. The last one is not
    /// full, so that more can be added to it.
    pub fn advance(&mut self, catalogs: &Catalogs, now: Instant) -> Vec<Submission> {
        let mut submissions = Vec::new();
        loop {
            let base = self.head;
            let due = self.account.due(catalogs, now);
            let operations = due
                .events
                .iter()
                .map(|event| self.record(event, catalogs).0)
                .collect();
            submissions.push(self.submission(base, operations));
            if !due.more {
                return submissions;
            }
        }
    }

    /// Decides a command on top of all that was decided before. Time is applied already, and what it
    /// did is in `open`, to which the decision is added.
    pub fn rule(
        &mut self,
        open: Submission,
        catalogs: &Catalogs,
        command: &Command,
        content: ContentHash,
        known: &Known,
        now: Instant,
    ) -> Ruling {
        match self.account.decide(catalogs, command, content, known, now) {
            Ok(Some(event)) => {
                let (decision, submission) = self.accept(open, catalogs, command, content, &event);
                Ruling::Decided(decision, submission)
            }
            Ok(None) => Ruling::Free,
            Err(refusal) => {
                let at = now.max(self.account.time);
                let (decision, submission) = self.refuse(open, command, content, at, refusal);
                Ruling::Decided(decision, submission)
            }
        }
    }

    fn accept(
        &mut self,
        mut open: Submission,
        catalogs: &Catalogs,
        command: &Command,
        content: ContentHash,
        event: &Event,
    ) -> (Decision, Submission) {
        let (record, accepted) = self.record(event, catalogs);
        open.operations.push(record);
        open.payment = event_payment(&self.account, command, event);
        open.after = self.account.clone();
        let outcome = Outcome::Accepted(Arc::new(accepted));
        (Decision { content, outcome }, open)
    }

    fn refuse(
        &self,
        mut open: Submission,
        command: &Command,
        content: ContentHash,
        at: Instant,
        refusal: Refusal,
    ) -> (Decision, Submission) {
        open.refusal = Some(RefusalRecord {
            account: self.account.id.clone(),
            operation_id: command.operation_id,
            content,
            at,
            after: self.account.sequence,
            refusal: refusal.clone(),
        });
        let outcome = Outcome::Refused(Arc::new(refusal));
        (Decision { content, outcome }, open)
    }

    /// Applies an event and seals it onto the chain.
    fn record(&mut self, event: &Event, catalogs: &Catalogs) -> (OperationRecord, Accepted) {
        let before = self.account.available();
        self.account.apply(event);
        let balance: Balance = self.account.balance(catalogs, event.at);
        let record =
            OperationRecord::seal(event, &self.account, &balance, before, self.head.hash);
        self.head = record.head();
        let operation = Operation {
            account: self.account.id.clone(),
            sequence: self.account.sequence,
            event: event.clone(),
            change: record.change,
            available_after: record.available_after,
            held_after: record.held_after,
        };
        (record, Accepted { operation, balance })
    }

    /// The position of its last decision.
    pub fn sequence(&self) -> Sequence {
        self.account.sequence
    }
}

fn event_payment(account: &Account, command: &Command, event: &Event) -> Option<PaymentUse> {
    match &event.fact {
        crate::domain::event::Fact::PackPurchase {
            pack,
            quantity,
            payment,
            ..
        } => Some(PaymentUse {
            key: payment.key.clone(),
            account: account.id.clone(),
            operation_id: command.operation_id,
            pack: pack.clone(),
            quantity: *quantity,
        }),
        _ => None,
    }
}
