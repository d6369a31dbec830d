//! How packages lie in a tree of files, wherever the tree is.
//!
//! A source that has one says which folders are in it and what bytes a file has; which files make a package, what each
//! means and how large it may be is known here alone.

pub(in crate::source) mod catalogue;
pub(in crate::source) mod layout;
pub(in crate::source) mod package;
mod part;
mod scripts;

use serde_json::value::RawValue;

use crate::json;
use crate::model::Warnings;

pub use layout::is_manifest;
pub use part::Part;

/// The index file's name: it lies among the package folders and is none.
pub const INDEX_FILE: &str = "index.json";

/// Largest JSON file that is read, in bytes.
const MAX_JSON_BYTES: u64 = 16 * 1024 * 1024;

/// Largest script that is read, in bytes.
const MAX_SCRIPT_BYTES: u64 = 4 * 1024 * 1024;

/// A tree of files with package folders on top. Paths are relative to it, with `/` between names; none may lead out of
/// it, whatever ids, manifests and links say.
pub trait PackageTree {
    /// Names of the folders on top, in order, without [`INDEX_FILE`] and those that begin with a dot. What can't be
    /// listed is warned of.
    fn folders(&self, warnings: &mut Warnings) -> Vec<String>;

    /// A regular file's bytes. A larger one than `limit` bytes is faulty ([`Part::larger_than`]), and so is what is no
    /// regular file.
    fn bytes(&self, path: &str, limit: u64) -> Part<Vec<u8>>;

    /// A JSON file's text: decoded, not deeper than the bound, syntax not yet checked.
    fn json_text(&self, path: &str) -> Part<String> {
        self.bytes(path, MAX_JSON_BYTES).and_then(json::decode)
    }

    /// A JSON file's value.
    fn json(&self, path: &str) -> Part<Box<RawValue>> {
        self.json_text(path).and_then(|text| json::value(&text))
    }

    /// A script's text. What is not UTF-8 in it is replaced, since Lua files need not be.
    fn script(&self, path: &str) -> Part<String> {
        self.bytes(path, MAX_SCRIPT_BYTES).and_then(|bytes| Ok(String::from_utf8_lossy(&bytes).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::catalogue::Catalogue;
    use super::*;
    use crate::model::PackageId;

    /// A tree that is nowhere but in memory.
    struct InMemory(BTreeMap<&'static str, Vec<u8>>);

    impl InMemory {
        fn of<const COUNT: usize>(files: [(&'static str, &str); COUNT]) -> Self {
            Self(files.into_iter().map(|(path, text)| (path, text.into())).collect())
        }
    }

    impl PackageTree for InMemory {
        fn folders(&self, _: &mut Warnings) -> Vec<String> {
            let mut names: Vec<String> =
                self.0.keys().filter_map(|path| path.split_once('/')).map(|(name, _)| name.to_owned()).collect();
            names.dedup();
            names
        }

        fn bytes(&self, path: &str, limit: u64) -> Part<Vec<u8>> {
            match self.0.get(path) {
                Some(bytes) if bytes.len() as u64 > limit => Part::larger_than(limit),
                Some(bytes) => Part::Here(bytes.clone()),
                None => Part::Absent,
            }
        }
    }

    #[test]
    fn both_layouts_are_read_from_any_tree() {
        let tree = InMemory::of([
            ("a/package.json", r#"{"packageId":"a"}"#),
            ("b/seed/metadata.json", r#"{"packageId":"b"}"#),
        ]);
        let index = Catalogue::default().index(&tree, &"here".into());
        assert_eq!(index.entries.iter().map(|entry| entry.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn a_manifest_may_be_altered_before_it_is_assembled() {
        let tree = InMemory::of([("a/package.json", r#"{"packageId":"a","version":"1.0.0"}"#)]);
        let mut manifest = Catalogue::default().find(&tree, &PackageId::parse("a").unwrap()).unwrap();
        manifest.entry.set_text("version", "2.0.0");
        manifest.entry.set_text("revision", "abc");
        let loaded = package::assemble(&tree, &manifest, "here");
        let metadata = &serde_json::from_str::<serde_json::Value>(&loaded.text).unwrap()["metadata"];
        assert_eq!((&metadata["version"], &metadata["revision"]), (&"2.0.0".into(), &"abc".into()));
    }

    #[test]
    fn what_is_too_large_is_faulty() {
        let spaces = " ".repeat(16 * 1024 * 1024);
        let tree = InMemory::of([("just.json", &spaces), ("beyond.json", &format!("{spaces} "))]);
        assert!(matches!(tree.json_text("just.json"), Part::Here(_)));
        assert!(matches!(tree.json_text("beyond.json"), Part::Faulty(reason) if reason == "is larger than 16 MiB"));
        assert!(matches!(tree.script("just.json"), Part::Faulty(reason) if reason == "is larger than 4 MiB"));
    }

    #[test]
    fn a_script_need_not_be_utf_8() {
        let tree = InMemory([("a.lua", b"return \xff".to_vec())].into());
        assert!(matches!(tree.script("a.lua"), Part::Here(code) if code == "return \u{fffd}"));
    }
}
