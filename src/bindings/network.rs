//! What the classes of sources over a network have in common.

use std::path::{Path, PathBuf};
use std::time::Duration;

use napi_derive::napi;

use super::types::number_for_js;
use crate::source::http::HttpOptions;
use crate::source::layer::{BreakerOptions, Condition};

/// How a network is used. Times are in milliseconds; what is absent has the core's default.
#[napi(object)]
pub struct BindingNetworkOptions {
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
    /// Whether the network is never asked.
    pub offline: Option<bool>,
}

impl BindingNetworkOptions {
    pub(super) fn http(&self) -> HttpOptions {
        let http = HttpOptions::default();
        HttpOptions {
            connect_timeout: self.connect_timeout.map_or(http.connect_timeout, duration),
            read_timeout: self.read_timeout.map_or(http.read_timeout, duration),
            request_timeout: self.request_timeout.map_or(http.request_timeout, duration),
            max_response_bytes: self
                .max_response_bytes
                .map_or(http.max_response_bytes, |bytes| usize::try_from(whole(bytes)).unwrap_or(usize::MAX)),
            attempts: self.attempts.unwrap_or(http.attempts).max(1),
            ca_files: self.ca_file.iter().map(absolute).collect(),
            environment_ca_file: self.environment_ca_file.as_ref().map(absolute),
        }
    }

    pub(super) fn breaker(&self) -> BreakerOptions {
        let breaker = BreakerOptions::default();
        BreakerOptions {
            failures: self.breaker_failures.unwrap_or(breaker.failures),
            open_for: self.breaker_open.map_or(breaker.open_for, duration),
        }
    }
}

/// The longest time that timers take without overflow; nobody waits for it.
const LONGEST: Duration = Duration::from_hours(24 * 365 * 10);

/// From the working directory as it is now.
pub(super) fn absolute(path: impl AsRef<Path>) -> PathBuf {
    std::path::absolute(&path).unwrap_or_else(|_| path.as_ref().to_owned())
}

pub(super) fn duration(milliseconds: f64) -> Duration {
    Duration::try_from_secs_f64(milliseconds / 1000.0).unwrap_or(LONGEST).min(LONGEST)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked by the face; `as` saturates")]
pub(super) fn whole(number: f64) -> u64 {
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
    /// Questions that had to wait for the source.
    pub misses: f64,
    /// When the copy of the index was fetched or last confirmed, in milliseconds since 1970.
    pub index_fetched_at: Option<f64>,
    /// How long from then on it is fresh, in milliseconds, where the caller says nothing else.
    pub index_max_age: Option<f64>,
}

impl From<Condition> for BindingCondition {
    fn from(condition: Condition) -> Self {
        Self {
            breaker: condition.breaker.word().to_owned(),
            requests: number_for_js(condition.requests),
            hits: number_for_js(condition.hits),
            misses: number_for_js(condition.misses),
            index_fetched_at: condition.index.map(|(fetched_at, _)| fetched_at),
            index_max_age: condition.index.map(|(_, max_age)| max_age.as_secs_f64() * 1000.0),
        }
    }
}

/// The methods of a class around a source that keeps copies of what comes over a network.
macro_rules! network_methods {
    ($class:ident) => {
        #[napi]
        impl $class {
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
                self.0.condition().into()
            }
        }
    };
}

pub(super) use network_methods;
