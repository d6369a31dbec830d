//! JSON as text that stays text.
//!
//! What a package or a registry says is handed to JavaScript unchanged wherever this system has no opinion of it. So
//! values are checked here (encoding, syntax, depth) and kept as the text that they were: no number is rounded, no
//! field is lost, and nothing is built twice.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Deepest nesting of arrays and objects that is accepted. What is deeper is malformed, whoever sends it.
pub const MAX_DEPTH: usize = 128;

/// Decodes bytes as UTF-8 JSON text: drops a byte order mark and checks the depth, not yet the syntax.
///
/// # Errors
/// The reason, as words that can follow "the file".
pub fn decode(bytes: Vec<u8>) -> Result<String, String> {
    let mut text = String::from_utf8(bytes)
        .map_err(|error| format!("is not valid UTF-8 (at byte {})", error.utf8_error().valid_up_to()))?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    if is_too_deep(&text) {
        return Err(format!("is nested deeper than {MAX_DEPTH} levels"));
    }
    Ok(text)
}

/// Whether brackets outside strings nest deeper than [`MAX_DEPTH`].
fn is_too_deep(text: &str) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for byte in text.bytes() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// Checks that a text is one JSON value, and keeps it.
///
/// # Errors
/// The reason, with line and column.
pub fn value(text: &str) -> Result<Box<RawValue>, String> {
    serde_json::from_str(text).map_err(|error| format!("is not valid JSON ({error})"))
}

/// The elements of a JSON array; `None` where it is none.
#[must_use]
pub fn elements(raw: &RawValue) -> Option<Vec<Box<RawValue>>> {
    serde_json::from_str(raw.get()).ok()
}

/// A JSON string's text; `None` where it is no string (or holds a lone surrogate).
#[must_use]
pub fn string(raw: &RawValue) -> Option<String> {
    serde_json::from_str(raw.get()).ok()
}

/// A JSON number; `None` where it is none. One beyond the range of a double is infinite, as in JavaScript.
#[must_use]
pub fn number(raw: &RawValue) -> Option<f64> {
    let text = raw.get();
    if !text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Whether a value is an array.
#[must_use]
pub fn is_array(raw: &RawValue) -> bool {
    raw.get().starts_with('[')
}

/// Whether a value is an object.
#[must_use]
pub fn is_object(raw: &RawValue) -> bool {
    raw.get().starts_with('{')
}

/// Appends a text as a JSON string.
pub fn push_string(out: &mut String, text: &str) {
    // Serialising a str can't fail: it is UTF-8 already.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

/// A JSON object as its fields in order, each value still text. A field given twice has the last value, as in
/// JavaScript.
#[derive(Debug, Default)]
pub struct Fields(Vec<(String, Box<RawValue>)>);

impl Fields {
    /// Reads an object.
    ///
    /// # Errors
    /// The reason: no valid JSON, or no object.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| {
            if error.is_data() { "is not a JSON object".to_owned() } else { format!("is not valid JSON ({error})") }
        })
    }

    /// A field's value.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&RawValue> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| &**value)
    }

    /// A field's value, taken out.
    pub fn take(&mut self, key: &str) -> Option<Box<RawValue>> {
        let at = self.0.iter().position(|(name, _)| name == key)?;
        Some(self.0.remove(at).1)
    }

    /// The fields in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &RawValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), &**value))
    }
}

impl<'de> serde::Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields;
            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                // The map finds repeated keys without comparing each with all before it.
                let mut at = std::collections::HashMap::<String, usize>::new();
                let mut fields = Vec::<(String, Box<RawValue>)>::new();
                while let Some((key, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    if let Some(&index) = at.get(&key) {
                        fields[index].1 = value;
                    } else {
                        at.insert(key.clone(), fields.len());
                        fields.push((key, value));
                    }
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(FieldsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_dropped() {
        assert_eq!(decode(b"\xef\xbb\xbf{}".to_vec()).unwrap(), "{}");
    }

    #[test]
    fn brackets_inside_strings_are_not_depth() {
        let text = format!("\"{}\"", "[\\\"".repeat(500));
        assert!(!is_too_deep(&text));
    }

    #[test]
    fn nesting_is_accepted_up_to_the_bound_and_no_further() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(decode(nested(MAX_DEPTH).into_bytes()).is_ok());
        assert!(decode(nested(MAX_DEPTH + 1).into_bytes()).unwrap_err().contains("deeper"));
    }

    #[test]
    fn a_repeated_field_keeps_its_place_and_has_its_last_value() {
        let fields = Fields::parse(r#"{"a":1,"b":2,"a":3}"#).unwrap();
        let seen: Vec<_> = fields.iter().map(|(name, value)| (name, value.get())).collect();
        assert_eq!(seen, [("a", "3"), ("b", "2")]);
    }

    #[test]
    fn numbers_stay_as_they_were_written() {
        let fields = Fields::parse(r#"{"huge":1e400,"long":123456789012345678901234567890}"#).unwrap();
        assert_eq!(fields.get("huge").unwrap().get(), "1e400");
        assert_eq!(number(fields.get("huge").unwrap()), Some(f64::INFINITY));
        assert_eq!(fields.get("long").unwrap().get(), "123456789012345678901234567890");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[\\[\\]{}\",:0-9a-z\\\\ ]{0,60}") {
            if let Ok(text) = decode(text.into_bytes()) {
                drop((Fields::parse(&text), value(&text)));
            }
        }
    }

    #[test]
    fn an_array_is_no_object() {
        assert_eq!(Fields::parse("[]").unwrap_err(), "is not a JSON object");
    }
}
