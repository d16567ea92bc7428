//! Makes tokens: for development, and for `credits token`.
//!
//! Owns what a token of ours says. It never verifies one, and never invents a key.

use jsonwebtoken::{EncodingKey, Header, encode};
use secrecy::{ExposeSecret, SecretSlice};
use serde::Serialize;

use super::scope::Scopes;

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[error("the token can't be signed: {0}")]
pub struct MintProblem(#[from] jsonwebtoken::errors::Error);

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    scope: String,
    iat: i64,
    exp: i64,
}

/// Signs tokens with an HS256 key.
pub struct TokenMint {
    key: EncodingKey,
    header: Header,
    issuer: String,
    audience: String,
}

impl TokenMint {
    /// A mint with this key, for tokens of this issuer and audience.
    pub fn new(
        kid: Option<String>,
        secret: &SecretSlice<u8>,
        issuer: &str,
        audience: &str,
    ) -> TokenMint {
        let mut header = Header::new(jsonwebtoken::Algorithm::HS256);
        header.kid = kid;
        TokenMint {
            key: EncodingKey::from_secret(secret.expose_secret()),
            header,
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
        }
    }

    /// A token for `subject` with these scopes, from `now` (seconds since 1970) for `ttl_s` seconds.
    pub fn mint(
        &self,
        subject: &str,
        scopes: Scopes,
        now: i64,
        ttl_s: u32,
    ) -> Result<String, MintProblem> {
        let claims = Claims {
            iss: &self.issuer,
            aud: &self.audience,
            sub: subject,
            scope: scopes.to_string(),
            iat: now,
            exp: now.saturating_add(i64::from(ttl_s)),
        };
        Ok(encode(&self.header, &claims, &self.key)?)
    }
}
