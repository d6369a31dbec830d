//! Publishing a packages folder into a store.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Semaphore;

use super::imports::Imports;
use super::store::{MAX_BODY_BYTES, Publication, Store, Writer};
use crate::error::{Error, ErrorKind, Result};
use crate::json::{self, Fields};
use crate::model::{IndexEntry, PackageId, Version, Warning};
use crate::source::local::LocalSource;
use crate::source::tree::is_manifest;
use crate::source::{LoadedPackage, Source};

/// Ids that stand for something else in the protocol's paths.
const TAKEN_IDS: [&str; 1] = ["search"];

/// What came of an import.
#[derive(Debug, Default)]
pub struct Imported {
    /// Versions that were added.
    pub added: Vec<Added>,
    /// Versions that were there already, with the same contents.
    pub unchanged: Vec<Added>,
    /// Packages that could not be added.
    pub failed: Vec<Failed>,
    /// What in the folder was passed over or mended.
    pub warnings: Vec<Warning>,
}

/// A version that is in the store.
#[derive(Debug, PartialEq, Eq)]
pub struct Added {
    /// The package's id.
    pub id: PackageId,
    /// Its version.
    pub version: Box<str>,
    /// SHA-256 of the package as it is served, in lower-case hexadecimal digits.
    pub checksum: String,
}

/// A package that could not be added.
#[derive(Debug)]
pub struct Failed {
    /// The package's id.
    pub id: PackageId,
    /// Its version; empty where it has none.
    pub version: Box<str>,
    /// Why.
    pub error: Error,
}

/// Packages that are added at once: a file system flushes many files in little more time than one.
const AT_ONCE: usize = 64;

/// KiB of packages that are being written at once. As many packages as there are processors may be read beyond that.
const MOST_WRITTEN: usize = MAX_BODY_BYTES / 1024;

/// Longest version, in characters.
const MAX_VERSION: usize = 256;

/// Levels of nesting that the index puts around an entry.
const INDEX_DEPTH: usize = 2;

/// Adds every package of a folder to the store at `path`, which is made where there is none. Ends early, with what it
/// has done so far, once `is_cancelled`.
///
/// # Errors
/// Where the folder as a whole can't be read or the store can't be written; what is wrong with single packages is in the
/// result.
pub async fn import(
    folder: &Arc<LocalSource>,
    path: &Path,
    published_at: &str,
    is_cancelled: &AtomicBool,
) -> Result<Imported> {
    let index = folder.fetch_index().await?.value;
    let (path, imports) = (path.to_owned(), Imports::into(path));
    let writer = Arc::new(blocking(move || Store::open(&path)?.writer()).await?);
    let mut imported = Imported { warnings: index.warnings.clone(), ..Imported::default() };
    let mut seen = HashSet::new();
    let listed: Vec<&PackageId> = index.entries.iter().map(|entry| &entry.id).filter(|id| seen.insert(*id)).collect();
    let room = Arc::new(Room::default());
    for ids in listed.chunks(AT_ONCE) {
        if is_cancelled.load(Ordering::Relaxed) {
            break;
        }
        let add = |id: &&PackageId| {
            let (folder, writer, room) = (Arc::clone(folder), Arc::clone(&writer), Arc::clone(&room));
            tokio::spawn(add(folder, writer, room, (*id).clone(), published_at.to_owned()))
        };
        let adding: Vec<_> = ids.iter().map(add).collect();
        for one in adding {
            imported.take(one.await.map_err(ended_early)?);
        }
        // Each time: what is there when the process is killed is announced, and sure to last.
        let writer = Arc::clone(&writer);
        blocking(move || writer.finish()).await?;
    }
    imports.note();
    // What the index tells of is found again with the package.
    let mut told = HashSet::new();
    imported.warnings.retain(|warning| told.insert(warning.clone()));
    Ok(imported)
}

/// What came of one package.
struct Outcome {
    id: PackageId,
    version: Box<str>,
    result: Result<Publication>,
    warnings: Vec<Warning>,
}

impl Imported {
    fn take(&mut self, Outcome { id, version, result, warnings }: Outcome) {
        self.warnings.extend(warnings);
        match result {
            Ok(Publication::Added(checksum)) => self.added.push(Added { id, version, checksum }),
            Ok(Publication::Unchanged(checksum)) => self.unchanged.push(Added { id, version, checksum }),
            Err(error) => self.failed.push(Failed { id, version, error }),
        }
    }
}

/// What bounds the memory that an import takes.
struct Room {
    /// Packages that are being read, whose sizes nobody knows yet.
    reading: Semaphore,
    /// KiB of those that are being written.
    writing: Semaphore,
}

impl Default for Room {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self { reading: Semaphore::new(processors), writing: Semaphore::new(MOST_WRITTEN) }
    }
}

impl Room {
    /// KiB of the room that a package takes; one that is too large, and will be refused, takes all.
    fn taken_by(body: &str) -> u32 {
        u32::try_from((body.len() / 1024 + 1).min(MOST_WRITTEN)).unwrap_or(u32::MAX)
    }
}

async fn add(
    folder: Arc<LocalSource>,
    writer: Arc<Writer>,
    room: Arc<Room>,
    id: PackageId,
    published_at: String,
) -> Outcome {
    // Held until there is room for what was read. Nobody closes a room.
    let reading = room.reading.acquire().await.ok();
    let loaded = match folder.load_package(id.as_str(), None).await {
        Ok(loaded) => loaded.value,
        Err(error) => return Outcome { id, version: Box::default(), result: Err(error), warnings: Vec::new() },
    };
    let Some(LoadedPackage { text, warnings }) = loaded.as_ref() else {
        let reason = format!("{id} is listed, but there is no manifest of it that can be read");
        let result = Err(Error::new(ErrorKind::InvalidPackage, reason));
        return Outcome { id, version: Box::default(), result, warnings: Vec::new() };
    };
    let warnings = warnings.clone();
    let prepared = as_served(text);
    drop(loaded);
    let (version, prepared) = match prepared {
        Ok((entry, body)) => (entry.version.clone(), check(&entry, &warnings).map(|()| (entry, body))),
        Err(reason) => (Box::default(), Err(Error::new(ErrorKind::InvalidPackage, format!("{id} {reason}")))),
    };
    let result = match prepared {
        Ok((entry, body)) => {
            let _writing = room.writing.acquire_many(Room::taken_by(&body)).await.ok();
            drop(reading);
            blocking(move || writer.publish(&entry, body.as_bytes(), &published_at)).await
        }
        Err(error) => Err(error),
    };
    Outcome { id, version, result, warnings }
}

/// Whether a package may be published as it is.
fn check(entry: &IndexEntry, warnings: &[Warning]) -> Result<()> {
    let IndexEntry { id, version, .. } = entry;
    let refused = |reason: String| Err(Error::new(ErrorKind::InvalidPackage, format!("{id} {reason}")));
    if TAKEN_IDS.contains(&id.as_str()) {
        return refused("has an id that stands for something else in a registry's paths".to_owned());
    }
    if !Version::parse(version).is_one() || version.chars().any(char::is_whitespace) {
        return refused(format!("has the version {version:?}, which is none"));
    }
    if version.chars().count() > MAX_VERSION {
        return refused(format!("has a version of more than {MAX_VERSION} characters"));
    }
    // A package that lacks a part would lack it for ever, since versions are immutable.
    match warnings.iter().find(|warning| !is_manifest(&warning.path)) {
        Some(part) => refused(format!("is not whole: {} {}", part.path, part.reason)),
        None => Ok(()),
    }
}

/// A `PackageData` object as a registry serves it: without what only who asks or who serves can say, the source's id and
/// the checksum.
fn as_served(text: &str) -> Result<(IndexEntry, String), String> {
    let fields = Fields::parse(text)?;
    let metadata = fields.get("metadata").ok_or("has no metadata")?;
    let own = object(Fields::parse(metadata.get())?.iter().filter(|(key, _)| !matches!(*key, "sourceId" | "checksum")));
    let (entry, _) = IndexEntry::from_fields(&Fields::parse(&own)?)?;
    let mut body = String::with_capacity(text.len());
    body.push_str("{\"metadata\":");
    entry.write_bare(&mut body);
    for (key, value) in fields.iter().filter(|(key, _)| *key != "metadata") {
        body.push(',');
        json::push_string(&mut body, key);
        body.push(':');
        body.push_str(value.get());
    }
    body.push('}');
    // Clients would refuse it, and with it the whole index.
    if json::depth(&body).max(json::depth(&own) + INDEX_DEPTH) > json::MAX_DEPTH {
        return Err(format!("is nested deeper than {} levels where it is served", json::MAX_DEPTH));
    }
    Ok((entry, body))
}

fn object<'a>(fields: impl Iterator<Item = (&'a str, &'a serde_json::value::RawValue)>) -> String {
    let mut out = String::from("{");
    for (key, value) in fields {
        if out.len() > 1 {
            out.push(',');
        }
        json::push_string(&mut out, key);
        out.push(':');
        out.push_str(value.get());
    }
    out.push('}');
    out
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(ended_early)?
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err calls it")]
fn ended_early(fault: tokio::task::JoinError) -> Error {
    Error::new(ErrorKind::Internal, format!("an import ended early: {fault}"))
}
