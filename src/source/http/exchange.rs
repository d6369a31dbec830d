//! One request and its answer: redirects followed, sizes and times bounded.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LOCATION};
use reqwest::{Response, StatusCode};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use url::Url;

use super::address::{Shown, is_same_origin};
use super::answer::{Answer, Body};
use super::connections::Connections;
use super::credentials::{AuthToken, Credentials};
use super::options::HttpOptions;
use super::{failure, headers};
use crate::error::{self, Error, ErrorKind};
use crate::json;
use crate::source::layer::{Failure, Remedy, Tally, Validator};

/// Redirects that are followed.
const MAX_REDIRECTS: usize = 10;

/// Most requests to one server at once; further ones wait their turn.
const MAX_AT_ONCE: usize = 64;

/// What of an exchange is told to whoever watches, also where it failed half-way.
#[derive(Debug, Default)]
pub(super) struct Trace {
    pub(super) status: Option<u16>,
    pub(super) bytes: usize,
}

/// An answer, and how it came.
struct Reached {
    url: Url,
    response: Response,
    /// Where the credentials were left behind, if they were.
    dropped_at: Option<Url>,
}

type Outcome<T> = Result<T, Failure>;

/// How one server is asked.
pub(super) struct Exchange {
    base: Url,
    credentials: Credentials,
    connections: Connections,
    /// Without a byte.
    read_timeout: Duration,
    at_once: Semaphore,
    max_bytes: usize,
    tally: Arc<Tally>,
}

impl Exchange {
    pub(super) fn new(
        mut base: Url,
        token: AuthToken,
        options: &HttpOptions,
        tally: Arc<Tally>,
    ) -> error::Result<Self> {
        let credentials = Credentials::new(token, &mut base)?;
        Ok(Self {
            base,
            credentials,
            connections: Connections::new(options),
            read_timeout: options.read_timeout,
            at_once: Semaphore::new(MAX_AT_ONCE),
            max_bytes: options.max_response_bytes,
            tally,
        })
    }

    /// What tells these credentials from others, and says nothing of them.
    pub(super) fn identity(&self) -> &str {
        self.credentials.identity()
    }

    /// What all that is asked for lies below, without credentials.
    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    /// Asks for `url`; with a validator only for what has changed since.
    pub(super) async fn run(
        &self,
        url: &Url,
        known: Option<&Validator>,
        deadline: Instant,
        trace: &mut Trace,
    ) -> Outcome<Answer> {
        // It is never closed.
        let _turn = self.at_once.acquire().await;
        let header = self.credentials.header(None, deadline).await.map_err(unasked)?;
        let mut reached = self.follow(url, known, header.as_ref()).await?;
        // Who was redirected to elsewhere was not shown the token, and has not refused it.
        if reached.response.status() == StatusCode::UNAUTHORIZED
            && header.is_some()
            && reached.dropped_at.is_none()
            && let Some(another) = self.credentials.header(header.as_ref(), deadline).await.map_err(unasked)?
        {
            reached = self.follow(url, known, Some(&another)).await?;
        }
        let Reached { url, response, dropped_at } = reached;
        let status = response.status();
        trace.status = Some(status.as_u16());
        match status {
            StatusCode::NOT_MODIFIED if known.is_some() => {
                return Ok(Answer::NotModified { max_age: headers::terms(response.headers()).max_age });
            }
            StatusCode::NOT_FOUND => return Ok(Answer::NotFound),
            _ if status.is_success() => {}
            _ => {
                let hint = match (status.as_u16(), dropped_at) {
                    (401 | 403, Some(to)) => {
                        format!(
                            ": the token was not sent along with the redirect to {}",
                            to.origin().ascii_serialization()
                        )
                    }
                    (401 | 403, None) => ": check the source's authToken".to_owned(),
                    _ => String::new(),
                };
                return Err(failure::of_status(&url, status, response.headers(), &hint));
            }
        }
        if let Some(kind) = headers::foreign_type(response.headers()) {
            let message = format!("{} answers with {kind}, not with JSON", Shown(&url));
            return Err(failure::final_failure(ErrorKind::Protocol, message));
        }
        let terms = headers::terms(response.headers());
        let bytes = self.read(&url, response, trace).await?;
        match json::decode(bytes) {
            Ok(text) => Ok(Answer::Body(Body { text, terms })),
            Err(reason) => {
                let message = format!("the answer of {} {reason}", Shown(&url));
                Err(failure::final_failure(ErrorKind::Protocol, message))
            }
        }
    }

    /// Sends the request, and again to where its answers lead.
    async fn follow(&self, start: &Url, known: Option<&Validator>, header: Option<&HeaderValue>) -> Outcome<Reached> {
        let refused = |url: &Url, why: &str| {
            failure::final_failure(ErrorKind::Redirect, format!("{} redirects {why}", Shown(url)))
        };
        let (mut url, mut seen, mut dropped_at) = (start.clone(), Vec::new(), None);
        loop {
            // Credentials that were left behind once don't come back, even where a redirect leads home again.
            let response = self.send(&url, known, header.filter(|_| dropped_at.is_none())).await?;
            let Some(next) = redirect_target(&url, &response) else { return Ok(Reached { url, response, dropped_at }) };
            let next = next.map_err(|why| refused(&url, why))?;
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

    async fn send(&self, url: &Url, known: Option<&Validator>, header: Option<&HeaderValue>) -> Outcome<Response> {
        let http = self.connections.to(url).await.map_err(unasked)?;
        let mut request = http.get(url.clone()).header(ACCEPT, "application/json");
        if let Some(header) = header {
            request = request.header(AUTHORIZATION, header);
        }
        request = match known {
            Some(Validator::ETag(tag)) => request.header(IF_NONE_MATCH, tag),
            Some(Validator::LastModified(time)) => request.header(IF_MODIFIED_SINCE, time),
            Some(Validator::Pages { .. }) | None => request,
        };
        self.tally.request();
        within(url, self.read_timeout, request.send()).await
    }

    async fn read(&self, url: &Url, mut response: Response, trace: &mut Trace) -> Outcome<Vec<u8>> {
        let most = self.max_bytes;
        let too_large = || {
            let message = format!("{} answers with more than {} bytes (maxResponseBytes)", Shown(url), most);
            failure::final_failure(ErrorKind::TooLarge, message)
        };
        let announced = response.content_length().unwrap_or(0);
        if announced > most as u64 {
            return Err(too_large());
        }
        let mut body = Vec::new();
        while let Some(chunk) = within(url, self.read_timeout, response.chunk()).await? {
            if body.len() + chunk.len() > most {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
            trace.bytes = body.len();
        }
        Ok(body)
    }
}

/// A failure on our side, before anything was sent.
fn unasked(error: Error) -> Failure {
    Failure { error, remedy: Remedy::Unasked }
}

async fn within<T>(url: &Url, limit: Duration, work: impl Future<Output = reqwest::Result<T>>) -> Outcome<T> {
    match tokio::time::timeout(limit, work).await {
        Ok(outcome) => outcome.map_err(|error| failure::of_transport(url, &error)),
        Err(_) => Err(failure::of_silence(url, limit)),
    }
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
