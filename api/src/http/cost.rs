//! What a request costs, told on request: `"extensions": { "cost": true }`.
//!
//! Owns the numbers in an answer's `extensions.cost`. What is too much is the engine's to say, and what
//! each field costs the schema's.

use async_graphql::{Response, Value, value};

use super::{Worker, document::Document, engine::COMPLEXITY_MAX, envelope::Envelope};
use crate::error::{Fault, FaultCode};

/// The name of the entry in the extensions of an answer.
const COST: &str = "cost";
/// The name under which the engine tells a cost to itself.
const REQUESTED: &str = "requested";

/// A response that carries nothing but a cost.
pub fn tell(requested: usize) -> Response {
    Response::default().extension(REQUESTED, Value::from(requested))
}

/// The cost in such a response; 0 if the request was not valid.
pub fn told(response: &Response) -> usize {
    let cost = match response.extensions.get(REQUESTED) {
        Some(Value::Number(cost)) => cost.as_u64(),
        Some(_) | None => None,
    };
    cost.and_then(|cost| usize::try_from(cost).ok())
        .unwrap_or(0)
}

/// What the limit judges a request by, if its client wants to know. Its document was validated and its
/// variables were checked.
pub async fn requested(
    worker: &Worker,
    document: &Document,
    envelope: &Envelope<'_>,
) -> Option<usize> {
    if !envelope.extensions.cost {
        return None;
    }
    let name = envelope.operation_name.as_deref();
    let (document, variables) = (document.expanded.clone(), envelope.variables.clone());
    Some(worker.edge.engine.cost(document, name, variables).await)
}

/// The fault of a request that costs more than it may.
pub fn too_much(requested: Option<usize>) -> Fault {
    let advice = match requested {
        Some(requested) => format!("this one would cost {requested}."),
        None => "send `\"extensions\": {\"cost\": true}` to be told what it costs.".to_owned(),
    };
    Fault::new(
        FaultCode::QueryTooExpensive,
        format!("A request may cost {COMPLEXITY_MAX} at most, full pages counted; {advice}"),
    )
}

/// Adds to an answer, if its client wants to know, what it was judged by before it ran, with full
/// pages, and what it came to.
pub fn add(response: &mut Response, requested: Option<usize>) {
    let Some(requested) = requested else {
        return;
    };
    let actual = fields(&response.data);
    let cost = value!({ "requested": requested, "actual": actual });
    response.extensions.insert(COST.to_owned(), cost);
}

/// The fields of an answer: each costs 1, in every entry of a list.
fn fields(data: &Value) -> usize {
    match data {
        Value::Object(object) => object.values().map(|value| 1 + fields(value)).sum(),
        Value::List(values) => values.iter().map(fields).sum(),
        Value::Null
        | Value::Number(_)
        | Value::String(_)
        | Value::Boolean(_)
        | Value::Binary(_)
        | Value::Enum(_) => 0,
    }
}
