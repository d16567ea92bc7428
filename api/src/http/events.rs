//! Server-sent events: GraphQL over one HTTP response that goes on.
//!
//! Owns the "distinct connections mode" of the protocol of `graphql-sse`: one request, its results as
//! `next` events, and `complete`. The connection asks for the next event when there is room for it,
//! so that a slow client has no queue here; one that does not read at all is cut off by the
//! [`server`](super::server)'s own deadline. It never executes anything itself.

use std::{convert::Infallible, pin::Pin};

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName},
    },
    web::{self, Bytes},
};
use futures_util::{StreamExt, stream};
use serde::Serialize;
use tokio::time::{Instant, Interval, interval_at};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::{
    Worker,
    accept::Format,
    answer::{self, Executed, Refused},
    envelope::Envelope,
    execution::{self, Method, Responses, Stop, Why},
    expiry::Expiry,
    streams::Place,
    trace::TraceId,
};
use crate::{
    auth::Viewer,
    error::{Fault, FaultCode},
};

/// A comment, which clients ignore. The first one sends the headers. It is sent again at every ping interval
/// in which there was nothing to say, so that proxies, which close after a minute of silence, keep the
/// connection, and a client that is gone is noticed.
const COMMENT: &[u8] = b":\n\n";
/// The end. `data` is there because browsers drop an event without it.
const COMPLETE: &[u8] = b"event: complete\ndata:\n\n";

/// Answers a request with its events. What can't begin at all is an HTTP answer.
pub async fn answer(
    worker: &web::Data<Worker>,
    envelope: Envelope<'_>,
    method: Method,
    viewer: Viewer,
    trace: &TraceId,
) -> HttpResponse {
    let Some(place) = worker.edge.streams.enter() else {
        let told = Fault::new(FaultCode::Overloaded, "Too many streams are open here.");
        return answer::fault(told, StatusCode::SERVICE_UNAVAILABLE, Format::Json, trace);
    };
    let expiry = Expiry::of(&viewer, &worker.edge.token_time);
    let responses = match execution::open(worker, envelope, method, viewer, trace).await {
        Ok(responses) => responses,
        Err(stop) => match stop.why {
            Why::MethodNotAllowed | Why::Draining => {
                return answer::outcome(&Err(stop), Format::Json);
            }
            Why::Refused | Why::Panicked => stream::iter([Err(stop)]).boxed_local(),
        },
    };
    let heartbeat = worker.edge.timeouts.ping_interval;
    let events = Events {
        responses,
        heartbeat: interval_at(Instant::now() + heartbeat, heartbeat),
        ending: Box::pin(worker.edge.streams.ending().cancelled_owned()),
        expiry,
        _place: place,
    };
    let begin = stream::iter([Ok(Bytes::from_static(COMMENT))]);
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "no-cache, no-transform"))
        // What nginx needs to hear, or it collects events until it has a page of them.
        .insert_header((HeaderName::from_static("x-accel-buffering"), "no"))
        .streaming(begin.chain(stream::unfold(Some(events), Events::step)))
}

/// A response in the making.
struct Events {
    responses: Responses,
    heartbeat: Interval,
    ending: Pin<Box<WaitForCancellationFutureOwned>>,
    expiry: Expiry,
    _place: Place,
}

impl Events {
    /// The next piece of the body; none ends it.
    async fn step(events: Option<Events>) -> Option<(Result<Bytes, Infallible>, Option<Events>)> {
        let mut events = events?;
        let piece = tokio::select! {
            biased;
            () = &mut events.ending => return Some((Ok(Bytes::from_static(COMPLETE)), None)),
            // Without a `complete`, so that the client comes back with a fresh token.
            () = events.expiry.passed() => return None,
            _ = events.heartbeat.tick() => Bytes::from_static(COMMENT),
            next = events.responses.next() => match next {
                Some(Ok(response)) => next_event(&Executed::from(&response)),
                Some(Err(stop)) => return Some((Ok(last(&stop)), None)),
                None => return Some((Ok(Bytes::from_static(COMPLETE)), None)),
            },
        };
        Some((Ok(piece), Some(events)))
    }
}

/// An event with a result. JSON has no line breaks of its own, so that it is one line of data.
fn next_event(result: &impl Serialize) -> Bytes {
    let mut event = b"event: next\ndata: ".to_vec();
    answer::write(result, &mut event);
    event.extend_from_slice(b"\n\n");
    event.into()
}

/// What was not executed is told like a result, because a browser can't read an HTTP error of a
/// stream.
fn last(stop: &Stop) -> Bytes {
    let refused = Refused {
        errors: &stop.errors,
    };
    [next_event(&refused), Bytes::from_static(COMPLETE)]
        .concat()
        .into()
}
