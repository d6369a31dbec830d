//! Asking one server: every request bounded in time and size, tried again where that may help.

use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;
use url::Url;

use super::address::Shown;
use super::answer::Answer;
use super::credentials::AuthToken;
use super::exchange::Exchange;
use super::failure;
use super::options::HttpOptions;
use super::sender::Trace;
use crate::error::{Error, ErrorKind, Result};
use crate::source::layer::{Event, Failure, Network, Trying, Validator};

/// Asks one server.
pub struct Client {
    exchange: Exchange,
    options: HttpOptions,
    network: Network,
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("base", &Shown(self.exchange.base())).finish_non_exhaustive()
    }
}

impl Client {
    /// A client for what lies below `base`. Connects to nothing yet.
    ///
    /// # Errors
    /// `InvalidArgument` where `base` is no http(s) URL or the token can't stand in a header.
    pub fn new(base: &str, token: AuthToken, options: HttpOptions, network: Network) -> Result<Self> {
        let base = Url::parse(base)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "a remote source's url must be an http(s) URL"))?;
        if base.query().is_some() {
            let message = "a remote source's url can't have a query: it would not be sent along";
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        let exchange = Exchange::new(base, token, &options, Arc::clone(&network.tally))?;
        Ok(Self { exchange, options, network })
    }

    /// What tells these credentials from others, and says nothing of them.
    #[must_use]
    pub fn identity(&self) -> &str {
        self.exchange.identity()
    }

    /// The URL of these segments below the base, each percent-encoded.
    ///
    /// # Errors
    /// None that a base which was accepted can cause.
    pub fn url(&self, segments: &[&str]) -> Result<Url> {
        let mut url = self.exchange.base().clone();
        url.set_query(None);
        url.set_fragment(None);
        url.path_segments_mut()
            .map_err(|()| Error::new(ErrorKind::InvalidArgument, "a remote source's url must be an http(s) URL"))?
            .pop_if_empty()
            .extend(segments);
        Ok(url)
    }

    /// Asks for `url`; with a validator only for what has changed since.
    ///
    /// # Errors
    /// The failure of the last try.
    pub async fn get(&self, url: &Url, known: Option<&Validator>) -> Result<Answer> {
        let deadline = Instant::now() + self.options.request_timeout;
        let trying = Trying { attempts: self.options.attempts, deadline, network: &self.network };
        trying.run(&Shown(url).to_string(), |attempt| self.attempt(url, known, attempt, deadline)).await
    }

    async fn attempt(
        &self,
        url: &Url,
        known: Option<&Validator>,
        attempt: u32,
        deadline: Instant,
    ) -> std::result::Result<Answer, Failure> {
        tracing::debug!(url = %Shown(url), attempt, "asking");
        let (start, mut trace) = (Instant::now(), Trace::default());
        let outcome = tokio::time::timeout_at(deadline, self.exchange.run(url, known, deadline, &mut trace)).await;
        let outcome = outcome.unwrap_or_else(|_| Err(failure::of_deadline(url, self.options.request_timeout)));
        self.network.watch.tell(Event::Request {
            url: Shown(url).to_string(),
            attempt,
            status: trace.status,
            bytes: trace.bytes,
            took: start.elapsed(),
            failure: outcome.as_ref().err().map(|failure| failure.error.clone()),
        });
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::http::Secret;

    fn client(base: &str, token: AuthToken) -> Result<Client> {
        Client::new(base, token, HttpOptions::default(), Network::default())
    }

    #[test]
    fn segments_are_encoded_below_the_base() {
        let client = client("https://example.test/api/v1/", AuthToken::None).unwrap();
        let url = client.url(&["packages", "a/b ä?#%", "versions", "1.0.0+x"]).unwrap();
        assert_eq!(url.as_str(), "https://example.test/api/v1/packages/a%2Fb%20%C3%A4%3F%23%25/versions/1.0.0+x");
    }

    #[test]
    fn a_client_is_shown_without_its_token() {
        let token = AuthToken::Fixed(Secret::new("secret".to_owned()));
        let client = client("https://user:secret@example.test/", token).unwrap();
        assert!(!format!("{client:?}").contains("secret"));
    }

    #[test]
    fn only_http_is_asked() {
        for url in ["ftp://example.test", "file:///etc", "example.test", "", "https://example.test/?key=1"] {
            assert_eq!(client(url, AuthToken::None).unwrap_err().code(), "EINVALIDARG", "{url}");
        }
    }
}
