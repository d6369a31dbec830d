//! The registry service and importing into its store.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;

use super::answer::{BindingAnswer, Parts};
use super::settle::{js_error, settle};
use super::types::{BindingFailure, BindingWarning};
use crate::registry::{self, Added, Failed, Imported, Outcome, Request, Service, Settings};
use crate::source::local::{LocalSource, Surroundings, path_of};

/// How a registry is set up.
#[napi(object)]
pub struct BindingRegistryOptions {
    /// The store's directory, or a `file:` URL.
    pub store: String,
    /// What the directory is relative to.
    pub working_directory: String,
    /// What stands before `/packages` in paths.
    pub base_path: String,
    /// Who may read; absent: everyone.
    pub read_tokens: Option<Vec<String>>,
    /// In seconds.
    pub max_age: u32,
    /// In seconds.
    pub stale_while_revalidate: u32,
    /// Bytes of answers in memory.
    pub cache_max_bytes: f64,
}

/// A registry over a store.
#[napi]
pub struct BindingRegistry(Arc<Service>);

#[napi]
impl BindingRegistry {
    /// A registry that has touched no file yet.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: &Env, options: BindingRegistryOptions) -> napi::Result<Self> {
        let BindingRegistryOptions { store, working_directory, base_path, read_tokens, .. } = options;
        let store = directory(env, &store, working_directory)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the face has checked it")]
        let cache_max_bytes = options.cache_max_bytes as u64;
        let (max_age, stale_while_revalidate) = (options.max_age, options.stale_while_revalidate);
        let settings = Settings { store, base_path, read_tokens, max_age, stale_while_revalidate, cache_max_bytes };
        Ok(Self(Arc::new(Service::new(settings))))
    }

    /// Reads the store.
    #[napi(catch_unwind)]
    pub fn open<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        let service = Arc::clone(&self.0);
        settle(env, async move { service.open().await }, |()| ())
    }

    /// The number of the body that answers a request; negative where the client has it already, 0 where the answer is not
    /// in memory or is none with a body that is kept.
    #[napi(catch_unwind)]
    pub fn lookup(
        &self,
        method: String,
        target: String,
        accept_encoding: Option<String>,
        if_none_match: Option<String>,
        authorization: Option<String>,
    ) -> f64 {
        let request = Request { method, target, accept_encoding, if_none_match, authorization };
        match self.0.lookup(&request) {
            Some(Outcome::Body(body)) => f64::from(body.number),
            Some(Outcome::NotModified(body)) => -f64::from(body.number),
            Some(Outcome::Problem(_)) | None => 0.0,
        }
    }

    /// The answer to a request that is refused without a look into the store.
    #[napi(catch_unwind)]
    pub fn refusal(&self, method: String, target: String, authorization: Option<String>) -> Option<BindingAnswer> {
        let request = Request { method, target, authorization, ..Request::default() };
        Some(Parts::of_problem(&self.0.refusal(&request)?).into())
    }

    /// The answer to a request. One with a body that the client has already has the status 304.
    #[napi(catch_unwind)]
    pub fn answer<'env>(
        &self,
        env: &'env Env,
        method: String,
        target: String,
        accept_encoding: Option<String>,
        if_none_match: Option<String>,
        authorization: Option<String>,
    ) -> napi::Result<PromiseRaw<'env, BindingAnswer>> {
        let service = Arc::clone(&self.0);
        let request = Request { method, target, accept_encoding, if_none_match, authorization };
        let work = async move {
            Ok(match service.answer(&request).await {
                Outcome::Body(one) => Parts::of_body(one.number, &one.body, service.policy()),
                Outcome::NotModified(one) => Parts::of_body(one.number, &one.body, service.policy()).not_modified(),
                Outcome::Problem(problem) => Parts::of_problem(&problem),
            })
        };
        settle(env, work, BindingAnswer::from)
    }

    /// The answer with a body of this number, where that is still in memory.
    #[napi(catch_unwind)]
    pub fn body(&self, number: u32) -> Option<BindingAnswer> {
        let one = self.0.body(number)?;
        Some(Parts::of_body(number, &one.body, self.0.policy()).into())
    }

    /// Numbers of bodies that are no longer in memory.
    #[napi(catch_unwind)]
    pub fn take_dropped(&self) -> Vec<u32> {
        self.0.take_dropped()
    }

    /// What operators should know.
    #[napi(catch_unwind)]
    pub fn take_reports(&self) -> Vec<BindingFailure> {
        let failure = |(code, message): (&str, String)| BindingFailure { code: code.to_owned(), message, number: None };
        self.0.take_reports().into_iter().map(failure).collect()
    }
}

/// An import in preparation or under way.
#[napi]
pub struct BindingImport {
    folder: Arc<LocalSource>,
    store: PathBuf,
    is_cancelled: Arc<AtomicBool>,
}

#[napi]
impl BindingImport {
    /// An import of the packages folder `from` into the store `into`.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: &Env, from: String, into: String, working_directory: String) -> napi::Result<Self> {
        let store = directory(env, &into, working_directory.clone())?;
        let from = directory(env, &from, working_directory.clone())?;
        let surroundings = Surroundings { working_directory: working_directory.into(), packages_dir: None };
        // With a `/` behind it, no path means the default folder.
        let folder = LocalSource::new("import", &format!("{}/", from.display()), surroundings);
        Ok(Self { folder: Arc::new(folder), store, is_cancelled: Arc::default() })
    }

    /// Runs it.
    #[napi(catch_unwind)]
    pub fn run<'env>(&self, env: &'env Env, published_at: String) -> napi::Result<PromiseRaw<'env, BindingImported>> {
        let (folder, store, is_cancelled) =
            (Arc::clone(&self.folder), self.store.clone(), Arc::clone(&self.is_cancelled));
        let work = async move { registry::import(&folder, &store, &published_at, &is_cancelled).await };
        settle(env, work, BindingImported::from)
    }

    /// Ends it before the next package.
    #[napi(catch_unwind)]
    pub fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }
}

fn directory(env: &Env, path: &str, working_directory: String) -> napi::Result<PathBuf> {
    let surroundings = Surroundings { working_directory: working_directory.into(), packages_dir: None };
    path_of(path, &surroundings).map_err(|error| js_error(env, &error))
}

/// What came of an import.
#[napi(object)]
pub struct BindingImported {
    /// Versions that were added.
    pub added: Vec<BindingPublished>,
    /// Versions that were there already.
    pub unchanged: Vec<BindingPublished>,
    /// Packages that could not be added.
    pub failed: Vec<BindingRefused>,
    /// What was passed over or mended.
    pub warnings: Vec<BindingWarning>,
}

/// A version that is in a store.
#[napi(object)]
pub struct BindingPublished {
    /// The package's id.
    pub package_id: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of the package as it is served, in lower-case hexadecimal digits.
    pub checksum: String,
}

/// A package that could not be added.
#[napi(object)]
pub struct BindingRefused {
    /// The package's id.
    pub package_id: String,
    /// Its version; empty where it has none.
    pub version: String,
    /// The stable code.
    pub code: String,
    /// The sentence.
    pub message: String,
}

impl From<Imported> for BindingImported {
    fn from(imported: Imported) -> Self {
        let published = |all: Vec<Added>| all.into_iter().map(BindingPublished::from).collect();
        Self {
            added: published(imported.added),
            unchanged: published(imported.unchanged),
            failed: imported.failed.into_iter().map(BindingRefused::from).collect(),
            warnings: imported.warnings.iter().map(BindingWarning::from).collect(),
        }
    }
}

impl From<Added> for BindingPublished {
    fn from(added: Added) -> Self {
        Self { package_id: added.id.to_string(), version: added.version.into(), checksum: added.checksum }
    }
}

impl From<Failed> for BindingRefused {
    fn from(failed: Failed) -> Self {
        let (code, message) = (failed.error.code().to_owned(), failed.error.message().to_owned());
        Self { package_id: failed.id.to_string(), version: failed.version.into(), code, message }
    }
}
