//! What a decision must know that is in the database only.
//!
//! Owns which look-ups a command needs: its id, which may have been decided; what its payment was
//! used for; its hold, if that is no longer open.

use crate::{
    domain::{
        account::Account,
        command::Command,
        decide::Known,
        ids::OperationId,
        outcome::{Decision, Outcome},
    },
    store::{Found, KeptHold, Lookups, Store, StoreError},
};

/// What was looked up for some commands of one account.
#[derive(Debug, Default)]
pub struct Facts(Found);

/// Whether `command` needs more than the account's own state.
pub fn needs_facts(account: &Account, command: &Command) -> bool {
    let closed_hold = command
        .request
        .hold()
        .is_some_and(|hold| account.hold(hold).is_none());
    closed_hold || command.request.payment().is_some() || command.request.earlier().is_some()
}

/// What `commands` need. `ids`: whether to look for their ids too, which costs a look-up that most
/// calls do not need. The id of a command with a payment is always looked for: its refusal may be one
/// that is not stored, so that the batch would not find an id that was decided before.
pub fn lookups<'c>(commands: impl Iterator<Item = &'c Command>, ids: bool) -> Lookups {
    let mut lookups = Lookups::default();
    for command in commands {
        let payment = command.request.payment();
        if ids || payment.is_some() {
            lookups.ids.push(command.operation_id);
        }
        lookups.ids.extend(command.request.earlier());
        lookups
            .payments
            .extend(payment.map(|payment| payment.key.clone()));
        lookups.holds.extend(command.request.hold());
    }
    lookups
}

impl Facts {
    /// Looks up what `lookups` names, but for the holds that are open in `account`.
    pub async fn gather(
        store: &dyn Store,
        account: &Account,
        mut lookups: Lookups,
    ) -> Result<Facts, StoreError> {
        lookups.holds.retain(|hold| account.hold(*hold).is_none());
        if lookups == Lookups::default() {
            return Ok(Facts::default());
        }
        store.look_up(&account.id, &lookups).await.map(Facts)
    }

    /// What was found already.
    pub fn of(found: Found) -> Facts {
        Facts(found)
    }

    /// Learns what `command` was decided to be just now, if that is about a payment, so that a second
    /// call with that payment is not decided as if nothing had happened.
    pub fn learn(&mut self, command: &Command, decision: &Decision) {
        let (Some(payment), Outcome::Accepted(accepted)) =
            (command.request.payment(), &decision.outcome)
        else {
            return;
        };
        let before = self.0.payments.get(&payment.key);
        if let Some(used) = accepted.operation.payment_use(before) {
            self.0.payments.insert(used.key.clone(), used);
        }
    }

    /// What a command of this id was decided to be.
    pub fn decision(&self, id: OperationId) -> Option<&Decision> {
        self.0.decisions.get(&id)
    }

    /// What the domain must know to decide `command`.
    pub fn known(&self, command: &Command) -> Known {
        let payment = command.request.payment();
        let hold = command.request.hold();
        let kept = hold.and_then(|hold| self.0.holds.get(&hold));
        Known {
            payment: payment.and_then(|payment| self.0.payments.get(&payment.key).cloned()),
            earlier: None,
            hold: kept.and_then(|kept| match kept {
                KeptHold::Resolved(resolved) => Some(resolved.clone()),
                KeptHold::Open(_) => None,
            }),
        }
    }
}
