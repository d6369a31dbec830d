//! The small file that says what is kept under a key.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::digest::Digest;
use crate::source::layer::Validator;

/// Largest record file, in bytes. Keys and validators that don't fit in are not kept.
pub(super) const MAX_RECORD_BYTES: u64 = 64 * 1024;

/// What is known of a copy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// By what its origin knows it again.
    pub validator: Option<Validator>,
    /// How long its origin says that it is fresh.
    pub max_age: Option<Duration>,
    /// When it was fetched or last confirmed, in milliseconds since 1970.
    pub fetched_at: f64,
}

/// What a record file says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    /// The key itself: the file's name is only its digest.
    pub(super) key: String,
    /// What is kept.
    pub(super) content: Digest,
    /// How many bytes that is.
    pub(super) size: u64,
    pub(super) record: Record,
}

/// The file's form: the entry, and the digest of its text.
#[derive(Serialize, Deserialize)]
struct Sealed<'a> {
    sha256: Digest,
    #[serde(borrow)]
    entry: &'a RawValue,
}

impl Entry {
    /// The file.
    pub(super) fn to_bytes(&self) -> serde_json::Result<Vec<u8>> {
        let entry = serde_json::value::to_raw_value(self)?;
        serde_json::to_vec(&Sealed { sha256: Digest::of(entry.get().as_bytes()), entry: &entry })
    }

    /// What the file says, where it is whole.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let sealed: Sealed<'_> = serde_json::from_slice(bytes).ok()?;
        let text = sealed.entry.get();
        if Digest::of(text.as_bytes()) == sealed.sha256 { serde_json::from_str(text).ok() } else { None }
    }
}
