//! Keys that verify tokens.
//!
//! Owns reading them and the algorithm each is good for. An algorithm belongs to a key, never to a
//! token: a token that names another is refused.

use std::{fmt, io, path::Path};

use jsonwebtoken::{
    DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// The shortest HS256 secret, in bytes: the size of the hash, as RFC 7518 section 3.2 demands.
pub const SECRET_BYTES_MIN: usize = 32;

/// How a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Algorithm {
    /// HMAC with SHA-256, a secret shared with the issuer.
    #[serde(rename = "HS256")]
    Hs256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
}

impl Algorithm {
    pub(super) fn jwt(self) -> jsonwebtoken::Algorithm {
        match self {
            Algorithm::Hs256 => jsonwebtoken::Algorithm::HS256,
            Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
            Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
        }
    }
}

/// A key that verifies tokens.
#[derive(Clone)]
pub struct VerifyingKey {
    pub(super) kid: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({:?}, {:?})", self.kid, self.algorithm)
    }
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyProblem {
    /// Too short to resist guessing.
    #[error("the secret has {0} bytes; HS256 needs {SECRET_BYTES_MIN} at least")]
    ShortSecret(usize),
    /// HS256 has no public key, and the others no secret.
    #[error("{0:?} does not fit: HS256 takes a secret, EdDSA and ES256 a public key")]
    WrongKind(Algorithm),
    /// The file can't be read.
    #[error("{path}: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The file is not what it should be.
    #[error("{path}: {source}")]
    Malformed {
        /// The file.
        path: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A key set without a key that verifies tokens here.
    #[error("{0}: no key for HS256, EdDSA (Ed25519) or ES256 (P-256)")]
    NoneUsable(String),
}

impl VerifyingKey {
    /// An HS256 key.
    pub fn from_secret(
        kid: Option<String>,
        secret: &SecretString,
    ) -> Result<VerifyingKey, KeyProblem> {
        VerifyingKey::from_bytes(kid, secret.expose_secret().as_bytes())
    }

    /// An HS256 key of these bytes.
    pub fn from_bytes(kid: Option<String>, secret: &[u8]) -> Result<VerifyingKey, KeyProblem> {
        if secret.len() < SECRET_BYTES_MIN {
            return Err(KeyProblem::ShortSecret(secret.len()));
        }
        Ok(VerifyingKey {
            kid,
            algorithm: Algorithm::Hs256,
            key: DecodingKey::from_secret(secret),
        })
    }

    /// An EdDSA or ES256 key of a PEM file.
    pub fn from_pem_file(
        kid: Option<String>,
        algorithm: Algorithm,
        path: &Path,
    ) -> Result<VerifyingKey, KeyProblem> {
        let pem = read(path)?;
        let key = match algorithm {
            Algorithm::Hs256 => return Err(KeyProblem::WrongKind(algorithm)),
            Algorithm::EdDsa => DecodingKey::from_ed_pem(&pem),
            Algorithm::Es256 => DecodingKey::from_ec_pem(&pem),
        };
        let key = key.map_err(|source| malformed(path, source))?;
        Ok(VerifyingKey {
            kid,
            algorithm,
            key,
        })
    }

    /// All keys of a JWKS file that can verify tokens here. Providers list others too, so those are
    /// named in the log and left out; a set without any usable key is refused.
    pub fn from_jwks_file(path: &Path) -> Result<Vec<VerifyingKey>, KeyProblem> {
        let set: JwkSet =
            serde_json::from_slice(&read(path)?).map_err(|source| malformed(path, source))?;
        let mut keys = Vec::new();
        for jwk in &set.keys {
            match algorithm(jwk) {
                Some(algorithm) => keys.push(VerifyingKey {
                    kid: jwk.common.key_id.clone(),
                    algorithm,
                    key: DecodingKey::from_jwk(jwk).map_err(|source| malformed(path, source))?,
                }),
                None => {
                    tracing::warn!(key.id = ?jwk.common.key_id, "left out a key of the JWKS file: not HS256, EdDSA or ES256");
                }
            }
        }
        if keys.is_empty() {
            return Err(KeyProblem::NoneUsable(path.display().to_string()));
        }
        Ok(keys)
    }
}

/// The algorithm a JWK is good for, by its parameters. A key whose `use` or `alg` says otherwise is
/// for something else.
fn algorithm(jwk: &Jwk) -> Option<Algorithm> {
    use jsonwebtoken::jwk::KeyAlgorithm;
    let (algorithm, name) = match &jwk.algorithm {
        AlgorithmParameters::OctetKey(_) => (Algorithm::Hs256, KeyAlgorithm::HS256),
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDsa, KeyAlgorithm::EdDSA)
        }
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => {
            (Algorithm::Es256, KeyAlgorithm::ES256)
        }
        // RSA, other curves, and what the library may learn later.
        _ => return None,
    };
    let signs =
        !matches!(&jwk.common.public_key_use, Some(other) if *other != PublicKeyUse::Signature);
    let named = !matches!(&jwk.common.key_algorithm, Some(other) if *other != name);
    (signs && named).then_some(algorithm)
}

fn read(path: &Path) -> Result<Vec<u8>, KeyProblem> {
    std::fs::read(path).map_err(|source| KeyProblem::Unreadable {
        path: path.display().to_string(),
        source,
    })
}

fn malformed(path: &Path, source: impl std::error::Error + Send + Sync + 'static) -> KeyProblem {
    KeyProblem::Malformed {
        path: path.display().to_string(),
        source: Box::new(source),
    }
}
