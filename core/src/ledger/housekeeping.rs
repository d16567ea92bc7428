//! What is done now and then: accounts that are idle leave memory, old refusals are forgotten.
//!
//! Owns when. It never touches what was accepted.

use std::time::Duration;

use chrono::TimeDelta;
use tracing::warn;

use crate::actor::{node::Node, registry::WeakRegistry};

/// For so many days a refusal is kept: a delayed duplicate must not charge after a top-up.
const REFUSALS_KEPT_DAYS: i64 = 30;
/// The most refusals forgotten at a time: a short transaction between those of charges.
const REFUSALS_FORGOTTEN_MAX: u64 = 1_000;
/// How often idle accounts and old refusals are looked for.
const TIDY_EVERY: Duration = Duration::from_secs(10);

/// Tidies up as long as somebody uses the registry.
pub(super) async fn keep(registry: WeakRegistry) {
    while let Some(registry) = registry.upgrade() {
        registry.passivate_idle();
        forget_refusals(registry.node()).await;
        drop(registry);
        tokio::time::sleep(TIDY_EVERY).await;
    }
}

/// Forgets what was refused long ago. What fails now is tried again the next time.
async fn forget_refusals(node: &Node) {
    let reading = node.clock.read();
    if !reading.trusted {
        return;
    }
    let kept_from = reading
        .now
        .saturating_sub(TimeDelta::days(REFUSALS_KEPT_DAYS));
    let forgotten = node
        .store
        .forget_refusals(kept_from, REFUSALS_FORGOTTEN_MAX);
    if let Err(error) = forgotten.await {
        warn!(error = %error, "old refusals could not be forgotten");
    }
}
