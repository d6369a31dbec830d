//! Whether a package is what its source says of it elsewhere.

use crate::error::{Error, ErrorKind, Result};
use crate::model::Checksum;
use crate::source::{PublishedVersion, SourceIndex};

/// The checksum that an index gives for a package in this version.
pub(super) fn in_index(index: &SourceIndex, id: &str, version: &str) -> Option<String> {
    let entry = index.entries.iter().find(|entry| entry.id.as_str() == id && *entry.version == *version)?;
    entry.checksum().filter(|text| !text.trim().is_empty())
}

/// The checksum that a list of versions gives for this one.
pub(super) fn in_versions(versions: &[PublishedVersion], version: &str) -> Option<String> {
    let found = versions.iter().find(|one| one.version == version)?.checksum.as_deref()?;
    (!found.trim().is_empty()).then(|| found.to_owned())
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
        let versions = [PublishedVersion { version: "1.0.0".to_owned(), checksum: Some(OF_TEST.into()) }];
        assert_eq!(in_versions(&versions, "1.0.0").as_deref(), Some(OF_TEST));
        assert_eq!(in_versions(&versions, "1.0.1"), None);
        let blank = [PublishedVersion { version: "1.0.0".to_owned(), checksum: Some("".into()) }];
        assert_eq!(in_versions(&blank, "1.0.0"), None);
    }
}
