//! From the `Authorization` header to a caller.
//!
//! Owns every check of a token. The library checks signature, issuer and audience; the times are
//! checked here, against an instant that is an argument, because the library asks the system clock
//! and leaves `nbf` unchecked by default.

use std::{collections::HashMap, fmt, sync::Arc};

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use credits_core::domain::ids::AccountId;
use jsonwebtoken::{Validation, decode, decode_header};
use serde::Deserialize;

use super::{
    caller::{Caller, Viewer},
    keys::VerifyingKey,
    scope::Scopes,
};

/// How far the issuer's clock may be off ours, in seconds.
const LEEWAY_S: i64 = 30;
/// The most tokens whose signature a worker remembers.
const KNOWN_MAX: usize = 1_000;

/// Why a token is no good. The texts are for clients and name no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// There is an `Authorization` header, but no bearer token in it.
    #[error("The Authorization header holds no bearer token.")]
    NoBearer,
    /// Not a token, or signed by nobody we know, or with an algorithm that is not its key's, or for
    /// another issuer or audience, or without a claim that must be there.
    #[error("The token is not valid here.")]
    Unverified,
    /// Past its `exp`.
    #[error("The token has expired.")]
    Expired,
    /// Before its `nbf`.
    #[error("The token is not valid yet.")]
    NotYet,
}

/// What we read of a token. Times are numbers that may have a fraction (RFC 7519, NumericDate).
#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: f64,
    nbf: Option<f64>,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    scopes: Vec<String>,
}

/// A token whose signature is good, with the times between which it holds.
#[derive(Clone, Debug)]
struct Verified {
    caller: Caller,
    not_before_s: i64,
}

/// The tokens a worker has verified lately, so that a signature is checked once. Bounded: when the
/// young generation is full the old one goes.
#[derive(Default)]
pub struct Known {
    young: HashMap<blake3::Hash, Verified>,
    old: HashMap<blake3::Hash, Verified>,
}

impl Known {
    fn get(&mut self, token: &blake3::Hash) -> Option<Verified> {
        if let Some(verified) = self.young.get(token) {
            return Some(verified.clone());
        }
        let verified = self.old.remove(token)?;
        self.put(*token, verified.clone());
        Some(verified)
    }

    fn put(&mut self, token: blake3::Hash, verified: Verified) {
        if self.young.len() >= KNOWN_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(token, verified);
    }
}

/// Verifies tokens of one issuer for one audience.
pub struct Verifier {
    keys: Vec<(VerifyingKey, Validation)>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.keys.iter().map(|(key, _)| key);
        f.debug_list().entries(keys).finish()
    }
}

impl Verifier {
    /// A verifier with these keys, all live at the same time; rotation needs two.
    pub fn new(keys: Vec<VerifyingKey>, issuer: &str, audience: &str) -> Verifier {
        let validation = |key: &VerifyingKey| {
            let mut validation = Validation::new(key.algorithm.jwt());
            validation.set_issuer(&[issuer]);
            validation.set_audience(&[audience]);
            // Listed, because an absent claim passes otherwise.
            validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
            validation.validate_exp = false;
            validation.validate_nbf = false;
            validation
        };
        let keys = keys.into_iter().map(|key| {
            let validation = validation(&key);
            (key, validation)
        });
        Verifier {
            keys: keys.collect(),
        }
    }

    /// Who sent a request with these headers at `now`, in seconds since 1970: nobody without an
    /// `Authorization` header.
    pub fn viewer(
        &self,
        headers: &HeaderMap,
        now: i64,
        known: &mut Known,
    ) -> Result<Viewer, Invalid> {
        let mut values = headers.get_all(AUTHORIZATION);
        let Some(value) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() {
            return Err(Invalid::NoBearer);
        }
        self.caller(value.as_bytes(), now, known).map(Some)
    }

    /// Who holds the token of the credentials `Bearer TOKEN` at `now`, in seconds since 1970.
    pub fn caller(
        &self,
        credentials: &[u8],
        now: i64,
        known: &mut Known,
    ) -> Result<Caller, Invalid> {
        let token = bearer(credentials).ok_or(Invalid::NoBearer)?;
        let hash = blake3::hash(token);
        let verified = match known.get(&hash) {
            Some(verified) => verified,
            None => {
                let verified = self.verify(token)?;
                known.put(hash, verified.clone());
                verified
            }
        };
        verified.at(now)
    }

    /// Checks all but the times.
    fn verify(&self, token: &[u8]) -> Result<Verified, Invalid> {
        let header = decode_header(token).map_err(|_| Invalid::Unverified)?;
        let candidates = self.keys.iter().filter(|(key, _)| match &header.kid {
            Some(_) => key.kid == header.kid,
            None => true,
        });
        for (key, validation) in candidates {
            if let Ok(data) = decode::<Claims>(token, &key.key, validation) {
                return Ok(Verified::from(data.claims));
            }
        }
        Err(Invalid::Unverified)
    }
}

impl From<Claims> for Verified {
    fn from(claims: Claims) -> Verified {
        let listed = claims.scopes.iter().map(String::as_str);
        let scopes = Scopes::parse(claims.scope.split(' ').chain(listed));
        Verified {
            caller: Caller {
                account: AccountId::parse(&claims.sub).ok(),
                subject: Arc::from(claims.sub),
                scopes,
                expires_s: (claims.exp.floor() as i64).saturating_add(LEEWAY_S),
            },
            // A cast from float saturates, which is what is wanted beyond 2^63 seconds.
            not_before_s: claims.nbf.map_or(i64::MIN, |nbf| nbf.ceil() as i64),
        }
    }
}

impl Verified {
    fn at(self, now: i64) -> Result<Caller, Invalid> {
        if now >= self.caller.expires_s {
            return Err(Invalid::Expired);
        }
        if now < self.not_before_s.saturating_sub(LEEWAY_S) {
            return Err(Invalid::NotYet);
        }
        Ok(self.caller)
    }
}

/// The token of a header value `Bearer TOKEN`; the scheme's case does not matter (RFC 9110).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked("Bearer ".len())?;
    let token = token.trim_ascii();
    (scheme.eq_ignore_ascii_case(b"Bearer ") && !token.is_empty()).then_some(token)
}
