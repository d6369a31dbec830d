//! Who wins where several sources have a package.

use crate::model::SourceKind;

/// The conflict strategies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConflictResolution {
    /// The lower priority number; a tie stays with the earlier.
    Priority,
    /// The higher version; a tie stays with the higher priority.
    LatestVersion,
    /// A local source; among equals priority decides.
    LocalFirst,
    /// A remote source; among equals priority decides.
    RemoteFirst,
}

impl ConflictResolution {
    /// Reads a strategy's name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "priority" => Some(Self::Priority),
            "latest-version" => Some(Self::LatestVersion),
            "local-first" => Some(Self::LocalFirst),
            "remote-first" => Some(Self::RemoteFirst),
            _ => None,
        }
    }

    /// The kind of source that this strategy prefers, if it goes by kind.
    #[must_use]
    pub fn preferred_kind(self) -> Option<SourceKind> {
        match self {
            Self::LocalFirst => Some(SourceKind::Local),
            Self::RemoteFirst => Some(SourceKind::Remote),
            Self::Priority | Self::LatestVersion => None,
        }
    }
}
