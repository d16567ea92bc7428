//! Payments as billing reports them: the service takes none.
//!
//! Owns the identity of a payment, which is unique for ever across all accounts.

use serde::{Deserialize, Serialize};

use super::{
    catalog::Money,
    ids::{AccountId, OperationId, PackId},
    time::Instant,
};

/// The longest name of a payment provider and the longest reference, in characters.
pub const PAYMENT_TEXT_CHARS_MAX: usize = 255;

/// What makes a payment the same payment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PaymentKey {
    /// Who took the payment, as billing names it.
    pub provider: String,
    /// The provider's own id of the payment.
    pub reference: String,
}

/// A payment with what was paid and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// What makes it the same payment.
    #[serde(flatten)]
    pub key: PaymentKey,
    /// What was paid; for display and audit only.
    pub amount: Money,
    /// When it was paid.
    pub paid_at: Instant,
}

/// What a recorded payment was used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentUse {
    /// The payment.
    pub key: PaymentKey,
    /// The account that it was used on.
    pub account: AccountId,
    /// The operation that used it.
    pub operation_id: OperationId,
    /// The pack that it bought.
    pub pack: PackId,
    /// How many of it.
    pub quantity: u32,
}
