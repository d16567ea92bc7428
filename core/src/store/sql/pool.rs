//! Connections, and how long a call on them may take.
//!
//! Owns the deadline of calls to a server, and what becomes of connections that do not answer: a half-open
//! one is found out only by waiting, and its driver would wait for it for a quarter of an hour. So all
//! connections are given up with it, and new ones are made by the calls after it. A file answers or fails.

use std::{
    future::Future,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use futures_util::FutureExt;
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr};
use tokio::time::timeout;
use tracing::error;

use super::error::is_lost;
use crate::store::StoreError;

/// Connections of one kind.
#[derive(Debug)]
pub(super) struct Pool {
    connection: RwLock<DatabaseConnection>,
    /// None of a file.
    server: Option<Server>,
}

#[derive(Debug)]
struct Server {
    options: ConnectOptions,
    deadline: Duration,
}

/// The server did not answer in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the database did not answer within {0:?}")]
pub(super) struct TooLate(Duration);

impl Pool {
    /// Of a file.
    pub(super) fn of_file(connection: DatabaseConnection) -> Pool {
        Pool {
            connection: RwLock::new(connection),
            server: None,
        }
    }

    /// Of a server, to which a call may take so long.
    pub(super) async fn of_server(
        options: ConnectOptions,
        deadline: Duration,
    ) -> Result<Pool, DbErr> {
        let connection = connect(&options, deadline).await?;
        Ok(Pool {
            connection: RwLock::new(connection),
            server: Some(Server { options, deadline }),
        })
    }

    /// The connections at present.
    pub(super) fn get(&self) -> DatabaseConnection {
        let connection = self.connection.read();
        connection.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets a call on [`Pool::get`] run until its deadline.
    pub(super) async fn within<T>(&self, call: impl Future<Output = T>) -> Result<T, TooLate> {
        let Some(server) = &self.server else {
            return Ok(call.await);
        };
        match timeout(server.deadline, call).await {
            Ok(answer) => Ok(answer),
            Err(_) => {
                self.renew(server);
                Err(TooLate(server.deadline))
            }
        }
    }

    /// As [`Pool::within`], where a call that fails has changed nothing. If its connection was lost it is tried
    /// on another one, as often as there may be lost ones: after a server came back all are.
    pub(super) async fn read<T, F>(
        &self,
        call: impl Fn(DatabaseConnection) -> F,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let tries = async {
            let mut lost = 0;
            loop {
                match call(self.get()).await {
                    Err(error) if lost < self.connections_max() && is_lost(&error) => lost += 1,
                    answer => return answer,
                }
            }
        };
        self.within(tries).await?
    }

    /// The most connections of a server. Those of a file are not lost.
    fn connections_max(&self) -> u32 {
        let server = self.server.as_ref();
        let most = server.and_then(|server| server.options.get_max_connections());
        most.unwrap_or(0)
    }

    /// Calls back with each statement.
    #[cfg(test)]
    pub(super) fn watch(
        &self,
        callback: impl Fn(&sea_orm::metric::Info<'_>) + Send + Sync + 'static,
    ) {
        let connection = self.connection.write();
        let mut connection = connection.unwrap_or_else(PoisonError::into_inner);
        connection.set_metric_callback(callback);
    }

    /// Ends all connections in an orderly way.
    pub(super) async fn close(&self) {
        // One that can't be closed has nothing left to lose: what was committed is synced.
        let connection = self.get();
        let _ = self.within(connection.close_by_ref()).await;
    }

    fn renew(&self, server: &Server) {
        let mut options = server.options.clone();
        // Nothing is connected here: the next call does.
        options.connect_lazy(true).min_connections(0);
        match Database::connect(options).now_or_never() {
            Some(Ok(fresh)) => {
                let connection = self.connection.write();
                *connection.unwrap_or_else(PoisonError::into_inner) = fresh;
            }
            Some(Err(error)) => error!(error = %error, "connections can't be given up"),
            None => error!("connections can't be given up: making others does not end at once"),
        }
    }
}

async fn connect(
    options: &ConnectOptions,
    deadline: Duration,
) -> Result<DatabaseConnection, DbErr> {
    let connecting = timeout(deadline, Database::connect(options.clone()));
    let late = |_| DbErr::Custom(TooLate(deadline).to_string());
    connecting.await.map_err(late)?
}

impl From<TooLate> for StoreError {
    fn from(late: TooLate) -> StoreError {
        StoreError::Unavailable(Box::new(late))
    }
}
