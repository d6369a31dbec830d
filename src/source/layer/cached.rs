//! A source made of an origin and the layers: what it gives is kept, shared, refreshed and verified.

use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::cache::StaleCache;
use super::disk::DiskCache;
use super::keep::{Ages, Keep};
use super::network::Network;
use super::question::Question;
use super::reply::{Reply, Validator};
use super::shelf::Shelf;
use super::stale::StaleCell;
use super::verify::{Known, in_index, in_versions, unlisted, verify};
use super::watch::{BreakerState, Subject};
use crate::error::{Error, ErrorKind, Result};
use crate::source::{BoxFuture, Fetched, LoadedPackage, PublishedVersion, SearchQuery, Source, SourceIndex};

/// Longest id or version that an origin is asked for, in bytes.
const MAX_NAME: usize = 1024;

/// Where packages come from, asked anew at each call. Every question names what is known already, so that the answer can
/// be that it is current.
pub trait Origin: Send + Sync + 'static {
    /// The id that its answers go under.
    fn id(&self) -> &Arc<str>;

    /// All its packages.
    fn index(&self, known: Option<Validator>) -> impl Future<Output = Result<Reply<SourceIndex>>> + Send;

    /// A whole package, in one version or as the origin serves it.
    fn package(
        &self,
        id: &str,
        version: Option<&str>,
        known: Option<Validator>,
    ) -> impl Future<Output = Result<Reply<Option<Arrived>>>> + Send;

    /// The versions of a package.
    fn versions(
        &self,
        id: &str,
        known: Option<Validator>,
    ) -> impl Future<Output = Result<Reply<Vec<PublishedVersion>>>> + Send;
}

/// An origin that can be searched.
pub trait Searchable: Origin {
    /// One page of what it finds.
    fn search(
        &self,
        query: &SearchQuery,
        known: Option<Validator>,
    ) -> impl Future<Output = Result<Reply<SourceIndex>>> + Send;
}

/// A package as it arrived.
#[derive(Debug)]
pub struct Arrived {
    /// The package.
    pub package: LoadedPackage,
    /// Its version.
    pub version: Box<str>,
    /// The bytes that a checksum is of, where the origin has any.
    pub body: Option<String>,
}

/// Where and how much is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheOptions {
    /// Most bytes of packages, lists of versions and searches that are kept in memory.
    pub max_bytes: u64,
    /// A folder that keeps the index, packages and lists of versions over a restart.
    pub directory: Option<PathBuf>,
    /// Most bytes of that folder.
    pub max_directory_bytes: u64,
    /// What tells this source's copies from those of others in the same folder.
    pub partition: String,
    /// Whether the network is never asked.
    pub is_offline: bool,
}

impl Default for CacheOptions {
    fn default() -> Self {
        Self {
            max_bytes: 64 * 1024 * 1024,
            directory: None,
            max_directory_bytes: 512 * 1024 * 1024,
            partition: String::new(),
            is_offline: false,
        }
    }
}

/// How a source is doing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Condition {
    /// When the copy of the index was fetched or last confirmed, in milliseconds since 1970, and how long from then on it is
    /// fresh where the caller says nothing else; `None` where there is no copy.
    pub index: Option<(f64, Duration)>,
    /// Whether requests are let through.
    pub breaker: BreakerState,
    /// Requests that were sent.
    pub requests: u64,
    /// Questions that a copy answered.
    pub hits: u64,
    /// Questions that had to wait for the origin.
    pub misses: u64,
}

/// An origin as a source.
pub struct Cached<O> {
    origin: Arc<O>,
    max_bytes: u64,
    memory: RwLock<Arc<Memory>>,
}

/// What is kept, until it is cleared.
struct Memory {
    keep: Keep,
    index: Arc<StaleCell<SourceIndex>>,
    packages: StaleCache<Option<LoadedPackage>>,
    versions: StaleCache<Vec<PublishedVersion>>,
    searches: StaleCache<SourceIndex>,
}

impl Memory {
    fn new(keep: Keep, max_bytes: u64) -> Self {
        // Packages are what is large and asked for again.
        let small = max_bytes / 8;
        Self {
            keep,
            index: Arc::default(),
            packages: StaleCache::new(max_bytes - 2 * small),
            versions: StaleCache::new(small),
            searches: StaleCache::new(small),
        }
    }

    /// Refuses a package that is not what is known of it. What is known may be older than the package: the origin is
    /// asked once more before its word counts against it.
    async fn verify<O: Origin>(&self, origin: &O, id: &str, arrived: Arrived) -> Result<LoadedPackage> {
        let Arrived { package, version, body } = arrived;
        let Some(body) = body else { return Ok(package) };
        let index = self.index.peek(&self.keep, &index_question()).await;
        let mut known = index.map_or(Known::Nothing, |index| in_index(&index, id, &version));
        if !matches!(known, Known::Checksum(_)) {
            let versions = self.versions.peek(&self.keep, &versions_question(id)).await;
            let listed = versions.map_or(Known::Nothing, |versions| in_versions(&versions, &version));
            known = if listed == Known::Nothing { known } else { listed };
        }
        let fault_is_of_absence = known == Known::OthersOnly;
        let (fault, body) = match known {
            Known::Nothing => return Ok(package),
            Known::OthersOnly => (unlisted(id, &version), body),
            Known::Checksum(checksum) => {
                let (owned_id, owned_version) = (id.to_owned(), version.clone());
                let verifying = blocking(move || {
                    let outcome = verify(&owned_id, &owned_version, &checksum, body.as_bytes());
                    Ok((outcome, body))
                });
                match verifying.await? {
                    (Ok(()), _) => return Ok(package),
                    (Err(fault), body) => (fault, body),
                }
            }
        };
        let Ok(Reply::Value { value: versions, .. }) = origin.versions(id, None).await else { return Err(fault) };
        match in_versions(&versions, &version) {
            Known::Checksum(checksum) => verify(id, &version, &checksum, body.as_bytes()).map(|()| package),
            // A registry without such a list has said nothing against a newer version.
            Known::Nothing if versions.is_empty() && fault_is_of_absence => Ok(package),
            Known::Nothing | Known::OthersOnly => Err(fault),
        }
    }
}

impl<O: Origin> Cached<O> {
    /// An origin that is asked over `network` and whose answers are kept.
    #[must_use]
    pub fn new(origin: O, network: Network, options: CacheOptions) -> Self {
        let CacheOptions { max_bytes, directory, max_directory_bytes, partition, is_offline } = options;
        let disk = directory.map(|directory| DiskCache::new(directory, &partition, max_directory_bytes));
        let shelf = Shelf::new(disk, Arc::clone(origin.id()), network.watch.clone());
        let memory = Memory::new(Keep::new(network, shelf, is_offline), max_bytes);
        Self { origin: Arc::new(origin), max_bytes, memory: RwLock::new(Arc::new(memory)) }
    }

    /// How old copies may be.
    pub fn set_ages(&self, ages: Ages) {
        self.memory().keep.set_ages(ages);
    }

    /// Forgets all that was fetched; offline, only what is in memory.
    pub fn clear(&self) {
        let mut memory = self.memory.write().unwrap_or_else(PoisonError::into_inner);
        *memory = Arc::new(Memory::new(memory.keep.cleared(), self.max_bytes));
    }

    /// All its packages, as they are now: waits for the refresh of a copy that is no longer fresh.
    ///
    /// # Errors
    /// As [`Source::fetch_index`].
    pub async fn renew_index(&self) -> Result<Fetched<SourceIndex>> {
        let (memory, origin) = (self.memory(), Arc::clone(&self.origin));
        let fetch = async move |known| origin.index(known).await;
        memory.index.renew(&memory.keep, index_question(), fetch).await
    }

    /// Until the refreshes are done that are under way now.
    pub fn idle(&self) -> impl Future<Output = ()> + Send + use<O> {
        self.memory().keep.background().idle()
    }

    /// How it is doing.
    pub fn condition(&self) -> Condition {
        let memory = self.memory();
        let network = memory.keep.network();
        let (requests, hits, misses) = network.tally.counts();
        Condition { index: memory.index.age(), breaker: network.breaker.state(), requests, hits, misses }
    }

    fn memory(&self) -> Arc<Memory> {
        Arc::clone(&self.memory.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<O: Searchable> Cached<O> {
    /// One page of what the origin finds.
    ///
    /// # Errors
    /// The origin's failure, where no old copy may answer.
    pub async fn search(&self, query: SearchQuery) -> Result<Fetched<SourceIndex>> {
        let (memory, origin) = (self.memory(), Arc::clone(&self.origin));
        let question = Question::new(Subject::Search, format!("{query:?}"));
        let fetch = async move |known| origin.search(&query, known).await;
        memory.searches.get(&memory.keep, question, fetch).await
    }
}

impl<O: Origin> Source for Cached<O> {
    fn fetch_index(&self) -> BoxFuture<'_, Result<Fetched<SourceIndex>>> {
        Box::pin(async move {
            let (memory, origin) = (self.memory(), Arc::clone(&self.origin));
            let question = index_question();
            let fetch = async move |known| origin.index(known).await;
            memory.index.get(&memory.keep, question, fetch).await
        })
    }

    fn load_package<'a>(
        &'a self,
        id: &'a str,
        version: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Fetched<Option<LoadedPackage>>>> {
        Box::pin(async move {
            if !is_name(id) || !version.is_none_or(is_name) {
                return Ok(nothing(None));
            }
            let (memory, origin) = (self.memory(), Arc::clone(&self.origin));
            let (id, version) = (id.to_owned(), version.map(str::to_owned));
            let question = package_question(&id, version.as_deref());
            let for_fetch = Arc::clone(&memory);
            let fetch = async move |known| {
                Ok(match origin.package(&id, version.as_deref(), known).await? {
                    Reply::Value { value: Some(arrived), terms } => {
                        let verified = for_fetch.verify(&*origin, &id, arrived).await?;
                        Reply::Value { value: Some(verified), terms }
                    }
                    Reply::Value { value: None, terms } => Reply::Value { value: None, terms },
                    Reply::NotModified { max_age } => Reply::NotModified { max_age },
                })
            };
            memory.packages.get(&memory.keep, question, fetch).await
        })
    }

    fn versions<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Fetched<Vec<PublishedVersion>>>> {
        Box::pin(async move {
            if !is_name(id) {
                return Ok(nothing(Vec::new()));
            }
            let (memory, origin, id) = (self.memory(), Arc::clone(&self.origin), id.to_owned());
            let question = versions_question(&id);
            let fetch = async move |known| origin.versions(&id, known).await;
            memory.versions.get(&memory.keep, question, fetch).await
        })
    }
}

fn index_question() -> Question {
    Question::new(Subject::Index, "index".to_owned())
}

fn package_question(id: &str, version: Option<&str>) -> Question {
    // Names hold no control characters.
    let key = match version {
        Some(version) => format!("package\n{id}\n{version}"),
        None => format!("package\n{id}"),
    };
    Question::new(Subject::Package { id: id.to_owned(), version: version.map(str::to_owned) }, key)
}

fn versions_question(id: &str) -> Question {
    Question::new(Subject::Versions(id.to_owned()), format!("versions\n{id}"))
}

/// Whether an origin could have something of that name.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_NAME
        // URLs can't carry these as names, not even percent-encoded.
        && name != "."
        && name != ".."
        && !name.chars().any(char::is_control)
}

/// What is known without asking.
fn nothing<T>(value: T) -> Fetched<T> {
    Fetched {
        value: Arc::new(value),
        revision: 0,
        fetched_at: 0.0,
        max_age: Duration::ZERO,
        stale_because: None,
        failure: 0,
    }
}

/// Work that takes milliseconds, off the threads that serve connections.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(fault) => Err(Error::new(ErrorKind::Internal, format!("verifying a package ended early: {fault}"))),
    }
}
