//! When the token of a connection that stays open ends.
//!
//! Owns the waiting. It never reads a token.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::auth::Viewer;

/// The longest wait between two looks at the clock, so that a corrected clock counts.
const LOOK_AGAIN_S: u64 = 3_600;

/// The end of a token; never, without one.
pub struct Expiry {
    expires_s: Option<i64>,
    token_time: fn() -> i64,
    look_at: Instant,
}

impl Expiry {
    /// The end of the viewer's token, by that clock in seconds since 1970.
    pub fn of(viewer: &Viewer, token_time: fn() -> i64) -> Expiry {
        let mut expiry = Expiry {
            expires_s: viewer.as_ref().map(|caller| caller.expires_s),
            token_time,
            look_at: Instant::now(),
        };
        expiry.look_again();
        expiry
    }

    /// Waits until the token has ended. It may be dropped and waited for anew.
    pub async fn passed(&mut self) {
        loop {
            if self.expires_s.is_none() {
                std::future::pending::<()>().await;
            }
            sleep_until(self.look_at).await;
            if self.left_s() == Some(0) {
                return;
            }
            self.look_again();
        }
    }

    fn look_again(&mut self) {
        if let Some(left_s) = self.left_s() {
            let wait_s = left_s.min(LOOK_AGAIN_S);
            self.look_at = Instant::now() + Duration::from_secs(wait_s);
        }
    }

    fn left_s(&self) -> Option<u64> {
        let left_s = self.expires_s?.saturating_sub((self.token_time)());
        Some(u64::try_from(left_s).unwrap_or(0))
    }
}
