//! The edge of the credits service: GraphQL over HTTP, tokens, configuration and logs.

pub mod auth;
pub mod config;
pub mod error;
pub mod http;
pub mod shutdown;
pub mod telemetry;
