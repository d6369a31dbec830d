//! A folder as a class.

use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;

use super::cancel::{BindingCancel, settle_unless};
use super::settle::settle;
use super::source::{BindingIndex, source_methods};
use super::types::{BindingLoaded, BindingVersions};
use crate::source::Source;
use crate::source::local::{LocalSource, Surroundings};

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
