//! Who tells the story of the demo account: it sets the clock and asks the ledger.

use chrono::TimeDelta;
use credits_core::{
    clock::Clock,
    domain::{
        catalog::{ActualRun, EXAMPLE, Generation},
        command::{Command, PriceGuard, Request},
        ids::{AccountId, OperationId},
        outcome::Outcome,
        time::Instant,
    },
    ledger::{Answer, Ledger, Prompt},
};

use super::ask;
use crate::app::Problem;

/// What a second of a film costs by the example, and by the prices that are announced.
const FILM_PRICES: [&str; 2] = [
    "price = 20\nper = \"second\"",
    "price = 24\nper = \"second\"",
];

pub(super) struct Teller {
    pub(super) ledger: Ledger,
    pub(super) clock: Clock,
    pub(super) account: AccountId,
    /// The instant from which days and hours are counted.
    pub(super) began: Instant,
}

impl Teller {
    fn at(&self, day: i64, hour: i64) -> Instant {
        let since = TimeDelta::days(day) + TimeDelta::hours(hour);
        self.began.saturating_add(since)
    }

    async fn asks(&self, at: Instant, request: Request) -> Result<Asked, Problem> {
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

    pub(super) async fn does(
        &self,
        day: i64,
        hour: i64,
        request: Request,
    ) -> Result<OperationId, Problem> {
        self.asks(self.at(day, hour), request).await?.accepted()
    }

    /// The account, on a plan from its first instant on.
    pub(super) async fn opens(&self, plan: &str) -> Result<(), Problem> {
        self.does(0, 0, Request::OpenAccount).await?;
        self.does(0, 0, ask::plan(plan)?).await?;
        Ok(())
    }

    pub(super) async fn buys_a_pack(
        &self,
        day: i64,
        hour: i64,
        reference: &str,
    ) -> Result<(), Problem> {
        let pack = ask::pack(&self.ledger, self.at(day, hour), reference)?;
        self.does(day, hour, pack).await?;
        Ok(())
    }

    pub(super) async fn pictures(
        &self,
        day: i64,
        hour: i64,
        model: &str,
        variations: u32,
        project: &str,
    ) -> Result<(), Problem> {
        let generation = Generation {
            variations,
            ..ask::generation("text-to-image", model, project)?
        };
        self.does(day, hour, ask::charge(generation)).await?;
        Ok(())
    }

    /// The same prompt three times within minutes.
    pub(super) async fn retries(
        &self,
        day: i64,
        hour: i64,
        model: &str,
        project: &str,
    ) -> Result<(), Problem> {
        for minutes in [0, 2, 5] {
            let mut generation = ask::generation("text-to-image", model, project)?;
            let prompt = Prompt::Text("A fox in the first snow, early light");
            self.ledger.fingerprint(&mut generation, prompt);
            let at = self.at(day, hour);
            let at = at.saturating_add(TimeDelta::minutes(minutes));
            self.asks(at, ask::charge(generation)).await?.accepted()?;
        }
        Ok(())
    }

    /// A video that is there already, or another attempt at `earlier`.
    pub(super) async fn attempt(
        &self,
        day: i64,
        hour: i64,
        model: &str,
        project: &str,
        earlier: Option<OperationId>,
    ) -> Result<OperationId, Problem> {
        let generation = Generation {
            regenerate_of: earlier,
            ..ask::generation("text-to-video", model, project)?
        };
        self.does(day, hour, ask::charge(generation)).await
    }

    async fn hold(
        &self,
        day: i64,
        hour: i64,
        model: &str,
        project: &str,
    ) -> Result<OperationId, Problem> {
        let reserve = Request::Reserve {
            generation: ask::generation("text-to-video", model, project)?,
            guard: PriceGuard::default(),
            ttl_minutes: None,
        };
        self.does(day, hour, reserve).await
    }

    /// A video: reserved, run, settled.
    pub(super) async fn video(
        &self,
        day: i64,
        hour: i64,
        model: &str,
        project: &str,
    ) -> Result<(), Problem> {
        let hold = self.hold(day, hour, model, project).await?;
        let actual = ActualRun::default();
        let settle = Request::Settle { hold, actual };
        self.does(day, hour, settle).await?;
        Ok(())
    }

    /// A film that takes much of what is left.
    pub(super) async fn long_film(
        &self,
        day: i64,
        hour: i64,
        model: &str,
        project: &str,
    ) -> Result<(), Problem> {
        let generation = Generation {
            seconds: Some(15),
            ..ask::generation("text-to-video", model, project)?
        };
        self.does(day, hour, ask::charge(generation)).await?;
        Ok(())
    }

    /// A video that could not be made: nothing was processed, nothing was consumed.
    pub(super) async fn abandoned(
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
    pub(super) async fn too_much(&self, day: i64, hour: i64) -> Result<(), Problem> {
        let films = ask::charge(ask::two_long_films()?);
        match self.asks(self.at(day, hour), films).await?.outcome {
            Outcome::Refused(_) => Ok(()),
            Outcome::Accepted(_) => Err(invalid("there were credits for too much")),
        }
    }

    /// The example with a dearer film, which counts from the day `from` on.
    pub(super) async fn announces(&self, day: i64, hour: i64, from: i64) -> Result<(), Problem> {
        let [before, later] = FILM_PRICES;
        let dearer = EXAMPLE.replace(before, later);
        if dearer == EXAMPLE {
            return Err(invalid("the example has another price of films"));
        }
        self.clock.set(self.at(day, hour));
        let counts_from = Some(self.at(from, 0));
        self.ledger.publish_catalog(dearer, counts_from).await?;
        Ok(())
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

pub(super) fn invalid(error: impl ToString) -> Problem {
    Problem::Demo(error.to_string())
}
