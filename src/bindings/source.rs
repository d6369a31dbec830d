//! Sources as classes.

use std::sync::Arc;
use std::time::Duration;

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;

use super::settle::{js_error, settle};
use super::types::{BindingFailure, BindingLoaded, BindingVersions, BindingWarning, number_for_js, staleness};
use crate::source::layer::Ages;
use crate::source::local::{LocalSource, Surroundings};
use crate::source::remote::RemoteSource;
use crate::source::{Fetched, SearchQuery, Source, SourceIndex};

/// A source's index.
#[napi]
pub struct BindingIndex(pub(super) Fetched<SourceIndex>);

#[napi]
impl BindingIndex {
    /// How many entries it has.
    #[napi(getter, catch_unwind)]
    pub fn length(&self) -> u32 {
        u32::try_from(self.0.value.entries.len()).unwrap_or(u32::MAX)
    }

    /// The same for the same entries, however often they were confirmed since.
    #[napi(getter, catch_unwind)]
    pub fn revision(&self) -> f64 {
        number_for_js(self.0.revision)
    }

    /// When it was fetched or last confirmed, in milliseconds since 1970.
    #[napi(getter, catch_unwind)]
    pub fn fetched_at(&self) -> f64 {
        self.0.fetched_at
    }

    /// How long from then on it is fresh, in milliseconds, where the caller says nothing else.
    #[napi(getter, catch_unwind)]
    pub fn max_age(&self) -> f64 {
        self.0.max_age.as_secs_f64() * 1000.0
    }

    /// Why it is an old copy.
    #[napi(getter, catch_unwind)]
    pub fn stale_because(&self) -> Option<BindingFailure> {
        staleness(&self.0)
    }

    /// What was passed over or mended.
    #[napi(getter, catch_unwind)]
    pub fn warnings(&self) -> Vec<BindingWarning> {
        self.0.value.warnings.iter().map(BindingWarning::from).collect()
    }

    /// The entries `from..to` as the text of a JSON array.
    #[napi(catch_unwind)]
    pub fn slice(&self, from: u32, to: u32) -> String {
        let index = &self.0.value;
        let mut out = String::from("[");
        for entry in index.entries.iter().take(to as usize).skip(from as usize) {
            if out.len() > 1 {
                out.push(',');
            }
            entry.write(&index.source_id, &mut out);
        }
        out.push(']');
        out
    }
}

macro_rules! source_methods {
    ($class:ident) => {
        #[napi]
        impl $class {
            /// All packages.
            #[napi(catch_unwind)]
            pub fn fetch_index<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, BindingIndex>> {
                let source = Arc::clone(&self.0);
                settle(env, async move { source.fetch_index().await }, BindingIndex)
            }

            /// A whole package.
            #[napi(catch_unwind)]
            pub fn load_package<'env>(
                &self,
                env: &'env Env,
                id: String,
                version: Option<String>,
            ) -> napi::Result<PromiseRaw<'env, BindingLoaded>> {
                let source = Arc::clone(&self.0);
                let work = async move { source.load_package(&id, version.as_deref()).await };
                settle(env, work, BindingLoaded::from)
            }

            /// The versions of a package.
            #[napi(catch_unwind)]
            pub fn versions<'env>(
                &self,
                env: &'env Env,
                id: String,
            ) -> napi::Result<PromiseRaw<'env, BindingVersions>> {
                let source = Arc::clone(&self.0);
                settle(env, async move { source.versions(&id).await }, BindingVersions::from)
            }
        }
    };
}

/// A folder as a source.
#[napi]
pub struct BindingLocalSource(Arc<LocalSource>);

source_methods!(BindingLocalSource);

#[napi]
impl BindingLocalSource {
    /// A source over the folder that `url` means.
    #[napi(constructor, catch_unwind)]
    pub fn new(id: String, url: String, working_directory: String, packages_dir: Option<String>) -> Self {
        let surroundings = Surroundings { working_directory: working_directory.into(), packages_dir };
        Self(Arc::new(LocalSource::new(&id, &url, surroundings)))
    }

    /// Every package of the index, each as the text of a `PackageData` object.
    #[napi(catch_unwind)]
    pub fn load_all<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, Vec<String>>> {
        let source = Arc::clone(&self.0);
        settle(env, async move { source.load_all().await }, |packages| {
            packages.into_iter().map(|package| package.text).collect()
        })
    }

    /// The entries as they stand in `index.json`, or the scan's, as the text of a JSON array.
    #[napi(catch_unwind)]
    pub fn index_text<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, Option<String>>> {
        let source = Arc::clone(&self.0);
        settle(env, async move { source.index_text().await }, |text| text)
    }
}

/// A registry as a source.
#[napi]
pub struct BindingRemoteSource(Arc<RemoteSource>);

source_methods!(BindingRemoteSource);

#[napi]
impl BindingRemoteSource {
    /// A source over the registry at `url`.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: &Env, id: String, url: String, token: Option<String>) -> napi::Result<Self> {
        let source = RemoteSource::new(&id, &url, token.as_deref()).map_err(|error| js_error(env, &error))?;
        Ok(Self(Arc::new(source)))
    }

    /// How long copies are fresh, and how long beyond that they may answer, in milliseconds.
    #[napi(catch_unwind)]
    pub fn set_ages(&self, expiry: Option<f64>, max_stale: Option<f64>) {
        let duration = |milliseconds: f64| Duration::try_from_secs_f64(milliseconds / 1000.0).unwrap_or(Duration::MAX);
        self.0.set_ages(Ages { expiry: expiry.map(duration), max_stale: max_stale.map(duration) });
    }

    /// Settles when no refresh is under way.
    #[napi(catch_unwind)]
    pub fn when_idle<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        let source = Arc::clone(&self.0);
        let work = async move {
            source.idle().await;
            Ok(())
        };
        settle(env, work, |()| ())
    }

    /// One page of what the registry finds.
    #[napi(catch_unwind)]
    pub fn search<'env>(
        &self,
        env: &'env Env,
        query: BindingSearchQuery,
    ) -> napi::Result<PromiseRaw<'env, BindingIndex>> {
        let source = Arc::clone(&self.0);
        settle(env, async move { source.search(&query.into()).await }, BindingIndex)
    }
}

/// What to ask a registry for.
#[napi(object)]
pub struct BindingSearchQuery {
    /// The words.
    pub text: String,
    /// Only this category.
    pub category: Option<String>,
    /// Only this level.
    pub min_level: Option<f64>,
    /// 1 or more.
    pub page: Option<u32>,
    /// 1 to 1000.
    pub page_size: Option<u32>,
}

impl From<BindingSearchQuery> for SearchQuery {
    fn from(query: BindingSearchQuery) -> Self {
        let BindingSearchQuery { text, category, min_level, page, page_size } = query;
        Self { text, category, min_level, page, page_size }
    }
}
