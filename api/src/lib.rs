//! ChatNow Credits over GraphQL: the server, its configuration and its command line.
//!
//! Read in this order: what can be set; who may ask; the schema; how it is served; how the program is
//! put together, and what it does when it is called.

pub mod config;
pub mod telemetry;

pub mod auth;
pub mod secret_file;

pub mod error;

pub mod graphql;

pub mod http;

pub mod descriptors;
pub mod shutdown;

pub mod app;
pub mod database;
pub mod demo;

pub mod cli;

/// A request is some hundred small allocations that often end on another thread than they began on, which is
/// what this allocator is quick at. It asks for no huge pages: an idle connection would pay for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
