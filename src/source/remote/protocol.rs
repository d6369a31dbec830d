//! What a registry's answers look like.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::json::{self, Fields};
use crate::model::{IndexEntry, Warning, Warnings};
use crate::source::{LoadedPackage, PublishedVersion, SourceIndex};

/// Most elements of an index.
const MAX_ENTRIES: usize = 1_000_000;

/// Most bytes of an index, all pages together.
const MAX_BYTES: usize = 256 * 1024 * 1024;

/// One page of an index or of search results.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) entries: Vec<IndexEntry>,
    pub(super) warnings: Warnings,
    /// Elements received, also those that are no entries.
    pub(super) received: usize,
    /// Bytes received.
    pub(super) bytes: usize,
    /// `totalCount`.
    pub(super) total: Option<usize>,
    /// `page`.
    pub(super) number: Option<usize>,
    /// `pageSize`, where it is 1 or more.
    pub(super) size: Option<usize>,
}

impl Page {
    /// Whether more pages are to be had: by the total where there is one, else by how full the page is.
    pub(super) fn has_more(&self) -> bool {
        match (self.total, self.size) {
            (_, None) => false,
            (Some(total), _) => self.received < total && self.received > 0,
            (None, Some(size)) => self.received >= size,
        }
    }

    /// Appends the next page; whether more are to be had.
    pub(super) fn join(&mut self, next: Self) -> bool {
        let was_full = next.size.is_none_or(|size| next.received >= size);
        self.received += next.received;
        self.bytes += next.bytes;
        self.total = next.total.or(self.total);
        self.entries.extend(next.entries);
        self.warnings.join(next.warnings);
        self.total.map_or(was_full, |total| self.received < total)
    }

    /// The pages so far, unless they are too many or too large.
    pub(super) fn bounded(self) -> Result<Self> {
        if self.received > MAX_ENTRIES {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!("the registry lists more than {MAX_ENTRIES} packages"),
            ));
        }
        if self.bytes > MAX_BYTES {
            let mib = MAX_BYTES / 1024 / 1024;
            return Err(Error::new(ErrorKind::TooLarge, format!("the registry's index has more than {mib} MiB")));
        }
        Ok(self)
    }

    pub(super) fn into_index(self, source_id: Arc<str>) -> SourceIndex {
        SourceIndex { source_id, entries: self.entries, warnings: self.warnings.into_list() }
    }
}

/// Reads `{ packages, totalCount, page, pageSize }`. Elements that are no entries become warnings, which count from
/// `offset`, the elements on the pages before.
pub(super) fn page(text: &str, offset: usize) -> Result<Page> {
    let fields = Fields::parse(text).map_err(|reason| protocol_error(&format!("the registry's index {reason}")))?;
    let elements = fields
        .get("packages")
        .and_then(json::elements)
        .ok_or_else(|| protocol_error("the registry's index has no packages array"))?;
    let count = |key: &str| fields.get(key).and_then(json::number).and_then(whole);
    let mut page = Page {
        received: elements.len(),
        bytes: text.len(),
        total: count("totalCount"),
        number: count("page"),
        size: count("pageSize").filter(|size| *size > 0),
        ..Page::default()
    };
    if let (Some(total), None) = (page.total, page.size)
        && offset == 0
        && total > page.received
    {
        let reason = format!("says {total}, but {} came and no pageSize to ask for more", page.received);
        page.warnings.push(Warning::new("totalCount", reason));
    }
    for (position, element) in elements.iter().enumerate() {
        let place = || format!("packages[{}]", offset + position);
        match Fields::parse(element.get()).and_then(|fields| IndexEntry::from_fields(&fields)) {
            Ok((entry, faults)) => {
                page.warnings.extend(faults.into_iter().map(|fault| Warning::new(place(), fault)));
                page.entries.push(entry);
            }
            Err(reason) => page.warnings.push(Warning::new(place(), reason)),
        }
    }
    Ok(page)
}

/// Reads a `PackageData` object and its version, and checks that it is the package asked for. Further fields stay.
pub(super) fn package(
    text: &str,
    wanted: &str,
    version: Option<&str>,
    source_id: &str,
) -> Result<(LoadedPackage, Box<str>)> {
    let fault = |reason: &str| protocol_error(&format!("the registry's package {wanted} {reason}"));
    let fields = Fields::parse(text).map_err(|reason| fault(&reason))?;
    let metadata = fields.get("metadata").ok_or_else(|| fault("has no metadata"))?;
    let metadata = Fields::parse(metadata.get()).map_err(|reason| fault(&format!("has metadata that {reason}")))?;
    let (entry, faults) =
        IndexEntry::from_fields(&metadata).map_err(|reason| fault(&format!("has metadata that {reason}")))?;
    if entry.id.as_str() != wanted {
        return Err(fault(&format!("says that it is {}", entry.id)));
    }
    if let Some(version) = version.filter(|version| **version != *entry.version) {
        return Err(fault(&format!("was asked for in version {version}, and says that it is {:?}", entry.version)));
    }
    let mut warnings: Vec<_> = faults.into_iter().map(|fault| Warning::new(wanted, fault)).collect();
    let mut out = String::from("{\"metadata\":");
    entry.write(source_id, &mut out);
    for key in ["components", "scriptFiles"] {
        out.push(',');
        json::push_string(&mut out, key);
        out.push(':');
        match fields.get(key) {
            Some(value) if json::is_array(value) => out.push_str(value.get()),
            found => {
                if found.is_some() {
                    warnings.push(Warning::new(wanted, format!("{key} is no array")));
                }
                out.push_str("[]");
            }
        }
    }
    for (key, value) in fields.iter() {
        if !matches!(key, "metadata" | "components" | "scriptFiles") {
            out.push(',');
            json::push_string(&mut out, key);
            out.push(':');
            out.push_str(value.get());
        }
    }
    out.push('}');
    Ok((LoadedPackage { text: out, warnings }, entry.version))
}

/// Reads `{ packageId, versions: [{ version, checksum, … }] }`.
pub(super) fn versions(text: &str) -> Result<Vec<PublishedVersion>> {
    let elements = Fields::parse(text)
        .ok()
        .and_then(|fields| fields.get("versions").and_then(json::elements))
        .ok_or_else(|| protocol_error("the registry's list of versions has no versions array"))?;
    let version = |element: &serde_json::value::RawValue| {
        let fields = Fields::parse(element.get()).ok()?;
        let text = |key: &str| fields.get(key).and_then(json::string);
        Some(PublishedVersion { version: text("version")?, checksum: text("checksum").map(Into::into) })
    };
    Ok(elements.iter().filter_map(|element| version(element)).collect())
}

/// A count: a whole number that is not negative. One beyond every bound is just very large.
fn whole(number: f64) -> Option<usize> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked; `as` saturates")]
    (number >= 0.0 && number.fract() == 0.0).then_some(number as usize)
}

fn protocol_error(message: &str) -> Error {
    Error::new(ErrorKind::Protocol, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_that_are_no_entries_are_passed_over() {
        let page = page(r#"{"packages":[{"packageId":"a"},5,{"name":"b"}]}"#, 2).unwrap();
        assert_eq!((page.entries.len(), page.received), (1, 3));
        assert_eq!(
            page.warnings.into_list().iter().map(|warning| warning.path.as_str()).collect::<Vec<_>>(),
            ["packages[3]", "packages[4]"]
        );
    }

    #[test]
    fn a_page_without_paging_fields_is_the_only_one() {
        assert!(!page(r#"{"packages":[{"packageId":"a"}]}"#, 0).unwrap().has_more());
    }

    #[test]
    fn a_total_that_nothing_can_be_asked_for_is_told() {
        let page = page(r#"{"packages":[],"totalCount":3}"#, 0).unwrap();
        assert_eq!(page.warnings.into_list()[0].path, "totalCount");
    }

    #[test]
    fn another_package_than_the_one_asked_for_is_refused() {
        assert_eq!(package(r#"{"metadata":{"packageId":"b"}}"#, "a", None, "here").unwrap_err().code(), "EPROTOCOL");
    }

    #[test]
    fn another_version_than_the_one_asked_for_is_refused() {
        let text = r#"{"metadata":{"packageId":"a","version":"1.0.1"}}"#;
        assert!(package(text, "a", Some("1.0.1"), "here").is_ok());
        assert_eq!(package(text, "a", Some("1.0.0"), "here").unwrap_err().code(), "EPROTOCOL");
    }

    #[test]
    fn further_fields_of_a_package_survive() {
        let (loaded, _) =
            package(r#"{"metadata":{"packageId":"a"},"examples":{},"signature":"s"}"#, "a", None, "here").unwrap();
        let value: serde_json::Value = serde_json::from_str(&loaded.text).unwrap();
        assert_eq!((&value["signature"], &value["components"]), (&serde_json::json!("s"), &serde_json::json!([])));
    }

    #[test]
    fn a_count_is_whole() {
        assert_eq!([whole(3.0), whole(-1.0), whole(1.5), whole(f64::NAN)], [Some(3), None, None, None]);
        assert_eq!(whole(f64::INFINITY), None);
    }
}
