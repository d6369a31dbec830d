//! A registry as a class.

use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::{Function, Promise, PromiseRaw};
use napi_derive::napi;

use super::callback::{auth_token, watch};
use super::cancel::{BindingCancel, settle_unless};
use super::event::{BindingEvent, BindingToken};
use super::network::{BindingCondition, BindingNetworkOptions, absolute, duration, network_methods, whole};
use super::settle::{js_error, settle};
use super::source::{BindingIndex, source_methods};
use super::types::{BindingLoaded, BindingVersions};
use crate::source::layer::{Ages, CacheOptions};
use crate::source::remote::{self, RemoteOptions, RemoteSource};
use crate::source::{SearchQuery, Source};

/// A registry as a source.
#[napi]
pub struct BindingRemoteSource(Arc<RemoteSource>);

source_methods!(BindingRemoteSource);
network_methods!(BindingRemoteSource);

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
        let token = auth_token(options.token.as_ref(), on_token)?;
        let source = remote::open(&options.id, &options.url, token, options.to_core(), watch(&on_event)?);
        Ok(Self(Arc::new(source.map_err(|error| js_error(env, &error))?)))
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

/// What a source over a registry is made with. What is absent has the core's default.
#[napi(object)]
pub struct BindingRemoteOptions {
    /// The source's id.
    pub id: String,
    /// The registry's base URL.
    pub url: String,
    /// A fixed token.
    pub token: Option<String>,
    /// How the network is used.
    pub network: BindingNetworkOptions,
    /// Most bytes that are kept in memory.
    pub cache_max_bytes: Option<f64>,
    /// A folder that keeps copies over a restart.
    pub cache_dir: Option<String>,
    /// Most bytes of that folder.
    pub cache_dir_max_bytes: Option<f64>,
}

impl BindingRemoteOptions {
    fn to_core(&self) -> RemoteOptions {
        let cache = CacheOptions::default();
        RemoteOptions {
            http: self.network.http(),
            breaker: self.network.breaker(),
            cache: CacheOptions {
                max_bytes: self.cache_max_bytes.map_or(cache.max_bytes, whole),
                directory: self.cache_dir.as_ref().map(absolute),
                max_directory_bytes: self.cache_dir_max_bytes.map_or(cache.max_directory_bytes, whole),
                is_offline: self.network.offline.unwrap_or(cache.is_offline),
                ..cache
            },
        }
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
