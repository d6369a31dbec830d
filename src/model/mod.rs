//! What packages are, whoever holds them: ids, versions, index entries, kinds of source.

mod checksum;
mod entry;
mod id;
mod kind;
mod level;
mod version;
mod warning;

pub use checksum::Checksum;
pub use entry::{EntryTexts, IndexEntry};
pub use id::PackageId;
pub use kind::SourceKind;
pub use version::Version;
pub use warning::{Warning, Warnings};
