//! Where things lie in a cache directory.

use std::path::{Path, PathBuf};

use super::digest::Digest;

/// Everything of this form of the cache. Another form takes another name and leaves this one alone.
pub(super) const ROOT: &str = "v1";

/// What is being written, or thrown away.
pub(super) const DRAFTS: &str = "v1/tmp";

/// The folders of a partition.
pub(super) const RECORDS: &str = "records";
pub(super) const CONTENTS: &str = "contents";

/// One source's part of a cache directory.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Partition(Digest);

impl Partition {
    /// The partition of this name.
    pub(super) fn named(name: &str) -> Self {
        Self(Digest::of(name.as_bytes()))
    }

    /// The partition whose folder has this name.
    pub(super) fn of_folder(name: &str) -> Option<Self> {
        Digest::parse(name).map(Self)
    }

    /// Its folder.
    pub(super) fn folder(self) -> PathBuf {
        Path::new(ROOT).join(self.0.to_string())
    }

    /// Where the record of a key lies.
    pub(super) fn record(self, key: &str) -> PathBuf {
        self.folder().join(RECORDS).join(format!("{}.json", Digest::of(key.as_bytes())))
    }

    /// Where a content lies.
    pub(super) fn content(self, content: Digest) -> PathBuf {
        let name = content.to_string();
        self.folder().join(CONTENTS).join(&name[..2]).join(name)
    }
}
