//! Sources: where packages come from.
//!
//! A source answers "not found" and "the old copy, because it fails" as responses, not as errors. What it returns is JSON
//! text ready for JavaScript, beside the few values that this system decides by.

pub mod git;
pub mod http;
pub mod layer;
pub mod local;
pub mod remote;
pub mod tree;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::error::{Error, Result};
use crate::model::{IndexEntry, Warning};

/// A future that can be polled on any thread.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// All packages of one source, as it gave them.
#[derive(Debug)]
pub struct SourceIndex {
    /// The id that entries carry as `sourceId`.
    pub source_id: Arc<str>,
    /// The entries in the source's order.
    pub entries: Vec<IndexEntry>,
    /// What was passed over or mended.
    pub warnings: Vec<Warning>,
}

/// A whole package as the text of a `PackageData` object.
#[derive(Debug)]
pub struct LoadedPackage {
    /// JSON text.
    pub text: String,
    /// Parts that were passed over.
    pub warnings: Vec<Warning>,
}

/// A version that a source has of a package.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PublishedVersion {
    /// The version.
    pub version: String,
    /// The checksum that the source gives for it.
    pub checksum: Option<Box<str>>,
}

/// What a source gave, and how old it is.
#[derive(Clone, Debug)]
pub struct Fetched<T> {
    /// The value; shared, so that callers who share a fetch share its result.
    pub value: Arc<T>,
    /// The same for the same value, however often it was confirmed since.
    pub revision: u64,
    /// When it was fetched or last confirmed, in milliseconds since 1970.
    pub fetched_at: f64,
    /// How long from then on it is fresh, where the caller says nothing else.
    pub max_age: Duration,
    /// Why it is an old copy: the failure of the latest fetch. `None` where it is current.
    pub stale_because: Option<Error>,
    /// Counts the failures of this process, so that each is reported once, however many answers it marks.
    pub failure: u64,
}

/// One page of what a registry's search found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchQuery {
    /// The words.
    pub text: String,
    /// Only this category.
    pub category: Option<String>,
    /// Only this level.
    pub min_level: Option<f64>,
    /// 1 or more.
    pub page: Option<u32>,
    /// 1 to 1000.
    pub page_size: Option<u32>,
}

/// A place that packages come from.
pub trait Source: Send + Sync {
    /// All its packages.
    fn fetch_index(&self) -> BoxFuture<'_, Result<Fetched<SourceIndex>>>;

    /// A whole package, in one version or as the source serves it; `None` where it doesn't have it.
    fn load_package<'a>(
        &'a self,
        id: &'a str,
        version: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Fetched<Option<LoadedPackage>>>>;

    /// The versions that it has of a package.
    fn versions<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Fetched<Vec<PublishedVersion>>>>;
}

/// The time, in milliseconds since 1970.
fn now_in_ms() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1000.0
}
