//! Refusals: a business "no", with the numbers to act on.
//!
//! Owns the closed list of reasons in their documented precedence. It never says how a refusal looks
//! on the wire. What can't be parsed, may not be asked or can't be served is no refusal.

use serde::{Deserialize, Serialize};

use super::{
    catalog::{Alternative, BillingInterval, Parameter, PriceRefusal},
    command::Request,
    credits::Credits,
    hold::Resolution,
    ids::{
        AccountId, ActionId, CatalogVersion, HoldId, ModelId, OperationId, OptionId, PackId,
        PlanId, Sequence,
    },
    offer::PackOffer,
    payment::{PaymentKey, PaymentOutcome},
    time::Instant,
};

/// A business "no".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The operation id was used for a call with other content. It is answered, never stored.
    OperationIdReused {
        /// The id.
        operation_id: OperationId,
    },
    /// No such model is in the catalog, or none was named.
    ModelUnknown {
        /// The model named.
        model: Option<ModelId>,
        /// The models that offer the action.
        known: Vec<ModelId>,
    },
    /// The action is not in the catalog, or the model has no price for it.
    ActionNotOffered {
        /// The action.
        action: ActionId,
        /// The model asked for it.
        model: Option<ModelId>,
        /// The models that offer it.
        offered_by: Vec<ModelId>,
    },
    /// A parameter is outside what is possible.
    ParameterOutOfRange {
        /// Which.
        parameter: Limited,
        /// What was given.
        given: String,
        /// The least possible value.
        min: Option<i64>,
        /// The greatest possible value.
        max: Option<i64>,
        /// The possible names, for a parameter that takes a name.
        allowed: Vec<OptionId>,
    },
    /// The quote no longer binds.
    QuoteExpired {
        /// When it ended.
        expired_at: Instant,
        /// What the request costs now.
        cost: Credits,
    },
    /// The quote is for another request or account, or not of this service.
    QuoteMismatch,
    /// The request costs more than the caller would pay.
    PriceChanged {
        /// What it costs.
        cost: Credits,
        /// The most the caller would pay.
        cost_max: Credits,
        /// The catalog version of the price.
        catalog_version: CatalogVersion,
    },
    /// A ceiling is in the way.
    LimitExceeded {
        /// Which.
        limit: Limit,
        /// Its height.
        max: i64,
        /// What was asked.
        asked: i64,
        /// What was used under it before; it is not exceeded while this and what is asked are within it.
        #[serde(default)]
        used: i64,
    },
    /// The same prompt ran, or is about to, on the same model just before.
    LikelyRepeat(EarlierRuns),
    /// There are too few credits.
    InsufficientCredits(Box<Shortfall>),
    /// No such hold was placed on the account.
    HoldUnknown {
        /// The hold asked for.
        hold: HoldId,
    },
    /// The hold has been resolved before.
    HoldAlreadyResolved {
        /// The hold.
        hold: HoldId,
        /// How it ended.
        resolution: Resolution,
        /// When it ended.
        at: Instant,
    },
    /// The hold has ended by itself.
    HoldExpired {
        /// The hold.
        hold: HoldId,
        /// When it ended.
        expired_at: Instant,
        /// Until when it can still be settled, exclusive.
        settle_until: Instant,
    },
    /// What ran costs more than was set aside.
    SettleExceedsHold {
        /// What was set aside.
        held: Credits,
        /// What it costs.
        cost: Credits,
    },
    /// The account has as many open holds as it may.
    TooManyHolds {
        /// How many it may have.
        max: u32,
    },
    /// The account is open already.
    AccountAlreadyExists {
        /// Since when.
        opened_at: Instant,
    },
    /// No such plan is in the catalog with that interval.
    PlanUnknown {
        /// The plan asked for.
        plan: PlanId,
        /// The plans that can be started with that interval.
        known: Vec<PlanId>,
    },
    /// No such pack is in that catalog version.
    PackUnknown {
        /// The pack asked for.
        pack: PackId,
        /// The packs there are.
        known: Vec<PackId>,
    },
    /// The account is on a plan already.
    AlreadySubscribed {
        /// The plan.
        plan: PlanId,
        /// When it ends, if it is cancelled.
        cancel_at: Option<Instant>,
    },
    /// The account is on no plan.
    NotSubscribed,
    /// The subscription is cancelled already.
    CancellationAlreadyScheduled {
        /// When it ends.
        cancel_at: Instant,
    },
    /// The subscription is not cancelled.
    NoCancellationScheduled,
    /// The payment was used for something else.
    PaymentAlreadyUsed {
        /// The payment.
        payment: PaymentKey,
        /// The operation that used it, where it was this account's.
        operation_id: Option<OperationId>,
    },
    /// The account is on that plan and interval already, and nothing else is scheduled.
    AlreadyOnPlan {
        /// The plan.
        plan: PlanId,
        /// How long a payment lasts.
        interval: BillingInterval,
    },
    /// Nothing is known of the payment, so that it can't be disputed or taken back.
    PaymentUnknown {
        /// The payment.
        payment: PaymentKey,
    },
    /// The report can't follow what was reported of the payment before.
    PaymentOutcomeOutOfOrder {
        /// The payment.
        payment: PaymentKey,
        /// How it stands.
        standing: PaymentOutcome,
        /// What was reported.
        outcome: PaymentOutcome,
    },
    /// The payment is of no term of the subscription that it could be reported for.
    PaymentOutsideTerms {
        /// When it was paid, or was due.
        paid_at: Instant,
        /// The earliest possible instant.
        from: Instant,
        /// The end of the possible instants, exclusive.
        until: Instant,
    },
    /// No charge or reserve of the account has the id that is to be generated again or kept. Among what
    /// a spend is refused for, it comes after the parameters and before the quote.
    ChargeUnknown {
        /// The id.
        charge: OperationId,
        /// Whether it is to be generated again, and not kept.
        again: bool,
    },
}

/// A parameter that has a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limited {
    /// A parameter of a generation.
    Generation(Parameter),
    /// The number of packs.
    Quantity,
    /// The anchor of a subscription, in Unix seconds.
    Anchor,
    /// The life of a hold, in minutes.
    TtlMinutes,
}

/// A ceiling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Credits for one request, by the catalog's `request_credits_max` or the account's, the lower one.
    RequestCredits,
    /// Lots with something left, by [`super::lot::LOTS_MAX`].
    Lots,
    /// Credits on one UTC day, by the catalog or the account, the lower one.
    DayCredits,
    /// Credits of a project since it has a ceiling.
    ProjectCredits,
    /// Results of one request, where one comes first: the fewest that the model makes.
    Variations,
    /// Projects with a ceiling, by [`super::preferences::PROJECT_CEILINGS_MAX`].
    ProjectCeilings,
}

/// The runs of a prompt on a model, within the catalog's window, before a request that repeats it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierRuns {
    /// Whose they are.
    pub account: AccountId,
    /// The last of them.
    pub last: EarlierRun,
    /// When it was charged or, if it is not processed so far, placed.
    pub at: Instant,
    /// What it consumed or set aside.
    pub cost: Credits,
    /// How many there are.
    pub runs: u32,
    /// What all of them consumed or set aside.
    pub credits: Credits,
    /// The length of the window.
    pub window_minutes: u32,
}

/// One run of a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EarlierRun {
    /// It was processed: its charge.
    Charge(Sequence),
    /// It is not processed so far: its hold.
    Hold(HoldId),
}

/// By how much credits do not suffice, and what would help.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shortfall {
    /// What the request costs.
    pub needed: Credits,
    /// What can be spent.
    pub available: Credits,
    /// What open holds set aside.
    pub held: Credits,
    /// What is there and can't be used for now.
    pub frozen: Credits,
    /// When the next allowance comes, if one does.
    pub renews_at: Option<Instant>,
    /// How much the next allowance is.
    pub renews_with: Option<Credits>,
    /// The packs on offer.
    pub packs: Vec<PackOffer>,
    /// What could be made instead with what is there.
    pub alternatives: Vec<Alternative>,
}

impl Refusal {
    /// Whether it decides the call, so that it is stored under the operation id. These do not:
    /// another content under a used id, and a report of a payment that could be accepted later, when
    /// what it follows is known (`core/README.md`, rule 7).
    pub fn is_decision(&self, request: &Request) -> bool {
        let report = matches!(request, Request::ReportPayment { .. });
        match self {
            Refusal::OperationIdReused { .. } => false,
            Refusal::NotSubscribed
            | Refusal::PaymentUnknown { .. }
            | Refusal::PaymentOutsideTerms { .. } => !report,
            Refusal::PaymentOutcomeOutOfOrder {
                standing, outcome, ..
            } => !outcome.is_early(*standing),
            _ => true,
        }
    }
}

impl Shortfall {
    /// How many credits are missing.
    pub fn short_by(&self) -> Credits {
        self.needed.saturating_sub(self.available)
    }
}

impl From<PriceRefusal> for Refusal {
    fn from(refusal: PriceRefusal) -> Refusal {
        match refusal {
            PriceRefusal::ModelUnknown { model, known } => Refusal::ModelUnknown { model, known },
            PriceRefusal::ActionUnknown { action } => Refusal::ActionNotOffered {
                action,
                model: None,
                offered_by: Vec::new(),
            },
            PriceRefusal::ActionNotOffered {
                model,
                action,
                offered_by,
            } => Refusal::ActionNotOffered {
                action,
                model: Some(model),
                offered_by,
            },
            PriceRefusal::ParameterOutOfRange {
                parameter,
                given,
                min,
                max,
                allowed,
            } => Refusal::ParameterOutOfRange {
                parameter: Limited::Generation(parameter),
                given,
                min,
                max,
                allowed,
            },
            PriceRefusal::CostTooLarge => Refusal::LimitExceeded {
                limit: Limit::RequestCredits,
                max: Credits::MAX.get(),
                asked: i64::MAX,
                used: 0,
            },
        }
    }
}
