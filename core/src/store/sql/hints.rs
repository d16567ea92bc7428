//! What nodes on one server tell each other: which accounts a batch has written to, and how far.
//!
//! Owns the channel and its wording. It is told after COMMIT, by a statement of its own: within the
//! transaction all nodes would take turns at the server's one queue. Nothing depends on it: what can't be
//! told, or is not heard, is found a second later by those who look.

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, Statement,
    sqlx::{self, postgres::PgListener},
};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::pool::Pool;
use crate::{
    domain::ids::{AccountId, Sequence},
    store::{AccountWork, Committed, Neighbours, StoreError},
};

const CHANNEL: &str = "chatnow_credits";
/// Hints that wait to be told; more are dropped.
const WAITING_MAX: usize = 64;
/// The server takes fewer than 8,000 bytes; a name has at most 128, and its place.
const ACCOUNTS_MAX: usize = 48;

/// One hint as it is written: who tells it, and what.
type Hint = (Uuid, Vec<(String, i64)>);

/// What this node tells.
#[derive(Debug)]
pub(super) struct Teller {
    node: Uuid,
    waiting: mpsc::Sender<Hint>,
}

impl Teller {
    /// Starts telling.
    pub(super) fn start(connection: DatabaseConnection) -> Teller {
        let (waiting, hints) = mpsc::channel(WAITING_MAX);
        tokio::spawn(tell(connection, hints));
        Teller {
            node: Uuid::new_v4(),
            waiting,
        }
    }

    /// Tells what of a batch was committed.
    pub(super) fn committed(&self, batch: &[AccountWork], committed: &Committed) {
        let won = batch
            .iter()
            .filter(|work| !work.operations.is_empty() && !committed.lost.contains(&work.account));
        let reached: Vec<_> = won
            .map(|work| (work.account.as_str().to_owned(), work.head().sequence.0))
            .collect();
        for part in reached.chunks(ACCOUNTS_MAX) {
            // Where too many wait, others look.
            let _dropped = self.waiting.try_send((self.node, part.to_vec()));
        }
    }

    /// Hears what others tell.
    pub(super) fn hear(&self, pool: &Pool) -> Box<dyn Neighbours> {
        Box::new(Hearer {
            node: self.node,
            connection: pool.get(),
            listener: None,
        })
    }
}

async fn tell(connection: DatabaseConnection, mut hints: mpsc::Receiver<Hint>) {
    while let Some(hint) = hints.recv().await {
        let text = serde_json::to_string(&hint).expect("a hint is plain data");
        let notify = Statement::from_sql_and_values(
            connection.get_database_backend(),
            "SELECT pg_notify($1, $2)",
            [CHANNEL.into(), text.into()],
        );
        if let Err(error) = connection.execute_raw(notify).await {
            tracing::debug!(error = %error, "other nodes could not be told");
        }
    }
}

#[derive(Debug)]
struct Hearer {
    node: Uuid,
    connection: DatabaseConnection,
    listener: Option<PgListener>,
}

#[async_trait]
impl Neighbours for Hearer {
    async fn told(&mut self) -> Result<Vec<(AccountId, Sequence)>, StoreError> {
        loop {
            let listener = match &mut self.listener {
                Some(listener) => listener,
                None => {
                    let pool = self.connection.get_postgres_connection_pool();
                    let mut listener = PgListener::connect_with(pool).await.map_err(unheard)?;
                    listener.listen(CHANNEL).await.map_err(unheard)?;
                    self.listener.insert(listener)
                }
            };
            // It connects again by itself; what was told meanwhile is lost.
            let heard = match listener.recv().await {
                Ok(heard) => heard,
                Err(error) => {
                    // Its connection would keep the others from being closed.
                    self.listener = None;
                    return Err(unheard(error));
                }
            };
            let Ok((node, reached)) = serde_json::from_str::<Hint>(heard.payload()) else {
                continue;
            };
            if node == self.node {
                continue;
            }
            let known = |(name, sequence): (String, i64)| {
                Some((AccountId::parse(&name).ok()?, Sequence(sequence)))
            };
            return Ok(reached.into_iter().filter_map(known).collect());
        }
    }
}

fn unheard(error: sqlx::Error) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}
