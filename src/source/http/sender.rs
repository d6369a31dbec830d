//! Sending requests to one server: with its credentials, which go nowhere else, and to where its redirects lead.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderValue, LOCATION};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use tokio::time::Instant;
use url::Url;

use super::address::{Shown, is_same_origin};
use super::connections::Connections;
use super::credentials::{AuthToken, Credentials, Scheme};
use super::failure;
use super::options::HttpOptions;
use crate::error::{self, Error, ErrorKind};
use crate::source::layer::{Failure, Remedy, Tally};

/// Redirects that are followed.
const MAX_REDIRECTS: usize = 10;

pub(super) type Outcome<T> = Result<T, Failure>;

/// What of an exchange is told to whoever watches, also where it failed half-way.
#[derive(Debug, Default)]
pub(super) struct Trace {
    pub(super) status: Option<u16>,
    pub(super) bytes: usize,
}

/// How one server is asked.
pub(super) struct Sender {
    base: Url,
    credentials: Credentials,
    connections: Connections,
    /// Without a byte.
    read_timeout: Duration,
    tally: Arc<Tally>,
}

/// An answer, and how it came.
pub(super) struct Reached {
    pub(super) url: Url,
    pub(super) response: Response,
    /// Where the credentials were left behind, if they were.
    pub(super) dropped_at: Option<Url>,
}

impl Reached {
    /// The failure that its status means.
    pub(super) fn failure(&self) -> Failure {
        let Self { url, response, dropped_at } = self;
        let status = response.status();
        let hint = match (status.as_u16(), dropped_at) {
            (401 | 403, Some(to)) => {
                format!(": the token was not sent along with the redirect to {}", to.origin().ascii_serialization())
            }
            (401 | 403, None) => ": check the source's authToken".to_owned(),
            _ => String::new(),
        };
        failure::of_status(url, status, response.headers(), &hint)
    }
}

impl Sender {
    pub(super) fn new(
        mut base: Url,
        token: AuthToken,
        scheme: Scheme,
        options: &HttpOptions,
        tally: Arc<Tally>,
    ) -> error::Result<Self> {
        let credentials = Credentials::new(token, scheme, &mut base)?;
        let connections = Connections::new(options);
        Ok(Self { base, credentials, connections, read_timeout: options.read_timeout, tally })
    }

    /// What tells these credentials from others, and says nothing of them.
    pub(super) fn identity(&self) -> &str {
        self.credentials.identity()
    }

    /// What all that is asked for lies below, without credentials.
    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    /// Sends the request that `make` makes, again with another token where the first was refused, and, where
    /// `follows`, to where its answers lead.
    pub(super) async fn reach(
        &self,
        url: &Url,
        deadline: Instant,
        follows: bool,
        make: impl Fn(&Client, Url) -> RequestBuilder,
    ) -> Outcome<Reached> {
        let header = self.credentials.header(None, deadline).await.map_err(unasked)?;
        let reached = self.follow(url, follows, header.as_ref(), &make).await?;
        // A server may answer 403 to a token that it knows no more. Who was redirected to elsewhere was not shown the token,
        // and has not refused it.
        if matches!(reached.response.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
            && header.is_some()
            && reached.dropped_at.is_none()
            && let Some(another) = self.credentials.header(header.as_ref(), deadline).await.map_err(unasked)?
        {
            return self.follow(url, follows, Some(&another), &make).await;
        }
        Ok(reached)
    }

    /// What a piece of work gives that must not be silent for longer than the bound.
    pub(super) async fn within<T>(&self, url: &Url, work: impl Future<Output = reqwest::Result<T>>) -> Outcome<T> {
        match tokio::time::timeout(self.read_timeout, work).await {
            Ok(outcome) => outcome.map_err(|error| failure::of_transport(url, &error)),
            Err(_) => Err(failure::of_silence(url, self.read_timeout)),
        }
    }

    /// Sends the request, and again to where its answers lead.
    async fn follow(
        &self,
        start: &Url,
        follows: bool,
        header: Option<&HeaderValue>,
        make: &impl Fn(&Client, Url) -> RequestBuilder,
    ) -> Outcome<Reached> {
        let refused = |url: &Url, why: &str| {
            failure::final_failure(ErrorKind::Redirect, format!("{} redirects {why}", Shown(url)))
        };
        let (mut url, mut seen) = (start.clone(), Vec::new());
        let mut dropped_at = (header.is_some() && !is_same_origin(start, &self.base)).then(|| start.clone());
        loop {
            // Credentials that were left behind once don't come back, even where a redirect leads home again.
            let response = self.send(&url, header.filter(|_| dropped_at.is_none()), make).await?;
            let Some(next) = redirect_target(&url, &response) else { return Ok(Reached { url, response, dropped_at }) };
            let next = next.map_err(|why| refused(&url, why))?;
            if !follows {
                return Err(refused(&url, "in the middle of an exchange, which is not followed"));
            }
            if url.scheme() == "https" && next.scheme() != "https" {
                return Err(refused(&url, "from https to http, which is not followed"));
            }
            if seen.len() >= MAX_REDIRECTS {
                return Err(refused(&url, &format!("further than the {MAX_REDIRECTS} times that are followed")));
            }
            if next == url || seen.contains(&next) {
                return Err(refused(&url, "in a circle"));
            }
            if header.is_some() && dropped_at.is_none() && !is_same_origin(&next, &self.base) {
                dropped_at = Some(next.clone());
            }
            seen.push(std::mem::replace(&mut url, next));
        }
    }

    async fn send(
        &self,
        url: &Url,
        header: Option<&HeaderValue>,
        make: &impl Fn(&Client, Url) -> RequestBuilder,
    ) -> Outcome<Response> {
        let http = self.connections.to(url).await.map_err(unasked)?;
        let mut request = make(&http, url.clone());
        if let Some(header) = header {
            request = request.header(reqwest::header::AUTHORIZATION, header);
        }
        self.tally.request();
        self.within(url, request.send()).await
    }
}

/// A failure on our side, before anything was sent.
fn unasked(error: Error) -> Failure {
    Failure { error, remedy: Remedy::Unasked }
}

/// Where a redirect leads; `None` where the answer is none.
fn redirect_target(url: &Url, response: &Response) -> Option<Result<Url, &'static str>> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.headers().get(LOCATION)?;
    let target = std::str::from_utf8(location.as_bytes()).ok().and_then(|text| url.join(text).ok());
    Some(match target {
        Some(target) if matches!(target.scheme(), "http" | "https") => Ok(target),
        Some(_) => Err("to what is no http(s) URL"),
        None => Err("to what is no URL"),
    })
}
