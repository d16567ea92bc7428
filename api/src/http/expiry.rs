//! When the token of a connection that stays open ends.
//!
//! Owns the waiting. It never reads a token.

use crate::auth::{TokenTime, Viewer};

/// The end of a token; never, without one.
pub struct Expiry {
    expires_s: Option<i64>,
    token_time: TokenTime,
}

impl Expiry {
    /// The end of the viewer's token, by that time.
    pub fn of(viewer: &Viewer, token_time: &TokenTime) -> Expiry {
        Expiry {
            expires_s: viewer.as_ref().map(|caller| caller.expires_s),
            token_time: token_time.clone(),
        }
    }

    /// Waits until the token has ended. It may be dropped and waited for anew.
    pub async fn passed(&self) {
        match self.expires_s {
            Some(expires_s) => self.token_time.reaches(expires_s).await,
            None => std::future::pending().await,
        }
    }
}
