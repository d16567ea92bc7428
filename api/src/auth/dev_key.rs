//! The development key: made once, kept in the data directory, so that restarts keep tokens valid.
//!
//! Owns when there is one. It never serves a network: on any address but this machine's own there is
//! no development key.

use std::{net::SocketAddr, path::Path};

use secrecy::SecretSlice;

use crate::secret_file::{SecretFileProblem, read_or_create};

/// The file in the data directory.
pub const DEV_KEY_FILE: &str = "dev-token.key";

/// Why there is no development key.
#[derive(Debug, thiserror::Error)]
pub enum DevKeyProblem {
    /// Anybody on the network could ask for a token made for trying things out.
    #[error(
        "development tokens are for this machine only, and {0} is open to others: listen on 127.0.0.1, or turn development off and configure auth.keys"
    )]
    NotLoopback(SocketAddr),
    /// The file is no good.
    #[error(transparent)]
    File(#[from] SecretFileProblem),
}

/// Reads the key of this data directory, or makes it. Refused where `listen` is not this machine's
/// own address.
pub fn dev_key(data_dir: &Path, listen: SocketAddr) -> Result<SecretSlice<u8>, DevKeyProblem> {
    if !listen.ip().is_loopback() {
        return Err(DevKeyProblem::NotLoopback(listen));
    }
    Ok(read_or_create(&data_dir.join(DEV_KEY_FILE))?)
}
