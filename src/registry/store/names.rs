//! Ids and versions as names of folders.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::answer::hex;

/// Longest name, in bytes: file systems take 255, and some tools less.
const MAX_LENGTH: usize = 120;

/// Names that Windows keeps for devices, whatever stands behind a dot.
const RESERVED: [&str; 4] = ["con", "prn", "aux", "nul"];

/// The folder's name for an id or a version: one for each, on every file system.
///
/// Lower-case ASCII letters, digits, `_`, `-`, `+` and inner dots stand for themselves. Every other byte is `%` and its two
/// hexadecimal digits, capitals too, since not all file systems tell case apart. A name that would be too long is
/// `%sha256-` and the digest of the text.
pub(super) fn folder_name(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut name = String::with_capacity(bytes.len());
    let is_device = is_device(text);
    for (at, byte) in bytes.iter().enumerate() {
        let is_outer = at == 0 || at + 1 == bytes.len();
        match byte {
            b'.' if !is_outer => name.push('.'),
            b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'+' if !(at == 0 && is_device) => name.push(char::from(*byte)),
            // Writing to a string can't fail.
            _ => write!(name, "%{byte:02x}").unwrap_or_default(),
        }
    }
    if name.len() > MAX_LENGTH { format!("%sha256-{}", hex(&Sha256::digest(bytes))) } else { name }
}

fn is_device(text: &str) -> bool {
    let stem = text.split('.').next().unwrap_or_default();
    let numbered = |name: &str| {
        stem.strip_prefix(name).is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    RESERVED.contains(&stem) || numbered("com") || numbered("lpt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_stay_readable() {
        for name in ["dashboard", "ui_level6", "1.2.0", "2.1.0-beta.1+build.7", "console", "com10"] {
            assert_eq!(folder_name(name), name);
        }
    }

    #[test]
    fn what_a_file_system_takes_amiss_is_written_otherwise() {
        for (text, name) in [
            (".", "%2e"),
            ("..", "%2e%2e"),
            (".x.", "%2ex%2e"),
            ("con", "%63on"),
            ("aux.js", "%61ux.js"),
            ("com1", "%63om1"),
            ("A", "%41"),
            ("a b", "a%20b"),
            ("ä", "%c3%a4"),
            ("%41", "%2541"),
            ("a/b", "a%2fb"),
        ] {
            assert_eq!(folder_name(text), name);
        }
    }

    #[test]
    fn long_names_are_short_and_still_their_own() {
        let long: Vec<String> = ["x", "y"].map(|letter| "z".repeat(500) + letter).into();
        let names: Vec<String> = long.iter().map(|text| folder_name(text)).collect();
        assert!(names.iter().all(|name| name.len() < MAX_LENGTH), "{names:?}");
        assert_ne!(names[0], names[1]);
    }

    proptest::proptest! {
        #[test]
        fn no_two_texts_share_a_name_even_where_case_does_not_count(one in "\\PC{0,12}", two in "[aA.%x]{1,4}") {
            for (left, right) in [(&one, &two), (&two, &one)] {
                if left != right {
                    proptest::prop_assert_ne!(folder_name(left).to_lowercase(), folder_name(right).to_lowercase());
                }
            }
        }
    }
}
