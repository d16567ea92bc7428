//! The payments that are known, compared with the operations that made them known.
//!
//! A payment is used once for ever because its row is there: a row that is missing lets it buy again, and
//! one too many, or of another account, keeps it from buying. Owns both directions of that comparison.
//! How a payment stands is kept nowhere but in the ledger, so there is nothing to compare.

use super::{PAGE, Report, Rule, sound};
use crate::{
    domain::{
        event::{Event, Fact},
        outcome::Outcome,
        payment::{PaidFor, PaymentKey, PaymentUse},
        record::OperationRecord,
    },
    store::{KeptPayment, Store, StoreError},
};

/// What an operation says that a payment is for: the one by which it became known, or a later one.
fn said(record: &OperationRecord, event: &Event) -> Option<PaymentUse> {
    PaymentUse::after(None, &record.account, record.sequence, event)
}

/// Whether the payment of an operation is known, for what the operation says.
pub(super) async fn is_known(
    store: &dyn Store,
    record: &OperationRecord,
    event: &Event,
    report: &mut Report,
) -> Result<(), StoreError> {
    let Some(said) = said(record, event) else {
        return Ok(());
    };
    let kept = store.payment(&said.key).await;
    let Some(kept) = sound(kept, &record.account, report)? else {
        return Ok(());
    };
    let wrong = match kept {
        None => "it is not known".to_owned(),
        Some(kept) if kept.account != said.account => format!("it is {}'s", kept.account),
        Some(kept) if kept.paid_for != said.paid_for => format!("it is for {:?}", kept.paid_for),
        // A pack is bought by the operation that makes its payment known; what is reported later of it
        // is not.
        Some(kept)
            if matches!(event.fact, Fact::PackPurchase { .. })
                && kept.operation_id != said.operation_id =>
        {
            format!("operation {} used it", kept.operation_id)
        }
        Some(_) => return Ok(()),
    };
    let message = format!("its payment {}: {wrong}", name(&said.key));
    let sequence = Some(record.sequence);
    report.add(&record.account, sequence, Rule::Payment, message);
    Ok(())
}

/// Whether each payment that is known became so by an operation of its account.
pub(super) async fn became_known(store: &dyn Store, report: &mut Report) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let page = store.payments(after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = Some(last.key.clone());
        for kept in &page {
            let (account, id) = (&kept.account, kept.operation_id);
            let decisions = store.decisions(account, &[id]).await;
            let Some(decisions) = sound(decisions, account, report)? else {
                continue;
            };
            let decision = decisions.get(&id);
            if !decision.is_some_and(|one| made_known(&one.outcome, kept)) {
                let message = format!("no operation {id} used payment {}", name(&kept.key));
                report.add(account, None, Rule::Payment, message);
            }
        }
    }
}

fn made_known(outcome: &Outcome, kept: &KeptPayment) -> bool {
    let Outcome::Accepted(accepted) = outcome else {
        return false;
    };
    let event = &accepted.operation.event;
    let said = accepted.operation.payment_use(None);
    said.is_some_and(|said| {
        // Only what nobody reported before is a pack's purchase, or a report of a term.
        let first = match said.paid_for {
            PaidFor::Pack { .. } => matches!(event.fact, Fact::PackPurchase { .. }),
            PaidFor::Term(_) => said.standing().begins(),
        };
        said.key == kept.key && first
    })
}

fn name(key: &PaymentKey) -> String {
    format!("{} of {}", key.reference, key.provider)
}
