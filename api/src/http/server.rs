//! The listening server: bound before it serves, stopped in order.
//!
//! Owns the socket, the workers and the steps of a shutdown. It never handles signals;
//! [`shutdown`](crate::shutdown) does.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use actix_web::{App, HttpServer, dev};
use tokio_util::sync::CancellationToken;
use tracing_actix_web::TracingLogger;

use super::{Edge, Readiness, Worker, routes};
use crate::telemetry::AccessLog;

/// How long the node says it is leaving while it still listens, so that a balancer that polls it
/// sends new requests elsewhere and those in between get an answer.
const NOTICE: Duration = Duration::from_millis(500);
/// How long accepted requests get to finish: more than their deadline of 5 s, and with the notice
/// and the writer's own end less than the 10 s a supervisor grants.
const FINISH_S: u64 = 6;
/// How long an idle connection stays open. Longer than a client's pause between two requests, short
/// enough to end within the time a shutdown has.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// Where and how to listen.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// The address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Worker threads; each runs many requests.
    pub workers: usize,
}

/// A server that has its port.
pub struct Server {
    server: dev::Server,
    address: SocketAddr,
    readiness: Readiness,
}

impl Server {
    /// Binds the address and starts the workers. Fails if the address is taken or not ours.
    pub fn build(settings: &ServerSettings, edge: Edge) -> io::Result<Server> {
        let readiness = edge.readiness.clone();
        let edge = Arc::new(edge);
        let server = HttpServer::new(move || {
            App::new()
                .configure(routes(Worker::new(Arc::clone(&edge))))
                .wrap(TracingLogger::<AccessLog>::new())
        })
        .workers(settings.workers)
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(FINISH_S)
        .disable_signals()
        .bind(settings.listen)?;
        let address = server.addrs().first().copied().unwrap_or(settings.listen);
        Ok(Server {
            server: server.run(),
            address,
            readiness,
        })
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Serves until `stop` is cancelled, then: not ready and no new mutations; stop listening;
    /// accepted requests finish. Fails if the server ends by itself with an error.
    pub async fn run_until_stopped(self, stop: CancellationToken) -> io::Result<()> {
        let Server {
            server, readiness, ..
        } = self;
        let handle = server.handle();
        let leave = async move {
            stop.cancelled().await;
            readiness.drain();
            tracing::info!("shutting down: no new operations, accepted ones finish");
            tokio::time::sleep(NOTICE).await;
            handle.stop(true).await;
        };
        tokio::pin!(server);
        tokio::select! {
            ended = &mut server => return ended,
            () = leave => {}
        }
        server.await
    }
}
