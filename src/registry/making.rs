//! How many bodies are made at once.

use tokio::sync::{Semaphore, SemaphorePermit};

/// Room for making bodies. What takes long has its own, so that what doesn't need not wait behind it.
pub(super) struct Making {
    short: Semaphore,
    long: Semaphore,
}

impl Default for Making {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        // One processor is left to those who send, and to all else.
        Self { short: Semaphore::new(processors), long: Semaphore::new(processors.saturating_sub(1).max(1)) }
    }
}

impl Making {
    /// Waits for room for one body, held for as long as what is returned.
    pub(super) async fn room(&self, is_short: bool) -> Option<SemaphorePermit<'_>> {
        let room = if is_short { &self.short } else { &self.long };
        // Nobody closes it.
        room.acquire().await.ok()
    }

    /// All the room for what takes long.
    #[cfg(test)]
    pub(super) async fn all_long(&self) -> SemaphorePermit<'_> {
        let permits = u32::try_from(self.long.available_permits()).unwrap();
        self.long.acquire_many(permits).await.unwrap()
    }
}
