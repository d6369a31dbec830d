//! A directory as a store of published packages, many versions of each.
//!
//! ```text
//! registry.json                            what this is: {"format":"package-registry","version":1}
//! revision                                 another text after each part of an import: how a running service notices one
//! packages/<id>/<version>/package.json     the PackageData object, byte for byte as it is served
//! packages/<id>/<version>/version.json     {"packageId","version","publishedAt","checksum","size","entry"}
//! incoming/<unique>/                       versions that are being written
//! ```
//!
//! Folders are named after ids and versions where a file system allows it; what they hold says who they are.
//! `checksum` is the SHA-256 of `package.json`, `entry` the package's index entry.
//!
//! A version is immutable. It is written into `incoming`, flushed to disk, and appears by one rename, so that there is
//! never half of one, whenever a process is killed and however many write at once. Files whose names begin with a dot,
//! and `lost+found`, are nobody's business here.

mod flush;
mod holdings;
mod names;
mod stamp;
mod write;

use std::io;
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use crate::error::{Error, ErrorKind, Result};
use crate::files;

use stamp::{Stamp, Stamps};

pub use holdings::{Damage, Holdings, Package, Published};
pub use write::{Publication, Writer};

const FORMAT_FILE: &str = "registry.json";
const REVISION_FILE: &str = "revision";
const PACKAGES: &str = "packages";
const INCOMING: &str = "incoming";
const BODY_FILE: &str = "package.json";
const VERSION_FILE: &str = "version.json";

/// What the format file of this version says.
const FORMAT: &str = "{\"format\":\"package-registry\",\"version\":1}\n";

/// Largest package that is kept, in bytes as it is served: what clients take by default.
pub const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// Largest file that says something about another.
const MAX_META_BYTES: u64 = 16 * 1024 * 1024;

/// A store at a path. Every operation opens it anew, so that one that was moved away and put back is the one at the path.
#[derive(Clone, Debug)]
pub struct Store {
    path: PathBuf,
}

/// What tells one state of a store from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Another text after each part of an import; empty before the first.
    revision: Vec<u8>,
    /// Another store in this one's place has another file.
    format: Option<Stamp>,
    /// A version that was finished left this folder, also where the import was killed before it told anyone.
    incoming: Option<Stamp>,
}

impl Store {
    /// The store at `path`, which is made where there is nothing, or an empty directory.
    ///
    /// # Errors
    /// `ESTORE` where the directory holds something else, was made by a later version, or can't be used.
    pub fn open(path: &Path) -> Result<Self> {
        let store = Self { path: path.to_owned() };
        std::fs::create_dir_all(path).map_err(|error| store.fault("can't be made", &error))?;
        let dir = store.dir()?;
        if !store.is_made(&dir)? {
            store.make(&dir)?;
        }
        Ok(store)
    }

    /// What is another one whenever the store has changed.
    ///
    /// # Errors
    /// `ESTORE` where the store can't be read, or something else has taken its place.
    pub fn state(&self) -> Result<State> {
        let dir = self.dir()?;
        if !self.is_made(&dir)? {
            return Err(self.other("registry.json is missing"));
        }
        let revision = match files::read(&dir, REVISION_FILE, MAX_META_BYTES) {
            Ok(bytes) => bytes.unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(self.fault("can't be read", &error)),
        };
        let stamp = |name: &str| Stamp::at(&dir, name).ok();
        Ok(State { revision, format: stamp(FORMAT_FILE), incoming: stamp(INCOMING) })
    }

    /// The package that was published so, as it is served; what is wrong with it where it is damaged.
    ///
    /// # Errors
    /// `ESTORE` where it is there but can't be read, or the store itself can't.
    pub fn body(&self, published: &Published) -> Result<Result<Vec<u8>, Damage>> {
        let dir = self.dir()?;
        // Before it is read: what is mended meanwhile shows as another file.
        let stamps = Stamps::of(&dir, &published.place);
        let read = files::read(&dir, &format!("{}/{BODY_FILE}", published.place), published.size);
        let reason = match read {
            Ok(Some(bytes)) if write::checksum(&bytes) == *published.checksum => return Ok(Ok(bytes)),
            Ok(_) => "is not what was published: its checksum is another".to_owned(),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidInput) => {
                format!("can't be read: {error}")
            }
            Err(error) => return Err(self.fault("can't be read", &error)),
        };
        Ok(Err(Damage { reason, stamps: Box::new(stamps) }))
    }

    fn dir(&self) -> Result<Dir> {
        Dir::open_ambient_dir(&self.path, ambient_authority()).map_err(|error| self.fault("can't be opened", &error))
    }

    /// Whether there is a format file, and it is one that is known here.
    fn is_made(&self, dir: &Dir) -> Result<bool> {
        match files::read(dir, FORMAT_FILE, MAX_META_BYTES) {
            Ok(Some(bytes)) => self.check_format(&bytes).map(|()| true),
            Ok(None) => Err(self.other("registry.json is no format file of a registry")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(self.fault("can't be read", &error)),
        }
    }

    fn make(&self, dir: &Dir) -> Result<()> {
        let is_foreign = |name: &str| !(name.starts_with('.') || name == "lost+found");
        for entry in dir.entries().map_err(|error| self.fault("can't be listed", &error))? {
            let entry = entry.map_err(|error| self.fault("can't be listed", &error))?;
            if is_foreign(&entry.file_name().to_string_lossy()) {
                // Another may have made the store since, and put something into it.
                let is_made = self.is_made(dir)?;
                return if is_made { Ok(()) } else { Err(self.other("it holds other things, and no registry.json")) };
            }
        }
        write::replace(dir, FORMAT_FILE, FORMAT.as_bytes()).map_err(|error| self.fault("can't be written", &error))
    }

    fn check_format(&self, bytes: &[u8]) -> Result<()> {
        #[derive(serde::Deserialize)]
        struct Format {
            format: String,
            version: f64,
        }
        match serde_json::from_slice(bytes) {
            Ok(Format { format, version }) if format == "package-registry" => {
                let is_known = (version - 1.0).abs() < f64::EPSILON;
                if is_known {
                    Ok(())
                } else {
                    Err(self.other(&format!("it has the format {version}, which is not known here")))
                }
            }
            _ => Err(self.other("registry.json is no format file of a registry")),
        }
    }

    fn fault(&self, what: &str, error: &io::Error) -> Error {
        Error::new(ErrorKind::Store, format!("the store {} {what}: {error}", self.path.display()))
    }

    fn other(&self, why: &str) -> Error {
        Error::new(ErrorKind::Store, format!("{} is no store of this package: {why}", self.path.display()))
    }
}

/// Whether a failure to read something is of the moment, and not of the thing itself.
fn is_passing(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        let passing = [
            Errno::MFILE,
            Errno::NFILE,
            Errno::NOMEM,
            Errno::STALE,
            Errno::TIMEDOUT,
            Errno::NOTCONN,
            Errno::BUSY,
            Errno::AGAIN,
        ];
        Errno::from_io_error(error).is_some_and(|number| passing.contains(&number))
    }
    #[cfg(not(unix))]
    {
        error.kind() == io::ErrorKind::OutOfMemory
    }
}

#[cfg(test)]
mod tests;
