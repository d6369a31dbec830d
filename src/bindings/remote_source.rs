//! A registry as a class.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use napi::Env;
use napi::bindgen_prelude::{Function, Promise, PromiseRaw};
use napi_derive::napi;

use super::callback::{ask_token, watch};
use super::cancel::{BindingCancel, settle_unless};
use super::event::{BindingEvent, BindingToken};
use super::settle::{js_error, settle};
use super::source::{BindingIndex, source_methods};
use super::types::{BindingLoaded, BindingVersions, number_for_js};
use crate::source::http::{AuthToken, HttpOptions, Secret};
use crate::source::layer::{Ages, BreakerOptions, CacheOptions};
use crate::source::remote::{self, RemoteOptions, RemoteSource};
use crate::source::{SearchQuery, Source};

/// A registry as a source.
#[napi]
pub struct BindingRemoteSource(Arc<RemoteSource>);

source_methods!(BindingRemoteSource);

#[napi]
impl BindingRemoteSource {
    /// A source over a registry. `on_event` is told what happens on the network; `on_token`, where there is no fixed token,
    /// is asked for one. Neither may throw.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        env: &Env,
        options: BindingRemoteOptions,
        on_event: Function<'_, BindingEvent, ()>,
        on_token: Option<Function<'_, (), Promise<BindingToken>>>,
    ) -> napi::Result<Self> {
        let token = match (&options.token, on_token) {
            (Some(token), _) => AuthToken::Fixed(Secret::new(token.clone())),
            (None, Some(ask)) => AuthToken::Asked(ask_token(&ask)?),
            (None, None) => AuthToken::None,
        };
        let source = remote::open(&options.id, &options.url, token, options.to_core(), watch(&on_event)?);
        Ok(Self(Arc::new(source.map_err(|error| js_error(env, &error))?)))
    }

    /// How long copies are fresh, and how long beyond that they may answer, in milliseconds.
    #[napi(catch_unwind)]
    pub fn set_ages(&self, expiry: Option<f64>, max_stale: Option<f64>) {
        self.0.set_ages(Ages { expiry: expiry.map(duration), max_stale: max_stale.map(duration) });
    }

    /// Forgets all that was fetched.
    #[napi(catch_unwind)]
    pub fn clear(&self) {
        // The disk is seen to in the background, for which the runtime has to be at hand.
        napi::bindgen_prelude::within_runtime_if_available(|| self.0.clear());
    }

    /// All packages as they are now: waits for the refresh of a copy that is no longer fresh.
    #[napi(catch_unwind)]
    pub fn renew_index<'env>(
        &self,
        env: &'env Env,
        cancel: Option<&BindingCancel>,
    ) -> napi::Result<PromiseRaw<'env, BindingIndex>> {
        let source = Arc::clone(&self.0);
        settle_unless(env, cancel, async move { source.renew_index().await }, BindingIndex)
    }

    /// Settles when the refreshes are done that are under way now.
    #[napi(catch_unwind)]
    pub fn when_idle<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        let idle = self.0.idle();
        let work = async move {
            idle.await;
            Ok(())
        };
        settle(env, work, |()| ())
    }

    /// How it is doing.
    #[napi(catch_unwind)]
    pub fn condition(&self) -> BindingCondition {
        let condition = self.0.condition();
        BindingCondition {
            breaker: condition.breaker.word().to_owned(),
            requests: number_for_js(condition.requests),
            hits: number_for_js(condition.hits),
            misses: number_for_js(condition.misses),
            index_fetched_at: condition.index.map(|(fetched_at, _)| fetched_at),
            index_max_age: condition.index.map(|(_, max_age)| max_age.as_secs_f64() * 1000.0),
        }
    }

    /// One page of what the registry finds.
    #[napi(catch_unwind)]
    pub fn search<'env>(
        &self,
        env: &'env Env,
        query: BindingSearchQuery,
        cancel: Option<&BindingCancel>,
    ) -> napi::Result<PromiseRaw<'env, BindingIndex>> {
        let source = Arc::clone(&self.0);
        settle_unless(env, cancel, async move { source.search(query.into()).await }, BindingIndex)
    }
}

/// What a source over a registry is made with. Times are in milliseconds; what is absent has the core's default.
#[napi(object)]
pub struct BindingRemoteOptions {
    /// The source's id.
    pub id: String,
    /// The registry's base URL.
    pub url: String,
    /// A fixed token.
    pub token: Option<String>,
    /// Until a connection stands.
    pub connect_timeout: Option<f64>,
    /// Without a byte.
    pub read_timeout: Option<f64>,
    /// For a whole request.
    pub request_timeout: Option<f64>,
    /// Largest answer, in bytes.
    pub max_response_bytes: Option<f64>,
    /// Tries of a request.
    pub attempts: Option<u32>,
    /// Failures in a row that open the breaker.
    pub breaker_failures: Option<u32>,
    /// How long it stays open.
    pub breaker_open: Option<f64>,
    /// Certificates that are trusted beside the system's.
    pub ca_file: Option<String>,
    /// As the environment names them.
    pub environment_ca_file: Option<String>,
    /// Most bytes that are kept in memory.
    pub cache_max_bytes: Option<f64>,
    /// A folder that keeps copies over a restart.
    pub cache_dir: Option<String>,
    /// Most bytes of that folder.
    pub cache_dir_max_bytes: Option<f64>,
    /// Whether the network is never asked.
    pub offline: Option<bool>,
}

impl BindingRemoteOptions {
    fn to_core(&self) -> RemoteOptions {
        let (http, breaker, cache) = (HttpOptions::default(), BreakerOptions::default(), CacheOptions::default());
        RemoteOptions {
            http: HttpOptions {
                connect_timeout: self.connect_timeout.map_or(http.connect_timeout, duration),
                read_timeout: self.read_timeout.map_or(http.read_timeout, duration),
                request_timeout: self.request_timeout.map_or(http.request_timeout, duration),
                max_response_bytes: self
                    .max_response_bytes
                    .map_or(http.max_response_bytes, |bytes| usize::try_from(whole(bytes)).unwrap_or(usize::MAX)),
                attempts: self.attempts.unwrap_or(http.attempts).max(1),
                ca_files: self.ca_file.iter().map(absolute).collect(),
                environment_ca_file: self.environment_ca_file.as_ref().map(absolute),
            },
            breaker: BreakerOptions {
                failures: self.breaker_failures.unwrap_or(breaker.failures),
                open_for: self.breaker_open.map_or(breaker.open_for, duration),
            },
            cache: CacheOptions {
                max_bytes: self.cache_max_bytes.map_or(cache.max_bytes, whole),
                directory: self.cache_dir.as_ref().map(absolute),
                max_directory_bytes: self.cache_dir_max_bytes.map_or(cache.max_directory_bytes, whole),
                is_offline: self.offline.unwrap_or(cache.is_offline),
                ..cache
            },
        }
    }
}

/// The longest time that timers take without overflow; nobody waits for it.
const LONGEST: Duration = Duration::from_hours(24 * 365 * 10);

/// From the working directory as it is now.
fn absolute(path: impl AsRef<Path>) -> PathBuf {
    std::path::absolute(&path).unwrap_or_else(|_| path.as_ref().to_owned())
}

fn duration(milliseconds: f64) -> Duration {
    Duration::try_from_secs_f64(milliseconds / 1000.0).unwrap_or(LONGEST).min(LONGEST)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked by the face; `as` saturates")]
fn whole(number: f64) -> u64 {
    number as u64
}

/// How a source is doing.
#[napi(object)]
pub struct BindingCondition {
    /// `closed`, `open` or `half-open`.
    #[napi(ts_type = "'closed' | 'open' | 'half-open'")]
    pub breaker: String,
    /// Requests that were sent.
    pub requests: f64,
    /// Questions that a copy answered.
    pub hits: f64,
    /// Questions that had to wait for the registry.
    pub misses: f64,
    /// When the copy of the index was fetched or last confirmed, in milliseconds since 1970.
    pub index_fetched_at: Option<f64>,
    /// How long from then on it is fresh, in milliseconds, where the caller says nothing else.
    pub index_max_age: Option<f64>,
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
