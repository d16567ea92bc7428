//! The harness: start the real service, speak GraphQL to it.
//!
//! Owns how a test gets a service of its own, with a fresh database and a free port. Tests read the
//! product through its API only; what they look up behind its back is in [`audit`](crate::audit).

mod child;
mod client;
pub mod document;
mod events;
mod need;
mod service;
mod socket;
mod wait;

pub use self::{
    child::{Child, Program},
    client::{Client, Reply, http_client, operation_id, with},
    events::{EventStream, StreamEvent},
    need::require,
    service::{CATALOG, ON, Rights, START, Service, instant, patient},
    socket::{Heard, Socket, frame, kind},
    wait::until,
};
