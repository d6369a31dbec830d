//! What a store holds, as it was at one moment.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;

use cap_std::fs::Dir;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::names::folder_name;
use super::stamp::{Stamp, Stamps};
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
    /// The file that this was read from.
    meta: Stamp,
    order: Version,
}

/// The versions of one package, the newest first.
#[derive(Clone, Debug)]
pub struct Package(Vec<Arc<Published>>);

/// What is wrong with a version.
#[derive(Clone, Debug)]
pub struct Damage {
    /// As words that can follow its name.
    pub reason: String,
    /// Its files, as they were then.
    pub(super) stamps: Box<Stamps>,
}

/// All packages, ordered by id.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    packages: Vec<Package>,
    /// What was passed over.
    pub warnings: Vec<Warning>,
    /// Folders whose versions are damaged, and their files as they were then.
    left_out: BTreeMap<Box<str>, Stamps>,
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
    /// Whether this was read from the file that was there when the damage was found. Else it tells of another time, or of
    /// another store.
    #[must_use]
    pub fn is_of(&self, damage: &Damage) -> bool {
        damage.stamps.meta.as_ref() == Some(&self.meta)
    }

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
    pub fn without(&self, damaged: &Published, damage: Damage) -> Self {
        let rest = self.packages.iter().filter_map(|package| {
            let is_kept = |published: &&Arc<Published>| published.place != damaged.place;
            let versions: Vec<_> = package.0.iter().filter(is_kept).cloned().collect();
            (!versions.is_empty()).then_some(Package(versions))
        });
        let mut left_out = self.left_out.clone();
        left_out.insert(damaged.place.clone(), *damage.stamps);
        Self { packages: rest.collect(), warnings: self.warnings.clone(), left_out }
    }

    fn by_place(&self) -> HashMap<&str, &Arc<Published>> {
        self.packages.iter().flat_map(|package| &package.0).map(|published| (&*published.place, published)).collect()
    }
}

impl Store {
    /// All that the store holds. Versions that `before` has are not read anew where their files are the same. What is
    /// damaged or foreign is left out, with a warning.
    ///
    /// # Errors
    /// `ESTORE` where the store itself can't be read.
    pub fn read(&self, before: &Holdings) -> Result<Holdings> {
        let dir = self.dir()?;
        let mut reading = Reading {
            dir: &dir,
            known: before.by_place(),
            damaged: &before.left_out,
            warnings: Warnings::default(),
            left_out: BTreeMap::new(),
        };
        let packages = reading.packages().map_err(|error| self.fault("can't be read", &error))?;
        let Reading { warnings, left_out, .. } = reading;
        Ok(Holdings { packages: packages.into_values().collect(), warnings: warnings.into_list(), left_out })
    }

    /// Whether something that was left out has other files now.
    ///
    /// # Errors
    /// `ESTORE` where the store itself can't be read.
    pub fn is_mended(&self, holdings: &Holdings) -> Result<bool> {
        if holdings.left_out.is_empty() {
            return Ok(false);
        }
        let dir = self.dir()?;
        Ok(holdings.left_out.iter().any(|(place, stamps)| Stamps::of(&dir, place) != *stamps))
    }
}

/// Reading a store.
struct Reading<'a> {
    dir: &'a Dir,
    known: HashMap<&'a str, &'a Arc<Published>>,
    damaged: &'a BTreeMap<Box<str>, Stamps>,
    warnings: Warnings,
    left_out: BTreeMap<Box<str>, Stamps>,
}

/// What stands in a folder: a name, and whether it is a folder itself.
type Found = (String, bool);

/// Why something is left out.
enum Flaw {
    /// What is wrong with it, as words that can follow "the folder".
    Damaged(String),
    /// It was known to be damaged, and is as it was.
    Known,
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
                self.left_out.insert(parent.as_str().into(), Stamps::of(self.dir, &parent));
                self.warnings.push(Warning::new(parent, format!("can't be listed: {error}")));
                return Ok(Vec::new());
            }
        };
        let mut versions = Vec::with_capacity(found.len());
        for name in self.folders(&parent, found) {
            let place = format!("{parent}/{name}");
            let stamps = Stamps::of(self.dir, &place);
            match self.version(&place, folder, &name, &stamps) {
                Ok(published) => versions.push(published),
                Err(Flaw::Unread(error)) => return Err(error),
                Err(flaw) => {
                    self.left_out.insert(place.as_str().into(), stamps);
                    if let Flaw::Damaged(reason) = flaw {
                        self.warnings.push(Warning::new(place, reason));
                    }
                }
            }
        }
        Ok(versions)
    }

    fn version(&self, place: &str, package: &str, version: &str, stamps: &Stamps) -> Result<Arc<Published>, Flaw> {
        if self.damaged.get(place) == Some(stamps) {
            return Err(Flaw::Known);
        }
        let published = match self.known.get(place) {
            Some(known) if stamps.meta.as_ref() == Some(&known.meta) => Arc::clone(known),
            _ => Arc::new(self.described(place)?),
        };
        let IndexEntry { id, version: text, .. } = &published.entry;
        if folder_name(id.as_str()) != package || folder_name(text) != version {
            return Err(Flaw::Damaged(format!("holds {id} {text}, whose place is another")));
        }
        if published.size > MAX_BODY_BYTES as u64 {
            return Err(Flaw::Damaged("is larger than any package may be".to_owned()));
        }
        let body = match &stamps.body {
            Some(body) => body,
            None => &Stamp::at(self.dir, &format!("{place}/{BODY_FILE}")).map_err(Flaw::of(BODY_FILE))?,
        };
        if !body.is_file_of(published.size) {
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
        let path = format!("{place}/{VERSION_FILE}");
        let meta = Stamp::at(self.dir, &path).map_err(Flaw::of(VERSION_FILE))?;
        let bytes = files::read(self.dir, &path, MAX_META_BYTES)
            .map_err(Flaw::of(VERSION_FILE))?
            .ok_or_else(|| damaged("is too large".to_owned()))?;
        let text = json::decode(bytes).map_err(damaged)?;
        let described: Described<'_> = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
        let fields = Fields::parse(described.entry.get()).map_err(damaged)?;
        let (entry, _) = IndexEntry::from_fields(&fields).map_err(damaged)?;
        let Described { published_at, checksum, size, .. } = described;
        let order = Version::parse(&entry.version);
        Ok(Published { entry, published_at, checksum, size, place: place.into(), meta, order })
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
