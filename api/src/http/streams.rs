//! Connections that stay open: sockets and event streams.
//!
//! Owns how many there may be, and when all of them end. It never knows what travels on one.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// The open streams of a node. Cloning gives the same ones.
#[derive(Clone, Debug)]
pub struct Streams {
    places: Arc<Semaphore>,
    ending: CancellationToken,
}

/// The place of one stream, until it is dropped.
pub type Place = OwnedSemaphorePermit;

impl Streams {
    /// At most so many at a time.
    pub fn new(streams_max: usize) -> Streams {
        Streams {
            places: Arc::new(Semaphore::new(streams_max.min(Semaphore::MAX_PERMITS))),
            ending: CancellationToken::new(),
        }
    }

    /// A place for one more; none if all are taken.
    pub fn enter(&self) -> Option<Place> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// Ends all of them, and those that are still opened.
    pub fn end(&self) {
        self.ending.cancel();
    }

    /// Cancelled when all are to end.
    pub fn ending(&self) -> CancellationToken {
        self.ending.clone()
    }
}
