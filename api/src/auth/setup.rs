//! The verifier and the mint of a configuration.
//!
//! Owns which keys are live. It never prints one.

use secrecy::{ExposeSecret, SecretSlice};

use super::{
    dev_key::{DevKeyProblem, dev_key},
    keys::{Algorithm, KeyProblem, VerifyingKey},
    mint::TokenMint,
    verifier::Verifier,
};
use crate::config::Settings;

/// The id of the development key.
const DEV_KID: &str = "development";

/// Why tokens can't be verified.
#[derive(Debug, thiserror::Error)]
pub enum AuthProblem {
    /// A configured key is no good.
    #[error("{key}: {source}")]
    Key {
        /// The setting.
        key: String,
        /// Why.
        source: KeyProblem,
    },
    /// The development key is no good.
    #[error(transparent)]
    DevKey(#[from] DevKeyProblem),
}

/// What a configuration says about tokens.
pub struct Auth {
    /// Verifies them.
    pub verifier: Verifier,
    /// Makes them: with the development key, or with the first HS256 key outside development. With
    /// public keys alone nobody here can.
    pub mint: Option<TokenMint>,
}

/// Reads the keys of a configuration; in development makes one if there is none.
pub fn open(settings: &Settings) -> Result<Auth, AuthProblem> {
    let auth = &settings.auth;
    let mint =
        |kid, secret: &SecretSlice<u8>| TokenMint::new(kid, secret, &auth.issuer, &auth.audience);
    let mut keys = configured(settings)?;
    let mut minting = None;
    if settings.development {
        let secret = dev_key(&settings.data_dir, settings.http.address())?;
        let kid = Some(DEV_KID.to_owned());
        let key = VerifyingKey::from_bytes(kid.clone(), secret.expose_secret());
        keys.push(key.map_err(|source| problem("development key", source))?);
        minting = Some(mint(kid, &secret));
    } else if let Some((kid, secret)) = first_secret(settings) {
        minting = Some(mint(kid, &secret));
    }
    Ok(Auth {
        verifier: Verifier::new(keys, &auth.issuer, &auth.audience),
        mint: minting,
    })
}

fn configured(settings: &Settings) -> Result<Vec<VerifyingKey>, AuthProblem> {
    let mut keys = Vec::new();
    for (index, key) in settings.auth.keys.iter().enumerate() {
        let kid = key.kid.clone();
        let read = match (&key.secret, &key.public_key_file) {
            (Some(secret), None) if key.algorithm == Algorithm::Hs256 => {
                VerifyingKey::from_secret(kid, secret)
            }
            (None, Some(file)) => VerifyingKey::from_pem_file(kid, key.algorithm, file),
            _ => Err(KeyProblem::WrongKind(key.algorithm)),
        };
        keys.push(read.map_err(|source| problem(&format!("auth.keys[{index}]"), source))?);
    }
    if let Some(file) = &settings.auth.jwks_file {
        let listed = VerifyingKey::from_jwks_file(file);
        keys.extend(listed.map_err(|source| problem("auth.jwks_file", source))?);
    }
    Ok(keys)
}

fn first_secret(settings: &Settings) -> Option<(Option<String>, SecretSlice<u8>)> {
    settings.auth.keys.iter().find_map(|key| {
        let secret = key.secret.as_ref()?;
        let bytes = secret.expose_secret().as_bytes().to_vec();
        Some((key.kid.clone(), SecretSlice::from(bytes)))
    })
}

fn problem(key: &str, source: KeyProblem) -> AuthProblem {
    AuthProblem::Key {
        key: key.to_owned(),
        source,
    }
}
