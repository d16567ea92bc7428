//! The rivals of the load generator: what the same front costs over something simpler.
//!
//! The **twin** is what one would write by hand without actors and groups: one transaction for each
//! charge against the same kind of file with the same durability. The **floor** answers a constant:
//! what HTTP, tokens and GraphQL cost by themselves. Both stand behind the product's own edge, so that
//! the difference is what is behind it.

mod charge;
mod ledger;

use std::{num::NonZero, thread};

use async_graphql::{EmptySubscription, ObjectType, Schema};
use credits_api::{
    auth::{TokenTime, Verifier},
    config::HttpSettings,
    http::{Edge, Engine, Origins, Page, Persisted, Readiness, Server, ServerSettings, Streams},
};

use self::charge::{Constant, Query, Single};
pub use self::ledger::Ledger;

/// The twin, bound to its port.
pub fn twin(http: &HttpSettings, verifier: Verifier, ledger: Ledger) -> std::io::Result<Server> {
    serve(http, verifier, Single, Some(ledger))
}

/// The floor, bound to its port.
pub fn floor(http: &HttpSettings, verifier: Verifier) -> std::io::Result<Server> {
    serve(http, verifier, Constant, None)
}

fn serve<M: ObjectType + Copy + 'static>(
    http: &HttpSettings,
    verifier: Verifier,
    mutation: M,
    ledger: Option<Ledger>,
) -> std::io::Result<Server> {
    let build = move || {
        let schema = Schema::build(Query, mutation, EmptySubscription);
        match &ledger {
            Some(ledger) => schema.data(ledger.clone()),
            None => schema,
        }
    };
    let edge = Edge {
        engine: Box::new(Engine::new(build)),
        verifier,
        origins: Origins {
            allowed: http.allowed_origins.clone(),
            loopback: true,
        },
        page: Page {
            account: "",
            mint: None,
        },
        persisted: Persisted::default(),
        readiness: Readiness::default(),
        // It has nothing to stream.
        streams: Streams::new(0),
        exports: None,
        body_bytes_max: http.body_bytes_max,
        timeouts: http.timeouts(),
        token_time: TokenTime::Real,
    };
    let listen = ServerSettings {
        listen: http.address(),
        workers: thread::available_parallelism().map_or(1, NonZero::get),
    };
    Server::build(&listen, edge)
}
