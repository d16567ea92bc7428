//! Commands: what a caller asks of one account.
//!
//! Owns what a command holds and which part of it is its *content*: a second call with the same
//! operation id and the same content is the same call. It never decides.

use super::{
    catalog::{ActualRun, BillingInterval, Generation},
    credits::Credits,
    encoding::Encoding,
    ids::{CatalogVersion, HoldId, OperationId, PackId, PlanId},
    payment::{Payment, PaymentOutcome},
    preferences::{Change, PreferencesChange},
    quote::QuoteGuard,
    time::Instant,
};

/// The hash of a command's content, as sent.
pub type ContentHash = [u8; 32];

/// One call: its id and what it asks.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// The client's name for this call.
    pub operation_id: OperationId,
    /// What it asks.
    pub request: Request,
}

/// What a caller asks of an account.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Open the account.
    OpenAccount,
    /// Put the account on a plan.
    StartSubscription {
        /// The plan.
        plan: PlanId,
        /// How long a payment lasts.
        interval: BillingInterval,
        /// From when periods are counted, up to 12 months back; now, if none.
        anchor: Option<Instant>,
    },
    /// End the subscription with the paid term.
    CancelSubscription,
    /// Take a cancellation back before it acts.
    ResumeSubscription,
    /// Add a pack that was paid for.
    PurchasePack {
        /// The pack.
        pack: PackId,
        /// How many of it.
        quantity: u32,
        /// The catalog version it was offered in; the one in force, if none.
        catalog_version: Option<CatalogVersion>,
        /// Its payment.
        payment: Payment,
    },
    /// Consume credits for a generation that is processed.
    Charge {
        /// The generation.
        generation: Generation,
        /// What the caller expects of the price.
        guard: PriceGuard,
    },
    /// Set credits aside for a generation that will be processed.
    Reserve {
        /// The generation.
        generation: Generation,
        /// What the caller expects of the price.
        guard: PriceGuard,
        /// How long the hold lasts; the catalog's `hold_ttl_minutes`, if none.
        ttl_minutes: Option<u32>,
    },
    /// Let a hold end later.
    ExtendHold {
        /// The hold.
        hold: HoldId,
        /// How long it lasts, from now.
        ttl_minutes: u32,
    },
    /// Consume what a hold set aside: its generation is processed.
    Settle {
        /// The hold.
        hold: HoldId,
        /// What really ran, where that is less than what was reserved.
        actual: ActualRun,
    },
    /// Return what a hold set aside: its generation was not processed.
    Release {
        /// The hold.
        hold: HoldId,
    },
    /// Put the subscription on another plan or interval, or take a scheduled change back.
    ChangePlan {
        /// The plan.
        plan: PlanId,
        /// How long a payment lasts; as it does now, if none.
        interval: Option<BillingInterval>,
    },
    /// Learn how a payment stands.
    ReportPayment {
        /// The payment.
        payment: Payment,
        /// How it stands.
        outcome: PaymentOutcome,
    },
    /// Set how to spend with care.
    SetPreferences {
        /// What changes.
        change: PreferencesChange,
    },
    /// Tell which of several attempts is kept.
    MarkKept {
        /// The charge, by its operation id.
        charge: OperationId,
        /// Whether it is kept; if not, its mark is taken back.
        kept: bool,
    },
}

/// What a caller expects of a price, and what it asks for or confirms of the guards. It is no part of a
/// command's content: a retry may carry a fresh quote.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PriceGuard {
    /// The quote that binds the price, if the caller has one.
    pub quote: QuoteGuard,
    /// The most the caller will pay.
    pub cost_max: Option<Credits>,
    /// Whether the repeat guard is asked for, whatever the preferences say.
    pub repeat_guard: bool,
    /// Whether it may be a repeat.
    pub acknowledge_repeat: bool,
    /// The number of results that the user confirmed.
    pub variations_confirmed: Option<u32>,
}

impl Request {
    /// The name of the mutation.
    pub fn name(&self) -> &'static str {
        match self {
            Request::OpenAccount => "openAccount",
            Request::StartSubscription { .. } => "startSubscription",
            Request::CancelSubscription => "cancelSubscription",
            Request::ResumeSubscription => "resumeSubscription",
            Request::PurchasePack { .. } => "purchasePack",
            Request::Charge { .. } => "charge",
            Request::Reserve { .. } => "reserve",
            Request::ExtendHold { .. } => "extendHold",
            Request::Settle { .. } => "settle",
            Request::Release { .. } => "release",
            Request::ChangePlan { .. } => "changePlan",
            Request::ReportPayment { .. } => "reportPayment",
            Request::SetPreferences { .. } => "setPreferences",
            Request::MarkKept { .. } => "markKept",
        }
    }

    /// The hold that the request names, if it names one.
    pub fn hold(&self) -> Option<HoldId> {
        match self {
            Request::ExtendHold { hold, .. }
            | Request::Settle { hold, .. }
            | Request::Release { hold } => Some(*hold),
            Request::OpenAccount
            | Request::StartSubscription { .. }
            | Request::CancelSubscription
            | Request::ResumeSubscription
            | Request::PurchasePack { .. }
            | Request::Charge { .. }
            | Request::Reserve { .. }
            | Request::ChangePlan { .. }
            | Request::ReportPayment { .. }
            | Request::SetPreferences { .. }
            | Request::MarkKept { .. } => None,
        }
    }

    /// The earlier charge or reserve of the account that the request names, if it names one.
    pub fn earlier(&self) -> Option<OperationId> {
        match self {
            Request::Charge { generation, .. } | Request::Reserve { generation, .. } => {
                generation.regenerate_of
            }
            Request::MarkKept { charge, .. } => Some(*charge),
            Request::OpenAccount
            | Request::StartSubscription { .. }
            | Request::CancelSubscription
            | Request::ResumeSubscription
            | Request::PurchasePack { .. }
            | Request::ExtendHold { .. }
            | Request::Settle { .. }
            | Request::Release { .. }
            | Request::ChangePlan { .. }
            | Request::ReportPayment { .. }
            | Request::SetPreferences { .. } => None,
        }
    }

    /// The payment that the request carries, if it carries one.
    pub fn payment(&self) -> Option<&Payment> {
        match self {
            Request::PurchasePack { payment, .. } | Request::ReportPayment { payment, .. } => {
                Some(payment)
            }
            Request::OpenAccount
            | Request::StartSubscription { .. }
            | Request::CancelSubscription
            | Request::ResumeSubscription
            | Request::Charge { .. }
            | Request::Reserve { .. }
            | Request::ExtendHold { .. }
            | Request::Settle { .. }
            | Request::Release { .. }
            | Request::ChangePlan { .. }
            | Request::SetPreferences { .. }
            | Request::MarkKept { .. } => None,
        }
    }

    /// The hash of what makes two calls the same call: the mutation's name and its input as sent,
    /// without the prompt's fingerprint, the quote and the price guard.
    pub fn content(&self) -> ContentHash {
        let mut encoding = Encoding::new("credits/content/1");
        encoding.text(self.name());
        match self {
            Request::OpenAccount | Request::CancelSubscription | Request::ResumeSubscription => {}
            Request::StartSubscription {
                plan,
                interval,
                anchor,
            } => {
                encoding
                    .text(plan.as_str())
                    .number(i64::from(interval.months()))
                    .optional_number(anchor.map(Instant::micros));
            }
            Request::PurchasePack {
                pack,
                quantity,
                catalog_version,
                payment,
            } => {
                encoding
                    .text(pack.as_str())
                    .number(i64::from(*quantity))
                    .optional_number(catalog_version.map(|version| i64::from(version.0)));
                encode_payment(&mut encoding, payment);
            }
            Request::Charge { generation, .. } => encode_generation(&mut encoding, generation),
            Request::Reserve {
                generation,
                ttl_minutes,
                ..
            } => {
                encode_generation(&mut encoding, generation);
                encoding.optional_number(ttl_minutes.map(i64::from));
            }
            Request::ExtendHold { hold, ttl_minutes } => {
                encoding
                    .bytes(hold.0.as_bytes())
                    .number(i64::from(*ttl_minutes));
            }
            Request::Settle { hold, actual } => {
                encoding
                    .bytes(hold.0.as_bytes())
                    .optional_number(actual.variations.map(i64::from))
                    .optional_number(actual.seconds.map(i64::from));
            }
            Request::Release { hold } => {
                encoding.bytes(hold.0.as_bytes());
            }
            Request::ChangePlan { plan, interval } => {
                let months = interval.map(|interval| i64::from(interval.months()));
                encoding.text(plan.as_str()).optional_number(months);
            }
            Request::ReportPayment { payment, outcome } => {
                encode_payment(&mut encoding, payment);
                encoding.text(outcome.as_str());
            }
            Request::SetPreferences { change } => encode_preferences(&mut encoding, change),
            Request::MarkKept { charge, kept } => {
                encoding.bytes(charge.0.as_bytes()).number(i64::from(*kept));
            }
        }
        encoding.finish()
    }
}

fn encode_payment(encoding: &mut Encoding, payment: &Payment) {
    encoding
        .text(&payment.key.provider)
        .text(&payment.key.reference)
        .number(payment.amount.amount_minor)
        .text(payment.amount.currency.as_str())
        .number(payment.paid_at.micros());
}

/// Adds what makes two generations the same request: all but the prompt's fingerprint.
pub(super) fn encode_generation(encoding: &mut Encoding, generation: &Generation) {
    let regenerate_of = generation.regenerate_of.map(|id| id.to_string());
    encoding
        .text(generation.action.as_str())
        .optional_text(generation.model.as_ref().map(|id| id.as_str()))
        .number(i64::from(generation.variations))
        .optional_number(generation.seconds.map(i64::from))
        .optional_text(generation.resolution.as_ref().map(|id| id.as_str()))
        .optional_text(generation.quality.as_ref().map(|id| id.as_str()))
        .optional_text(generation.project.as_ref().map(|id| id.as_str()))
        .optional_text(regenerate_of.as_deref());
}

/// Adds a change of preferences: what stays, what goes back to the catalog's and what is set differ.
fn encode_preferences(encoding: &mut Encoding, change: &PreferencesChange) {
    let PreferencesChange {
        repeat_guard,
        one_first,
        request_credits_max,
        day_credits_max,
        project_credits_max,
    } = change;
    for switch in [repeat_guard, one_first] {
        encode_change(encoding, switch, |encoding, on| {
            encoding.number(i64::from(*on));
        });
    }
    for ceiling in [request_credits_max, day_credits_max] {
        encode_change(encoding, ceiling, |encoding, max| {
            encoding.number(max.get());
        });
    }
    encode_change(encoding, project_credits_max, |encoding, projects| {
        encoding.number(i64::try_from(projects.len()).unwrap_or(i64::MAX));
        for (project, max) in projects {
            encoding
                .text(project.as_str())
                .optional_number(max.map(Credits::get));
        }
    });
}

fn encode_change<T>(
    encoding: &mut Encoding,
    change: &Change<T>,
    value: impl FnOnce(&mut Encoding, &T),
) {
    match change {
        Change::Keep => {
            encoding.text("keep");
        }
        Change::Reset => {
            encoding.text("reset");
        }
        Change::Set(to) => value(encoding.text("set"), to),
    }
}
