//! What an origin answers, and what it says of keeping that.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// By what a copy's origin knows it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Validator {
    /// An entity tag.
    ETag(String),
    /// A time of last modification.
    LastModified(String),
    /// Those of the pages that it was put together from, each of so many elements.
    Pages {
        /// Elements on a page.
        size: usize,
        /// One for each page.
        of_each: Vec<Validator>,
    },
}

/// What a fetch gave.
#[derive(Debug)]
pub enum Reply<T> {
    /// A value.
    Value {
        /// The value.
        value: T,
        /// What its origin says of it.
        terms: Terms,
    },
    /// The copy is still current.
    NotModified {
        /// How long its origin says that it is fresh.
        max_age: Option<Duration>,
    },
}

/// What a value's origin says of keeping it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// By what to ask for it the next time.
    pub validator: Option<Validator>,
    /// How long it is fresh.
    pub max_age: Option<Duration>,
    /// Whether it may not be written to disk.
    pub no_store: bool,
}

impl<T> Reply<T> {
    /// A value of which its origin says nothing further.
    pub fn plain(value: T) -> Self {
        Self::Value { value, terms: Terms::default() }
    }
}
