//! Packages from a registry over HTTP.

mod client;
mod paging;
mod protocol;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use url::Url;

use crate::error::{Error, ErrorKind, Result};
use crate::source::layer::{Ages, Background, Reply, StaleCache, StaleCell, Validator};
use crate::source::{BoxFuture, Fetched, LoadedPackage, SearchQuery, Source, SourceIndex};

use client::{Answer, Body, Client};

/// Most bytes of packages, of version lists and of search results that are kept, each.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// Longest id or version that a registry is asked for, in bytes.
const MAX_SEGMENT: usize = 1024;

/// A registry as a source.
pub struct RemoteSource {
    registry: Arc<Registry>,
    ages: Mutex<Ages>,
    background: Arc<Background>,
    index: Arc<StaleCell<SourceIndex>>,
    packages: StaleCache<Option<LoadedPackage>>,
    versions: StaleCache<Vec<String>>,
    searches: StaleCache<SourceIndex>,
}

/// Who is asked, and under which id its answers go.
struct Registry {
    id: Arc<str>,
    client: Client,
}

impl RemoteSource {
    /// A source over the registry at `url`. Connects to nothing yet.
    ///
    /// # Errors
    /// `InvalidArgument` where `url` is no http(s) URL or the token can't stand in a header.
    pub fn new(id: &str, url: &str, token: Option<&str>) -> Result<Self> {
        Ok(Self {
            registry: Arc::new(Registry { id: id.into(), client: Client::new(url, token)? }),
            ages: Mutex::default(),
            background: Arc::default(),
            index: Arc::default(),
            packages: StaleCache::new(CACHE_BYTES),
            versions: StaleCache::new(CACHE_BYTES),
            searches: StaleCache::new(CACHE_BYTES),
        })
    }

    /// How old copies may be.
    pub fn set_ages(&self, ages: Ages) {
        *self.ages.lock().unwrap_or_else(PoisonError::into_inner) = ages;
    }

    fn ages(&self) -> Ages {
        *self.ages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until no refresh is under way.
    pub async fn idle(&self) {
        self.background.idle().await;
    }

    /// One page of what the registry finds.
    ///
    /// # Errors
    /// The registry's failure, where no old copy may answer.
    pub async fn search(&self, query: &SearchQuery) -> Result<Fetched<SourceIndex>> {
        let url = self.search_url(query)?;
        let (key, registry) = (url.to_string(), Arc::clone(&self.registry));
        let fetch =
            async move |validator: Option<Validator>| match registry.client.get(&url, validator.as_ref()).await? {
                Answer::Body(body) => {
                    let id = Arc::clone(&registry.id);
                    read(body, move |text| protocol::page(text, 0).map(|page| page.into_index(id))).await
                }
                Answer::NotModified { max_age } => Ok(Reply::NotModified { max_age }),
                Answer::NotFound => Err(client::status_error(&url, 404)),
            };
        self.searches.get(key, self.ages(), &self.background, fetch).await
    }

    fn search_url(&self, query: &SearchQuery) -> Result<Url> {
        let mut url = self.registry.client.url(&["packages", "search"])?;
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
        self.registry.client.url(&[&["packages"], segments].concat()).map(Some)
    }
}

impl Source for RemoteSource {
    fn fetch_index(&self) -> BoxFuture<'_, Result<Fetched<SourceIndex>>> {
        let registry = Arc::clone(&self.registry);
        let fetch = async move |validator: Option<Validator>| {
            paging::all(&registry.client, &registry.id, validator.as_ref()).await
        };
        Box::pin(self.index.get(self.ages(), &self.background, fetch))
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
            let (key, registry, wanted) = (url.to_string(), Arc::clone(&self.registry), id.to_owned());
            let fetch =
                async move |validator: Option<Validator>| match registry.client.get(&url, validator.as_ref()).await? {
                    Answer::Body(body) => {
                        let source = Arc::clone(&registry.id);
                        read(body, move |text| protocol::package(text, &wanted, &source).map(Some)).await
                    }
                    Answer::NotModified { max_age } => Ok(Reply::NotModified { max_age }),
                    Answer::NotFound => Ok(Reply::plain(None)),
                };
            self.packages.get(key, self.ages(), &self.background, fetch).await
        })
    }

    fn versions<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Fetched<Vec<String>>>> {
        Box::pin(async move {
            let Some(url) = self.package_url(&[id, "versions"])? else { return Ok(nothing(Vec::new())) };
            let (key, registry) = (url.to_string(), Arc::clone(&self.registry));
            let fetch =
                async move |validator: Option<Validator>| match registry.client.get(&url, validator.as_ref()).await? {
                    Answer::Body(body) => read(body, protocol::versions).await,
                    Answer::NotModified { max_age } => Ok(Reply::NotModified { max_age }),
                    Answer::NotFound => Ok(Reply::plain(Vec::new())),
                };
            self.versions.get(key, self.ages(), &self.background, fetch).await
        })
    }
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

/// An answer's value.
async fn read<T: Send + 'static>(
    body: Body,
    read: impl FnOnce(&str) -> Result<T> + Send + 'static,
) -> Result<Reply<T>> {
    let Body { text, validator, max_age } = body;
    let value = parse(move || read(&text)).await?;
    Ok(Reply::Value { value, validator, max_age })
}

/// Reads an answer off the threads that serve connections: a large one takes milliseconds.
async fn parse<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(fault) => Err(Error::new(ErrorKind::Internal, format!("reading an answer ended early: {fault}"))),
    }
}
