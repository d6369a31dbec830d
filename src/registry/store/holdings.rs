//! What a store holds, as it was at one moment.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;

use cap_std::fs::Dir;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::names::folder_name;
use super::{BODY_FILE, MAX_BODY_BYTES, MAX_META_BYTES, PACKAGES, Store, VERSION_FILE, is_passing};
use crate::error::Result;
use crate::files;
use crate::json::{self, Fields};
use crate::model::{IndexEntry, PackageId, Version, Warning, Warnings};

/// One version of a package.
#[derive(Debug)]
pub struct Published {
    /// Its index entry, without a checksum.
    pub entry: IndexEntry,
    /// When it was added, as RFC 3339 has it.
    pub published_at: Box<str>,
    /// SHA-256 of the package as it is served, in lower-case hexadecimal digits.
    pub checksum: Box<str>,
    /// Bytes of the package as it is served.
    pub size: u64,
    /// Its folder in the store.
    pub(super) place: Box<str>,
    order: Version,
}

/// The versions of one package, the newest first.
#[derive(Clone, Debug)]
pub struct Package(Vec<Arc<Published>>);

/// All packages, ordered by id.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    packages: Vec<Package>,
    /// What was passed over.
    pub warnings: Vec<Warning>,
}

impl Package {
    fn new(mut versions: Vec<Arc<Published>>) -> Self {
        versions.sort_by(|one, two| two.rank().cmp(&one.rank()));
        Self(versions)
    }

    /// The newest version, a pre-release only where there is nothing else.
    #[must_use]
    pub fn newest(&self) -> &Arc<Published> {
        // There is no package without a version.
        self.0.iter().find(|published| !published.order.is_pre_release()).unwrap_or(&self.0[0])
    }

    /// All versions, the newest first.
    #[must_use]
    pub fn versions(&self) -> &[Arc<Published>] {
        &self.0
    }

    /// A version by its text.
    #[must_use]
    pub fn version(&self, version: &str) -> Option<&Arc<Published>> {
        self.0.iter().find(|published| *published.entry.version == *version)
    }
}

impl Published {
    /// By version; of those that are equal by semantic versioning, the one published last is the newer.
    fn rank(&self) -> (&Version, &str, &str) {
        (&self.order, &self.published_at, &self.entry.version)
    }
}

impl Holdings {
    /// The packages, ordered by id.
    #[must_use]
    pub fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// A package by id.
    #[must_use]
    pub fn package(&self, id: &str) -> Option<&Package> {
        let at = self.packages.binary_search_by(|package| package.0[0].entry.id.as_str().cmp(id)).ok()?;
        self.packages.get(at)
    }

    /// The same without one version, which was found to be damaged.
    #[must_use]
    pub fn without(&self, damaged: &Published) -> Self {
        let rest = self.packages.iter().filter_map(|package| {
            let is_kept = |published: &&Arc<Published>| published.place != damaged.place;
            let versions: Vec<_> = package.0.iter().filter(is_kept).cloned().collect();
            (!versions.is_empty()).then_some(Package(versions))
        });
        Self { packages: rest.collect(), warnings: self.warnings.clone() }
    }

    fn by_place(&self) -> HashMap<&str, &Arc<Published>> {
        self.packages.iter().flat_map(|package| &package.0).map(|published| (&*published.place, published)).collect()
    }
}

impl Store {
    /// All that the store holds. Versions that `before` has are not read anew: they can't have changed. What is damaged
    /// or foreign is left out, with a warning.
    ///
    /// # Errors
    /// `ESTORE` where the store itself can't be read.
    pub fn read(&self, before: &Holdings) -> Result<Holdings> {
        let dir = self.dir()?;
        let mut reading = Reading { dir: &dir, known: before.by_place(), warnings: Warnings::default() };
        let packages = reading.packages().map_err(|error| self.fault("can't be read", &error))?;
        Ok(Holdings { packages: packages.into_values().collect(), warnings: reading.warnings.into_list() })
    }
}

/// Reading a store.
struct Reading<'a> {
    dir: &'a Dir,
    known: HashMap<&'a str, &'a Arc<Published>>,
    warnings: Warnings,
}

/// What stands in a folder: a name, and whether it is a folder itself.
type Found = (String, bool);

/// Why something is left out.
enum Flaw {
    /// What is wrong with it, as words that can follow "the folder".
    Damaged(String),
    /// Nothing is, but it can't be read at the moment.
    Unread(io::Error),
}

impl Flaw {
    fn of(file: &str) -> impl Fn(io::Error) -> Self {
        move |error| {
            let reason = format!("is damaged: {file} can't be read: {error}");
            if is_passing(&error) { Self::Unread(error) } else { Self::Damaged(reason) }
        }
    }
}

impl Reading<'_> {
    fn packages(&mut self) -> io::Result<BTreeMap<PackageId, Package>> {
        let mut packages = BTreeMap::new();
        let found = match found_in(self.dir, PACKAGES) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            other => other?,
        };
        for folder in self.folders(PACKAGES, found) {
            let versions = self.versions(&folder)?;
            if let Some(first) = versions.first() {
                packages.insert(first.entry.id.clone(), Package::new(versions));
            }
        }
        Ok(packages)
    }

    /// The names of the folders among these.
    fn folders(&mut self, parent: &str, found: Vec<Found>) -> Vec<String> {
        let mut names = Vec::with_capacity(found.len());
        for (name, is_folder) in found {
            if is_folder {
                names.push(name);
            } else if !name.starts_with('.') {
                self.warnings.push(Warning::new(format!("{parent}/{name}"), "is nothing that belongs into a store"));
            }
        }
        names
    }

    /// The versions in a package's folder.
    fn versions(&mut self, folder: &str) -> io::Result<Vec<Arc<Published>>> {
        let parent = format!("{PACKAGES}/{folder}");
        let found = match found_in(self.dir, &parent) {
            Ok(found) => found,
            Err(error) if is_passing(&error) => return Err(error),
            Err(error) => {
                self.warnings.push(Warning::new(parent, format!("can't be listed: {error}")));
                return Ok(Vec::new());
            }
        };
        let mut versions = Vec::with_capacity(found.len());
        for name in self.folders(&parent, found) {
            let place = format!("{parent}/{name}");
            match self.version(&place, folder, &name) {
                Ok(published) => versions.push(published),
                Err(Flaw::Damaged(reason)) => self.warnings.push(Warning::new(place, reason)),
                Err(Flaw::Unread(error)) => return Err(error),
            }
        }
        Ok(versions)
    }

    fn version(&self, place: &str, package: &str, version: &str) -> Result<Arc<Published>, Flaw> {
        let published = match self.known.get(place) {
            Some(known) => Arc::clone(known),
            None => Arc::new(self.described(place)?),
        };
        let IndexEntry { id, version: text, .. } = &published.entry;
        if folder_name(id.as_str()) != package || folder_name(text) != version {
            return Err(Flaw::Damaged(format!("holds {id} {text}, whose place is another")));
        }
        if published.size > MAX_BODY_BYTES as u64 {
            return Err(Flaw::Damaged("is larger than any package may be".to_owned()));
        }
        let body = self.dir.symlink_metadata(format!("{place}/{BODY_FILE}")).map_err(Flaw::of(BODY_FILE))?;
        if !body.is_file() || body.len() != published.size {
            return Err(Flaw::Damaged(format!("is damaged: {BODY_FILE} is not what was published")));
        }
        Ok(published)
    }

    fn described(&self, place: &str) -> Result<Published, Flaw> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Described<'a> {
            published_at: Box<str>,
            checksum: Box<str>,
            size: u64,
            #[serde(borrow)]
            entry: &'a RawValue,
        }
        let damaged = |reason: String| Flaw::Damaged(format!("is damaged: {VERSION_FILE} {reason}"));
        let bytes = files::read(self.dir, &format!("{place}/{VERSION_FILE}"), MAX_META_BYTES)
            .map_err(Flaw::of(VERSION_FILE))?
            .ok_or_else(|| damaged("is too large".to_owned()))?;
        let text = json::decode(bytes).map_err(damaged)?;
        let described: Described<'_> = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
        let fields = Fields::parse(described.entry.get()).map_err(damaged)?;
        let (entry, _) = IndexEntry::from_fields(&fields).map_err(damaged)?;
        let Described { published_at, checksum, size, .. } = described;
        let order = Version::parse(&entry.version);
        Ok(Published { entry, published_at, checksum, size, place: place.into(), order })
    }
}

/// What stands in a folder, in order. Links are no folders here.
fn found_in(dir: &Dir, path: &str) -> io::Result<Vec<Found>> {
    let found = dir.read_dir(path)?.map(|entry| {
        let entry = entry?;
        Ok((entry.file_name().to_string_lossy().into_owned(), entry.file_type()?.is_dir()))
    });
    let mut found: Vec<Found> = found.collect::<io::Result<_>>()?;
    found.sort_unstable();
    Ok(found)
}
