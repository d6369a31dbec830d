//! What the layers of one source share about its network: the breaker, the counts and whoever watches.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::breaker::{Breaker, BreakerOptions};
use super::watch::Watch;

/// Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Network {
    /// Leaves the source alone while it fails.
    pub breaker: Arc<Breaker>,
    /// Counts what was asked.
    pub tally: Arc<Tally>,
    /// Is told of it.
    pub watch: Watch,
}

impl Network {
    /// A network of its own.
    #[must_use]
    pub fn new(options: BreakerOptions, watch: Watch) -> Self {
        Self { breaker: Arc::new(Breaker::new(options, watch.clone())), tally: Arc::default(), watch }
    }
}

impl Default for Network {
    fn default() -> Self {
        Self::new(BreakerOptions::default(), Watch::default())
    }
}

/// Counts since a source was made.
#[derive(Debug, Default)]
pub struct Tally {
    requests: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Tally {
    /// One more request was sent.
    pub fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// One more question was answered by a copy.
    pub fn hit(&self) {
        self.hits.fetch_add(1, Ordering::Relaxed);
    }

    /// One more question had to wait for the source.
    pub fn miss(&self) {
        self.misses.fetch_add(1, Ordering::Relaxed);
    }

    /// Requests, hits and misses so far.
    #[must_use]
    pub fn counts(&self) -> (u64, u64, u64) {
        (self.requests.load(Ordering::Relaxed), self.hits.load(Ordering::Relaxed), self.misses.load(Ordering::Relaxed))
    }
}
