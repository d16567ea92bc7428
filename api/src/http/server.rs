//! The listening server: bound before it serves, stopped in order.
//!
//! Owns the socket, the workers, how long a connection may stall, and the steps of a shutdown. It never
//! handles signals;
//! [`shutdown`](crate::shutdown) does.

use std::{any::Any, io, net::SocketAddr, sync::Arc, time::Duration};

use actix_web::{App, HttpServer, dev, rt::net::TcpStream};
use socket2::SockRef;
use tokio_util::sync::CancellationToken;
use tracing_actix_web::TracingLogger;

use super::{Edge, Readiness, Streams, Worker, routes};
use crate::telemetry::AccessLog;

/// How much the kernel keeps for a connection that does not take it, in bytes; Linux counts double.
/// Unless it is set it grows to megabytes.
const SEND_BUFFER_BYTES: usize = 128 * 1024;

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
    streams: Streams,
    notice: Duration,
}

impl Server {
    /// Binds the address and starts the workers. Fails if the address is taken or not ours.
    pub fn build(settings: &ServerSettings, edge: Edge) -> io::Result<Server> {
        let (readiness, streams) = (edge.readiness.clone(), edge.streams.clone());
        let timeouts = edge.timeouts;
        let edge = Arc::new(edge);
        let server = HttpServer::new(move || {
            App::new()
                .configure(routes(Worker::new(Arc::clone(&edge))))
                .wrap(TracingLogger::<AccessLog>::new())
        })
        .on_connect(move |connection, _| bound(connection, timeouts.send))
        .workers(settings.workers)
        .client_request_timeout(timeouts.head)
        .keep_alive(timeouts.keep_alive)
        .client_disconnect_timeout(timeouts.linger)
        .shutdown_timeout(timeouts.finish_s())
        .disable_signals()
        .bind(settings.listen)?;
        let address = server.addrs().first().copied().unwrap_or(settings.listen);
        Ok(Server {
            server: server.run(),
            address,
            readiness,
            streams,
            notice: timeouts.shutdown_notice,
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

    /// Serves until `stop` is cancelled, then: not ready and no new mutations; stop listening; streams
    /// are told to end, accepted requests finish. Fails if the server ends by itself with an error.
    pub async fn run_until_stopped(self, stop: CancellationToken) -> io::Result<()> {
        let Server {
            server,
            readiness,
            streams,
            notice,
            ..
        } = self;
        let handle = server.handle();
        let leave = async move {
            stop.cancelled().await;
            readiness.drain();
            tracing::info!("shutting down: no new operations, accepted ones finish");
            // A balancer that polls it sends new requests elsewhere meanwhile; those in between are answered.
            tokio::time::sleep(notice).await;
            // Those who come back at once are sent elsewhere by now.
            streams.end();
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

/// Bounds what a connection costs that does not take what it is sent, and for how long. The kernel sees to
/// the time, because nothing here is asked again while a connection stalls; on Linux only. It works
/// without; only a client that does not read stays longer then.
fn bound(connection: &dyn Any, stalled: Duration) {
    let Some(stream) = connection.downcast_ref::<TcpStream>() else {
        return;
    };
    let socket = SockRef::from(stream);
    let set = socket.set_send_buffer_size(SEND_BUFFER_BYTES);
    #[cfg(target_os = "linux")]
    let set = set.and(socket.set_tcp_user_timeout(Some(stalled)));
    #[cfg(not(target_os = "linux"))]
    let _ = stalled;
    if let Err(error) = set {
        tracing::debug!(error.text = %error, "a connection could not be bounded");
    }
}
