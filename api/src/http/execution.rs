//! From a well-formed request to a response: find or validate the document, check the variables,
//! execute under the deadline.
//!
//! Owns the order of these steps and what a panic or a missed deadline becomes. It never chooses a
//! status code or a media type.

use std::{panic::AssertUnwindSafe, rc::Rc};

use async_graphql::{
    Request, Response, ServerError, Value, Variables, parser::types::OperationType,
};
use futures_util::FutureExt;

use super::{
    Worker,
    document::{self, Document, Draft},
    envelope::Envelope,
    trace::TraceId,
    variables,
};
use crate::{
    auth::Viewer,
    error::{Fault, FaultCode, label, label_all},
};

/// How a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Safe and cacheable: queries only.
    Get,
    /// Queries and mutations.
    Post,
}

/// What became of a well-formed request.
pub enum Outcome {
    /// It was executed; there is `data`, though it may be null.
    Executed(Response),
    /// Something in it is wrong, and nothing was executed.
    Refused(Vec<ServerError>),
    /// The service is shutting down and begins no mutation.
    Draining(ServerError),
    /// Its operation needs another method.
    MethodNotAllowed(ServerError),
    /// A panic, contained.
    Panicked(ServerError),
}

/// Runs one request. All errors of the outcome are labelled.
pub async fn run(
    worker: &Worker,
    envelope: Envelope<'_>,
    method: Method,
    viewer: Viewer,
    trace: &TraceId,
) -> Outcome {
    let steps = steps(worker, envelope, method, viewer, trace);
    let mut outcome = match AssertUnwindSafe(steps).catch_unwind().await {
        Ok(Ok(response)) => Outcome::Executed(response),
        Ok(Err(outcome)) => outcome,
        // The panic hook has logged it.
        Err(_) => Outcome::Panicked(Fault::internal().into_server_error()),
    };
    match &mut outcome {
        Outcome::Executed(response) => {
            label_all(&mut response.errors, FaultCode::Internal, trace);
        }
        Outcome::Refused(errors) => {
            label_all(errors, FaultCode::GraphqlValidationFailed, trace);
        }
        Outcome::Draining(error) | Outcome::MethodNotAllowed(error) | Outcome::Panicked(error) => {
            label(error, FaultCode::Internal, trace)
        }
    }
    outcome
}

async fn steps(
    worker: &Worker,
    envelope: Envelope<'_>,
    method: Method,
    viewer: Viewer,
    trace: &TraceId,
) -> Result<Response, Outcome> {
    let name = envelope.operation_name.as_deref();
    let known = worker.documents.borrow_mut().get(&envelope.query);
    let document = match known {
        Some(document) => document,
        None => first_sight(worker, &envelope).await?,
    };
    let operation = document::operation(&document.expanded, name).map_err(refused)?;
    allowed(worker, operation.ty, method)?;
    let errors = worker
        .edge
        .engine
        .check_variables(operation, &envelope.variables);
    if !errors.is_empty() {
        return Err(Outcome::Refused(errors));
    }
    let kind = operation.ty;
    let operation_id = match kind {
        OperationType::Mutation => operation_id(&envelope.variables),
        OperationType::Query | OperationType::Subscription => None,
    };
    let mut request = Request::new(String::new())
        .variables(envelope.variables)
        .data(viewer)
        .data(*trace);
    request.operation_name = envelope.operation_name.map(|name| name.into_owned());
    request.set_parsed_query(document.expanded.clone());
    let executed = worker.edge.engine.execute(request);
    let response = tokio::time::timeout(worker.edge.request_deadline, executed)
        .await
        .unwrap_or_else(|_| too_late(kind, operation_id));
    if was_executed(&response) {
        Ok(response)
    } else {
        Err(too_costly(response))
    }
}

/// Parses and validates a text that this worker does not know, and keeps it if the judgement holds
/// for every later request.
async fn first_sight(worker: &Worker, envelope: &Envelope<'_>) -> Result<Rc<Document>, Outcome> {
    let name = envelope.operation_name.as_deref();
    let engine = &worker.edge.engine;
    let draft = Draft::parse(&envelope.query).map_err(|error| Outcome::Refused(vec![error]))?;
    let operation = document::operation(&draft.written, name).map_err(refused)?;
    let filled = variables::filled(operation, &envelope.variables);
    let misfits = engine.check_variables(operation, &envelope.variables);
    let single = draft.written.operations.iter().len() == 1;
    let judged = if misfits.is_empty() {
        filled
    } else {
        Variables::default()
    };
    let errors = engine.validate(draft.written.clone(), name, judged).await;
    if !errors.is_empty() {
        return Err(Outcome::Refused(errors));
    }
    // A literal around a variable is judged only if the variable has a fitting value, and literals
    // of other operations not at all: such a judgement is good for this request only.
    if !misfits.is_empty() {
        return Err(Outcome::Refused(misfits));
    }
    let document = Rc::new(draft.validated());
    if single {
        let mut shelf = worker.documents.borrow_mut();
        shelf.put(&envelope.query, Rc::clone(&document));
    }
    Ok(document)
}

fn refused(fault: Fault) -> Outcome {
    Outcome::Refused(vec![fault.into_server_error()])
}

/// Whether an operation of this type may begin now, by this method.
fn allowed(worker: &Worker, kind: OperationType, method: Method) -> Result<(), Outcome> {
    let fault = |code, message| Fault::new(code, message).into_server_error();
    match (kind, method) {
        (OperationType::Query, Method::Get | Method::Post) => Ok(()),
        (OperationType::Mutation, Method::Get) => Err(Outcome::MethodNotAllowed(fault(
            FaultCode::BadUserInput,
            "A mutation needs POST.",
        ))),
        (OperationType::Subscription, Method::Get) => Err(Outcome::MethodNotAllowed(fault(
            FaultCode::BadUserInput,
            "A subscription needs a streaming transport.",
        ))),
        (OperationType::Subscription, Method::Post) => Err(Outcome::Refused(vec![fault(
            FaultCode::BadUserInput,
            "A subscription needs a streaming transport.",
        )])),
        (OperationType::Mutation, Method::Post) => {
            if worker.edge.readiness.accepts_mutations() {
                Ok(())
            } else {
                Err(Outcome::Draining(fault(
                    FaultCode::Unavailable,
                    "The service is shutting down; repeat the request.",
                )))
            }
        }
    }
}

/// A response without data whose errors have no path was refused before execution.
fn was_executed(response: &Response) -> bool {
    response.data != Value::Null
        || response.errors.is_empty()
        || response.errors.iter().any(|error| !error.path.is_empty())
        || response
            .errors
            .iter()
            .any(|error| error.source::<Fault>().is_some())
}

/// Document and variables were fine before, so what the executor refuses is the cost.
fn too_costly(response: Response) -> Outcome {
    let errors = response.errors.into_iter().map(|error| {
        let fault = Fault::new(FaultCode::QueryTooExpensive, error.message);
        fault.into_server_error()
    });
    Outcome::Refused(errors.collect())
}

/// A mutation past its deadline may have been submitted; a query has lost nothing but time.
fn too_late(kind: OperationType, operation_id: Option<String>) -> Response {
    let mut fault = match kind {
        OperationType::Mutation => Fault::new(
            FaultCode::UnknownOutcome,
            "The deadline passed before the outcome was known: ask `operation`, or repeat the mutation with the same operationId.",
        ),
        OperationType::Query | OperationType::Subscription => Fault::new(
            FaultCode::Unavailable,
            "The deadline passed before the answer was ready.",
        ),
    };
    fault.operation_id = operation_id;
    Response::from_errors(vec![fault.into_server_error()])
}

/// The operation id a mutation was sent with, if its variables hold exactly one: as a variable of
/// this name, or in an input.
fn operation_id(variables: &Variables) -> Option<String> {
    let mut ids = variables.iter().filter_map(|(name, value)| match value {
        Value::String(id) if name == "operationId" => Some(id),
        Value::Object(input) => match input.get("operationId") {
            Some(Value::String(id)) => Some(id),
            _ => None,
        },
        _ => None,
    });
    let only = ids.next()?;
    ids.next().is_none().then(|| only.clone())
}
