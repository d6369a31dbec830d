//! Publishing a packages folder into a store.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::current::note_import;
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

/// Adds every package of a folder to the store at `path`, which is made where there is none. Ends early, with what it
/// has done so far, once `is_cancelled`.
///
/// # Errors
/// Where the folder as a whole can't be read or the store can't be written; what is wrong with single packages is in the
/// result.
pub async fn import(
    folder: &LocalSource,
    path: &Path,
    published_at: &str,
    is_cancelled: &AtomicBool,
) -> Result<Imported> {
    let index = folder.fetch_index().await?.value;
    let path = path.to_owned();
    let mut writer = blocking(move || Store::open(&path)?.writer()).await?;
    let mut imported = Imported { warnings: index.warnings.clone(), ..Imported::default() };
    for listed in &index.entries {
        if is_cancelled.load(Ordering::Relaxed) {
            break;
        }
        let outcome = match prepared(folder, &listed.id, &mut imported.warnings).await {
            Ok((entry, body)) => {
                let at = published_at.to_owned();
                let (returned, entry, outcome) = blocking(move || {
                    let outcome = writer.publish(&entry, body.as_bytes(), &at);
                    Ok((writer, entry, outcome))
                })
                .await?;
                writer = returned;
                outcome.map_err(|error| (entry.version.clone(), error)).map(|publication| (entry, publication))
            }
            Err(failure) => Err(failure),
        };
        match outcome {
            Ok((IndexEntry { id, version, .. }, Publication::Added(checksum))) => {
                imported.added.push(Added { id, version, checksum });
            }
            Ok((IndexEntry { id, version, .. }, Publication::Unchanged(checksum))) => {
                imported.unchanged.push(Added { id, version, checksum });
            }
            Err((version, error)) => imported.failed.push(Failed { id: listed.id.clone(), version, error }),
        }
    }
    blocking(move || Writer::finish(writer)).await?;
    note_import();
    Ok(imported)
}

/// A package's entry and its body as it is to be served; why it can't be published, with the version that it has.
async fn prepared(
    folder: &LocalSource,
    id: &PackageId,
    warnings: &mut Vec<Warning>,
) -> Result<(IndexEntry, String), (Box<str>, Error)> {
    let unknown = |error| (Box::default(), error);
    let refused = |reason: String| Error::new(ErrorKind::InvalidPackage, format!("{id} {reason}"));
    let loaded = folder.load_package(id.as_str(), None).await.map_err(unknown)?.value;
    let Some(LoadedPackage { text, warnings: found }) = loaded.as_ref() else {
        return Err(unknown(refused("is listed, but there is no manifest of it that can be read".to_owned())));
    };
    let (entry, body) = as_served(text).map_err(|reason| unknown(refused(reason)))?;
    let fault = if TAKEN_IDS.contains(&id.as_str()) {
        Some("has an id that stands for something else in a registry's paths".to_owned())
    } else if !Version::parse(&entry.version).is_one() {
        Some(format!("has the version {:?}, which is none", entry.version))
    } else {
        // A package that lacks a part would lack it for ever, since versions are immutable.
        found
            .iter()
            .find(|warning| !is_manifest(&warning.path))
            .map(|part| format!("is not whole: {} {}", part.path, part.reason))
    };
    warnings.extend(found.iter().filter(|warning| !warnings.contains(warning)).cloned().collect::<Vec<_>>());
    match fault {
        None => Ok((entry, body)),
        Some(fault) => Err((entry.version.clone(), refused(fault))),
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
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(fault) => Err(Error::new(ErrorKind::Internal, format!("an import ended early: {fault}"))),
    }
}
