//! The load generator: closed loops over HTTP, against the product or a rival of it.
//!
//! Read in this order: what is sent; a connection; a measured run; what it costs; where databases are; who
//! is measured; what is printed; what the sweeper does meanwhile, on accounts that are filled in past the
//! service; what becomes of all of it in a database that has grown, filled by way of the service; several
//! nodes on one database.
//! Server and client share the machine, so that the client does as little as it can: one thread, and
//! requests that are copied from one text.

pub mod bulk;
pub mod connection;
pub mod cost;
pub mod fill;
pub mod measure;
pub mod nodes;
pub mod place;
pub mod report;
pub mod request;
pub mod rival;
pub mod scale;
pub mod served;
pub mod sweep;
