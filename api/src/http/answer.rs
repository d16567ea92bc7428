//! HTTP responses, all GraphQL-shaped.
//!
//! Owns status codes, headers and the one serialisation of a body. It never decides what happened.

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::{
        ConnectionType, StatusCode,
        header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use async_graphql::{Response, ServerError, Value};
use serde::Serialize;

use super::{
    accept::Format,
    execution::{Stop, Why},
    trace::TraceId,
};
use crate::error::{Fault, FaultCode, label};

/// Room for an ordinary answer without growing.
const BODY_BYTES: usize = 512;

/// The answer to a well-formed request.
pub fn outcome(outcome: &Result<Response, Stop>, format: Format) -> HttpResponse {
    let stop = match outcome {
        Ok(response) => return executed(response, format),
        Err(stop) => stop,
    };
    let status = match (stop.why, format) {
        (Why::Refused, _) => format.status_without_data(),
        (Why::Draining, _) => StatusCode::SERVICE_UNAVAILABLE,
        (Why::MethodNotAllowed, _) => StatusCode::METHOD_NOT_ALLOWED,
        (Why::Panicked, Format::GraphqlResponse) => StatusCode::INTERNAL_SERVER_ERROR,
        (Why::Panicked, Format::Json) => StatusCode::OK,
    };
    let mut response = refused(&stop.errors, status, format);
    match stop.why {
        Why::Draining => response
            .head_mut()
            .set_connection_type(ConnectionType::Close),
        Why::MethodNotAllowed => {
            response
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static("POST"));
        }
        Why::Refused | Why::Panicked => {}
    }
    response
}

/// The answer to a request that is refused before it is understood.
pub fn fault(fault: Fault, status: StatusCode, format: Format, trace: &TraceId) -> HttpResponse {
    let mut error = fault.into_server_error();
    label(&mut error, FaultCode::Internal, trace);
    refused(&[error], status, format)
}

/// The answer to a token that is no good: clients refresh theirs when they see this.
pub fn invalid_token(fault_: Fault, format: Format, trace: &TraceId) -> HttpResponse {
    let mut response = fault(fault_, StatusCode::UNAUTHORIZED, format, trace);
    response.headers_mut().insert(
        WWW_AUTHENTICATE,
        HeaderValue::from_static("Bearer error=\"invalid_token\""),
    );
    response
}

/// The answer to a method the endpoint does not have.
pub fn method_not_allowed(allow: &'static str, format: Format, trace: &TraceId) -> HttpResponse {
    let told = Fault::new(
        FaultCode::BadUserInput,
        "Send a GraphQL request by POST, or a query by GET.",
    );
    let mut response = fault(told, StatusCode::METHOD_NOT_ALLOWED, format, trace);
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allow));
    response
}

/// What is written of a response, on any transport.
#[derive(Serialize)]
pub struct Executed<'a> {
    #[serde(skip_serializing_if = "<[ServerError]>::is_empty")]
    errors: &'a [ServerError],
    data: &'a Value,
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    extensions: &'a std::collections::BTreeMap<String, Value>,
}

impl<'a> From<&'a Response> for Executed<'a> {
    fn from(response: &'a Response) -> Executed<'a> {
        Executed {
            errors: &response.errors,
            data: &response.data,
            extensions: &response.extensions,
        }
    }
}

/// What is written of a request that was not executed.
#[derive(Serialize)]
pub struct Refused<'a> {
    /// At least one.
    pub errors: &'a [ServerError],
}

fn executed(response: &Response, format: Format) -> HttpResponse {
    let body = Executed::from(response);
    send(StatusCode::OK, format, &response.errors, &body)
}

fn refused(errors: &[ServerError], status: StatusCode, format: Format) -> HttpResponse {
    send(status, format, errors, &Refused { errors })
}

fn send(
    status: StatusCode,
    format: Format,
    errors: &[ServerError],
    body: &impl Serialize,
) -> HttpResponse {
    let mut bytes = Vec::with_capacity(BODY_BYTES);
    let mut builder = HttpResponseBuilder::new(status);
    builder.insert_header((CONTENT_TYPE, format.content_type()));
    if let Some(seconds) = retry_after_s(errors) {
        builder.insert_header((RETRY_AFTER, seconds));
    }
    if write(body, &mut bytes) {
        builder.body(bytes)
    } else {
        builder.status(StatusCode::INTERNAL_SERVER_ERROR).finish()
    }
}

/// Writes what a client reads, and whether that could be done: values of a response are trees of
/// JSON, and if one is not, the client still gets an answer.
pub fn write(body: &impl Serialize, bytes: &mut Vec<u8>) -> bool {
    let written = serde_json::to_writer(bytes, body);
    if let Err(error) = &written {
        tracing::error!(error.text = %error, "a response could not be written as JSON");
    }
    written.is_ok()
}

/// The longest of the errors' waiting times, in whole seconds, up.
fn retry_after_s(errors: &[ServerError]) -> Option<u64> {
    let wait_ms = |error: &ServerError| match error.extensions.as_ref()?.get("retryAfterMs")? {
        Value::Number(wait) => wait.as_u64(),
        _ => None,
    };
    Some(errors.iter().filter_map(wait_ms).max()?.div_ceil(1_000))
}
