//! Stale-while-revalidate and stale-if-error, as RFC 5861 has them.
//!
//! While a copy is fresh it answers. After that it answers all the same, at once, and one refresh is made in the
//! background; while refreshes fail, it goes on answering. Only where there is no copy (or one beyond the outer bound)
//! does a caller wait, and those who wait share one fetch.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex as Turn;

use super::Background;
use crate::error::{Error, ErrorKind, Result};
use crate::source::Fetched;

/// How long a copy counts as fresh where neither the caller nor the registry says.
const DEFAULT_EXPIRY: Duration = Duration::from_mins(5);

/// Least time between a refresh that failed and the next one.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Numbers the values that were fetched in this process, so that an old one is known again.
static REVISIONS: AtomicU64 = AtomicU64::new(1);

/// Numbers the failures of this process.
static FAILURES: AtomicU64 = AtomicU64::new(1);

/// What a caller says of the ages of copies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ages {
    /// How long a copy is fresh; without it the registry's word counts. Zero asks each time, and waits.
    pub expiry: Option<Duration>,
    /// How long beyond that a copy may still answer; without it for ever.
    pub max_stale: Option<Duration>,
}

/// By what a copy's origin knows it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Validator {
    /// An entity tag.
    ETag(String),
    /// A time of last modification.
    LastModified(String),
}

/// What a fetch gave.
#[derive(Debug)]
pub enum Reply<T> {
    /// A value.
    Value {
        /// The value.
        value: T,
        /// By what to ask for it the next time.
        validator: Option<Validator>,
        /// How long its origin says that it is fresh.
        max_age: Option<Duration>,
    },
    /// The copy is still current.
    NotModified {
        /// How long its origin says that it is fresh.
        max_age: Option<Duration>,
    },
}

impl<T> Reply<T> {
    /// A value of which its origin says nothing further.
    pub fn plain(value: T) -> Self {
        Self::Value { value, validator: None, max_age: None }
    }
}

/// One thing that is fetched and kept.
#[derive(Debug)]
pub struct StaleCell<T> {
    state: Mutex<State<T>>,
    /// Whoever holds it fetches.
    turn: Turn<()>,
    is_refreshing: AtomicBool,
    /// What the cache that holds this last counted it as, in bytes.
    pub(super) weight: AtomicU64,
}

#[derive(Debug)]
struct State<T> {
    kept: Option<Kept<T>>,
    latest: Option<Latest>,
}

/// When the latest fetch ended and, where it failed, why, and the how manieth failure of the process that was.
#[derive(Debug)]
struct Latest {
    ended: Instant,
    failure: Option<(Error, u64)>,
}

#[derive(Debug)]
struct Kept<T> {
    value: Arc<T>,
    revision: u64,
    validator: Option<Validator>,
    max_age: Option<Duration>,
    confirmed: Instant,
    fetched_at: f64,
}

impl<T> Default for StaleCell<T> {
    fn default() -> Self {
        Self {
            state: Mutex::new(State { kept: None, latest: None }),
            turn: Turn::new(()),
            is_refreshing: AtomicBool::new(false),
            weight: AtomicU64::new(0),
        }
    }
}

impl<T: Send + Sync + 'static> StaleCell<T> {
    /// The value, as the module describes. `fetch` is given what the copy's origin knows it by.
    ///
    /// # Errors
    /// The failure of `fetch`, where no copy may answer.
    pub async fn get<F>(
        self: &Arc<Self>,
        ages: Ages,
        background: &Arc<Background>,
        fetch: impl FnOnce(Option<Validator>) -> F + Send + 'static,
    ) -> Result<Fetched<T>>
    where
        F: Future<Output = Result<Reply<T>>> + Send,
    {
        let asked = Instant::now();
        // Let go of the lock first: a scrutinee's guard lives as long as the body.
        let at_once = self.state().answer_at_once(ages);
        if let Some((answer, is_fresh)) = at_once {
            if !is_fresh && self.state().may_refresh() && !self.is_refreshing.swap(true, Ordering::AcqRel) {
                let refresh = Refresh(Arc::clone(self));
                background.spawn(async move {
                    let turn = refresh.0.turn.lock().await;
                    refresh.0.fetch(fetch).await;
                    drop(turn);
                });
            }
            return Ok(answer);
        }
        let turn = self.turn.lock().await;
        // A fetch that ended after we asked was under way when we did: its outcome is ours.
        if self.state().latest.as_ref().is_none_or(|latest| latest.ended < asked) {
            self.fetch(fetch).await;
        }
        drop(turn);
        self.state().outcome(ages)
    }

    async fn fetch<F>(&self, fetch: impl FnOnce(Option<Validator>) -> F)
    where
        F: Future<Output = Result<Reply<T>>>,
    {
        let validator = self.state().kept.as_ref().and_then(|kept| kept.validator.clone());
        let outcome = fetch(validator).await;
        self.state().record(outcome);
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        // Nothing that holds the lock can panic half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one refresh of a cell that is under way; over when this is dropped, whatever became of it.
struct Refresh<T>(Arc<StaleCell<T>>);

impl<T> Drop for Refresh<T> {
    fn drop(&mut self) {
        self.0.is_refreshing.store(false, Ordering::Release);
    }
}

impl<T> State<T> {
    /// The copy, where it may answer without anybody waiting, and whether it is fresh.
    fn answer_at_once(&self, ages: Ages) -> Option<(Fetched<T>, bool)> {
        let kept = self.kept.as_ref()?;
        let expiry = kept.expiry(ages);
        let age = kept.confirmed.elapsed();
        if age < expiry {
            return Some((kept.fetched(None), true));
        }
        let waits = ages.expiry == Some(Duration::ZERO) || !kept.may_answer(ages);
        (!waits).then(|| (kept.fetched(self.failure()), false))
    }

    /// The answer of one who has waited.
    fn outcome(&self, ages: Ages) -> Result<Fetched<T>> {
        match (&self.kept, self.failure()) {
            (Some(kept), None) => Ok(kept.fetched(None)),
            (Some(kept), failure) if kept.may_answer(ages) => Ok(kept.fetched(failure)),
            (_, Some((error, _))) => Err(error),
            (None, None) => Err(Error::new(ErrorKind::Internal, "a fetch ended without an outcome")),
        }
    }

    fn failure(&self) -> Option<(Error, u64)> {
        self.latest.as_ref().and_then(|latest| latest.failure.clone())
    }

    fn may_refresh(&self) -> bool {
        self.latest
            .as_ref()
            .is_none_or(|latest| latest.failure.is_none() || latest.ended.elapsed() >= PAUSE_AFTER_FAILURE)
    }

    fn record(&mut self, outcome: Result<Reply<T>>) {
        let now = Instant::now();
        let failure = match outcome {
            Ok(Reply::Value { value, validator, max_age }) => {
                let revision = REVISIONS.fetch_add(1, Ordering::Relaxed);
                let value = Arc::new(value);
                self.kept = Some(Kept { value, revision, validator, max_age, confirmed: now, fetched_at: now_in_ms() });
                None
            }
            Ok(Reply::NotModified { max_age }) => match &mut self.kept {
                Some(kept) => {
                    (kept.confirmed, kept.fetched_at) = (now, now_in_ms());
                    kept.max_age = max_age.or(kept.max_age);
                    None
                }
                None => {
                    Some(Error::new(ErrorKind::Protocol, "the registry says \"not modified\" of what it never sent"))
                }
            },
            Err(error) => Some(error),
        };
        let failure = failure.map(|error| (error, FAILURES.fetch_add(1, Ordering::Relaxed)));
        self.latest = Some(Latest { ended: now, failure });
    }
}

impl<T> Kept<T> {
    fn expiry(&self, ages: Ages) -> Duration {
        ages.expiry.or(self.max_age).unwrap_or(DEFAULT_EXPIRY)
    }

    /// Whether the copy is within the outer bound.
    fn may_answer(&self, ages: Ages) -> bool {
        let bound = ages.max_stale.and_then(|max_stale| self.expiry(ages).checked_add(max_stale));
        bound.is_none_or(|bound| self.confirmed.elapsed() < bound)
    }

    fn fetched(&self, failure: Option<(Error, u64)>) -> Fetched<T> {
        let (stale_because, failure) = failure.map_or((None, 0), |(error, number)| (Some(error), number));
        Fetched {
            value: Arc::clone(&self.value),
            revision: self.revision,
            fetched_at: self.fetched_at,
            max_age: self.max_age.unwrap_or(DEFAULT_EXPIRY),
            stale_because,
            failure,
        }
    }
}

fn now_in_ms() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRESH: Ages = Ages { expiry: Some(Duration::from_mins(5)), max_stale: None };
    const STALE: Ages = Ages { expiry: Some(Duration::from_nanos(1)), max_stale: None };
    const ALWAYS_ASK: Ages = Ages { expiry: Some(Duration::ZERO), max_stale: None };

    fn failure() -> Error {
        Error::new(ErrorKind::Network, "refused")
    }

    async fn ask(cell: &Arc<StaleCell<u32>>, ages: Ages, outcome: Result<u32>) -> Result<Fetched<u32>> {
        ask_in(cell, ages, &Arc::default(), outcome).await
    }

    async fn ask_in(
        cell: &Arc<StaleCell<u32>>,
        ages: Ages,
        background: &Arc<Background>,
        outcome: Result<u32>,
    ) -> Result<Fetched<u32>> {
        cell.get(ages, background, |_| async { outcome.map(Reply::plain) }).await
    }

    #[tokio::test]
    async fn a_fresh_copy_spares_the_fetch() {
        let cell = Arc::default();
        ask(&cell, FRESH, Ok(1)).await.unwrap();
        assert_eq!(*ask(&cell, FRESH, Ok(2)).await.unwrap().value, 1);
    }

    #[tokio::test]
    async fn a_stale_copy_answers_at_once_and_one_refresh_follows() {
        let (cell, background) = (Arc::default(), Arc::default());
        ask(&cell, STALE, Ok(1)).await.unwrap();
        let fetches = Arc::new(AtomicU64::new(0));
        for _ in 0..10 {
            let fetches = Arc::clone(&fetches);
            let fetch = move |_| async move {
                fetches.fetch_add(1, Ordering::SeqCst);
                Ok(Reply::plain(2))
            };
            assert_eq!(*cell.get(STALE, &background, fetch).await.unwrap().value, 1);
        }
        background.idle().await;
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
        assert_eq!(*ask_in(&cell, FRESH, &background, Ok(3)).await.unwrap().value, 2);
    }

    #[tokio::test]
    async fn while_refreshes_fail_the_copy_answers_and_says_why_it_is_old() {
        let (cell, background) = (Arc::default(), Arc::default());
        ask(&cell, STALE, Ok(1)).await.unwrap();
        ask_in(&cell, STALE, &background, Err(failure())).await.unwrap();
        background.idle().await;
        let stale = ask_in(&cell, STALE, &background, Ok(2)).await.unwrap();
        assert_eq!((*stale.value, stale.stale_because.unwrap().code()), (1, "ENETWORK"));
    }

    #[tokio::test]
    async fn an_expiry_of_zero_waits_and_falls_back_on_the_copy() {
        let cell = Arc::default();
        ask(&cell, ALWAYS_ASK, Ok(1)).await.unwrap();
        assert_eq!(*ask(&cell, ALWAYS_ASK, Ok(2)).await.unwrap().value, 2);
        let stale = ask(&cell, ALWAYS_ASK, Err(failure())).await.unwrap();
        assert_eq!((*stale.value, stale.stale_because.unwrap().code()), (2, "ENETWORK"));
    }

    #[tokio::test]
    async fn beyond_the_outer_bound_a_copy_answers_no_more() {
        let ages = Ages { expiry: Some(Duration::from_nanos(1)), max_stale: Some(Duration::ZERO) };
        let cell = Arc::default();
        ask(&cell, ages, Ok(1)).await.unwrap();
        assert_eq!(*ask(&cell, ages, Ok(2)).await.unwrap().value, 2);
        assert_eq!(ask(&cell, ages, Err(failure())).await.unwrap_err().code(), "ENETWORK");
    }

    #[tokio::test]
    async fn not_modified_makes_the_copy_fresh_and_keeps_its_revision() {
        let (cell, background) = (Arc::<StaleCell<u32>>::default(), Arc::default());
        let tag = Validator::ETag("\"x\"".to_owned());
        let first = Reply::Value { value: 1, validator: Some(tag.clone()), max_age: None };
        let before = cell.get(ALWAYS_ASK, &background, |_| async { Ok(first) }).await.unwrap();
        let confirm = |validator| async move {
            assert_eq!(validator, Some(tag));
            Ok(Reply::NotModified { max_age: None })
        };
        let after = cell.get(ALWAYS_ASK, &background, confirm).await.unwrap();
        assert_eq!((after.revision, *after.value), (before.revision, 1));
        assert!(after.fetched_at >= before.fetched_at);
    }

    #[tokio::test]
    async fn the_origins_word_on_freshness_counts_where_the_caller_has_none() {
        let (cell, background) = (Arc::<StaleCell<u32>>::default(), Arc::default());
        let reply = Reply::Value { value: 1, validator: None, max_age: Some(Duration::ZERO) };
        cell.get(Ages::default(), &background, |_| async { Ok(reply) }).await.unwrap();
        ask_in(&cell, Ages::default(), &background, Ok(2)).await.unwrap();
        background.idle().await;
        assert_eq!(*ask_in(&cell, FRESH, &background, Ok(3)).await.unwrap().value, 2);
    }

    #[tokio::test]
    async fn without_a_copy_the_failure_is_the_answer() {
        assert_eq!(ask(&Arc::default(), FRESH, Err(failure())).await.unwrap_err().code(), "ENETWORK");
    }

    #[tokio::test]
    async fn those_who_ask_during_a_fetch_share_it() {
        let cell = Arc::new(StaleCell::default());
        let fetches = Arc::new(AtomicU64::new(0));
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                let (cell, fetches) = (Arc::clone(&cell), Arc::clone(&fetches));
                tokio::spawn(async move {
                    let fetch = move |_| async move {
                        fetches.fetch_add(1, Ordering::SeqCst);
                        // Lets every other task ask before this fetch ends.
                        for _ in 0..200 {
                            tokio::task::yield_now().await;
                        }
                        Ok(Reply::plain(7))
                    };
                    *cell.get(ALWAYS_ASK, &Arc::default(), fetch).await.unwrap().value
                })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), 7);
        }
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
    }
}
