//! What went wrong with a request, and what may be done about it.

use std::error::Error as Cause;
use std::io;
use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use url::Url;

use super::address::Shown;
use super::headers;
use crate::error::{Error, ErrorKind};
use crate::source::layer::{Failure, Remedy};

/// A failure that asking again won't change.
pub(super) fn final_failure(kind: ErrorKind, message: String) -> Failure {
    Failure { error: Error::new(kind, message), remedy: Remedy::None }
}

/// The failure that a status means.
pub(super) fn of_status(url: &Url, status: StatusCode, headers: &HeaderMap, hint: &str) -> Failure {
    let may_pass = status.is_server_error()
        || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS | StatusCode::TOO_EARLY);
    let after = headers::retry_after(headers, SystemTime::now());
    let remedy = if may_pass { Remedy::Retry { after } } else { Remedy::None };
    let wait = after.map(|after| format!(" and asks to be left alone for {} s", after.as_secs()));
    let message = format!("{} answers with status {}{}{hint}", Shown(url), status.as_u16(), wait.unwrap_or_default());
    Failure { error: Error::new(ErrorKind::Http, message), remedy }
}

/// Nothing came within the time.
pub(super) fn of_silence(url: &Url, limit: Duration) -> Failure {
    let message = format!("{} took too long: no answer within {}", Shown(url), in_seconds(limit));
    Failure { error: Error::new(ErrorKind::Timeout, message), remedy: Remedy::Retry { after: None } }
}

/// The time for the whole request is over.
pub(super) fn of_deadline(url: &Url, limit: Duration) -> Failure {
    let message = format!("{} took too long: the request was not done within {}", Shown(url), in_seconds(limit));
    Failure { error: Error::new(ErrorKind::Timeout, message), remedy: Remedy::Later }
}

fn in_seconds(limit: Duration) -> String {
    format!("{} s", limit.as_secs_f64())
}

/// The failure of a connection, a handshake or a transfer.
pub(super) fn of_transport(url: &Url, error: &reqwest::Error) -> Failure {
    let shown = Shown(url);
    let retry = Remedy::Retry { after: None };
    // The outer reasons repeat the URL, with whatever it carries.
    let innermost = causes(error).last().map_or_else(String::new, ToString::to_string);
    if causes(error).any(<dyn Cause>::is::<rustls::Error>) {
        let hint = if innermost.contains("UnknownIssuer") {
            "; if the CA is one of your own, name it in caFile or NODE_EXTRA_CA_CERTS"
        } else {
            ""
        };
        let message = format!("{shown} can't be trusted: {innermost}{hint}");
        return Failure { error: Error::new(ErrorKind::Tls, message), remedy: Remedy::Later };
    }
    if error.is_timeout() {
        let message = format!("{shown} took too long to connect to");
        return Failure { error: Error::new(ErrorKind::Timeout, message), remedy: retry };
    }
    if error.is_builder() {
        return final_failure(ErrorKind::Network, format!("{shown} can't be asked: {innermost}"));
    }
    let has_broken = causes(error).any(<dyn Cause>::is::<hyper::Error>);
    if error.is_decode() && !has_broken {
        return final_failure(ErrorKind::Protocol, format!("the answer of {shown} can't be decoded: {innermost}"));
    }
    Failure { error: Error::new(ErrorKind::Network, format!("{shown} can't be asked: {innermost}")), remedy: retry }
}

/// An error and what caused it, outermost first. An I/O error hides one level in its middle.
fn causes<'a>(error: &'a (dyn Cause + 'static)) -> impl Iterator<Item = &'a (dyn Cause + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderValue, RETRY_AFTER};

    fn remedy(status: u16, headers: &HeaderMap) -> Remedy {
        let url = Url::parse("https://user:secret@example.test/a?token=secret").unwrap();
        let Failure { error, remedy } = of_status(&url, StatusCode::from_u16(status).unwrap(), headers, "");
        assert_eq!(error.code(), "EHTTP");
        assert!(!error.message().contains("secret"), "{error}");
        remedy
    }

    #[test]
    fn only_statuses_that_may_pass_are_tried_again() {
        for status in [408, 425, 429, 500, 502, 503, 504] {
            assert_eq!(remedy(status, &HeaderMap::new()), Remedy::Retry { after: None }, "{status}");
        }
        for status in [300, 400, 401, 403, 405, 410, 422] {
            assert_eq!(remedy(status, &HeaderMap::new()), Remedy::None, "{status}");
        }
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static("3"))]);
        assert_eq!(remedy(429, &headers), Remedy::Retry { after: Some(Duration::from_secs(3)) });
    }

    #[test]
    fn what_an_io_error_wraps_is_among_the_causes() {
        let error = io::Error::new(io::ErrorKind::InvalidData, rustls::Error::DecryptError);
        assert!(causes(&error).any(<dyn Cause>::is::<rustls::Error>));
    }
}
