//! Whether a package is what its source says of it elsewhere.

use crate::error::{Error, ErrorKind, Result};
use crate::model::Checksum;
use crate::source::{PublishedVersion, SourceIndex};

/// What a source says elsewhere of a version of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Its checksum.
    Checksum(String),
    /// It doesn't list it, though it gives checksums for other versions.
    OthersOnly,
    /// Nothing that could be held against it.
    Nothing,
}

/// What an index says of a package in this version.
pub(super) fn in_index(index: &SourceIndex, id: &str, version: &str) -> Known {
    let of_id = index.entries.iter().filter(|entry| entry.id.as_str() == id);
    known(of_id.map(|entry| (&*entry.version, entry.checksum())), version)
}

/// What a list of versions says of this one.
pub(super) fn in_versions(versions: &[PublishedVersion], version: &str) -> Known {
    known(versions.iter().map(|one| (&*one.version, one.checksum.as_deref().map(str::to_owned))), version)
}

fn known<'a>(listed: impl Iterator<Item = (&'a str, Option<String>)>, version: &str) -> Known {
    let mut has_checksums = false;
    for (listed, checksum) in listed {
        let checksum = checksum.filter(|checksum| !checksum.trim().is_empty());
        if listed == version {
            return checksum.map_or(Known::Nothing, Known::Checksum);
        }
        has_checksums |= checksum.is_some();
    }
    if has_checksums { Known::OthersOnly } else { Known::Nothing }
}

/// The failure of a version that its source doesn't list.
pub(super) fn unlisted(id: &str, version: &str) -> Error {
    let message = format!("package {id} arrived in version {version:?}, which its source does not list");
    Error::new(ErrorKind::Integrity, message)
}

/// Whether the bytes are those that the checksum was made of.
///
/// # Errors
/// `Integrity` where they are not, or the checksum is none that can be verified.
pub(super) fn verify(id: &str, version: &str, checksum: &str, bytes: &[u8]) -> Result<()> {
    let fault = |reason: String| Error::new(ErrorKind::Integrity, format!("package {id} {version} {reason}"));
    match Checksum::parse(checksum) {
        Ok(None) => Ok(()),
        Ok(Some(wanted)) if wanted.matches(bytes) => Ok(()),
        Ok(Some(wanted)) => {
            Err(fault(format!("arrived as {}, but its checksum is {wanted}", wanted.like_this_of(bytes))))
        }
        Err(reason) => Err(fault(format!("can't be verified, for its checksum {reason}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF_TEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    #[test]
    fn other_bytes_are_a_fault_that_names_both_digests() {
        assert!(verify("a", "1.0.0", OF_TEST, b"test").is_ok());
        let error = verify("a", "1.0.0", OF_TEST, b"tost").unwrap_err();
        assert_eq!(error.code(), "EINTEGRITY");
        assert!(error.message().contains(OF_TEST) && error.message().contains("a 1.0.0"), "{error}");
    }

    #[test]
    fn a_checksum_that_can_not_be_verified_is_a_fault() {
        assert_eq!(verify("a", "1.0.0", "abc", b"test").unwrap_err().code(), "EINTEGRITY");
    }

    #[test]
    fn only_a_checksum_of_the_same_version_counts() {
        let listed =
            |checksum: &str| [PublishedVersion { version: "1.0.0".to_owned(), checksum: Some(checksum.into()) }];
        assert_eq!(in_versions(&listed(OF_TEST), "1.0.0"), Known::Checksum(OF_TEST.to_owned()));
        assert_eq!(in_versions(&listed(OF_TEST), "1.0.1"), Known::OthersOnly);
        assert_eq!(in_versions(&listed(" "), "1.0.0"), Known::Nothing);
        assert_eq!(in_versions(&[], "1.0.0"), Known::Nothing);
    }
}
