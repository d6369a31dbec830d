//! Publishing a packages folder into a store.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::imports::Imports;
use super::store::{Publication, Store, Writer};
use crate::error::{Error, ErrorKind, Result};
use crate::json::{self, Fields};
use crate::model::{IndexEntry, PackageId, Version, Warning};
use crate::source::local::{LocalSource, is_manifest};
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
    for ids in listed.chunks(AT_ONCE) {
        if is_cancelled.load(Ordering::Relaxed) {
            break;
        }
        let add = |id: &&PackageId| {
            let (folder, writer) = (Arc::clone(folder), Arc::clone(&writer));
            tokio::spawn(add(folder, writer, (*id).clone(), published_at.to_owned()))
        };
        let adding: Vec<_> = ids.iter().map(add).collect();
        for one in adding {
            imported.take(one.await.map_err(ended_early)?);
        }
    }
    blocking(move || writer.finish()).await?;
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

async fn add(folder: Arc<LocalSource>, writer: Arc<Writer>, id: PackageId, published_at: String) -> Outcome {
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
    let (version, prepared) = match as_served(text) {
        Ok((entry, body)) => (entry.version.clone(), check(&entry, &warnings).map(|()| (entry, body))),
        Err(reason) => (Box::default(), Err(Error::new(ErrorKind::InvalidPackage, format!("{id} {reason}")))),
    };
    let result = match prepared {
        Ok((entry, body)) => blocking(move || writer.publish(&entry, body.as_bytes(), &published_at)).await,
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
    if !Version::parse(version).is_one() {
        return refused(format!("has the version {version:?}, which is none"));
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
