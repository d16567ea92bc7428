//! Secrets that are made once and kept in a file that only its owner may read.
//!
//! Owns the file and who may read it. It never knows what the secret is for.

use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use secrecy::SecretSlice;

/// The size of a secret: that of the hashes it is used with.
pub const SECRET_BYTES: usize = 32;

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileProblem {
    /// The file can't be made or read.
    #[error("{path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read the key.
    #[error("{path}: others may read this key (mode {mode:o}): make it 600")]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The file has another content.
    #[error(
        "{path}: not a key of {SECRET_BYTES} bytes; one that the service makes itself is made anew where you delete it"
    )]
    Malformed {
        /// The file.
        path: PathBuf,
    },
}

/// Reads the secret, or makes it, with the directories above it.
pub fn read_or_create(path: &Path) -> Result<SecretSlice<u8>, SecretFileProblem> {
    let path = path.to_owned();
    let unreadable = |source| SecretFileProblem::Unreadable {
        path: path.clone(),
        source,
    };
    if !path.try_exists().map_err(unreadable)? {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).map_err(unreadable)?;
        }
        create(&path).map_err(unreadable)?;
    }
    read(&path)
}

/// Reads a secret that must be there.
pub fn read(path: &Path) -> Result<SecretSlice<u8>, SecretFileProblem> {
    let path = path.to_owned();
    let unreadable = |source| SecretFileProblem::Unreadable {
        path: path.clone(),
        source,
    };
    let mode = fs::metadata(&path)
        .map_err(unreadable)?
        .permissions()
        .mode()
        & 0o777;
    if mode & 0o077 != 0 {
        return Err(SecretFileProblem::TooOpen { path, mode });
    }
    let key = fs::read(&path).map_err(unreadable)?;
    if key.len() != SECRET_BYTES {
        return Err(SecretFileProblem::Malformed { path });
    }
    Ok(SecretSlice::from(key))
}

/// Writes a new key beside its place and links it there, so that the file is whole as soon as it
/// exists, and of two processes that start together both use the same key.
fn create(path: &Path) -> io::Result<()> {
    let mut key = [0; SECRET_BYTES];
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
