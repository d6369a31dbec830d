//! Packages from a registry over HTTP.

mod paging;
mod protocol;

use std::sync::Arc;

use url::Url;

use crate::error::{Error, ErrorKind, Result};
use crate::source::http::{Answer, AuthToken, Body, Client, HttpOptions, Shown};
use crate::source::layer::{
    Arrived, BreakerOptions, CacheOptions, Cached, Network, Origin, Reply, Searchable, Validator, Watch,
};
use crate::source::{PublishedVersion, SearchQuery, SourceIndex};

/// A registry as a source.
pub type RemoteSource = Cached<Registry>;

/// How a registry is asked and what of it is kept.
#[derive(Clone, Debug, Default)]
pub struct RemoteOptions {
    /// Requests.
    pub http: HttpOptions,
    /// When it is left alone.
    pub breaker: BreakerOptions,
    /// Copies.
    pub cache: CacheOptions,
}

/// A source over the registry at `url`. Connects to nothing yet.
///
/// # Errors
/// `InvalidArgument` where `url` is no http(s) URL or the token can't stand in a header.
pub fn open(id: &str, url: &str, token: AuthToken, options: RemoteOptions, watch: Watch) -> Result<RemoteSource> {
    let RemoteOptions { http, breaker, cache } = options;
    let network = Network::new(breaker, watch);
    let client = Client::new(url, token, http, network.clone())?;
    // Whoever has other credentials gets no copies of what these may read.
    let partition = format!("remote\n{id}\n{}\n{}", client.url(&[])?, client.identity());
    let cache = CacheOptions { partition, ..cache };
    Ok(Cached::new(Registry { id: id.into(), client }, network, cache))
}

/// A registry, asked anew at each call.
#[derive(Debug)]
pub struct Registry {
    id: Arc<str>,
    client: Client,
}

impl Registry {
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
}

impl Origin for Registry {
    fn id(&self) -> &Arc<str> {
        &self.id
    }

    async fn index(&self, known: Option<Validator>) -> Result<Reply<SourceIndex>> {
        paging::all(&self.client, &self.id, known.as_ref()).await
    }

    async fn package(
        &self,
        id: &str,
        version: Option<&str>,
        known: Option<Validator>,
    ) -> Result<Reply<Option<Arrived>>> {
        let url = match version {
            Some(version) => self.client.url(&["packages", id, "versions", version])?,
            None => self.client.url(&["packages", id])?,
        };
        match self.client.get(&url, known.as_ref()).await? {
            Answer::Body(body) => {
                let (wanted, asked, source) = (id.to_owned(), version.map(str::to_owned), Arc::clone(&self.id));
                read(body, move |text| {
                    let (package, version) = protocol::package(&text, &wanted, asked.as_deref(), &source)?;
                    Ok(Some(Arrived { package, version, body: Some(text) }))
                })
                .await
            }
            Answer::NotModified { max_age } => Ok(Reply::NotModified { max_age }),
            Answer::NotFound => Ok(Reply::plain(None)),
        }
    }

    async fn versions(&self, id: &str, known: Option<Validator>) -> Result<Reply<Vec<PublishedVersion>>> {
        let url = self.client.url(&["packages", id, "versions"])?;
        match self.client.get(&url, known.as_ref()).await? {
            Answer::Body(body) => read(body, |text| protocol::versions(&text)).await,
            Answer::NotModified { max_age } => Ok(Reply::NotModified { max_age }),
            Answer::NotFound => Ok(Reply::plain(Vec::new())),
        }
    }
}

impl Searchable for Registry {
    async fn search(&self, query: &SearchQuery, known: Option<Validator>) -> Result<Reply<SourceIndex>> {
        let url = self.search_url(query)?;
        match self.client.get(&url, known.as_ref()).await? {
            Answer::Body(body) => {
                let id = Arc::clone(&self.id);
                read(body, move |text| protocol::page(&text, 0).map(|page| page.into_index(id))).await
            }
            Answer::NotModified { max_age } => Ok(Reply::NotModified { max_age }),
            Answer::NotFound => Err(not_there(&url)),
        }
    }
}

/// The failure of a registry that lacks what every registry has.
fn not_there(url: &Url) -> Error {
    Error::new(ErrorKind::Http, format!("{} answers with status 404: check the source's url", Shown(url)))
}

/// An answer's value.
async fn read<T: Send + 'static>(
    body: Body,
    read: impl FnOnce(String) -> Result<T> + Send + 'static,
) -> Result<Reply<T>> {
    let Body { text, terms } = body;
    let value = parse(move || read(text)).await?;
    Ok(Reply::Value { value, terms })
}

/// Reads an answer off the threads that serve connections: a large one takes milliseconds.
async fn parse<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(fault) => Err(Error::new(ErrorKind::Internal, format!("reading an answer ended early: {fault}"))),
    }
}
