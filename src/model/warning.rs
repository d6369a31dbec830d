//! What is wrong with a single package, file or entry, without failing the source that holds it.

/// Something malformed that was passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The file or folder (relative to the packages folder), or the place in an index.
    pub path: String,
    /// What is wrong, as a sentence without a final full stop.
    pub reason: String,
}

impl Warning {
    /// A warning about `path`.
    #[must_use]
    pub fn new(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { path: path.into(), reason: reason.into() }
    }
}
