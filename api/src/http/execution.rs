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
    Worker, cost,
    document::{self, Document, Draft},
    envelope::Envelope,
    trace::TraceId,
    variables,
};
use crate::{
    auth::Viewer,
    error::{Fault, FaultCode, label_all},
};

/// How a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Safe and cacheable: queries only.
    Get,
    /// Queries and mutations.
    Post,
}

/// Why a well-formed request was not executed.
#[derive(Debug)]
pub struct Stop {
    /// What kind of end it is.
    pub why: Why,
    /// What the client is told; at least one.
    pub errors: Vec<ServerError>,
}

/// The ways in which a well-formed request ends without having been executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Something in it is wrong.
    Refused,
    /// The service is shutting down and begins no mutation.
    Draining,
    /// Its operation needs another method.
    MethodNotAllowed,
    /// A panic, contained: how far it came is unknown.
    Panicked,
}

impl Stop {
    fn new(why: Why, fault: Fault) -> Stop {
        Stop {
            why,
            errors: vec![fault.into_server_error()],
        }
    }

    fn refused(errors: Vec<ServerError>) -> Stop {
        Stop {
            why: Why::Refused,
            errors,
        }
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::new(Why::Refused, fault)
    }
}

/// Runs one request. A response has `data`, though it may be null; all errors are labelled.
pub async fn run(
    worker: &Worker,
    envelope: Envelope<'_>,
    method: Method,
    viewer: Viewer,
    trace: &TraceId,
) -> Result<Response, Stop> {
    let steps = steps(worker, envelope, method, viewer, trace);
    let outcome = AssertUnwindSafe(steps).catch_unwind().await;
    // The panic hook has logged it.
    match outcome.unwrap_or_else(|_| Err(Stop::new(Why::Panicked, Fault::internal()))) {
        Ok(mut response) => {
            label_all(&mut response.errors, FaultCode::BadUserInput, trace);
            Ok(response)
        }
        Err(mut stop) => {
            label_all(&mut stop.errors, FaultCode::GraphqlValidationFailed, trace);
            Err(stop)
        }
    }
}

async fn steps(
    worker: &Worker,
    envelope: Envelope<'_>,
    method: Method,
    viewer: Viewer,
    trace: &TraceId,
) -> Result<Response, Stop> {
    let envelope = worker.edge.persisted.complete(envelope)?;
    let name = envelope.operation_name.as_deref();
    let known = worker.documents.borrow_mut().get(&envelope.query);
    let document = match known {
        Some(document) => document,
        None => first_sight(worker, &envelope).await?,
    };
    let operation = document::operation(&document.expanded, name)?;
    allowed(worker, operation.ty, method)?;
    worker.edge.persisted.register(&envelope);
    let errors = worker
        .edge
        .engine
        .check_variables(operation, &envelope.variables);
    if !errors.is_empty() {
        return Err(Stop::refused(errors));
    }
    let requested = cost::requested(worker, &document, &envelope).await;
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
    let mut response = tokio::time::timeout(worker.edge.request_deadline, executed)
        .await
        .unwrap_or_else(|_| too_late(kind, operation_id));
    if !was_executed(&response) {
        // Document and variables were fine before, so what the executor refuses is the cost.
        return Err(cost::too_much(requested).into());
    }
    if !response.errors.is_empty() {
        worker.edge.engine.complete(operation, &mut response);
    }
    cost::add(&mut response, requested);
    Ok(response)
}

/// Parses and validates a text that this worker does not know, and keeps it if the judgement holds
/// for every later request.
async fn first_sight(worker: &Worker, envelope: &Envelope<'_>) -> Result<Rc<Document>, Stop> {
    let name = envelope.operation_name.as_deref();
    let engine = &worker.edge.engine;
    let draft = Draft::parse(&envelope.query).map_err(|error| Stop::refused(vec![error]))?;
    let operation = document::operation(&draft.written, name)?;
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
        return Err(Stop::refused(errors));
    }
    // A literal around a variable is judged only if the variable has a fitting value, and literals
    // of other operations not at all: such a judgement is good for this request only.
    if !misfits.is_empty() {
        return Err(Stop::refused(misfits));
    }
    let document = Rc::new(draft.validated());
    if single {
        let mut shelf = worker.documents.borrow_mut();
        shelf.put(&envelope.query, Rc::clone(&document));
    }
    Ok(document)
}

/// Whether an operation of this type may begin now, by this method.
fn allowed(worker: &Worker, kind: OperationType, method: Method) -> Result<(), Stop> {
    let streaming = || {
        Fault::new(
            FaultCode::BadUserInput,
            "A subscription needs a streaming transport.",
        )
    };
    match (kind, method) {
        (OperationType::Query, Method::Get | Method::Post) => Ok(()),
        (OperationType::Mutation, Method::Get) => {
            let fault = Fault::new(FaultCode::BadUserInput, "A mutation needs POST.");
            Err(Stop::new(Why::MethodNotAllowed, fault))
        }
        (OperationType::Subscription, Method::Get) => {
            Err(Stop::new(Why::MethodNotAllowed, streaming()))
        }
        (OperationType::Subscription, Method::Post) => Err(streaming().into()),
        (OperationType::Mutation, Method::Post) if worker.edge.readiness.accepts_mutations() => {
            Ok(())
        }
        (OperationType::Mutation, Method::Post) => {
            let message = "The service is shutting down; repeat the request.";
            Err(Stop::new(
                Why::Draining,
                Fault::new(FaultCode::Unavailable, message),
            ))
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
