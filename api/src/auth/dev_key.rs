//! The development key: made once, kept in the data directory, so that restarts keep tokens valid.
//!
//! Owns the file and who may read it. It never serves a network: on any address but this machine's
//! own there is no development key.

use std::{
    fs, io,
    io::Write as _,
    net::SocketAddr,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use secrecy::SecretSlice;

/// The file in the data directory.
pub const DEV_KEY_FILE: &str = "dev-token.key";
/// The size of the key: that of the hash it is used with.
const KEY_BYTES: usize = 32;

/// Why there is no development key.
#[derive(Debug, thiserror::Error)]
pub enum DevKeyProblem {
    /// Anybody on the network could ask for a token made for trying things out.
    #[error(
        "development tokens are for this machine only, and {0} is open to others: listen on 127.0.0.1, or turn development off and configure auth.keys"
    )]
    NotLoopback(SocketAddr),
    /// The file can't be made or read.
    #[error("{path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read the key.
    #[error(
        "{path}: others may read this key (mode {mode:o}): make it 600, or delete it to get a new one"
    )]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The file has another content.
    #[error("{path}: not a key of {KEY_BYTES} bytes: delete it to get a new one")]
    Malformed {
        /// The file.
        path: PathBuf,
    },
}

/// Reads the key of this data directory, or makes it. Refused where `listen` is not this machine's
/// own address.
pub fn dev_key(data_dir: &Path, listen: SocketAddr) -> Result<SecretSlice<u8>, DevKeyProblem> {
    if !listen.ip().is_loopback() {
        return Err(DevKeyProblem::NotLoopback(listen));
    }
    let path = data_dir.join(DEV_KEY_FILE);
    let unreadable = |source| DevKeyProblem::Unreadable {
        path: path.clone(),
        source,
    };
    if !path.try_exists().map_err(unreadable)? {
        fs::create_dir_all(data_dir).map_err(unreadable)?;
        create(&path).map_err(unreadable)?;
    }
    let mode = fs::metadata(&path)
        .map_err(unreadable)?
        .permissions()
        .mode()
        & 0o777;
    if mode & 0o077 != 0 {
        return Err(DevKeyProblem::TooOpen { path, mode });
    }
    let key = fs::read(&path).map_err(unreadable)?;
    if key.len() != KEY_BYTES {
        return Err(DevKeyProblem::Malformed { path });
    }
    Ok(SecretSlice::from(key))
}

/// Writes a new key beside its place and links it there, so that the file is whole as soon as it
/// exists, and of two processes that start together both use the same key.
fn create(path: &Path) -> io::Result<()> {
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    let draft = path.with_extension(format!("key.{}", std::process::id()));
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    let linked = file
        .write_all(&key)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}
