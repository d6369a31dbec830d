//! Credentials: which there are, where they go, and asking for new ones.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use reqwest::header::HeaderValue;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use crate::error::{Error, ErrorKind, Result};
use crate::source::BoxFuture;

/// How long a function that gives the token may take.
const LONGEST_ASKING: Duration = Duration::from_secs(30);

/// A token. Shows nothing of itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

/// Asks the caller for a token.
pub type AskToken = Arc<dyn Fn() -> BoxFuture<'static, Result<Secret>> + Send + Sync>;

/// Where a source's token comes from.
#[derive(Clone, Default)]
pub enum AuthToken {
    /// There is none.
    #[default]
    None,
    /// It is always this one.
    Fixed(Secret),
    /// It is asked for when it is first needed, and anew when it was refused.
    Asked(AskToken),
}

/// How a token goes along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    /// Always as a bearer's.
    Bearer,
    /// `user:password` as those, any other one as a bearer's.
    BearerOrBasic,
}

impl Scheme {
    fn text(self, token: &str) -> String {
        if self == Self::BearerOrBasic && token.contains(':') {
            return format!("Basic {}", STANDARD.encode(token));
        }
        format!("Bearer {token}")
    }
}

/// The credentials of one source.
pub(super) struct Credentials {
    ask: Option<AskToken>,
    scheme: Scheme,
    identity: String,
    /// The header that goes with requests; unknown until the first is needed.
    header: Mutex<Option<HeaderValue>>,
}

impl Credentials {
    /// The token, else the user and password that stand in `url`, from which they are taken out.
    pub(super) fn new(token: AuthToken, scheme: Scheme, url: &mut Url) -> Result<Self> {
        let in_url = (!url.username().is_empty() || url.password().is_some()).then(|| {
            let decoded = |text: &str| percent_encoding::percent_decode_str(text).collect::<Vec<u8>>();
            let pair = [decoded(url.username()), decoded(url.password().unwrap_or_default())].join(&b':');
            format!("Basic {}", STANDARD.encode(pair))
        });
        // They fail for a URL that can't have a user, which then has none to take out.
        url.set_username("").and_then(|()| url.set_password(None)).unwrap_or_default();
        let (ask, fixed) = match token {
            AuthToken::Asked(ask) => (Some(ask), None),
            AuthToken::Fixed(Secret(token)) => (None, Some(scheme.text(&token))),
            AuthToken::None => (None, in_url),
        };
        // What a function gives changes with time, though it is for the same reader.
        let identity = match (&ask, &fixed) {
            (Some(_), _) => "asked".to_owned(),
            (None, Some(text)) => URL_SAFE.encode(Sha256::digest(text)),
            (None, None) => String::new(),
        };
        let unusable = "authToken holds characters that can't stand in a header";
        let header = fixed.map(|text| header(&text).ok_or_else(|| Error::new(ErrorKind::InvalidArgument, unusable)));
        Ok(Self { ask, scheme, identity, header: Mutex::new(header.transpose()?) })
    }

    /// What tells these credentials from others, and says nothing of them.
    pub(super) fn identity(&self) -> &str {
        &self.identity
    }

    /// The header for the next request; where one was refused, another one, if there is any. Half of the time until the
    /// deadline may go into asking for it.
    pub(super) async fn header(&self, refused: Option<&HeaderValue>, deadline: Instant) -> Result<Option<HeaderValue>> {
        let limit = (deadline.saturating_duration_since(Instant::now()) / 2).min(LONGEST_ASKING);
        match tokio::time::timeout(limit, self.ask(refused)).await {
            Ok(header) => header,
            Err(_) => Err(failed(&format!("has not settled within {} s", limit.as_secs_f32()))),
        }
    }

    async fn ask(&self, refused: Option<&HeaderValue>) -> Result<Option<HeaderValue>> {
        let mut kept = self.header.lock().await;
        let Some(ask) = &self.ask else { return Ok(kept.clone().filter(|kept| Some(kept) != refused)) };
        // Somebody else who was refused may have asked meanwhile.
        if kept.is_some() && kept.as_ref() != refused {
            return Ok(kept.clone());
        }
        let Secret(token) = ask().await?;
        let fresh = header(&self.scheme.text(&token))
            .ok_or_else(|| failed("gave a token with characters that can't stand in a header"))?;
        *kept = Some(fresh);
        Ok(kept.clone().filter(|kept| Some(kept) != refused))
    }
}

fn failed(why: &str) -> Error {
    Error::new(ErrorKind::Credentials, format!("the authToken function {why}"))
}

fn header(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn soon() -> Instant {
        Instant::now() + Duration::from_mins(2)
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn counting() -> (AuthToken, Arc<AtomicU32>) {
        let asked = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&asked);
        let ask: AskToken = Arc::new(move || {
            let number = count.fetch_add(1, Ordering::SeqCst);
            Box::pin(async move { Ok(Secret::new(format!("token{number}"))) })
        });
        (AuthToken::Asked(ask), asked)
    }

    #[tokio::test]
    async fn a_user_in_the_url_becomes_a_header_and_leaves_the_url() {
        let mut url = url("https://me:p%C3%A4ss@example.test/api");
        let credentials = Credentials::new(AuthToken::None, Scheme::Bearer, &mut url).unwrap();
        assert_eq!(url.as_str(), "https://example.test/api");
        let header = credentials.header(None, soon()).await.unwrap().unwrap();
        assert_eq!(header, format!("Basic {}", STANDARD.encode("me:päss")));
        assert!(header.is_sensitive());
    }

    #[tokio::test]
    async fn a_fixed_token_is_not_tried_twice() {
        let token = AuthToken::Fixed(Secret::new("x".to_owned()));
        let credentials = Credentials::new(token, Scheme::Bearer, &mut url("https://example.test")).unwrap();
        let header = credentials.header(None, soon()).await.unwrap();
        assert_eq!(header.as_ref().unwrap(), "Bearer x");
        assert_eq!(credentials.header(header.as_ref(), soon()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_function_is_asked_once_and_anew_when_its_token_was_refused() {
        let (token, asked) = counting();
        let credentials = Credentials::new(token, Scheme::Bearer, &mut url("https://example.test")).unwrap();
        assert_eq!(asked.load(Ordering::SeqCst), 0);
        let first = credentials.header(None, soon()).await.unwrap();
        assert_eq!(credentials.header(None, soon()).await.unwrap(), first);
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        let second = credentials.header(first.as_ref(), soon()).await.unwrap();
        assert_eq!(second.as_ref().unwrap(), "Bearer token1");
        // Another one who was refused with the first token takes what is there by now.
        assert_eq!(credentials.header(first.as_ref(), soon()).await.unwrap(), second);
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_function_that_fails_hangs_or_gives_nonsense_is_told_of() {
        let failing: AskToken =
            Arc::new(|| Box::pin(async { Err(Error::new(ErrorKind::Credentials, "the authToken function threw")) }));
        let hanging: AskToken = Arc::new(|| Box::pin(std::future::pending()));
        let nonsense: AskToken = Arc::new(|| Box::pin(async { Ok(Secret::new("a\nb".to_owned())) }));
        for ask in [failing, hanging, nonsense] {
            let credentials =
                Credentials::new(AuthToken::Asked(ask), Scheme::Bearer, &mut url("https://example.test")).unwrap();
            assert_eq!(credentials.header(None, soon()).await.unwrap_err().code(), "ECREDENTIALS");
        }
    }

    #[test]
    fn a_secret_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new("secret".to_owned())), "***");
    }
}
