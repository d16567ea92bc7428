//! What the story of the demo account asks for, as commands of the domain.

use credits_core::{
    domain::{
        catalog::{BillingInterval, Generation, Money},
        command::{PriceGuard, Request},
        credits::Credits,
        ids::{ActionId, ModelId, OperationId, OptionId, PackId, PlanId, ProjectId},
        payment::{Payment, PaymentKey},
        preferences::{Change, PreferencesChange},
        time::Instant,
    },
    ledger::Ledger,
};

use super::teller::invalid;
use crate::app::Problem;

pub(super) fn plan(id: &str) -> Result<Request, Problem> {
    Ok(Request::StartSubscription {
        plan: PlanId::parse(id).map_err(invalid)?,
        interval: BillingInterval::Monthly,
        anchor: None,
    })
}

pub(super) fn larger_plan(id: &str) -> Result<Request, Problem> {
    Ok(Request::ChangePlan {
        plan: PlanId::parse(id).map_err(invalid)?,
        interval: None,
    })
}

pub(super) fn generation(action: &str, model: &str, project: &str) -> Result<Generation, Problem> {
    Ok(Generation {
        project: Some(ProjectId::parse(project).map_err(invalid)?),
        ..Generation::of(
            ActionId::parse(action).map_err(invalid)?,
            Some(ModelId::parse(model).map_err(invalid)?),
        )
    })
}

pub(super) fn pack(ledger: &Ledger, paid_at: Instant, reference: &str) -> Result<Request, Problem> {
    let catalogs = ledger.catalogs();
    let latest = catalogs.latest().ok_or_else(|| invalid("no catalog"))?;
    let pack = latest.catalog.packs.first();
    let (id, amount): (PackId, Money) = pack
        .map(|pack| (pack.id.clone(), pack.money))
        .ok_or_else(|| invalid("the catalog has no pack"))?;
    Ok(Request::PurchasePack {
        pack: id,
        quantity: 1,
        catalog_version: Some(latest.version),
        payment: Payment {
            key: PaymentKey {
                provider: "demo".to_owned(),
                reference: reference.to_owned(),
            },
            amount,
            paid_at,
        },
    })
}

/// A charge of `generation`, whatever it costs.
pub(super) fn charge(generation: Generation) -> Request {
    Request::Charge {
        generation,
        guard: PriceGuard::default(),
    }
}

/// More than the account can pay.
pub(super) fn two_long_films() -> Result<Generation, Problem> {
    Ok(Generation {
        variations: 2,
        seconds: Some(20),
        resolution: Some(OptionId::parse("1080p").map_err(invalid)?),
        ..generation("text-to-video", "cinema", "autumn-film")?
    })
}

/// The attempt that is kept.
pub(super) fn kept(charge: OperationId) -> Request {
    Request::MarkKept { charge, kept: true }
}

pub(super) fn project_ceiling(project: &str, credits_max: i64) -> Result<Request, Problem> {
    let project = ProjectId::parse(project).map_err(invalid)?;
    let credits_max = Credits::new(credits_max).map_err(invalid)?;
    Ok(Request::SetPreferences {
        change: PreferencesChange {
            project_credits_max: Change::Set(vec![(project, Some(credits_max))]),
            ..PreferencesChange::default()
        },
    })
}
