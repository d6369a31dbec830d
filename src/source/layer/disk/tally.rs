//! What this process has written to a cache directory of late.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, TryLockError, Weak};
use std::time::SystemTime;

use super::bound::{Content, GRACE};
use super::folder::age;

/// The tallies of the directories that are in use.
static TALLIES: LazyLock<Mutex<HashMap<PathBuf, Weak<Tally>>>> = LazyLock::new(Mutex::default);

/// One for each directory, whichever partitions are written.
#[derive(Default)]
pub(super) struct Tally {
    written: Mutex<Written>,
    /// Whoever holds it counts.
    turn: Mutex<()>,
}

#[derive(Default)]
struct Written {
    /// Since the last count, in bytes; `None` before the first.
    bytes: Option<u64>,
    /// Contents that this process gave a record in the last minute or so, and when.
    named: HashMap<Content, SystemTime>,
}

impl Tally {
    /// The tally of a directory.
    pub(super) fn of(directory: &Path) -> Arc<Self> {
        let mut tallies = lock(&TALLIES);
        if let Some(tally) = tallies.get(directory).and_then(Weak::upgrade) {
            return tally;
        }
        tallies.retain(|_, tally| tally.strong_count() > 0);
        let tally = Arc::<Self>::default();
        tallies.insert(directory.to_owned(), Arc::downgrade(&tally));
        tally
    }

    /// Whether nothing was counted yet.
    pub(super) fn is_new(&self) -> bool {
        lock(&self.written).bytes.is_none()
    }

    /// A content has its record.
    pub(super) fn named(&self, content: Content) {
        lock(&self.written).named.insert(content, SystemTime::now());
    }

    /// Adds what was written; counts where that is due and nobody else does.
    pub(super) fn wrote(
        &self,
        bytes: u64,
        due_after: u64,
        count: impl FnOnce(&HashMap<Content, SystemTime>) -> io::Result<()>,
    ) -> io::Result<()> {
        let is_due = {
            let mut written = lock(&self.written);
            written.bytes = written.bytes.map(|before| before + bytes);
            written.bytes.is_none_or(|bytes| bytes > due_after)
        };
        if !is_due {
            return Ok(());
        }
        let _turn = match self.turn.try_lock() {
            Ok(turn) => turn,
            Err(TryLockError::Poisoned(turn)) => turn.into_inner(),
            Err(TryLockError::WouldBlock) => return Ok(()),
        };
        let named = {
            let mut written = lock(&self.written);
            written.bytes = Some(0);
            written.named.retain(|_, at| age(*at) <= GRACE);
            written.named.clone()
        };
        let counted = count(&named);
        if counted.is_err() {
            // It is still due.
            lock(&self.written).bytes = None;
        }
        counted
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
