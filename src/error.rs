//! The one error type of the core, with the stable codes that callers see.

use std::sync::Arc;

/// What kind of failure it was. Each kind has one stable code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// An argument has the wrong type or is out of range.
    InvalidArgument,
    /// There is no packages folder where one was looked for.
    NoPackages,
    /// A file or folder could not be read.
    Read,
    /// A file is there but is not what it should be.
    Malformed,
    /// Something is larger than its bound.
    TooLarge,
    /// A registry could not be reached, or the connection broke.
    Network,
    /// A registry answered with a failure status.
    Http,
    /// A registry's answer is not in the protocol's form.
    Protocol,
    /// A redirect that is not followed: too many, in a circle, or from https to http.
    Redirect,
    /// A registry's certificate is not to be trusted, or no secure connection can be agreed on.
    Tls,
    /// What arrived is not what its checksum says.
    Integrity,
    /// It is not kept here, and the network is not to be asked.
    Offline,
    /// The source has failed so often in a row that it is left alone for a while.
    BreakerOpen,
    /// The caller's function that gives the token failed.
    Credentials,
    /// Something took longer than its bound.
    Timeout,
    /// A cache directory can't be used.
    Cache,
    /// There is no Git repository where one was looked for, or none that may be seen.
    NoRepository,
    /// A repository doesn't have that branch, tag or commit.
    NoRef,
    /// The ssh program is missing, or refuses the connection.
    Ssh,
    /// Somebody else is busy with the same clone for too long.
    Locked,
    /// A package that can't be published as it is.
    InvalidPackage,
    /// A version that was published with other bytes.
    Conflict,
    /// A registry's store can't be used.
    Store,
    /// A fault of this package itself.
    Internal,
}

impl ErrorKind {
    /// The code that callers match on. Never changes for a kind.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::InvalidArgument => "EINVALIDARG",
            Self::NoPackages => "ENOPACKAGES",
            Self::Read => "EREAD",
            Self::Malformed => "EMALFORMED",
            Self::TooLarge => "ETOOLARGE",
            Self::Network => "ENETWORK",
            Self::Http => "EHTTP",
            Self::Protocol => "EPROTOCOL",
            Self::Redirect => "EREDIRECT",
            Self::Tls => "ETLS",
            Self::Integrity => "EINTEGRITY",
            Self::Offline => "EOFFLINE",
            Self::BreakerOpen => "EBREAKEROPEN",
            Self::Credentials => "ECREDENTIALS",
            Self::Timeout => "ETIMEOUT",
            Self::Cache => "ECACHE",
            Self::NoRepository => "ENOREPOSITORY",
            Self::NoRef => "ENOREF",
            Self::Ssh => "ESSH",
            Self::Locked => "ELOCKED",
            Self::InvalidPackage => "EINVALIDPACKAGE",
            Self::Conflict => "ECONFLICT",
            Self::Store => "ESTORE",
            Self::Internal => "EINTERNAL",
        }
    }
}

/// A failure: its kind, what was wrong, where, and what to do. Cheap to clone, so that callers who share a fetch share
/// its failure too. Never holds a secret.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: ErrorKind,
    message: Arc<str>,
}

impl Error {
    /// A failure of this kind, told in a sentence without a final full stop.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<Arc<str>>) -> Self {
        Self { kind, message: message.into() }
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// The sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// The core's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;
