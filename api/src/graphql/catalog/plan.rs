//! Plans and packs: where credits come from, and what they cost in money.

use async_graphql::{ID, InputObject, SimpleObject};
use credits_core::domain::catalog as domain;

use crate::{
    error::Fault,
    graphql::{
        fault::bad_input,
        scalar::{Credits, MinorUnits},
        subscription::BillingInterval,
    },
};

/// A plan: credits every month, paid monthly or yearly.
#[derive(Clone, SimpleObject)]
pub struct Plan {
    /// Its id in requests.
    pub id: ID,
    /// Its name for people.
    pub name: String,
    /// What it is for, for people; may be empty.
    pub description: String,
    /// The credits of one month, which renew by themselves on every billing interval.
    pub allowance: Credits,
    /// What may be kept of an unused allowance; null, the rule, keeps nothing.
    pub rollover: Option<Rollover>,
    /// What it costs, at most one price an interval. It can be started only with an interval that has
    /// a price.
    pub prices: Vec<PlanPrice>,
}

/// The stated exception to "unused credits do not roll over".
#[derive(Clone, SimpleObject)]
pub struct Rollover {
    /// The most credits that one period hands on.
    pub max: Credits,
    /// How many months they last.
    pub months: u32,
}

/// What a plan costs on one billing interval.
#[derive(Clone, SimpleObject)]
pub struct PlanPrice {
    /// How often it is paid.
    pub interval: BillingInterval,
    /// How much each time, for display: the service takes no payments.
    pub money: Money,
    /// What billing systems call this price.
    pub external_ids: Vec<ExternalId>,
}

/// A pack of credits that can be bought beside a plan.
#[derive(Clone, SimpleObject)]
pub struct Pack {
    /// Its id in requests.
    pub id: ID,
    /// Its name for people.
    pub name: String,
    /// What it is for, for people; may be empty.
    pub description: String,
    /// How many credits it brings.
    pub credits: Credits,
    /// What it costs, for display: the service takes no payments.
    pub money: Money,
    /// What billing systems call it.
    pub external_ids: Vec<ExternalId>,
    /// How long its credits last from the purchase on; null for ever.
    pub expires_after: Option<PackLife>,
    /// It is offered only while the live allowance is below this many credits; null at any time.
    pub sold_below: Option<Credits>,
}

/// How long the credits of a pack last: months or days, never both.
#[derive(Clone, SimpleObject)]
pub struct PackLife {
    /// In calendar months; null if it is stated in days.
    pub months: Option<u32>,
    /// In days of 24 hours; null if it is stated in months.
    pub days: Option<u32>,
}

/// An amount of money, for display and audit: the service takes no payments.
#[derive(Clone, SimpleObject)]
pub struct Money {
    /// In the currency's smallest unit, such as cents.
    pub amount_minor: MinorUnits,
    /// The currency by its three capital letters (ISO 4217).
    pub currency: String,
}

/// What a billing system calls a price or a pack.
#[derive(Clone, SimpleObject)]
pub struct ExternalId {
    /// The billing system.
    pub provider: String,
    /// Its name for it.
    pub id: String,
}

/// An amount of money as billing reports it.
#[derive(Clone, InputObject)]
pub struct MoneyInput {
    /// In the currency's smallest unit, such as cents: 0 or more.
    pub amount_minor: MinorUnits,
    /// The currency by its three capital letters (ISO 4217).
    pub currency: String,
}

impl From<&domain::Plan> for Plan {
    fn from(plan: &domain::Plan) -> Plan {
        let price = |price: &domain::PlanPrice| PlanPrice {
            interval: price.interval.into(),
            money: price.money.into(),
            external_ids: price.external_ids.iter().map(ExternalId::from).collect(),
        };
        Plan {
            id: ID::from(plan.id.as_str()),
            name: plan.name.clone(),
            description: plan.description.clone(),
            allowance: plan.allowance.into(),
            rollover: plan.rollover.map(|terms| Rollover {
                max: terms.max.into(),
                months: terms.months,
            }),
            prices: plan.prices.iter().map(price).collect(),
        }
    }
}

impl From<&domain::Pack> for Pack {
    fn from(pack: &domain::Pack) -> Pack {
        Pack {
            id: ID::from(pack.id.as_str()),
            name: pack.name.clone(),
            description: pack.description.clone(),
            credits: pack.credits.into(),
            money: pack.money.into(),
            external_ids: pack.external_ids.iter().map(ExternalId::from).collect(),
            expires_after: pack.expires_after.map(PackLife::from),
            sold_below: pack.sold_below.map(Credits::from),
        }
    }
}

impl From<domain::PackLife> for PackLife {
    fn from(life: domain::PackLife) -> PackLife {
        let (months, days) = match life {
            domain::PackLife::Months(months) => (Some(months), None),
            domain::PackLife::Days(days) => (None, Some(days)),
        };
        PackLife { months, days }
    }
}

impl From<domain::Money> for Money {
    fn from(money: domain::Money) -> Money {
        Money {
            amount_minor: MinorUnits(money.amount_minor),
            currency: money.currency.as_str().to_owned(),
        }
    }
}

impl From<&domain::ExternalId> for ExternalId {
    fn from(external: &domain::ExternalId) -> ExternalId {
        ExternalId {
            provider: external.provider.clone(),
            id: external.id.clone(),
        }
    }
}

impl TryFrom<MoneyInput> for domain::Money {
    type Error = Fault;

    fn try_from(input: MoneyInput) -> Result<domain::Money, Fault> {
        let currency = input.currency.parse::<domain::Currency>();
        Ok(domain::Money {
            amount_minor: input.amount_minor.0,
            currency: currency.map_err(bad_input)?,
        })
    }
}
