//! The operations of one socket.
//!
//! Owns how many run, under which ids, and when one is over. It never writes to the socket.

use std::{collections::HashMap, rc::Rc};

use actix_web::web;
use async_graphql::{Response, ServerError};
use futures_util::{
    StreamExt,
    stream::{self, AbortHandle, Abortable, LocalBoxStream, SelectAll},
};

use crate::{
    auth::Viewer,
    error::{Fault, FaultCode, label},
    http::{
        Worker,
        envelope::Envelope,
        execution::{self, Method, Responses},
        trace::TraceId,
    },
};

/// The most operations of one socket at a time. A page shows a few things; a backend that watches many
/// accounts opens more sockets.
const OPERATIONS_MAX: usize = 50;
/// The most bytes of messages that began operations which still run: each keeps its variables. One
/// message of the greatest length always fits.
const BEGUN_BYTES_MAX: usize = 256 * 1024;

/// What an operation gives.
pub enum Event {
    /// A result.
    Next(Response),
    /// It was not executed, or broke. Nothing follows.
    Error(Vec<ServerError>),
    /// There is no more. Nothing follows.
    Complete,
}

/// Why an operation does not begin.
pub enum Refused {
    /// One of this id runs.
    Exists,
    /// As many run as may.
    TooMany(Fault),
}

type Events = LocalBoxStream<'static, (Rc<str>, Event)>;

/// The operations that run.
#[derive(Default)]
pub struct Operations {
    running: HashMap<Rc<str>, Running>,
    events: SelectAll<Abortable<Events>>,
    begun_bytes: usize,
}

struct Running {
    handle: AbortHandle,
    bytes: usize,
}

impl Operations {
    /// Takes up an operation; `bytes` is how long its message was.
    pub fn begin(
        &mut self,
        id: &str,
        bytes: usize,
        events: impl stream::Stream<Item = Event> + 'static,
    ) -> Result<(), Refused> {
        if self.running.contains_key(id) {
            return Err(Refused::Exists);
        }
        let full = |what: String| {
            let fault = Fault::new(FaultCode::Overloaded, what);
            Err(Refused::TooMany(fault))
        };
        if self.running.len() >= OPERATIONS_MAX {
            return full(format!(
                "A socket may have {OPERATIONS_MAX} operations at a time: complete one, or open another socket."
            ));
        }
        if self.begun_bytes + bytes > BEGUN_BYTES_MAX {
            return full(format!(
                "The operations of a socket may have {BEGUN_BYTES_MAX} bytes: complete one, or open another socket."
            ));
        }
        let id: Rc<str> = id.into();
        let named = Rc::clone(&id);
        let events = events.map(move |event| (Rc::clone(&named), event));
        let (events, handle) = stream::abortable(events.boxed_local());
        self.events.push(events);
        self.begun_bytes += bytes;
        self.running.insert(id, Running { handle, bytes });
        Ok(())
    }

    /// Drops an operation: nothing of it comes any more. There may be none of that id, because it has
    /// just ended.
    pub fn give_up(&mut self, id: &str) {
        if let Some(running) = self.running.remove(id) {
            self.begun_bytes -= running.bytes;
            running.handle.abort();
        }
    }

    /// What one of them gives next; none if none runs.
    pub async fn next(&mut self) -> Option<(Rc<str>, Event)> {
        let (id, event) = self.events.next().await?;
        match event {
            Event::Next(_) => {}
            Event::Error(_) | Event::Complete => self.give_up(&id),
        }
        Some((id, event))
    }
}

/// How far an operation is.
enum Phase {
    Asked(Envelope<'static>),
    Open(Responses),
    Over,
}

/// What one operation gives. It begins with the first look at it.
pub fn events(
    worker: web::Data<Worker>,
    envelope: Envelope<'static>,
    viewer: Viewer,
    trace: TraceId,
) -> impl stream::Stream<Item = Event> {
    stream::unfold(Phase::Asked(envelope), move |phase| {
        let (worker, viewer) = (worker.clone(), viewer.clone());
        async move {
            let mut responses = match phase {
                Phase::Asked(envelope) => {
                    // In a box of its own, so that an idle subscription does not keep the room.
                    let opening = execution::open(&worker, envelope, Method::Post, viewer, &trace);
                    match Box::pin(opening).await {
                        Ok(responses) => responses,
                        Err(stop) => return Some((Event::Error(stop.errors), Phase::Over)),
                    }
                }
                Phase::Open(responses) => responses,
                Phase::Over => return None,
            };
            Some(match responses.next().await {
                Some(Ok(response)) => (Event::Next(response), Phase::Open(responses)),
                Some(Err(stop)) => (Event::Error(stop.errors), Phase::Over),
                None => (Event::Complete, Phase::Over),
            })
        }
    })
}

/// A fault of this service's own as clients read it.
pub fn labelled(fault: Fault, trace: &TraceId) -> ServerError {
    let mut error = fault.into_server_error();
    label(&mut error, FaultCode::Internal, trace);
    error
}
