//! How often this process has imported into a store, so that what it imported shows at once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

static COUNTS: Mutex<Option<HashMap<PathBuf, Imports>>> = Mutex::new(None);

/// The imports into one store.
#[derive(Clone, Debug, Default)]
pub(super) struct Imports(Arc<AtomicU64>);

impl Imports {
    /// Those into the store at this path. One that is named by another path too is looked at in time.
    pub(super) fn into(store: &Path) -> Self {
        let path = std::path::absolute(store).unwrap_or_else(|_| store.to_owned());
        let mut counts = COUNTS.lock().unwrap_or_else(PoisonError::into_inner);
        counts.get_or_insert_default().entry(path).or_default().clone()
    }

    /// How many there were.
    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// One more is done.
    pub(super) fn note(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_into_one_store_are_not_those_into_another() {
        let (one, same, other) =
            (Imports::into("x/a".as_ref()), Imports::into("x/./a".as_ref()), Imports::into("b".as_ref()));
        one.note();
        assert_eq!((same.count(), other.count()), (1, 0));
    }
}
