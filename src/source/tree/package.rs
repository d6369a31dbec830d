//! Putting a whole package together.

use serde_json::value::RawValue;

use super::layout::Manifest;
use super::{PackageTree, Part, scripts};
use crate::json::{self, Fields};
use crate::model::{Warning, Warnings};
use crate::source::LoadedPackage;

/// Reads all parts and writes them as a `PackageData` object. A part that can't be read is left out, with a warning.
pub(in crate::source) fn assemble(packages: &impl PackageTree, manifest: &Manifest, source_id: &str) -> LoadedPackage {
    let mut warnings = Warnings::default();
    warnings.extend(manifest.warnings.iter().cloned());
    let mut text = String::from("{\"metadata\":");
    manifest.entry.write(source_id, &mut text);

    text.push_str(",\"components\":");
    text.push_str(components(packages, manifest, &mut warnings).as_deref().map_or("[]", RawValue::get));

    let script = manifest.layout.content(&manifest.folder, "scripts.lua");
    match packages.script(&script) {
        Part::Here(code) => {
            text.push_str(",\"scripts\":");
            json::push_string(&mut text, &code);
        }
        Part::Absent => {}
        Part::Faulty(reason) => warnings.push(Warning::new(script, reason)),
    }

    text.push_str(",\"scriptFiles\":");
    let files = scripts::read(packages, manifest, &mut warnings);
    // Serialising strings can't fail.
    text.push_str(&serde_json::to_string(&files).unwrap_or_else(|_| "[]".to_owned()));

    if let Some(examples) = examples(packages, manifest, &mut warnings) {
        text.push_str(",\"examples\":");
        text.push_str(examples.get());
    }
    text.push('}');
    LoadedPackage { text, warnings: warnings.into_list() }
}

/// The components' file, else those that stand in the manifest. The file holds an array, or an object with one.
fn components(packages: &impl PackageTree, manifest: &Manifest, warnings: &mut Warnings) -> Option<Box<RawValue>> {
    let path = manifest.layout.content(&manifest.folder, manifest.layout.components());
    let found = usable(packages.json(&path), &path, warnings).or_else(|| manifest.components.clone())?;
    let array = if json::is_array(&found) {
        Some(found)
    } else {
        Fields::parse(found.get())
            .ok()
            .and_then(|fields| fields.get("components"))
            .filter(|inner| json::is_array(inner))
            .map(ToOwned::to_owned)
    };
    if array.is_none() {
        warnings.push(Warning::new(path, "holds no array of components"));
    }
    array
}

/// The examples' file, else those that stand in the manifest.
fn examples(packages: &impl PackageTree, manifest: &Manifest, warnings: &mut Warnings) -> Option<Box<RawValue>> {
    let path = format!("{}/static_content/examples.json", manifest.folder);
    let found = usable(packages.json(&path), &path, warnings).or_else(|| manifest.examples.clone())?;
    if json::is_object(&found) {
        return Some(found);
    }
    warnings.push(Warning::new(path, "holds no object"));
    None
}

/// A part of a package: its JSON, absent, or there but unusable (which becomes a warning).
fn usable(part: Part<Box<RawValue>>, path: &str, warnings: &mut Warnings) -> Option<Box<RawValue>> {
    match part {
        Part::Here(value) => Some(value),
        Part::Absent => None,
        Part::Faulty(reason) => {
            warnings.push(Warning::new(path, reason));
            None
        }
    }
}
