//! Calls that may be cancelled.

use std::future::Future;

use napi::Env;
use napi::bindgen_prelude::{PromiseRaw, ToNapiValue};
use napi_derive::napi;
use tokio_util::sync::CancellationToken;

use super::settle::settle;
use crate::error::{Error, ErrorKind, Result};

/// Cancels the calls that it is given to.
#[napi]
#[derive(Default)]
pub struct BindingCancel(CancellationToken);

#[napi]
impl BindingCancel {
    /// Not cancelled yet.
    #[napi(constructor, catch_unwind)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Nobody wants the calls' results any more.
    #[napi(catch_unwind)]
    pub fn cancel(&self) {
        self.0.cancel();
    }
}

/// As [`settle`]; when it is cancelled, `work` is dropped and the promise rejects, for nobody.
pub(super) fn settle_unless<'env, T, V, F>(
    env: &'env Env,
    cancel: Option<&BindingCancel>,
    work: F,
    finish: impl FnOnce(T) -> V + Send + 'static,
) -> napi::Result<PromiseRaw<'env, V>>
where
    T: Send + 'static,
    V: ToNapiValue + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let token = cancel.map(|cancel| cancel.0.clone()).unwrap_or_default();
    let work = async move {
        token
            .run_until_cancelled(work)
            .await
            .unwrap_or_else(|| Err(Error::new(ErrorKind::Internal, "nobody waits for this any more")))
    };
    settle(env, work, finish)
}
