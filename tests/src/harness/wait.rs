//! Waiting for a condition.
//!
//! Owns the only bound on a wait in the tests: a number of looks, not a time, so that a slow machine
//! makes a test slow and never makes it fail.

use std::time::Duration;

/// The pause between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// After this many looks the condition will never hold. A look takes at least 20 ms, and more on a busy
/// machine.
const LOOKS_MAX: u32 = 15_000;

/// Looks until there is what the test waits for, and returns it. Panics with `what` after 15,000 looks.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..LOOKS_MAX {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    panic!("{what}: not after {LOOKS_MAX} looks")
}
