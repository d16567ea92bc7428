//! The lock file beside the database: one process writes.
//!
//! Owns the file `<database>.lock`, which stays there, for deleting it could let two processes lock
//! two files of that name. The system gives the lock back when its holder ends, however it ends.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
};

/// The lock, held until it is given back or dropped.
#[derive(Debug)]
pub(super) struct FileLock {
    file: File,
}

/// Why the lock was not taken.
#[derive(Debug)]
pub(super) enum NotLocked {
    /// Another process has it, of this id if it could be read.
    Held(Option<u32>),
    /// The file can't be used.
    Io(io::Error),
}

/// The lock file of the database at `path`.
pub(super) fn lock_path(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".lock");
    PathBuf::from(name)
}

impl FileLock {
    /// Takes the lock of the database at `path`, without waiting.
    pub(super) fn take(path: &Path) -> Result<FileLock, NotLocked> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(lock_path(path))
            .map_err(NotLocked::Io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(NotLocked::Held(holder(&mut file))),
            Err(TryLockError::Error(error)) => return Err(NotLocked::Io(error)),
        }
        sign(&mut file).map_err(NotLocked::Io)?;
        Ok(FileLock { file })
    }

    /// Gives the lock back, once nothing writes any more.
    pub(super) fn give_back(&self) {
        if let Err(error) = self.file.unlock() {
            // The system gives it back with the process at the latest.
            tracing::warn!(error = %error, "the lock of the database could not be given back");
        }
    }
}

impl Drop for FileLock {
    /// A process that is being started shares the file until it runs its own program: closing it here
    /// would leave the lock with that one for a moment.
    fn drop(&mut self) {
        self.give_back();
    }
}

fn sign(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
