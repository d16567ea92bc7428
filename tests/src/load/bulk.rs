//! Filling a database by way of the service: its actors decide, its writer writes, and accounts leave
//! memory as they always do.
//!
//! Owns in which order accounts come and are charged. It goes past nothing but HTTP, so that what is there
//! afterwards is what a service would have left that was asked for the same.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use credits_api::{app::start_ledger, config::Settings, database::open_to_write};
use credits_core::{
    clock::Clock,
    domain::{
        catalog::{BillingInterval, Generation},
        command::{Command, PriceGuard, Request},
        ids::{AccountId, ActionId, ModelId, OperationId, PlanId},
        outcome::Outcome,
    },
    error::LedgerError,
    ledger::{Answer, Ledger},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use uuid::Uuid;

use super::request;

/// Accounts that are worked on at a time: more than a transaction takes, so that the next one is full
/// when the last is over, and fewer than the service has places for. At most half of those that may be in
/// memory, so that others can leave it.
const AT_ONCE: usize = 2_048;
/// A visit of an account is so many charges: people make a few pictures, and come back another day.
const VISIT_CHARGES: usize = 5;
/// Prime to any likely number of accounts: those that are visited one after the other are not side by
/// side in the file.
const SCATTERING_STEP: usize = 611_953;
/// Nobody waits for one of them, and the disk may be busy.
const DEADLINE: Duration = Duration::from_secs(60);

/// How much is filled in.
#[derive(Clone, Copy, Debug)]
pub struct Bulk {
    /// Accounts, each of them on a plan: two operations.
    pub accounts: usize,
    /// Charges, spread over them.
    pub charges: usize,
}

/// How long it took.
#[derive(Clone, Copy, Debug)]
pub struct Took {
    /// To open the accounts and put them on a plan.
    pub opening: Duration,
    /// To charge them.
    pub charging: Duration,
    /// The accounts in memory at the end.
    pub resident: usize,
}

impl Bulk {
    /// Fills a database that nobody serves.
    pub async fn fill(self, settings: &Settings) -> io::Result<Took> {
        let mut settings = settings.clone();
        settings.sweeper.enabled = false;
        let deadline_ms = u64::try_from(DEADLINE.as_millis()).unwrap_or(u64::MAX);
        settings.writer.deadline_ms = deadline_ms;
        // So many accounts are loaded at a time that some wait long for a connection.
        settings.database.call_timeout_ms = deadline_ms;
        let store = open_to_write(&settings).await.map_err(io::Error::other)?;
        let ledger = start_ledger(&settings, &store, Clock::real()).await;
        let ledger = Arc::new(ledger.map_err(io::Error::other)?);
        let catalog = settings.catalog.file.as_ref().expect("it is set");
        let catalog = std::fs::read_to_string(catalog)?;
        let published = ledger.publish_catalog(catalog, None).await;
        published.map_err(io::Error::other)?;
        let at_once = AT_ONCE.min(settings.actors.resident_max / 2);
        let took = self.ask_for_all(&ledger, at_once).await?;
        ledger.close();
        ledger.drained().await;
        store.close().await;
        Ok(took)
    }

    async fn ask_for_all(self, ledger: &Ledger, at_once: usize) -> io::Result<Took> {
        let began = Instant::now();
        let opened = stream::iter(0..self.accounts).map(Ok);
        opened
            .try_for_each_concurrent(at_once, |number| async move {
                ask(ledger, number, Request::OpenAccount).await?;
                ask(ledger, number, start()).await
            })
            .await?;
        let opening = began.elapsed();
        let began = Instant::now();
        for (visit, charges) in self.visits() {
            let visited = stream::iter(0..self.accounts).map(Ok);
            visited
                .try_for_each_concurrent(at_once, |place| async move {
                    let number = self.visited(visit, place);
                    for _ in 0..self.share(charges, place) {
                        ask(ledger, number, charge()).await?;
                    }
                    Ok::<_, io::Error>(())
                })
                .await?;
        }
        Ok(Took {
            opening,
            charging: began.elapsed(),
            resident: ledger.accounts_resident(),
        })
    }

    /// The rounds in which all accounts are visited, each with the charges in it.
    fn visits(self) -> impl Iterator<Item = (usize, usize)> {
        let round = self.accounts * VISIT_CHARGES;
        let rounds = self.charges.div_ceil(round);
        (0..rounds).map(move |visit| (visit, round.min(self.charges - visit * round)))
    }

    /// The account whose turn it is in a round.
    fn visited(self, visit: usize, place: usize) -> usize {
        // Each round begins elsewhere.
        (place + visit * self.accounts / 3) * SCATTERING_STEP % self.accounts
    }

    /// How many charges of a round are those of a place in it.
    fn share(self, charges: usize, place: usize) -> usize {
        let more = usize::from(place < charges % self.accounts);
        charges / self.accounts + more
    }
}

fn start() -> Request {
    Request::StartSubscription {
        plan: PlanId::parse("maker").expect("the name is plain"),
        interval: BillingInterval::Monthly,
        anchor: None,
    }
}

fn charge() -> Request {
    Request::Charge {
        generation: Generation::of(
            ActionId::parse("text-to-image").expect("the name is plain"),
            Some(ModelId::parse("pencil").expect("the name is plain")),
        ),
        guard: PriceGuard::default(),
    }
}

/// Asks as a client would: again, under the same id, where the service has no place left.
async fn ask(ledger: &Ledger, number: usize, request: Request) -> io::Result<()> {
    let account = AccountId::parse(&request::account(number)).expect("the name is plain");
    let command = Command {
        operation_id: OperationId(Uuid::now_v7()),
        request,
    };
    loop {
        match ledger.execute(&account, command.clone()).await {
            Ok(Answer::Decided {
                outcome: Outcome::Accepted(_),
                ..
            }) => return Ok(()),
            Ok(other) => return Err(io::Error::other(format!("{account}: {other:?}"))),
            Err(LedgerError::Overloaded { retry_after_ms }) => {
                actix_rt::time::sleep(Duration::from_millis(retry_after_ms)).await;
            }
            Err(error) => return Err(io::Error::other(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::load::{
        place::{Engine, Place},
        request::Asked,
    };

    const RESIDENT_MAX: usize = 64;

    #[actix_web::test]
    async fn what_is_filled_in_is_proved_and_few_accounts_stay_in_memory() {
        let place = Place::new(Engine::Sqlite, None).expect("a file can be made");
        let mut ground = place.ground(Asked::Plain);
        ground.settings_mut().actors.resident_max = RESIDENT_MAX;
        let bulk = Bulk {
            accounts: 3 * RESIDENT_MAX,
            charges: 4 * RESIDENT_MAX,
        };
        let took = bulk.fill(ground.settings()).await.expect("it is filled");
        // The registry lets a sixteenth more in while it makes room.
        assert!(
            took.resident <= RESIDENT_MAX + RESIDENT_MAX / 16 + 1,
            "{took:?}"
        );
        let proved = ground.prove(bulk.charges, &[]).await;
        let proved = proved.expect("nothing is wrong");
        let operations = 2 * bulk.accounts + bulk.charges;
        assert!(
            proved.contains(&format!(
                "{} accounts, {operations} operations: clean",
                bulk.accounts
            )),
            "{proved}"
        );
        // What is not there is missed, and what nobody knows of is found.
        let control = ground.prove(bulk.charges - 1, &[Uuid::now_v7()]).await;
        assert!(control.is_err());
        assert!(ground.prove(bulk.charges - 1, &[]).await.is_err());
    }

    #[test]
    fn all_charges_are_made_and_every_account_has_its_share() {
        for (accounts, charges) in [(7, 0), (7, 3), (7, 14), (10, 50), (10, 53), (100, 1_234)] {
            let bulk = Bulk { accounts, charges };
            let mut made: HashMap<usize, usize> = HashMap::new();
            for (visit, charges) in bulk.visits() {
                for place in 0..accounts {
                    let share = bulk.share(charges, place);
                    assert!(share <= VISIT_CHARGES);
                    *made.entry(bulk.visited(visit, place)).or_default() += share;
                }
            }
            assert_eq!(made.len(), if charges == 0 { 0 } else { accounts });
            assert_eq!(made.values().sum::<usize>(), charges);
        }
    }
}
