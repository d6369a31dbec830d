//! The two layouts of a package folder.
//!
//! - **Manifest layout**: `package.json` with a `packageId`; the contents stand beside it.
//! - **Seed layout**: `seed/metadata.json`, its fields at the top or under a key `metadata`; the contents stand in `seed`.
//!
//! Where a folder has both, `package.json` wins. A folder with neither is no package.

use serde_json::value::RawValue;

use super::{PackageTree, Part};
use crate::json::Fields;
use crate::model::{IndexEntry, Warning};

/// Which of the two it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) enum Layout {
    Manifest,
    Seed,
}

impl Layout {
    /// A path of the package's contents, relative to the tree.
    pub(in crate::source) fn content(self, folder: &str, path: &str) -> String {
        match self {
            Self::Manifest => format!("{folder}/{path}"),
            Self::Seed => format!("{folder}/seed/{path}"),
        }
    }

    /// The file that holds the components.
    pub(in crate::source) fn components(self) -> &'static str {
        match self {
            Self::Manifest => "components/ui.json",
            Self::Seed => "components.json",
        }
    }
}

/// A package folder's own declaration.
#[derive(Debug)]
pub(in crate::source) struct Manifest {
    /// The folder's name.
    pub(in crate::source) folder: String,
    pub(in crate::source) layout: Layout,
    /// May be altered before the package is assembled: a source may know more of it than the manifest says.
    pub(in crate::source) entry: IndexEntry,
    /// Components that stand in the manifest itself.
    pub(in crate::source) components: Option<Box<RawValue>>,
    /// Examples that stand in the manifest itself.
    pub(in crate::source) examples: Option<Box<RawValue>>,
    /// Fields that were mended.
    pub(in crate::source) warnings: Vec<Warning>,
}

/// Whether a path is that of a package's manifest.
#[must_use]
pub fn is_manifest(path: &str) -> bool {
    path.ends_with("/package.json") || path.ends_with("/seed/metadata.json")
}

/// Reads a folder's manifest; `None` where the folder is no package.
///
/// # Errors
/// A warning where it is one, but malformed.
pub(in crate::source) fn read(packages: &impl PackageTree, folder: &str) -> Result<Option<Manifest>, Warning> {
    let path = format!("{folder}/package.json");
    let found = packages.json_text(&path).and_then(|text| {
        let fields = Fields::parse(&text)?;
        Ok(fields.get("packageId").map(|_| manifest(folder, Layout::Manifest, &path, &fields)))
    });
    let broken = match found {
        Part::Here(Some(manifest)) => return manifest.map(Some),
        Part::Here(None) | Part::Absent => None,
        Part::Faulty(reason) => Some(Warning::new(path, reason)),
    };
    let path = format!("{folder}/seed/metadata.json");
    match packages.json_text(&path).and_then(|text| Ok(seed(folder, &path, &Fields::parse(&text)?))) {
        Part::Here(manifest) => manifest.map(|mut manifest| {
            manifest.warnings.extend(broken);
            Some(manifest)
        }),
        Part::Absent => broken.map_or(Ok(None), Err),
        Part::Faulty(reason) => Err(Warning::new(path, reason)),
    }
}

fn seed(folder: &str, path: &str, fields: &Fields<'_>) -> Result<Manifest, Warning> {
    let wrapped = fields.get("metadata").and_then(|inner| Fields::parse(inner.get()).ok());
    let Some(inner) = wrapped.filter(|_| fields.get("packageId").is_none()) else {
        return manifest(folder, Layout::Seed, path, fields);
    };
    let mut found = manifest(folder, Layout::Seed, path, &inner)?;
    found.components = fields.get("components").map(ToOwned::to_owned);
    found.examples = fields.get("examples").map(ToOwned::to_owned);
    Ok(found)
}

fn manifest(folder: &str, layout: Layout, path: &str, fields: &Fields<'_>) -> Result<Manifest, Warning> {
    let (entry, faults) = IndexEntry::from_fields(fields).map_err(|reason| Warning::new(path, reason))?;
    let warnings = faults.into_iter().map(|fault| Warning::new(path, fault)).collect();
    Ok(Manifest { folder: folder.to_owned(), layout, entry, components: None, examples: None, warnings })
}
