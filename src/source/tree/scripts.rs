//! A package's Lua files.

use serde::Serialize;

use super::layout::Manifest;
use super::{PackageTree, Part};
use crate::json::{self, Fields};
use crate::model::{Warning, Warnings};

/// Files that are looked for where a package has no script manifest.
const CONVENTIONAL: [&str; 6] = ["init.lua", "handlers.lua", "validators.lua", "utils.lua", "state.lua", "actions.lua"];

/// Most bytes of Lua that one package is loaded with; a manifest may name the same file again and again.
const MAX_TOTAL_BYTES: usize = 32 * 1024 * 1024;

/// Most characters of a name that a warning repeats.
const MAX_SHOWN: usize = 100;

/// The category of files found by their names alone.
const AUTO_DISCOVERED: &str = "auto-discovered";

/// One Lua file, as callers get it.
#[derive(Debug, Serialize)]
pub(super) struct ScriptFile {
    name: String,
    path: String,
    code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

/// The files that the script manifest names, in its order; the conventional ones where there is no usable manifest.
pub(super) fn read(packages: &impl PackageTree, manifest: &Manifest, warnings: &mut Warnings) -> Vec<ScriptFile> {
    let path = manifest.layout.content(&manifest.folder, "scripts/manifest.json");
    let declared = packages.json_text(&path).and_then(|text| {
        let scripts = Fields::parse(&text)?;
        let elements = scripts.get("scripts").and_then(json::elements).ok_or("has no scripts array")?;
        Ok(elements.into_iter().map(ToOwned::to_owned).collect::<Vec<_>>())
    });
    match declared {
        Part::Here(elements) => {
            let (mut files, mut total) = (Vec::new(), 0);
            for (position, element) in elements.iter().enumerate() {
                let place = format!("{path} scripts[{position}]");
                match Fields::parse(element.get()).and_then(|fields| named(packages, manifest, &fields)) {
                    Ok(file) if total + file.code.len() > MAX_TOTAL_BYTES => {
                        warnings.push(Warning::new(place, "and what follows exceeds 32 MiB of scripts in one package"));
                        break;
                    }
                    Ok(file) => {
                        total += file.code.len();
                        files.push(file);
                    }
                    Err(reason) => warnings.push(Warning::new(place, reason)),
                }
            }
            files
        }
        Part::Absent => conventional(packages, manifest, warnings),
        Part::Faulty(reason) => {
            warnings.push(Warning::new(path, reason));
            conventional(packages, manifest, warnings)
        }
    }
}

/// A file that the script manifest names under `file`, or, as some real packages do, under `path`.
fn named(packages: &impl PackageTree, manifest: &Manifest, fields: &Fields) -> Result<ScriptFile, String> {
    let text = |key: &str| fields.get(key).and_then(json::string);
    let file = text("file").or_else(|| text("path")).ok_or("names no file")?;
    if !stays_below(&file) {
        return Err(format!("names {}, which is no path below scripts", shown(&file)));
    }
    let path = format!("scripts/{file}");
    match packages.script(&manifest.layout.content(&manifest.folder, &path)) {
        Part::Here(code) => {
            let name = text("name").unwrap_or_else(|| file.clone());
            Ok(ScriptFile { name, path, code, category: text("category"), description: text("description") })
        }
        Part::Absent => Err(format!("names {}, which is not there", shown(&file))),
        Part::Faulty(reason) => Err(format!("names {}, which {reason}", shown(&file))),
    }
}

fn conventional(packages: &impl PackageTree, manifest: &Manifest, warnings: &mut Warnings) -> Vec<ScriptFile> {
    let mut found = Vec::new();
    for file in CONVENTIONAL {
        let path = format!("scripts/{file}");
        let full = manifest.layout.content(&manifest.folder, &path);
        match packages.script(&full) {
            Part::Here(code) => found.push(ScriptFile {
                name: file.trim_end_matches(".lua").to_owned(),
                path,
                code,
                category: Some(AUTO_DISCOVERED.to_owned()),
                description: None,
            }),
            Part::Absent => {}
            Part::Faulty(reason) => warnings.push(Warning::new(full, reason)),
        }
    }
    found
}

/// A name from a manifest, for a warning.
fn shown(name: &str) -> String {
    match name.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{:?}…", &name[..end]),
        None => format!("{name:?}"),
    }
}

/// Whether a path goes down only: no root, no drive, no way up.
fn stays_below(file: &str) -> bool {
    !file.is_empty()
        && !file.contains(['\\', '\0', ':'])
        && file.split('/').all(|name| !name.is_empty() && name != "." && name != "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_that_go_down_are_followed() {
        for file in ["init.lua", "layout/main.lua"] {
            assert!(stays_below(file), "{file}");
        }
        for file in ["", "/etc/passwd", "../x.lua", "a/../../x", "a//b", "C:\\x", "./a", "a\0"] {
            assert!(!stays_below(file), "{file:?}");
        }
    }
}
