//! JSON as text that stays text.
//!
//! What a package or a registry says is handed to JavaScript unchanged wherever this system has no opinion of it. So
//! values are checked here (encoding, syntax, depth) and kept as the text that they were: no number is rounded, no
//! field is lost, and nothing is built twice.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
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
    if depth(&text) > MAX_DEPTH {
        return Err(format!("is nested deeper than {MAX_DEPTH} levels"));
    }
    Ok(text)
}

/// How deep brackets outside strings nest.
#[must_use]
pub fn depth(text: &str) -> usize {
    let (mut deepest, mut depth, mut in_string, mut escaped) = (0usize, 0usize, false, false);
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
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
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
pub fn elements(raw: &RawValue) -> Option<Vec<&RawValue>> {
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

/// Whether a value is a string.
#[must_use]
pub fn is_string(raw: &RawValue) -> bool {
    raw.get().starts_with('"')
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
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        // Serialising a str can't fail: it is UTF-8 already.
        out.push_str(&serde_json::to_string(text).unwrap_or_default());
    }
}

/// Appends a field with a text to an object that is being written.
pub fn push_text_field(out: &mut String, key: &str, text: &str) {
    if !out.ends_with('{') {
        out.push(',');
    }
    push_string(out, key);
    out.push(':');
    push_string(out, text);
}

/// Objects of more fields than this look repeated ones up in a map.
const FEW_FIELDS: usize = 32;

/// A JSON object as its fields in order, each value still text. A field given twice has the last value, as in
/// JavaScript. Borrows from the text that it was read from: an index of ten thousand entries is read without copying it.
#[derive(Debug, Default)]
pub struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Fields<'a> {
    /// Reads an object.
    ///
    /// # Errors
    /// The reason: no valid JSON, or no object.
    pub fn parse(text: &'a str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| {
            if error.is_data() { "is not a JSON object".to_owned() } else { format!("is not valid JSON ({error})") }
        })
    }

    /// A field's value.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| *value)
    }

    /// The fields in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), *value))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for FieldsVisitor<'a> {
            type Value = Fields<'a>;
            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'a>, A::Error> {
                let mut fields = Vec::<(Cow<'a, str>, &'a RawValue)>::with_capacity(16);
                let mut places = HashMap::<Cow<'a, str>, usize>::new();
                while let Some((Key(key), value)) = map.next_entry::<Key<'a>, &'a RawValue>()? {
                    let before = if fields.len() < FEW_FIELDS {
                        fields.iter().position(|(name, _)| *name == key)
                    } else {
                        if places.is_empty() {
                            places.extend(fields.iter().enumerate().map(|(place, (name, _))| (name.clone(), place)));
                        }
                        places.get(&key).copied()
                    };
                    if let Some(place) = before {
                        fields[place].1 = value;
                        continue;
                    }
                    if !places.is_empty() {
                        places.insert(key.clone(), fields.len());
                    }
                    fields.push((key, value));
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(FieldsVisitor(PhantomData))
    }
}

/// A key, borrowed where the text holds it as it is.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for KeyVisitor<'a> {
            type Value = Key<'a>;
            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'a>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }
            fn visit_str<E>(self, key: &str) -> Result<Key<'a>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor(PhantomData))
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
        assert_eq!(depth(&text), 0);
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
    fn repeated_fields_are_found_among_many_too() {
        let many: Vec<String> = (0..100).map(|number| format!("\"f{number}\":{number}")).collect();
        let text = format!("{{{},\"f5\":0,\"f99\":0,\"\\u0066100\":0}}", many.join(","));
        let fields = Fields::parse(&text).unwrap();
        assert_eq!(fields.iter().count(), 101);
        assert_eq!(["f4", "f5", "f99", "f100"].map(|key| fields.get(key).unwrap().get()), ["4", "0", "0", "0"]);
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
