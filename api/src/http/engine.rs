//! The schema as the edge uses it: validate once, execute often.
//!
//! Owns the two builds of the schema and the cost limit. It never sees HTTP.

use std::sync::Arc;

use async_graphql::{
    ObjectType, Request, Response, Schema, SchemaBuilder, ServerError, SubscriptionType,
    ValidationMode, Variables,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute},
    parser::types::{ExecutableDocument, OperationDefinition},
    registry::Registry,
};
use futures_util::{future::BoxFuture, stream::BoxStream};

use super::{
    document::{DEPTH_MAX, LEVELS_MAX},
    nulls, variables,
};

/// The greatest cost of a request, in the units of the fields' own complexity; GraphiQL's
/// introspection costs 229, a full page of operations with its postings about 2,000.
pub const COMPLEXITY_MAX: usize = 5_000;

/// What the transports need of a schema, without its type parameters.
pub trait Execute: Send + Sync {
    /// The errors of a document under every rule of the specification, with these variables.
    /// Nothing is executed.
    fn validate<'a>(
        &'a self,
        document: ExecutableDocument,
        operation_name: Option<&'a str>,
        variables: Variables,
    ) -> BoxFuture<'a, Vec<ServerError>>;

    /// The errors of an operation's variables.
    fn check_variables(
        &self,
        operation: &OperationDefinition,
        variables: &Variables,
    ) -> Vec<ServerError>;

    /// Puts nulls into the data of an operation's response where its errors say that fields failed.
    fn complete(&self, operation: &OperationDefinition, response: &mut Response);

    /// Executes a request whose document was validated and whose variables were checked. Only the
    /// cost, which depends on the variables, is still judged here.
    fn execute(&self, request: Request) -> BoxFuture<'_, Response>;

    /// Executes a subscription, on the same conditions. The stream ends with it.
    fn subscribe(&self, request: Request) -> BoxStream<'static, Response>;
}

/// A schema built twice: async-graphql fixes the validation mode of a schema, not of a request.
pub struct Engine<Q, M, S> {
    validator: Schema<Q, M, S>,
    executor: Schema<Q, M, S>,
    registry: Registry,
}

impl<Q, M, S> Engine<Q, M, S>
where
    Q: ObjectType + 'static,
    M: ObjectType + 'static,
    S: SubscriptionType + 'static,
{
    /// Builds the schema from the given builder, which is called twice and must build the same.
    pub fn new(build: impl Fn() -> SchemaBuilder<Q, M, S>) -> Engine<Q, M, S> {
        let mut registry = Registry {
            query_type: Q::type_name().into_owned(),
            mutation_type: (!M::is_empty()).then(|| M::type_name().into_owned()),
            subscription_type: (!S::is_empty()).then(|| S::type_name().into_owned()),
            ..Registry::default()
        };
        Q::create_type_info(&mut registry);
        if !M::is_empty() {
            M::create_type_info(&mut registry);
        }
        if !S::is_empty() {
            S::create_type_info(&mut registry);
        }
        let validator = build()
            .validation_mode(ValidationMode::Strict)
            .limit_recursive_depth(LEVELS_MAX as usize)
            .extension(ValidateOnly);
        let executor = build()
            .validation_mode(ValidationMode::Fast)
            .limit_recursive_depth(LEVELS_MAX as usize);
        Engine {
            validator: validator.finish(),
            executor: with_limits(executor).finish(),
            registry,
        }
    }

    /// The schema that executes, for its SDL and its data.
    pub fn schema(&self) -> &Schema<Q, M, S> {
        &self.executor
    }
}

/// Puts the limits that async-graphql can check on a schema.
pub fn with_limits<Q, M, S>(builder: SchemaBuilder<Q, M, S>) -> SchemaBuilder<Q, M, S> {
    builder
        .limit_complexity(COMPLEXITY_MAX)
        .limit_depth(DEPTH_MAX as usize)
}

impl<Q, M, S> Execute for Engine<Q, M, S>
where
    Q: ObjectType + 'static,
    M: ObjectType + 'static,
    S: SubscriptionType + 'static,
{
    fn validate<'a>(
        &'a self,
        document: ExecutableDocument,
        operation_name: Option<&'a str>,
        variables: Variables,
    ) -> BoxFuture<'a, Vec<ServerError>> {
        let mut request = Request::new(String::new()).variables(variables);
        request.operation_name = operation_name.map(str::to_owned);
        request.set_parsed_query(document);
        Box::pin(async move { self.validator.execute(request).await.errors })
    }

    fn check_variables(
        &self,
        operation: &OperationDefinition,
        variables: &Variables,
    ) -> Vec<ServerError> {
        variables::check(&self.registry, operation, variables)
    }

    fn complete(&self, operation: &OperationDefinition, response: &mut Response) {
        let Response { data, errors, .. } = response;
        nulls::complete(&self.registry, operation, data, errors);
    }

    fn execute(&self, request: Request) -> BoxFuture<'_, Response> {
        Box::pin(self.executor.execute(request))
    }

    fn subscribe(&self, request: Request) -> BoxStream<'static, Response> {
        self.executor.execute_stream(request)
    }
}

/// Stops a request between validation and execution.
struct ValidateOnly;

impl ExtensionFactory for ValidateOnly {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(ValidateOnly)
    }
}

#[async_trait::async_trait]
impl Extension for ValidateOnly {
    async fn execute(
        &self,
        _ctx: &ExtensionContext<'_>,
        _operation_name: Option<&str>,
        _next: NextExecute<'_>,
    ) -> Response {
        Response::default()
    }
}
