//! The manager's memory of its sources.

use napi_derive::napi;

use super::source::BindingIndex;
use super::types::{BindingFailure, BindingHealth, BindingWarning};
use crate::manager::{Failure, Manager};
use crate::model::Warning;

/// How each source of a manager is doing.
#[napi]
#[derive(Default)]
pub struct BindingManager(Manager);

#[napi]
impl BindingManager {
    /// Knows of no source yet.
    #[napi(constructor, catch_unwind)]
    pub fn new() -> Self {
        Self::default()
    }

    /// A source of this system gave an index. Returns, where that is an old copy, how long to wait before it is tried
    /// again, in milliseconds.
    #[napi(catch_unwind)]
    pub fn succeeded(&mut self, source_id: String, index: &BindingIndex) -> Option<f64> {
        let fetched = &index.0;
        let stale = fetched
            .stale_because
            .as_ref()
            .map(|error| Failure { code: error.code().to_owned(), message: error.message().to_owned() });
        let (count, warnings) = (fetched.value.entries.len(), fetched.value.warnings.clone());
        let wait = self.0.succeeded(&source_id, count, fetched.fetched_at, stale, warnings);
        wait.map(|wait| wait.as_secs_f64() * 1000.0)
    }

    /// A source that a caller wrote gave an index.
    #[napi(catch_unwind)]
    pub fn caller_succeeded(&mut self, source_id: String, package_count: u32, now: f64, warnings: Vec<BindingWarning>) {
        self.0.succeeded(&source_id, package_count as usize, now, None, own(warnings));
    }

    /// A source gave no index. Returns how long to wait before it is tried again, in milliseconds.
    #[napi(catch_unwind)]
    pub fn failed(&mut self, source_id: String, failure: BindingFailure) -> f64 {
        self.0.failed(&source_id, own_failure(failure)).as_secs_f64() * 1000.0
    }

    /// Something other than the index failed.
    #[napi(catch_unwind)]
    pub fn stumbled(&mut self, source_id: String, failure: BindingFailure) {
        self.0.stumbled(&source_id, own_failure(failure));
    }

    /// Adds what was found wrong while loading single packages.
    #[napi(catch_unwind)]
    pub fn warned(&mut self, source_id: String, warnings: Vec<BindingWarning>) {
        self.0.warned(&source_id, own(warnings));
    }

    /// A source's packages are to be loaded anew.
    #[napi(catch_unwind)]
    pub fn cleared(&mut self, source_id: String) {
        self.0.cleared(&source_id);
    }

    /// Forgets a source.
    #[napi(catch_unwind)]
    pub fn forget(&mut self, source_id: String) {
        self.0.forget(&source_id);
    }

    /// What is known of a source.
    #[napi(catch_unwind)]
    pub fn health(&self, source_id: String) -> BindingHealth {
        self.0.health(&source_id).into()
    }
}

fn own(warnings: Vec<BindingWarning>) -> Vec<Warning> {
    warnings.into_iter().map(|warning| Warning::new(warning.path, warning.reason)).collect()
}

fn own_failure(failure: BindingFailure) -> Failure {
    Failure { code: failure.code, message: failure.message }
}
