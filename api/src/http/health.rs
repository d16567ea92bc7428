//! `/livez` and `/readyz`.
//!
//! Owns the answer to "may I send traffic here", as named reasons that parts of the program raise
//! and clear. It never checks anything itself.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use actix_web::{HttpResponse, web};

use super::Worker;

/// The reason while the service shuts down.
const SHUTTING_DOWN: &str = "shutdown";

/// Whether this node is ready, shared by all who know a reason why not.
#[derive(Clone, Default)]
pub struct Readiness(Arc<Shared>);

#[derive(Default)]
struct Shared {
    reasons: Mutex<BTreeMap<&'static str, String>>,
    draining: AtomicBool,
}

impl Readiness {
    /// States a reason why the node is not ready. The text is for operators, without secrets.
    pub fn raise(&self, reason: &'static str, text: impl Into<String>) {
        self.reasons_mut(|reasons| reasons.insert(reason, text.into()));
    }

    /// Withdraws a reason.
    pub fn clear(&self, reason: &'static str) {
        self.reasons_mut(|reasons| reasons.remove(reason));
    }

    /// The shutdown has begun: not ready for good, and no mutation begins any more.
    pub fn drain(&self) {
        self.0.draining.store(true, Ordering::SeqCst);
        self.raise(SHUTTING_DOWN, "the service is shutting down");
    }

    /// Whether a mutation may begin.
    pub fn accepts_mutations(&self) -> bool {
        !self.0.draining.load(Ordering::SeqCst)
    }

    /// All reasons, by name; none means ready.
    pub fn reasons(&self) -> BTreeMap<&'static str, String> {
        self.reasons_mut(|reasons| reasons.clone())
    }

    fn reasons_mut<T>(&self, change: impl FnOnce(&mut BTreeMap<&'static str, String>) -> T) -> T {
        // Each change is one insert or remove, so a panic elsewhere can't leave it half done.
        let mut reasons = self
            .0
            .reasons
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        change(&mut reasons)
    }
}

/// The process runs and answers.
pub async fn livez() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": "live" }))
}

/// The node may get traffic, or 503 with the reasons why not.
pub async fn readyz(worker: web::Data<Worker>) -> HttpResponse {
    let reasons = worker.edge.readiness.reasons();
    if reasons.is_empty() {
        HttpResponse::Ok().json(serde_json::json!({ "status": "ready" }))
    } else {
        let body = serde_json::json!({ "status": "not ready", "reasons": reasons });
        HttpResponse::ServiceUnavailable().json(body)
    }
}
