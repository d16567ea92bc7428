//! The load generator: closed loops over HTTP, against the product or a rival of it.
//!
//! Read in this order: what is sent; a connection; a measured run; who is measured; what is printed;
//! what the sweeper does meanwhile, on accounts that are filled in past the service.
//! Server and client share the machine, so that the client does as little as it can: one thread, and
//! requests that are copied from one text.

pub mod connection;
pub mod fill;
pub mod measure;
pub mod report;
pub mod request;
pub mod rival;
pub mod sweep;
