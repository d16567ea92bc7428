//! Who asks, and what they may do.
//!
//! Owns bearer tokens from the header to a [`Caller`], and the minting of tokens for development and
//! the command line. It never knows which field needs which scope. Only [`TokenTime`] reads a clock: elsewhere
//! the time is an argument.

mod caller;
mod dev_key;
mod development;
mod keys;
mod mint;
mod scope;
mod setup;
#[cfg(test)]
mod tests;
mod time;
mod verifier;

pub use self::{
    caller::{Caller, Denied, Viewer, caller},
    dev_key::{DEV_KEY_FILE, DevKeyProblem, dev_key},
    development::{DEVELOPMENT_TOKEN_DAYS, DevelopmentTokens},
    keys::{Algorithm, KeyProblem, VerifyingKey},
    mint::{MintProblem, TokenMint},
    scope::{Scope, Scopes},
    setup::{Auth, AuthProblem, open},
    time::TokenTime,
    verifier::{Invalid, Known, Verifier},
};
