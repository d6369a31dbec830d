//! Index entries.

use serde_json::value::RawValue;

use super::PackageId;
use super::level::level_of;
use crate::json::{self, Fields};

/// One package in an index: what decides as values, and the whole entry as JSON text, so that fields that this system
/// knows nothing of reach the caller unchanged.
#[derive(Clone, Debug)]
pub struct IndexEntry {
    /// The package's id.
    pub id: PackageId,
    /// Its version; empty where there is none.
    pub version: Box<str>,
    /// The entry's JSON object up to, not including, `sourceId` and the closing brace.
    body: Box<str>,
}

/// What a person may look for in an entry.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EntryTexts {
    /// Display name.
    pub name: String,
    /// Empty where there is none.
    pub description: String,
    /// Empty where there is none.
    pub author: String,
    /// Empty where there is none.
    pub category: String,
    /// Lowest level that may open it.
    pub min_level: f64,
}

impl IndexEntry {
    /// Makes an entry of a manifest's, an index file's or a registry's object, and tells of fields that were mended.
    ///
    /// # Errors
    /// Why it is no entry, as a sentence: it has no id, or one that is none.
    pub fn from_fields(fields: &Fields<'_>) -> Result<(Self, Vec<String>), String> {
        let id = match fields.get("packageId").map(json::string) {
            Some(Some(text)) => PackageId::parse(&text).map_err(|reason| format!("packageId {reason}"))?,
            Some(None) => return Err("packageId is no string".to_owned()),
            None => return Err("has no packageId".to_owned()),
        };
        let version = fields.get("version").and_then(json::string).unwrap_or_default();
        let mut faults = Vec::new();
        let body = Normaliser { fields, faults: &mut faults }.body(&id);
        Ok((Self { id, version: version.into(), body: body.into() }, faults))
    }

    /// The texts, read anew from the entry: only a search needs them.
    #[must_use]
    pub fn texts(&self) -> EntryTexts {
        let object = format!("{}}}", self.body);
        // The body is an object that was read before.
        let fields = Fields::parse(&object).unwrap_or_default();
        let text = |key: &str| fields.get(key).and_then(json::string).unwrap_or_default();
        EntryTexts {
            name: text("name"),
            description: text("description"),
            author: text("author"),
            category: text("category"),
            min_level: level_of(fields.get("minLevel").and_then(json::number)),
        }
    }

    /// The checksum that the registry gives for the package, read anew from the entry.
    #[must_use]
    pub fn checksum(&self) -> Option<String> {
        let object = format!("{}}}", self.body);
        let fields = Fields::parse(&object).unwrap_or_default();
        fields.get("checksum").and_then(json::string)
    }

    /// The lowest level that may open it, read anew from the entry.
    #[must_use]
    pub fn min_level(&self) -> f64 {
        let object = format!("{}}}", self.body);
        let fields = Fields::parse(&object).unwrap_or_default();
        level_of(fields.get("minLevel").and_then(json::number))
    }

    /// Sets a field to a text: in the place of the one of that key, else behind all others, which stay as they are. Not
    /// for `packageId`, which [`Self::id`] gives, nor for `sourceId`, which is added where the entry is written.
    pub fn set_text(&mut self, key: &str, value: &str) {
        let object = format!("{}}}", self.body);
        // The body is an object that was read before.
        let fields = Fields::parse(&object).unwrap_or_default();
        let mut body = String::with_capacity(object.len() + key.len() + value.len() + 6);
        for (name, raw) in fields.iter() {
            if name == key {
                push_text(&mut body, key, value);
            } else {
                push_raw(&mut body, name, raw.get());
            }
        }
        if fields.get(key).is_none() {
            push_text(&mut body, key, value);
        }
        self.body = body.into();
        if key == "version" {
            self.version = value.into();
        }
    }

    /// Bytes that the entry takes, about.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.body.len() + self.version.len() + self.id.as_str().len() + 96
    }

    /// Appends the entry as a JSON object, without `sourceId`.
    pub fn write_bare(&self, out: &mut String) {
        out.push_str(&self.body);
        out.push('}');
    }

    /// Appends the entry as a JSON object with the checksum of its package, without `sourceId`.
    pub fn write_checked(&self, checksum: &str, out: &mut String) {
        out.push_str(&self.body);
        out.push_str(",\"checksum\":");
        json::push_string(out, checksum);
        out.push('}');
    }

    /// Appends the entry as a JSON object that is left open behind `sourceId`, for further fields.
    pub fn write_open(&self, source_id: &str, out: &mut String) {
        out.push_str(&self.body);
        out.push_str(",\"sourceId\":");
        json::push_string(out, source_id);
    }

    /// Appends the entry as a JSON object.
    pub fn write(&self, source_id: &str, out: &mut String) {
        self.write_open(source_id, out);
        out.push('}');
    }
}

/// Texts that every entry has; where one is missing it is empty, but the name is the id.
const TEXTS: [&str; 6] = ["packageId", "name", "version", "description", "author", "category"];

/// Turns an object's fields into an entry's: known fields get their types, all others stay as they are.
struct Normaliser<'a> {
    fields: &'a Fields<'a>,
    faults: &'a mut Vec<String>,
}

impl Normaliser<'_> {
    /// The object in the order of its fields, the known ones normalised where they stand, missing ones behind.
    fn body(&mut self, id: &PackageId) -> String {
        let mut out = String::with_capacity(384);
        for (key, raw) in self.fields.iter() {
            match key {
                "sourceId" => {}
                "dependencies" => self.push_dependencies(&mut out, raw),
                "dependencyRanges" if self.fields.get("dependencies").is_some_and(json::is_object) => {}
                "dependencyRanges" if !json::is_object(raw) => self.drop_field(key, raw, "an object"),
                "icon" | "checksum" if !json::is_string(raw) => self.drop_field(key, raw, "a string"),
                "minLevel" => push_level(&mut out, raw),
                _ if TEXTS.contains(&key) && !json::is_string(raw) => {
                    if raw.get() != "null" {
                        self.faults.push(format!("{key} is no string"));
                    }
                    push_missing_text(&mut out, key, id);
                }
                _ => push_raw(&mut out, key, raw.get()),
            }
        }
        for key in TEXTS {
            if self.fields.get(key).is_none() {
                push_missing_text(&mut out, key, id);
            }
        }
        if self.fields.get("dependencies").is_none() {
            push_raw(&mut out, "dependencies", "[]");
        }
        if self.fields.get("minLevel").is_none() {
            push_raw(&mut out, "minLevel", "1");
        }
        out
    }

    /// Leaves out a field whose type callers rely on; `null` is as good as missing.
    fn drop_field(&mut self, key: &str, raw: &RawValue, wanted: &str) {
        if raw.get() != "null" {
            self.faults.push(format!("{key} is not {wanted}"));
        }
    }

    /// Ids as an array; ranges, where the manifest has them, beside it.
    fn push_dependencies(&mut self, out: &mut String, raw: &RawValue) {
        if let Some(elements) = json::elements(raw) {
            if elements.iter().all(|element| json::is_string(element)) {
                push_raw(out, "dependencies", raw.get());
                return;
            }
            self.faults.push("dependencies holds what is no string".to_owned());
            let ids: Vec<String> = elements.iter().filter_map(|element| json::string(element)).collect();
            push_raw(out, "dependencies", &to_json(&ids));
        } else if let Ok(ranges) = Fields::parse(raw.get()) {
            let ids: Vec<&str> = ranges.iter().map(|(id, _)| id).collect();
            push_raw(out, "dependencies", &to_json(&ids));
            push_raw(out, "dependencyRanges", raw.get());
        } else {
            if raw.get() != "null" {
                self.faults.push("dependencies is neither an array nor an object".to_owned());
            }
            push_raw(out, "dependencies", "[]");
        }
    }
}

fn push_level(out: &mut String, raw: &RawValue) {
    let counts_as_written = json::number(raw).is_some_and(|level| level != 0.0);
    push_raw(out, "minLevel", if counts_as_written { raw.get() } else { "1" });
}

fn push_missing_text(out: &mut String, key: &str, id: &PackageId) {
    push_text(out, key, if key == "name" { id.as_str() } else { "" });
}

fn push_text(out: &mut String, key: &str, text: &str) {
    push_key(out, key);
    json::push_string(out, text);
}

fn push_raw(out: &mut String, key: &str, raw: &str) {
    push_key(out, key);
    out.push_str(raw);
}

fn push_key(out: &mut String, key: &str) {
    out.push(if out.is_empty() { '{' } else { ',' });
    json::push_string(out, key);
    out.push(':');
}

fn to_json<T: serde::Serialize>(ids: &[T]) -> String {
    // Serialising strings can't fail.
    serde_json::to_string(ids).unwrap_or_else(|_| "[]".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalised(text: &str) -> (serde_json::Value, Vec<String>) {
        let (entry, faults) = IndexEntry::from_fields(&Fields::parse(text).unwrap()).unwrap();
        let mut out = String::new();
        entry.write("here", &mut out);
        (serde_json::from_str(&out).unwrap(), faults)
    }

    #[test]
    fn a_bare_id_becomes_a_whole_entry() {
        let (entry, faults) = normalised(r#"{"packageId":"a"}"#);
        assert_eq!(
            entry,
            serde_json::json!({
                "packageId": "a", "name": "a", "version": "", "description": "", "author": "", "category": "",
                "dependencies": [], "minLevel": 1, "sourceId": "here"
            })
        );
        assert!(faults.is_empty());
    }

    #[test]
    fn unknown_fields_survive_as_written() {
        let (entry, _) = normalised(r#"{"packageId":"a","exports":{"x":[1,{"y":null}]},"sourceId":"elsewhere"}"#);
        assert_eq!(entry["exports"], serde_json::json!({"x": [1, {"y": null}]}));
        assert_eq!(entry["sourceId"], "here");
    }

    #[test]
    fn ranges_stand_beside_the_ids() {
        let (entry, _) = normalised(r#"{"packageId":"a","dependencies":{"b":"^1.0.0","__proto__":"*"}}"#);
        assert_eq!(entry["dependencies"], serde_json::json!(["b", "__proto__"]));
        assert_eq!(entry["dependencyRanges"]["b"], "^1.0.0");
    }

    #[test]
    fn ranges_of_an_entry_that_has_both_survive() {
        let (entry, _) = normalised(r#"{"packageId":"a","dependencies":["b"],"dependencyRanges":{"b":"^2"}}"#);
        assert_eq!(entry["dependencyRanges"]["b"], "^2");
    }

    #[test]
    fn texts_are_read_from_the_entry() {
        let fields = r#"{"packageId":"a","description":"x\u0041","author":null,"minLevel":3}"#;
        let (entry, _) = IndexEntry::from_fields(&Fields::parse(fields).unwrap()).unwrap();
        let expected =
            EntryTexts { name: "a".to_owned(), description: "xA".to_owned(), min_level: 3.0, ..EntryTexts::default() };
        assert_eq!(entry.texts(), expected);
    }

    #[test]
    fn levels_that_are_none_count_as_public() {
        for level in ["0", "null", "\"3\"", "[]", "-0"] {
            let (entry, _) = normalised(&format!(r#"{{"packageId":"a","minLevel":{level}}}"#));
            assert_eq!(entry["minLevel"], 1, "{level}");
        }
        assert_eq!(normalised(r#"{"packageId":"a","minLevel":6}"#).0["minLevel"], 6);
    }

    #[test]
    fn known_fields_of_the_wrong_type_are_left_out() {
        let (entry, faults) = normalised(r#"{"packageId":"a","icon":5,"checksum":null,"dependencyRanges":null}"#);
        assert_eq!(["icon", "checksum", "dependencyRanges"].map(|key| entry.get(key).is_none()), [true; 3]);
        assert_eq!(faults, ["icon is not a string"]);
    }

    #[test]
    fn mended_fields_are_told() {
        let (entry, faults) = normalised(r#"{"packageId":"a","name":5,"version":1,"dependencies":[1,"b"]}"#);
        assert_eq!(entry["name"], "a");
        assert_eq!(entry["dependencies"], serde_json::json!(["b"]));
        assert_eq!(faults, ["name is no string", "version is no string", "dependencies holds what is no string"]);
    }

    /// The entry of an object whose known fields are all there.
    fn whole(version: &str, further: &str) -> IndexEntry {
        let known = r#""name":"","description":"","author":"","category":"","dependencies":[],"minLevel":1"#;
        let text = format!(r#"{{"packageId":"a","version":"{version}",{known}{further}}}"#);
        IndexEntry::from_fields(&Fields::parse(&text).unwrap()).unwrap().0
    }

    fn written(entry: &IndexEntry) -> String {
        let mut out = String::new();
        entry.write_bare(&mut out);
        out
    }

    #[test]
    fn a_text_that_is_not_there_is_added_behind_the_others() {
        let mut entry = whole("1", r#","exports":{"x": [1e400]}"#);
        entry.set_text("revision", "abc");
        assert_eq!(written(&entry), written(&whole("1", r#","exports":{"x": [1e400]},"revision":"abc""#)));
        assert_eq!(&*entry.version, "1");
    }

    #[test]
    fn a_text_takes_the_place_of_what_was_there() {
        for before in [r#""old""#, "5", "null", r#"{"of":["many"]}"#] {
            let mut entry = whole("1", &format!(r#","revision":{before},"big":1e400"#));
            entry.set_text("revision", "abc");
            assert_eq!(written(&entry), written(&whole("1", r#","revision":"abc","big":1e400"#)), "{before}");
        }
    }

    #[test]
    fn a_text_set_twice_stands_there_once() {
        let mut entry = whole("1", "");
        entry.set_text("revision", "abc");
        entry.set_text("revision", "def");
        assert_eq!(written(&entry), written(&whole("1", r#","revision":"def""#)));
    }

    #[test]
    fn keys_and_texts_that_need_escaping_are_set_as_well() {
        let mut entry = whole("1", r#","\u0072evision":1,"\n":2,"a\"b":3"#);
        for (key, text) in [("revision", "\"}"), ("\n", "\u{1}"), ("a\"b", "c\\d"), ("\\", "ä")] {
            entry.set_text(key, text);
        }
        let further = r#","revision":"\"}","\n":"\u0001","a\"b":"c\\d","\\":"ä""#;
        assert_eq!(written(&entry), format!("{}{further}}}", written(&whole("1", "")).trim_end_matches('}')));
    }

    #[test]
    fn a_version_that_is_set_is_the_entrys_version() {
        for mut entry in [whole("1.0.0", r#","big":1e400"#), whole("", r#","big":1e400"#)] {
            entry.set_text("version", "2.0.0");
            assert_eq!(&*entry.version, "2.0.0");
            assert_eq!(written(&entry), written(&whole("2.0.0", r#","big":1e400"#)));
        }
    }

    #[test]
    fn what_has_no_id_is_no_entry() {
        for (text, reason) in
            [("{}", "has no packageId"), (r#"{"packageId":1}"#, "no string"), (r#"{"packageId":"../x"}"#, "separator")]
        {
            assert!(IndexEntry::from_fields(&Fields::parse(text).unwrap()).unwrap_err().contains(reason));
        }
    }
}
