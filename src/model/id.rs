//! Package ids.

use std::fmt;
use std::sync::Arc;

/// Longest id, in bytes: npm's bound for names.
const MAX_LENGTH: usize = 214;

/// A package's id. Never a path: no separators, no drive letters, no control characters, neither `.` nor `..`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PackageId(Arc<str>);

impl PackageId {
    /// Checks an id.
    ///
    /// # Errors
    /// What is wrong, as words that can follow "the id".
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("is empty");
        }
        if text.len() > MAX_LENGTH {
            return Err("is longer than 214 bytes");
        }
        if text == "." || text == ".." {
            return Err("is a path");
        }
        for character in text.chars() {
            match character {
                '/' | '\\' | ':' => return Err("holds a path separator"),
                _ if character.is_control() => return Err("holds a control character"),
                _ => {}
            }
        }
        Ok(Self(text.into()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PackageId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_ids_are_accepted() {
        for id in ["dashboard", "ui_level6", "a", "__proto__", "constructor", "ä-1.2", "..."] {
            assert_eq!(PackageId::parse(id).unwrap().as_str(), id);
        }
    }

    #[test]
    fn paths_are_refused() {
        for id in ["", ".", "..", "../x", "a/b", "a\\b", "/etc", "C:", "C:x", "a\0b", "a\nb"] {
            assert!(PackageId::parse(id).is_err(), "{id:?}");
        }
        assert!(PackageId::parse(&"x".repeat(MAX_LENGTH + 1)).is_err());
    }
}
