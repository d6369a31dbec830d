//! Publishing into a store.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use cap_std::fs::{Dir, File};
use sha2::{Digest, Sha256};

use super::flush::{self, Flush};
use super::names::folder_name;
use super::{BODY_FILE, INCOMING, MAX_BODY_BYTES, MAX_META_BYTES, PACKAGES, REVISION_FILE, Store, VERSION_FILE};
use crate::answer::hex;
use crate::error::{Error, ErrorKind, Result};
use crate::files;
use crate::json;
use crate::model::IndexEntry;

/// Age at which something in `incoming` belongs to nobody any more.
const ABANDONED: Duration = Duration::from_hours(24);

/// What came of publishing a version.
#[derive(Debug, PartialEq, Eq)]
pub enum Publication {
    /// It was added, with this checksum.
    Added(String),
    /// The same bytes were there already.
    Unchanged(String),
}

/// Writes to a store, also from several threads. What it added is sure to outlive the machine's power once
/// [`Writer::finish`] has returned.
pub struct Writer {
    store: Store,
    dir: Dir,
    touched: Mutex<BTreeSet<String>>,
    flush: Flush,
}

impl Store {
    /// Begins to write, and clears away what killed writers left behind.
    ///
    /// # Errors
    /// `ESTORE` where the store can't be written.
    pub fn writer(&self) -> Result<Writer> {
        let dir = self.dir()?;
        for folder in [PACKAGES, INCOMING] {
            create_dir(&dir, folder).map_err(|error| self.fault("can't be written", &error))?;
        }
        // What can't be cleared away now is tried again next time.
        clear_abandoned(&dir).unwrap_or_default();
        Ok(Writer { store: self.clone(), dir, touched: Mutex::default(), flush: Flush::default() })
    }
}

impl Writer {
    /// Adds a version, unless it is there.
    ///
    /// # Errors
    /// `ECONFLICT` where it is there with other bytes, `ETOOLARGE`, or `ESTORE` where it can't be written.
    pub fn publish(&self, entry: &IndexEntry, body: &[u8], published_at: &str) -> Result<Publication> {
        let what = format!("{} {}", entry.id, entry.version);
        if body.len() > MAX_BODY_BYTES {
            let mib = MAX_BODY_BYTES / 1024 / 1024;
            return Err(Error::new(ErrorKind::TooLarge, format!("{what} has more than {mib} MiB")));
        }
        let checksum = checksum(body);
        let package = format!("{PACKAGES}/{}", folder_name(entry.id.as_str()));
        let place = format!("{package}/{}", folder_name(&entry.version));
        let failed = |error: io::Error| self.store.fault(&format!("can't take {what}"), &error);
        if !self.dir.try_exists(&place).map_err(failed)? {
            let meta = meta(entry, body.len(), &checksum, published_at);
            let is_added = self.add(&package, &place, body, &meta).map_err(failed)?;
            self.touched.lock().unwrap_or_else(PoisonError::into_inner).insert(package);
            if is_added {
                return Ok(Publication::Added(checksum));
            }
        }
        self.compare(&place, &what, body, &checksum)
    }

    /// Makes what was added last, and tells running services of it.
    ///
    /// # Errors
    /// `ESTORE` where it can't be written.
    pub fn finish(&self) -> Result<()> {
        let finish = || {
            let touched = std::mem::take(&mut *self.touched.lock().unwrap_or_else(PoisonError::into_inner));
            for folder in touched.iter().map(String::as_str).chain([PACKAGES]) {
                flush::names(&self.dir, folder)?;
            }
            self.flush.wait(&self.dir)?;
            replace(&self.dir, REVISION_FILE, unique().as_bytes())
        };
        finish().map_err(|error| self.store.fault("can't be written", &error))
    }

    /// Writes a version beside the others and puts it among them; `false` where another writer was faster.
    fn add(&self, package: &str, place: &str, body: &[u8], meta: &str) -> io::Result<bool> {
        let beside = format!("{INCOMING}/{}", unique());
        self.dir.create_dir(&beside)?;
        let folder = self.dir.open_dir(&beside)?;
        for (name, bytes) in [(BODY_FILE, body), (VERSION_FILE, meta.as_bytes())] {
            flush::file(&write_file(&folder, name, bytes)?)?;
        }
        flush::names(&folder, ".")?;
        drop(folder);
        // Before it can be seen: nobody finds a version whose files are empty after a loss of power.
        self.flush.wait(&self.dir)?;
        create_dir(&self.dir, package)?;
        match self.dir.rename(&beside, &self.dir, place) {
            Ok(()) => Ok(true),
            Err(error) => {
                self.dir.remove_dir_all(&beside)?;
                if self.dir.try_exists(place)? { Ok(false) } else { Err(error) }
            }
        }
    }

    /// Whether the version that is there is the same. One whose body was damaged since gets it back.
    fn compare(&self, place: &str, what: &str, body: &[u8], checksum: &str) -> Result<Publication> {
        let failed = |error: io::Error| self.store.fault(&format!("can't read {what}"), &error);
        let meta = files::read(&self.dir, &format!("{place}/{VERSION_FILE}"), MAX_META_BYTES).map_err(failed)?;
        let published = meta.and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
        let Some(there) = published.as_ref().and_then(|meta| meta.get("checksum")?.as_str()) else {
            let reason =
                format!("{what} is there but damaged: remove the folder {place} of the store to publish it anew");
            return Err(Error::new(ErrorKind::Store, reason));
        };
        if there != checksum {
            let reason = format!("{what} is published already, with other contents: give the package a new version");
            return Err(Error::new(ErrorKind::Conflict, reason));
        }
        let path = format!("{place}/{BODY_FILE}");
        if files::read(&self.dir, &path, body.len() as u64).ok().flatten().as_deref() == Some(body) {
            return Ok(Publication::Unchanged(checksum.to_owned()));
        }
        let folder = self.dir.open_dir(place).map_err(failed)?;
        replace(&folder, BODY_FILE, body).map_err(failed)?;
        Ok(Publication::Added(checksum.to_owned()))
    }
}

fn meta(entry: &IndexEntry, size: usize, checksum: &str, published_at: &str) -> String {
    let mut out = String::from("{");
    json::push_text_field(&mut out, "packageId", entry.id.as_str());
    json::push_text_field(&mut out, "version", &entry.version);
    json::push_text_field(&mut out, "publishedAt", published_at);
    json::push_text_field(&mut out, "checksum", checksum);
    // Writing to a string can't fail.
    write!(out, ",\"size\":{size},\"entry\":").unwrap_or_default();
    entry.write_bare(&mut out);
    out.push_str("}\n");
    out
}

/// The SHA-256 in lower-case hexadecimal digits.
pub(super) fn checksum(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Puts a file in the place of the one of that name, or of none, in one step that lasts.
pub(super) fn replace(dir: &Dir, name: &str, bytes: &[u8]) -> io::Result<()> {
    let beside = format!(".{name}.{}", unique());
    let place = || {
        write_file(dir, &beside, bytes)?.sync_all()?;
        dir.rename(&beside, dir, name)?;
        // Windows has no such thing.
        if cfg!(unix) { dir.open(".")?.sync_all() } else { Ok(()) }
    };
    let placed = place();
    if placed.is_err() {
        // The first failure is the one to tell; nobody looks at what begins with a dot.
        dir.remove_file(&beside).unwrap_or_default();
    }
    placed
}

fn write_file(dir: &Dir, name: &str, bytes: &[u8]) -> io::Result<File> {
    let mut file = dir.create(name)?;
    file.write_all(bytes)?;
    Ok(file)
}

fn create_dir(dir: &Dir, path: &str) -> io::Result<()> {
    match dir.create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// A text that no other process and no other call has.
fn unique() -> String {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    format!("{:x}-{:x}-{call:x}", since_epoch.as_nanos(), std::process::id())
}

fn clear_abandoned(dir: &Dir) -> io::Result<()> {
    for entry in dir.read_dir(INCOMING)? {
        let entry = entry?;
        let modified = entry.metadata()?.modified()?.into_std();
        if modified.elapsed().is_ok_and(|age| age > ABANDONED) {
            dir.remove_dir_all(format!("{INCOMING}/{}", entry.file_name().to_string_lossy()))?;
        }
    }
    Ok(())
}
