//! Faults: what can go wrong with a request that is not a business refusal, and how it looks on the
//! wire.
//!
//! Owns the codes, what a client may conclude from each, and the last step before an error leaves
//! the process: no text that was not written for clients passes it. It never decides a status code;
//! that is the transport's.

use std::{borrow::Cow, fmt, time::Duration};

use async_graphql::{ServerError, Value};

use crate::http::TraceId;

/// The most errors in one response: 20,000 unknown fields would otherwise be 20,000 errors.
pub const ERRORS_MAX: usize = 20;
/// What a client reads in place of a text that was not written for it.
const INTERNAL_MESSAGE: &str = "Internal error";

/// The kinds of fault, as they stand in `extensions.code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultCode {
    /// The field needs a token, or the token is bad or expired.
    Unauthenticated,
    /// The token is good and lacks a scope.
    Forbidden,
    /// An argument or the request itself is malformed.
    BadUserInput,
    /// No such thing, or not the caller's.
    NotFound,
    /// The document is not GraphQL.
    GraphqlParseFailed,
    /// The document does not fit the schema.
    GraphqlValidationFailed,
    /// The request names its document by a hash that is not known: send the document with it.
    PersistedQueryNotFound,
    /// The document asks for more than a request may.
    QueryTooExpensive,
    /// Too many requests of this kind; nothing was decided.
    RateLimited,
    /// A queue is full; nothing was decided.
    Overloaded,
    /// The service cannot do this now; nothing was decided.
    Unavailable,
    /// It may or may not have happened: ask for the operation, or repeat it under the same id.
    UnknownOutcome,
    /// A mistake in the service.
    Internal,
}

impl FaultCode {
    /// All codes, in the order of the contract.
    pub const ALL: [FaultCode; 13] = [
        FaultCode::Unauthenticated,
        FaultCode::Forbidden,
        FaultCode::BadUserInput,
        FaultCode::NotFound,
        FaultCode::GraphqlParseFailed,
        FaultCode::GraphqlValidationFailed,
        FaultCode::PersistedQueryNotFound,
        FaultCode::QueryTooExpensive,
        FaultCode::RateLimited,
        FaultCode::Overloaded,
        FaultCode::Unavailable,
        FaultCode::UnknownOutcome,
        FaultCode::Internal,
    ];

    /// The code as clients read it.
    pub const fn as_str(self) -> &'static str {
        match self {
            FaultCode::Unauthenticated => "UNAUTHENTICATED",
            FaultCode::Forbidden => "FORBIDDEN",
            FaultCode::BadUserInput => "BAD_USER_INPUT",
            FaultCode::NotFound => "NOT_FOUND",
            FaultCode::GraphqlParseFailed => "GRAPHQL_PARSE_FAILED",
            FaultCode::GraphqlValidationFailed => "GRAPHQL_VALIDATION_FAILED",
            FaultCode::PersistedQueryNotFound => "PERSISTED_QUERY_NOT_FOUND",
            FaultCode::QueryTooExpensive => "QUERY_TOO_EXPENSIVE",
            FaultCode::RateLimited => "RATE_LIMITED",
            FaultCode::Overloaded => "OVERLOADED",
            FaultCode::Unavailable => "UNAVAILABLE",
            FaultCode::UnknownOutcome => "UNKNOWN_OUTCOME",
            FaultCode::Internal => "INTERNAL",
        }
    }

    /// The code with this text, if there is one.
    pub fn parse(text: &str) -> Option<FaultCode> {
        FaultCode::ALL
            .into_iter()
            .find(|code| code.as_str() == text)
    }

    /// Whether the very same request may succeed later. A mutation repeated under the same operation
    /// id is safe by design, so an unknown outcome is retryable too.
    pub const fn retryable(self) -> bool {
        self.retry_after().is_some()
    }

    /// How long to wait before the same request has a chance, if it ever has one.
    pub const fn retry_after(self) -> Option<Duration> {
        match self {
            // A queue drains within a few commits.
            FaultCode::Overloaded => Some(Duration::from_millis(100)),
            // A node restarts, a lock is released, a minute's budget refills: a second is polite.
            FaultCode::RateLimited | FaultCode::Unavailable | FaultCode::UnknownOutcome => {
                Some(Duration::from_millis(1_000))
            }
            FaultCode::Unauthenticated
            | FaultCode::Forbidden
            | FaultCode::BadUserInput
            | FaultCode::NotFound
            | FaultCode::GraphqlParseFailed
            | FaultCode::GraphqlValidationFailed
            | FaultCode::PersistedQueryNotFound
            | FaultCode::QueryTooExpensive
            | FaultCode::Internal => None,
        }
    }
}

impl fmt::Display for FaultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A fault with the text a client may read.
///
/// In a resolver return it with `?`: async-graphql keeps it as the error's source, and [`label`]
/// finds it there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// What kind it is.
    pub code: FaultCode,
    /// Written for the client.
    pub message: Cow<'static, str>,
    /// How long to wait, where it is not the code's usual time.
    pub retry_after: Option<Duration>,
    /// The operation whose outcome is unknown.
    pub operation_id: Option<String>,
}

impl Fault {
    /// A fault of this kind with a text for the client.
    pub fn new(code: FaultCode, message: impl Into<Cow<'static, str>>) -> Fault {
        Fault {
            code,
            message: message.into(),
            retry_after: None,
            operation_id: None,
        }
    }

    /// A mistake in the service. The caller has logged what happened.
    pub fn internal() -> Fault {
        Fault::new(FaultCode::Internal, INTERNAL_MESSAGE)
    }

    /// The same fault with its own waiting time.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Fault {
        self.retry_after = Some(wait);
        self
    }

    /// The same fault, naming the operation it leaves open.
    #[must_use]
    pub fn operation(mut self, operation_id: impl Into<String>) -> Fault {
        self.operation_id = Some(operation_id.into());
        self
    }

    /// The fault as an error of a whole request, without path or location.
    pub fn into_server_error(self) -> ServerError {
        let mut error = ServerError::new(self.message.clone(), None);
        error.source = Some(std::sync::Arc::new(self));
        error
    }
}

/// Gives an error its code, what a client may do about it, and the trace id.
///
/// The code is that of the [`Fault`] it came from, or the one its raiser wrote. Any other error with a
/// source is one that nobody meant for clients: it becomes `INTERNAL`, is logged here, once, and its
/// text is replaced. An error without a source was raised by async-graphql itself, about the
/// document or a value in it, and is `otherwise`; so resolvers never use `Error::new`.
pub fn label(error: &mut ServerError, otherwise: FaultCode, trace: &TraceId) {
    let fault = error.source::<Fault>().cloned();
    let written = || match error.extensions.as_ref()?.get("code")? {
        Value::String(text) => FaultCode::parse(text),
        _ => None,
    };
    let code = match &fault {
        Some(fault) => fault.code,
        None => written().unwrap_or(match error.source {
            Some(_) => FaultCode::Internal,
            None => otherwise,
        }),
    };
    if code == FaultCode::Internal && fault.is_none() {
        tracing::error!(trace.id = %trace, error.text = %error.message, error.path = ?error.path, "an error without a code reached the edge");
        error.message = INTERNAL_MESSAGE.to_owned();
        error.extensions = None;
    }
    let wait = fault
        .as_ref()
        .and_then(|fault| fault.retry_after)
        .or(code.retry_after());
    let extensions = error.extensions.get_or_insert_default();
    extensions.set("code", code.as_str());
    extensions.set("retryable", code.retryable());
    if let Some(wait) = wait {
        extensions.set(
            "retryAfterMs",
            u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
        );
    }
    if let Some(operation_id) = fault.and_then(|fault| fault.operation_id) {
        extensions.set("operationId", operation_id);
    }
    extensions.set("traceId", trace.to_string());
}

/// Cuts a list of errors to [`ERRORS_MAX`] and labels what is left.
pub fn label_all(errors: &mut Vec<ServerError>, otherwise: FaultCode, trace: &TraceId) {
    errors.truncate(ERRORS_MAX);
    for error in errors {
        label(error, otherwise, trace);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_of(error: &ServerError) -> String {
        let extensions = error.extensions.as_ref().expect("labelled");
        match extensions.get("code") {
            Some(Value::String(code)) => code.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn codes_are_read_back() {
        for code in FaultCode::ALL {
            assert_eq!(FaultCode::parse(code.as_str()), Some(code));
        }
        assert_eq!(FaultCode::parse("NOPE"), None);
    }

    #[test]
    fn an_unknown_text_never_passes() {
        let cause = async_graphql::Error::from("UNIQUE constraint failed: account.id");
        let mut error = cause.into_server_error(async_graphql::Pos::default());
        label(&mut error, FaultCode::BadUserInput, &TraceId::random());
        assert_eq!(error.message, INTERNAL_MESSAGE);
        assert_eq!(code_of(&error), "INTERNAL");
    }

    #[test]
    fn a_fault_keeps_its_text_code_and_waiting_time() {
        let fault = Fault::new(FaultCode::UnknownOutcome, "It may have happened")
            .operation("0199")
            .retry_after(Duration::from_millis(7));
        let mut error = fault.into_server_error();
        label(&mut error, FaultCode::Internal, &TraceId::random());
        assert_eq!(error.message, "It may have happened");
        assert_eq!(code_of(&error), "UNKNOWN_OUTCOME");
        let extensions = error.extensions.expect("labelled");
        assert_eq!(extensions.get("retryAfterMs"), Some(&Value::from(7)));
        assert_eq!(extensions.get("operationId"), Some(&Value::from("0199")));
        assert_eq!(extensions.get("retryable"), Some(&Value::from(true)));
    }
}
