//! What is in a tree of packages: its index, and which folder holds which id.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::layout::{self, Manifest};
use super::{INDEX_FILE, PackageTree, Part};
use crate::json::{self, Fields};
use crate::model::{IndexEntry, PackageId, Warning, Warnings};
use crate::source::SourceIndex;

/// Read once each, when first asked for.
#[derive(Default)]
pub(in crate::source) struct Catalogue {
    index: OnceLock<Arc<SourceIndex>>,
    scan: OnceLock<Scan>,
}

/// What all the folders' manifests say.
pub(in crate::source) struct Scan {
    /// Ordered by id.
    pub(in crate::source) entries: Vec<IndexEntry>,
    /// The folder of each.
    pub(in crate::source) folders: HashMap<PackageId, String>,
    /// What was passed over or mended, ordered by path.
    pub(in crate::source) warnings: Vec<Warning>,
}

impl Catalogue {
    /// The index: from the index file where there is a usable one, else from the scan.
    pub(in crate::source) fn index(&self, packages: &impl PackageTree, source_id: &Arc<str>) -> Arc<SourceIndex> {
        Arc::clone(self.index.get_or_init(|| {
            let mut warnings = Warnings::default();
            let entries = match index_file(packages).and_then(|text| listed(&text, &mut warnings)) {
                Part::Here(entries) => entries,
                other => {
                    if let Part::Faulty(reason) = other {
                        warnings.push(Warning::new(INDEX_FILE, reason));
                    }
                    let scan = self.scan(packages);
                    warnings.extend(scan.warnings.iter().cloned());
                    scan.entries.clone()
                }
            };
            Arc::new(SourceIndex { source_id: Arc::clone(source_id), entries, warnings: warnings.into_list() })
        }))
    }

    /// The index as the text of a JSON array: the index file's as it stands, else the scan's.
    pub(in crate::source) fn text(&self, packages: &impl PackageTree, source_id: &Arc<str>) -> String {
        let as_it_stands = index_file(packages).and_then(|text| {
            let packages = Fields::parse(&text)?.get("packages").filter(|packages| json::is_array(packages));
            packages.map(|packages| packages.get().to_owned()).ok_or_else(|| "has no packages array".to_owned())
        });
        if let Part::Here(packages) = as_it_stands {
            return packages;
        }
        let mut out = String::from("[");
        for entry in &self.index(packages, source_id).entries {
            if out.len() > 1 {
                out.push(',');
            }
            entry.write_bare(&mut out);
        }
        out.push(']');
        out
    }

    /// The manifest of a package, wherever it lies; `None` where there is none (or a malformed one).
    pub(in crate::source) fn find(&self, packages: &impl PackageTree, id: &PackageId) -> Option<Manifest> {
        // Most folders are named as their packages: one look spares the scan.
        if let Ok(Some(manifest)) = layout::read(packages, id.as_str())
            && manifest.entry.id == *id
        {
            return Some(manifest);
        }
        let folder = self.scan(packages).folders.get(id)?;
        layout::read(packages, folder).ok().flatten().filter(|manifest| manifest.entry.id == *id)
    }

    /// What the manifests say, whatever an index file lists.
    pub(in crate::source) fn scan(&self, packages: &impl PackageTree) -> &Scan {
        self.scan.get_or_init(|| scan(packages))
    }
}

/// Whether a tree has a usable index file or a package in it.
pub(in crate::source) fn holds_packages(packages: &impl PackageTree) -> bool {
    let listed = index_file(packages).and_then(|text| listed(&text, &mut Warnings::default()));
    let is_package = |name: &String| matches!(layout::read(packages, name), Ok(Some(_)));
    matches!(listed, Part::Here(_)) || packages.folders(&mut Warnings::default()).iter().any(is_package)
}

fn index_file(packages: &impl PackageTree) -> Part<String> {
    packages.json_text(INDEX_FILE)
}

/// The entries that an index file lists; single ones that are none become warnings.
fn listed(text: &str, warnings: &mut Warnings) -> Result<Vec<IndexEntry>, String> {
    let fields = Fields::parse(text)?;
    let packages = fields.get("packages").and_then(json::elements).ok_or("has no packages array")?;
    let mut entries = Vec::with_capacity(packages.len());
    for (position, element) in packages.iter().enumerate() {
        let place = || format!("{INDEX_FILE} packages[{position}]");
        match Fields::parse(element.get()).and_then(|fields| IndexEntry::from_fields(&fields)) {
            Ok((entry, faults)) => {
                warnings.extend(faults.into_iter().map(|fault| Warning::new(place(), fault)));
                entries.push(entry);
            }
            Err(reason) => warnings.push(Warning::new(place(), reason)),
        }
    }
    Ok(entries)
}

/// Reads all the manifests.
pub(in crate::source) fn scan(packages: &impl PackageTree) -> Scan {
    let mut warnings = Warnings::default();
    let names = packages.folders(&mut warnings);
    let mut found = HashMap::<PackageId, Manifest>::new();
    for name in names {
        match layout::read(packages, &name) {
            Ok(Some(manifest)) => keep(&mut found, manifest, &mut warnings),
            Ok(None) => {}
            Err(warning) => warnings.push(warning),
        }
    }
    let mut scan = Scan { entries: Vec::with_capacity(found.len()), folders: HashMap::new(), warnings: Vec::new() };
    for (id, manifest) in found {
        warnings.extend(manifest.warnings);
        scan.entries.push(manifest.entry);
        scan.folders.insert(id, manifest.folder);
    }
    scan.entries.sort_unstable_by(|one, two| one.id.cmp(&two.id));
    scan.warnings = warnings.into_list();
    scan.warnings.sort_by(|one, two| one.path.cmp(&two.path));
    scan
}

/// Of two folders with one id, the one that is named so counts, else the first by name.
fn keep(found: &mut HashMap<PackageId, Manifest>, manifest: Manifest, warnings: &mut Warnings) {
    let id = manifest.entry.id.clone();
    let Some(other) = found.remove(&id) else {
        found.insert(id, manifest);
        return;
    };
    let (kept, passed_over) = if manifest.folder == id.as_str() { (manifest, other) } else { (other, manifest) };
    warnings.push(Warning::new(passed_over.folder, format!("has the packageId of the folder {}", kept.folder)));
    found.insert(id, kept);
}
