//! A content-addressed cache on disk, for many processes at once.
//!
//! ```text
//! CACHEDIR.TAG
//! v1/tmp/…                                      what is being written, or thrown away
//! v1/<partition>/records/<key's digest>.json    what is kept under a key: see `record.rs`
//! v1/<partition>/contents/ab/<digest>           the bytes
//! ```
//!
//! # Why nothing is locked
//!
//! Records and contents are never written in place: each comes whole into `tmp` and is renamed, a content before the
//! record that names it. A content's name is its digest, and a record carries its own, so that whoever reads knows
//! whether what he holds was written for the key that he asks for, whatever others did between his looks, and whatever
//! a power cut left. Every interleaving of processes, killed or not, thus gives a whole copy that once was kept under
//! that key, or nothing. The worst is a copy lost, which is fetched again:
//!
//! - *write against write*: the later rename of the record wins. The loser's content is one that no record names.
//! - *confirm against write*: a confirmation counts only for a record with the validator that it confirms, so that it
//!   never marks another's newer content with an older validator. Between its look and its rename it can put the older
//!   copy back, whole and as its origin just confirmed it; that one is asked about again when it is stale.
//! - *read against write, evict*: where a content is missing or wrong, the record is read again; only what is twice
//!   the same and twice unusable is removed as damage.
//! - *sweep against write*: contents are listed before records, and an unnamed one stays for a minute after it was
//!   written or confirmed (five seconds where the directory is over its bound), so that a writer between content and
//!   record finds it there. Only those that a process itself gave their record it need not wait for. What was touched
//!   after it was listed stays. Should a writer sleep for longer, its record names nothing, and is removed by whoever
//!   reads or counts it.
//! - *sweep against a draft*: whose draft is swept before its rename writes it again.
//! - *clear against anything*: the folder is renamed away first. Who then finds no folder makes a new one; what still
//!   lands in the old one was cleared; a record without its content is nothing.
//!
//! Nothing is flushed to the device: a copy that a power cut tears is found out by its digest. Bytes are counted as
//! file lengths. Each process counts for itself, so several together can be over the bound by as much as each may
//! write between two counts (a sixteenth of it, and what its other threads write while one counts), and by what killed
//! ones left within the last seconds.

mod bound;
mod digest;
mod folder;
mod place;
mod record;
mod tally;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use record::Record;

use self::digest::Digest;
use self::folder::{Folder, Found, age};
use self::place::Partition;
use self::record::{Entry, MAX_RECORD_BYTES};
use self::tally::Tally;
use crate::error::{Error, ErrorKind, Result};

/// How exactly it is known when a copy was last used.
const RECENCY: Duration = Duration::from_mins(1);

/// How often a record is looked at that others replace each time.
const LOOKS: usize = 16;

/// What is kept under a key.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// The bytes, verified.
    pub content: Vec<u8>,
    /// What is known of them.
    pub record: Record,
}

/// One source's part of a cache directory. All its methods block.
pub struct DiskCache {
    directory: PathBuf,
    partition: Partition,
    max_bytes: u64,
    tally: Arc<Tally>,
}

impl DiskCache {
    /// The part named `partition` of the cache at `directory`, of which all parts together may take `max_bytes`.
    /// Touches no file yet.
    #[must_use]
    pub fn new(directory: PathBuf, partition: &str, max_bytes: u64) -> Self {
        let tally = Tally::of(&directory);
        Self { directory, partition: Partition::named(partition), max_bytes, tally }
    }

    /// What is kept under a key; `None` where there is nothing, or it was damaged (which is then removed).
    ///
    /// # Errors
    /// [`ErrorKind::Cache`] where the directory or something in it can't be read.
    pub fn read(&self, key: &str) -> Result<Option<Kept>> {
        self.told("read from", || {
            let Some(folder) = Folder::open(&self.directory)? else { return Ok(None) };
            self.verified(&folder, key)
        })
    }

    /// Keeps content under a key in the place of what was there. What is larger than the bound is not kept; then there
    /// is nothing under the key.
    ///
    /// # Errors
    /// [`ErrorKind::Cache`] where the directory can't be written, or its bound can't be held.
    pub fn write(&self, key: &str, content: &[u8], record: &Record) -> Result<()> {
        let size = content.len() as u64;
        let entry = Entry { key: key.to_owned(), content: Digest::of(content), size, record: record.clone() };
        self.told("written to", || {
            let file = entry.to_bytes()?;
            let (record_size, written) = (file.len() as u64, size + file.len() as u64);
            if record_size > MAX_RECORD_BYTES || written > self.max_bytes {
                return self.forget(key);
            }
            let folder = Folder::create(&self.directory)?;
            if self.tally.is_new() {
                folder.tag()?;
            }
            folder.replace(&self.partition.content(entry.content), content)?;
            folder.replace(&self.partition.record(key), &file)?;
            self.tally.named((self.partition, entry.content));
            self.tally.wrote(written, self.max_bytes / 16, |named| bound::hold(&folder, self.max_bytes, named))
        })
    }

    /// Gives the copy under a key a new record, which says that it is still current. Only where that copy has the
    /// validator of the record: another one has meanwhile been written by someone else, and this says nothing of it.
    /// Whether it was so.
    ///
    /// # Errors
    /// [`ErrorKind::Cache`] where the directory can't be written.
    pub fn confirm(&self, key: &str, record: &Record) -> Result<bool> {
        self.told("written to", || {
            let Some(folder) = Folder::open(&self.directory)? else { return Ok(false) };
            let place = self.partition.record(key);
            let Some(entry) = entry_at(&folder, &place, key)? else { return Ok(false) };
            let is_confirmed = entry.record.validator.is_some() && entry.record.validator == record.validator;
            // First, so that whoever sweeps sees that it is needed.
            if !is_confirmed || !folder.touch(&self.partition.content(entry.content))? {
                return Ok(false);
            }
            let content = (self.partition, entry.content);
            folder.replace(&place, &Entry { record: record.clone(), ..entry }.to_bytes()?)?;
            self.tally.named(content);
            Ok(true)
        })
    }

    /// Forgets what is kept under a key.
    ///
    /// # Errors
    /// [`ErrorKind::Cache`] where the directory can't be written.
    pub fn remove(&self, key: &str) -> Result<()> {
        self.told("written to", || self.forget(key))
    }

    /// Forgets the whole partition.
    ///
    /// # Errors
    /// [`ErrorKind::Cache`] where the directory can't be written.
    pub fn clear(&self) -> Result<()> {
        self.told("cleared", || {
            Folder::open(&self.directory)?.map_or(Ok(()), |folder| folder.discard(&self.partition.folder()))
        })
    }

    fn verified(&self, folder: &Folder, key: &str) -> io::Result<Option<Kept>> {
        let place = self.partition.record(key);
        let mut judged = None;
        for _ in 0..LOOKS {
            let (bytes, used) = match folder.read(&place, MAX_RECORD_BYTES)? {
                Found::Nothing => return Ok(None),
                Found::Bytes(bytes, used) => (bytes, used),
                Found::Damage => return folder.remove(&place).map(|()| None),
            };
            let entry = Entry::parse(&bytes).filter(|entry| entry.key == key && entry.size <= self.max_bytes);
            let content = entry.as_ref().map(|entry| self.partition.content(entry.content));
            if let (Some(entry), Some(path)) = (entry, &content)
                && let Found::Bytes(content, _) = folder.read(path, entry.size)?
                && content.len() as u64 == entry.size
                && Digest::of(&content) == entry.content
            {
                if age(used) > RECENCY {
                    // A cache that may only be read serves all the same.
                    drop(folder.touch(&place));
                }
                return Ok(Some(Kept { content, record: entry.record }));
            }
            // Whoever writes may have replaced the one or the other between two looks.
            if judged.as_ref() == Some(&bytes) {
                folder.remove(&place)?;
                content.map_or(Ok(()), |path| folder.remove(&path))?;
                return Ok(None);
            }
            judged = Some(bytes);
        }
        Ok(None)
    }

    fn forget(&self, key: &str) -> io::Result<()> {
        Folder::open(&self.directory)?.map_or(Ok(()), |folder| folder.remove(&self.partition.record(key)))
    }

    fn told<T>(&self, what: &str, work: impl FnOnce() -> io::Result<T>) -> Result<T> {
        work().map_err(|error| {
            let message = format!("the cache at {} can't be {what}: {error}", self.directory.display());
            Error::new(ErrorKind::Cache, message)
        })
    }
}

/// What the record at a path says of a key; `None` where there is none, or it is damaged.
fn entry_at(folder: &Folder, place: &Path, key: &str) -> io::Result<Option<Entry>> {
    Ok(match folder.read(place, MAX_RECORD_BYTES)? {
        Found::Bytes(bytes, _) => Entry::parse(&bytes).filter(|entry| entry.key == key),
        Found::Nothing | Found::Damage => None,
    })
}
