//! What the tests of the whole service are made of: a service in this process or in a child, a client
//! that speaks GraphQL to it, an audit of its database, and the load generator with its rivals.
//!
//! Nothing here is part of the product.

pub mod audit;
pub mod cluster;
pub mod harness;
pub mod load;
pub mod proxy;
pub mod twin;
