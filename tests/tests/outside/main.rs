//! Clients that nobody here wrote, against the program as it is shipped.
//!
//! Owns which suites there are. Each stands in `tests/clients` (Node) or `tests/python`, and gets a
//! service of its own; what it needs beyond Rust is installed by `.ci/run`.

mod suite;

use crate::suite::{node, python};

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs Node.js")]
async fn graphql_over_http_passes_every_audit() {
    node("graphql-http").await;
}

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs Node.js")]
async fn graphql_js_reads_the_schema() {
    node("graphql-js").await;
}

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs Node.js")]
async fn every_element_of_the_schema_keeps_the_conventions() {
    node("schema-lint").await;
}

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs Node.js")]
async fn clients_of_the_last_release_still_work() {
    node("schema-diff").await;
}

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs Node.js")]
async fn graphql_ws_opens_runs_and_comes_back() {
    node("graphql-ws").await;
}

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs Node.js")]
async fn graphql_sse_runs_and_comes_back() {
    node("graphql-sse").await;
}

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs Node.js")]
async fn apollo_client_by_the_recipe() {
    node("apollo").await;
}

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs Node.js")]
async fn urql_by_the_recipe() {
    node("urql").await;
}

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs Node.js")]
async fn relay_compiles() {
    node("relay").await;
}

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs Python 3 with gql")]
async fn gql_of_python() {
    python("suite").await;
}

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs Node.js")]
async fn what_the_documentation_shows_works() {
    node("snippets").await;
}

#[actix_web::test]
#[cfg_attr(not(require_all), ignore = "needs Node.js")]
async fn feeds_miss_nothing_through_fifty_restarts_on_a_bad_network() {
    node("soak").await;
}
