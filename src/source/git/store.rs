//! Where clones lie in a cache directory.
//!
//! ```text
//! git/<digest of place, credentials and depth>/lock
//! git/<digest>/clone/      a bare repository
//! git/<digest>/new-…/      one that is being made: renamed to `clone` when it is whole
//! ```
//!
//! A clone is written by whoever holds the lock, and read by anybody at any time. What a killed writer left (a clone
//! half made, packs half received, locks of refs) is swept by the next writer. A clone that can't be used is thrown
//! away and made anew; whoever reads from it meanwhile finds an object missing, and comes again.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use git2::{Repository, RepositoryInitOptions, RepositoryOpenFlags};

use super::job::Job;
use super::lock::{Lock, make_private};
use super::{digest, failure};
use crate::source::layer::Failure;

const CLONE: &str = "clone";
const LOCK: &str = "lock";
const NEW: &str = "new-";

/// The file by which backup programs know a cache: <https://bford.info/cachedir/>.
const TAG: &str = "CACHEDIR.TAG";
const TAG_TEXT: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55\n\
# This directory is a cache: what it holds can be fetched again.\n";

/// Folders of refs below each other.
const MAX_DEPTH: usize = 4;

/// The place of one clone.
#[derive(Clone, Debug)]
pub(super) struct Store {
    folder: PathBuf,
}

impl Store {
    /// The place in this folder of what this name stands for.
    pub(super) fn new(cache_directory: &Path, name: &str) -> Self {
        Self { folder: cache_directory.join(digest(name)) }
    }

    /// The clone, where there is one that can be opened.
    pub(super) fn open(&self) -> Option<Repository> {
        open(&self.folder.join(CLONE))
    }

    /// Keeps others from writing, and sweeps what killed writers left.
    pub(super) fn write(&self, job: &Job) -> Result<Writing<'_>, Failure> {
        let lock = Lock::acquire(&self.folder.join(LOCK), job)?;
        let writing = Writing { store: self, lock: Some(lock) };
        writing.sweep().map_err(|error| failure::of_clone(&error.to_string()))?;
        Ok(writing)
    }
}

/// The right to write.
pub(super) struct Writing<'a> {
    store: &'a Store,
    lock: Option<Lock>,
}

/// A clone that is being made; gone unless it is kept.
pub(super) struct Draft {
    path: PathBuf,
    repository: Option<Repository>,
}

impl Writing<'_> {
    /// The clone, where there is one that can be opened.
    pub(super) fn open(&self) -> Option<Repository> {
        self.store.open()
    }

    /// An empty clone that nobody sees yet.
    pub(super) fn draft(&self) -> Result<Draft, Failure> {
        let path = self.store.folder.join(format!("{NEW}{}-{:016x}", std::process::id(), fastrand::u64(..)));
        let mut draft = Draft { path, repository: None };
        let make = || -> Result<Repository, String> {
            make_private(&draft.path).map_err(|error| error.to_string())?;
            // Without a template: what hooks there are on this machine are none of ours.
            let mut options = RepositoryInitOptions::new();
            options.bare(true).external_template(false).no_reinit(true);
            Repository::init_opts(&draft.path, &options).map_err(|error| failure::words(&error))
        };
        draft.repository = Some(make().map_err(|what| failure::of_clone(&what))?);
        Ok(draft)
    }

    /// Puts a whole clone in the place of the old one.
    pub(super) fn keep(&self, mut draft: Draft) -> Result<(), Failure> {
        draft.repository = None;
        let clone = self.store.folder.join(CLONE);
        let replace = || {
            self.remove_clone()?;
            fs::rename(&draft.path, &clone)?;
            self.store.folder.parent().map_or(Ok(()), tag)
        };
        replace().map_err(|error| failure::of_clone(&error.to_string()))
    }

    /// Throws the clone away.
    pub(super) fn remove_clone(&self) -> io::Result<()> {
        let clone = self.store.folder.join(CLONE);
        if fs::symlink_metadata(&clone).is_err() {
            return Ok(());
        }
        // Renamed first: what is half removed must not be taken for a clone.
        let old = self.store.folder.join(format!("{NEW}old-{:016x}", fastrand::u64(..)));
        fs::rename(&clone, &old)?;
        remove(&old)
    }

    /// Bytes that the clone's packs have, and how many there are.
    pub(super) fn size(&self) -> (u64, usize) {
        let objects = self.store.folder.join(CLONE).join("objects");
        let mut packs = 0;
        let mut bytes = 0;
        for folder in fs::read_dir(objects).into_iter().flatten().flatten() {
            for file in fs::read_dir(folder.path()).into_iter().flatten().flatten() {
                bytes += file.metadata().map_or(0, |metadata| metadata.len());
                packs += usize::from(file.path().extension().is_some_and(|extension| extension == "pack"));
            }
        }
        (bytes, packs)
    }

    /// Removes what nobody finishes any more: while the lock is held, nobody else writes.
    fn sweep(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.store.folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(NEW) {
                remove(&entry.path())?;
            }
        }
        let clone = self.store.folder.join(CLONE);
        let is_lock = |name: &Path| name.extension().is_some_and(|extension| extension == "lock");
        sweep_files(&clone, &is_lock, 0)?;
        sweep_files(&clone.join("refs"), &is_lock, MAX_DEPTH)?;
        let is_unfinished = |name: &Path| name.to_str().is_some_and(|name| name.starts_with("pack_"));
        sweep_files(&clone.join("objects/pack"), &is_unfinished, 0)
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        let Some(lock) = self.lock.take() else { return };
        // Where nothing came of it, nothing is left behind.
        if !self.store.folder.join(CLONE).exists() {
            lock.remove();
            for folder in [Some(&*self.store.folder), self.store.folder.parent()].into_iter().flatten() {
                // Refused where others have something there.
                if fs::remove_dir(folder).is_err() {
                    break;
                }
            }
        }
    }
}

impl Draft {
    /// The clone.
    pub(super) fn repository(&self) -> Result<&Repository, Failure> {
        self.repository.as_ref().ok_or_else(|| failure::of_clone("it is not open"))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        self.repository = None;
        if self.path.exists()
            && let Err(error) = fs::remove_dir_all(&self.path)
        {
            tracing::warn!(%error, path = %self.path.display(), "a clone that is not wanted can't be removed");
        }
    }
}

/// Opens exactly this folder, whatever the environment says.
fn open(path: &Path) -> Option<Repository> {
    let flags = RepositoryOpenFlags::NO_SEARCH | RepositoryOpenFlags::BARE | RepositoryOpenFlags::NO_DOTGIT;
    Repository::open_ext(path, flags, std::iter::empty::<&Path>()).ok()
}

/// Marks the folder as a cache, which backups pass over.
fn tag(folder: &Path) -> io::Result<()> {
    match fs::File::create_new(folder.join(TAG)) {
        Ok(mut file) => file.write_all(TAG_TEXT),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn remove(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}

fn sweep_files(folder: &Path, is_left_over: &dyn Fn(&Path) -> bool, depth: usize) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            if depth > 0 {
                sweep_files(&entry.path(), is_left_over, depth - 1)?;
            }
        } else if is_left_over(Path::new(&entry.file_name())) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
