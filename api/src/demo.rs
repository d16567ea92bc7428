//! The demo account: 75 days of history, made by the ledger itself under a manual clock.
//!
//! Owns the story that the account tells. Nothing is written past the ledger: each line of it is a
//! command that was decided at its instant, or something that time did.

use std::sync::Arc;

use chrono::TimeDelta;
use credits_core::{
    clock::Clock,
    domain::{
        catalog::{ActualRun, BillingInterval, EXAMPLE, Generation, Money},
        command::{Command, PriceGuard, Request},
        ids::{AccountId, ActionId, ModelId, OperationId, PackId, PlanId, ProjectId},
        payment::{Payment, PaymentKey},
        time::Instant,
    },
    ledger::{Answer, Ledger},
    store::{Store, sql::SqlStore},
};

use crate::{
    app::{Problem, start_ledger},
    config::Settings,
};

/// The account of the demo.
pub const ACCOUNT: &str = "demo";
/// How far back its history goes.
const HISTORY_DAYS: i64 = 75;

/// Makes the demo account as of `now`, unless it is there or other catalogs are.
pub async fn prepare(
    settings: &Settings,
    store: &Arc<SqlStore>,
    now: Instant,
) -> Result<(), Problem> {
    let account = AccountId::parse(ACCOUNT).map_err(|error| Problem::Demo(error.to_string()))?;
    if store.load(&account).await?.account.is_open() || !store.catalogs().await?.is_empty() {
        return Ok(());
    }
    let began = now.saturating_sub(TimeDelta::days(HISTORY_DAYS));
    let clock = Clock::manual(began, 0.0);
    let ledger = start_ledger(settings, store, clock.clone()).await?;
    ledger.publish_catalog(EXAMPLE.to_owned(), None).await?;
    let story = Story {
        ledger,
        clock,
        account,
        began,
    };
    story.tell().await
}

struct Story {
    ledger: Ledger,
    clock: Clock,
    account: AccountId,
    began: Instant,
}

impl Story {
    /// Days and hours are counted from the beginning; renewals happen by themselves in between.
    async fn tell(&self) -> Result<(), Problem> {
        self.does(0, 0, Request::OpenAccount).await?;
        self.does(0, 0, plan("creator")?).await?;
        for (day, hour) in [(1, 9), (1, 10), (2, 9), (5, 15), (9, 11), (12, 20)] {
            let picture = charge(&self.ledger, "text-to-image", 2, "spring-campaign")?;
            self.does(day, hour, picture).await?;
        }
        self.video(14, 10, "spring-campaign").await?;
        let pack = pack(&self.ledger, self.at(20, 8), "demo-payment-1")?;
        self.does(20, 8, pack).await?;
        for (day, hour) in [(33, 9), (33, 10), (34, 9), (38, 16), (44, 12)] {
            let picture = charge(&self.ledger, "image-to-image", 1, "product-photos")?;
            self.does(day, hour, picture).await?;
        }
        self.video(47, 9, "product-film").await?;
        self.released(48, 9, "product-film").await?;
        for (day, hour) in [(63, 9), (66, 10), (70, 18)] {
            let picture = charge(&self.ledger, "text-to-image", 4, "autumn-campaign")?;
            self.does(day, hour, picture).await?;
        }
        self.refused(72, 9).await?;
        self.video(74, 9, "autumn-film").await
    }

    fn at(&self, day: i64, hour: i64) -> Instant {
        let since = TimeDelta::days(day) + TimeDelta::hours(hour);
        self.began.saturating_add(since)
    }

    async fn does(&self, day: i64, hour: i64, request: Request) -> Result<OperationId, Problem> {
        self.clock.set(self.at(day, hour));
        let operation_id = OperationId(uuid::Uuid::now_v7());
        let command = Command {
            operation_id,
            request,
        };
        let answer = self.ledger.execute(&self.account, command).await;
        match answer.map_err(|error| Problem::Demo(error.to_string()))? {
            Answer::Free | Answer::Decided { .. } => Ok(operation_id),
        }
    }

    /// A video: reserved, run, settled.
    async fn video(&self, day: i64, hour: i64, project: &str) -> Result<(), Problem> {
        let reserve = reserve(&self.ledger, project)?;
        let hold = self.does(day, hour, reserve).await?;
        let actual = ActualRun::default();
        self.does(day, hour, Request::Settle { hold, actual })
            .await?;
        Ok(())
    }

    /// A video that could not be made: nothing was processed, nothing was consumed.
    async fn released(&self, day: i64, hour: i64, project: &str) -> Result<(), Problem> {
        let reserve = reserve(&self.ledger, project)?;
        let hold = self.does(day, hour, reserve).await?;
        self.does(day, hour, Request::Release { hold }).await?;
        Ok(())
    }

    /// A request for more than there is.
    async fn refused(&self, day: i64, hour: i64) -> Result<(), Problem> {
        let generation = dearest(&self.ledger)?;
        let guard = PriceGuard::default();
        let asked = Request::Charge { generation, guard };
        self.does(day, hour, asked).await?;
        Ok(())
    }
}

fn invalid(error: impl ToString) -> Problem {
    Problem::Demo(error.to_string())
}

fn plan(id: &str) -> Result<Request, Problem> {
    Ok(Request::StartSubscription {
        plan: PlanId::parse(id).map_err(invalid)?,
        interval: BillingInterval::Monthly,
        anchor: None,
    })
}

fn generation(action: &str, model: ModelId, project: &str) -> Result<Generation, Problem> {
    Ok(Generation {
        action: ActionId::parse(action).map_err(invalid)?,
        model: Some(model),
        variations: 1,
        seconds: None,
        resolution: None,
        quality: None,
        project: Some(ProjectId::parse(project).map_err(invalid)?),
        regenerate_of: None,
        prompt_fingerprint: None,
    })
}

/// The first model of the catalog that offers the action.
fn first_model(ledger: &Ledger, action: &str) -> Result<ModelId, Problem> {
    let action = ActionId::parse(action).map_err(invalid)?;
    let catalogs = ledger.catalogs();
    let latest = catalogs.latest();
    let model = latest.and_then(|published| {
        let mut models = published.catalog.models.iter();
        models.find(|model| model.action(&action).is_some())
    });
    model
        .map(|model| model.id.clone())
        .ok_or_else(|| invalid(format!("no model offers {action}")))
}

fn charge(
    ledger: &Ledger,
    action: &str,
    variations: u32,
    project: &str,
) -> Result<Request, Problem> {
    let generation = generation(action, first_model(ledger, action)?, project)?;
    Ok(Request::Charge {
        generation: Generation {
            variations,
            ..generation
        },
        guard: PriceGuard::default(),
    })
}

fn reserve(ledger: &Ledger, project: &str) -> Result<Request, Problem> {
    let model = first_model(ledger, "text-to-video")?;
    Ok(Request::Reserve {
        generation: generation("text-to-video", model, project)?,
        guard: PriceGuard::default(),
        ttl_minutes: None,
    })
}

/// The longest and best video of the dearest model, as many as it makes.
fn dearest(ledger: &Ledger) -> Result<Generation, Problem> {
    let action = ActionId::parse("text-to-video").map_err(invalid)?;
    let catalogs = ledger.catalogs();
    let latest = catalogs.latest().ok_or_else(|| invalid("no catalog"))?;
    let offers = latest.catalog.models.iter();
    let offers = offers.filter_map(|model| Some((model, model.action(&action)?)));
    let (model, offer) = offers
        .max_by_key(|(_, offer)| offer.price)
        .ok_or_else(|| invalid("no model makes videos"))?;
    let dearest = generation("text-to-video", model.id.clone(), "autumn-film")?;
    Ok(Generation {
        variations: offer.variations.max,
        seconds: offer.seconds.map(|seconds| seconds.max),
        resolution: offer.resolutions.last().map(|option| option.id.clone()),
        ..dearest
    })
}

fn pack(ledger: &Ledger, paid_at: Instant, reference: &str) -> Result<Request, Problem> {
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
