//! `/graphql`: the handler of every request.
//!
//! Owns the order in which a request is judged: media type of the answer, token, type and size of
//! the body, well-formedness; then it is [executed](super::execution), and answered at once or as a
//! [stream of events](super::events). A request for a [`socket`] goes its own way. It never sees a
//! foreign page's request; [`origin`](super::origin) stands before it.

use actix_web::{
    HttpRequest, HttpResponse,
    body::{BodyStream, SizedStream, to_bytes_limited},
    http::{ConnectionType, StatusCode, header::CONTENT_LENGTH},
    web,
};

use super::{
    Worker,
    accept::Format,
    answer,
    envelope::{self, Envelope},
    events,
    execution::{self, Method},
    socket,
    trace::TraceId,
};
use crate::{
    auth::Viewer,
    error::{Fault, FaultCode},
};

/// A query or mutation in a JSON body.
pub async fn post(
    request: HttpRequest,
    payload: web::Payload,
    worker: web::Data<Worker>,
) -> HttpResponse {
    let trace = TraceId::of_request(&request);
    let (reply, viewer) = match admit(&request, &worker, &trace) {
        Ok(admitted) => admitted,
        Err(refused) => return refused,
    };
    let format = reply.format();
    let refuse = |status, message: String| {
        let told = Fault::new(FaultCode::BadUserInput, message);
        answer::fault(told, status, format, &trace)
    };
    if !envelope::is_json(request.headers()) {
        let message = "Send the request as application/json in UTF-8.".to_owned();
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, message);
    }
    let body_bytes_max = worker.edge.body_bytes_max;
    let too_large = || {
        let message = format!("A request may have {body_bytes_max} bytes at most.");
        let mut response = refuse(StatusCode::PAYLOAD_TOO_LARGE, message);
        // What is left of the body is not read, so the connection is of no further use.
        response
            .head_mut()
            .set_connection_type(ConnectionType::Close);
        response
    };
    let read = match announced_bytes(&request) {
        // Of that size, up to 32 KiB, which is what a buffer of unknown size begins with.
        Some(bytes) => to_bytes_limited(SizedStream::new(bytes, payload), body_bytes_max).await,
        None => to_bytes_limited(BodyStream::new(payload), body_bytes_max).await,
    };
    let body = match read {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return refuse(StatusCode::BAD_REQUEST, "The body ended early.".to_owned()),
        Err(_) => return too_large(),
    };
    match Envelope::from_body(&body) {
        Ok(envelope) => {
            reply
                .make(&worker, envelope, Method::Post, viewer, &trace)
                .await
        }
        Err(message) => refuse(StatusCode::BAD_REQUEST, message),
    }
}

/// A query in the parameters of the URL, or a socket.
pub async fn get(
    request: HttpRequest,
    payload: web::Payload,
    worker: web::Data<Worker>,
) -> HttpResponse {
    if socket::is_asked_for(&request) {
        return socket::upgrade(&request, payload, worker);
    }
    let trace = TraceId::of_request(&request);
    let (reply, viewer) = match admit(&request, &worker, &trace) {
        Ok(admitted) => admitted,
        Err(refused) => return refused,
    };
    match Envelope::from_url(request.query_string()) {
        Ok(envelope) => {
            reply
                .make(&worker, envelope, Method::Get, viewer, &trace)
                .await
        }
        Err(message) => {
            let told = Fault::new(FaultCode::BadUserInput, message);
            answer::fault(told, StatusCode::BAD_REQUEST, reply.format(), &trace)
        }
    }
}

/// Any other method.
pub async fn other(request: HttpRequest) -> HttpResponse {
    let format = Format::negotiate(request.headers()).unwrap_or(Format::Json);
    answer::method_not_allowed("GET, POST, OPTIONS", format, &TraceId::of_request(&request))
}

/// How a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reply {
    /// With one response.
    Once(Format),
    /// With its responses as events.
    Events,
}

impl Reply {
    /// The media type of what is said before the request is understood.
    fn format(self) -> Format {
        match self {
            Reply::Once(format) => format,
            Reply::Events => Format::Json,
        }
    }

    async fn make(
        self,
        worker: &web::Data<Worker>,
        envelope: Envelope<'_>,
        method: Method,
        viewer: Viewer,
        trace: &TraceId,
    ) -> HttpResponse {
        match self {
            Reply::Once(format) => {
                let outcome = execution::run(worker, envelope, method, viewer, trace).await;
                answer::outcome(&outcome, format)
            }
            Reply::Events => events::answer(worker, envelope, method, viewer, trace).await,
        }
    }
}

/// How it is answered and who asks, or why the request goes no further.
#[expect(
    clippy::result_large_err,
    reason = "the response is made once and sent as it is"
)]
fn admit(
    request: &HttpRequest,
    worker: &Worker,
    trace: &TraceId,
) -> Result<(Reply, Viewer), HttpResponse> {
    let reply = if Format::wants_events(request.headers()) {
        Some(Reply::Events)
    } else {
        Format::negotiate(request.headers()).map(Reply::Once)
    };
    let Some(reply) = reply else {
        let told = Fault::new(
            FaultCode::BadUserInput,
            "Accept application/graphql-response+json, application/json or text/event-stream.",
        );
        let status = StatusCode::NOT_ACCEPTABLE;
        return Err(answer::fault(told, status, Format::Json, trace));
    };
    match worker.viewer(request.headers()) {
        Ok(viewer) => Ok((reply, viewer)),
        Err(refused) => {
            tracing::info!(trace.id = %trace, token.refusal = %refused, "refused a token");
            let told = Fault::new(FaultCode::Unauthenticated, refused.to_string());
            Err(answer::invalid_token(told, reply.format(), trace))
        }
    }
}

fn announced_bytes(request: &HttpRequest) -> Option<u64> {
    let length = request.headers().get(CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}
