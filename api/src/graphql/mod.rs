//! The service as GraphQL shows it.
//!
//! Owns the schema: every name, description and limit that a client can see. A resolver checks who
//! asks ([`access`]), parses what is asked into domain values, calls the [`Ledger`] and wraps the
//! answer; what credits are and what may happen to them is decided elsewhere. It never sees HTTP.
//!
//! Read in this order: the roots; how every field asks for access, pages and ids; then one noun a
//! file, each with its objects, inputs and payloads.

pub mod feed;
pub mod mutation;
pub mod query;

pub mod access;
pub mod execute;
mod fault;
pub mod node;
pub mod page;
pub mod scalar;

pub mod account;
pub mod advisory;
pub mod attempt;
pub mod balance;
pub mod billing;
pub mod catalog;
pub mod charge;
pub mod explanation;
pub mod forecast;
pub mod generation;
pub mod hold;
pub mod insight;
pub mod lot;
pub mod notice;
pub mod offer;
pub mod operation;
pub mod payment;
pub mod plan_change;
pub mod policy;
mod policy_rule;
pub mod preferences;
pub mod price;
pub mod proof;
pub mod quote;
pub mod recommend;
pub mod refusal;
pub mod spend;
mod standing;
pub mod subscription;
pub mod usage;
pub mod without_effect;

use async_graphql::{SDLExportOptions, Schema, SchemaBuilder};
use credits_core::ledger::Ledger;

use feed::Subscription;
use mutation::Mutation;
use query::Query;

/// The schema with its roots.
pub type CreditsSchema = Schema<Query, Mutation, Subscription>;

/// The schema over `ledger`, to be finished with the limits of its transport.
pub fn schema(ledger: Ledger) -> SchemaBuilder<Query, Mutation, Subscription> {
    bare().data(ledger).data(advisory::BasisReads::default())
}

/// The schema as text: sorted, with every description and `@specifiedBy`. It needs no ledger.
pub fn sdl() -> String {
    let options = SDLExportOptions::new()
        .sorted_fields()
        .sorted_arguments()
        .sorted_enum_items()
        .include_specified_by()
        .use_space_ident();
    bare().finish().sdl_with_options(options)
}

fn bare() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query, Mutation, Subscription)
}

#[cfg(test)]
mod tests;
