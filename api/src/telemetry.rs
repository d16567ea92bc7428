//! Logs: readable on a terminal, JSON by setting.
//!
//! Owns the subscriber, the panic hook and the access log. It never logs tokens, bodies, documents
//! or the parameters of a URL.

use std::{io::IsTerminal as _, panic};

use actix_web::{
    Error, HttpMessage as _,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
};
use serde::Deserialize;
use tracing::Span;
use tracing_actix_web::RootSpanBuilder;
use tracing_subscriber::{
    EnvFilter, Layer, filter::ParseError, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use crate::http::TraceId;

/// The target of the access log, for `log.filter`.
pub const ACCESS: &str = "access";

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Why there are no logs.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryProblem {
    /// The filter is not one.
    #[error("log.filter: {0}")]
    Filter(#[from] ParseError),
    /// Something has installed a subscriber before.
    #[error("logging is set up already")]
    Installed(#[from] tracing_subscriber::util::TryInitError),
}

/// Sends logs to standard error, for the rest of the process, panics included.
pub fn init(format: LogFormat, filter: &str) -> Result<(), TelemetryProblem> {
    let filter = EnvFilter::builder().parse(filter)?;
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let layer = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry()
        .with(layer.with_filter(filter))
        .try_init()?;
    panic::set_hook(Box::new(|info| {
        let payload = info.payload_as_str().unwrap_or("no text");
        let location = info.location().map(ToString::to_string);
        tracing::error!(panic.text = payload, panic.location = location, "a panic");
    }));
    Ok(())
}

/// One span and one line for each request, with target [`ACCESS`]. At `debug`, because at tens of
/// thousands of requests a second a line each costs more than the requests.
pub struct AccessLog;

impl RootSpanBuilder for AccessLog {
    fn on_request_start(request: &ServiceRequest) -> Span {
        if !tracing::enabled!(target: ACCESS, tracing::Level::DEBUG) {
            return Span::none();
        }
        let trace = TraceId::of(request.headers());
        request.extensions_mut().insert(trace);
        tracing::debug_span!(
            target: ACCESS,
            "request",
            http.method = %request.method(),
            http.path = request.path(),
            http.status = tracing::field::Empty,
            trace.id = %trace,
        )
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        if span.is_disabled() {
            return;
        }
        let status = match outcome {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        span.record("http.status", status.as_u16());
        span.in_scope(|| tracing::debug!(target: ACCESS, "answered"));
    }
}
