//! From a well-formed request to a response, or to the responses of a subscription: find or validate
//! the document, check the variables, execute, under the deadline where there is one answer.
//!
//! Owns the order of these steps, the same for every transport, and what a panic or a missed deadline
//! becomes. It never chooses a status code, a media type or a message.

use std::{panic::AssertUnwindSafe, pin::Pin, rc::Rc};

use actix_web::web;
use async_graphql::{
    Request, Response, ServerError, Value, Variables,
    parser::types::{OperationDefinition, OperationType},
};
use futures_util::{FutureExt, StreamExt, stream, stream::LocalBoxStream};

use super::{
    Worker, cost, decided,
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

    fn panicked() -> Stop {
        Stop::new(Why::Panicked, Fault::internal())
    }

    fn label(&mut self, trace: &TraceId) {
        label_all(&mut self.errors, FaultCode::GraphqlValidationFailed, trace);
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::new(Why::Refused, fault)
    }
}

/// What a request gives over time, each labelled: one response for a query or a mutation, any number
/// for a subscription. A stop is the last.
pub type Responses = LocalBoxStream<'static, Result<Response, Stop>>;

/// Whether a transport can send more than one response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carries {
    One,
    Many,
}

/// Runs one request that has one response. It has `data`, though it may be null; all errors are
/// labelled.
pub async fn run(
    worker: &Worker,
    envelope: Envelope<'_>,
    method: Method,
    viewer: Viewer,
    trace: &TraceId,
) -> Result<Response, Stop> {
    let steps = Box::pin(async {
        let prepared = prepare(worker, envelope, method, Carries::One, viewer, trace).await?;
        whole(worker, prepared).await
    });
    labelled(contained(steps).await, trace)
}

/// Begins a request on a transport that streams. A query or mutation has its response already; what a
/// subscription has to say is found out by the stream.
pub async fn open(
    worker: &web::Data<Worker>,
    envelope: Envelope<'_>,
    method: Method,
    viewer: Viewer,
    trace: &TraceId,
) -> Result<Responses, Stop> {
    let steps = Box::pin(async {
        let prepared = prepare(worker, envelope, method, Carries::Many, viewer, trace).await?;
        if prepared.kind == OperationType::Subscription {
            return Ok(responses(worker.clone(), prepared, *trace));
        }
        let response = labelled(whole(worker, prepared).await, trace)?;
        Ok(stream::iter([Ok(response)]).boxed_local())
    });
    contained(steps).await.map_err(|mut stop| {
        stop.label(trace);
        stop
    })
}

/// What the steps give, or that they panicked. The panic hook has logged it. They come in a box: each
/// future around them would hold their kilobytes several times over.
async fn contained<T>(steps: Pin<Box<impl Future<Output = Result<T, Stop>>>>) -> Result<T, Stop> {
    let outcome = AssertUnwindSafe(steps).catch_unwind().await;
    outcome.unwrap_or_else(|_| Err(Stop::panicked()))
}

fn labelled(outcome: Result<Response, Stop>, trace: &TraceId) -> Result<Response, Stop> {
    match outcome {
        Ok(mut response) => {
            label_all(&mut response.errors, FaultCode::BadUserInput, trace);
            Ok(response)
        }
        Err(mut stop) => {
            stop.label(trace);
            Err(stop)
        }
    }
}

/// A request that may be executed.
struct Prepared {
    document: Rc<Document>,
    name: Option<String>,
    kind: OperationType,
    request: Request,
    /// The operation id of a mutation.
    operation_id: Option<String>,
    /// The cost, where the client asked for it.
    requested: Option<usize>,
}

async fn prepare(
    worker: &Worker,
    envelope: Envelope<'_>,
    method: Method,
    carries: Carries,
    viewer: Viewer,
    trace: &TraceId,
) -> Result<Prepared, Stop> {
    let envelope = worker.edge.persisted.complete(envelope)?;
    let name = envelope.operation_name.as_deref();
    let known = worker.documents.borrow_mut().get(&envelope.query);
    let document = match known {
        Some(document) => document,
        None => first_sight(worker, &envelope).await?,
    };
    let operation = document::operation(&document.expanded, name)?;
    allowed(worker, operation.ty, method, carries)?;
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
    let name = envelope.operation_name.map(|name| name.into_owned());
    let mut request = Request::new(String::new())
        .variables(envelope.variables)
        .data(viewer)
        .data(*trace);
    request.operation_name.clone_from(&name);
    request.set_parsed_query(document.expanded.clone());
    Ok(Prepared {
        document,
        name,
        kind,
        request,
        operation_id,
        requested,
    })
}

/// Executes a query or a mutation under the deadline.
async fn whole(worker: &Worker, prepared: Prepared) -> Result<Response, Stop> {
    let executed = worker.edge.engine.execute(prepared.request);
    let response = tokio::time::timeout(worker.edge.timeouts.request, executed)
        .await
        .unwrap_or_else(|_| too_late(prepared.kind, prepared.operation_id.clone()));
    let mut response = response;
    if prepared.kind == OperationType::Mutation {
        decided::heed(&mut response.errors, prepared.operation_id.as_deref());
    }
    let operation = document::operation(&prepared.document.expanded, prepared.name.as_deref())?;
    completed(worker, operation, response, prepared.requested)
}

/// The responses of a subscription. They begin nothing before the first is asked for, and a panic
/// under one is the last.
fn responses(worker: web::Data<Worker>, prepared: Prepared, trace: TraceId) -> Responses {
    let Prepared {
        document,
        name,
        request,
        requested,
        ..
    } = prepared;
    let executed = AssertUnwindSafe(worker.edge.engine.subscribe(request)).catch_unwind();
    let responses = executed.map(move |response| {
        let steps = || {
            let response = response.map_err(|_| Stop::panicked())?;
            let operation = document::operation(&document.expanded, name.as_deref())?;
            completed(&worker, operation, response, requested)
        };
        labelled(steps(), &trace)
    });
    responses.boxed_local()
}

/// A response with nulls where fields failed, or why it is none.
fn completed(
    worker: &Worker,
    operation: &OperationDefinition,
    mut response: Response,
    requested: Option<usize>,
) -> Result<Response, Stop> {
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

/// Whether an operation of this type may begin now, by this method, on such a transport.
fn allowed(
    worker: &Worker,
    kind: OperationType,
    method: Method,
    carries: Carries,
) -> Result<(), Stop> {
    let streaming = || {
        Fault::new(
            FaultCode::BadUserInput,
            "A subscription needs a streaming transport: a WebSocket, or Accept: text/event-stream.",
        )
    };
    match (kind, method) {
        (OperationType::Query, Method::Get | Method::Post) => Ok(()),
        (OperationType::Mutation, Method::Get) => {
            let fault = Fault::new(FaultCode::BadUserInput, "A mutation needs POST.");
            Err(Stop::new(Why::MethodNotAllowed, fault))
        }
        (OperationType::Subscription, _) if carries == Carries::Many => Ok(()),
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
