//! Futures as promises.

use std::future::Future;

use napi::bindgen_prelude::{JsValue, PromiseRaw, ToNapiValue};
use napi::{Env, Status};

use crate::error::{Error, ErrorKind, Result};

/// A promise of what `work` gives, made a JavaScript value by `finish` on the JavaScript thread.
///
/// Rejects with an `Error` whose `code` is the core's. A panic in `work` is such an error too (`EINTERNAL`) and ends
/// nothing else: it happens in a task of its own.
pub(super) fn settle<T, V, F>(
    env: &Env,
    work: F,
    finish: impl FnOnce(T) -> V + Send + 'static,
) -> napi::Result<PromiseRaw<'_, V>>
where
    T: Send + 'static,
    V: ToNapiValue + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    env.spawn_future_with_callback(async move { Ok(guarded(work).await) }, move |env, outcome| {
        outcome.map(finish).map_err(|error| js_error(env, &error))
    })
}

async fn guarded<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    match tokio::spawn(work).await {
        Ok(outcome) => outcome,
        Err(fault) => Err(Error::new(ErrorKind::Internal, format!("a fault in package-sources itself: {fault}"))),
    }
}

/// Work that blocks, off the JavaScript thread.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(fault) => Err(Error::new(ErrorKind::Internal, format!("a fault in package-sources itself: {fault}"))),
    }
}

/// The core's error as a JavaScript `Error` with `code`.
pub(super) fn js_error(env: &Env, error: &Error) -> napi::Error {
    let plain = napi::Error::new(Status::GenericFailure, error.message().to_owned());
    let made = env.create_error(plain.try_clone().unwrap_or_else(|_| napi::Error::from_status(Status::GenericFailure)));
    match made {
        Ok(mut object) => match object.set("code", error.code()) {
            Ok(()) => napi::Error::from(object.to_unknown()),
            Err(_) => plain,
        },
        Err(_) => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_an_error() {
        let outcome = guarded(async { if true { panic!("boom") } else { Ok(()) } }).await;
        assert_eq!(outcome.unwrap_err().code(), "EINTERNAL");
    }
}
