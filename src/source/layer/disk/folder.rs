//! Working inside one cache directory, and nowhere else.
//!
//! Paths are relative to it and no link leads out of it. What is read is a regular file or it is damage: links are not
//! followed and nothing is opened in a way that waits.

use std::collections::hash_map::RandomState;
use std::fs as ambient;
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, DirBuilder, DirEntry, Metadata, OpenOptions};

use super::place::{DRAFTS, ROOT};

/// How often something is tried again that others keep taking the ground from.
const ATTEMPTS: usize = 16;

/// The file by which backup programs know a cache, and what makes it one: <https://bford.info/cachedir/>.
const TAG: &str = "CACHEDIR.TAG";
const TAG_TEXT: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55\n\
# This directory is a cache: what it holds can be fetched again.\n\
# About cache directory tags: https://bford.info/cachedir/\n";

/// A handle on a cache directory.
pub(super) struct Folder(Dir);

/// What lies at a path.
pub(super) enum Found {
    /// Nothing.
    Nothing,
    /// The bytes of a regular file, and when it was last modified.
    Bytes(Vec<u8>, SystemTime),
    /// Something that isn't a regular file, or one beyond the bound.
    Damage,
}

impl Folder {
    /// Opens the directory; `None` where there is none.
    pub(super) fn open(path: &Path) -> io::Result<Option<Self>> {
        found(Dir::open_ambient_dir(path, ambient_authority())).map(|dir| dir.map(Self))
    }

    /// Opens the directory, created where missing.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        if let Some(folder) = Self::open(path)? {
            return Ok(folder);
        }
        let mut builder = ambient::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt;
            builder.mode(0o700);
        }
        builder.create(path)?;
        Dir::open_ambient_dir(path, ambient_authority()).map(Self)
    }

    /// Marks the directory as a cache, unless it holds other things too: those may be worth a backup.
    pub(super) fn tag(&self) -> io::Result<()> {
        for entry in self.0.entries()? {
            if entry?.file_name() != ROOT {
                return Ok(());
            }
        }
        self.replace(Path::new(TAG), TAG_TEXT)
    }

    /// What lies at a path, of at most `limit` bytes.
    pub(super) fn read(&self, path: &Path, limit: u64) -> io::Result<Found> {
        let Some(planted) = found(self.0.symlink_metadata(path))? else { return Ok(Found::Nothing) };
        if !planted.is_file() {
            return Ok(Found::Damage);
        }
        let Some(file) = found(self.0.open_with(path, OpenOptions::new().read(true).at_once()))? else {
            return Ok(Found::Nothing);
        };
        let metadata = file.metadata()?;
        if !metadata.is_file() || metadata.len() > limit {
            return Ok(Found::Damage);
        }
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0) + 1);
        file.take(limit + 1).read_to_end(&mut bytes)?;
        Ok(if bytes.len() as u64 > limit { Found::Damage } else { Found::Bytes(bytes, modified(&metadata)?) })
    }

    /// Puts a whole file in the place of what is there.
    pub(super) fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.persist(path, |folder| {
            let draft = Draft::write(folder, bytes)?;
            match draft.rename(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound && folder.is_folder(path)? => {
                    folder.remove(path)?;
                    draft.rename(path)
                }
                renamed => renamed,
            }
        })
    }

    /// Throws away a folder and what is in it: for others it is gone at once.
    pub(super) fn discard(&self, path: &Path) -> io::Result<()> {
        self.persist(&Path::new(DRAFTS).join("x"), |folder| {
            let away = new_draft();
            if found(folder.0.rename(path, &folder.0, &away))?.is_some() {
                return folder.remove(&away);
            }
            if folder.metadata(path)?.is_some() { Err(io::ErrorKind::NotFound.into()) } else { Ok(()) }
        })
    }

    /// Does something for which the folders of `path` must be there, and does it again where they were taken away.
    fn persist<T>(&self, path: &Path, work: impl Fn(&Self) -> io::Result<T>) -> io::Result<T> {
        let mut done = work(self);
        for _ in 1..ATTEMPTS {
            match done {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.create_parent(Path::new(DRAFTS).join("x").as_path())?;
                    self.create_parent(path)?;
                    done = work(self);
                }
                _ => break,
            }
        }
        done
    }

    /// Creates the folders that a path leads through.
    fn create_parent(&self, path: &Path) -> io::Result<()> {
        let mut ancestors: Vec<_> = path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()).collect();
        while let Some(folder) = ancestors.pop() {
            let mut builder = DirBuilder::new();
            #[cfg(unix)]
            {
                use cap_std::fs::DirBuilderExt;
                builder.mode(0o700);
            }
            match self.0.create_dir_with(folder, &builder) {
                // What takes the ground away again is seen by whoever stands on it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                created => created?,
            }
        }
        Ok(())
    }

    /// Removes whatever is at a path, with all that is in it. Nothing there is fine.
    pub(super) fn remove(&self, path: &Path) -> io::Result<()> {
        let mut tried = Ok(());
        // Others may still put something into a folder that is being emptied.
        for _ in 0..ATTEMPTS {
            let Some(metadata) = self.metadata(path)? else { return Ok(()) };
            tried = if metadata.is_dir() { self.0.remove_dir_all(path) } else { self.0.remove_file(path) };
            if tried.is_ok() {
                break;
            }
        }
        found(tried).map(|_| ())
    }

    /// Removes a file that nobody has touched since it was seen. Whether it is gone.
    pub(super) fn remove_untouched(&self, path: &Path, seen: SystemTime) -> io::Result<bool> {
        match self.metadata(path)? {
            None => Ok(true),
            Some(metadata) if modified(&metadata)? != seen => Ok(false),
            Some(_) => self.remove(path).map(|()| true),
        }
    }

    /// What is known of a path itself, links not followed.
    pub(super) fn metadata(&self, path: &Path) -> io::Result<Option<Metadata>> {
        found(self.0.symlink_metadata(path))
    }

    fn is_folder(&self, path: &Path) -> io::Result<bool> {
        Ok(self.metadata(path)?.is_some_and(|metadata| metadata.is_dir()))
    }

    /// Says that a file was used now. Whether there is one.
    pub(super) fn touch(&self, path: &Path) -> io::Result<bool> {
        if !self.metadata(path)?.is_some_and(|metadata| metadata.is_file()) {
            return Ok(false);
        }
        let file = found(self.0.open_with(path, OpenOptions::new().write(true).at_once()))?;
        file.map(|file| file.into_std().set_modified(SystemTime::now())).transpose().map(|touched| touched.is_some())
    }

    /// What is in a folder: names that are text, with what is known of each. No folder is an empty one.
    pub(super) fn list(&self, path: &Path) -> io::Result<Vec<(String, Metadata)>> {
        let Some(entries) = found(self.0.read_dir(path))? else { return Ok(Vec::new()) };
        let look = |entry: io::Result<DirEntry>| {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { return Ok(None) };
            Ok(found(entry.metadata())?.map(|metadata| (name, metadata)))
        };
        entries.filter_map(|entry| look(entry).transpose()).collect()
    }
}

/// A file that is being written beside those that are read. Gone when dropped, unless renamed.
struct Draft<'a> {
    folder: &'a Folder,
    path: PathBuf,
}

impl<'a> Draft<'a> {
    fn write(folder: &'a Folder, bytes: &[u8]) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use cap_std::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let path = new_draft();
        let mut file = folder.0.open_with(&path, &options)?;
        let draft = Self { folder, path };
        file.write_all(bytes)?;
        Ok(draft)
    }

    fn rename(&self, to: &Path) -> io::Result<()> {
        self.folder.0.rename(&self.path, &self.folder.0, to)
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        // After a rename there is nothing; what can't be removed now is swept later.
        drop(self.folder.0.remove_file(&self.path));
    }
}

/// A path that no other thread, process or machine takes.
fn new_draft() -> PathBuf {
    // Each state has keys of its own, which come from the system's randomness.
    let (high, low) = (RandomState::new().build_hasher().finish(), RandomState::new().build_hasher().finish());
    Path::new(DRAFTS).join(format!("{high:016x}{low:016x}"))
}

trait AtOnce {
    /// Opens without waiting (for the other end of a named pipe, say), and no link.
    fn at_once(&mut self) -> &mut Self;
}

impl AtOnce for OpenOptions {
    fn at_once(&mut self) -> &mut Self {
        #[cfg(unix)]
        {
            use cap_std::fs::OpenOptionsExt;
            use rustix::fs::OFlags;
            self.custom_flags((OFlags::NONBLOCK | OFlags::NOFOLLOW).bits().cast_signed());
        }
        self
    }
}

/// When it was last modified.
pub(super) fn modified(metadata: &Metadata) -> io::Result<SystemTime> {
    metadata.modified().map(cap_std::time::SystemTime::into_std)
}

/// How long ago that was. A time to come counts as one long past: clocks are set back, and nothing must stay for ever.
pub(super) fn age(time: SystemTime) -> Duration {
    SystemTime::now().duration_since(time).unwrap_or_else(|ahead| ahead.duration())
}

/// `None` where there is nothing.
fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
