//! A file of a package, or what is made of it.

/// A part of a package that may be there, absent, or there but unusable.
#[derive(Debug)]
pub enum Part<T> {
    /// It is there.
    Here(T),
    /// There is no such file.
    Absent,
    /// There is one, but it can't be used; why, as words that can follow "the file".
    Faulty(String),
}

impl<T> Part<T> {
    /// A part whose file has more bytes than `limit`.
    #[must_use]
    pub fn larger_than(limit: u64) -> Self {
        Self::Faulty(format!("is larger than {} MiB", limit / 1024 / 1024))
    }

    /// The part made of what is there; what fails makes it faulty.
    pub fn and_then<U>(self, make: impl FnOnce(T) -> Result<U, String>) -> Part<U> {
        match self {
            Self::Here(value) => make(value).map_or_else(Part::Faulty, Part::Here),
            Self::Absent => Part::Absent,
            Self::Faulty(reason) => Part::Faulty(reason),
        }
    }
}
