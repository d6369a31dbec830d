//! What happens on the network, as plain objects.

use napi_derive::napi;

use super::types::{BindingFailure, number_for_js};
use crate::error::Error;
use crate::source::layer::{Event, Revalidation, Subject};

/// Something that happened. Which fields there are depends on `kind`.
#[napi(object)]
#[derive(Default)]
pub struct BindingEvent {
    /// `request`, `retry`, `revalidate`, `breaker`, `progress` or `cache`.
    #[napi(ts_type = "'request' | 'retry' | 'revalidate' | 'breaker' | 'progress' | 'cache'")]
    pub kind: String,
    /// Of a request, without secrets.
    pub url: Option<String>,
    /// 1 for the first try.
    pub attempt: Option<u32>,
    /// The answer's.
    pub status: Option<u16>,
    /// Of the answer's body, decoded, or of a fetch so far.
    pub bytes: Option<f64>,
    /// How long a request took, or how long it is until the next try, in milliseconds.
    pub milliseconds: Option<f64>,
    /// What was refreshed: `index`, `package`, `versions` or `search`.
    pub subject: Option<String>,
    /// Of the package or the list of versions that was refreshed.
    pub package_id: Option<String>,
    /// Of the package that was refreshed.
    pub version: Option<String>,
    /// How a refresh went: `changed`, `unchanged` or `failed`; what a breaker is now: `closed`, `open` or `half-open`;
    /// what a fetch is doing: `connecting`, `receiving`, `resolving` or `done`.
    pub outcome: Option<String>,
    /// Pieces of a phase that are done.
    pub received: Option<f64>,
    /// Pieces of that phase; 0 while that is not known.
    pub total: Option<f64>,
    /// In a row.
    pub failures: Option<u32>,
    /// Why it failed.
    pub failure: Option<BindingFailure>,
}

/// A token, or why there is none.
#[napi(object)]
pub struct BindingToken {
    /// The token.
    pub token: Option<String>,
    /// Words that can follow "the authToken function".
    pub failure: Option<String>,
}

fn failure(error: &Error) -> BindingFailure {
    BindingFailure { code: error.code().to_owned(), message: error.message().to_owned(), number: None }
}

impl From<Event> for BindingEvent {
    fn from(event: Event) -> Self {
        let of_kind = |kind: &str| Self { kind: kind.to_owned(), ..Self::default() };
        match event {
            Event::Request { url, attempt, status, bytes, took, failure: error } => Self {
                url: Some(url),
                attempt: Some(attempt),
                status,
                bytes: Some(number_for_js(bytes as u64)),
                milliseconds: Some(took.as_secs_f64() * 1000.0),
                failure: error.as_ref().map(failure),
                ..of_kind("request")
            },
            Event::Retry { url, attempt, delay, failure: error } => Self {
                url: Some(url),
                attempt: Some(attempt),
                milliseconds: Some(delay.as_secs_f64() * 1000.0),
                failure: Some(failure(&error)),
                ..of_kind("retry")
            },
            Event::Revalidate { subject, outcome } => {
                let (word, error) = match outcome {
                    Revalidation::Changed => ("changed", None),
                    Revalidation::Unchanged => ("unchanged", None),
                    Revalidation::Failed(error) => ("failed", Some(failure(&error))),
                };
                let (subject, package_id, version) = match subject {
                    Subject::Index => ("index", None, None),
                    Subject::Package { id, version } => ("package", Some(id), version),
                    Subject::Versions(id) => ("versions", Some(id), None),
                    Subject::Search => ("search", None, None),
                };
                Self {
                    subject: Some(subject.to_owned()),
                    package_id,
                    version,
                    outcome: Some(word.to_owned()),
                    failure: error,
                    ..of_kind("revalidate")
                }
            }
            Event::Breaker { state, failures } => {
                Self { outcome: Some(state.word().to_owned()), failures: Some(failures), ..of_kind("breaker") }
            }
            Event::Progress { phase, received, total, bytes } => Self {
                outcome: Some(phase.word().to_owned()),
                received: Some(number_for_js(received)),
                total: Some(number_for_js(total)),
                bytes: Some(number_for_js(bytes)),
                ..of_kind("progress")
            },
            Event::CacheFailure(error) => Self { failure: Some(failure(&error)), ..of_kind("cache") },
        }
    }
}
