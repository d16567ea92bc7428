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
        ids::{AccountId, ActionId, ModelId, OperationId, OptionId, PackId, PlanId, ProjectId},
        outcome::Outcome,
        payment::{Payment, PaymentKey},
        time::Instant,
    },
    ledger::{Answer, Ledger, Prompt},
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
    if is_there(store).await? || !store.catalogs().await?.is_empty() {
        return Ok(());
    }
    let account = AccountId::parse(ACCOUNT).map_err(invalid)?;
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

/// Whether the demo account was made before.
pub async fn is_there(store: &Arc<SqlStore>) -> Result<bool, Problem> {
    let account = AccountId::parse(ACCOUNT).map_err(invalid)?;
    Ok(store.load(&account).await?.account.is_open())
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
            self.pictures(day, hour, "canvas", 4, "spring-campaign")
                .await?;
        }
        self.video(14, 10, "reel", "spring-campaign").await?;
        let pack = pack(&self.ledger, self.at(20, 8), "demo-payment-1")?;
        self.does(20, 8, pack).await?;
        self.retries(27, 10, "canvas", "spring-campaign").await?;
        for (day, hour) in [(33, 9), (33, 10), (34, 9), (38, 16), (44, 12)] {
            self.pictures(day, hour, "sketch", 6, "product-photos")
                .await?;
        }
        self.video(47, 9, "cinema", "product-film").await?;
        self.abandoned(48, 9, "cinema", "product-film").await?;
        for (day, hour) in [(63, 9), (66, 10), (70, 18)] {
            self.pictures(day, hour, "atelier", 4, "autumn-campaign")
                .await?;
        }
        self.video(71, 9, "reel", "autumn-film").await?;
        self.video(71, 11, "reel", "autumn-film").await?;
        self.too_much(72, 9).await?;
        self.video(74, 9, "cinema", "autumn-film").await
    }

    fn at(&self, day: i64, hour: i64) -> Instant {
        let since = TimeDelta::days(day) + TimeDelta::hours(hour);
        self.began.saturating_add(since)
    }

    async fn asks(&self, day: i64, hour: i64, request: Request) -> Result<Asked, Problem> {
        self.asks_at(self.at(day, hour), request).await
    }

    async fn asks_at(&self, at: Instant, request: Request) -> Result<Asked, Problem> {
        self.clock.set(at);
        let id = OperationId(uuid::Uuid::now_v7());
        let command = Command {
            operation_id: id,
            request,
        };
        let answer = self.ledger.execute(&self.account, command).await;
        match answer.map_err(invalid)? {
            Answer::Decided { outcome, .. } => Ok(Asked { id, outcome }),
            Answer::Free => Err(invalid("a text action is no part of the story")),
        }
    }

    async fn does(&self, day: i64, hour: i64, request: Request) -> Result<OperationId, Problem> {
        self.asks(day, hour, request).await?.accepted()
    }

    async fn pictures(
        &self,
        day: i64,
        hour: i64,
        model: &str,
        variations: u32,
        project: &str,
    ) -> Result<(), Problem> {
        let generation = generation("text-to-image", model, project)?;
        let asked = Request::Charge {
            generation: Generation {
                variations,
                ..generation
            },
            guard: PriceGuard::default(),
        };
        self.does(day, hour, asked).await?;
        Ok(())
    }

    /// The same prompt three times within minutes, days before what is left of the allowance ends.
    async fn retries(
        &self,
        day: i64,
        hour: i64,
        model: &str,
        project: &str,
    ) -> Result<(), Problem> {
        for minutes in [0, 2, 5] {
            let mut generation = generation("text-to-image", model, project)?;
            let prompt = Prompt::Text("A fox in the first snow, early light");
            self.ledger.fingerprint(&mut generation, prompt);
            let asked = Request::Charge {
                generation,
                guard: PriceGuard::default(),
            };
            let at = self.at(day, hour);
            let at = at.saturating_add(TimeDelta::minutes(minutes));
            self.asks_at(at, asked).await?.accepted()?;
        }
        Ok(())
    }

    async fn hold(
        &self,
        day: i64,
        hour: i64,
        model: &str,
        project: &str,
    ) -> Result<OperationId, Problem> {
        let reserve = Request::Reserve {
            generation: generation("text-to-video", model, project)?,
            guard: PriceGuard::default(),
            ttl_minutes: None,
        };
        self.does(day, hour, reserve).await
    }

    /// A video: reserved, run, settled.
    async fn video(&self, day: i64, hour: i64, model: &str, project: &str) -> Result<(), Problem> {
        let hold = self.hold(day, hour, model, project).await?;
        let actual = ActualRun::default();
        let settle = Request::Settle { hold, actual };
        self.does(day, hour, settle).await?;
        Ok(())
    }

    /// A video that could not be made: nothing was processed, nothing was consumed.
    async fn abandoned(
        &self,
        day: i64,
        hour: i64,
        model: &str,
        project: &str,
    ) -> Result<(), Problem> {
        let hold = self.hold(day, hour, model, project).await?;
        self.does(day, hour, Request::Release { hold }).await?;
        Ok(())
    }

    /// A request for more than there is: refused.
    async fn too_much(&self, day: i64, hour: i64) -> Result<(), Problem> {
        let film = generation("text-to-video", "cinema", "autumn-film")?;
        let asked = Request::Charge {
            generation: Generation {
                variations: 2,
                seconds: Some(20),
                resolution: Some(OptionId::parse("1080p").map_err(invalid)?),
                ..film
            },
            guard: PriceGuard::default(),
        };
        match self.asks(day, hour, asked).await?.outcome {
            Outcome::Refused(_) => Ok(()),
            Outcome::Accepted(_) => Err(invalid("there were credits for too much")),
        }
    }
}

/// A command of the story and what became of it.
struct Asked {
    id: OperationId,
    outcome: Outcome,
}

impl Asked {
    /// The id of what must have been accepted.
    fn accepted(self) -> Result<OperationId, Problem> {
        match self.outcome {
            Outcome::Accepted(_) => Ok(self.id),
            Outcome::Refused(refusal) => Err(invalid(format!("refused: {refusal:?}"))),
        }
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

fn generation(action: &str, model: &str, project: &str) -> Result<Generation, Problem> {
    Ok(Generation {
        action: ActionId::parse(action).map_err(invalid)?,
        model: Some(ModelId::parse(model).map_err(invalid)?),
        variations: 1,
        seconds: None,
        resolution: None,
        quality: None,
        project: Some(ProjectId::parse(project).map_err(invalid)?),
        regenerate_of: None,
        prompt_fingerprint: None,
        prompt_fingerprint_before: None,
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
