//! Packages from a registry over HTTP.

mod client;
mod paging;
mod protocol;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use url::Url;

use crate::error::{Error, ErrorKind, Result};
use crate::source::layer::{StaleCache, StaleCell};
use crate::source::{BoxFuture, Fetched, LoadedPackage, SearchQuery, Source, SourceIndex};

use client::{Answer, Client};

/// How long a copy counts as fresh where nothing else is set.
const DEFAULT_EXPIRY_MS: u64 = 5 * 60 * 1000;

/// Most bytes of packages, of version lists and of search results that are kept, each.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// Longest id or version that a registry is asked for, in bytes.
const MAX_SEGMENT: usize = 1024;

/// A registry as a source.
pub struct RemoteSource {
    id: Arc<str>,
    client: Client,
    expiry_ms: AtomicU64,
    index: StaleCell<SourceIndex>,
    packages: StaleCache<Option<LoadedPackage>>,
    versions: StaleCache<Vec<String>>,
    searches: StaleCache<SourceIndex>,
}

impl RemoteSource {
    /// A source over the registry at `url`. Connects to nothing yet.
    ///
    /// # Errors
    /// `InvalidArgument` where `url` is no http(s) URL or the token can't stand in a header.
    pub fn new(id: &str, url: &str, token: Option<&str>) -> Result<Self> {
        Ok(Self {
            id: id.into(),
            client: Client::new(url, token)?,
            expiry_ms: AtomicU64::new(DEFAULT_EXPIRY_MS),
            index: StaleCell::default(),
            packages: StaleCache::new(CACHE_BYTES),
            versions: StaleCache::new(CACHE_BYTES),
            searches: StaleCache::new(CACHE_BYTES),
        })
    }

    /// How long a copy counts as fresh.
    pub fn set_expiry(&self, expiry: Duration) {
        self.expiry_ms.store(u64::try_from(expiry.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn expiry(&self) -> Duration {
        Duration::from_millis(self.expiry_ms.load(Ordering::Relaxed))
    }

    /// One page of what the registry finds.
    ///
    /// # Errors
    /// The registry's failure, where there is no old copy.
    pub async fn search(&self, query: &SearchQuery) -> Result<Fetched<SourceIndex>> {
        let url = self.search_url(query)?;
        self.searches
            .get(url.to_string(), self.expiry(), || async {
                match self.client.get(&url).await? {
                    Answer::Body(text) => {
                        let id = Arc::clone(&self.id);
                        parse(move || protocol::page(&text, 0).map(|page| page.into_index(id))).await
                    }
                    Answer::NotFound => Err(client::status_error(&url, 404)),
                }
            })
            .await
    }

    fn search_url(&self, query: &SearchQuery) -> Result<Url> {
        let mut url = self.client.url(&["packages", "search"])?;
        {
            let mut pairs = url.query_pairs_mut();
            pairs.append_pair("q", &query.text);
            if let Some(category) = &query.category {
                pairs.append_pair("category", category);
            }
            if let Some(level) = query.min_level {
                pairs.append_pair("minLevel", &level.to_string());
            }
            if let Some(page) = query.page {
                pairs.append_pair("page", &page.to_string());
            }
            if let Some(size) = query.page_size {
                pairs.append_pair("pageSize", &size.to_string());
            }
        }
        Ok(url)
    }

    /// A URL below `packages`; `None` where an id or version is none that a registry could have.
    fn package_url(&self, segments: &[&str]) -> Result<Option<Url>> {
        let is_askable = |segment: &&str| {
            !segment.is_empty()
                && segment.len() <= MAX_SEGMENT
                // URLs can't carry these as names, not even percent-encoded.
                && *segment != "."
                && *segment != ".."
                && !segment.chars().any(char::is_control)
        };
        if !segments.iter().all(is_askable) {
            return Ok(None);
        }
        self.client.url(&[&["packages"], segments].concat()).map(Some)
    }
}

impl Source for RemoteSource {
    fn fetch_index(&self) -> BoxFuture<'_, Result<Fetched<SourceIndex>>> {
        Box::pin(self.index.get(self.expiry(), || paging::all(&self.client, &self.id)))
    }

    fn load_package<'a>(
        &'a self,
        id: &'a str,
        version: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Fetched<Option<LoadedPackage>>>> {
        Box::pin(async move {
            let url = match version {
                Some(version) => self.package_url(&[id, "versions", version])?,
                None => self.package_url(&[id])?,
            };
            let Some(url) = url else { return Ok(nothing(None)) };
            self.packages
                .get(url.to_string(), self.expiry(), || async {
                    match self.client.get(&url).await? {
                        Answer::Body(text) => {
                            let (wanted, source) = (id.to_owned(), Arc::clone(&self.id));
                            parse(move || protocol::package(&text, &wanted, &source).map(Some)).await
                        }
                        Answer::NotFound => Ok(None),
                    }
                })
                .await
        })
    }

    fn versions<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Fetched<Vec<String>>>> {
        Box::pin(async move {
            let Some(url) = self.package_url(&[id, "versions"])? else { return Ok(nothing(Vec::new())) };
            self.versions
                .get(url.to_string(), self.expiry(), || async {
                    match self.client.get(&url).await? {
                        Answer::Body(text) => parse(move || protocol::versions(&text)).await,
                        Answer::NotFound => Ok(Vec::new()),
                    }
                })
                .await
        })
    }
}

/// What is known without asking.
fn nothing<T>(value: T) -> Fetched<T> {
    Fetched { value: Arc::new(value), fetched_at: 0.0, stale_because: None }
}

/// Reads an answer off the threads that serve connections: a large one takes milliseconds.
async fn parse<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(fault) => Err(Error::new(ErrorKind::Internal, format!("reading an answer ended early: {fault}"))),
    }
}
