//! One at a time: who writes to a clone holds its lock, over all threads and processes.
//!
//! It is a lock of the system's on an open file, so it goes with whoever held it, however he ended.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::job::Job;
use crate::error::{Error, ErrorKind};
use crate::source::layer::{Failure, Remedy};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// Held as long as this lives.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
    path: PathBuf,
}

impl Lock {
    /// Waits until nobody else holds the lock.
    ///
    /// # Errors
    /// `Locked` where that takes longer than the job may, `Cache` where the file can't be used.
    pub(super) fn acquire(path: &Path, job: &Job) -> Result<Self, Failure> {
        let unusable = |error: &io::Error| {
            let message = format!("the lock {} can't be used: {error}", path.display());
            unasked(ErrorKind::Cache, message)
        };
        let mut waits = false;
        loop {
            let file = open(path).map_err(|error| unusable(&error))?;
            match file.try_lock() {
                // Whoever held it before may have removed it: then others make, and hold, another one.
                Ok(()) if is_still_there(&file, path) => return Ok(Self { _file: file, path: path.to_owned() }),
                Ok(()) => continue,
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(unusable(&error)),
            }
            job.go_on().map_err(|failure| match failure.error.kind() {
                ErrorKind::Timeout => {
                    let message = format!(
                        "somebody else has been fetching {} into the same cacheDir for too long (its lock is {})",
                        job.order().place,
                        path.display()
                    );
                    unasked(ErrorKind::Locked, message)
                }
                _ => failure,
            })?;
            if !waits {
                tracing::debug!(place = %job.order().place, "waiting for somebody else's fetch");
                waits = true;
                // What was known of the repository before is out of date after.
                drop(job.take_known());
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Takes the file away, before it is let go: there is nothing left to be locked.
    pub(super) fn remove(self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(%error, "a lock can't be removed");
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(parent) = path.parent() {
        make_private(parent)?;
    }
    OpenOptions::new().create(true).truncate(false).write(true).open(path)
}

/// Makes a folder that nobody else can look into.
pub(super) fn make_private(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(path)
}

#[cfg(unix)]
fn is_still_there(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    let (Ok(held), Ok(there)) = (file.metadata(), std::fs::metadata(path)) else { return false };
    identity(held) == identity(there)
}

/// An open file can't be removed there.
#[cfg(not(unix))]
fn is_still_there(_: &File, _: &Path) -> bool {
    true
}

fn unasked(kind: ErrorKind, message: String) -> Failure {
    Failure { error: Error::new(kind, message), remedy: Remedy::Unasked }
}
