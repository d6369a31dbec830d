//! Many things that are fetched and kept, by key, within a bound of bytes.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

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
pub struct StaleCache<T> {
    kept: Cache<String, Arc<StaleCell<T>>>,
    /// Cells whose value somebody waits for: those are shared whatever is evicted meanwhile.
    awaited: Mutex<HashMap<String, Weak<StaleCell<T>>>>,
}

impl<T: Persist + Weigh + Send + Sync + 'static> StaleCache<T> {
    /// A cache of at most `max_bytes`.
    #[must_use]
    pub fn new(max_bytes: u64) -> Self {
        let weigher = |key: &String, cell: &Arc<StaleCell<T>>| {
            u32::try_from(key.len() as u64 + EMPTY + cell.weight.load(Ordering::Relaxed)).unwrap_or(u32::MAX)
        };
        Self { kept: Cache::builder().max_capacity(max_bytes).weigher(weigher).build(), awaited: Mutex::default() }
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
        if let Some(cell) = self.kept.get(&key).await {
            let fetched = cell.get(keep, question, fetch).await;
            match &fetched {
                Ok(fetched) => self.keep(key, cell, fetched.value.weight()).await,
                Err(_) => self.kept.invalidate(&key).await,
            }
            return fetched;
        }
        let awaited = Awaited { cache: self, cell: self.await_cell(&key), key };
        let fetched = awaited.cell.get(keep, question, fetch).await?;
        self.keep(awaited.key.clone(), Arc::clone(&awaited.cell), fetched.value.weight()).await;
        Ok(fetched)
    }

    /// The copy for a question, in memory or on disk, however old.
    pub async fn peek(&self, keep: &Keep, question: &Question) -> Option<Arc<T>> {
        let cell = self.kept.get(question.key()).await.unwrap_or_default();
        cell.peek(keep, question).await
    }

    async fn keep(&self, key: String, cell: Arc<StaleCell<T>>, weight: u64) {
        // Weights are read when a value is put in.
        if cell.weight.swap(weight, Ordering::Relaxed) != weight || !self.kept.contains_key(&key) {
            self.kept.insert(key, cell).await;
        }
    }

    fn await_cell(&self, key: &str) -> Arc<StaleCell<T>> {
        let mut awaited = self.awaited();
        if let Some(cell) = awaited.get(key).and_then(Weak::upgrade) {
            return cell;
        }
        let cell = Arc::default();
        awaited.insert(key.to_owned(), Arc::downgrade(&cell));
        cell
    }
}

impl<T> StaleCache<T> {
    fn awaited(&self) -> MutexGuard<'_, HashMap<String, Weak<StaleCell<T>>>> {
        // Nothing that holds the lock can panic half-way.
        self.awaited.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who waits for a cell's value. The last one takes the cell off the list, whether it came or was given up.
struct Awaited<'a, T> {
    cache: &'a StaleCache<T>,
    cell: Arc<StaleCell<T>>,
    key: String,
}

impl<T> Drop for Awaited<'_, T> {
    fn drop(&mut self) {
        let mut awaited = self.cache.awaited();
        let is_ours = awaited.get(&self.key).is_some_and(|listed| listed.as_ptr() == Arc::as_ptr(&self.cell));
        // What is kept by now is found there.
        if is_ours {
            awaited.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::layer::watch::Subject;
    use std::sync::atomic::AtomicU64;

    #[tokio::test]
    async fn a_cache_stays_within_its_bound() {
        let (cache, keep) = (StaleCache::<Vec<PublishedVersion>>::new(10_000), Keep::default());
        for key in 0..100 {
            let version = PublishedVersion { version: "x".repeat(1000), checksum: None };
            let question = Question::new(Subject::Versions(String::new()), key.to_string());
            cache.get(&keep, question, |_| async { Ok(Reply::plain(vec![version])) }).await.unwrap();
        }
        cache.kept.run_pending_tasks().await;
        assert!(cache.kept.weighted_size() <= 10_000);
        assert!(cache.kept.entry_count() > 0);
    }

    #[tokio::test]
    async fn those_who_wait_for_the_same_share_it_also_where_nothing_is_kept() {
        let (cache, keep) = (Arc::new(StaleCache::<Vec<PublishedVersion>>::new(0)), Keep::default());
        let fetches = Arc::new(AtomicU64::new(0));
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                let (cache, keep, fetches) = (Arc::clone(&cache), keep.clone(), Arc::clone(&fetches));
                tokio::spawn(async move {
                    let fetch = async move |_| {
                        fetches.fetch_add(1, Ordering::SeqCst);
                        for _ in 0..200 {
                            tokio::task::yield_now().await;
                        }
                        Ok(Reply::plain(Vec::new()))
                    };
                    let question = Question::new(Subject::Versions("a".to_owned()), "a".to_owned());
                    cache.get(&keep, question, fetch).await.map(drop)
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
        assert!(cache.awaited().is_empty());
    }
}
