//! The `payment` row and [`PaymentUse`].
//!
//! Owns that the row says what the payment is for. The lot of a pack and how the payment stands are
//! told by the ledger.

use credits_entity::payment;
use sea_orm::Value;

use super::Row;
use crate::domain::{
    ids::{AccountId, OperationId, PackId, Sequence},
    payment::{PaidFor, PaymentKey, PaymentOutcome, PaymentUse},
    record::{CorruptRecord, OperationRecord},
    term::Term,
};

/// What a column says of a payment, on the account with that key.
pub(in super::super) fn value(
    column: payment::Column,
    account_id: i64,
    payment: &PaymentUse,
) -> Value {
    use payment::Column;
    let (pack, term) = match &payment.paid_for {
        PaidFor::Pack { pack, quantity, .. } => (Some((pack, *quantity)), None),
        PaidFor::Term(term) => (None, Some(*term)),
    };
    match column {
        Column::Provider => payment.key.provider.clone().into(),
        Column::Reference => payment.key.reference.clone().into(),
        Column::AccountId => account_id.into(),
        Column::OperationId => payment.operation_id.0.into(),
        Column::Pack => pack.map(|(pack, _)| pack.as_str().to_owned()).into(),
        Column::Quantity => pack.map(|(_, quantity)| i64::from(quantity)).into(),
        Column::Subscription => term.map(|term| term.subscription.0).into(),
        Column::FirstPeriod => term.map(|term| i64::from(term.first)).into(),
        Column::Months => term.map(|term| i64::from(term.months)).into(),
    }
}

/// Reads the row back: `made` is the position of the operation that it names, `last` the last report.
pub(in super::super) fn used(
    account: AccountId,
    model: payment::Model,
    made: Option<i64>,
    last: Option<&OperationRecord>,
) -> Result<PaymentUse, CorruptRecord> {
    let key = PaymentKey {
        provider: model.provider,
        reference: model.reference,
    };
    let row = Row(|| format!("payment {} of {}", key.reference, key.provider));
    let paid_for = match (model.pack, model.quantity) {
        (Some(pack), Some(quantity)) => {
            let made = made.ok_or_else(|| row.corrupt("operation_id", "it is not there"))?;
            PaidFor::Pack {
                pack: row.read("pack", PackId::parse(&pack))?,
                quantity: row.read("quantity", u32::try_from(quantity))?,
                lot: Sequence(made),
            }
        }
        (Some(_), None) | (None, Some(_) | None) => {
            let absent = |column| row.corrupt(column, "it is of no pack and of no term");
            let subscription = model.subscription.ok_or_else(|| absent("subscription"))?;
            let first = model.first_period.ok_or_else(|| absent("first_period"))?;
            let months = model.months.ok_or_else(|| absent("months"))?;
            PaidFor::Term(Term {
                subscription: Sequence(subscription),
                first: row.read("first_period", u32::try_from(first))?,
                months: row.read("months", u32::try_from(months))?,
            })
        }
    };
    let operation_id = OperationId(model.operation_id);
    let last = last.map(report).transpose()?.flatten();
    Ok(PaymentUse {
        key,
        account,
        operation_id,
        paid_for,
        last,
    })
}

fn report(record: &OperationRecord) -> Result<Option<PaymentOutcome>, CorruptRecord> {
    let event = record.event()?;
    Ok(event.fact.report().map(|report| report.outcome))
}
