//! What sources give, as bytes for the disk cache.
//!
//! The first line is JSON and small; what follows, for a package, is the text as it is.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::shelf::Persist;
use crate::json::{self, Fields};
use crate::model::{IndexEntry, Warning};
use crate::source::{LoadedPackage, PublishedVersion, SourceIndex};

/// Bytes that are not of this form are another release's.
const FORM: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Head {
    form: u32,
    warnings: Vec<(String, String)>,
}

impl Head {
    fn write(warnings: &[Warning]) -> Option<Vec<u8>> {
        let warnings = warnings.iter().map(|warning| (warning.path.clone(), warning.reason.clone())).collect();
        let mut bytes = serde_json::to_vec(&Self { form: FORM, warnings }).ok()?;
        bytes.push(b'\n');
        Some(bytes)
    }

    /// The warnings and the text behind them.
    fn read(bytes: Vec<u8>) -> Option<(Vec<Warning>, String)> {
        let mut text = String::from_utf8(bytes).ok()?;
        let body = text.split_off(text.find('\n')? + 1);
        let Self { form, warnings } = serde_json::from_str(&text).ok()?;
        let warnings = warnings.into_iter().map(|(path, reason)| Warning::new(path, reason)).collect();
        (form == FORM).then_some((warnings, body))
    }
}

impl Persist for SourceIndex {
    fn to_bytes(&self) -> Option<Vec<u8>> {
        let mut body = String::from("{\"packages\":[");
        for (position, entry) in self.entries.iter().enumerate() {
            if position > 0 {
                body.push(',');
            }
            entry.write_bare(&mut body);
        }
        body.push_str("]}");
        let mut bytes = Head::write(&self.warnings)?;
        bytes.extend_from_slice(body.as_bytes());
        Some(bytes)
    }

    fn from_bytes(bytes: Vec<u8>, source_id: &Arc<str>) -> Option<Self> {
        let (warnings, body) = Head::read(bytes)?;
        let fields = Fields::parse(&body).ok()?;
        let elements = fields.get("packages").and_then(json::elements)?;
        let entry = |text: &str| IndexEntry::from_fields(&Fields::parse(text).ok()?).ok().map(|(entry, _)| entry);
        let entries = elements.iter().map(|element| entry(element.get())).collect::<Option<_>>()?;
        Some(Self { source_id: Arc::clone(source_id), entries, warnings })
    }
}

impl Persist for Option<LoadedPackage> {
    fn is_nothing(&self) -> bool {
        self.is_none()
    }

    fn to_bytes(&self) -> Option<Vec<u8>> {
        let package = self.as_ref()?;
        let mut bytes = Head::write(&package.warnings)?;
        bytes.extend_from_slice(package.text.as_bytes());
        Some(bytes)
    }

    fn from_bytes(bytes: Vec<u8>, _: &Arc<str>) -> Option<Self> {
        let (warnings, text) = Head::read(bytes)?;
        json::value(&text).ok()?;
        Some(Some(LoadedPackage { text, warnings }))
    }
}

impl Persist for Vec<PublishedVersion> {
    fn is_nothing(&self) -> bool {
        self.is_empty()
    }

    fn to_bytes(&self) -> Option<Vec<u8>> {
        if self.is_empty() {
            return None;
        }
        let mut bytes = Head::write(&[])?;
        bytes.extend(serde_json::to_vec(self).ok()?);
        Some(bytes)
    }

    fn from_bytes(bytes: Vec<u8>, _: &Arc<str>) -> Option<Self> {
        serde_json::from_str(&Head::read(bytes)?.1).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> Arc<str> {
        "here".into()
    }

    #[test]
    fn an_index_comes_back_as_it_was() {
        let text = r#"{"packageId":"a","dependencies":{"b":"^1"},"rating":1.50,"note":"line\nä","minLevel":0}"#;
        let (entry, _) = IndexEntry::from_fields(&Fields::parse(text).unwrap()).unwrap();
        let index = SourceIndex { source_id: id(), entries: vec![entry], warnings: vec![Warning::new("x\n", "is y")] };
        let back = SourceIndex::from_bytes(index.to_bytes().unwrap(), &id()).unwrap();
        let written = |index: &SourceIndex| {
            let mut out = String::new();
            index.entries[0].write(&index.source_id, &mut out);
            out
        };
        assert_eq!((written(&back), &back.warnings), (written(&index), &index.warnings));
        assert!(written(&back).contains("1.50"));
    }

    #[test]
    fn a_package_comes_back_as_it_was_and_nothing_is_not_kept() {
        let text = "{\"metadata\":{\n}}".to_owned();
        let package = Some(LoadedPackage { text: text.clone(), warnings: vec![Warning::new("p", "is q")] });
        let back = <Option<LoadedPackage>>::from_bytes(package.to_bytes().unwrap(), &id()).unwrap().unwrap();
        assert_eq!((back.text, back.warnings), (text, vec![Warning::new("p", "is q")]));
        assert_eq!(None::<LoadedPackage>.to_bytes(), None);
    }

    #[test]
    fn versions_come_back_as_they_were() {
        let versions = vec![PublishedVersion { version: "1.0.0".to_owned(), checksum: Some("ab".into()) }];
        assert_eq!(<Vec<PublishedVersion>>::from_bytes(versions.to_bytes().unwrap(), &id()), Some(versions));
    }

    #[test]
    fn what_is_of_another_form_is_nothing() {
        for bytes in ["", "{}", "{\"form\":1,\"warnings\":[]}", "{\"form\":2,\"warnings\":[]}\n{}", "\n", "x\ny"] {
            assert!(SourceIndex::from_bytes(bytes.into(), &id()).is_none(), "{bytes}");
            assert!(<Option<LoadedPackage>>::from_bytes(bytes.into(), &id()).is_none(), "{bytes}");
        }
        let broken = b"{\"form\":1,\"warnings\":[]}\n{".to_vec();
        assert!(<Option<LoadedPackage>>::from_bytes(broken, &id()).is_none());
    }
}
