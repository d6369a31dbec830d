//! One request for a JSON document and its answer, whose size is bounded.

use std::sync::Arc;

use reqwest::header::{ACCEPT, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use url::Url;

use super::address::Shown;
use super::answer::{Answer, Body};
use super::credentials::{AuthToken, Scheme};
use super::options::HttpOptions;
use super::sender::{Outcome, Sender, Trace};
use super::{failure, headers};
use crate::error::{self, ErrorKind};
use crate::json;
use crate::source::layer::{Tally, Validator};

/// Most requests to one server at once; further ones wait their turn.
const MAX_AT_ONCE: usize = 64;

/// How one server is asked.
pub(super) struct Exchange {
    sender: Sender,
    at_once: Semaphore,
    max_bytes: usize,
}

impl Exchange {
    pub(super) fn new(base: Url, token: AuthToken, options: &HttpOptions, tally: Arc<Tally>) -> error::Result<Self> {
        let sender = Sender::new(base, token, Scheme::Bearer, options, tally)?;
        Ok(Self { sender, at_once: Semaphore::new(MAX_AT_ONCE), max_bytes: options.max_response_bytes })
    }

    /// What tells these credentials from others, and says nothing of them.
    pub(super) fn identity(&self) -> &str {
        self.sender.identity()
    }

    /// What all that is asked for lies below, without credentials.
    pub(super) fn base(&self) -> &Url {
        self.sender.base()
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
        let reached = self.sender.reach(url, deadline, true, |http, url| request(http, url, known)).await?;
        let status = reached.response.status();
        trace.status = Some(status.as_u16());
        match status {
            StatusCode::NOT_MODIFIED if known.is_some() => {
                return Ok(Answer::NotModified { max_age: headers::terms(reached.response.headers()).max_age });
            }
            StatusCode::NOT_FOUND => return Ok(Answer::NotFound),
            _ if status.is_success() => {}
            _ => return Err(reached.failure()),
        }
        let (url, response) = (reached.url, reached.response);
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
        while let Some(chunk) = self.sender.within(url, response.chunk()).await? {
            if body.len() + chunk.len() > most {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
            trace.bytes = body.len();
        }
        Ok(body)
    }
}

fn request(http: &Client, url: Url, known: Option<&Validator>) -> RequestBuilder {
    let request = http.get(url).header(ACCEPT, "application/json");
    match known {
        Some(Validator::ETag(tag)) => request.header(IF_NONE_MATCH, tag),
        Some(Validator::LastModified(time)) => request.header(IF_MODIFIED_SINCE, time),
        Some(Validator::Pages { .. }) | None => request,
    }
}
