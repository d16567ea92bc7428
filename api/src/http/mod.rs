//! GraphQL over HTTP, strict, and the server around it.
//!
//! Owns everything between the network and the schema: origins, tokens, media types, limits, the
//! documents already validated, errors on the wire, sockets and event streams, GraphiQL, health and
//! shutdown. It never knows a field of the schema. Why it is our own: the ready-made integration runs
//! mutations by GET and by form
//! posts, reads bodies of any size and answers 200 to what does not parse.

mod accept;
mod answer;
mod cost;
mod decided;
mod document;
mod endpoint;
mod engine;
mod envelope;
mod events;
mod execution;
mod expiry;
mod export;
mod health;
mod nulls;
mod origin;
mod page;
mod persisted;
mod server;
mod socket;
mod streams;
#[cfg(test)]
mod tests;
mod timeouts;
mod trace;
mod variables;

use std::{cell::RefCell, sync::Arc};

use actix_web::{http::header::HeaderMap, middleware, web};

use self::document::Shelf;
pub use self::{
    document::{
        ALIASES_MAX, DEPTH_MAX, DIRECTIVES_MAX, FIELDS_MAX, LEVELS_MAX, MUTATIONS_MAX, NESTING_MAX,
        TOKENS_MAX,
    },
    engine::{COMPLEXITY_MAX, Engine, Execute, with_limits},
    export::Exports,
    health::Readiness,
    origin::Origins,
    page::Page,
    persisted::Persisted,
    server::{Server, ServerSettings},
    streams::Streams,
    timeouts::Timeouts,
    trace::TraceId,
};
use crate::auth::{Caller, Invalid, Known, TokenTime, Verifier, Viewer};

/// What every worker shares.
pub struct Edge {
    /// The schema.
    pub engine: Box<dyn Execute>,
    /// Who may be who.
    pub verifier: Verifier,
    /// Which pages may call.
    pub origins: Origins,
    /// GraphiQL beside the endpoint.
    pub page: Page,
    /// Documents that clients send by their hash.
    pub persisted: Persisted,
    /// Whether the node wants traffic.
    pub readiness: Readiness,
    /// The connections that stay open.
    pub streams: Streams,
    /// Files of an account's charges; none where there is no ledger to read.
    pub exports: Option<Exports>,
    /// The longest body, in bytes.
    pub body_bytes_max: usize,
    /// How long requests and clients may take.
    pub timeouts: Timeouts,
    /// The time by which tokens end.
    pub token_time: TokenTime,
}

/// What one worker keeps for itself, so that no request waits for another worker's.
pub struct Worker {
    edge: Arc<Edge>,
    documents: RefCell<Shelf>,
    tokens: RefCell<Known>,
}

impl Worker {
    /// A worker that knows no document and no token.
    pub fn new(edge: Arc<Edge>) -> Worker {
        Worker {
            edge,
            documents: RefCell::default(),
            tokens: RefCell::default(),
        }
    }

    /// Who asks: nobody without a token, an error with a bad one.
    fn viewer(&self, headers: &HeaderMap) -> Result<Viewer, Invalid> {
        let now = self.edge.token_time.now_s();
        let mut known = self.tokens.borrow_mut();
        self.edge.verifier.viewer(headers, now, &mut known)
    }

    /// Who holds the token of these credentials, which came without a header.
    fn caller(&self, credentials: &[u8]) -> Result<Caller, Invalid> {
        let now = self.edge.token_time.now_s();
        let mut known = self.tokens.borrow_mut();
        self.edge.verifier.caller(credentials, now, &mut known)
    }
}

/// The routes, for `App::configure`; `worker` is made once in each worker thread.
pub fn routes(worker: Worker) -> impl FnOnce(&mut web::ServiceConfig) {
    let origins = worker.edge.origins.clone();
    let worker = web::Data::new(worker);
    move |config: &mut web::ServiceConfig| {
        config
            .app_data(worker.clone())
            // First: an address is compared with all before it, and others have patterns.
            .service(
                web::resource("/graphql")
                    .wrap(origin::cors(origins))
                    .wrap(middleware::from_fn(origin::guard))
                    .route(web::post().to(endpoint::post))
                    .route(web::get().to(endpoint::get))
                    .default_service(web::to(endpoint::other)),
            )
            .configure(|config| export::routes(&worker, config))
            .route("/livez", web::get().to(health::livez))
            .route("/readyz", web::get().to(health::readyz))
            .configure(page::routes);
    }
}
