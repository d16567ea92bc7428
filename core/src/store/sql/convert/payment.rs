//! The `payment` row and [`PaymentUse`].

use credits_entity::payment;

use super::Row;
use crate::domain::{
    ids::{AccountId, OperationId, PackId},
    payment::{PaymentKey, PaymentUse},
    record::CorruptRecord,
};

/// The row of a payment, on the account with that key.
pub(in super::super) fn row(account_id: i64, payment: &PaymentUse) -> payment::Model {
    payment::Model {
        provider: payment.key.provider.clone(),
        reference: payment.key.reference.clone(),
        account_id,
        operation_id: payment.operation_id.0,
        pack: payment.pack.as_str().to_owned(),
        quantity: i64::from(payment.quantity),
    }
}

/// Reads the row back, with the name of its account.
pub(in super::super) fn used(
    account: &str,
    model: payment::Model,
) -> Result<PaymentUse, CorruptRecord> {
    let key = PaymentKey {
        provider: model.provider,
        reference: model.reference,
    };
    let row = Row(|| format!("payment {} of {}", key.reference, key.provider));
    let account = row.read("account_id", AccountId::parse(account))?;
    let pack = row.read("pack", PackId::parse(&model.pack))?;
    let quantity = row.read("quantity", u32::try_from(model.quantity))?;
    Ok(PaymentUse {
        account,
        operation_id: OperationId(model.operation_id),
        pack,
        quantity,
        key,
    })
}
