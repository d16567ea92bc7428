//! `/graphql`: the handler of every request.
//!
//! Owns the order in which a request is judged: media type of the answer, token, type and size of
//! the body, well-formedness; then it is [executed](super::execution). It never sees a foreign page's
//! request; [`origin`](super::origin) stands before it.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{ConnectionType, StatusCode, header::CONTENT_LENGTH},
    web,
};

use super::{
    Worker,
    accept::Format,
    answer,
    envelope::{self, Envelope},
    execution::{self, Method},
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
    let (format, viewer) = match admit(&request, &worker, &trace) {
        Ok(admitted) => admitted,
        Err(refused) => return refused,
    };
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
    if announced_bytes(&request).is_some_and(|bytes| bytes > body_bytes_max) {
        return too_large();
    }
    let body = match payload.to_bytes_limited(body_bytes_max).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return refuse(StatusCode::BAD_REQUEST, "The body ended early.".to_owned()),
        Err(_) => return too_large(),
    };
    match Envelope::from_body(&body) {
        Ok(envelope) => {
            let outcome = execution::run(&worker, envelope, Method::Post, viewer, &trace).await;
            answer::outcome(&outcome, format)
        }
        Err(message) => refuse(StatusCode::BAD_REQUEST, message),
    }
}

/// A query in the parameters of the URL.
pub async fn get(request: HttpRequest, worker: web::Data<Worker>) -> HttpResponse {
    let trace = TraceId::of_request(&request);
    let (format, viewer) = match admit(&request, &worker, &trace) {
        Ok(admitted) => admitted,
        Err(refused) => return refused,
    };
    match Envelope::from_url(request.query_string()) {
        Ok(envelope) => {
            let outcome = execution::run(&worker, envelope, Method::Get, viewer, &trace).await;
            answer::outcome(&outcome, format)
        }
        Err(message) => {
            let told = Fault::new(FaultCode::BadUserInput, message);
            answer::fault(told, StatusCode::BAD_REQUEST, format, &trace)
        }
    }
}

/// Any other method.
pub async fn other(request: HttpRequest) -> HttpResponse {
    let format = Format::negotiate(request.headers()).unwrap_or(Format::Json);
    answer::method_not_allowed("GET, POST, OPTIONS", format, &TraceId::of_request(&request))
}

/// The media type of the answer and who asks, or why the request goes no further.
#[expect(
    clippy::result_large_err,
    reason = "the response is made once and sent as it is"
)]
fn admit(
    request: &HttpRequest,
    worker: &Worker,
    trace: &TraceId,
) -> Result<(Format, Viewer), HttpResponse> {
    let Some(format) = Format::negotiate(request.headers()) else {
        let told = Fault::new(
            FaultCode::BadUserInput,
            "Accept application/graphql-response+json or application/json.",
        );
        let status = StatusCode::NOT_ACCEPTABLE;
        return Err(answer::fault(told, status, Format::Json, trace));
    };
    match worker.viewer(request.headers()) {
        Ok(viewer) => Ok((format, viewer)),
        Err(refused) => {
            tracing::info!(trace.id = %trace, token.refusal = %refused, "refused a token");
            let told = Fault::new(FaultCode::Unauthenticated, refused.to_string());
            Err(answer::invalid_token(told, format, trace))
        }
    }
}

fn announced_bytes(request: &HttpRequest) -> Option<usize> {
    let length = request.headers().get(CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}
