//! WebSockets: `graphql-transport-ws` on the path of the endpoint.
//!
//! Owns the life of one socket: who may open it, its token, its operations, its end. One task reads,
//! executes and writes, so that a client that does not read is not executed for either. It never
//! decides what an operation answers; [`execution`] does, as for every transport.
//!
//! The ready-made integration closes with other codes, has no deadline and no bound on what waits for
//! a client.

mod announced;
mod close;
mod incoming;
mod message;
mod operation;
mod outbox;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{SEC_WEBSOCKET_PROTOCOL, UPGRADE},
    },
    rt, web,
};
use actix_ws::CloseReason;
use serde_json::{Value, value::RawValue};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};

use self::{
    close::Close,
    incoming::{Incoming, MESSAGE_BYTES_MAX, Received},
    message::{FromClient, SUBPROTOCOL, ToClient},
    operation::{Event, Operations, Refused},
    outbox::{Outbox, Unsent},
};
use super::{
    Worker, accept::Format, answer, envelope::Envelope, expiry::Expiry, streams::Place,
    trace::TraceId,
};
use crate::{
    auth::{Invalid, Viewer},
    error::{Fault, FaultCode},
};

/// Whether a request asks for a socket.
pub fn is_asked_for(request: &HttpRequest) -> bool {
    let upgrade = request.headers().get(UPGRADE);
    upgrade.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Opens a socket. What is wrong with the request is an HTTP answer, what is wrong with the protocol
/// a close code, because that is all that a browser shows to its page.
pub fn upgrade(
    request: &HttpRequest,
    payload: web::Payload,
    worker: web::Data<Worker>,
) -> HttpResponse {
    let trace = TraceId::of_request(request);
    let viewer = match worker.viewer(request.headers()) {
        Ok(viewer) => viewer,
        Err(refused) => {
            let told = Fault::new(FaultCode::Unauthenticated, refused.to_string());
            return answer::invalid_token(told, Format::Json, &trace);
        }
    };
    let bounded = announced::bounded(request, payload, MESSAGE_BYTES_MAX as u64);
    let upgraded =
        bounded.map(|payload| actix_ws::handle_with_protocols(request, payload, &[SUBPROTOCOL]));
    let Some(Ok((response, session, frames))) = upgraded else {
        let told = Fault::new(
            FaultCode::BadUserInput,
            "This is no WebSocket handshake of version 13.",
        );
        return answer::fault(told, StatusCode::BAD_REQUEST, Format::Json, &trace);
    };
    let outbox = Outbox::new(session, worker.edge.timeouts);
    let refused = if !response.headers().contains_key(SEC_WEBSOCKET_PROTOCOL) {
        Some(Close::SubprotocolNotAcceptable.because("Subprotocol not acceptable"))
    } else {
        None
    };
    let place = worker.edge.streams.enter();
    match (refused, place) {
        (None, Some(place)) => {
            let socket = Socket::new(worker, outbox, Incoming::new(frames), viewer, trace, place);
            rt::spawn(socket.run());
        }
        (refused, _) => {
            let full = || Close::TryAgainLater.because("Too many sockets are open here");
            rt::spawn(outbox.close(Some(refused.unwrap_or_else(full))));
        }
    }
    response
}

/// How far a socket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing came so far.
    Opened,
    /// It is acknowledged.
    Ready,
}

/// How a socket ends.
enum End {
    /// The client is told why.
    Told(Option<CloseReason>),
    /// Nobody is there to be told.
    Gone,
}

impl End {
    fn because(close: Close, reason: impl Into<String>) -> End {
        End::Told(Some(close.because(reason)))
    }
}

impl From<Unsent> for End {
    fn from(_: Unsent) -> End {
        End::Gone
    }
}

/// One socket.
struct Socket {
    worker: web::Data<Worker>,
    outbox: Outbox,
    incoming: Incoming,
    operations: Operations,
    viewer: Viewer,
    trace: TraceId,
    stage: Stage,
    init_by: Instant,
    expiry: Expiry,
    /// Whether something came since the last ping.
    heard: bool,
    _place: Place,
}

impl Socket {
    fn new(
        worker: web::Data<Worker>,
        outbox: Outbox,
        incoming: Incoming,
        viewer: Viewer,
        trace: TraceId,
        place: Place,
    ) -> Socket {
        let expiry = Expiry::of(&viewer, &worker.edge.token_time);
        let init_by = Instant::now() + worker.edge.timeouts.init;
        Socket {
            worker,
            outbox,
            incoming,
            operations: Operations::default(),
            viewer,
            trace,
            stage: Stage::Opened,
            init_by,
            expiry,
            heard: true,
            _place: place,
        }
    }

    async fn run(mut self) {
        match self.converse().await {
            End::Told(reason) => {
                let code = reason.as_ref().map(|reason| u16::from(reason.code));
                tracing::debug!(trace.id = %self.trace, socket.code = code, "a socket is closed");
                Box::pin(self.outbox.close(reason)).await;
            }
            End::Gone => {
                tracing::debug!(trace.id = %self.trace, "a socket's client is gone or does not read");
            }
        }
    }

    async fn converse(&mut self) -> End {
        let ending = self.worker.edge.streams.ending();
        let ending = ending.cancelled();
        tokio::pin!(ending);
        // A client that said nothing since the last ping is gone.
        let every = self.worker.edge.timeouts.ping_interval;
        let mut pings = interval_at(Instant::now() + every, every);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let opened = self.stage == Stage::Opened;
            let step = tokio::select! {
                () = &mut ending => Err(End::because(Close::GoingAway, "The service shuts down")),
                () = sleep_until(self.init_by), if opened => {
                    let reason = "Connection initialisation timeout";
                    Err(End::because(Close::InitTimeout, reason))
                }
                () = self.expiry.passed() => {
                    Err(End::because(Close::Forbidden, Invalid::Expired.to_string()))
                }
                _ = pings.tick() => Box::pin(self.ping()).await,
                // In boxes of their own, so that an idle socket does not keep the room.
                received = self.incoming.next() => Box::pin(self.receive(received)).await,
                Some((id, event)) = self.operations.next() => {
                    Box::pin(self.emit(&id, event)).await
                }
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    async fn ping(&mut self) -> Result<(), End> {
        if !std::mem::take(&mut self.heard) {
            return Err(End::Gone);
        }
        Ok(self.outbox.ping().await?)
    }

    async fn receive(&mut self, received: Received) -> Result<(), End> {
        self.heard = true;
        match received {
            Received::Text(text) => self.hear(&text).await,
            Received::Ping(payload) => Ok(self.outbox.pong(&payload).await?),
            Received::Pong => Ok(()),
            Received::Closed(reason) => Err(End::Told(reason)),
            Received::Broken(reason) => Err(End::Told(Some(reason))),
            Received::Gone => Err(End::Gone),
        }
    }

    async fn hear(&mut self, text: &str) -> Result<(), End> {
        let message = FromClient::parse(text);
        match message.map_err(|reason| End::because(Close::BadRequest, reason))? {
            FromClient::Init(payload) => self.init(payload).await,
            FromClient::Ping(payload) => self.send(&ToClient::Pong { payload }).await,
            FromClient::Pong => Ok(()),
            FromClient::Subscribe(id, envelope) => self.subscribe(&id, envelope, text.len()).await,
            FromClient::Complete(id) => {
                self.operations.give_up(&id);
                Ok(())
            }
        }
    }

    async fn init(&mut self, payload: Option<&RawValue>) -> Result<(), End> {
        if self.stage == Stage::Ready {
            let reason = "Too many initialisation requests";
            return Err(End::because(Close::TooManyInits, reason));
        }
        if let Some(credentials) = payload.and_then(credentials) {
            let caller = self.worker.caller(credentials.as_bytes()).map_err(|refused| {
                tracing::info!(trace.id = %self.trace, token.refusal = %refused, "refused a token");
                End::because(Close::Forbidden, refused.to_string())
            })?;
            self.viewer = Some(caller);
            self.expiry = Expiry::of(&self.viewer, &self.worker.edge.token_time);
        }
        self.stage = Stage::Ready;
        self.send(&ToClient::ConnectionAck).await
    }

    async fn subscribe(
        &mut self,
        id: &str,
        envelope: Envelope<'_>,
        bytes: usize,
    ) -> Result<(), End> {
        if self.stage == Stage::Opened {
            return Err(End::because(Close::Unauthorized, "Unauthorized"));
        }
        let viewer = self.viewer.clone();
        let worker = self.worker.clone();
        let events = operation::events(worker, envelope.into_owned(), viewer, self.trace);
        match self.operations.begin(id, bytes, events) {
            Ok(()) => Ok(()),
            Err(Refused::Exists) => {
                let reason = format!("Subscriber for {id} already exists");
                Err(End::because(Close::SubscriberExists, reason))
            }
            Err(Refused::TooMany(fault)) => {
                let errors = vec![operation::labelled(fault, &self.trace)];
                self.emit(id, Event::Error(errors)).await
            }
        }
    }

    async fn emit(&mut self, id: &str, event: Event) -> Result<(), End> {
        match event {
            Event::Next(response) => self.send(&ToClient::next(id, &response)).await,
            Event::Error(errors) => {
                let payload = &errors;
                self.send(&ToClient::Error { id, payload }).await
            }
            Event::Complete => self.send(&ToClient::Complete { id }).await,
        }
    }

    async fn send(&mut self, message: &ToClient<'_>) -> Result<(), End> {
        Ok(self.outbox.text(message.write()).await?)
    }
}

/// The credentials in what a client says about itself: under the name of the header, as clients that
/// pass their headers on spell it.
fn credentials(payload: &RawValue) -> Option<String> {
    let Ok(Value::Object(fields)) = serde_json::from_str(payload.get()) else {
        return None;
    };
    fields.into_iter().find_map(|(name, value)| match value {
        Value::String(text) if name.eq_ignore_ascii_case("authorization") => Some(text),
        _ => None,
    })
}
