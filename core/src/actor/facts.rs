//! What a decision must know that is in the database only.
//!
//! Owns the look-ups before a decision: of an account, of ids that may have been decided, of what a
//! payment was used for, of holds that are no longer open.

use std::collections::HashMap;

use crate::{
    domain::{
        account::Account,
        command::{Command, Request},
        decide::Known,
        hold::ResolvedHold,
        ids::{AccountId, HoldId, OperationId},
        outcome::{Decision, Outcome},
        payment::{PaymentKey, PaymentUse},
    },
    store::{KeptHold, Store, StoreError},
};

/// What was looked up for some commands of one account.
#[derive(Debug, Default)]
pub struct Facts {
    decisions: HashMap<OperationId, Decision>,
    payments: HashMap<PaymentKey, PaymentUse>,
    holds: HashMap<HoldId, ResolvedHold>,
}

/// Whether `command` needs more than the account's own state.
pub fn needs_facts(account: &Account, command: &Command) -> bool {
    let closed_hold = command
        .request
        .hold()
        .is_some_and(|hold| account.hold(hold).is_none());
    closed_hold || command.request.payment().is_some()
}

impl Facts {
    /// Looks up what `commands` need. `ids`: whether to look for their ids too, which costs a look-up
    /// that most calls do not need.
    pub async fn gather(
        store: &dyn Store,
        account: &Account,
        commands: &[Command],
        ids: bool,
    ) -> Result<Facts, StoreError> {
        let mut facts = Facts::default();
        for command in commands {
            facts.add_payment(store, command).await?;
            facts.add_hold(store, account, command).await?;
        }
        let mut wanted: Vec<OperationId> = facts
            .payments
            .values()
            .filter(|used| used.account == account.id)
            .map(|used| used.operation_id)
            .collect();
        // A payment must not answer an id that was decided to be something else.
        if ids || !facts.payments.is_empty() {
            wanted.extend(commands.iter().map(|command| command.operation_id));
        }
        if !wanted.is_empty() {
            facts.decisions = store.decisions(&account.id, &wanted).await?;
        }
        Ok(facts)
    }

    async fn add_payment(
        &mut self,
        store: &dyn Store,
        command: &Command,
    ) -> Result<(), StoreError> {
        if let Some(payment) = command.request.payment()
            && let Some(used) = store.payment(&payment.key).await?
        {
            self.payments.insert(payment.key.clone(), used);
        }
        Ok(())
    }

    async fn add_hold(
        &mut self,
        store: &dyn Store,
        account: &Account,
        command: &Command,
    ) -> Result<(), StoreError> {
        let Some(hold) = command.request.hold() else {
            return Ok(());
        };
        if account.hold(hold).is_some() {
            return Ok(());
        }
        match store.hold(&account.id, hold).await? {
            Some(KeptHold::Resolved(resolved)) => {
                self.holds.insert(hold, resolved);
            }
            Some(KeptHold::Open(_)) | None => {}
        }
        Ok(())
    }

    /// What a command of this id was decided to be.
    pub fn decision(&self, id: OperationId) -> Option<&Decision> {
        self.decisions.get(&id)
    }

    /// What the domain must know to decide `command`.
    pub fn known(&self, command: &Command) -> Known {
        let payment = command.request.payment();
        Known {
            payment: payment.and_then(|payment| self.payments.get(&payment.key).cloned()),
            hold: command
                .request
                .hold()
                .and_then(|hold| self.holds.get(&hold).cloned()),
        }
    }

    /// The answer to a purchase whose payment bought just that before, under another id: the
    /// original one.
    pub fn purchase_before(&self, account: &AccountId, command: &Command) -> Option<Outcome> {
        let Request::PurchasePack {
            pack,
            quantity,
            payment,
            ..
        } = &command.request
        else {
            return None;
        };
        let used = self.payments.get(&payment.key)?;
        let same = used.account == *account && used.pack == *pack && used.quantity == *quantity;
        let decision = self.decision(used.operation_id).filter(|_| same)?;
        Some(decision.outcome.clone())
    }
}
