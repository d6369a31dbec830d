//! Asking a registry: one GET at a time, bounded in time and size.

use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use reqwest::header::{
    ACCEPT, AUTHORIZATION, CACHE_CONTROL, ETAG, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use reqwest::redirect::Policy;
use url::{Host, Url};

use crate::error::{Error, ErrorKind, Result};
use crate::json;
use crate::source::layer::Validator;

/// Until a connection stands.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Without a byte.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// For a whole request.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(2);

/// Longest time that a registry may say its answers are fresh.
const LONGEST_MAX_AGE: Duration = Duration::from_hours(24);

/// Redirects that are followed.
const MAX_REDIRECTS: usize = 10;

/// Largest answer, counted after decompression, in bytes.
const MAX_RESPONSE_BYTES: usize = 64 * 1024 * 1024;

/// One for the process, so that sources of the same registry share connections. Goes through the proxies that the
/// environment names.
static HTTP: LazyLock<std::result::Result<reqwest::Client, String>> = LazyLock::new(|| connect(|builder| builder));

/// For this machine itself, which no proxy is asked for.
static LOOPBACK_HTTP: LazyLock<std::result::Result<reqwest::Client, String>> =
    LazyLock::new(|| connect(reqwest::ClientBuilder::no_proxy));

fn connect(
    finish: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
) -> std::result::Result<reqwest::Client, String> {
    // An error means that somebody in this process chose a provider already, which serves as well.
    drop(rustls::crypto::ring::default_provider().install_default());
    let builder = reqwest::Client::builder()
        .user_agent(concat!("metabuilder-package-sources/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .timeout(REQUEST_TIMEOUT)
        // Credentials are dropped by the client where the host, port or scheme changes.
        .redirect(Policy::custom(|attempt| {
            let was_secure = attempt.previous().last().is_some_and(|url| url.scheme() == "https");
            if attempt.previous().len() > MAX_REDIRECTS {
                attempt.error("too many redirects")
            } else if was_secure && attempt.url().scheme() != "https" {
                attempt.error("a redirect leads from https to http")
            } else {
                attempt.follow()
            }
        }));
    finish(builder).build().map_err(|error| error.to_string())
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// What a registry said.
pub(super) enum Answer {
    /// A successful answer.
    Body(Body),
    /// The copy is still current.
    NotModified { max_age: Option<Duration> },
    /// It doesn't have that.
    NotFound,
}

/// A successful answer.
pub(super) struct Body {
    /// The decoded text; its depth is bounded, its syntax not yet checked.
    pub(super) text: String,
    /// By what to ask for it the next time.
    pub(super) validator: Option<Validator>,
    /// How long the registry says that it is fresh.
    pub(super) max_age: Option<Duration>,
}

/// Asks one registry.
pub(super) struct Client {
    base: Url,
    authorization: Option<HeaderValue>,
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("base", &Shown(&self.base)).finish_non_exhaustive()
    }
}

impl Client {
    pub(super) fn new(base: &str, token: Option<&str>) -> Result<Self> {
        let invalid = |what: &str| Error::new(ErrorKind::InvalidArgument, what);
        let base = Url::parse(base)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .ok_or_else(|| invalid("a remote source's url must be an http(s) URL"))?;
        let authorization = token
            .map(|token| {
                let mut value = HeaderValue::try_from(format!("Bearer {token}"))
                    .map_err(|_| invalid("authToken holds characters that can't stand in a header"))?;
                value.set_sensitive(true);
                Ok(value)
            })
            .transpose()?;
        Ok(Self { base, authorization })
    }

    /// The URL of these segments below the base, each percent-encoded.
    pub(super) fn url(&self, segments: &[&str]) -> Result<Url> {
        let mut url = self.base.clone();
        url.set_query(None);
        url.set_fragment(None);
        url.path_segments_mut()
            .map_err(|()| Error::new(ErrorKind::InvalidArgument, "a remote source's url must be an http(s) URL"))?
            .pop_if_empty()
            .extend(segments);
        Ok(url)
    }

    /// Asks for `url`; with a validator only for what has changed since.
    pub(super) async fn get(&self, url: &Url, validator: Option<&Validator>) -> Result<Answer> {
        tracing::debug!(url = %Shown(url), "asking registry");
        let http = if is_loopback(url) { &LOOPBACK_HTTP } else { &HTTP };
        let http = http
            .as_ref()
            .map_err(|reason| Error::new(ErrorKind::Internal, format!("the HTTP client can't be set up: {reason}")))?;
        let mut request = http.get(url.clone()).header(ACCEPT, "application/json");
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        request = match validator {
            Some(Validator::ETag(tag)) => request.header(IF_NONE_MATCH, tag),
            Some(Validator::LastModified(time)) => request.header(IF_MODIFIED_SINCE, time),
            None => request,
        };
        let mut response = request.send().await.map_err(|error| network_error(url, &error))?;
        let status = response.status();
        let max_age = max_age(response.headers());
        match status.as_u16() {
            304 if validator.is_some() => return Ok(Answer::NotModified { max_age }),
            404 => return Ok(Answer::NotFound),
            _ => {}
        }
        if !status.is_success() {
            return Err(status_error(url, status.as_u16()));
        }
        let validator = validator_of(response.headers());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| network_error(url, &error))? {
            if body.len() + chunk.len() > MAX_RESPONSE_BYTES {
                let mib = MAX_RESPONSE_BYTES / 1024 / 1024;
                return Err(Error::new(
                    ErrorKind::TooLarge,
                    format!("{} answers with more than {mib} MiB", Shown(url)),
                ));
            }
            body.extend_from_slice(&chunk);
        }
        match json::decode(body) {
            Ok(text) => Ok(Answer::Body(Body { text, validator, max_age })),
            Err(reason) => Err(Error::new(ErrorKind::Protocol, format!("the answer of {} {reason}", Shown(url)))),
        }
    }
}

/// The entity tag, else the time of last modification.
fn validator_of(headers: &HeaderMap) -> Option<Validator> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    text(ETAG).map(Validator::ETag).or_else(|| text(LAST_MODIFIED).map(Validator::LastModified))
}

/// What `Cache-Control` says of freshness. `no-cache` and `no-store` mean none.
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let directives = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let mut found = None;
    for directive in directives.flat_map(|line| line.split(',')) {
        let directive = directive.trim().to_ascii_lowercase();
        match directive.split_once('=') {
            Some(("max-age", seconds)) => {
                let seconds = seconds.trim_matches('"').parse().unwrap_or(0);
                found = found.or(Some(Duration::from_secs(seconds).min(LONGEST_MAX_AGE)));
            }
            None if directive == "no-cache" || directive == "no-store" => return Some(Duration::ZERO),
            _ => {}
        }
    }
    found
}

/// The failure that a status means.
pub(super) fn status_error(url: &Url, status: u16) -> Error {
    let hint = match status {
        401 | 403 => ": check the source's authToken",
        _ => "",
    };
    Error::new(ErrorKind::Http, format!("{} answers with status {status}{hint}", Shown(url)))
}

fn network_error(url: &Url, error: &reqwest::Error) -> Error {
    let kind = if error.is_timeout() { ErrorKind::Timeout } else { ErrorKind::Network };
    // The innermost reason is the one that tells; the outer ones repeat the URL, with whatever it carries.
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let reason = if error.is_timeout() { "took too long".to_owned() } else { format!("can't be asked: {innermost}") };
    Error::new(kind, format!("{} {reason}", Shown(url)))
}

/// A URL as it may be shown: without user, password and query.
struct Shown<'a>(&'a Url);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(url) = self;
        write!(formatter, "{}://{}", url.scheme(), url.host_str().unwrap_or_default())?;
        if let Some(port) = url.port() {
            write!(formatter, ":{port}")?;
        }
        formatter.write_str(url.path())
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_encoded_below_the_base() {
        let client = Client::new("https://example.test/api/v1/", None).unwrap();
        let url = client.url(&["packages", "a/b ä?#%", "versions", "1.0.0+x"]).unwrap();
        assert_eq!(url.as_str(), "https://example.test/api/v1/packages/a%2Fb%20%C3%A4%3F%23%25/versions/1.0.0+x");
    }

    #[test]
    fn a_url_is_shown_without_its_secrets() {
        let url = Url::parse("https://user:secret@example.test:8443/a?token=secret").unwrap();
        assert_eq!(Shown(&url).to_string(), "https://example.test:8443/a");
    }

    #[test]
    fn a_client_is_shown_without_its_token() {
        let client = Client::new("https://user:secret@example.test/", Some("secret")).unwrap();
        assert!(!format!("{client:?}").contains("secret"));
    }

    #[test]
    fn this_machine_is_known_by_all_its_names() {
        let of = |url: &str| is_loopback(&Url::parse(url).unwrap());
        assert!(
            ["http://localhost:1/", "http://127.0.0.9", "http://[::1]:80/", "http://a.localhost"].into_iter().all(of)
        );
        assert!(!["http://example.test", "http://10.0.0.1", "http://localhost.example.test"].into_iter().any(of));
    }

    #[test]
    fn freshness_is_what_cache_control_says() {
        let of = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(CACHE_CONTROL, HeaderValue::from_static(value));
            max_age(&headers)
        };
        assert_eq!(of("public, Max-Age=60, stale-while-revalidate=5"), Some(Duration::from_mins(1)));
        assert_eq!(of("max-age=60, no-cache"), Some(Duration::ZERO));
        assert_eq!(of("max-age=99999999999"), Some(LONGEST_MAX_AGE));
        assert_eq!(of("max-age=soon"), Some(Duration::ZERO));
        assert_eq!(of("private"), None);
        assert_eq!(max_age(&HeaderMap::new()), None);
    }

    #[test]
    fn an_entity_tag_is_preferred_to_a_time() {
        let mut headers = HeaderMap::new();
        headers.insert(LAST_MODIFIED, HeaderValue::from_static("Mon, 01 Jan 2024 00:00:00 GMT"));
        assert!(matches!(validator_of(&headers), Some(Validator::LastModified(_))));
        headers.insert(ETAG, HeaderValue::from_static("\"x\""));
        assert_eq!(validator_of(&headers), Some(Validator::ETag("\"x\"".to_owned())));
    }

    #[test]
    fn only_http_is_asked() {
        for url in ["ftp://example.test", "file:///etc", "example.test", ""] {
            assert_eq!(Client::new(url, None).unwrap_err().code(), "EINVALIDARG", "{url}");
        }
    }
}
