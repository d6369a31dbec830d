//! The kinds of source.

/// What kind of source it is: `local-first` and `remote-first` decide by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// A folder.
    Local,
    /// A registry over HTTP.
    Remote,
    /// A Git repository.
    Git,
    /// A bucket.
    S3,
    /// A kind of the caller's own.
    Other,
}

impl From<&str> for SourceKind {
    fn from(name: &str) -> Self {
        match name {
            "local" => Self::Local,
            "remote" => Self::Remote,
            "git" => Self::Git,
            "s3" => Self::S3,
            _ => Self::Other,
        }
    }
}
