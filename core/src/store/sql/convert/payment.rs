//! The `payment` row and [`PaymentUse`].

use credits_entity::payment;
use sea_orm::Value;

use super::Row;
use crate::domain::{
    ids::{AccountId, OperationId, PackId},
    payment::{PaymentKey, PaymentUse},
    record::CorruptRecord,
};

/// What a column says of a payment, on the account with that key.
pub(in super::super) fn value(
    column: payment::Column,
    account_id: i64,
    payment: &PaymentUse,
) -> Value {
    use payment::Column;
    match column {
        Column::Provider => payment.key.provider.clone().into(),
        Column::Reference => payment.key.reference.clone().into(),
        Column::AccountId => account_id.into(),
        Column::OperationId => payment.operation_id.0.into(),
        Column::Pack => payment.pack.as_str().to_owned().into(),
        Column::Quantity => i64::from(payment.quantity).into(),
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
