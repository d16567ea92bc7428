//! What nodes on one server tell each other: which accounts a batch has written to, and how far.
//!
//! Owns the channel and its wording. It is told after COMMIT, by a statement of its own: within the
//! transaction all nodes would take turns at the server's one queue. Nothing depends on it: what can't be
//! told, or is not heard, is found a second later by those who look.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, Statement,
    sqlx::{self, postgres::PgListener},
};
use tokio::{sync::mpsc, time::Instant as Monotonic};
use uuid::Uuid;

use super::pool::Pool;
use crate::{
    domain::ids::{AccountId, Sequence},
    store::{Neighbours, StoreError},
};

const CHANNEL: &str = "chatnow_credits";
/// Hints that wait to be told; more are dropped.
const WAITING_MAX: usize = 64;
/// The server takes fewer than 8,000 bytes; a name has at most 128, and its place.
const ACCOUNTS_MAX: usize = 48;
/// After so long without a word it is listened on another connection: one whose other end is gone is silent,
/// too.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// One hint as it is written: who tells it, and what.
type Hint = (Uuid, Vec<(String, i64)>);

/// What this node tells.
#[derive(Debug)]
pub(super) struct Teller {
    node: Uuid,
    waiting: mpsc::Sender<Hint>,
}

impl Teller {
    /// Starts telling, on these connections.
    pub(super) fn start(pool: Arc<Pool>) -> Teller {
        let (waiting, hints) = mpsc::channel(WAITING_MAX);
        tokio::spawn(tell(pool, hints));
        Teller {
            node: Uuid::new_v4(),
            waiting,
        }
    }

    /// Tells how far accounts have come.
    pub(super) fn tell(&self, reached: impl Iterator<Item = (AccountId, Sequence)>) {
        let named =
            |(account, sequence): (AccountId, Sequence)| (account.as_str().to_owned(), sequence.0);
        let reached: Vec<_> = reached.map(named).collect();
        for part in reached.chunks(ACCOUNTS_MAX) {
            // Where too many wait, others look.
            let _dropped = self.waiting.try_send((self.node, part.to_vec()));
        }
    }

    /// Hears what others tell.
    pub(super) fn hear(&self, pool: Arc<Pool>) -> Box<dyn Neighbours> {
        Box::new(Hearer {
            node: self.node,
            pool,
            listener: None,
            heard_at: Monotonic::now(),
        })
    }
}

async fn tell(pool: Arc<Pool>, mut hints: mpsc::Receiver<Hint>) {
    while let Some(hint) = hints.recv().await {
        let text = serde_json::to_string(&hint).expect("a hint is plain data");
        let connection = pool.get();
        let notify = Statement::from_sql_and_values(
            connection.get_database_backend(),
            "SELECT pg_notify($1, $2)",
            [CHANNEL.into(), text.into()],
        );
        match pool.within(connection.execute_raw(notify)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::debug!(error = %error, "other nodes could not be told"),
            Err(late) => tracing::debug!(error = %late, "other nodes could not be told"),
        }
    }
}

#[derive(Debug)]
struct Hearer {
    node: Uuid,
    pool: Arc<Pool>,
    listener: Option<PgListener>,
    /// When something came last, or the listener began.
    heard_at: Monotonic,
}

#[async_trait]
impl Neighbours for Hearer {
    async fn told(&mut self) -> Result<Vec<(AccountId, Sequence)>, StoreError> {
        loop {
            if self.heard_at.elapsed() > SILENCE_MAX {
                self.listener = None;
            }
            let listener = match &mut self.listener {
                Some(listener) => listener,
                None => {
                    let connection = self.pool.get();
                    let pool = connection.get_postgres_connection_pool();
                    let mut listener = PgListener::connect_with(pool).await.map_err(unheard)?;
                    listener.listen(CHANNEL).await.map_err(unheard)?;
                    self.heard_at = Monotonic::now();
                    self.listener.insert(listener)
                }
            };
            // It connects again by itself; what was told meanwhile is lost.
            let heard = match listener.recv().await {
                Ok(heard) => {
                    self.heard_at = Monotonic::now();
                    heard
                }
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
