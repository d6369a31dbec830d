//! What all sources have as classes.

use napi_derive::napi;

use super::types::{BindingFailure, BindingWarning, number_for_js, staleness};
use crate::source::{Fetched, SourceIndex};

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

/// The methods of a class around a [`Source`](crate::source::Source). A call that is cancelled ends; what it shares with
/// others goes on for them.
macro_rules! source_methods {
    ($class:ident) => {
        #[napi]
        impl $class {
            /// All packages.
            #[napi(catch_unwind)]
            pub fn fetch_index<'env>(
                &self,
                env: &'env Env,
                cancel: Option<&BindingCancel>,
            ) -> napi::Result<PromiseRaw<'env, BindingIndex>> {
                let source = Arc::clone(&self.0);
                settle_unless(env, cancel, async move { source.fetch_index().await }, BindingIndex)
            }

            /// A whole package. Its text is left out where it is of the revision that is known: then it would be read for
            /// nothing, at every call while a registry fails.
            #[napi(catch_unwind)]
            pub fn load_package<'env>(
                &self,
                env: &'env Env,
                id: String,
                version: Option<String>,
                known_revision: Option<f64>,
                cancel: Option<&BindingCancel>,
            ) -> napi::Result<PromiseRaw<'env, BindingLoaded>> {
                let source = Arc::clone(&self.0);
                let work = async move { source.load_package(&id, version.as_deref()).await };
                settle_unless(env, cancel, work, move |fetched| BindingLoaded::new(&fetched, known_revision))
            }

            /// The versions of a package.
            #[napi(catch_unwind)]
            pub fn versions<'env>(
                &self,
                env: &'env Env,
                id: String,
                cancel: Option<&BindingCancel>,
            ) -> napi::Result<PromiseRaw<'env, BindingVersions>> {
                let source = Arc::clone(&self.0);
                settle_unless(env, cancel, async move { source.versions(&id).await }, BindingVersions::from)
            }
        }
    };
}

pub(super) use source_methods;
