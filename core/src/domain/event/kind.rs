//! The kinds of operation: how each fact is filtered, shown and stored.
//!
//! Owns their texts, which are in databases. It never tells what a fact holds.

/// The kinds of operation, as they are filtered and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OperationKind {
    /// [`Fact::AccountOpened`](super::Fact::AccountOpened).
    AccountOpened,
    /// [`Fact::SubscriptionChange`](super::Fact::SubscriptionChange).
    SubscriptionChange,
    /// [`Fact::PeriodGrant`](super::Fact::PeriodGrant).
    PeriodGrant,
    /// [`Fact::RolloverGrant`](super::Fact::RolloverGrant).
    RolloverGrant,
    /// [`Fact::PackPurchase`](super::Fact::PackPurchase).
    PackPurchase,
    /// [`Fact::Charge`](super::Fact::Charge).
    Charge,
    /// [`Fact::HoldPlaced`](super::Fact::HoldPlaced).
    HoldPlaced,
    /// [`Fact::HoldExtended`](super::Fact::HoldExtended).
    HoldExtended,
    /// [`Fact::HoldReleased`](super::Fact::HoldReleased).
    HoldReleased,
    /// [`Fact::HoldExpired`](super::Fact::HoldExpired).
    HoldExpired,
    /// [`Fact::Expiry`](super::Fact::Expiry).
    Expiry,
    /// [`Fact::PaymentReport`](super::Fact::PaymentReport).
    PaymentReport,
    /// [`Fact::Revocation`](super::Fact::Revocation).
    Revocation,
    /// [`Fact::PreferencesChange`](super::Fact::PreferencesChange).
    PreferencesChange,
    /// [`Fact::ChargeKept`](super::Fact::ChargeKept).
    ChargeKept,
}

impl OperationKind {
    /// Every kind, with the text it is stored as.
    pub const ALL: [(OperationKind, &'static str); 15] = [
        (OperationKind::AccountOpened, "account_opened"),
        (OperationKind::SubscriptionChange, "subscription_change"),
        (OperationKind::PeriodGrant, "period_grant"),
        (OperationKind::RolloverGrant, "rollover_grant"),
        (OperationKind::PackPurchase, "pack_purchase"),
        (OperationKind::Charge, "charge"),
        (OperationKind::HoldPlaced, "hold_placed"),
        (OperationKind::HoldExtended, "hold_extended"),
        (OperationKind::HoldReleased, "hold_released"),
        (OperationKind::HoldExpired, "hold_expired"),
        (OperationKind::Expiry, "expiry"),
        (OperationKind::PaymentReport, "payment_report"),
        (OperationKind::Revocation, "revocation"),
        (OperationKind::PreferencesChange, "preferences_change"),
        (OperationKind::ChargeKept, "charge_kept"),
    ];

    /// The text it is stored as.
    pub fn as_str(self) -> &'static str {
        let (_, text) = OperationKind::ALL[self as usize];
        text
    }

    /// The kind stored as `text`.
    pub fn parse(text: &str) -> Option<OperationKind> {
        OperationKind::ALL
            .into_iter()
            .find(|(_, stored)| *stored == text)
            .map(|(kind, _)| kind)
    }
}
