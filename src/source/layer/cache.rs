//! Many things that are fetched and kept, by key, within a bound of bytes.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use moka::future::Cache;

use super::keep::Keep;
use super::question::Question;
use super::reply::{Reply, Validator};
use super::shelf::Persist;
use super::stale::StaleCell;
use crate::error::Result;
use crate::source::{Fetched, LoadedPackage, PublishedVersion, SourceIndex};

/// What an empty place weighs, in bytes.
const EMPTY: u64 = 64;

/// Bytes that a value takes, about.
pub trait Weigh {
    /// In bytes.
    fn weight(&self) -> u64;
}

impl Weigh for Option<LoadedPackage> {
    fn weight(&self) -> u64 {
        self.as_ref().map_or(0, |package| package.text.len() as u64)
    }
}

impl Weigh for Vec<PublishedVersion> {
    fn weight(&self) -> u64 {
        let of = |one: &PublishedVersion| one.version.len() + one.checksum.as_ref().map_or(0, |text| text.len()) + 48;
        self.iter().map(|one| of(one) as u64).sum()
    }
}

impl Weigh for SourceIndex {
    fn weight(&self) -> u64 {
        self.entries.iter().map(|entry| entry.weight() as u64).sum()
    }
}

/// A cache of [`StaleCell`]s.
pub struct StaleCache<T>(Cache<String, Arc<StaleCell<T>>>);

impl<T: Persist + Weigh + Send + Sync + 'static> StaleCache<T> {
    /// A cache of at most `max_bytes`.
    #[must_use]
    pub fn new(max_bytes: u64) -> Self {
        let weigher = |key: &String, cell: &Arc<StaleCell<T>>| {
            u32::try_from(key.len() as u64 + EMPTY + cell.weight.load(Ordering::Relaxed)).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().max_capacity(max_bytes).weigher(weigher).build())
    }

    /// As [`StaleCell::get`], for the question's key.
    ///
    /// # Errors
    /// As [`StaleCell::get`].
    pub async fn get<F>(
        &self,
        keep: &Keep,
        question: Question,
        fetch: impl FnOnce(Option<Validator>) -> F + Send + 'static,
    ) -> Result<Fetched<T>>
    where
        F: Future<Output = Result<Reply<T>>> + Send + 'static,
    {
        let key = question.key().to_owned();
        let cell = self.0.get_with_by_ref(&key, async { Arc::default() }).await;
        let fetched = cell.get(keep, question, fetch).await;
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

    /// The copy that is kept under a key, however old.
    pub async fn peek(&self, key: &str) -> Option<Arc<T>> {
        self.0.get(key).await?.peek()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::layer::watch::Subject;

    #[tokio::test]
    async fn a_cache_stays_within_its_bound() {
        let (cache, keep) = (StaleCache::<Vec<PublishedVersion>>::new(10_000), Keep::default());
        for key in 0..100 {
            let version = PublishedVersion { version: "x".repeat(1000), checksum: None };
            let question = Question::new(Subject::Versions(String::new()), key.to_string());
            cache.get(&keep, question, |_| async { Ok(Reply::plain(vec![version])) }).await.unwrap();
        }
        cache.0.run_pending_tasks().await;
        assert!(cache.0.weighted_size() <= 10_000);
        assert!(cache.0.entry_count() > 0);
    }
}
