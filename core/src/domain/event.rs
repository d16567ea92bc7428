//! Events: what happened to an account.
//!
//! Owns the closed list of things that can happen. One command that is accepted makes exactly one
//! event, and one thing that time did makes one; holds that expire with nothing else between them are
//! one thing. It never changes an account: `apply` does.

mod kind;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    advice::Advisory,
    catalog::BillingInterval,
    command::ContentHash,
    credits::Credits,
    hold::{ExpiredHold, HoldEnd, Resolution, Spend},
    ids::{CatalogVersion, HoldId, LotId, OperationId, PackId, PlanId, Sequence},
    lot::LotTerms,
    payment::{Payment, PaymentReport},
    posting::Posting,
    preferences::Preferences,
    subscription::{EndReason, ScheduledChange},
    time::Instant,
};

pub use kind::OperationKind;

/// What happened to an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When it counts: the instant of the command, or the instant at which it became due.
    pub at: Instant,
    /// When it was decided; not before `at`.
    pub recorded_at: Instant,
    /// The command that it answers; none for what time did.
    pub caused_by: Option<Cause>,
    /// The catalog version that it was decided by.
    pub catalog_version: CatalogVersion,
    /// What happened.
    pub fact: Fact,
    /// How lots moved: one posting for each lot touched.
    pub postings: Vec<Posting>,
}

/// The command that an event answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The client's name for the call.
    pub operation_id: OperationId,
    /// The hash of the call's content.
    pub content: ContentHash,
}

/// Credits consumed, and what for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charged {
    /// What was consumed.
    pub cost: Credits,
    /// What for, and the price.
    pub spend: Spend,
    /// The hold that was settled; none for a charge in one step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldId>,
    /// Whether the hold had expired before it was settled.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// What there was to tell about it when it was decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advisories: Vec<Arc<Advisory>>,
}

/// A change of the account's subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionEvent {
    /// The account is on a plan from now on; lots frozen for want of one thaw.
    Started {
        /// The plan.
        plan: PlanId,
        /// How long a payment lasts.
        interval: BillingInterval,
        /// From when periods are counted.
        anchor: Instant,
        /// The period that is granted at once.
        period: u32,
        /// The ended subscription that goes on, with a period that was granted already: what is
        /// granted at once is then only what the plan has more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        continues: Option<Sequence>,
    },
    /// It will end with the paid term.
    CancellationScheduled {
        /// When it will end.
        cancel_at: Instant,
    },
    /// It will not end after all.
    Resumed,
    /// It ended.
    Ended {
        /// Whether packs are frozen until a plan starts.
        packs_frozen: bool,
        /// Why.
        #[serde(default, skip_serializing_if = "EndReason::is_cancelled")]
        reason: EndReason,
    },
    /// A period began without its allowance, because it is not paid for.
    PeriodWithheld {
        /// The period.
        period: u32,
    },
    /// It is on this plan and interval from now on: by a command, or by time as it was scheduled. What
    /// is granted at once is what the plan has more than the period was granted.
    Changed {
        /// The plan.
        plan: PlanId,
        /// How long a payment lasts.
        interval: BillingInterval,
        /// The period from whose start paid terms are counted.
        #[serde(default)]
        term_from: u32,
        /// What remains to be changed at the end of the paid term.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scheduled: Option<ScheduledChange>,
    },
    /// It will change at the end of the paid term.
    ChangeScheduled(ScheduledChange),
    /// It will not change after all.
    ChangeWithdrawn,
}

/// What can happen to an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// The account was opened.
    AccountOpened,
    /// Its subscription changed; a start grants the current period in the same operation.
    SubscriptionChange {
        /// How.
        change: SubscriptionEvent,
        /// The lot of the period granted at once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lot: Option<LotTerms>,
    },
    /// A new period began and its allowance was granted.
    PeriodGrant {
        /// The subscription.
        subscription: Sequence,
        /// The period.
        period: u32,
        /// The lot of its allowance.
        lot: LotTerms,
    },
    /// Unused allowance rolled over, as the plan states.
    RolloverGrant {
        /// The lot that it became. It is frozen while its period is.
        lot: LotTerms,
    },
    /// A pack that was paid for was added.
    PackPurchase {
        /// The pack.
        pack: PackId,
        /// How many of it.
        quantity: u32,
        /// Its payment.
        payment: Payment,
        /// The lot that it became.
        lot: LotTerms,
        /// Whether it is frozen until a plan starts.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        frozen: bool,
    },
    /// Credits were consumed.
    Charge(Arc<Charged>),
    /// Credits were set aside.
    HoldPlaced {
        /// How many.
        amount: Credits,
        /// What for.
        spend: Spend,
        /// When the hold ends by itself.
        expires_at: Instant,
        /// What there was to tell about it when it was decided.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        advisories: Vec<Arc<Advisory>>,
    },
    /// A hold ends later than before.
    HoldExtended {
        /// The hold.
        hold: HoldId,
        /// When it ends now.
        expires_at: Instant,
    },
    /// A hold was given up: nothing was processed.
    HoldReleased {
        /// The hold.
        hold: HoldId,
    },
    /// Holds ended by themselves, one after the other, with nothing else due between them.
    HoldExpired {
        /// The first of them.
        hold: HoldId,
        /// All of them in their order, the event counting from the last one; empty where `hold` is
        /// the only one, which ended at the event's instant.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        holds: Vec<ExpiredHold>,
    },
    /// What was unused of a lot ended with it.
    Expiry {
        /// The lot.
        lot: LotId,
    },
    /// Billing reported a payment; no credits end by it.
    PaymentReport {
        /// The report.
        #[serde(flatten)]
        report: PaymentReport,
        /// The lot of the current period, which was withheld and is granted now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lot: Option<LotTerms>,
    },
    /// A payment was taken back. What was unspent of the credits that it paid for ended, unless another
    /// payment pays for them.
    Revocation(PaymentReport),
    /// The owner set how to spend with care.
    PreferencesChange {
        /// All that is set from now on.
        preferences: Preferences,
    },
    /// Of several attempts, one was marked as the one that is kept, or its mark was taken back.
    ChargeKept {
        /// The charge, by its operation id.
        charge: OperationId,
        /// The root of its chain.
        chain: OperationId,
        /// Whether it is kept.
        kept: bool,
    },
}

impl Event {
    /// The holds that it ended, and how, in their order.
    pub fn hold_ends(&self) -> Vec<HoldEnd> {
        let end = |hold: HoldId, resolution| HoldEnd {
            hold,
            resolution,
            at: self.at,
        };
        match &self.fact {
            Fact::Charge(charge) => {
                let cost = charge.cost;
                let resolution = if charge.late {
                    Resolution::SettledLate { cost }
                } else {
                    Resolution::Settled { cost }
                };
                let ended = charge.hold.map(|hold| end(hold, resolution));
                ended.into_iter().collect()
            }
            Fact::HoldReleased { hold } => vec![end(*hold, Resolution::Released)],
            Fact::HoldExpired { hold, holds } if holds.is_empty() => {
                vec![end(*hold, Resolution::Expired)]
            }
            Fact::HoldExpired { holds, .. } => {
                let expired = |one: &ExpiredHold| HoldEnd {
                    at: one.at,
                    ..end(one.hold, Resolution::Expired)
                };
                holds.iter().map(expired).collect()
            }
            Fact::AccountOpened
            | Fact::SubscriptionChange { .. }
            | Fact::PeriodGrant { .. }
            | Fact::RolloverGrant { .. }
            | Fact::PackPurchase { .. }
            | Fact::HoldPlaced { .. }
            | Fact::HoldExtended { .. }
            | Fact::Expiry { .. }
            | Fact::PaymentReport { .. }
            | Fact::Revocation(_)
            | Fact::PreferencesChange { .. }
            | Fact::ChargeKept { .. } => Vec::new(),
        }
    }

    /// How it ended that hold, if it did.
    pub fn end_of(&self, hold: HoldId) -> Option<HoldEnd> {
        self.hold_ends().into_iter().find(|end| end.hold == hold)
    }
}

impl Fact {
    /// The kind of operation that it is.
    pub fn kind(&self) -> OperationKind {
        match self {
            Fact::AccountOpened => OperationKind::AccountOpened,
            Fact::SubscriptionChange { .. } => OperationKind::SubscriptionChange,
            Fact::PeriodGrant { .. } => OperationKind::PeriodGrant,
            Fact::RolloverGrant { .. } => OperationKind::RolloverGrant,
            Fact::PackPurchase { .. } => OperationKind::PackPurchase,
            Fact::Charge(_) => OperationKind::Charge,
            Fact::HoldPlaced { .. } => OperationKind::HoldPlaced,
            Fact::HoldExtended { .. } => OperationKind::HoldExtended,
            Fact::HoldReleased { .. } => OperationKind::HoldReleased,
            Fact::HoldExpired { .. } => OperationKind::HoldExpired,
            Fact::Expiry { .. } => OperationKind::Expiry,
            Fact::PaymentReport { .. } => OperationKind::PaymentReport,
            Fact::Revocation(_) => OperationKind::Revocation,
            Fact::PreferencesChange { .. } => OperationKind::PreferencesChange,
            Fact::ChargeKept { .. } => OperationKind::ChargeKept,
        }
    }

    /// The terms of the lot that it makes, if it makes one.
    pub fn new_lot(&self) -> Option<&LotTerms> {
        match self {
            Fact::SubscriptionChange { lot, .. } | Fact::PaymentReport { lot, .. } => lot.as_ref(),
            Fact::PeriodGrant { lot, .. }
            | Fact::RolloverGrant { lot, .. }
            | Fact::PackPurchase { lot, .. } => Some(lot),
            Fact::AccountOpened
            | Fact::Charge(_)
            | Fact::HoldPlaced { .. }
            | Fact::HoldExtended { .. }
            | Fact::HoldReleased { .. }
            | Fact::HoldExpired { .. }
            | Fact::Expiry { .. }
            | Fact::Revocation(_)
            | Fact::PreferencesChange { .. }
            | Fact::ChargeKept { .. } => None,
        }
    }

    /// The hold that it resolves or changes, if it does; the first one of several. How each of them
    /// ended is told by [`Event::hold_ends`].
    pub fn hold(&self) -> Option<HoldId> {
        match self {
            Fact::Charge(charge) => charge.hold,
            Fact::HoldExtended { hold, .. }
            | Fact::HoldReleased { hold }
            | Fact::HoldExpired { hold, .. } => Some(*hold),
            Fact::AccountOpened
            | Fact::SubscriptionChange { .. }
            | Fact::PeriodGrant { .. }
            | Fact::RolloverGrant { .. }
            | Fact::PackPurchase { .. }
            | Fact::HoldPlaced { .. }
            | Fact::Expiry { .. }
            | Fact::PaymentReport { .. }
            | Fact::Revocation(_)
            | Fact::PreferencesChange { .. }
            | Fact::ChargeKept { .. } => None,
        }
    }

    /// What credits were spent or set aside for, if they were.
    pub fn spend(&self) -> Option<&Spend> {
        match self {
            Fact::Charge(charge) => Some(&charge.spend),
            Fact::HoldPlaced { spend, .. } => Some(spend),
            Fact::AccountOpened
            | Fact::SubscriptionChange { .. }
            | Fact::PeriodGrant { .. }
            | Fact::RolloverGrant { .. }
            | Fact::PackPurchase { .. }
            | Fact::HoldExtended { .. }
            | Fact::HoldReleased { .. }
            | Fact::HoldExpired { .. }
            | Fact::Expiry { .. }
            | Fact::PaymentReport { .. }
            | Fact::Revocation(_)
            | Fact::PreferencesChange { .. }
            | Fact::ChargeKept { .. } => None,
        }
    }
}
