//! Fresh for a while, then asked for anew; where that fails, the old copy goes on serving. One fetch at a time for one
//! thing: those who ask while it is under way share its outcome.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use moka::future::Cache;
use tokio::sync::Mutex;

use crate::error::{Error, Result};
use crate::source::{Fetched, LoadedPackage, SourceIndex};

/// Bytes that a value takes, about.
pub trait Weigh {
    /// In bytes.
    fn weight(&self) -> u64;
}

impl Weigh for Option<LoadedPackage> {
    fn weight(&self) -> u64 {
        self.as_ref().map_or(64, |package| package.text.len() as u64)
    }
}

impl Weigh for Vec<String> {
    fn weight(&self) -> u64 {
        self.iter().map(|text| text.len() as u64 + 24).sum::<u64>() + 64
    }
}

impl Weigh for SourceIndex {
    fn weight(&self) -> u64 {
        // Only search results are kept by weight; an entry is some hundred bytes of text, held twice.
        self.entries.len() as u64 * 1024 + 64
    }
}

/// One thing that is fetched and kept.
#[derive(Debug)]
pub struct StaleCell<T> {
    state: Mutex<State<T>>,
    weight: AtomicU64,
}

#[derive(Debug)]
struct State<T> {
    kept: Option<Kept<T>>,
    /// When the latest fetch ended and, where it failed, why.
    latest: Option<(Instant, Option<Error>)>,
}

#[derive(Debug)]
struct Kept<T> {
    value: Arc<T>,
    fetched: Instant,
    fetched_at: f64,
}

impl<T> Default for StaleCell<T> {
    fn default() -> Self {
        Self { state: Mutex::new(State { kept: None, latest: None }), weight: AtomicU64::new(64) }
    }
}

impl<T> StaleCell<T> {
    /// The kept value while it is younger than `expiry`, else what `fetch` gives; where that fails, the old copy.
    ///
    /// # Errors
    /// The failure of `fetch`, where there is no old copy.
    pub async fn get<F>(&self, expiry: Duration, fetch: impl FnOnce() -> F) -> Result<Fetched<T>>
    where
        F: Future<Output = Result<T>>,
    {
        let asked = Instant::now();
        let mut state = self.state.lock().await;
        let is_fresh = state.kept.as_ref().is_some_and(|kept| kept.fetched.elapsed() < expiry);
        // A fetch that ended after we asked was under way when we did: its outcome is ours.
        let is_shared = state.latest.as_ref().is_some_and(|(ended, _)| *ended >= asked);
        if !is_fresh && !is_shared {
            let outcome = fetch().await;
            let now = Instant::now();
            state.latest = Some((now, outcome.as_ref().err().cloned()));
            if let Ok(value) = outcome {
                state.kept = Some(Kept { value: Arc::new(value), fetched: now, fetched_at: now_in_ms() });
            }
        }
        state.answer(is_fresh)
    }
}

impl<T> State<T> {
    fn answer(&self, is_fresh: bool) -> Result<Fetched<T>> {
        let failure = self.latest.as_ref().and_then(|(_, failure)| failure.clone()).filter(|_| !is_fresh);
        match (&self.kept, failure) {
            (Some(kept), stale_because) => {
                Ok(Fetched { value: Arc::clone(&kept.value), fetched_at: kept.fetched_at, stale_because })
            }
            (None, Some(error)) => Err(error),
            // A fetch has ended, so there is a value or a failure.
            (None, None) => Err(Error::new(crate::error::ErrorKind::Internal, "a fetch ended without an outcome")),
        }
    }
}

fn now_in_ms() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1000.0
}

/// Many things that are fetched and kept, by key, within a bound of bytes.
pub struct StaleCache<T>(Cache<String, Arc<StaleCell<T>>>);

impl<T: Weigh + Send + Sync + 'static> StaleCache<T> {
    /// A cache of at most `max_bytes`.
    #[must_use]
    pub fn new(max_bytes: u64) -> Self {
        let weigher = |key: &String, cell: &Arc<StaleCell<T>>| {
            u32::try_from(key.len() as u64 + cell.weight.load(Ordering::Relaxed)).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().max_capacity(max_bytes).weigher(weigher).build())
    }

    /// As [`StaleCell::get`], for one key.
    ///
    /// # Errors
    /// As [`StaleCell::get`].
    pub async fn get<F>(&self, key: String, expiry: Duration, fetch: impl FnOnce() -> F) -> Result<Fetched<T>>
    where
        F: Future<Output = Result<T>>,
    {
        let cell = self.0.get_with_by_ref(&key, async { Arc::default() }).await;
        let fetched = cell.get(expiry, fetch).await;
        match &fetched {
            Ok(fetched) => {
                let weight = fetched.value.weight();
                if cell.weight.swap(weight, Ordering::Relaxed) != weight {
                    // Weights are read when a value is put in.
                    self.0.insert(key, cell).await;
                }
            }
            Err(_) => self.0.invalidate(&key).await,
        }
        fetched
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::error::ErrorKind;

    const FRESH: Duration = Duration::from_mins(5);

    fn failure() -> Error {
        Error::new(ErrorKind::Network, "refused")
    }

    #[tokio::test]
    async fn a_fresh_copy_spares_the_fetch() {
        let cell = StaleCell::default();
        cell.get(FRESH, || async { Ok(1) }).await.unwrap();
        let again = cell.get(FRESH, || async { Ok(2) }).await.unwrap();
        assert_eq!((*again.value, again.stale_because.is_none()), (1, true));
    }

    #[tokio::test]
    async fn after_expiry_the_old_copy_serves_only_where_the_fetch_fails() {
        let cell = StaleCell::default();
        cell.get(Duration::ZERO, || async { Ok(1) }).await.unwrap();
        let stale = cell.get(Duration::ZERO, || async { Err(failure()) }).await.unwrap();
        assert_eq!((*stale.value, stale.stale_because.unwrap().code()), (1, "ENETWORK"));
        let renewed = cell.get(Duration::ZERO, || async { Ok(2) }).await.unwrap();
        assert_eq!((*renewed.value, renewed.stale_because.is_none()), (2, true));
    }

    #[tokio::test]
    async fn without_an_old_copy_the_failure_is_the_answer() {
        let cell = StaleCell::<u8>::default();
        assert_eq!(cell.get(FRESH, || async { Err(failure()) }).await.unwrap_err().code(), "ENETWORK");
    }

    #[tokio::test]
    async fn those_who_ask_during_a_fetch_share_it() {
        let cell = Arc::new(StaleCell::default());
        let fetches = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                let (cell, fetches) = (Arc::clone(&cell), Arc::clone(&fetches));
                tokio::spawn(async move {
                    let fetch = || async {
                        fetches.fetch_add(1, Ordering::SeqCst);
                        // Lets every other task ask before this fetch ends.
                        for _ in 0..200 {
                            tokio::task::yield_now().await;
                        }
                        Ok(7)
                    };
                    *cell.get(Duration::ZERO, fetch).await.unwrap().value
                })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), 7);
        }
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_cache_stays_within_its_bound() {
        let cache = StaleCache::<Vec<String>>::new(10_000);
        for key in 0..100 {
            cache.get(key.to_string(), FRESH, || async { Ok(vec!["x".repeat(1000)]) }).await.unwrap();
        }
        cache.0.run_pending_tasks().await;
        assert!(cache.0.weighted_size() <= 10_000);
        assert!(cache.0.entry_count() > 0);
    }
}
