//! An account in memory, as it would be once all that was decided is in the database.
//!
//! Owns the synchronous part of a call: apply time, decide, apply, seal. Nothing here awaits.

use std::{collections::HashMap, sync::Arc};

use crate::{
    domain::{
        account::Account,
        balance::Balance,
        catalog::Catalogs,
        command::{Command, ContentHash},
        decide::Known,
        event::Event,
        hold::ResolvedHold,
        ids::HoldId,
        outcome::{Accepted, Decision, Operation, Outcome},
        record::{Head, OperationRecord, RefusalRecord},
        time::Instant,
        usage::UsageTally,
    },
    writer::submission::{CommittedState, Lineage, Submission},
};

/// An account in memory, with all that was decided so far.
#[derive(Debug)]
pub(super) struct Deciding {
    /// The state; shared with what was submitted of it.
    pub account: Arc<Account>,
    /// The end of its chain.
    pub head: Head,
    /// What ties its decisions together.
    pub lineage: Lineage,
    /// Holds that ended by what was decided since the last look into the database.
    pub ended: HashMap<HoldId, ResolvedHold>,
}

/// Operations decided on top of `base`, not yet submitted.
#[derive(Debug)]
pub(super) struct Open {
    base: Head,
    operations: Vec<OperationRecord>,
    /// The sums of the groups that the operations end.
    usage: UsageTally,
}

impl Open {
    fn on(base: Head) -> Open {
        Open {
            base,
            operations: Vec::new(),
            usage: UsageTally::default(),
        }
    }
}

/// What a command came to.
pub(super) enum Ruling {
    /// A decision, to be kept and then answered.
    Decided(Decision, Submission),
    /// It costs nothing and leaves no trace; what time did is still to be kept.
    Free(Submission),
}

impl Deciding {
    /// Begins with what the database has.
    pub fn new(loaded: CommittedState, alone: bool) -> Deciding {
        Deciding {
            account: Arc::clone(&loaded.account),
            head: loaded.head,
            lineage: Lineage::new(loaded, alone),
            ended: HashMap::new(),
        }
    }

    /// A submission that writes nothing: it is answered once all that was decided is kept.
    pub fn barrier(&self) -> Submission {
        self.close(Open::on(self.head))
    }

    /// Makes a submission of what was decided on top of `open.base`.
    pub fn close(&self, open: Open) -> Submission {
        Submission {
            account: self.account.id.clone(),
            lineage: self.lineage.clone(),
            base: open.base,
            operations: open.operations,
            usage: open.usage,
            refusal: None,
            payment: None,
            after: Arc::clone(&self.account),
            waiter: None,
            done: None,
        }
    }

    /// Applies what became due until `now`: full steps, each to be committed by itself, and the last
    /// one, to which more can be added.
    pub fn advance(&mut self, catalogs: &Catalogs, now: Instant) -> (Vec<Submission>, Open) {
        let mut steps = Vec::new();
        loop {
            let (open, more) = self.step(catalogs, now);
            if !more {
                return (steps, open);
            }
            steps.push(self.close(open));
        }
    }

    /// Applies one step of what became due until `now`, and tells whether there is more.
    pub fn step(&mut self, catalogs: &Catalogs, now: Instant) -> (Open, bool) {
        let mut open = Open::on(self.head);
        let due = self.account.due(catalogs, now);
        for event in due.events {
            self.record(event, catalogs, &mut open);
        }
        (open, due.more)
    }

    /// Decides a command on top of all that was decided before. Time is applied already, and what it
    /// did is in `open`, to which the decision is added.
    pub fn rule(
        &mut self,
        mut open: Open,
        catalogs: &Catalogs,
        command: &Command,
        content: ContentHash,
        mut known: Known,
        now: Instant,
    ) -> Ruling {
        let ended = command
            .request
            .hold()
            .and_then(|hold| self.ended.get(&hold));
        known.hold = ended.cloned().or(known.hold);
        let account = &self.account;
        match account.decide(catalogs, command, content, &known, now) {
            Ok(Some(event)) => {
                let accepted = self.record(event, catalogs, &mut open);
                let payment = match known.payment {
                    // It was kept when it became known; what is reported of it is in the ledger.
                    Some(_) => None,
                    None => accepted.operation.payment_use(None),
                };
                let mut submission = self.close(open);
                submission.payment = payment;
                let outcome = Outcome::Accepted(Arc::new(accepted));
                Ruling::Decided(Decision { content, outcome }, submission)
            }
            Ok(None) => Ruling::Free(self.close(open)),
            Err(refusal) => {
                let outcome = Outcome::Refused(Arc::new(refusal.clone()));
                let decision = Decision { content, outcome };
                let mut submission = self.close(open);
                submission.refusal = decision.is_stored(&command.request).then(|| RefusalRecord {
                    account: self.account.id.clone(),
                    operation_id: command.operation_id,
                    content,
                    at: now.max(self.account.time),
                    after: self.account.sequence,
                    refusal,
                });
                Ruling::Decided(decision, submission)
            }
        }
    }

    /// Applies an event, seals it onto the chain and adds it to `open`.
    fn record(&mut self, event: Event, catalogs: &Catalogs, open: &mut Open) -> Accepted {
        let before = self.account.available();
        self.remember_end(&event);
        Arc::make_mut(&mut self.account).apply(&event);
        let balance: Balance = self.account.balance(catalogs, event.at);
        let record = OperationRecord::seal(&event, &self.account, &balance, before, self.head.hash);
        self.head = record.head();
        let operation = Operation {
            account: self.account.id.clone(),
            sequence: self.account.sequence,
            event,
            change: record.change,
            available_after: record.available_after,
            held_after: record.held_after,
        };
        if let Some(ended) = self.account.ended_group() {
            open.usage.merge(ended);
        }
        if open.operations.is_empty() {
            // Nearly always it stays one: growth by itself would make room for four.
            open.operations.reserve_exact(1);
        }
        open.operations.push(record);
        Accepted {
            operation: Arc::new(operation),
            balance,
        }
    }

    /// Remembers the holds that `event` is about to end: the account forgets them, and the database does
    /// not know so far.
    fn remember_end(&mut self, event: &Event) {
        for end in event.hold_ends() {
            let Some(hold) = self.account.hold(end.hold) else {
                continue;
            };
            let resolved = ResolvedHold {
                id: end.hold,
                amount: hold.amount,
                spend: hold.spend.clone(),
                resolution: end.resolution,
                at: end.at,
            };
            self.ended.insert(end.hold, resolved);
        }
    }
}
