//! What all copies of one source have in common: how old they may be, where they lie on disk, and who sees to them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::background::Background;
use super::network::{Network, Tally};
use super::shelf::Shelf;
use super::watch::Watch;

/// What a caller says of the ages of copies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ages {
    /// How long a copy is fresh; without it the registry's word counts. Zero asks each time, and waits.
    pub expiry: Option<Duration>,
    /// How long beyond that a copy may still answer; without it for ever.
    pub max_stale: Option<Duration>,
}

/// Cheap to clone. What is cleared gets a new one with a new shelf; what is under way goes on with the old one.
#[derive(Clone, Debug)]
pub struct Keep {
    common: Arc<Common>,
    shelf: Arc<Shelf>,
}

#[derive(Debug)]
struct Common {
    ages: Mutex<Ages>,
    is_offline: bool,
    background: Arc<Background>,
    network: Network,
}

impl Keep {
    /// Copies on this shelf, of what comes over this network. Offline it is never asked.
    #[must_use]
    pub fn new(network: Network, shelf: Shelf, is_offline: bool) -> Self {
        let common = Common { ages: Mutex::default(), is_offline, background: Arc::default(), network };
        Self { common: Arc::new(common), shelf: Arc::new(shelf) }
    }

    /// Forgets what is on disk, so that what is asked for from now on is fetched.
    #[must_use]
    pub fn cleared(&self) -> Self {
        if self.common.is_offline {
            // Nothing could take the place of what is there.
            return self.clone();
        }
        let empty = self.shelf.cleared(&self.common.background);
        Self { common: Arc::clone(&self.common), shelf: Arc::new(empty) }
    }

    /// How old copies may be.
    #[must_use]
    pub fn ages(&self) -> Ages {
        *self.common.ages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on copies may be so old.
    pub fn set_ages(&self, ages: Ages) {
        *self.common.ages.lock().unwrap_or_else(PoisonError::into_inner) = ages;
    }

    /// Whether the network is never asked.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        self.common.is_offline
    }

    /// Work that nobody waits for.
    #[must_use]
    pub fn background(&self) -> &Arc<Background> {
        &self.common.background
    }

    /// Where copies lie on disk.
    #[must_use]
    pub fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.common.network
    }

    pub(super) fn tally(&self) -> &Tally {
        &self.common.network.tally
    }

    pub(super) fn watch(&self) -> &Watch {
        &self.common.network.watch
    }
}

#[cfg(test)]
impl Default for Keep {
    fn default() -> Self {
        Self::new(Network::default(), Shelf::default(), false)
    }
}

#[cfg(test)]
impl Keep {
    pub(super) fn on_disk(directory: &std::path::Path) -> Self {
        let disk = super::disk::DiskCache::new(directory.to_owned(), "test", 1024 * 1024);
        Self::new(Network::default(), Shelf::new(Some(disk), "test".into(), Watch::default()), false)
    }

    pub(super) fn offline(&self) -> Self {
        let offline = Self::new(Network::default(), Shelf::default(), true);
        offline.set_ages(self.ages());
        offline
    }
}
