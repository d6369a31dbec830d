//! Exchanges whose answers are read as they come: for protocols of their own over HTTP, such as Git's.

use std::fmt;
use std::sync::Arc;

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, RequestBuilder, Response};
use tokio::time::Instant;
use url::Url;

use super::address::Shown;
use super::credentials::{AuthToken, Scheme};
use super::options::HttpOptions;
use super::sender::{Outcome, Reached, Sender, Trace};
use crate::error::{self, Error};
use crate::source::layer::{Event, Failure, Network, Watch};

/// Asks one server, and is the reader of its answers. Cheap to clone.
#[derive(Clone)]
pub struct Streams {
    sender: Arc<Sender>,
    network: Network,
}

impl fmt::Debug for Streams {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Streams").field("base", &Shown(self.sender.base())).finish_non_exhaustive()
    }
}

impl Streams {
    /// For what lies below `base`. Connects to nothing yet. A token of the form `user:password` goes as those, any
    /// other one as a bearer's.
    ///
    /// # Errors
    /// `InvalidArgument` where the token can't stand in a header.
    pub fn new(base: Url, token: AuthToken, options: &HttpOptions, network: Network) -> error::Result<Self> {
        let sender = Sender::new(base, token, Scheme::BearerOrBasic, options, Arc::clone(&network.tally))?;
        Ok(Self { sender: Arc::new(sender), network })
    }

    /// What tells these credentials from others, and says nothing of them.
    #[must_use]
    pub fn identity(&self) -> &str {
        self.sender.identity()
    }

    /// What all that is asked for lies below, without credentials.
    #[must_use]
    pub fn base(&self) -> &Url {
        self.sender.base()
    }

    /// Asks for `url`. Redirects are followed; [`Stream::url`] tells where they led.
    ///
    /// # Errors
    /// Where there is no successful answer. The number of the try is `attempt`.
    pub async fn get(&self, url: &Url, accept: &str, attempt: u32, deadline: Instant) -> Result<Stream, Failure> {
        self.ask(url, attempt, deadline, true, |http, url| http.get(url).header(ACCEPT, accept)).await
    }

    /// Sends `body` to `url`, and nowhere else.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn post(
        &self,
        url: &Url,
        kinds: Kinds<'_>,
        body: Vec<u8>,
        attempt: u32,
        deadline: Instant,
    ) -> Result<Stream, Failure> {
        self.ask(url, attempt, deadline, false, |http, url| {
            http.post(url).header(ACCEPT, kinds.accepted).header(CONTENT_TYPE, kinds.sent).body(body.clone())
        })
        .await
    }

    async fn ask(
        &self,
        url: &Url,
        attempt: u32,
        deadline: Instant,
        follows: bool,
        make: impl Fn(&Client, Url) -> RequestBuilder,
    ) -> Outcome<Stream> {
        let mut report = Report::new(url, attempt, self.network.watch.clone());
        match self.sender.reach(url, deadline, follows, make).await {
            Ok(reached) => {
                report.trace.status = Some(reached.response.status().as_u16());
                if !reached.response.status().is_success() {
                    return Err(report.failed(reached.failure()));
                }
                let Reached { url, response, .. } = reached;
                Ok(Stream { sender: Arc::clone(&self.sender), url, response, report })
            }
            Err(failure) => Err(report.failed(failure)),
        }
    }
}

/// The types of what is sent and of what is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Kinds<'a> {
    /// Of the request's body.
    pub sent: &'a str,
    /// Of the answer's.
    pub accepted: &'a str,
}

/// A successful answer that is still coming.
pub struct Stream {
    sender: Arc<Sender>,
    url: Url,
    response: Response,
    report: Report,
}

impl Stream {
    /// What was asked in the end.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The type that the server says it is of.
    #[must_use]
    pub fn kind(&self) -> Option<&str> {
        self.response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok())
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// Where the connection breaks, or is silent for too long.
    pub async fn chunk(&mut self) -> Result<Option<impl AsRef<[u8]> + Send + use<>>, Failure> {
        match self.sender.within(&self.url, self.response.chunk()).await {
            Ok(chunk) => {
                if let Some(chunk) = &chunk {
                    self.report.trace.bytes += chunk.len();
                }
                Ok(chunk)
            }
            Err(failure) => Err(self.report.failed(failure)),
        }
    }
}

/// Tells of an exchange when it is over, however it ends.
struct Report {
    url: String,
    attempt: u32,
    start: Instant,
    trace: Trace,
    failure: Option<Error>,
    watch: Watch,
}

impl Report {
    fn new(url: &Url, attempt: u32, watch: Watch) -> Self {
        let (url, start) = (Shown(url).to_string(), Instant::now());
        tracing::debug!(url, attempt, "asking");
        Self { url, attempt, start, trace: Trace::default(), failure: None, watch }
    }

    fn failed(&mut self, failure: Failure) -> Failure {
        self.failure = Some(failure.error.clone());
        failure
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        self.watch.tell(Event::Request {
            url: std::mem::take(&mut self.url),
            attempt: self.attempt,
            status: self.trace.status,
            bytes: self.trace.bytes,
            took: self.start.elapsed(),
            failure: self.failure.take(),
        });
    }
}
