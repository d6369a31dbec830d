//! JavaScript functions that the core calls. They keep no process alive, and must not throw.

use std::sync::Arc;

use napi::Status;
use napi::bindgen_prelude::{Function, Promise};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};

use super::event::{BindingEvent, BindingToken};
use crate::error::{Error, ErrorKind, Result};
use crate::source::http::{AskToken, AuthToken, Secret};
use crate::source::layer::Watch;

type Tell = ThreadsafeFunction<BindingEvent, (), BindingEvent, Status, false, true>;
type Ask = ThreadsafeFunction<(), Promise<BindingToken>, (), Status, false, true>;

/// Tells a JavaScript function of each event.
pub(super) fn watch(observer: &Function<'_, BindingEvent, ()>) -> napi::Result<Watch> {
    let tell: Tell = observer.build_threadsafe_function().weak::<true>().build()?;
    Ok(Watch::new(move |event| {
        // Refused only where the environment is shutting down: then nobody watches any more.
        tell.call(event.into(), ThreadsafeFunctionCallMode::NonBlocking);
    }))
}

/// A fixed token, else the function that gives one.
pub(super) fn auth_token(
    fixed: Option<&String>,
    function: Option<Function<'_, (), Promise<BindingToken>>>,
) -> napi::Result<AuthToken> {
    Ok(match (fixed, function) {
        (Some(token), _) => AuthToken::Fixed(Secret::new(token.clone())),
        (None, Some(ask)) => AuthToken::Asked(ask_token(&ask)?),
        (None, None) => AuthToken::None,
    })
}

/// Asks a JavaScript function for a token.
fn ask_token(function: &Function<'_, (), Promise<BindingToken>>) -> napi::Result<AskToken> {
    let ask: Ask = function.build_threadsafe_function().weak::<true>().build()?;
    let ask = Arc::new(ask);
    Ok(Arc::new(move || {
        let ask = Arc::clone(&ask);
        Box::pin(async move { asked(&ask).await })
    }))
}

async fn asked(ask: &Ask) -> Result<Secret> {
    let failed = |why: &str| Error::new(ErrorKind::Credentials, format!("the authToken function {why}"));
    let promise = ask.call_async_catch(()).await.map_err(|_| failed("can't be called"))?;
    let BindingToken { token, failure } = promise.await.map_err(|_| failed("can't be waited for"))?;
    token.map(Secret::new).ok_or_else(|| failed(&failure.unwrap_or_default()))
}
